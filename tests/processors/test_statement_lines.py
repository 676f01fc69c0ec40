"""Worked statements of intervals: every kind of line and every measure, told line by line."""

import pytest

from processors.supervision.explain import (
    explain_case,
)
from tests.golden.language import (
    HOUR_US,
    accepted,
    at,
    policy,
    resumed,
    stopped,
)
from tests.processors.statement_words import clocks, lines, notes

NOTICE = "2018-10-16T10:00:00+08:00"

# --- office hours -------------------------------------------------------------------------------


def test_a_handling_clock_by_the_second_names_lunch_night_weekend_and_stop() -> None:
    case = [
        accepted("2018-10-18 16:00:00"),
        stopped("2018-10-19 10:00:00", "3 working_day"),
        resumed("2018-10-22 11:00:00"),
    ]
    why = clocks(case, "2018-10-22 14:00:00")["handling"]
    assert lines(why) == [
        "counted running 10-18 16:00:00 … 10-18 17:00:00 = 1",
        "not_working night 10-18 17:00:00 … 10-19 09:00:00 = 1",
        "counted running 10-19 09:00:00 … 10-19 10:00:00 = 2",
        "stopped stop 10-19 10:00:00 … 10-19 12:00:00 = 2",
        "not_working lunch 10-19 12:00:00 … 10-19 13:00:00 = 2",
        "stopped stop 10-19 13:00:00 … 10-19 17:00:00 = 2",
        "not_working weekend 10-19 17:00:00 … 10-22 09:00:00 = 2",
        "stopped stop 10-22 09:00:00 … 10-22 11:00:00 = 2",
        "counted running 10-22 11:00:00 … 10-22 12:00:00 = 3",
        "not_working lunch 10-22 12:00:00 … 10-22 13:00:00 = 3",
        "counted running 10-22 13:00:00 … 10-22 14:00:00 = 4",
    ]
    assert [each.record.fact.TYPE.split(".")[2] for each in why.intervals] == [
        *("accepted",) * 3, *("clock-stopped",) * 5, *("clock-resumed",) * 3,
    ]  # fmt: skip
    assert why.intervals[3].basis == "《行政许可法》第四十五条"
    assert why.intervals[6].basis.startswith("cn ")


def test_holidays_and_make_up_workdays_bear_the_calendars_names() -> None:
    why = clocks([accepted("2018-09-30 16:00:00")], "2018-10-08 10:00:00")["handling"]
    assert lines(why) == [
        "counted makeup-workday 国庆节调休上班 09-30 16:00:00 … 09-30 17:00:00 = 1",
        "not_working holiday 国庆节 09-30 17:00:00 … 10-08 09:00:00 = 1",
        "counted running 10-08 09:00:00 … 10-08 10:00:00 = 2",
    ]


def test_a_weekend_beside_a_holiday_is_a_line_of_its_own() -> None:
    why = clocks([accepted("2018-04-27 17:00:00")], "2018-05-02 10:00:00")["handling"]
    names = [(each.reason, each.day) for each in why.intervals if each.kind == "not_working"]
    assert names[:1] == [("night", "")]
    assert ("holiday", "劳动节") in names
    why = clocks([accepted("2018-09-21 17:00:00")], "2018-09-25 10:00:00")["handling"]
    assert lines(why)[:2] == [
        "not_working weekend 09-21 17:00:00 … 09-24 00:00:00 = 0",
        "not_working holiday 中秋 09-24 00:00:00 … 09-25 09:00:00 = 0",
    ]


def test_a_stop_that_goes_on_beyond_the_time_applied_for_is_counted_and_says_so() -> None:
    case = [accepted(), stopped("2018-10-16 10:00:00", "1 working_day")]
    why = clocks(case, "2018-10-17 12:00:00")["handling"]
    assert lines(why)[-1] == ("counted stop-beyond-applied 10-17 10:00:00 … 10-17 12:00:00 = 9")
    assert why.intervals[-1].record.fact.TYPE == "hall.case.clock-stopped.v1"
    assert "特别程序时限" in why.intervals[-1].basis


@pytest.mark.basis("行政许可法", 45)
@pytest.mark.parametrize(
    ("procedure", "notice", "reason"),
    [
        ("publicity", NOTICE, "stop-not-listed"),
        ("hearing", None, "stop-without-notice"),
        ("hearing", NOTICE, None),
    ],
)
def test_a_stop_that_the_law_does_not_know_is_counted_and_its_line_says_why(
    procedure: str, notice: str | None, reason: str | None
) -> None:
    stop = stopped("2018-10-16 10:00:00", "1 working_day", procedure=procedure, notice_at=notice)
    why = clocks([accepted(), stop], "2018-10-18 12:00:00", "statutory")["handling"]
    by_reason = {each.reason: each for each in why.intervals}
    if reason is None:
        assert by_reason["stop-day"].kind == "excluded"
        assert why.used == 2
    else:
        assert by_reason[reason].kind == "counted"
        assert by_reason[reason].basis == "《行政许可法》第四十五条"
        assert "stop-day" not in by_reason
        assert why.used == 3


def test_an_open_stop_without_a_length_hides_the_end_and_says_it_is_stopped() -> None:
    why = clocks([accepted(), stopped("2018-10-16 10:00:00", None)], "2018-10-16 11:00:00")
    handling = why["handling"]
    assert handling.stopped
    assert [line.budget for line in handling.limits] == [None, None]
    assert lines(handling)[-1] == "stopped stop 10-16 10:00:00 … 10-16 11:00:00 = 7"


def test_at_the_end_of_the_promise_the_sum_is_what_was_granted_and_the_line_breaks_there() -> None:
    why = clocks([accepted()], "2018-10-24 11:00:00")["handling"]
    promised, statutory = why.limits
    assert (promised.budget, statutory.budget) == (49 * HOUR_US, 70 * HOUR_US)
    assert lines(why)[-2:] == [
        "counted running 10-24 09:00:00 … 10-24 10:00:00 = 49",
        "counted running 10-24 10:00:00 … 10-24 11:00:00 = 50",
    ]
    assert notes(why) == ["10-24 10:00:00 limit-ends promised"]
    assert (why.limit, why.overdue) == ("statutory", 0)


# --- days -----------------------------------------------------------------------------------------


@pytest.mark.basis("行政许可法", 82)
def test_the_statute_counts_whole_days_and_not_the_day_of_acceptance_nor_those_a_stop_touches() -> (
    None
):
    stop = stopped("2018-10-18 15:00:00", "2 working_day", notice_at=NOTICE)
    case = [accepted(statutory="5 working_day"), stop, resumed("2018-10-19 10:00:00")]
    why = clocks(case, "2018-10-25 10:00:00", "statutory")["handling"]
    assert (why.measure, why.limit) == ("working_days", "promised")
    assert lines(why) == [
        "excluded opening-day 10-15 10:00:00 … 10-16 00:00:00 = 0",
        "counted running 10-16 00:00:00 … 10-18 00:00:00 = 2",
        "excluded stop-day 10-18 00:00:00 … 10-20 00:00:00 = 2",
        "not_working weekend 10-20 00:00:00 … 10-22 00:00:00 = 2",
        "counted running 10-22 00:00:00 … 10-24 17:00:00 = 5",
        "not_working night 10-24 17:00:00 … 10-25 00:00:00 = 5",
        "counted running 10-25 00:00:00 … 10-25 10:00:00 = 6",
    ]
    assert why.intervals[0].basis == "《民法典》第二百零一条第一款"
    assert [line.budget for line in why.limits] == [7, 5]
    assert notes(why) == ["10-24 17:00:00 limit-ends statutory"]


def test_days_beyond_the_limit_are_counted_as_days() -> None:
    case = [accepted(promised=None, statutory="3 working_day")]
    why = clocks(case, "2018-10-22 10:00:00", "statutory")["handling"]
    assert (why.used, why.overdue, why.limit) == (5, 2, "statutory")
    evening = clocks(case, "2018-10-18 20:00:00", "statutory")["handling"]
    assert (evening.used, evening.overdue) == (3, 0)


def test_a_stop_takes_no_more_days_out_than_were_applied_for() -> None:
    stop = stopped("2018-10-16 10:00:00", "1 working_day", notice_at=NOTICE)
    why = clocks([accepted(), stop], "2018-10-18 10:00:00", "statutory")["handling"]
    assert lines(why)[1:] == [
        "excluded stop-day 10-16 00:00:00 … 10-17 00:00:00 = 0",
        "counted stop-beyond-applied 10-17 00:00:00 … 10-18 10:00:00 = 2",
    ]


# --- natural days, months, hours ------------------------------------------------------------------


@pytest.mark.basis("民法典", 203)
def test_natural_days_count_all_and_the_rolling_over_a_day_off_is_a_line_of_its_own() -> None:
    case = [accepted("2018-10-15 10:00:00", "5 natural_day", None)]
    why = clocks(case, "2018-10-22 18:00:00")["handling"]
    assert why.measure == "wall_time"
    assert lines(why) == [
        "counted running 10-15 10:00:00 … 10-20 10:00:00 = 120",
        "counted rolled 10-20 10:00:00 … 10-22 17:00:00 = 175",
        "counted running 10-22 17:00:00 … 10-22 18:00:00 = 176",
    ]
    assert why.intervals[1].basis == "《民法典》第二百零三条"


@pytest.mark.basis("民法典", 202)
def test_a_month_ends_on_the_corresponding_day() -> None:
    case = [accepted("2018-10-15 10:00:00", "1 month", None)]
    why = clocks(case, "2018-11-15 10:00:00")["handling"]
    assert lines(why) == ["counted running 10-15 10:00:00 … 11-15 10:00:00 = 744"]
    assert why.limits[0].budget == 744 * HOUR_US


def test_a_stop_is_taken_out_of_natural_time_with_its_whole_length() -> None:
    case = [accepted("2018-10-15 10:00:00", "90 hour", None), stopped("2018-10-15 18:00:00")]
    why = clocks([*case, resumed("2018-10-16 18:00:00")], "2018-10-17 10:00:00")["handling"]
    assert lines(why) == [
        "counted running 10-15 10:00:00 … 10-15 18:00:00 = 8",
        "stopped stop 10-15 18:00:00 … 10-16 18:00:00 = 8",
        "counted running 10-16 18:00:00 … 10-17 10:00:00 = 24",
    ]


def test_limits_of_two_measures_have_a_statement_each() -> None:
    case = [accepted(promised="5 natural_day", statutory="10 working_day")]
    found = explain_case(list(enumerate(case)), policy("hunan"), at("2018-10-16 10:00:00"))
    assert [(each.measure, each.limit) for each in found] == [
        ("wall_time", "promised"),
        ("working_time", "statutory"),
    ]
    assert [line.budget is None for line in found[0].limits] == [False, True]
