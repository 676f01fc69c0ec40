"""Why a card stands, and how each clock of a case stands, as JSON values.

It stands apart from `answers.py` because a statement of intervals is an answer of its own: every
line names its record, its place in the log and its law, and reasons are codes that pages translate.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ledger.case import Known
from ledger.fact import Limit
from ledger.findings import CardIssued
from ledger.log import Position
from ledger.record import instant, micros
from processors.supervision.clock_notes import Note
from processors.supervision.explain import Breached, LimitLine, Statement, ThresholdLine
from processors.supervision.intervals import Interval
from processors.supervision.law import Law

Places = Mapping[str, Position]
"""Place in the log by `source#id`."""


def card_explanation(
    why: Statement | Breached, positions: Places, zone: ZoneInfo
) -> dict[str, Any]:
    """Return why a card stands: its statement of intervals, or the facts that break its rule."""
    if isinstance(why, Breached):
        return _of_breach(why, positions, zone)
    assert why.card is not None
    return _of_card(why.card, zone) | _of_clock(why, positions, zone)


def case_explanation(
    case: str,
    statements: Sequence[Statement],
    positions: Places,
    zone: ZoneInfo,
    at_us: int,
    unjudged: str | None = None,
) -> dict[str, Any]:
    """Return the statements of all clocks of a case.

    Args:
        at_us: the instant they are read at.
        unjudged: code of the error because of which the case has none.
    """
    return {
        "case": case,
        "as_of": _text(at_us, zone),
        "unjudged": unjudged,
        "clocks": [
            {"rule": each.rule, "clock": each.clock.kind, "cycle": each.clock.cycle}
            | {"part": each.clock.part, **_about(each), **_of_clock(each, positions, zone)}
            for each in statements
        ],
    }


def _about(statement: Statement) -> dict[str, Any]:
    """Return whom a clock is about, and what governs it."""
    clock = statement.clock
    law: Law = clock.law
    return {
        "hall": clock.hall,
        "department": clock.department,
        "matter": clock.matter,
        "stage": getattr(clock.opener.fact, "stage", None) if clock.kind == "stage" else None,
        "responsible": plain(clock.responsible()),
        "pack": law.pack.name,
        "pack_version": law.pack.version,
        "calendar_version": law.calendar.spec.version,
    }


def _of_card(card: CardIssued, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "card_id": card.card_id,
        "level": card.level,
        "rule": card.rule,
        "clock": card.clock,
        "cycle": card.cycle,
        "part": card.part,
        "effective_at": _text(micros(card.effective_at), zone),
        "detected_at": _text(micros(card.detected_at), zone),
        "responsible": plain(card.responsible),
        "basis": card.basis,
        "pack": card.pack,
        "pack_version": card.pack_version,
        "calendar_version": card.calendar_version,
        "evidence": [{"source": each.source, "id": each.id} for each in card.evidence],
    }


def _of_breach(why: Breached, positions: Places, zone: ZoneInfo) -> dict[str, Any]:
    """Return a card without a clock: the same keys, and nothing counted."""
    return _of_card(why.card, zone) | {
        "meaning": {"zh": why.meaning, "en": why.meaning_en},
        "facts": [
            record_of(known, positions) | {"time": _text(known.time_us, zone)}
            for known in why.evidence
        ],
        "opened_at": None,
        "closed_at": None,
        "until": None,
        "unit": None,
        "measure": None,
        "standard_day_us": None,
        "used_us": 0,
        "stopped_us": 0,
        "overdue_us": 0,
        "limits": [],
        "thresholds": [],
        "intervals": [],
        "notes": [],
        "reproduced": why.reproduced,
    }


def _of_clock(statement: Statement, positions: Places, zone: ZoneInfo) -> dict[str, Any]:
    clock = statement.clock
    closer = clock.closer
    return {
        "opened_at": _text(statement.opened_us, zone),
        "closed_at": _text(clock.closed_us, zone),
        "until": _text(statement.until_us, zone),
        "opener": record_of(clock.opener, positions),
        "closer": None if closer is None else record_of(closer, positions),
        "stopped": statement.stopped,
        "limit": statement.limit,
        "unit": statement.unit,
        "measure": statement.measure,
        "standard_day_us": statement.standard_day_us,
        "used": statement.used,
        "overdue": statement.overdue,
        "used_us": statement.used_us,
        "stopped_us": statement.stopped_us,
        "overdue_us": statement.overdue_us,
        "limits": [_limit(limit, zone) for limit in statement.limits],
        "thresholds": [_threshold(each, zone) for each in statement.thresholds],
        "intervals": [_interval(each, positions, zone) for each in statement.intervals],
        "notes": [_note(each, positions, zone) for each in statement.notes],
        "reproduced": statement.reproduced,
    }


def _limit(limit: LimitLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "limit": limit.limit,
        "granted": _span(limit.granted),
        "granted_us": limit.granted_us,
        "due_at": _text(limit.due_us, zone),
        "effective_at": _text(limit.effective_us, zone),
        "origin": limit.origin.place,
        "basis": limit.origin.basis,
        "measure": limit.measure,
        "budget": limit.budget,
    }


def _threshold(threshold: ThresholdLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "level": threshold.level,
        "limit": threshold.limit,
        "offset": threshold.offset,
        "effective_at": _text(threshold.effective_us, zone),
        "crossed": threshold.crossed,
        "possible": threshold.possible,
        "basis": threshold.basis,
    }


def _interval(interval: Interval, positions: Places, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "kind": interval.kind,
        "reason": interval.reason,
        "from": _text(interval.start_us, zone),
        "until": _text(interval.end_us, zone),
        "length_us": interval.end_us - interval.start_us,
        "counted": interval.counted,
        "running": interval.running,
        "counted_us": interval.counted_us,
        "running_us": interval.running_us,
        "day": interval.day or None,
        "basis": interval.basis,
        "record": record_of(interval.record, positions),
    }


def _note(note: Note, positions: Places, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "at": _text(note.at_us, zone),
        "reason": note.reason,
        "limit": note.limit,
        "before": _text(note.before_us, zone),
        "after": _text(note.after_us, zone),
        "span": _span(note.span),
        "basis": note.basis,
        "record": record_of(note.record, positions),
    }


def record_of(known: Known, positions: Places) -> dict[str, Any]:
    """Return the name of a record and its place in the log."""
    position = positions.get(known.name)
    return {
        "type": known.fact.TYPE,
        "source": known.source,
        "id": known.id,
        "position": None if position is None else position._asdict(),
    }


def plain(value: Any) -> dict[str, Any]:
    """Return a small value of a finding as a JSON object, absent fields left out."""
    return {
        name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None
    }


def _span(span: Limit | None) -> dict[str, Any] | None:
    return None if span is None else {"amount": span.amount, "unit": span.unit}


def _text(us: int | None, zone: ZoneInfo) -> str | None:
    return None if us is None else instant(us, zone).isoformat()
