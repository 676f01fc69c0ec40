"""What no single golden history says of the rules on stops and extensions."""

from typing import Any

import pytest

from ledger.errors import PackInvalid
from tests.golden.language import (
    accepted,
    extended,
    later,
    resumed,
)
from tests.processors.rule_packs import DAY, FRI, MON, THU, TUE, WED, named, pack, stop


@pytest.mark.parametrize("percent", ["0", "101", "eighty"])
def test_a_share_of_the_promised_time_is_one_to_a_hundred_percent(percent: str) -> None:
    with pytest.raises(PackInvalid, match="percent"):
        pack(f"stop-near-limit|percent = {percent}\n" if percent.isdigit() else
             f'stop-near-limit|percent = "{percent}"\n')  # fmt: skip


@pytest.mark.parametrize(
    ("granted", "from_"),
    [
        ({"promised": "10 natural_day"}, "2018-10-23 10:00:00"),
        ({"promised": "10 hour"}, "2018-10-15 18:00:00"),
        # 34 working hours from Monday at ten to Friday's close; four fifths are 27 h 12 min.
        ({"promised": None, "promised_due": "2018-10-19T17:00:00+08:00"}, "2018-10-19 09:12:00"),
        ({"promised": "0 working_day"}, "2018-10-15 15:48:00"),
    ],
    ids=["natural days", "hours", "declared", "same day"],
)
def test_the_promised_time_is_measured_in_its_own_unit(granted: dict[str, Any], from_: str) -> None:
    rule = "stop-near-limit|percent = 80\n"
    opened = accepted(MON, statutory="20 working_day", **granted)
    assert named([opened, stop(from_)], rule) == ["stop"]
    assert named([opened, stop(later(from_, seconds=-1))], rule) == []


def test_an_earlier_stop_is_taken_out_of_the_promised_time() -> None:
    opened, first = accepted(promised="10 working_day"), stop(TUE, "first")
    near = [opened, first, stop("2018-11-01 10:00:00")]
    assert named(near, "stop-near-limit|percent = 80\n") == ["stop"]
    assert (
        named([opened, first, stop("2018-11-01 09:59:59")], "stop-near-limit|percent = 80\n") == []
    )
    held = [opened, stop(TUE, "first", None), stop("2018-11-01 10:00:00")]
    assert named(held, "stop-near-limit|percent = 80\n") == []


def test_a_stop_after_the_promise_is_not_near_it() -> None:
    opened = accepted(promised="5 working_day", statutory="20 working_day")
    rule = "stop-near-limit|percent = 80\n"
    assert named([opened, stop("2018-10-22 10:00:00")], rule) == ["stop"]
    assert named([opened, stop("2018-10-22 10:00:01")], rule) == []


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("2018-10-22 09:00:00", []),
        ("2018-10-22 09:00:01", ["stop end"]),
        ("2018-10-23 09:00:00", ["stop end"]),
        ("2018-10-23 09:00:01", []),
    ],
    ids=["at the opening", "just after", "a day after", "more"],
)
def test_a_promise_until_the_close_lasts_until_the_next_opening(
    ended: str, expected: list[str]
) -> None:
    """Friday's close and Monday's opening are one moment of working time, and so a day later."""
    opened = accepted("2018-10-15 09:00:00", promised="5 working_day", statutory="20 working_day")
    history = [opened, stop(TUE, applied="20 working_day"), resumed(ended, id_="end")]
    assert named(history, f"resumed-after-promise|within = {DAY}\n") == expected


def test_where_nothing_is_promised_no_stop_is_near_it_or_ends_after_it() -> None:
    rules = ("stop-near-limit|percent = 1\n", f"resumed-after-promise|within = {DAY}\n")
    history = [accepted(promised=None), stop(FRI), resumed("2018-10-22 10:00:00")]
    assert named(history, *rules) == []


def test_without_a_statutory_limit_the_promised_one_is_the_last() -> None:
    opened = accepted(promised="2 working_day", statutory=None)
    rules = ("stop-after-expiry", "extension-after-expiry")
    over, in_time = later(WED, seconds=1), WED
    assert named([opened, stop(over)], *rules) == ["stop"]
    assert named([opened, extended(over, "1 working_day", id_="longer")], *rules) == ["longer"]
    assert named([opened, stop(in_time)], *rules) == []
    assert named([opened, extended(in_time, "1 working_day")], *rules) == []
    both = accepted(promised="2 working_day", statutory="3 working_day")
    assert named([both, stop(over)], *rules) == []
    assert named([accepted(promised=None, statutory=None), stop(over)], *rules) == []


def test_a_limit_held_by_a_stop_without_a_length_has_not_passed() -> None:
    opened = accepted(promised="2 working_day", statutory=None)
    held = [opened, stop(TUE, "first", None), stop("2018-11-01 10:00:00")]
    assert named(held, "stop-after-expiry") == []


def test_where_no_extension_is_allowed_each_one_is_beyond_the_number() -> None:
    history = [accepted(), *(extended(at, "1 working_day", id_=at) for at in (TUE, WED))]
    assert named(history, "second-extension", top="extensions = { most = 0 }") == [TUE, WED]
    assert named(history, "second-extension", top="extensions = { most = 1 }") == [f"{TUE} {WED}"]
    assert named(history, "second-extension") == []


@pytest.mark.parametrize(
    ("by", "kind", "expected"),
    [
        ("11 working_day", None, ["longer"]),
        ("11 natural_day", None, []),
        ("11 working_day", "joint", []),
        ("16 working_day", "joint", ["longer"]),
    ],
)
def test_an_extension_is_too_long_in_the_unit_of_the_longest_allowed(
    by: str, kind: str | None, expected: list[str]
) -> None:
    longest = ", ".join(
        f'{{ handling_type = "{name}", amount = {amount}, unit = "working_day" }}'
        for name, amount in (("*", 10), ("joint", 15))
    )
    top = f"extensions = {{ longest = [{longest}] }}"
    history = [accepted(handling_type=kind), extended(TUE, by, id_="longer")]
    assert named(history, "extension-too-long", top=top) == expected


def test_an_extension_makes_the_promised_time_longer_before_a_stop_is_near_it() -> None:
    history = [accepted(promised="5 working_day"), extended(TUE, "5 working_day")]
    rule = "stop-near-limit|percent = 80\n"
    assert named([*history, stop("2018-10-25 09:59:59")], rule) == []
    assert named([*history, stop("2018-10-25 10:00:00")], rule) == ["stop"]


def test_an_earlier_stop_that_does_not_count_is_promised_time_that_is_used() -> None:
    history = [accepted(promised="10 working_day"), stop(TUE, "first")]
    told_nobody = "stops = { notice_required = true }"
    rule = "stop-near-limit|percent = 80\n"
    assert named([*history, stop("2018-10-25 10:00:00")], rule, top=told_nobody) == ["stop"]
    assert named([*history, stop("2018-10-25 10:00:00")], rule) == []


def test_an_earlier_stop_moves_the_promise_that_a_later_one_outlasts_and_its_own_does_not() -> None:
    opened = accepted(promised="5 working_day", statutory="20 working_day")
    first = [stop(TUE, "first", "1 working_day"), resumed(WED, id_="first-end")]
    within = f"resumed-after-promise|within = {DAY}\n"
    for ended, expected in (
        ("2018-10-23 10:00:00", []),
        ("2018-10-23 10:00:01", ["stop end"]),
        ("2018-10-24 10:00:00", ["stop end"]),
        ("2018-10-24 10:00:01", []),
    ):
        second = [stop(THU, applied="20 working_day"), resumed(ended, id_="end")]
        assert named([opened, *first, *second], within) == expected


def test_what_comes_with_the_last_moment_is_in_time_though_it_does_not_count() -> None:
    opened = accepted(promised="2 working_day", statutory=None)
    top = "stops = { notice_required = true }\nextensions = { approval_required = true }"
    rules = ("stop-after-expiry", "extension-after-expiry")
    longer = extended(WED, "1 working_day", id_="longer")
    assert named([opened, stop(WED), longer], *rules, top=top) == []
    late = later(WED, microseconds=1)
    assert named([opened, stop(late)], *rules, top=top) == ["stop"]


def test_an_extension_too_many_is_shown_with_the_last_that_counted() -> None:
    history = [accepted(), *(extended(at, "1 working_day", id_=at) for at in (TUE, WED, THU))]
    two = "extensions = { most = 2 }"
    assert named(history, "second-extension", top=two) == [f"{WED} {THU}"]
    assert named(history[:2], "second-extension", top="extensions = { most = 0 }") == [TUE]


def test_before_the_acceptance_no_promised_time_is_used() -> None:
    passed = accepted(promised=None, promised_due="2018-10-12T10:00:00+08:00")
    early = [stop("2018-10-11 10:00:00"), passed]
    assert named(early, "stop-near-limit|percent = 80\n") == []
