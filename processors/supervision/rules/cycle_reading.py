"""What rules ask of a cycle of handling: its acceptance, and whether it was completed normally."""

from ledger.case import Cycle, Known
from ledger.case_events import CaseAccepted, CaseCompleted
from processors.supervision.law import Law
from processors.supervision.state import CaseState

_NORMAL = ("granted", "forwarded", "other")


def acceptance_of(cycle: Cycle) -> CaseAccepted | None:
    """Return what the acceptance says; None for a case that is only deemed accepted so far."""
    fact = None if cycle.acceptance is None else cycle.acceptance.fact
    return fact if isinstance(fact, CaseAccepted) else None


def normal_completion(cycle: Cycle) -> Known | None:
    """Return the completion if it is no refusal, return, voiding, deletion, lapse or withdrawal."""
    done = cycle.completion
    if done is None or not isinstance(done.fact, CaseCompleted):
        return None
    return done if done.fact.outcome in _NORMAL else None


def has_one_law(state: CaseState, law: Law) -> bool:
    """Whether the law of the case is that of its only cycle."""
    return not law.pack.deemed_acceptance and len(state.acceptances()) <= 1
