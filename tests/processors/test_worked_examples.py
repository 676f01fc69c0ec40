"""The worked examples of the Hunan rule document, to the second, and their like elsewhere."""

import pytest

from ledger.record import AnyRecord
from processors.supervision.pack_text import parse_pack
from tests.golden.language import (
    PACK_TEXT,
    accepted,
    completed,
    fact,
    handling_only,
    local_pack,
    stopped,
    told,
)

WARNING, YELLOW, RED = "2018-10-19 10:00:00", "2018-10-24 10:00:00", "2018-10-29 10:00:00"


def test_promised_7_and_statutory_10_warn_on_the_19th_yellow_on_the_24th_red_on_the_29th() -> None:
    found = told([accepted()])
    assert found.cards == [f"warning {WARNING}", f"yellow {YELLOW}", f"red {RED}"]
    assert found.rescinded == []


def test_cards_are_detected_one_microsecond_after_the_grace_by_time_alone() -> None:
    assert told([accepted()]).detected == [
        "warning 2018-10-19 10:00:05.000001",
        "yellow 2018-10-24 10:00:05.000001",
        "red 2018-10-29 10:00:05.000001",
    ]


def test_a_special_procedure_of_three_days_moves_each_card_by_three_days() -> None:
    assert told([accepted(), stopped("2018-10-16 10:00:00")]).cards == [
        "warning 2018-10-24 10:00:00",
        "yellow 2018-10-29 10:00:00",
        "red 2018-11-01 10:00:00",
    ]


@pytest.mark.parametrize(
    ("level", "instant", "before"),
    [
        ("yellow", YELLOW, [f"warning {WARNING}"]),
        ("red", RED, [f"warning {WARNING}", f"yellow {YELLOW}"]),
    ],
)
def test_completion_at_the_very_instant_is_in_time_and_one_second_later_is_not(
    level: str, instant: str, before: list[str]
) -> None:
    assert told([accepted(), completed(instant)]).cards == before
    over = told([accepted(), completed(instant[:-1] + "1")])
    assert over.cards == [*before, f"{level} {instant}"]
    assert over.detected[-1] == f"{level} {instant[:-1]}1"


def test_completion_one_microsecond_after_the_instant_is_over() -> None:
    assert told([accepted(), completed("2018-10-24 10:00:00.000001")]).cards[-1] == (
        f"yellow {YELLOW}"
    )


def test_a_completion_just_after_the_warning_gets_no_warning_for_the_clock_has_closed() -> None:
    assert told([accepted(), completed("2018-10-19 10:00:01")]).cards == []


def test_chengdu_is_yellow_one_day_before_the_close_of_the_last_day_and_red_after_it() -> None:
    assert told([accepted()], "chengdu").cards == [
        "yellow 2018-10-23 17:00:00",
        "red 2018-10-24 17:00:00",
    ]


@pytest.mark.basis("行政许可法", 42)
def test_the_statute_alone_gives_red_after_the_close_of_the_tenth_working_day() -> None:
    assert told([accepted()], "statutory").cards == ["red 2018-10-29 17:00:00"]


@pytest.mark.basis("行政许可法", 42)
@pytest.mark.parametrize(
    ("handling_type", "red"),
    [
        ("promised", "2018-11-12 17:00:00"),
        ("joint", "2018-12-17 17:00:00"),
        ("reported", "2018-11-12 17:00:00"),
    ],
)
def test_a_case_without_limits_has_those_of_the_statute_for_its_handling_type(
    handling_type: str, red: str
) -> None:
    case = accepted(promised=None, statutory=None, handling_type=handling_type)
    assert told([case], "statutory").cards == [f"red {red}"]


@pytest.mark.basis("行政许可法", 42)
def test_the_decision_closes_the_clock_of_the_statute_and_a_later_completion_is_nothing() -> None:
    decided = fact("decided", "2018-10-29 17:00:00", outcome="granted")
    late = fact("decided", "2018-10-29 17:00:01", outcome="granted")
    done = completed("2018-12-03 09:00:00")
    statute = handling_only("statutory")
    assert told([accepted(), decided, done], statute).cards == []
    assert told([accepted(), late, done], statute).cards == ["red 2018-10-29 17:00:00"]


def test_the_completion_closes_the_clock_of_the_statute_if_it_comes_before_the_decision() -> None:
    decided = fact("decided", "2018-12-03 09:00:00", outcome="granted")
    case = [accepted(), completed("2018-10-26 09:00:00"), decided]
    assert told(case, "statutory").cards == []


@pytest.mark.parametrize("pack", ["hunan", "chengdu"])
def test_a_decision_closes_nothing_where_the_completion_does(pack: str) -> None:
    decided = fact("decided", "2018-10-16 09:00:00", outcome="granted")
    assert told([accepted(), decided], pack).cards == told([accepted()], pack).cards


def test_the_same_thresholds_as_toml_data_give_the_same_cards() -> None:
    assert told([accepted()], local_pack()).cards == told([accepted()], "hunan").cards


def test_a_pack_may_end_its_days_at_midnight() -> None:
    text = PACK_TEXT.replace('"working_seconds"', '"statutory_day"')
    pack = parse_pack(text.replace('day_end = "close"', 'day_end = "midnight"'), "local.toml")
    assert told([accepted()], pack).cards[1:] == [
        "yellow 2018-10-25 00:00:00",
        "red 2018-10-30 00:00:00",
    ]


def test_a_pack_may_let_a_level_wait_for_a_person() -> None:
    red = 'limit = "statutory"\noffset = 0'
    waits = {red: red + '\nmode = "confirm"'}
    modes = [card.mode for card in told([accepted()], local_pack(waits)).issued]
    assert modes == ["auto", "auto", "confirm"]


def test_nothing_is_issued_for_what_was_reached_before_the_cut_over() -> None:
    since = {'version = "1"': 'version = "1"\nissue_from = 2018-10-24T10:00:00+08:00'}
    assert told([accepted()], local_pack(since)).cards == [f"yellow {YELLOW}", f"red {RED}"]


def test_the_worked_example_holds_whatever_the_order_of_the_log() -> None:
    case: list[AnyRecord] = [stopped("2018-10-16 10:00:00"), accepted()]
    assert told(case).cards[-1] == "red 2018-11-01 10:00:00"
