from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.work_calendar import (
    MINUTE_US,
    CalendarSpec,
    DayRule,
    OfficeHours,
    OutsideCalendar,
    Spans,
    WorkCalendar,
)

HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LUNCH_DAY = OfficeHours(default=((540, 720), (780, 1020)))
WHOLE_DAY = OfficeHours(default=((0, 1440),))


def us(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return (local - EPOCH) // MICROSECOND


def wall(t_us: int, zone: str = "Asia/Shanghai") -> str:
    local = (EPOCH + t_us * MICROSECOND).astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=None).isoformat(" ")


def make(
    zone: str = "Asia/Shanghai",
    office_hours: tuple[OfficeHours, ...] = (LUNCH_DAY,),
    days: dict[date, DayRule] | None = None,
    weekdays: frozenset[int] = frozenset(range(5)),
    standard_day_us: int | None = None,
) -> WorkCalendar:
    spec = CalendarSpec(
        name="test",
        version="1",
        zone=zone,
        working_weekdays=weekdays,
        office_hours=office_hours,
        days=days or {},
        expected_days={date(2027, 2, 5): "春节"},
        yearly_holidays={(1, 1): "元旦", (10, 1): "国庆节"},
        published_years=frozenset({*range(2018, 2027), 2030}),
        standard_day_us=standard_day_us,
    )
    return WorkCalendar(spec)


SHANGHAI = make()
AMSTERDAM = make("Europe/Amsterdam", (OfficeHours(default=((540, 1020),)),))
ROUND_THE_CLOCK = make("Europe/Amsterdam", (WHOLE_DAY,), weekdays=frozenset(range(7)))


def test_budget_used_up_at_friday_close_lasts_until_monday_opening() -> None:
    w_us = SHANGHAI.worked_us(us("2018-10-19 17:00"))
    assert wall(SHANGHAI.first_instant(w_us)) == "2018-10-19 17:00:00"
    assert wall(SHANGHAI.last_instant(w_us)) == "2018-10-22 09:00:00"
    assert SHANGHAI.worked_us(us("2018-10-22 09:00:01")) == w_us + 1_000_000


def test_segments_are_the_office_spans_clipped_to_the_interval() -> None:
    found = SHANGHAI.segments(us("2018-10-19 11:00"), us("2018-10-22 10:00"))
    assert [(wall(start), wall(end)) for start, end in found] == [
        ("2018-10-19 11:00:00", "2018-10-19 12:00:00"),
        ("2018-10-19 13:00:00", "2018-10-19 17:00:00"),
        ("2018-10-22 09:00:00", "2018-10-22 10:00:00"),
    ]
    assert SHANGHAI.segments(us("2018-10-19 12:10"), us("2018-10-19 12:50")) == []
    assert SHANGHAI.segments(us("2018-10-19 10:00"), us("2018-10-19 10:00")) == []


def test_half_day_has_its_own_hours_and_counts_as_a_working_day() -> None:
    half = DayRule(working=True, name="半日", hours=((540, 720),))
    calendar = make(days={date(2026, 2, 14): half})  # a Saturday
    worked = calendar.worked_us(us("2026-02-15 00:00")) - calendar.worked_us(us("2026-02-14 00:00"))
    assert worked == 3 * HOUR_US
    assert wall(calendar.close_of(date(2026, 2, 14))) == "2026-02-14 12:00:00"
    assert calendar.working_days_between(date(2026, 2, 13), date(2026, 2, 16)) == 2


def test_office_hours_change_from_a_date_and_differ_by_weekday() -> None:
    summer = OfficeHours(
        since=date(2026, 6, 1), default=((510, 720), (900, 1110)), by_weekday={4: ((510, 720),)}
    )
    calendar = make(office_hours=(LUNCH_DAY, summer))
    assert wall(calendar.close_of(date(2026, 5, 29))) == "2026-05-29 17:00:00"
    assert wall(calendar.close_of(date(2026, 6, 1))) == "2026-06-01 18:30:00"
    assert wall(calendar.close_of(date(2026, 6, 5))) == "2026-06-05 12:00:00"
    week = calendar.worked_us(us("2026-06-08 00:00")) - calendar.worked_us(us("2026-06-01 00:00"))
    assert week == (4 * 7 * 60 + 3 * 60 + 30) * MINUTE_US


def test_close_of_a_day_off_is_refused() -> None:
    with pytest.raises(AssertionError, match="2026-03-01 is no working day"):
        SHANGHAI.close_of(date(2026, 3, 1))


def test_counting_no_days_stays_and_negative_counts_go_back() -> None:
    sunday = date(2026, 3, 1)
    assert SHANGHAI.nth_working_day_after(sunday, 0) == sunday
    assert SHANGHAI.nth_working_day_after(sunday, -1) == date(2026, 2, 27)
    assert SHANGHAI.nth_working_day_after(date(2026, 3, 3), -2) == date(2026, 2, 27)
    assert SHANGHAI.working_days_between(date(2026, 3, 3), date(2026, 2, 27)) == -2


def test_unpublished_year_is_computed_from_weekdays_and_known_holidays() -> None:
    assert not SHANGHAI.is_working_day(date(2027, 1, 1))
    assert not SHANGHAI.is_working_day(date(2027, 2, 5))
    assert SHANGHAI.is_working_day(date(2027, 1, 4))
    assert SHANGHAI.is_working_day(date(2026, 10, 1)), "a published year is taken as it is"


def test_span_is_provisional_as_soon_as_it_touches_an_unpublished_year() -> None:
    last, first = us("2026-12-31 23:59:59"), us("2027-01-01 00:00")
    assert not SHANGHAI.provisional_from(us("2026-01-05 09:00"), last)
    assert SHANGHAI.provisional_from(last, first)
    assert SHANGHAI.provisional_from(first, last)
    assert SHANGHAI.provisional_from(last, us("2030-05-01 00:00")), "the gap between counts"
    assert not SHANGHAI.provisional_from(us("2030-05-01 00:00"), us("2030-05-01 00:00"))


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_round_the_clock_a_day_of_changing_clocks_is_shorter_or_longer(
    day: str, hours: int
) -> None:
    start = us(day, "Europe/Amsterdam")
    end = ROUND_THE_CLOCK.midnight_after(date.fromisoformat(day))
    assert end - start == hours * HOUR_US
    assert ROUND_THE_CLOCK.worked_us(end) - ROUND_THE_CLOCK.worked_us(start) == hours * HOUR_US


@pytest.mark.parametrize(
    ("friday", "instant"),
    [("2026-03-27", "2026-03-30T07:30:00+00:00"), ("2026-10-23", "2026-10-26T08:30:00+00:00")],
)
def test_office_hours_follow_the_wall_clock_over_a_change(friday: str, instant: str) -> None:
    w_us = AMSTERDAM.worked_us(us(f"{friday} 16:30", "Europe/Amsterdam")) + HOUR_US
    assert EPOCH + AMSTERDAM.first_instant(w_us) * MICROSECOND == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("start", "fold", "days", "later"),
    [
        ("2026-03-28 02:30", 0, 1, "2026-03-29 03:30:00"),  # does not occur: moves on
        ("2026-03-30 02:30", 0, -1, "2026-03-29 03:30:00"),
        ("2026-10-25 02:30", 1, 1, "2026-10-26 02:30:00"),
        ("2026-03-20 09:15", 0, 10, "2026-03-30 09:15:00"),
        ("2026-10-20 23:59:59.999999", 0, 10, "2026-10-30 23:59:59.999999"),
    ],
)
def test_same_time_days_later_keeps_the_wall_clock(
    start: str, fold: int, days: int, later: str
) -> None:
    found = AMSTERDAM.same_time_days_later(us(start, "Europe/Amsterdam", fold), days)
    assert wall(found, "Europe/Amsterdam") == later


def test_time_that_occurs_twice_means_its_first_occurrence() -> None:
    found = AMSTERDAM.same_time_days_later(us("2026-10-24 02:30", "Europe/Amsterdam"), 1)
    assert EPOCH + found * MICROSECOND == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    second = us("2026-10-25 02:30", "Europe/Amsterdam", fold=1)
    assert AMSTERDAM.same_time_days_later(second, 0) == second


def test_office_spans_that_a_gap_moves_onto_each_other_count_once() -> None:
    nights = (OfficeHours(default=((120, 150), (180, 240))),)
    calendar = make("Europe/Amsterdam", nights, weekdays=frozenset({6}))
    start = us("2026-03-29 00:00", "Europe/Amsterdam")
    found = calendar.segments(start, start + DAY_US)
    assert [(end - start) // MINUTE_US for start, end in found] == [30, 30]
    assert wall(found[-1][1], "Europe/Amsterdam") == "2026-03-29 04:00:00"


def test_day_that_a_zone_skipped_is_no_working_day() -> None:
    apia = make("Pacific/Apia")
    friday = date(2011, 12, 30)
    assert friday.weekday() == 4
    assert not apia.is_working_day(friday)
    assert apia.midnight_after(friday) == apia.midnight_after(date(2011, 12, 29))


def test_first_and_last_instants_that_intake_takes_are_inside() -> None:
    calendar = make()
    for text in ("1970-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00"):
        t_us = (datetime.fromisoformat(text) - EPOCH) // MICROSECOND
        w_us = calendar.worked_us(t_us)
        assert calendar.first_instant(w_us) <= t_us <= calendar.last_instant(w_us)


OUTSIDE: dict[str, Callable[[], object]] = {
    "instant before": lambda: SHANGHAI.worked_us(-40_000_000_000_000),
    "instant beyond any clock": lambda: SHANGHAI.worked_us(10**19),
    "budget": lambda: SHANGHAI.first_instant(10**18),
    "budget backwards": lambda: SHANGHAI.last_instant(-(10**18)),
    "working days": lambda: SHANGHAI.nth_working_day_after(date(2026, 1, 5), 10**6),
    "working days backwards": lambda: SHANGHAI.nth_working_day_after(date(2026, 1, 5), -(10**6)),
    "day": lambda: SHANGHAI.is_working_day(date(2201, 1, 1)),
    "natural days": lambda: SHANGHAI.same_time_days_later(0, 10**9),
    "natural days from nowhere": lambda: SHANGHAI.same_time_days_later(10**19, 1),
    "natural days to nowhere": lambda: SHANGHAI.same_time_days_later(0, 366 * 231),
}


@pytest.mark.parametrize("ask", OUTSIDE.values(), ids=OUTSIDE)
def test_outside_the_supported_years_the_answer_is_an_error(ask: Callable[[], object]) -> None:
    with pytest.raises(OutsideCalendar, match="1969–2200"):
        ask()


def test_values_do_not_depend_on_the_order_in_which_years_were_asked_for() -> None:
    instants = [us(f"{year}-05-20 10:20") for year in (2026, 2012, 2031, 1999, 2020, 2004)]
    one, other = make(), make()
    forwards = [one.worked_us(t_us) for t_us in sorted(instants)]
    assert [other.worked_us(t_us) for t_us in sorted(instants, reverse=True)] == forwards[::-1]


def test_answers_at_the_edge_of_the_years_already_known_reach_beyond_it() -> None:
    assert make().worked_us(us("2020-01-01 00:00")) == 0
    assert wall(make().first_instant(0)) == "2019-12-31 17:00:00"
    assert wall(make().last_instant(0)) == "2020-01-01 09:00:00"
    w_us = make().worked_us(us("2020-12-31 17:00"))
    assert wall(make().last_instant(w_us)) == "2021-01-01 09:00:00"
    new_year = make(days={date(2020, 1, 1): DayRule(working=False)})
    assert new_year.nth_working_day_after(date(2020, 1, 2), -1) == date(2019, 12, 31)
    weekend = make(days={date(2021, 1, 1): DayRule(working=False)})
    assert weekend.next_working_day(date(2020, 12, 31)) == date(2021, 1, 4)


def test_threads_that_extend_the_table_together_get_equal_answers() -> None:
    calendar, expected = make(), make()
    instants = [us(f"{year}-05-20 10:20") for year in (2035, 2005, 2040, 2000)]

    def ask(first: int) -> list[int]:
        order = instants[first:] + instants[:first]
        found = {t_us: calendar.worked_us(t_us) for t_us in order}
        return [found[t_us] for t_us in instants]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert answers == [[expected.worked_us(t_us) for t_us in instants]] * 4


ZONES = ("Asia/Shanghai", "Europe/Amsterdam", "America/Sao_Paulo", "Australia/Lord_Howe")
# Around New Year, both changes of summer time of each zone, and a leap day.
ANCHORS = ("2015-10-16", "2016-02-19", "2019-12-30", "2024-02-28", "2026-03-27", "2026-10-23")


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    """Office hours whose bounds are not in the small hours, where clocks change."""
    if draw(st.integers(0, 5)) == 0:
        return ((0, 1440),)
    minutes = sorted(draw(st.sets(st.integers(5 * 60, 22 * 60), min_size=2, max_size=6)))
    return tuple(zip(minutes[0::2], minutes[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[WorkCalendar, int]:
    """A calendar full of exceptions around an instant, and that instant."""
    zone, anchor = draw(st.sampled_from(ZONES)), date.fromisoformat(draw(st.sampled_from(ANCHORS)))
    near = st.integers(-3, 6).map(lambda n: anchor + timedelta(days=n))
    rules = st.one_of(
        st.just(DayRule(working=False)),
        st.builds(DayRule, working=st.just(True), hours=st.one_of(st.none(), spans())),
    )
    changed = OfficeHours(
        since=draw(near), default=draw(spans()), by_weekday={draw(st.integers(0, 6)): draw(spans())}
    )
    calendar = make(
        zone,
        (OfficeHours(default=draw(spans())), changed),
        draw(st.dictionaries(near, rules, max_size=5)),
        draw(st.frozensets(st.integers(0, 6), min_size=1)),
        standard_day_us=7 * HOUR_US,
    )
    offset_us = draw(st.integers(0, 3 * DAY_US))
    return calendar, us(anchor.isoformat(), zone) + offset_us


def works_at(spec: CalendarSpec, t_us: int) -> bool:
    """Read the wall clock at an instant and look the day up: no tables, no arithmetic."""
    local = (EPOCH + t_us * MICROSECOND).astimezone(ZoneInfo(spec.zone))
    day, minute = local.date(), local.hour * 60 + local.minute
    rule = spec.days.get(day)
    hours = [each for each in spec.office_hours if each.since <= day][-1]
    usual = hours.by_weekday.get(day.weekday(), hours.default)
    if rule is not None:
        todays = (rule.hours or usual) if rule.working else ()
    elif day.weekday() not in spec.working_weekdays:
        todays = ()
    elif day.year in spec.published_years:
        todays = usual
    else:
        named = day in spec.expected_days or (day.month, day.day) in spec.yearly_holidays
        todays = () if named else usual
    return any(start <= minute < end for start, end in todays)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 2 * 1440))
def test_worked_time_equals_the_minutes_read_off_a_wall_clock(
    case: tuple[WorkCalendar, int], count: int
) -> None:
    calendar, t_us = case
    start = t_us // MINUTE_US
    read = sum(works_at(calendar.spec, n * MINUTE_US) for n in range(start, start + count))
    start_w = calendar.worked_us(start * MINUTE_US)
    assert calendar.worked_us((start + count) * MINUTE_US) - start_w == read * MINUTE_US


@settings(max_examples=100, deadline=None)
@given(calendars(), st.integers(-60 * HOUR_US, 60 * HOUR_US))
def test_plateau_of_a_budget_is_exactly_where_worked_time_equals_it(
    case: tuple[WorkCalendar, int], budget_us: int
) -> None:
    calendar, t_us = case
    w_us = calendar.worked_us(t_us) + budget_us
    first, last = calendar.first_instant(w_us), calendar.last_instant(w_us)
    assert first <= last
    assert calendar.worked_us(first) == calendar.worked_us(last) == w_us
    assert calendar.worked_us(first - 1) == w_us - 1
    assert calendar.worked_us(last + 1) == w_us + 1


@settings(max_examples=60, deadline=None)
@given(calendars())
def test_instant_lies_on_the_plateau_of_its_own_worked_time(
    case: tuple[WorkCalendar, int],
) -> None:
    calendar, t_us = case
    w_us = calendar.worked_us(t_us)
    first, last = calendar.first_instant(w_us), calendar.last_instant(w_us)
    assert first <= t_us <= last
    assert works_at(calendar.spec, t_us) == (last == t_us)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(0, 10 * DAY_US))
def test_worked_time_never_falls_and_is_the_sum_of_its_segments(
    case: tuple[WorkCalendar, int], later_us: int
) -> None:
    calendar, t_us = case
    found = calendar.segments(t_us, t_us + later_us)
    worked = calendar.worked_us(t_us + later_us) - calendar.worked_us(t_us)
    assert 0 <= worked == sum(end - start for start, end in found)
    assert all(t_us <= start < end <= t_us + later_us for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(-400, 400).filter(bool))
def test_counted_working_days_are_those_found_by_walking(
    case: tuple[WorkCalendar, int], n: int
) -> None:
    calendar, t_us = case
    day = calendar.local_day(t_us)
    walked, left = day, abs(n)
    while left:
        walked += timedelta(days=1 if n > 0 else -1)
        left -= calendar.is_working_day(walked)
    assert calendar.nth_working_day_after(day, n) == walked
    counted = calendar.working_days_between(day, walked)
    assert counted == n or (n < 0 and not calendar.is_working_day(day) and counted == n + 1)


@settings(max_examples=60, deadline=None)
@given(calendars())
def test_local_day_agrees_with_the_wall_clock(case: tuple[WorkCalendar, int]) -> None:
    calendar, t_us = case
    day = calendar.local_day(t_us)
    assert wall(t_us, calendar.spec.zone).startswith(day.isoformat())
    assert calendar.midnight_after(day - timedelta(days=1)) <= t_us < calendar.midnight_after(day)


@settings(max_examples=60, deadline=None)
@given(calendars(), st.integers(-3000, 3000))
def test_days_later_the_wall_clock_reads_the_same_or_lies_in_a_gap(
    case: tuple[WorkCalendar, int], days: int
) -> None:
    calendar, t_us = case
    zone = calendar.spec.zone
    wanted = datetime.fromisoformat(wall(t_us, zone)) + timedelta(days=days)
    found = datetime.fromisoformat(wall(calendar.same_time_days_later(t_us, days), zone))
    assert timedelta(0) <= found - wanted <= timedelta(hours=1)
    if found != wanted:
        assert us(wanted.isoformat(), zone, fold=1) != us(wanted.isoformat(), zone, fold=0)
