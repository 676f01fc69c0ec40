"""Calendar arithmetic inverts: from time to working time, days and limits, and back again."""

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.fact import Limit
from processors.supervision.clock import CaseClock, Extension, StopSpan, span_later
from tests.golden.language import HOUR_US, at, calendar
from tests.simulation.said import GRID_US, START_US, slots
from tests.simulation.strategies import moves
from tests.simulation.walk import EXAMPLES

Counting = Literal["working_seconds", "statutory_day"]
NAMES = ("cn", "nl-weekdays")
calendars = pytest.mark.parametrize("name", NAMES)
often = settings(max_examples=EXAMPLES)
FIRST_US, LAST_US = at("2015-01-01 00:00:00"), at("2030-12-31 00:00:00")
instants = st.one_of(
    st.integers(FIRST_US, LAST_US),
    st.integers(0, (LAST_US - FIRST_US) // GRID_US).map(lambda n: FIRST_US + n * GRID_US),
)


@calendars
@often
@given(instant=instants, more=st.integers(0, 400 * HOUR_US))
def test_working_time_and_its_instants_invert_each_other(
    name: str, instant: int, more: int
) -> None:
    """An instant lies between the first and the last with its working time, those included."""
    cal = calendar(name)
    worked = cal.worked_us(instant)
    assert cal.first_instant(worked) <= instant <= cal.last_instant(worked)
    for budget in (worked, worked + more):
        first, last = cal.first_instant(budget), cal.last_instant(budget)
        assert cal.worked_us(first) == cal.worked_us(last) == budget
        assert cal.worked_us(first - 1) == budget - 1
        assert cal.worked_us(last + 1) == budget + 1


@calendars
@often
@given(instant=instants, number=st.integers(1, 300))
def test_working_days_forward_and_back_invert_each_other(
    name: str, instant: int, number: int
) -> None:
    """So many working days on and back again is the same day, if that is one."""
    cal = calendar(name)
    day = cal.local_day(instant)
    later = cal.nth_working_day_after(day, number)
    earlier = cal.nth_working_day_after(day, -number)
    assert cal.working_days_between(day, later) == number
    assert cal.working_days_between(later, day) == -number
    assert cal.is_working_day(later)
    assert cal.is_working_day(earlier)
    if cal.is_working_day(day):
        assert cal.nth_working_day_after(later, -number) == day
        assert cal.nth_working_day_after(earlier, number) == day


@often
@given(instant=instants, number=st.integers(-500, 500))
def test_natural_days_forward_and_back_invert_each_other(instant: int, number: int) -> None:
    """Where clocks do not change; where they do, a local time may not occur."""
    cal = calendar("cn")
    there = cal.same_time_days_later(instant, number)
    assert there - instant == number * 24 * HOUR_US
    assert cal.same_time_days_later(there, -number) == instant


@calendars
@often
@given(instant=instants, months=st.integers(1, 30))
def test_months_forward_and_back_invert_each_other_but_for_days_a_month_lacks(
    name: str, instant: int, months: int
) -> None:
    """The corresponding day, or the last one of a month too short for it (民法典 202)."""
    cal = calendar(name)
    day = cal.local_day(instant)
    there_us = span_later(cal, "working_seconds", instant, Limit(amount=months, unit="month"))
    there = cal.local_day(there_us)
    passed = (there.year - day.year) * 12 + there.month - day.month
    assert passed == months
    next_day = cal.local_day(cal.same_time_days_later(there_us, 1))
    assert there.day == day.day or (there.day < day.day and next_day.day == 1)
    if there.day == day.day and name == "cn":
        back = CaseClock(cal, instant, (), "working_seconds").reach_declared(
            there_us, "month", -months
        )
        assert back.effective_us == instant


@pytest.mark.parametrize("unit", ["working_day", "working_hour", "hour", "minute"])
@often
@given(opened=slots, amount=st.integers(1, 40), moved=moves(), spare=st.integers(1, 5_000))
def test_what_a_clock_has_used_at_its_limit_is_the_limit(
    unit: Any, opened: int, amount: int, moved: Any, spare: int
) -> None:
    """Reaching and measuring invert each other, stops taken out; one microsecond later is over."""
    stops = [move for move in moved if not isinstance(move, Extension) and move.end_us is not None]
    of = CaseClock(calendar(), START_US + opened * GRID_US, stops, "working_seconds")
    end_us = of.reach(Limit(amount=amount, unit=unit), 0).effective_us
    assert end_us is not None
    a_day_us = of.calendar.standard_day_us
    unit_us = {"working_day": a_day_us, "working_hour": HOUR_US, "hour": HOUR_US}
    budget_us = amount * unit_us.get(unit, HOUR_US // 60)
    assert of.used(unit, end_us)[0] == budget_us
    assert of.used(unit, end_us + spare)[0] > budget_us
    assert of.overdue(unit, end_us, end_us) == 0
    assert of.overdue(unit, end_us, end_us + spare) > 0


@often
@given(opened=slots, amount=st.integers(1, 40), stop=st.tuples(slots, st.integers(0, 300)))
def test_the_days_counted_up_to_a_limit_are_the_limit(
    opened: int, amount: int, stop: tuple[int, int]
) -> None:
    """Counted in days: those after the opening up to the end, less those a stop touched."""
    cal = calendar()
    opened_us = START_US + opened * GRID_US
    start_us = START_US + stop[0] * GRID_US
    span = StopSpan(start_us, start_us + stop[1] * GRID_US)
    of = CaseClock(cal, opened_us, [span], "statutory_day")
    end_us = of.reach(Limit(amount=amount, unit="working_day"), 0).effective_us
    assert end_us is not None
    first, last = cal.local_day(opened_us), cal.local_day(end_us)
    plain_us = cal.close_of(cal.nth_working_day_after(first, amount))
    touched = {
        cal.local_day(begun_us)
        for begun_us, _ in cal.segments(max(start_us, opened_us), max(start_us, span.end_us or 0))
    }
    taken = {day for day in touched if first < day <= last} if start_us <= plain_us else set()
    assert cal.working_days_between(first, last) - len(taken) == amount
    assert end_us == cal.close_of(last)
