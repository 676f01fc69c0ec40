"""部门无办件: a department shows no case over a period in which it usually has some.

Either its own earlier periods say what is usual, or other departments that had cases of the same
matters in this one. Periods without office hours are passed over: nobody is silent on a holiday.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.work_calendar import WorkCalendar
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.periods import Period, period_before
from processors.supervision.unit_rules.unit_rule import (
    ACCEPTED,
    Found,
    Span,
    UnitFact,
    UnitPeriod,
    UnitRule,
)

_CLOSED_MAX = 40
"""Periods without office hours that are passed over at most."""
_MATTERS_READ_MAX = 10_000


class _Parameters(NamedTuple):
    usual: int
    periods: int
    siblings: int | None


def _read(entry: PackReader) -> _Parameters:
    siblings = entry.whole("siblings", 1) if entry.has("siblings") else None
    return _Parameters(entry.whole("usual", 1), entry.whole("periods", 1), siblings)


def _look_back(period: Period, parameters: _Parameters, calendar: WorkCalendar) -> list[Period]:
    """Return the earlier periods that say what is usual, the latest first."""
    open_ones = (
        each for each in _before(period, parameters, calendar) if _has_hours(each, calendar)
    )
    return [each for _, each in zip(range(parameters.periods), open_ones, strict=False)]


def _before(period: Period, parameters: _Parameters, calendar: WorkCalendar) -> Iterator[Period]:
    for _ in range(parameters.periods + _CLOSED_MAX):
        period = period_before(period, calendar)
        yield period


def _has_hours(period: Period, calendar: WorkCalendar) -> bool:
    return calendar.worked_us(period.close_us) > calendar.worked_us(period.start_us)


def _earlier(period: Period, parameters: _Parameters, calendar: WorkCalendar) -> tuple[Span, ...]:
    if not _has_hours(period, calendar):
        return ()
    earliest = _look_back(period, parameters, calendar)[-1]
    return (Span(ACCEPTED, earliest.start_us, period.start_us),)


def _judge(unit: UnitPeriod, parameters: _Parameters) -> Found | None:
    period, calendar = unit.period, unit.calendar
    if not _has_hours(period, calendar):
        return None
    if unit.rows(Span(ACCEPTED, period.start_us, period.close_us, most=1)):
        return None
    before = [
        unit.rows(Span(ACCEPTED, each.start_us, each.close_us, most=parameters.usual))
        for each in _look_back(period, parameters, calendar)
    ]
    last = next((rows for rows in before if rows), ())
    if len(before) == parameters.periods and all(len(r) >= parameters.usual for r in before):
        return Found(f"usual={parameters.usual} periods={parameters.periods}", last)
    elsewhere = _elsewhere(unit, parameters)
    if elsewhere:
        return Found(f"elsewhere={len(elsewhere)}", [*last, *elsewhere])
    return None


def _elsewhere(unit: UnitPeriod, parameters: _Parameters) -> list[UnitFact]:
    """Return cases other departments had of this one's matters, if there are enough of them."""
    if parameters.siblings is None:
        return []
    period = unit.period
    own = [
        row.about
        for span in _earlier(period, parameters, unit.calendar)
        for row in unit.rows(span._replace(most=_MATTERS_READ_MAX))
    ]
    if not own:
        return []
    matters = tuple(sorted(set(own)))
    asked = Span(
        ACCEPTED, period.start_us, period.close_us, parameters.siblings, elsewhere=True,
        about=matters,
    )  # fmt: skip
    rows = list(unit.rows(asked))
    return rows if len(rows) >= parameters.siblings else []


RULE = UnitRule(
    name="silent-department",
    meaning="部门无办件：平时有办件的部门在一个周期内无任何受理",
    meaning_en="a department shows no case over a period in which it usually has some",
    judge=_judge,
    wakes=_earlier,
    read=_read,
    parameters=(
        ("usual", "acceptances in each earlier period from which on some are usual"),
        ("periods", "how many earlier periods say so"),
        ("siblings", "acceptances of its matters by other departments that say so too; optional"),
    ),
)
