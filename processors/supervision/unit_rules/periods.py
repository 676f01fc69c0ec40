"""Periods of a unit rule: the minute, day, week, month, quarter or year that holds an instant.

Days begin at local midnight of the hall's zone and weeks on Monday. A period holds its first
instant and not its close, which is the first instant of the next one.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from ledger.record import instant, micros
from ledger.work_calendar import WorkCalendar

PeriodName = Literal["minute", "day", "week", "month", "quarter", "year"]
PERIODS: tuple[PeriodName, ...] = get_args(PeriodName)
MINUTE_US = 60_000_000


class Period(NamedTuple):
    """One period, in µs since the epoch: from `start_us`, before `close_us`."""

    name: PeriodName
    start_us: int
    close_us: int


def period_holding(name: PeriodName, at_us: int, calendar: WorkCalendar) -> Period:
    """Return the period of a kind that holds an instant."""
    if name == "minute":
        start_us = at_us - at_us % MINUTE_US
        return Period(name, start_us, start_us + MINUTE_US)
    day = local(at_us, calendar).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if name == "day":
        return Period(name, micros(day), micros(day + timedelta(days=1)))
    if name == "week":
        day -= timedelta(days=day.weekday())
        return Period(name, micros(day), micros(day + timedelta(days=7)))
    months = {"month": 1, "quarter": 3, "year": 12}[name]
    first = (day.month - 1) // months * months
    return Period(name, _month(day, first), _month(day, first + months))


def period_before(period: Period, calendar: WorkCalendar) -> Period:
    """Return the period of the same kind that ends where this one starts."""
    return period_holding(period.name, period.start_us - 1, calendar)


def local(at_us: int, calendar: WorkCalendar) -> datetime:
    """Return an instant as the hall's local time."""
    return instant(at_us, ZoneInfo(calendar.spec.zone))


def _month(day: datetime, number: int) -> int:
    """Return the first instant of a month of the day's year, counted from 0; 12 is next year's."""
    return micros(day.replace(year=day.year + number // 12, month=number % 12 + 1, day=1))
