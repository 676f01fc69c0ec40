"""What an auditor asks of a case, as a JSON value: its state and its history."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ledger.case import Known, fold, with_amendments
from ledger.case_events import (
    AcceptanceRefused,
    CaseAccepted,
    CaseCompleted,
    CaseReceived,
    CorrectionRequested,
    DecisionMade,
)
from ledger.events import CASE_TYPES, RANK
from ledger.findings import AnomalyFound, CaseUnjudged, LimitsSet
from ledger.log import Position
from ledger.record import AnyRecord, instant, micros
from ledger.wire import fact_to_json
from processors.supervision.state import HANDLING

Entry = tuple[Position, AnyRecord]


def case_history(
    case: str, entries: Sequence[Entry], zone: ZoneInfo, as_of_us: int | None,
    known_at_us: int | None,
) -> dict[str, Any] | None:  # fmt: skip
    """Return state and timeline of a case; None where nothing is left of it.

    Args:
        entries: everything of the case in log order.
        as_of_us: leave out what happened later.
        known_at_us: leave out what the ledger learned later.
    """
    shown = [
        (position, record)
        for position, record in entries
        if (as_of_us is None or micros(record.time) <= as_of_us)
        and (known_at_us is None or _recorded_us(record) <= known_at_us)
    ]
    if not shown:
        return None
    shown.sort(key=lambda e: (micros(e[1].time), RANK[type(e[1].data)], e[0].offset))
    return {
        "case": case,
        "as_of": _text(as_of_us, zone),
        "known_at": _text(known_at_us, zone),
        "state": _state(shown, zone),
        "timeline": [_line(position, record, zone) for position, record in shown],
    }


def _line(position: Position, record: AnyRecord, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "position": position._asdict(),
        "type": record.type,
        "source": record.source,
        "id": record.id,
        "time": _text(micros(record.time), zone),
        "recordedtime": _text(_recorded_us(record), zone),
        "causationid": record.causationid,
        "timeline": record.timeline,
        "data": fact_to_json(record.data),
    }


def _state(shown: Sequence[Entry], zone: ZoneInfo) -> dict[str, Any]:
    """Return the state of the case as the records shown leave it."""
    facts = sorted(
        Known(
            micros(record.time),
            RANK[type(record.data)],
            position.offset,
            _recorded_us(record),
            record.source,
            record.id,
            record.data,
        )
        for position, record in shown
        if record.type in CASE_TYPES
    )
    effective, _ = with_amendments(facts)
    cycles = fold(effective, frozenset({CaseCompleted, DecisionMade})).cycles
    cycle = cycles[-1] if cycles else None
    limits = [
        record.data
        for _, record in sorted(shown, key=lambda e: e[0])
        if isinstance(record.data, LimitsSet) and record.data.clock == HANDLING
    ]
    if limits and limits[-1].withdrawn:
        limits = []
    received = next((k.fact for k in effective if isinstance(k.fact, CaseReceived)), None)
    opener = cycle.opener.fact if cycle else received
    completion = None if cycle is None else cycle.completion
    return {
        "phase": _phase(effective, completion, limits),
        "matter": getattr(opener, "matter", None),
        "hall": getattr(opener, "hall", None),
        "department": getattr(opener, "department", None),
        "handling_type": getattr(opener, "handling_type", None),
        "accepted_at": None if cycle is None else _text(cycle.opener.time_us, zone),
        "completed_at": None if completion is None else _text(completion.time_us, zone),
        "outcome": getattr(completion.fact, "outcome", None) if completion else None,
        "promised_due": _due(limits, "promised_due", zone),
        "statutory_due": _due(limits, "statutory_due", zone),
        "cycles": len(cycles),
        "suspended": any(isinstance(r.data, CaseUnjudged) for _, r in shown),
        "anomalies": [r.data.rule for _, r in shown if isinstance(r.data, AnomalyFound)],
    }


def _phase(facts: Sequence[Known], completion: Known | None, limits: Sequence[LimitsSet]) -> str:
    if completion is not None:
        return "completed"
    if limits:
        return "stopped" if limits[-1].stopped else "accepted"
    kinds = [type(known.fact) for known in facts]
    if AcceptanceRefused in kinds:
        return "refused"
    if CaseAccepted in kinds:
        return "accepted"
    return "correction" if CorrectionRequested in kinds else "received"


def _due(limits: Sequence[LimitsSet], name: str, zone: ZoneInfo) -> str | None:
    due = getattr(limits[-1], name) if limits else None
    return None if due is None else _text(micros(due), zone)


def _recorded_us(record: AnyRecord) -> int:
    return micros(record.recordedtime or record.time)


def _text(us: int | None, zone: ZoneInfo) -> str | None:
    return None if us is None else instant(us, zone).isoformat()
