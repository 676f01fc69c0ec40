"""What the life of a card after its issue leaves in its row.

Which act of people is legal, and what it leads to, `ledger/card_life.py` says for supervision and
read models alike. An act that is not legal is passed over here; it stays in the log.
"""

from ledger.card_events import (
    CardAppealDecided,
    CardAppealed,
    CardClosed,
    CardConfirmed,
    CardExplained,
    CardRectified,
    CardSigned,
    CardSuperintended,
    HeldAccountable,
    RectificationOrdered,
)
from ledger.card_life import DECIDED_BY_PEOPLE, DOWNGRADED, IN_FORCE, REVOKED, state_after
from ledger.fact import Fact
from ledger.findings import LEVEL_CODE
from projections.rows import Row

RESCINDED = "rescinded"

_INSTANTS: dict[type[Fact], str] = {
    CardConfirmed: "confirmed_us",
    CardSigned: "signed_us",
    CardExplained: "explained_us",
    CardAppealed: "appealed_us",
    CardAppealDecided: "decided_us",
    CardClosed: "closed_us",
}
"""Columns that hold when an act led to a new state."""


def act(card: Row, fact: Fact, time_us: int) -> bool:
    """Let a person's act change the row of a card; return whether it had an effect.

    Args:
        card: the row, changed in place.
        fact: one of `hall.card.*`.
        time_us: when it was done.
    """
    is_warning = card["level_code"] == LEVEL_CODE["warning"]
    state = state_after(card["state"], fact, is_warning=is_warning)
    if state is None:
        return _side_act(card, fact)
    card["state"] = state
    card[_INSTANTS[type(fact)]] = time_us
    if isinstance(fact, CardConfirmed):
        card["standing"] = card["level_code"]
    elif isinstance(fact, CardAppealDecided):
        _decide(card, state)
    return True


def rescind(card: Row, reason: str, time_us: int) -> bool:
    """Take a card back by supervision (撤牌); return whether that had an effect.

    A card that people have revoked or downgraded is theirs, and is not rescinded afterwards.
    """
    if not card["live"] or card["decision"] in DECIDED_BY_PEOPLE:
        return False
    card.update(state=RESCINDED, live=0, standing=0, rescinded_us=time_us, rescind_reason=reason)
    return True


def _decide(card: Row, decision: str) -> None:
    card["decision"] = decision
    if decision == REVOKED:
        card.update(live=0, standing=0)
    elif decision == DOWNGRADED:
        card["standing"] -= 1


def _side_act(card: Row, fact: Fact) -> bool:
    """Acts beside the main line: they leave the card's state as it is."""
    if card["state"] not in IN_FORCE:
        return False
    match fact:
        case CardSuperintended():
            card["superintended"] = 1
        case RectificationOrdered() if card["rectification"] is None:
            card["rectification"] = "ordered"
        case CardRectified() if card["rectification"] == "ordered":
            card["rectification"] = "rectified"
        case HeldAccountable(measure=measure):
            card["measure"] = measure
        case _:
            return False
    return True
