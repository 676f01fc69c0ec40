"""The two answers an auditor asks for, as JSON values: a case's history, and why a card stands."""

from collections.abc import Mapping, Sequence
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
from processors.supervision.explain import Statement

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


def explanation(
    statement: Statement, positions: Mapping[str, Position], zone: ZoneInfo
) -> dict[str, Any]:
    """Return the statement of intervals of a card.

    Args:
        positions: place in the log by `source#id`.
    """
    card = statement.card
    return {
        "card_id": card.card_id,
        "level": card.level,
        "rule": card.rule,
        "clock": card.clock,
        "cycle": card.cycle,
        "part": card.part,
        "effective_at": _text(micros(card.effective_at), zone),
        "detected_at": _text(statement.judged_us, zone),
        "opened_at": _text(statement.opened_us, zone),
        "until": _text(statement.until_us, zone),
        "unit": statement.unit,
        "standard_day_us": statement.standard_day_us,
        "used_us": statement.used_us,
        "stopped_us": statement.stopped_us,
        "overdue_us": statement.overdue_us,
        "limits": [
            {
                "limit": limit.limit,
                "granted": None
                if limit.granted is None
                else {"amount": limit.granted.amount, "unit": limit.granted.unit},
                "granted_us": limit.granted_us,
                "due_at": _text(limit.due_us, zone),
                "effective_at": _text(limit.effective_us, zone),
            }
            for limit in statement.limits
        ],
        "intervals": [
            {
                "kind": interval.kind,
                "from": _text(interval.start_us, zone),
                "until": _text(interval.end_us, zone),
                "length_us": interval.end_us - interval.start_us,
                "counted_us": interval.counted_us,
                "running_us": interval.running_us,
                "record": _record_of(interval.record, positions),
            }
            for interval in statement.intervals
        ],
        "responsible": fact_to_json_value(card.responsible),
        "basis": card.basis,
        "pack": card.pack,
        "pack_version": card.pack_version,
        "calendar_version": card.calendar_version,
        "evidence": [{"source": each.source, "id": each.id} for each in card.evidence],
        "reproduced": statement.reproduced,
    }


def fact_to_json_value(value: Any) -> dict[str, Any]:
    """Return a small value of a finding as a JSON object, absent fields left out."""
    return {
        name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None
    }


def _record_of(known: Known, positions: Mapping[str, Position]) -> dict[str, Any]:
    position = positions.get(known.name)
    return {
        "type": known.fact.TYPE,
        "source": known.source,
        "id": known.id,
        "position": None if position is None else position._asdict(),
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
    limits = [r.data for _, r in sorted(shown, key=lambda e: e[0]) if isinstance(r.data, LimitsSet)]
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
