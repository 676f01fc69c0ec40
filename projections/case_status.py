"""How a case stands: which phase, which limits, which outcome, folded from facts and findings.

Findings decide wherever supervision has judged the case; facts only describe it, and speak where no
finding does (an orphan completion, a case that was received and not yet accepted). Stands apart
from the cards of the same board because the two change for different reasons.
"""

from collections.abc import Mapping
from typing import Any

from ledger.case_events import (
    AcceptanceRefused,
    CaseAccepted,
    CaseAmended,
    CaseCompleted,
    CaseRated,
    CaseReceived,
    CaseReleased,
    CorrectionReceived,
    CorrectionRequested,
)
from ledger.findings import AnomalyFound, CaseSettled, CaseUnjudged, LimitsSet
from projections.board_tables import CASES
from projections.case_clocks import AROUND, handling_clocks, present_clocks, set_limits, settle
from projections.projection import Seen
from projections.rows import Key, Row, Rows

_DESCRIBED = ("matter", "hall", "department", "handling_type", "channel", "clerk_ref")


class CaseStatus:
    """Folds facts and findings into `cases` and `case_limits`."""

    wants = frozenset(
        fact.TYPE
        for fact in (
            CaseReceived,
            CorrectionRequested,
            CorrectionReceived,
            CaseAccepted,
            AcceptanceRefused,
            CaseCompleted,
            CaseRated,
            CaseAmended,
            CaseReleased,
            LimitsSet,
            CaseSettled,
            CaseUnjudged,
            AnomalyFound,
        )
    )

    def apply(self, rows: Rows, seen: Seen) -> None:
        """Change the row of the case, and of its clocks where a finding sets them."""
        if isinstance(seen.fact, LimitsSet) and seen.fact.clock in AROUND:
            set_limits(rows, None, seen.fact, seen)
            return
        cases = rows.tables["cases"]
        case = cases.get(seen.subject)
        if case is None:
            if isinstance(seen.fact, AnomalyFound | CaseUnjudged):
                return  # about a subject that is no case
            case = CASES.blank(
                subject=seen.subject,
                partition=seen.position.partition,
                timeline=seen.record.timeline,
            )
        _fold(rows, case, seen)
        case["phase"] = _phase(case, rows.tables["case_limits"].of(seen.subject))
        case["changed_us"] = seen.recorded_us
        cases.put(case, seen.subject)


def _fold(rows: Rows, case: Row, seen: Seen) -> None:
    match seen.fact:
        case LimitsSet() as fact:
            set_limits(rows, case, fact, seen)
        case CaseSettled() as fact:
            settle(rows, case, fact, seen)
        case CaseAccepted() as fact:
            _accept(rows, case, fact, seen)
        case CaseCompleted() as fact:
            _complete(rows, case, fact, seen)
        case CaseReceived() as fact:
            _receive(case, fact, seen.time_us)
        case CaseAmended() as fact:
            _amend(rows, case, fact)
        case _:
            _note(case, seen)


def _note(case: Row, seen: Seen) -> None:
    """Take what one column holds."""
    match seen.fact:
        case CorrectionRequested():
            case["correction_requested_us"] = _later(case["correction_requested_us"], seen.time_us)
        case CorrectionReceived():
            case["correction_received_us"] = _later(case["correction_received_us"], seen.time_us)
        case AcceptanceRefused():
            case["refused_us"] = seen.time_us
        case CaseRated(score=score):
            case["rating"] = score
        case CaseUnjudged():
            case["suspended"] = 1
        case CaseReleased():
            case["suspended"] = 0
        case AnomalyFound():
            case["anomalies"] += 1
        case other:
            raise AssertionError(f"{other!r} is not among the types it wants")


def _phase(case: Row, clocks: Mapping[Key, Row]) -> str:
    """Return the phase: from the clocks that supervision runs, else from the facts."""
    judged = present_clocks(clocks)
    if judged:
        still_open = [row for row in judged if not row["closed"]]
        if not still_open:
            return "completed"
        return "stopped" if all(row["stopped"] for row in still_open) else "accepted"
    return _told_phase(case)


def _told_phase(case: Row) -> str:
    """Return the phase as facts tell it, of a case that supervision has not judged."""
    if case["completed_us"] is not None:
        return "completed"
    if case["accepted_us"] is not None:
        return "accepted"
    if case["refused_us"] is not None:
        return "refused"
    requested, received = case["correction_requested_us"], case["correction_received_us"]
    if requested is not None and (received is None or requested > received):
        return "correction"
    return "received"


def _receive(case: Row, fact: CaseReceived, time_us: int) -> None:
    case["received_us"] = _earlier(case["received_us"], time_us)
    for name in ("matter", "hall", "department", "clerk_ref", "channel"):
        if case[name] is None:
            case[name] = getattr(fact, name)


def _accept(rows: Rows, case: Row, fact: CaseAccepted, seen: Seen) -> None:
    """Describe the case by the acceptance, unless it only repeats one that is open."""
    clocks = handling_clocks(rows, seen.subject)
    open_again = bool(clocks) and all(row["closed"] for row in clocks)
    if case["accepted_ref"] is not None and not open_again:
        return
    case["accepted_ref"] = seen.record.name
    for name in _DESCRIBED:
        value = getattr(fact, name)
        if value is not None:
            case[name] = value
    if not clocks and case["accepted_us"] is None:
        case["accepted_us"] = seen.time_us


def _complete(rows: Rows, case: Row, fact: CaseCompleted, seen: Seen) -> None:
    """Keep the first completion that is told, and show it until supervision judges the case."""
    if fact.part is not None or case["completed_ref"] is not None:
        return
    case.update(
        completed_ref=seen.record.name, told_completed_us=seen.time_us, told_outcome=fact.outcome
    )
    _show_told(rows, case)


def _show_told(rows: Rows, case: Row) -> None:
    if not handling_clocks(rows, case["subject"]):
        case.update(completed_us=case["told_completed_us"], outcome=case["told_outcome"])


def _amend(rows: Rows, case: Row, fact: CaseAmended) -> None:
    """Follow a correction (更正) of the facts that the row itself describes."""
    target = f"{fact.amends.source}#{fact.amends.id}"
    replaced: Mapping[str, Any] = fact.replacement or {}
    if target == case["accepted_ref"]:
        for name in _DESCRIBED:
            if isinstance(replaced.get(name), str):
                case[name] = replaced[name]
        if fact.void:
            case["accepted_ref"] = None
            if case["cycle"] is None:
                case["accepted_us"] = None
    if target == case["completed_ref"]:
        if fact.void:
            case.update(completed_ref=None, told_completed_us=None, told_outcome=None)
        elif isinstance(replaced.get("outcome"), str):
            case["told_outcome"] = replaced["outcome"]
        _show_told(rows, case)


def _earlier(known: int | None, time_us: int) -> int:
    return time_us if known is None else min(known, time_us)


def _later(known: int | None, time_us: int) -> int:
    return time_us if known is None else max(known, time_us)
