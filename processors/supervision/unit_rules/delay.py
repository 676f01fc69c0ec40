"""How late a record came in: from what happened to its recording, against a span of time."""

from collections.abc import Callable

from ledger.fact import Limit
from ledger.work_calendar import WorkCalendar
from processors.supervision.unit_rules.periods import MINUTE_US
from processors.supervision.unit_rules.unit_rule import UnitFact

HOUR_US = 60 * MINUTE_US


def later_than(span: Limit, calendar: WorkCalendar) -> Callable[[UnitFact], bool]:
    """Return what tells whether a row's record came in later than a span after it happened.

    Working days and hours are working time of the hall (a day is its standard day), the others run
    by the clock, a natural day or a month as days of local time. Exactly the span is not later.
    """
    unit, amount = span.unit, span.amount
    if unit in ("working_day", "working_hour"):
        length_us = calendar.standard_day_us if unit == "working_day" else HOUR_US
        budget_us = amount * length_us

        def by_working_time(row: UnitFact) -> bool:
            if row.at_us <= row.happened_us:
                return False
            return calendar.worked_us(row.at_us) - calendar.worked_us(row.happened_us) > budget_us

        return by_working_time
    if unit in ("hour", "minute"):
        wall_us = amount * (HOUR_US if unit == "hour" else MINUTE_US)
        return lambda row: row.at_us - row.happened_us > wall_us
    return lambda row: row.at_us > calendar.same_time_days_later(row.happened_us, amount)
