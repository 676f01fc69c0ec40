"""The oracle before acceptance, by hand: pre-review, correction notice and 视为受理."""

import pytest

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Event, instant
from tests.oracle.worked_example import (
    SOURCE,
    UNTIL,
    accepted,
    cards,
    completed,
    dues,
    event,
    findings,
    issued,
    only,
    span,
    wall,
)


def received(at: str = "10-15 10:00:00", id_: str = "r", **data: str) -> Event:
    return event(id_, "received", at, matter="M-1", **data)


ONLINE = received(channel="online")
REQUESTED = event("q", "correction-requested", "10-22 17:00:00", items=["图纸"])

# --- pre-review (hunan C: 2 working days, warning > 0, yellow > 3, red > 5) ----------------------


def test_an_online_application_that_nobody_looks_at() -> None:
    # Two days from Monday 10:00 are Wednesday 17; three more Monday 22; five more Wednesday 24.
    assert cards("hunan", "pre-review", ONLINE) == {
        "warning": "10-17 10:00:00",
        "yellow": "10-22 10:00:00",
        "red": "10-24 10:00:00",
    }


@pytest.mark.parametrize(("second", "levels"), [("00", set()), ("01", {"warning"})])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("pre-reviewed", {"result": "passed"}),
        ("pre-reviewed", {"result": "refused"}),
        ("accepted", {}),
        ("acceptance-refused", {"reason": "不属于本机关"}),
        ("completed", {"outcome": "voided"}),
    ],
)
def test_any_answer_closes_the_pre_review(
    kind: str, data: dict[str, str], second: str, levels: set[str]
) -> None:
    answer = event("x", kind, f"10-17 10:00:{second}", **data)
    assert set(cards("hunan", "pre-review", ONLINE, answer)) == levels


def test_a_correction_request_does_not_close_the_pre_review() -> None:
    asked = event("q", "correction-requested", "10-16 10:00:00", items=["图纸"])
    assert len(cards("hunan", "pre-review", ONLINE, asked)) == 3


def test_an_application_at_the_window_or_after_the_acceptance_has_no_pre_review() -> None:
    assert dues(findings("hunan", received(channel="window")), "pre-review") == {}
    assert dues(findings("hunan", received()), "pre-review") == {}
    later = received("10-16 10:00:00", channel="online")
    assert dues(findings("hunan", accepted(), later), "pre-review") == {}


def test_a_second_application_opens_a_pre_review_only_after_the_first_was_answered() -> None:
    second = received("10-16 10:00:00", "r2", channel="online")
    assert cards("hunan", "pre-review", ONLINE, second)["warning"] == "10-17 10:00:00"
    answer = event("p", "pre-reviewed", "10-15 16:00:00", result="correction")
    found = findings("hunan", ONLINE, answer, second)
    assert issued(found, "pre-review")["warning"] == "10-18 10:00:00"


# --- correction notice (行政许可法 32: 5 working days) -------------------------------------------


def test_a_correction_notice_is_due_at_the_close_of_the_fifth_working_day() -> None:
    assert cards("statutory", "correction-notice", received()) == {"red": "10-22 17:00:00"}
    # Received on a Saturday: the days are Monday 22 to Friday 26.
    saturday = received("10-20 10:00:00")
    assert cards("statutory", "correction-notice", saturday) == {"red": "10-26 17:00:00"}


@pytest.mark.parametrize(
    ("kind", "data", "closes"),
    [
        ("correction-requested", {"items": ["图纸"]}, True),
        ("accepted", {}, True),
        ("acceptance-refused", {}, True),
        ("completed", {"outcome": "withdrawn"}, True),
        ("pre-reviewed", {"result": "refused"}, True),
        ("pre-reviewed", {"result": "correction"}, True),
        ("pre-reviewed", {"result": "passed"}, False),
        ("correction-received", {"items": ["图纸"]}, False),
    ],
)
def test_what_closes_a_correction_notice(kind: str, data: dict[str, str], closes: bool) -> None:
    in_time = event("x", kind, "10-22 17:00:00", **data)
    found = findings("statutory", received(), in_time)
    assert (issued(found, "correction-notice") == {}) == closes
    assert (only(found, "deemed-accepted") == []) == closes
    late = event("x", kind, "10-22 17:00:01", **data)
    assert "red" in cards("statutory", "correction-notice", received(), late)


# --- 视为受理 ------------------------------------------------------------------------------------


def test_a_receipt_that_nobody_answers_counts_as_accepted_from_the_receipt_on() -> None:
    found = findings("statutory", received())
    deemed = only(found, "deemed-accepted")
    assert [(each["line"], each["withdrawn"]) for each in deemed] == [
        ((None, (SOURCE, "r")), False)
    ]
    assert wall(deemed[0]["effective_at"]) == "10-15 10:00:00"
    # The grace of five seconds after Monday 22, 17:00.
    assert wall(deemed[0]["at"]) == "10-22 17:00:05"
    # Twenty working days after Monday 15 October end on Monday 12 November.
    assert dues(found, "handling") == {"promised": None, "statutory": "11-12 17:00:00"}
    assert issued(found, "handling") == {"red": "11-12 17:00:00"}


def test_the_acceptance_that_comes_later_says_the_limits() -> None:
    # Three working days after the receipt are Thursday 18, before the acceptance was even made.
    late = accepted("10-25 10:00:00", statutory_limit=span("3 working_day"))
    found = findings("statutory", received(), late)
    assert issued(found, "handling") == {"red": "10-18 17:00:00"}
    assert {each["line"][1][1] for each in only(found, "limits-set")} == {"r"}
    detected = [wall(each["at"]) for each in only(found, "card-issued")]
    assert detected == ["10-22 17:00:05", "10-25 10:00:00"]


def test_a_late_acceptance_shows_the_lapse_without_any_grace() -> None:
    late = accepted("10-22 17:00:01")
    found = findings("statutory", received(), late)
    assert [wall(each["at"]) for each in only(found, "deemed-accepted")] == ["10-22 17:00:01"]
    assert dues(found, "handling")["statutory"] == "11-12 17:00:00"


def test_an_acceptance_after_the_one_that_supplies_the_limits_is_a_repeated_one() -> None:
    first = accepted("10-25 10:00:00", statutory_limit=span("30 working_day"))
    again = accepted("10-26 10:00:00", "a2", statutory_limit=span("1 working_day"))
    # Thirty working days after Monday 15 October end on Monday 26 November.
    found = findings("statutory", received(), first, again)
    assert issued(found, "handling") == {"red": "11-26 17:00:00"}


def test_a_correction_notice_that_is_reported_late_takes_the_deemed_acceptance_back() -> None:
    late = event("q", "correction-requested", "10-19 10:00:00", "10-30 10:00:00", items=["图纸"])
    found = findings("statutory", received(), late)
    deemed = only(found, "deemed-accepted")
    assert [each["withdrawn"] for each in deemed] == [False, True]
    assert dues(found, "handling") == {"promised": None, "statutory": None}
    taken = [(each["clock"], each["reason"]) for each in only(found, "card-rescinded")]
    assert taken == [("correction-notice", "late_evidence")]
    assert issued(found, "handling") == {}


def test_an_acceptance_in_time_that_is_reported_late_opens_its_own_cycle_instead() -> None:
    late = event("a", "accepted", "10-19 10:00:00", "10-30 10:00:00")
    found = findings("statutory", received(), late)
    assert [each["withdrawn"] for each in only(found, "deemed-accepted")] == [False, True]
    # Twenty working days after Friday 19 October end on Friday 16 November.
    assert issued(found, "handling") == {"red": "11-16 17:00:00"}
    told = only(found, "limits-set")
    last = {each["line"][1][1]: each["dues"] for each in told if each["clock"] == "handling"}
    assert last["r"] == {"promised": None, "statutory": None}
    assert last["a"]["statutory"] is not None


def test_a_refusal_after_the_lapse_does_not_close_and_a_completion_does() -> None:
    refused = event("x", "acceptance-refused", "10-24 10:00:00", reason="材料不全")
    found = findings("statutory", received(), refused)
    assert issued(found, "handling") == {"red": "11-12 17:00:00"}
    found = findings("statutory", received(), completed("10-24 10:00:00"))
    (settled,) = only(found, "case-settled")
    assert (wall(settled["accepted"]), settled["outcome"]) == ("10-15 10:00:00", "granted")
    assert settled["limits"]["statutory"]["on_time"]


def test_only_the_first_receipt_that_lapsed_opens_a_cycle() -> None:
    # The first is answered in time; the second, of Tuesday 16, lapses on Tuesday 23.
    asked = event("q", "correction-requested", "10-15 16:00:00", items=["图纸"])
    second = received("10-16 10:00:00", "r2")
    found = findings("statutory", received(), asked, second)
    (deemed,) = only(found, "deemed-accepted")
    assert (deemed["line"][1][1], wall(deemed["at"])) == ("r2", "10-23 17:00:05")


def test_a_receipt_reported_after_everything_has_passed_is_judged_at_once() -> None:
    found = findings("statutory", event("r", "received", "10-15 10:00:00", "11-20 10:00:00"))
    assert {each["kind"]: wall(each["at"]) for each in found} == dict.fromkeys(
        ("deemed-accepted", "limits-set", "card-issued"), "11-20 10:00:00"
    )
    assert issued(found, "handling") == {"red": "11-12 17:00:00"}


def test_hunan_deems_nothing_accepted() -> None:
    assert only(findings("hunan", received()), "deemed-accepted") == []


def test_the_text_is_silent_about_a_new_question_after_a_deemed_acceptance() -> None:
    refused = event("x", "acceptance-refused", "10-24 10:00:00", reason="材料不全")
    again = received("10-25 10:00:00", "r2")
    assert instant(UNTIL) > instant(again["time"])
    with pytest.raises(DesignSilent):
        findings("statutory", received(), refused, again)
