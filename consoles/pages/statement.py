"""Why this card: the explanation as one sentence, what it rests on, and a line for each interval.

It stands apart because it must be followed by the person it accuses: every line names its record,
the running sum ends at the time the card states, and no legal figure is computed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consoles.pages.picture import Granted, Interval, Picture, picture
from consoles.pages.record_names import type_name
from consoles.pages.times import read_instant
from consoles.pages.view_models import CardView, Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One interval; `crossing` marks the counted one in which the limit was passed."""

    kind: str
    kind_name: str
    start: str
    end: str
    length: str
    running: str
    record: str
    record_url: str
    crossing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """Everything the explanation shows.

    Attributes:
        reproduced: False where other versions than those that issued the card had to be used.
    """

    card: CardView
    sentence: str
    facts: list[tuple[str, str]]
    lines: list[Line]
    total: str
    picture: Picture
    reproduced: bool


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
    why = why or {**row, "intervals": (), "limits": ()}
    spans = intervals(why)
    used, overdue = int(why["used_us"] or 0), int(why["overdue_us"] or 0)
    return StatementView(
        card=card,
        sentence=_sentence(card, why, spans, reader),
        facts=_facts(card, why, reader),
        lines=_lines(spans, used - overdue if overdue else None, reader),
        total=reader.times.span(used),
        picture=picture(spans, used, overdue, _granted(why, reader), reader),
        reproduced=bool(why.get("reproduced", True)),
    )


def intervals(why: Mapping[str, Any]) -> list[Interval]:
    """Return the intervals of an explanation."""
    return [
        Interval(
            kind=part["kind"],
            start_us=read_instant(part["from"]),
            end_us=read_instant(part["until"]),
            length_us=int(part["length_us"]),
            running_us=int(part["running_us"]),
            record_type=str(part["record"]["type"]),
            record_id=str(part["record"]["id"]),
            position=_position(part["record"]),
        )
        for part in why["intervals"]
    ]


def _position(record: Mapping[str, Any]) -> tuple[int, int] | None:
    position = record.get("position")
    return None if position is None else (int(position["partition"]), int(position["offset"]))


def _granted(why: Mapping[str, Any], reader: Reader) -> list[Granted]:
    """The limits whose length in counted time the explanation tells."""
    found = []
    for limit in why["limits"]:
        if limit.get("granted_us") is None:
            continue
        granted = limit.get("granted")
        span = (
            reader.times.granted(granted["amount"], granted["unit"])
            if granted
            else reader.times.span(int(limit["granted_us"]))
        )
        name = reader.t.named("limit", limit["limit"])
        found.append(
            Granted(limit=limit["limit"], text=f"{name} {span}", budget_us=limit["granted_us"])
        )
    return found


def _sentence(
    card: CardView, why: Mapping[str, Any], spans: Sequence[Interval], reader: Reader
) -> str:
    """The whole card in one sentence."""
    t, times = reader.t, reader.times
    if not spans:
        return f"{card.level_name} · {card.rule}"
    text = t(
        "why.sentence",
        opened=times.stamp(spans[0].start_us),
        until=times.stamp(spans[-1].end_us),
        used=times.span(int(why["used_us"])),
    )
    if why["stopped_us"]:
        text += t("why.sentence.stopped", span=times.span(int(why["stopped_us"])))
    if why["overdue_us"]:
        return text + t(
            "why.sentence.over", span=times.span(int(why["overdue_us"])), level=card.level_name
        )
    return text + t("why.sentence.near", level=card.level_name)


def _facts(card: CardView, why: Mapping[str, Any], reader: Reader) -> list[tuple[str, str]]:
    """What the card rests on, as (name, value)."""
    t, times = reader.t, reader.times
    facts = [
        (t("card.responsible"), card.responsible),
        (t("card.effective"), card.effective),
        (t("card.detected"), card.detected),
    ]
    for limit in why["limits"]:
        granted = limit.get("granted")
        span = times.granted(granted["amount"], granted["unit"]) if granted else ""
        due = limit.get("due_at")
        at = times.stamp(read_instant(due)) if due else t("limit.stopped")
        facts.append((t.named("limit", limit["limit"]), f"{span} · {at}" if span else at))
    if why.get("standard_day_us"):
        facts.append((t("why.day"), t("why.day.is", span=times.span(int(why["standard_day_us"])))))
    facts += [
        (t("why.rule"), card.rule),
        (t("why.basis"), str(why["basis"])),
        (t("why.pack"), f"{why['pack']} {why['pack_version']}"),
        (t("why.calendar"), str(why["calendar_version"])),
    ]
    return facts


def _lines(spans: Sequence[Interval], budget_us: int | None, reader: Reader) -> list[Line]:
    lines = []
    before_us = 0
    for span in spans:
        crossing = budget_us is not None and before_us <= budget_us < span.running_us
        lines.append(
            Line(
                kind=span.kind,
                kind_name=reader.t.named("kind", span.kind),
                start=reader.times.stamp(span.start_us),
                end=reader.times.stamp(span.end_us),
                length=reader.times.span(span.length_us),
                running=reader.times.span(span.running_us),
                record=f"{type_name(span.record_type, reader.t.lang)} #{span.record_id}",
                record_url="" if span.position is None else "/records/{}/{}".format(*span.position),
                crossing=crossing,
            )
        )
        before_us = span.running_us
    return lines
