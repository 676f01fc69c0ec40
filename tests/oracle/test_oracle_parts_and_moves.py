"""The oracle on joint cases and on the stops and extensions that count, by hand."""

import pytest

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Event
from tests.oracle.worked_example import (
    accepted,
    cards,
    completed,
    dues,
    event,
    findings,
    issued,
    only,
    rfc,
    span,
    wall,
)

DISPATCHED = event("p", "part-dispatched", "10-15 10:00:00", part="fire", department="D-2")
FIRE = accepted(id_="f", part="fire", promised_limit=span("5 working_day"))
WHOLE_DONE = completed("10-17 10:00:00")

# --- replies of parts (7 working days in hunan) --------------------------------------------------


def test_a_part_that_does_not_reply() -> None:
    # Seven days from Monday 15, 10:00, are Wednesday 24.
    found = findings("hunan", DISPATCHED)
    assert issued(found, "part-reply", "fire") == {"yellow": "10-24 10:00:00"}


def test_a_part_that_was_told_until_when() -> None:
    told = event("p", "part-dispatched", "10-15 10:00:00", part="fire", due=rfc("10-21 10:00:00"))
    # A declared instant passes when it says, on a Sunday too.
    found = findings("hunan", told)
    assert issued(found, "part-reply", "fire") == {"yellow": "10-21 10:00:00"}
    assert dues(findings("statutory", told), "part-reply", "fire") == {}


@pytest.mark.parametrize(("second", "levels"), [("00", set()), ("01", {"yellow"})])
def test_a_reply_closes_it_and_so_does_the_completion_of_the_whole(
    second: str, levels: set[str]
) -> None:
    at = f"10-24 10:00:{second}"
    reply = event("y", "part-replied", at, part="fire", result="passed")
    other = event("y", "part-replied", at, part="water", result="passed")
    for closing in (reply, completed(at)):
        found = findings("hunan", DISPATCHED, closing)
        assert set(issued(found, "part-reply", "fire")) == levels
    assert "yellow" in issued(findings("hunan", DISPATCHED, other), "part-reply", "fire")


def test_the_close_of_the_parts_own_handling_closes_it() -> None:
    done = completed("10-17 10:00:00", part="fire")
    found = findings("hunan", DISPATCHED, FIRE, done)
    assert issued(found, "part-reply", "fire") == {}


def test_a_second_dispatch_opens_one_only_after_the_reply_to_the_first() -> None:
    again = event("p2", "part-dispatched", "10-16 10:00:00", part="fire")
    reply = event("y", "part-replied", "10-15 16:00:00", part="fire")
    found = findings("hunan", DISPATCHED, again)
    assert issued(found, "part-reply", "fire") == {"yellow": "10-24 10:00:00"}
    found = findings("hunan", DISPATCHED, reply, again)
    assert issued(found, "part-reply", "fire") == {"yellow": "10-25 10:00:00"}


def test_the_text_is_silent_about_a_part_completed_without_acceptance() -> None:
    with pytest.raises(DesignSilent):
        findings("hunan", DISPATCHED, completed("10-17 10:00:00", part="fire"))


def test_the_text_is_silent_about_a_repeated_completion_while_a_reply_is_awaited() -> None:
    whole = accepted(at="10-15 09:00:00")
    done, again = completed("10-15 09:30:00"), completed("10-17 10:00:00") | {"id": "again"}
    assert issued(findings("hunan", whole, done, DISPATCHED), "part-reply", "fire") != {}
    with pytest.raises(DesignSilent):
        findings("hunan", whole, done, DISPATCHED, again)


# --- the whole's completion ----------------------------------------------------------------------


def test_the_completion_of_the_whole_completes_every_open_part() -> None:
    whole = accepted(promised_limit=span("20 working_day"))
    found = findings("hunan", whole, FIRE, WHOLE_DONE)
    (settled,) = only(found, "case-settled", "fire")
    assert (settled["outcome"], wall(settled["completed"])) == ("granted", "10-17 10:00:00")
    assert settled["limits"]["promised"]["on_time"]
    assert issued(found, "handling", "fire") == {}


def test_it_completes_a_part_although_the_whole_was_never_accepted() -> None:
    found = findings("hunan", FIRE, completed("10-22 10:00:01"))
    assert set(issued(found, "handling", "fire")) == {"warning", "yellow"}
    assert not only(found, "case-settled", "fire")[0]["limits"]["promised"]["on_time"]
    assert only(found, "case-settled") == []


def test_it_leaves_alone_a_part_that_is_completed_or_not_yet_accepted() -> None:
    own = completed("10-16 10:00:00", part="fire") | {"id": "own"}
    found = findings("hunan", FIRE, own, completed("10-17 10:00:00", "refused"))
    assert [each["outcome"] for each in only(found, "case-settled", "fire")] == ["granted"]
    later = accepted("10-18 10:00:00", "f", part="fire", promised_limit=span("5 working_day"))
    found = findings("hunan", WHOLE_DONE, later)
    assert set(issued(found, "handling", "fire")) == {"warning", "yellow", "red"}


def test_a_parts_own_completion_after_it_is_a_repeated_one() -> None:
    own = completed("10-24 10:00:00", "refused", part="fire") | {"id": "own"}
    found = findings("hunan", FIRE, WHOLE_DONE, own)
    assert [each["outcome"] for each in only(found, "case-settled", "fire")] == ["granted"]


def test_the_text_is_silent_about_a_repeated_completion_of_the_whole() -> None:
    again = completed("10-24 10:00:00") | {"id": "again"}
    later = accepted("10-18 10:00:00", "f", part="fire")
    with pytest.raises(DesignSilent):
        findings("hunan", WHOLE_DONE, later, again)


def test_a_repeated_completion_of_the_whole_is_harmless_while_no_part_is_open() -> None:
    again = completed("10-24 10:00:00", "refused") | {"id": "again"}
    found = findings("hunan", FIRE, WHOLE_DONE, again)
    assert [each["outcome"] for each in only(found, "case-settled", "fire")] == ["granted"]


def test_the_text_is_silent_about_the_certificate_of_a_part_that_the_whole_completed() -> None:
    done = completed("10-17 10:00:00", certificate_ref="C-1")
    with pytest.raises(DesignSilent):
        findings("hunan", FIRE, done)


# --- stops that count (行政许可法 45) ------------------------------------------------------------


def stopped(procedure: str, **data: str) -> Event:
    applied = span("5 working_day")
    return event(
        "s", "clock-stopped", "10-22 09:00:00", procedure=procedure, applied=applied, **data
    )


TOLD = {"notice_at": rfc("10-22 09:00:00")}


@pytest.mark.parametrize(
    ("stop", "red"),
    [
        # Twenty working days from Monday 15 end on Monday 12 November; a stop of five from Monday
        # 22 to Friday 26 moves that to Monday 19.
        (stopped("hearing", **TOLD), "11-19 17:00:00"),
        (stopped("expert_review", **TOLD), "11-19 17:00:00"),
        (stopped("hearing"), "11-12 17:00:00"),
        (stopped("hearing", notice_at=" "), "11-12 17:00:00"),
        (stopped("publicity", **TOLD), "11-12 17:00:00"),
        (stopped("other", **TOLD), "11-12 17:00:00"),
    ],
)
def test_only_listed_procedures_told_in_writing_stop_the_statutory_clock(
    stop: Event, red: str
) -> None:
    assert cards("statutory", "handling", accepted(), stop) == {"red": red}


def test_hunan_counts_every_stop() -> None:
    # Of 49 hours 34 were used on Monday 22, 9:00. The other 15 begin on Monday 29 and end on
    # Wednesday 31, 10:00.
    case = accepted(promised_limit=span("7 working_day"))
    found = cards("hunan", "handling", case, stopped("publicity"))
    assert found["yellow"] == "10-31 10:00:00"


# --- extensions that count (行政许可法 42) -------------------------------------------------------


def extended(days: int, id_: str = "e", at: str = "10-30 10:00:00", **data: str) -> Event:
    return event(id_, "extended", at, by=span(f"{days} working_day"), **data)


APPROVED = {"approver_ref": "P-1", "reason": "案情复杂"}


@pytest.mark.parametrize(
    ("extensions", "red"),
    [
        # Monday 12 November and ten working days: Monday 26.
        ([extended(10, **APPROVED)], "11-26 17:00:00"),
        ([extended(15, **APPROVED)], "11-26 17:00:00"),
        ([extended(3, **APPROVED)], "11-15 17:00:00"),
        ([extended(10, reason="案情复杂")], "11-12 17:00:00"),
        ([extended(10, approver_ref="P-1", reason=" ")], "11-12 17:00:00"),
        # The first without approval does not count, so the second is the one that does.
        ([extended(9), extended(3, "e2", **APPROVED)], "11-15 17:00:00"),
        ([extended(3, **APPROVED), extended(9, "e2", **APPROVED)], "11-15 17:00:00"),
    ],
)
def test_one_approved_extension_of_ten_days_counts(extensions: list[Event], red: str) -> None:
    assert cards("statutory", "handling", accepted(), *extensions) == {"red": red}


def test_a_joint_case_may_be_extended_by_fifteen_days() -> None:
    # 45 working days from Monday 15 October end on Monday 17 December; 15 more on Monday 7 January
    # (this calendar knows no holidays of 2019).
    case = accepted(handling_type="joint")
    assert cards("statutory", "handling", case, extended(20, **APPROVED)) == {
        "red": "01-07 17:00:00"
    }


def test_hunan_counts_every_extension() -> None:
    case = accepted(promised_limit=span("7 working_day"))
    first, second = extended(3, at="10-16 10:00:00"), extended(2, "e2", at="10-16 11:00:00")
    # Twelve days from Monday 15, 10:00.
    assert cards("hunan", "handling", case, first, second)["yellow"] == "10-31 10:00:00"
