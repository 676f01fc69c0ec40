"""Why this card: the explanation of a card as one sentence, what it rests on, and its clock.

It stands apart from `clock_view.py` because a card is an act: it says who answers, since when, and
by which versions; a card whose rule watches no clock shows the facts instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consoles.pages.clock_view import (
    ClockView,
    Line,
    amount,
    clock_facts,
    clock_view,
    record_link,
)
from consoles.pages.law_names import basis_text
from consoles.pages.picture import Picture
from consoles.pages.times import read_instant
from consoles.pages.view_models import CardView, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One record that shows a breach."""

    time: str
    record: str
    record_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """Everything the explanation shows.

    Attributes:
        clock: None where the card has no clock: it was issued by hand, or its rule watches none.
        evidence: the records that show a breach.
        reproduced: False where other versions than those that issued the card had to be used.
    """

    card: CardView
    sentence: str
    facts: list[tuple[str, str]]
    clock: ClockView | None
    evidence: list[Shown]
    reproduced: bool

    @property
    def lines(self) -> list[Line]:
        """Every interval of the clock."""
        return [] if self.clock is None else self.clock.lines

    @property
    def total(self) -> str:
        """The time counted."""
        return "" if self.clock is None else self.clock.total

    @property
    def picture(self) -> Picture:
        """The picture of the clock."""
        assert self.clock is not None
        return self.clock.picture


def statement_view(
    card: CardView, row: Mapping[str, Any], why: Mapping[str, Any] | None, reader: Reader
) -> StatementView:
    """Return the explanation of a card as its page shows it.

    Args:
        card: the card as lists show it.
        row: its row of the warning board.
        why: its statement of intervals; None where it has none (issued by hand).
        reader: who reads.
    """
    told = why or {**row, "limits": ()}
    counted = why is not None and bool(why["intervals"])
    return StatementView(
        card=card,
        sentence=_sentence(card, why, reader) if why is not None else _name(card),
        facts=_facts(card, told, reader, counted=counted),
        clock=clock_view(why, reader) if why is not None and counted else None,
        evidence=[_shown(each, reader) for each in told.get("facts", ())],
        reproduced=bool(told.get("reproduced", True)),
    )


def _name(card: CardView) -> str:
    return f"{card.level_name} · {card.rule}"


def _sentence(card: CardView, why: Mapping[str, Any], reader: Reader) -> str:
    """The whole card in one sentence."""
    t, times = reader.t, reader.times
    if why.get("meaning"):
        meaning = why["meaning"][t.lang]
        return t("breach.sentence", meaning=meaning, level=card.level_name)
    if not why["intervals"]:
        return _name(card)
    text = t(
        "why.sentence",
        opened=times.stamp(read_instant(why["intervals"][0]["from"])),
        until=times.stamp(read_instant(why["intervals"][-1]["until"])),
        used=amount(int(why["used"]), why, reader),
    )
    if why["stopped_us"]:
        text += t("why.sentence.stopped", span=times.span(int(why["stopped_us"])))
    if not why["overdue_us"]:
        past = any(each["reason"] == "limit-ends" for each in why["notes"])
        limit = t.limit(why["limit"])
        if past and why["measure"] == "working_days":
            return text + t("why.sentence.ended", limit=limit, level=card.level_name)
        return text + t("why.sentence.near", level=card.level_name)
    over = why["overdue"]
    span = amount(int(over), why, reader) if over else times.span(int(why["overdue_us"]))
    return text + t("why.sentence.over", span=span, level=card.level_name)


def _facts(
    card: CardView, why: Mapping[str, Any], reader: Reader, *, counted: bool
) -> list[tuple[str, str]]:
    """What the card rests on, as (name, value)."""
    t = reader.t
    facts = [
        (t("card.responsible"), card.responsible),
        (t("card.effective"), card.effective),
        (t("card.detected"), card.detected),
    ]
    if counted:
        facts += clock_facts(why, reader)
    return [
        *facts,
        (t("why.rule"), card.rule),
        (t("why.basis"), basis_text(str(why["basis"]), t.lang)),
        (t("why.pack"), f"{why['pack']} {why['pack_version']}"),
        (t("why.calendar"), str(why["calendar_version"])),
    ]


def _shown(fact: Mapping[str, Any], reader: Reader) -> Shown:
    record, url = record_link(fact, reader)
    time = reader.times.stamp(read_instant(fact["time"]))
    return Shown(time=time, record=record, record_url=url)
