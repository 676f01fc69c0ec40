"""The life of a card after its issue: which act of people is legal when, and what it leads to.

Acts are folded in log order; the first legal one wins, and one that is not legal in the card's
state is kept in the log without effect. The moves are data, so that the full life cycle with its
time limits extends them in one place.
"""

from typing import NamedTuple

from ledger.card_events import (
    CardAppealDecided,
    CardAppealed,
    CardClosed,
    CardConfirmed,
    CardExplained,
    CardSigned,
)
from ledger.fact import Fact
from ledger.findings import IssueMode

WAITING, ISSUED, REVOKED, DOWNGRADED = "waiting", "issued", "revoked", "downgraded"
DECIDED_BY_PEOPLE = frozenset({REVOKED, DOWNGRADED})
IN_FORCE = frozenset({ISSUED, "signed", "explained", "appealed", "upheld", DOWNGRADED, "closed"})
"""States in which a card stands and acts beside the main line are legal."""


class Move(NamedTuple):
    """One move: the states it is legal in, and the state it leads to."""

    legal_in: frozenset[str]
    state: str


MOVES: dict[type[Fact], Move] = {
    CardConfirmed: Move(frozenset({WAITING}), ISSUED),
    CardSigned: Move(frozenset({ISSUED}), "signed"),
    CardExplained: Move(frozenset({ISSUED, "signed"}), "explained"),
    CardAppealed: Move(frozenset({ISSUED, "signed", "explained"}), "appealed"),
    CardClosed: Move(frozenset({"signed", "explained", "upheld", DOWNGRADED}), "closed"),
}


def first_state(mode: IssueMode) -> str:
    """Return the state a card begins in: issued at once, or waiting for a person to confirm."""
    return WAITING if mode == "confirm" else ISSUED


def state_after(state: str, act: Fact, *, is_warning: bool) -> str | None:
    """Return the state an act leads to; None if it is not legal or leaves the state as it is.

    Args:
        state: of the card before the act.
        act: one of `hall.card.*`.
        is_warning: 预警 cannot be appealed.
    """
    if isinstance(act, CardAppealDecided):
        return act.decision if state == "appealed" else None
    if isinstance(act, CardAppealed) and is_warning:
        return None
    move = MOVES.get(type(act))
    return move.state if move is not None and state in move.legal_in else None
