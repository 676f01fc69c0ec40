"""非工作时间集中操作: many completions of a department while the office was closed."""

from typing import NamedTuple

from ledger.work_calendar import WorkCalendar
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.periods import Period
from processors.supervision.unit_rules.unit_rule import (
    COMPLETED,
    Found,
    Span,
    UnitPeriod,
    UnitRule,
)

_PERCENT_MAX = 100


class _Parameters(NamedTuple):
    least: int
    percent: int


def _read(entry: PackReader) -> _Parameters:
    least, percent = entry.whole("least", 1), entry.whole("percent", 0)
    if percent > _PERCENT_MAX:
        raise entry.wrong("percent", percent, "0 to 100")
    return _Parameters(least, percent)


def _completions(period: Period, _parameters: object, _calendar: object) -> tuple[Span, ...]:
    return (Span(COMPLETED, period.start_us, period.close_us),)


def _judge(unit: UnitPeriod, parameters: _Parameters) -> Found | None:
    rows = unit.rows(Span(COMPLETED, unit.period.start_us, unit.period.close_us))
    outside = [row for row in rows if not _is_open(unit.calendar, row.happened_us)]
    if len(outside) < parameters.least:
        return None
    if len(outside) * _PERCENT_MAX < len(rows) * parameters.percent:
        return None
    return Found(f"completions={len(rows)} outside={len(outside)}", outside)


def _is_open(calendar: WorkCalendar, at_us: int) -> bool:
    """Whether the office is open; the very instants of opening and close count as open."""
    return calendar.worked_us(at_us + 1) > calendar.worked_us(at_us - 1)


RULE = UnitRule(
    name="outside-hours",
    meaning="非工作时间集中操作：部门当期办结多发生在非工作时间",
    meaning_en="many of a department's completions of a period happened outside office hours",
    judge=_judge,
    wakes=_completions,
    read=_read,
    parameters=(
        ("least", "completions outside office hours"),
        ("percent", "their share of all completions of the period"),
    ),
)
