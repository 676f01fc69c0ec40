"""The case clock on its own: every unit, both counting policies, plateaus, thresholds."""

import pytest

from tests.golden.clocks import clock, due, effective, stop
from tests.golden.language import at, limit, local

# --- every unit --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("granted", "end"),
    [
        ("1 working_day", "2018-10-16 10:00:00"),
        ("5 working_day", "2018-10-22 10:00:00"),
        ("7 working_hour", "2018-10-16 10:00:00"),
        ("3 working_hour", "2018-10-15 14:00:00"),
        ("24 hour", "2018-10-16 10:00:00"),
        ("90 minute", "2018-10-15 11:30:00"),
        ("3 natural_day", "2018-10-18 10:00:00"),
        ("0 working_day", "2018-10-15 17:00:00"),
        ("1 month", "2018-11-15 10:00:00"),
    ],
)
def test_elapsed_time_is_measured_in_the_unit_of_the_limit(granted: str, end: str) -> None:
    assert effective(clock(), granted) == end


def test_working_time_passes_over_holidays_and_counts_make_up_days() -> None:
    # National day 2018: 1–7 October off, Saturday 29 and Sunday 30 September worked.
    assert effective(clock("2018-09-28 10:00:00"), "3 working_day") == "2018-10-08 10:00:00"


def test_hours_and_minutes_run_at_night_and_on_holidays() -> None:
    assert effective(clock("2018-10-19 16:30:00"), "48 hour") == "2018-10-21 16:30:00"
    assert effective(clock("2018-10-19 16:30:00"), "45 minute") == "2018-10-19 17:15:00"


# --- counting policies -------------------------------------------------------------------------


@pytest.mark.basis("民法典", 201)
def test_the_day_of_acceptance_is_not_counted_under_statutory_day() -> None:
    whole = clock(counting="statutory_day")
    assert effective(whole, "1 working_day") == "2018-10-16 17:00:00"
    assert effective(whole, "7 working_day") == "2018-10-24 17:00:00"


def test_the_hour_of_acceptance_does_not_matter_under_statutory_day() -> None:
    for opened in ("2018-10-15 00:00:00", "2018-10-15 16:59:59", "2018-10-15 23:59:59"):
        of = clock(opened, counting="statutory_day")
        assert effective(of, "7 working_day") == "2018-10-24 17:00:00"


def test_a_statutory_day_ends_at_the_close_or_at_midnight_as_the_pack_says() -> None:
    of = clock(counting="statutory_day", midnight=True)
    assert effective(of, "7 working_day") == "2018-10-25 00:00:00"


def test_acceptance_on_a_day_off_counts_from_the_next_working_day_under_statutory_day() -> None:
    of = clock("2018-10-20 10:00:00", counting="statutory_day")
    assert effective(of, "1 working_day") == "2018-10-22 17:00:00"


def test_working_hours_are_seconds_under_either_policy() -> None:
    of = clock(counting="statutory_day")
    assert effective(of, "7 working_hour") == "2018-10-16 10:00:00"


def test_there_is_no_plateau_under_statutory_day() -> None:
    of = clock(counting="statutory_day")
    assert due(of, "4 working_day") == effective(of, "4 working_day") == "2018-10-19 17:00:00"


# --- plateaus ----------------------------------------------------------------------------------


def test_a_budget_used_up_at_17_on_friday_is_due_then_and_passes_on_monday_at_9() -> None:
    of = clock("2018-10-18 17:00:00")
    assert due(of, "1 working_day") == "2018-10-19 17:00:00"
    assert effective(of, "1 working_day") == "2018-10-22 09:00:00"


def test_a_budget_used_up_at_noon_is_due_then_and_passes_after_lunch() -> None:
    of = clock("2018-10-15 09:00:00")
    assert due(of, "3 working_hour") == "2018-10-15 12:00:00"
    assert effective(of, "3 working_hour") == "2018-10-15 13:00:00"


def test_the_due_instant_never_lies_before_the_fact_that_opened_the_clock() -> None:
    of = clock("2018-10-15 12:30:00")
    assert due(of, "0 working_hour") == "2018-10-15 12:30:00"
    assert effective(of, "0 working_hour") == "2018-10-15 13:00:00"


def test_an_acceptance_while_the_office_is_closed_starts_counting_when_it_opens() -> None:
    of = clock("2018-10-15 20:00:00")
    assert due(of, "1 working_day") == "2018-10-16 17:00:00"
    assert effective(of, "1 working_day") == "2018-10-17 09:00:00"


# --- natural days ------------------------------------------------------------------------------


def test_a_natural_day_limit_ends_at_the_same_time_of_day() -> None:
    assert effective(clock(), "10 natural_day") == "2018-10-25 10:00:00"


def test_a_natural_day_limit_keeps_its_time_of_day_outside_office_hours() -> None:
    assert effective(clock("2018-10-15 22:15:00"), "2 natural_day") == "2018-10-17 22:15:00"


@pytest.mark.basis("民法典", 203)
def test_a_natural_day_limit_that_ends_on_a_day_off_rolls_to_the_next_working_days_close() -> None:
    assert effective(clock(), "5 natural_day") == "2018-10-22 17:00:00"
    assert effective(clock("2018-09-26 10:00:00"), "7 natural_day") == "2018-10-08 17:00:00"


def test_a_natural_day_limit_may_end_on_a_make_up_day() -> None:
    assert effective(clock("2018-09-26 10:00:00"), "3 natural_day") == "2018-09-29 10:00:00"


# --- thresholds before a limit -----------------------------------------------------------------


def test_a_threshold_is_counted_in_the_unit_of_its_limit() -> None:
    assert effective(clock(), "7 working_day", -3) == "2018-10-19 10:00:00"
    assert effective(clock(), "7 working_hour", -3) == "2018-10-15 15:00:00"
    assert effective(clock(), "10 natural_day", -3) == "2018-10-22 10:00:00"
    assert effective(clock(), "24 hour", -3) == "2018-10-16 07:00:00"
    assert effective(clock(), "24 minute", -3) == "2018-10-15 10:21:00"
    assert effective(clock(counting="statutory_day"), "7 working_day", -1) == (
        "2018-10-23 17:00:00"
    )


@pytest.mark.parametrize(
    ("granted", "offset", "reached"),
    [
        ("3 working_day", -3, True),
        ("2 working_day", -3, True),
        ("4 working_day", -3, False),
        ("3 hour", -3, True),
        ("3 natural_day", 0, False),
        ("0 working_day", 0, False),
    ],
)
def test_a_threshold_before_its_limit_may_be_reached_when_the_clock_opens(
    granted: str, offset: int, reached: bool
) -> None:
    assert clock().reach(limit(granted), offset).at_opening is reached


def test_a_threshold_before_a_limit_that_rolled_is_not_reached_when_the_clock_opens() -> None:
    # Thursday and three natural days is a Sunday: the limit rolls to Monday's close, and three days
    # before that is Friday 17:00, a day after the opening.
    reach = clock("2018-10-18 10:00:00").reach(limit("3 natural_day"), -3)
    assert local(reach.effective_us) == "2018-10-19 17:00:00"
    assert not reach.at_opening


# --- used, stopped, overdue --------------------------------------------------------------------


def test_used_and_stopped_time_add_up_to_the_time_since_the_opening() -> None:
    hour_us = 3_600_000_000
    of = clock(moves=[stop("2018-10-16 10:00:00", "2018-10-17 10:00:00")])
    assert of.used("working_day", at("2018-10-18 10:00:00")) == (14 * hour_us, 7 * hour_us)
    assert of.used("natural_day", at("2018-10-18 10:00:00")) == (48 * hour_us, 24 * hour_us)
    assert of.used("working_day", at("2018-10-14 10:00:00")) == (0, 0)


def test_overdue_time_is_counted_from_the_end_of_the_limit() -> None:
    hour_us = 3_600_000_000
    of = clock("2018-10-18 17:00:00")
    end = of.reach(limit("1 working_day"), 0).effective_us
    assert of.overdue("working_day", end, at("2018-10-22 09:00:00")) == 0
    assert of.overdue("working_day", end, at("2018-10-22 10:00:00")) == hour_us
    assert of.overdue("working_day", None, at("2018-10-22 10:00:00")) == 0
