"""The oracle's rules about limits, stops, extensions and what happens outside, by hand.

Every example names the facts shown, in order: `"s r"` is one breach by a stop and its resumption.
"""

from typing import Any

import pytest

from tests.oracle.breaches_example import DAY, DEEMING, PLAIN, all_of, shown, told
from tests.oracle.known_history import Event, instant
from tests.oracle.worked_example import (
    SOURCE,
    accepted,
    completed,
    event,
    rfc,
    span,
)

# --- limits --------------------------------------------------------------------------------------

# From Monday 15, 10:00, seven days end on Wednesday 24, 10:00, and ten on Monday 29, 10:00.
FIVE = span("5 working_day")
BOTH: dict[str, Any] = {
    "promised_limit": span("7 working_day"),
    "statutory_limit": span("10 working_day"),
}


def test_promise_beyond_statute() -> None:
    eleven = BOTH | {"promised_limit": span("11 working_day")}
    ten = BOTH | {"promised_limit": span("10 working_day")}
    assert shown("promise-beyond-statute", accepted(**eleven)) == ["a"]
    assert shown("promise-beyond-statute", accepted(**ten)) == []
    for second, expected in (("00", []), ("01", ["a"])):
        due = BOTH | {"promised_due": rfc(f"10-29 10:00:{second}")}
        assert shown("promise-beyond-statute", accepted(**due)) == expected
        del due["promised_limit"]
        assert shown("promise-beyond-statute", accepted(**due)) == expected
    assert shown("promise-beyond-statute", accepted(promised_limit=DAY)) == []
    # The pack's own promise is cut, not a breach.
    grants = [
        {"limit": "promised", "granted": span("11 working_day")},
        {"limit": "statutory", "granted": span("10 working_day")},
    ]
    table = PLAIN | {"default_limit": grants}
    assert shown("promise-beyond-statute", accepted(), table=table) == []


def test_tolerance_beyond_promise() -> None:
    for second, expected in (("00", []), ("01", ["a"])):
        due: dict[str, Any] = {"missing_materials": {"due": rfc(f"10-24 10:00:{second}")}}
        assert shown("tolerance-beyond-promise", accepted(**BOTH, **due)) == expected
        assert shown("tolerance-beyond-promise", accepted(**due)) == []


@pytest.mark.parametrize(
    ("handling_type", "second", "expected"),
    [
        ("promised", "10:04:59", ["a d"]),
        ("promised", "10:05:00", []),
        ("promised", "10:00:00", ["a d"]),
        ("promised", "09:59:59", []),
        ("immediate", "10:04:59", []),
        (None, "10:04:59", []),
    ],
)
def test_instant_completion(handling_type: str | None, second: str, expected: list[str]) -> None:
    case = accepted(**({"handling_type": handling_type} if handling_type else {}))
    done = completed(f"10-15 {second}")
    assert shown("instant-completion", case, done) == expected
    refused = completed(f"10-15 {second}", "refused")
    assert shown("instant-completion", case, refused) == []


# --- stops ---------------------------------------------------------------------------------------


def stop(at: str, id_: str = "s", **data: Any) -> Event:
    return event(id_, "clock-stopped", at, **{"procedure": "testing", **data})


def resumed(at: str, id_: str = "r") -> Event:
    return event(id_, "clock-resumed", at)


def test_result_before_application() -> None:
    same = [stop("10-16 10:00:00"), resumed("10-16 10:00:00")]
    later = [stop("10-16 10:00:00"), resumed("10-16 10:00:01")]
    earlier = [stop("10-16 10:00:00"), resumed("10-16 09:59:59")]
    assert shown("result-before-application", accepted(), *same) == ["s r"]
    assert shown("result-before-application", accepted(), *later) == []
    assert shown("result-before-application", accepted(), *earlier) == ["r s"]
    again = resumed("10-17 10:00:00", "r2")
    assert shown("result-before-application", accepted(), *earlier, again) == []
    assert shown("result-before-application", accepted(), extended("10-15 11:00:00"), same[0]) == []


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # 80% of 49 hours are 39.2: 34 until Friday 17:00, 3 on Monday morning, 2.2 after lunch.
        ("10-22 15:11:59", []),
        ("10-22 15:12:00", ["s"]),
        ("10-24 10:00:00", ["s"]),
        ("10-24 10:00:01", []),
    ],
)
def test_stop_near_limit(at: str, expected: list[str]) -> None:
    assert shown("stop-near-limit", accepted(**BOTH), stop(at)) == expected
    assert shown("stop-near-limit", accepted(), stop(at)) == []


def test_an_earlier_stop_moves_what_a_stop_is_near_to_and_a_later_one_does_not() -> None:
    # Three days stopped from Tuesday: the 39.2 hours are used on Thursday 25.
    before = stop("10-16 10:00:00", "s0", applied=span("3 working_day"))
    case = accepted(**BOTH)
    assert shown("stop-near-limit", case, before, stop("10-25 15:11:59")) == []
    assert shown("stop-near-limit", case, before, stop("10-25 15:12:00")) == ["s"]
    first, second = stop("10-22 15:12:00"), stop("10-23 10:00:00", "s2", applied=DAY)
    # The first is endless, so the second is near no end, until the first is resumed.
    assert shown("stop-near-limit", case, first, second) == ["s"]
    assert shown("stop-near-limit", case, second, first, resumed("10-22 16:00:00")) == ["s", "s2"]


def test_resumptions_stay_with_their_stops_when_a_later_stop_is_left_out() -> None:
    # The resumption belongs to s2. Without s2 it would end s1, and s1 goes on for ever.
    one, two = stop("10-16 10:00:00", "s1"), stop("10-16 11:00:00", "s2")
    log = [accepted(**BOTH), one, two, resumed("10-25 10:00:00")]
    assert shown("resumed-after-promise", *log) == []
    assert shown("resumed-after-promise", log[0], two, log[3]) == ["s2 r"]


@pytest.mark.parametrize(
    ("opened", "counting", "at", "expected"),
    [
        ("10:00", "working_seconds", "10-24 10:00:00", []),
        ("10:00", "working_seconds", "10-24 10:00:01", ["s r"]),
        ("10:00", "working_seconds", "10-25 10:00:00", ["s r"]),
        ("10:00", "working_seconds", "10-25 10:00:01", []),
        # Used up on Tuesday 17:00, passed on Wednesday 9:00; so is the working day after it.
        ("09:00", "working_seconds", "10-24 09:00:00", []),
        ("09:00", "working_seconds", "10-24 09:00:01", ["s r"]),
        ("09:00", "working_seconds", "10-25 09:00:00", ["s r"]),
        ("09:00", "working_seconds", "10-25 09:00:01", []),
        # Seven days after Monday end on Wednesday 17:00, and the next day at that hour.
        ("10:00", "statutory_day", "10-24 17:00:00", []),
        ("10:00", "statutory_day", "10-24 17:00:01", ["s r"]),
        ("10:00", "statutory_day", "10-25 17:00:00", ["s r"]),
        ("10:00", "statutory_day", "10-25 17:00:01", []),
    ],
)
def test_resumed_after_promise(opened: str, counting: str, at: str, expected: list[str]) -> None:
    case = accepted(f"10-15 {opened}:00", **BOTH)
    log = [case, stop("10-18 10:00:00"), resumed(at)]
    table = PLAIN | {"counting": counting}
    assert shown("resumed-after-promise", *log, table=table) == expected


def test_stop_without_notice() -> None:
    case = accepted()
    assert shown("stop-without-notice", case, stop("10-16 10:00:00")) == ["s"]
    assert shown("stop-without-notice", case, stop("10-16 10:00:00", notice_at=" ")) == ["s"]
    told_in_writing = stop("10-16 10:00:00", notice_at=rfc("10-16 10:00:00"))
    assert shown("stop-without-notice", case, told_in_writing) == []
    # Of no cycle.
    assert shown("stop-without-notice", stop("10-16 10:00:00")) == []


def test_stop_not_listed() -> None:
    table = PLAIN | {"stops": {"procedures": ["hearing", "testing"]}}
    case, listed = accepted(), stop("10-16 10:00:00")
    other = stop("10-16 10:00:00", procedure="other")
    assert shown("stop-not-listed", case, other, table=table) == ["s"]
    assert shown("stop-not-listed", case, listed, table=table) == []
    assert shown("stop-not-listed", case, other) == []


def test_stop_and_extension_after_expiry() -> None:
    promised: dict[str, Any] = {"promised_limit": span("7 working_day")}
    for said, last in ((BOTH, "10-29 10:00"), (promised, "10-24 10:00")):
        for second, is_late in (("00", False), ("01", True)):
            at, case = f"{last}:{second}", accepted(**said)
            assert shown("stop-after-expiry", case, stop(at)) == (["s"] if is_late else [])
            longer = extended(at)
            assert shown("extension-after-expiry", case, longer) == (["e"] if is_late else [])


def test_a_stop_that_does_not_count_is_in_time_at_the_very_instant() -> None:
    table, case = PLAIN | {"stops": {"procedures": []}}, accepted(**BOTH)
    assert shown("stop-after-expiry", case, stop("10-29 10:00:00"), table=table) == []
    assert shown("stop-after-expiry", case, stop("10-29 10:00:01"), table=table) == ["s"]


def test_what_came_before_moves_the_expiry() -> None:
    # Two days more: Wednesday 31, 10:00. An extension at the very instant still counts.
    case, in_time = accepted(**BOTH), extended("10-29 10:00:00", "e1", 2)
    assert shown("stop-after-expiry", case, in_time, stop("10-31 10:00:00")) == []
    assert shown("stop-after-expiry", case, in_time, stop("10-31 10:00:01")) == ["s"]
    assert shown("extension-after-expiry", case, in_time, extended("10-31 10:00:01")) == ["e"]


# --- extensions ----------------------------------------------------------------------------------


def extended(at: str, id_: str = "e", days: int = 1, **data: Any) -> Event:
    return event(id_, "extended", at, by=span(f"{days} working_day"), **data)


APPROVED: dict[str, Any] = {"approver_ref": "P-1", "reason": "案情复杂"}
ONE_OF_TEN = PLAIN | {
    "extensions": {
        "most": 1,
        "approval_required": True,
        "longest": [
            {"handling_type": "*", "amount": 10, "unit": "working_day"},
            {"handling_type": "joint", "amount": 15, "unit": "working_day"},
        ],
    }
}


def test_second_extension() -> None:
    one = extended("10-16 10:00:00", "e1", **APPROVED)
    two = extended("10-17 10:00:00", "e2", **APPROVED)
    unapproved = extended("10-16 10:00:00", "e1")
    found = shown("second-extension", accepted(), one, two, table=ONE_OF_TEN)
    assert found == ["e1 e2"]
    assert shown("second-extension", accepted(), unapproved, two, table=ONE_OF_TEN) == []
    assert shown("second-extension", accepted(), one, two) == []
    three = extended("10-18 10:00:00", "e3")
    found = shown("second-extension", accepted(), one, two, three, table=ONE_OF_TEN)
    assert found == ["e1 e2", "e1 e3"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (APPROVED, []),
        (APPROVED | {"reason": ""}, ["e"]),
        (APPROVED | {"approver_ref": " "}, ["e"]),
        ({}, ["e"]),
    ],
)
def test_extension_without_approval(data: dict[str, Any], expected: list[str]) -> None:
    longer = extended("10-16 10:00:00", **data)
    assert shown("extension-without-approval", accepted(), longer) == expected


def test_extension_too_long() -> None:
    ten, eleven = extended("10-16 10:00:00", days=10), extended("10-16 10:00:00", days=11)
    fifteen, sixteen = extended("10-16 10:00:00", days=15), extended("10-16 10:00:00", days=16)
    hours = event("e", "extended", "10-16 10:00:00", by=span("99 working_hour"))
    joint = accepted(handling_type="joint")
    name = "extension-too-long"
    assert shown(name, accepted(), ten, table=ONE_OF_TEN) == []
    assert shown(name, accepted(), eleven, table=ONE_OF_TEN) == ["e"]
    assert shown(name, joint, fifteen, table=ONE_OF_TEN) == []
    assert shown(name, joint, sixteen, table=ONE_OF_TEN) == ["e"]
    assert shown(name, accepted(), hours, table=ONE_OF_TEN) == []
    assert shown(name, accepted(), eleven) == []


# --- outside the system (体外循环), ratings ------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kind", "data"),
    [
        ("certificate-without-acceptance", "certificate-issued", {}),
        ("fee-without-acceptance", "fee-charged", {"amount": "5"}),
        ("fee-without-acceptance", "fee-paid", {"amount": "5"}),
        ("delivery-without-acceptance", "delivered", {}),
        ("rating-without-acceptance", "rated", {"score": 1}),
    ],
)
def test_nobody_accepted_it_within_a_working_day(
    rule: str, kind: str, data: dict[str, Any]
) -> None:
    # Friday 12:00 and seven hours: used up on Monday 12:00, which lasts until 13:00.
    fact = event("x", kind, "10-19 12:00:00", **data)
    found = [("x", "10-22 13:00:05.000001")]
    assert told(rule, fact) == found
    in_time = accepted("10-19 09:00:00") | {"recordedtime": rfc("10-22 13:00:05")}
    too_late = accepted("10-19 09:00:00") | {"recordedtime": rfc("10-22 13:00:05.000001")}
    assert told(rule, fact, in_time) == []
    assert told(rule, fact, event("u", "urged", "10-19 12:00:01", "10-22 13:00:05")) == found
    assert told(rule, fact, too_late) == found
    assert told(rule, fact, in_time | {"data": {"part": "fire"}}) == []


def test_the_first_of_several_certificates_is_shown() -> None:
    two = event("x2", "certificate-issued", "10-19 12:00:00", part="fire")
    one = event("x1", "certificate-issued", "10-19 11:00:00", "10-19 12:00:00", part="water")
    (found,) = all_of("certificate-without-acceptance", two, one)
    effective = instant(rfc("10-22 11:00:00"))
    assert found == (found.rule, "water", None, ((SOURCE, "x1"),), effective)


def test_a_case_that_counts_as_accepted_by_then_is_accepted() -> None:
    # Received on Monday 15: five days end on Monday 22, 17:00.
    receipt = event("v", "received", "10-15 10:00:00", matter="M")
    name, issued_at = "certificate-without-acceptance", "10-22 16:00:00"
    issued = event("x", "certificate-issued", issued_at)
    assert told(name, receipt, issued, table=DEEMING) == []
    never = DEEMING | {"deemed_acceptance": False}
    assert told(name, receipt, issued, table=never) == [("x", "10-23 16:00:05.000001")]


def test_an_acceptance_that_comes_late_declares_the_limits_of_the_deemed_one() -> None:
    # From the receipt on Monday 15 the sixth day is Tuesday 23, the fifth Monday 22.
    receipt = event("v", "received", "10-15 10:00:00", matter="M")
    for days, expected in ((6, ["a"]), (5, [])):
        promised = span(f"{days} working_day")
        limits: dict[str, Any] = {"promised_limit": promised, "statutory_limit": FIVE}
        late = accepted("10-23 10:00:00", **limits)
        found = all_of("promise-beyond-statute", receipt, late, table=DEEMING)
        assert [each.evidence[0][1] for each in found] == expected
        assert {each.cycle for each in found} <= {(SOURCE, "v")}


def test_a_receipt_that_comes_to_count_as_acceptance_is_judged_at_that_instant() -> None:
    done = completed("10-15 09:59:59", recorded="10-15 10:00:00")
    receipt = event("v", "received", "10-15 10:00:00", matter="M")
    found = told("completed-before-accepted", done, receipt, table=DEEMING)
    assert found == [("d v", "10-22 17:00:05.000001")]


@pytest.mark.parametrize(
    ("tag", "score", "at", "expected"),
    [
        ("over-statute", 4, "10-29 10:00:00", ["g"]),
        ("over-statute", 4, "10-29 10:00:01", []),
        ("over-statute", 3, "10-29 10:00:00", []),
        ("over-promise", 5, "10-24 10:00:00", ["g"]),
        ("over-promise", 5, "10-24 10:00:01", []),
        ("rude", 5, "10-24 10:00:00", []),
    ],
)
def test_rating_says_overdue(tag: str, score: int, at: str, expected: list[str]) -> None:
    rating = event("g", "rated", at, score=score, tags=[tag])
    assert shown("rating-says-overdue", accepted(**BOTH), rating) == expected


def test_a_case_completed_in_time_was_never_late() -> None:
    rating = event("g", "rated", "12-03 10:00:00", score=5, tags=["over-statute"])
    for second, expected in (("00", ["g"]), ("01", [])):
        done = completed(f"10-29 10:00:{second}")
        assert shown("rating-says-overdue", accepted(**BOTH), done, rating) == expected
