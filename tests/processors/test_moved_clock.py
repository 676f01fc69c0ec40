"""What moves a case clock: stops, their ends, extensions; and instants that the source declared."""

import pytest

from processors.supervision.clock import Extension, stop_end
from tests.golden.clocks import clock, declared, effective, stop
from tests.golden.language import at, calendar, limit, local

# --- stops -------------------------------------------------------------------------------------


def test_time_stopped_counts_only_where_it_overlaps_working_time() -> None:
    night = stop("2018-10-16 17:00:00", "2018-10-17 09:00:00")
    lunch = stop("2018-10-16 11:00:00", "2018-10-16 14:00:00")
    assert effective(clock(moves=[night]), "7 working_day") == "2018-10-24 10:00:00"
    assert effective(clock(moves=[lunch]), "7 working_day") == "2018-10-24 13:00:00"


def test_a_natural_limit_is_credited_with_a_stops_whole_length() -> None:
    night = stop("2018-10-16 17:00:00", "2018-10-17 09:00:00")
    assert effective(clock(moves=[night]), "7 natural_day") == "2018-10-23 02:00:00"
    assert effective(clock(moves=[night]), "24 hour") == "2018-10-16 10:00:00"
    assert effective(clock(moves=[night]), "48 hour") == "2018-10-18 02:00:00"


def test_overlapping_stops_are_united_and_not_summed() -> None:
    one = stop("2018-10-16 10:00:00", "2018-10-18 10:00:00")
    two = stop("2018-10-17 10:00:00", "2018-10-19 10:00:00")
    within = stop("2018-10-17 11:00:00", "2018-10-17 12:00:00")
    assert effective(clock(moves=[one, two]), "7 working_day") == "2018-10-29 10:00:00"
    assert effective(clock(moves=[one, two, within]), "7 working_day") == "2018-10-29 10:00:00"


def test_overlapping_stops_are_united_for_natural_limits_and_declared_instants_too() -> None:
    one = stop("2018-10-16 10:00:00", "2018-10-17 10:00:00")
    two = stop("2018-10-16 22:00:00", "2018-10-17 22:00:00")
    of = clock(moves=[one, two])
    assert effective(of, "7 natural_day") == "2018-10-23 22:00:00"
    assert effective(of, "48 hour") == "2018-10-18 22:00:00"
    assert declared(of, "2018-10-24 10:00:00", "natural_day") == "2018-10-25 22:00:00"
    early = stop("2018-10-12 10:00:00", "2018-10-15 22:00:00")
    assert effective(clock(moves=[early]), "48 hour") == "2018-10-17 22:00:00"


def test_a_stop_that_began_before_the_clock_opened_counts_from_the_opening() -> None:
    early = stop("2018-10-12 10:00:00", "2018-10-16 10:00:00")
    assert effective(clock(moves=[early]), "7 working_day") == "2018-10-25 10:00:00"


def test_an_open_stop_without_a_cap_leaves_no_instant_to_reach() -> None:
    of = clock(moves=[stop("2018-10-16 10:00:00", None)])
    for granted in ("7 working_day", "7 natural_day", "48 hour"):
        assert effective(of, granted) == "none"


def test_a_stop_that_comes_after_a_crossing_does_not_undo_it() -> None:
    after = stop("2018-10-24 10:00:00.000001", "2018-10-26 10:00:00")
    assert effective(clock(moves=[after]), "7 working_day") == "2018-10-24 10:00:00"


def test_a_stop_at_the_very_instant_is_in_time() -> None:
    just = stop("2018-10-24 10:00:00", "2018-10-26 10:00:00")
    assert effective(clock(moves=[just]), "7 working_day") == "2018-10-26 10:00:00"


def test_a_stop_on_the_plateau_of_a_used_up_budget_is_in_time() -> None:
    weekend = stop("2018-10-20 10:00:00", "2018-10-23 10:00:00")
    of = clock("2018-10-18 17:00:00", [weekend])
    assert effective(of, "1 working_day") == "2018-10-23 10:00:00"


def test_a_working_day_touched_by_a_stop_is_not_counted_under_statutory_day() -> None:
    touched = stop("2018-10-17 16:00:00", "2018-10-18 09:30:00")
    of = clock(moves=[touched], counting="statutory_day")
    assert effective(of, "7 working_day") == "2018-10-26 17:00:00"


def test_days_not_counted_under_statutory_day_are_at_most_those_applied_for() -> None:
    of = clock(
        moves=[stop("2018-10-16 10:00:00", "2018-10-19 10:00:00", 3)], counting="statutory_day"
    )
    assert effective(of, "7 working_day") == "2018-10-29 17:00:00"


def test_a_stop_on_the_day_of_acceptance_takes_nothing_from_statutory_days() -> None:
    of = clock(
        moves=[stop("2018-10-15 11:00:00", "2018-10-15 16:00:00", 1)], counting="statutory_day"
    )
    assert effective(of, "7 working_day") == "2018-10-24 17:00:00"


def test_stops_that_touch_one_day_twice_take_it_once_under_statutory_day() -> None:
    twice = [
        stop("2018-10-16 09:30:00", "2018-10-16 10:00:00", 1),
        stop("2018-10-16 15:00:00", "2018-10-16 16:00:00", 1),
    ]
    of = clock(moves=twice, counting="statutory_day")
    assert effective(of, "7 working_day") == "2018-10-25 17:00:00"


# --- the end of a stop -------------------------------------------------------------------------


def end_of_stop(applied: str | None, resumed: str | None, closed: str | None) -> str:
    found = stop_end(
        calendar(),
        at("2018-10-16 10:00:00"),
        None if applied is None else limit(applied),
        None if resumed is None else at(resumed),
        None if closed is None else at(closed),
    )
    return local(found)


@pytest.mark.parametrize(
    ("applied", "end"),
    [
        ("3 working_day", "2018-10-19 10:00:00"),
        ("7 working_hour", "2018-10-17 10:00:00"),
        ("10 natural_day", "2018-10-26 10:00:00"),
        ("36 hour", "2018-10-17 22:00:00"),
        ("30 minute", "2018-10-16 10:30:00"),
    ],
)
def test_a_stop_runs_out_after_the_time_applied_for_in_its_own_unit(applied: str, end: str) -> None:
    assert end_of_stop(applied, None, None) == end


def test_a_stop_ends_at_the_earliest_of_resumption_applied_time_and_completion() -> None:
    days = [f"2018-10-{day} 10:00:00" for day in (17, 18, 19)]
    assert end_of_stop("3 working_day", days[0], days[1]) == days[0]
    assert end_of_stop("3 working_day", days[1], days[0]) == days[0]
    assert end_of_stop("1 working_day", days[1], days[2]) == days[0]
    assert end_of_stop("3 working_day", "2018-12-01 10:00:00", None) == days[2]


def test_a_stop_without_applied_time_is_open_until_resumption_or_completion() -> None:
    assert end_of_stop(None, None, None) == "none"
    assert end_of_stop(None, "2018-12-03 10:00:00", None) == "2018-12-03 10:00:00"
    assert end_of_stop(None, None, "2018-12-03 10:00:00") == "2018-12-03 10:00:00"


def test_a_stop_after_the_completion_has_no_length() -> None:
    assert end_of_stop("3 working_day", None, "2018-10-01 10:00:00") == "2018-10-16 10:00:00"


# --- extensions --------------------------------------------------------------------------------


@pytest.mark.basis("行政许可法", 42)
@pytest.mark.parametrize(
    ("granted", "by", "end"),
    [
        ("7 working_day", "2 working_day", "2018-10-26 10:00:00"),
        ("7 working_day", "7 working_hour", "2018-10-25 10:00:00"),
        ("7 working_day", "1 natural_day", "2018-10-25 10:00:00"),
        ("7 natural_day", "1 natural_day", "2018-10-23 10:00:00"),
        ("48 hour", "30 minute", "2018-10-17 10:30:00"),
    ],
)
def test_an_extension_adds_its_own_unit(granted: str, by: str, end: str) -> None:
    longer = Extension(at("2018-10-16 10:00:00"), limit(by))
    assert effective(clock(moves=[longer]), granted) == end


def test_an_extension_adds_whole_working_days_under_statutory_day() -> None:
    longer = Extension(at("2018-10-16 10:00:00"), limit("10 working_day"))
    of = clock(moves=[longer], counting="statutory_day")
    assert effective(of, "10 working_day") == "2018-11-12 17:00:00"


def test_an_extension_after_the_crossing_comes_too_late_and_at_the_instant_it_does_not() -> None:
    for instant, end in (
        ("2018-10-24 10:00:00", "2018-10-25 10:00:00"),
        ("2018-10-24 10:00:01", "2018-10-24 10:00:00"),
    ):
        longer = Extension(at(instant), limit("1 working_day"))
        assert effective(clock(moves=[longer]), "7 working_day") == end


# --- declared instants -------------------------------------------------------------------------


def test_a_declared_instant_passes_exactly_when_it_says() -> None:
    for instant in ("2018-10-24 10:00:00", "2018-10-20 23:59:59", "2018-10-24 12:30:00"):
        assert declared(clock(), instant) == instant


def test_a_declared_instant_is_never_clamped_to_the_acceptance() -> None:
    assert declared(clock(), "2018-10-01 08:00:00") == "2018-10-01 08:00:00"


def test_a_declared_instant_never_rolls() -> None:
    assert declared(clock(), "2018-10-21 10:00:00", "natural_day") == "2018-10-21 10:00:00"


def test_stops_and_extensions_move_a_declared_instant() -> None:
    day = stop("2018-10-16 10:00:00", "2018-10-17 10:00:00")
    longer = Extension(at("2018-10-18 10:00:00"), limit("1 working_day"))
    assert declared(clock(moves=[day]), "2018-10-24 10:00:00") == "2018-10-25 10:00:00"
    assert declared(clock(moves=[longer]), "2018-10-24 10:00:00") == "2018-10-25 10:00:00"
    both = clock(moves=[day, longer])
    assert declared(both, "2018-10-24 10:00:00") == "2018-10-26 10:00:00"
    assert declared(both, "2018-10-24 10:00:00", "natural_day") == "2018-10-26 10:00:00"


def test_an_open_stop_without_a_cap_holds_a_declared_instant() -> None:
    of = clock(moves=[stop("2018-10-16 10:00:00", None)])
    assert declared(of, "2018-10-24 10:00:00") == "none"
    assert declared(of, "2018-10-16 09:00:00") == "2018-10-16 09:00:00"


@pytest.mark.parametrize(
    ("unit", "offset", "end"),
    [
        ("working_day", -3, "2018-10-19 10:00:00"),
        ("natural_day", -5, "2018-10-19 10:00:00"),
        ("working_hour", -1, "2018-10-24 09:00:00"),
        ("hour", -1, "2018-10-24 09:00:00"),
    ],
)
def test_a_threshold_before_a_declared_instant_is_counted_in_the_packs_unit(
    unit: str, offset: int, end: str
) -> None:
    assert declared(clock(), "2018-10-24 10:00:00", unit, offset) == end
