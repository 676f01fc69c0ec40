"""What people do when a card appears: sign it, explain it, order and report what is put right.

It stands apart because it is the only part of the demo that answers to the ledger: it learns of a
card from the public API, as the departments' and the inspection office's own systems would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consoles.demo.dice import Dice
from consoles.demo.facts import Json, Pen, Sending, instant_text
from consoles.demo.town import HALL
from consoles.demo.workday import HOUR_US, MINUTE_US, SECOND_US, WORKING_DAY_US, HallTime

_RECTIFY_DAYS = 5
_LEVELS = {"1": "warning", "2": "yellow", "3": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCard:
    """A card as the public API shows it.

    Attributes:
        level: `warning`, `yellow` or `red`.
        since_us: when it was issued; when it was first seen where the API does not say.
    """

    card_id: str
    case: str
    level: str
    department: str
    since_us: int


def seen_card(item: Mapping[str, object], now_us: int) -> SeenCard | None:
    """Return the card that an item of the API shows, or nothing where it names no card."""
    card_id, case = item.get("card_id"), item.get("case")
    if not isinstance(card_id, str) or not isinstance(case, str):
        return None
    level = str(item.get("level"))
    department = item.get("department")
    return SeenCard(
        card_id=card_id,
        case=case,
        level=_LEVELS.get(level, level),
        department=department if isinstance(department, str) else "unknown",
        since_us=_instant(item.get("detected_at"), now_us),
    )


def acts_on(card: SeenCard, seed: int, hours: HallTime) -> list[Sending]:
    """Return what people will do about `card`, each act in office hours.

    The same card gives the same acts with the same ids, so that a restarted demo repeats itself.
    """
    dice = Dice(seed, "acts", card.card_id)
    deed = _Deeds(card=card, hours=hours, pen=Pen(subject=card.case, stem=f"{seed}-{card.card_id}"))
    if card.level == "warning":
        if dice.happens(450):
            deed.at(dice.between(8, 90) * MINUTE_US, "signed", f"clerk:{card.department}")
        return deed.pen.sent
    head, officer = f"head:{card.department}", f"officer:{HALL[:4]}-{dice.between(1, 6):02d}"
    red = card.level == "red"
    deed.at(dice.between(4, 25) * MINUTE_US, "signed", head)
    explained_us = dice.between(30, 100) * MINUTE_US
    deed.at(explained_us, "explained", head, text="经办环节衔接不畅，已督促办理")
    if red or dice.happens(450):
        ordered_us = explained_us + dice.between(30, 150) * MINUTE_US
        due_us = hours.after(card.since_us, ordered_us + _RECTIFY_DAYS * WORKING_DAY_US)
        due = instant_text(due_us)
        deed.at(ordered_us, "rectification-ordered", officer, text="限期整改并报告", due=due)
        rectified_us = ordered_us + dice.between(4, 14) * HOUR_US
        proof = f"proof:{dice.token(10)}"
        deed.at(rectified_us, "rectified", head, text="已优化内部流转环节", proof_ref=proof)
    return deed.pen.sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deeds:
    """Writes the acts on one card."""

    card: SeenCard
    hours: HallTime
    pen: Pen

    def at(self, after_us: int, what: str, actor: str, **more: Json) -> None:
        """Write an act that is done so much office time after the card was issued."""
        data: dict[str, Json | None] = {"card_id": self.card.card_id, "actor_ref": actor, **more}
        time_us = self.hours.after(self.card.since_us, after_us)
        self.pen.write(f"card.{what}", time_us, data, system="officers")


def _instant(text: object, otherwise_us: int) -> int:
    """Return RFC 3339 text as an instant in whole seconds, or `otherwise_us`."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        return otherwise_us // SECOND_US * SECOND_US
    return int(found.timestamp()) * SECOND_US
