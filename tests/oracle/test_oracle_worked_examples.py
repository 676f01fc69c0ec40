"""The oracle by itself gives the worked examples of the rule document, to the second."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.card_sequence import live_cards
from tests.oracle.handling_limit import DesignSilent
from tests.oracle.worked_example import (
    SOURCE,
    accepted,
    cards,
    completed,
    dues,
    event,
    findings,
    issued,
    only,
    pack_named,
    rfc,
    span,
    wall,
)

LINE = (None, (SOURCE, "a"))
ACCEPTED = accepted(promised_limit=span("7 working_day"), statutory_limit=span("10 working_day"))


@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        (
            "hunan",
            {"warning": "10-19 10:00:00", "yellow": "10-24 10:00:00", "red": "10-29 10:00:00"},
        ),
        ("chengdu", {"yellow": "10-23 17:00:00", "red": "10-24 17:00:00"}),
        ("statutory", {"red": "10-29 17:00:00"}),
    ],
)
def test_an_open_case_passes_its_thresholds(pack: str, expected: dict[str, str]) -> None:
    assert cards(pack, "handling", ACCEPTED) == expected


def test_a_stop_of_three_days_moves_each_threshold_by_three_days() -> None:
    stop = event(
        "s", "clock-stopped", "10-16 10:00:00", procedure="other", applied=span("3 working_day")
    )
    moved = {"warning": "10-24 10:00:00", "yellow": "10-29 10:00:00", "red": "11-01 10:00:00"}
    assert cards("hunan", "handling", ACCEPTED, stop) == moved


def test_an_endless_stop_keeps_all_cards_away() -> None:
    stop = event("s", "clock-stopped", "10-16 10:00:00", procedure="other")
    assert cards("hunan", "handling", ACCEPTED, stop) == {}


@pytest.mark.parametrize(("second", "live"), [("00", "warning"), ("01", "yellow")])
def test_a_completion_at_the_threshold_is_in_time_and_a_second_later_is_not(
    second: str, live: str
) -> None:
    done = completed(f"10-24 10:00:{second}")
    assert live_cards(findings("hunan", ACCEPTED, done)) == {LINE: live}


def test_while_the_office_is_closed_nothing_passes() -> None:
    friday = accepted("10-15 17:00:00", promised_limit=span("4 working_day"))
    assert "yellow" not in cards("hunan", "handling", friday, completed("10-22 09:00:00"))
    late = completed("10-22 09:00:01")
    assert cards("hunan", "handling", friday, late)["yellow"] == "10-22 09:00:00"


def test_a_late_completion_takes_back_every_card_it_would_have_prevented() -> None:
    done = event("d", "completed", "10-18 10:00:00", "10-31 10:00:00", outcome="granted")
    found = findings("hunan", ACCEPTED, done)
    taken = [finding["level"] for finding in only(found, "card-rescinded")]
    assert sorted(taken) == ["red", "warning", "yellow"]
    assert live_cards(found) == {}


# --- a limit of no working days: the same day ----------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("10-15 10:00:00", "10-15 17:00:00"),
        ("10-15 08:00:00", "10-15 17:00:00"),
        # Friday: at the close it is too late for the same day; Saturday is no working day.
        ("10-19 16:59:59", "10-19 17:00:00"),
        ("10-19 17:00:00", "10-22 17:00:00"),
        ("10-20 11:00:00", "10-22 17:00:00"),
    ],
)
def test_an_immediate_case_ends_at_the_close_of_the_day(opened: str, due: str) -> None:
    found = findings("hunan", accepted(opened, handling_type="immediate"))
    assert dues(found, "handling")["promised"] == due
    assert issued(found, "handling")["yellow"] == due
    assert "warning" not in issued(found, "handling")


def test_the_end_of_the_same_day_is_an_instant_without_plateau() -> None:
    case = accepted(handling_type="immediate")
    assert cards("hunan", "handling", case, completed("10-15 17:00:00")) == {}
    # The office has been closed since, yet the case is late.
    assert "yellow" in cards("hunan", "handling", case, completed("10-15 17:00:01"))


def test_a_stop_moves_the_same_day_as_it_moves_a_declared_instant() -> None:
    # 7 hours of office time are stopped, from Monday 11:00 to Tuesday 11:00. Monday 17:00 plus 7
    # hours is Tuesday 17:00; moved by office time, it passes when the office opens again.
    stop = event(
        "s", "clock-stopped", "10-15 11:00:00", procedure="other", applied=span("1 working_day")
    )
    found = findings("hunan", accepted(handling_type="immediate"), stop)
    assert issued(found, "handling")["yellow"] == "10-17 09:00:00"


def test_both_ways_of_counting_end_the_same_day_at_the_close() -> None:
    case = accepted("10-20 11:00:00", promised_limit=span("0 working_day"))
    assert cards("chengdu", "handling", case) == {"red": "10-22 17:00:00"}


def test_an_immediate_case_that_is_not_monitored_has_limits_and_no_cards() -> None:
    pack = pack_named("hunan") | {"immediate_monitored": False}
    found = findings(pack, accepted(handling_type="immediate"))
    assert dues(found, "handling") == {
        "promised": "10-15 17:00:00",
        "statutory": "11-12 10:00:00",
    }
    assert issued(found, "handling") == {}
    assert cards(pack, "handling", ACCEPTED) == cards("hunan", "handling", ACCEPTED)


# --- months --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "limit", "red"),
    [
        ("10-15 10:00:00", "1 month", "11-15 10:00:00"),
        # 31 November does not exist: its last day, a Friday.
        ("10-31 10:00:00", "1 month", "11-30 10:00:00"),
        # 10 November is a Saturday: the close of Monday.
        ("10-10 10:00:00", "1 month", "11-12 17:00:00"),
        # 15 February of the next year is a Friday.
        ("10-15 10:00:00", "4 month", "02-15 10:00:00"),
    ],
)
def test_a_month_ends_on_the_corresponding_day(opened: str, limit: str, red: str) -> None:
    assert cards("hunan", "handling", accepted(opened, statutory_limit=span(limit))) == {"red": red}


def test_a_threshold_some_months_from_a_limit_counts_from_its_rolled_end() -> None:
    # 10 November is a Saturday, so the limit ends on Monday 12 at 17:00; three months before that
    # the clock had not opened. One month after it is 12 December, a Wednesday.
    pack = pack_named("hunan")
    rows = [{"rule": "handling-limit", "limit": "promised"} | row for row in (EARLY, LATER)]
    case = accepted("10-10 10:00:00", promised_limit=span("1 month"))
    found = findings(pack | {"threshold": rows}, case)
    assert issued(found, "handling") == {"yellow": "12-12 17:00:00"}


EARLY: dict[str, Any] = {"level": "warning", "offset": -3}
LATER: dict[str, Any] = {"level": "yellow", "offset": 1}


def test_stops_and_extensions_move_a_month() -> None:
    case = accepted(statutory_limit=span("1 month"))
    stop = event(
        "s", "clock-stopped", "10-16 10:00:00", procedure="other", applied=span("2 natural_day")
    )
    # 15 November and two days is Saturday 17: the close of Monday.
    assert cards("hunan", "handling", case, stop) == {"red": "11-19 17:00:00"}
    # 15 December is a Saturday as well.
    longer = event("e", "extended", "10-16 10:00:00", by=span("1 month"))
    assert cards("hunan", "handling", case, longer) == {"red": "12-17 17:00:00"}


# --- a promise beyond the statute ----------------------------------------------------------------


def test_a_promise_by_default_ends_with_the_statutory_limit_at_the_latest() -> None:
    # Chengdu promises 20 days by default; the fifth day is Monday 22, one day before it Friday 19.
    found = findings("chengdu", accepted(statutory_limit=span("5 working_day")))
    assert issued(found, "handling") == {"yellow": "10-19 17:00:00", "red": "10-22 17:00:00"}
    assert dues(found, "handling") == {
        "promised": "10-22 17:00:00",
        "statutory": "10-22 17:00:00",
    }


def test_a_promise_that_the_source_declares_is_not_cut() -> None:
    case = accepted(promised_limit=span("7 working_day"), statutory_limit=span("5 working_day"))
    assert dues(findings("chengdu", case), "handling")["promised"] == "10-24 17:00:00"


def test_the_text_is_silent_about_days_before_a_cut_promise_that_ends_after_hours() -> None:
    hours = accepted(handling_type="immediate", statutory_limit=span("2 hour"))
    with pytest.raises(DesignSilent):
        findings("hunan", hours)


def test_a_declared_instant_passes_exactly_when_it_says() -> None:
    # Sunday 21, 10:00. Three office days before it are Wednesday, Thursday and Friday: it is the
    # close of Tuesday 16, whose last moment is Wednesday's opening.
    case = accepted(promised_due=rfc("10-21 10:00:00"), promised_limit=span("7 working_day"))
    found = findings("hunan", case)
    assert issued(found, "handling") == {
        "warning": "10-17 09:00:00",
        "yellow": "10-21 10:00:00",
        "red": "11-12 10:00:00",
    }


# --- ticks and independence ----------------------------------------------------------------------


def test_a_card_is_found_when_the_grace_is_over() -> None:
    found = only(findings("hunan", ACCEPTED), "card-issued")
    assert [(wall(each["at"]), each["at"].microsecond) for each in found] == [
        ("10-19 10:00:05", 1),
        ("10-24 10:00:05", 1),
        ("10-29 10:00:05", 1),
    ]


def test_the_oracle_knows_nothing_of_what_it_checks() -> None:
    imported = {
        name.split(".")[0]
        for path in Path(__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names_imported_by(node)
    }
    assert "tests" in imported
    assert imported.isdisjoint({"ledger", "processors", "projections", "alerts", "consoles"})


def _names_imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
