"""Facts that need no judging: what they are, and when adding one changes no verdict.

It stands apart from `step.py` because it is only about speed: a test compares a step with and
without it on random histories.
"""

from ledger.case import Known
from ledger.case_events import (
    CaseAmended,
    CasePreReviewed,
    CaseRated,
    CaseReceived,
    CaseTransferred,
    CaseUrged,
    CertificateIssued,
    CorrectionReceived,
    CorrectionRequested,
    DecisionMade,
    FeeCharged,
    FeePaid,
    PartDispatched,
    PartReplied,
    ResultDelivered,
    StageFinished,
    StageStarted,
)
from ledger.record import AnyRecord, micros
from processors.supervision.law import Law
from processors.supervision.state import HANDLING, CaseState

AFTERWARDS = frozenset(
    {CertificateIssued, ResultDelivered, FeeCharged, FeePaid, CaseRated, CaseUrged}
)
"""Facts that move no clock and are in order at any time."""

BEFOREHAND = frozenset(
    {
        CaseReceived,
        CasePreReviewed,
        CorrectionRequested,
        CorrectionReceived,
        PartDispatched,
        PartReplied,
    }
)
"""Facts that move no clock and are in order until completion."""

QUIET = AFTERWARDS | BEFOREHAND | {CaseTransferred, StageStarted, StageFinished, DecisionMade}
"""Facts that move no clock of an open case; most facts are of these types."""


def changes_nothing(state: CaseState, record: AnyRecord, known: Known, law: Law) -> bool:
    """Whether a fact that moves no clock can be added without judging.

    It can if no tick is overtaken, the case is being judged, its part is at a point where the fact
    is in order, its time is taken as it is, no amendment waits for it, and no rule heeds it.
    """
    if state.suspended or known.time_us == known.recorded_us != micros(record.time):
        return False
    if state.next_tick_us is not None and state.next_tick_us <= known.recorded_us:
        return False
    if not _is_in_order(state, known, law) or _is_heeded(state, known, law):
        return False
    return CaseAmended not in [type(each.fact) for each in state.facts]


def _is_in_order(state: CaseState, known: Known, law: Law) -> bool:
    kind = type(known.fact)
    if kind in AFTERWARDS:
        return True
    if kind in law.pack.closes:
        return False
    part: str | None = getattr(known.fact, "part", None)
    if part in [settled for settled, _ in state.settled]:
        return False
    return kind in BEFOREHAND or (part, HANDLING) in [key[:2] for key in state.limits]


def _is_heeded(state: CaseState, known: Known, law: Law) -> bool:
    """Whether a clock or a rule of the pack may care."""
    heeding = law.pack.watched.get(type(known.fact))
    if heeding is None:
        return False
    if state.facts and known < state.facts[-1]:
        return True
    return any(heeds(state, known, law) for heeds in heeding)
