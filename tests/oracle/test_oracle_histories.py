"""The oracle on what is known: cycles that open again, amendments, repeats and other disorder."""

from datetime import timedelta
from typing import Any

import pytest

from tests.oracle.cycle_reading import handling_cycles
from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Event, instant
from tests.oracle.laws import Laws, Publication
from tests.oracle.offices import OFFICES
from tests.oracle.worked_example import (
    SOURCE,
    accepted,
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

WEEK: dict[str, Any] = {
    "promised_limit": span("7 working_day"),
    "statutory_limit": span("20 working_day"),
}


def amended(id_: str, target: str, at: str, **what: Any) -> Event:
    return event(id_, "amended", at, amends={"source": SOURCE, "id": target}, reason="x", **what)


def test_only_an_acceptance_after_a_completed_cycle_opens_the_next() -> None:
    repeated = accepted("10-16 10:00:00", "a2", promised_limit=span("1 working_day"))
    again = accepted("11-05 10:00:00", "a3", **WEEK)
    found = findings("hunan", accepted(**WEEK), repeated, completed("10-18 10:00:00"), again)
    told = [each["line"][1][1] for each in only(found, "limits-set")]
    assert told == ["a", "a3"]
    # Seven days from Monday 5 November.
    assert dues(found, "handling")["promised"] == "11-14 10:00:00"


def test_a_completion_before_the_first_acceptance_closes_that_cycle() -> None:
    found = findings("hunan", completed("10-12 10:00:00"), accepted(**WEEK))
    (settled,) = only(found, "case-settled")
    assert (wall(settled["completed"]), settled["limits"]["promised"]["on_time"]) == (
        "10-12 10:00:00",
        True,
    )
    assert issued(found, "handling") == {}


def test_an_amendment_moves_the_acceptance_and_another_gives_it_a_new_limit() -> None:
    earlier = amended("x", "a", "10-17 10:00:00", replacement={"time": rfc("10-12 10:00:00")})
    found = findings("hunan", accepted(**WEEK), earlier)
    # Seven days from Friday 12.
    assert dues(found, "handling")["promised"] == "10-23 10:00:00"
    longer = amended(
        "y", "a", "10-18 10:00:00", replacement={"promised_limit": span("9 working_day")}
    )
    found = findings("hunan", accepted(**WEEK), earlier, longer)
    assert dues(found, "handling")["promised"] == "10-25 10:00:00"


def test_a_void_completion_leaves_the_case_open_until_the_voiding_is_void() -> None:
    done = completed("10-18 10:00:00")
    void = amended("x", "d", "10-25 10:00:00", void=True)
    back = amended("y", "x", "10-26 10:00:00", void=True)
    found = findings("hunan", accepted(**WEEK), done, void, back)
    (card,) = only(found, "card-issued")
    assert (card["level"], wall(card["at"])) == ("yellow", "10-25 10:00:00")
    (taken,) = only(found, "card-rescinded")
    assert (taken["reason"], taken["evidence"]) == ("amendment", (SOURCE, "y"))
    assert len(only(found, "case-settled")) == 2


def test_a_repeated_record_changes_nothing_whatever_it_says() -> None:
    case = accepted(**WEEK)
    other = accepted("10-10 10:00:00", promised_limit=span("1 working_day"))
    assert findings("hunan", case, other) == findings("hunan", case)


def test_a_time_in_the_future_is_the_time_of_its_recording() -> None:
    ahead = event("a", "accepted", "10-16 10:00:00", "10-15 10:00:00", **WEEK)
    assert dues(findings("hunan", ahead), "handling")["promised"] == "10-24 10:00:00"
    # Two minutes are tolerated; the due instant then counts from what the source says.
    little = event("a", "accepted", "10-15 10:02:00", "10-15 10:00:00", **WEEK)
    assert dues(findings("hunan", little), "handling")["promised"] == "10-24 10:02:00"


def test_a_resumption_closes_the_latest_open_stop_that_began_before_it() -> None:
    long = event(
        "s", "clock-stopped", "10-15 11:00:00", procedure="other", applied=span("9 working_day")
    )
    short = event(
        "s2", "clock-stopped", "10-16 10:00:00", procedure="other", applied=span("9 working_day")
    )
    end = event("r", "clock-resumed", "10-16 10:00:00")
    found = findings("hunan", accepted(**WEEK), long, short, end)
    # The stop of Monday ended on Tuesday, that of the same instant runs on for nine days from
    # Tuesday 16, 10:00, to Monday 29, 10:00. One of 49 hours was used: 48 more are 6 days and 6
    # hours, to Wednesday 7 November, 9:00.
    assert dues(found, "handling")["promised"] == "11-06 17:00:00"
    assert issued(found, "handling")["yellow"] == "11-07 09:00:00"
    (running,) = {
        each["line"][1][1]
        for each in only(found, "card-issued")
        if (each["clock"], each["level"]) == ("special-procedure", "yellow")
    }
    assert running == "s2"


def test_the_cycles_can_be_had_by_themselves() -> None:
    stop = event("s", "clock-stopped", "10-16 10:00:00", procedure="other")
    receipt = event("r", "received", "10-15 10:00:00", matter="M-1", part="fire")
    log = [accepted(), receipt, stop, completed("10-30 10:00:00")]
    for pack, fire in [("hunan", []), ("statutory", ["r"])]:
        laws = Laws(pack_named(pack), OFFICES["cn"])
        cycles = handling_cycles(log, laws, instant(rfc("10-30 10:00:00")))
        ((whole,), parts) = cycles[None], cycles["fire"]
        assert (whole.opener.identity[1], [fact.kind for fact in whole.facts]) == (
            "a",
            ["clock-stopped"],
        )
        assert [cycle.opener.identity[1] for cycle in parts] == fire
        # The completion of the whole closed the part as well.
        assert [cycle.closer == whole.closer for cycle in parts] == [True] * len(fire)


# --- what is told --------------------------------------------------------------------------------


def test_a_settlement_tells_the_time_used_stopped_and_beyond_the_limit() -> None:
    stop = event(
        "s", "clock-stopped", "10-16 10:00:00", procedure="other", applied=span("1 working_day")
    )
    found = findings("hunan", accepted(**WEEK), stop, completed("10-26 11:00:00", "refused"))
    (settled,) = only(found, "case-settled")
    promised, statutory = (settled["limits"][limit] for limit in ("promised", "statutory"))
    assert settled["outcome"] == "refused"
    # Monday 15, 10:00, to Friday 26, 11:00, is nine days and an hour; one day of it was stopped.
    assert promised["used"] == timedelta(hours=8 * 7 + 1)
    assert promised["stopped"] == timedelta(hours=7)
    # The promise ended on Thursday 25, 10:00.
    assert (wall(promised["due"]), promised["on_time"]) == ("10-25 10:00:00", False)
    assert promised["overdue"] == timedelta(hours=8)
    assert (statutory["on_time"], statutory["overdue"]) == (True, timedelta(0))


def test_the_completion_says_the_outcome_of_a_case_that_a_decision_has_closed() -> None:
    decided = event("g", "decided", "10-17 10:00:00", outcome="refused")
    found = findings("statutory", accepted(), decided, completed("10-18 10:00:00", "withdrawn"))
    assert [each["outcome"] for each in only(found, "case-settled")] == ["refused", "withdrawn"]
    assert {wall(each["completed"]) for each in only(found, "case-settled")} == {"10-17 10:00:00"}


def test_limits_are_told_without_the_thresholds_before_them() -> None:
    (told,) = only(findings("hunan", accepted(**WEEK)), "limits-set")
    passes = {level: wall(at) for level, at in told["thresholds"].items()}
    assert passes == {"yellow": "10-24 10:00:00", "red": "11-12 10:00:00"}


def test_the_certificate_of_another_part_closes_nothing() -> None:
    case = accepted(id_="f", part="fire", **WEEK)
    done = completed("10-17 10:00:00", part="fire", certificate_ref="C-1")
    water = event("c", "certificate-issued", "10-18 10:00:00", part="water")
    found = findings("hunan", case, done, water)
    assert issued(found, "certificate", "fire") == {"yellow": "10-22 10:00:00"}


def test_a_lapsed_notice_deems_nothing_accepted_unless_the_pack_says_so() -> None:
    pack = pack_named("statutory") | {"deemed_acceptance": False}
    found = findings(pack, event("r", "received", "10-15 10:00:00", matter="M-1"))
    assert issued(found, "correction-notice") == {"red": "10-22 17:00:00"}
    assert only(found, "deemed-accepted") == []


def test_the_text_is_silent_about_a_clock_closed_at_once_after_its_declared_instant() -> None:
    done = completed("10-15 10:00:00")
    assert issued(findings("hunan", accepted(promised_due=rfc("10-15 10:00:00")), done), "x") == {}
    with pytest.raises(DesignSilent):
        findings("hunan", accepted(promised_due=rfc("10-15 09:59:59")), done)


def test_the_first_acceptance_in_the_log_says_what_closes_a_case() -> None:
    pack = pack_named("statutory")
    change = Publication(
        order=3,
        effective_from=instant(rfc("10-01 00:00:00")),
        kind="pack",
        name="statutory",
        content=pack | {"closes": ["completed"]},
    )
    decided = event("g", "decided", "10-17 10:00:00", outcome="refused") | {"order": 6}
    for order, closed in [(2, True), (4, False)]:
        case = accepted() | {"order": order}
        found = findings("statutory", case, decided, publications=[change])
        assert bool(only(found, "case-settled")) == closed
