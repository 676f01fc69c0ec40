"""The oracle's clocks that belong to a handling cycle, by hand: special procedure to 容缺."""

from typing import Any

import pytest

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Event, instant
from tests.oracle.laws import Publication
from tests.oracle.worked_example import (
    accepted,
    cards,
    completed,
    dues,
    event,
    findings,
    issued,
    rfc,
    span,
)

NINE = accepted("10-15 09:00:00", promised_limit=span("7 working_day"))


def stop(applied: str | None, at: str = "10-15 10:00:00", id_: str = "s") -> Event:
    data: dict[str, Any] = {"applied": span(applied)} if applied else {}
    return event(id_, "clock-stopped", at, procedure="testing", **data)


# --- special procedure (hunan B: warning over >= -2, yellow > 0, red > 1) ------------------------


def test_a_special_procedure_that_goes_on_too_long() -> None:
    # 7 days from Monday 10:00 end on Wednesday 24, three before that on Friday 19.
    found = findings("hunan", NINE, stop("7 working_day"))
    assert issued(found, "special-procedure") == {
        "warning": "10-19 10:00:00",
        "yellow": "10-24 10:00:00",
        "red": "10-25 10:00:00",
    }
    told = dues(found, "special-procedure")
    assert told == {"promised": None, "statutory": None, "applied": "10-24 10:00:00"}


def test_a_special_procedure_of_three_days_has_no_warning() -> None:
    yellow_and_red = {"yellow": "10-18 10:00:00", "red": "10-19 10:00:00"}
    assert cards("hunan", "special-procedure", NINE, stop("3 working_day")) == yellow_and_red


def test_a_special_procedure_of_natural_days_rolls_and_counts_on_from_there() -> None:
    # Five days from Monday 15 are Saturday 20: the close of Monday 22; three days before it are
    # Friday 19, one after it is Tuesday 23.
    assert cards("hunan", "special-procedure", NINE, stop("5 natural_day")) == {
        "warning": "10-19 17:00:00",
        "yellow": "10-22 17:00:00",
        "red": "10-23 17:00:00",
    }


@pytest.mark.parametrize(("second", "levels"), [("00", set()), ("01", {"yellow"})])
def test_a_resumption_closes_the_special_procedure(second: str, levels: set[str]) -> None:
    end = event("r", "clock-resumed", f"10-18 10:00:{second}")
    assert set(cards("hunan", "special-procedure", NINE, stop("3 working_day"), end)) == levels


@pytest.mark.parametrize(
    ("outcome", "levels"),
    [
        ("voided", set()),
        ("returned", set()),
        ("granted", {"yellow", "red"}),
        ("withdrawn", {"yellow", "red"}),
    ],
)
def test_only_a_voided_or_returned_case_ends_its_special_procedure(
    outcome: str, levels: set[str]
) -> None:
    done = completed("10-17 10:00:00", outcome)
    assert set(cards("hunan", "special-procedure", NINE, stop("3 working_day"), done)) == levels


def test_two_stops_have_two_clocks_and_a_resumption_closes_the_later() -> None:
    second = stop("3 working_day", "10-16 10:00:00", "s2")
    end = event("r", "clock-resumed", "10-17 10:00:00")
    found = findings("hunan", NINE, stop("3 working_day"), second, end)
    assert issued(found, "special-procedure")["yellow"] == "10-18 10:00:00"
    assert {each["line"][1][1] for each in found if each["clock"] == "special-procedure"} == {
        "s",
        "s2",
    }
    assert {each["line"][1][1] for each in found if each["kind"] == "card-issued"} >= {"s"}
    late = [each for each in found if each["kind"] == "card-issued" and each["line"][1][1] == "s2"]
    assert late == []


def test_a_stop_without_a_length_or_without_a_cycle_has_no_special_procedure_clock() -> None:
    assert dues(findings("hunan", NINE, stop(None)), "special-procedure") == {}
    assert dues(findings("hunan", stop("3 working_day")), "special-procedure") == {}


def test_the_text_is_silent_about_a_stop_in_a_cycle_completed_before_its_acceptance() -> None:
    done = completed("10-12 16:00:00")
    with pytest.raises(DesignSilent):
        findings("hunan", stop("3 working_day", "10-12 10:00:00"), done, NINE)


# --- certificate (hunan D: 3 working days) and delivery (行政许可法 44: 10 working days) ---------


def test_a_certificate_is_due_three_days_after_the_completion() -> None:
    done = completed("10-17 10:00:00", certificate_ref="C-1")
    assert cards("hunan", "certificate", NINE, done) == {"yellow": "10-22 10:00:00"}


@pytest.mark.parametrize(("second", "levels"), [("00", set()), ("01", {"yellow"})])
@pytest.mark.parametrize("kind", ["certificate-issued", "delivered"])
def test_a_certificate_issued_or_handed_over_closes_its_clock(
    kind: str, second: str, levels: set[str]
) -> None:
    done = completed("10-17 10:00:00", certificate_ref="C-1")
    out = event("c", kind, f"10-22 10:00:{second}")
    assert set(cards("hunan", "certificate", NINE, done, out)) == levels


def test_without_a_certificate_or_before_the_completion_there_is_no_clock() -> None:
    done = completed("10-17 10:00:00", certificate_ref="C-1")
    bare = completed("10-17 10:00:00")
    refused = completed("10-17 10:00:00", "refused", certificate_ref="C-1")
    out = event("c", "certificate-issued", "10-17 10:00:00")
    for log in [(NINE, bare), (NINE, refused), (NINE, out, done)]:
        assert dues(findings("hunan", *log), "certificate") == {}
    # What was told is taken back when the certificate turns out to have been there.
    gone = dues(findings("hunan", NINE, done, out), "certificate")
    assert gone == {"promised": None, "statutory": None}


def test_a_certificate_of_the_opening_instant_counts_and_an_earlier_one_does_not() -> None:
    done = completed("10-17 10:00:00", certificate_ref="C-1")
    at_once = event("c", "certificate-issued", "10-15 09:00:00")
    before = event("c", "certificate-issued", "10-15 08:59:59")
    assert dues(findings("hunan", NINE, at_once, done), "certificate") == {}
    assert cards("hunan", "certificate", before, NINE, done) == {"yellow": "10-22 10:00:00"}


def test_a_matter_that_issues_certificates_has_the_clock_without_a_number() -> None:
    catalogue = Publication(
        order=-1,
        effective_from=instant(rfc("01-01 00:00:00")),
        kind="matter",
        name="M-1",
        content={"code": "M-1", "issues_certificate": True},
    )
    case = accepted(matter="M-1")
    found = findings("hunan", case, completed("10-17 10:00:00"), publications=[catalogue])
    assert issued(found, "certificate") == {"yellow": "10-22 10:00:00"}


def test_a_granted_decision_is_delivered_within_ten_working_days() -> None:
    # Decided on Monday 15; the tenth working day after it is Monday 29.
    decided = event("g", "decided", "10-15 16:00:00", outcome="granted")
    assert cards("statutory", "delivery", NINE, decided) == {"red": "10-29 17:00:00"}
    out = event("c", "delivered", "10-29 17:00:00", method="window")
    assert cards("statutory", "delivery", NINE, decided, out) == {}


def test_a_refusal_is_no_permit_to_deliver_and_a_completion_stands_in_for_a_decision() -> None:
    refused = event("g", "decided", "10-15 16:00:00", outcome="refused")
    done = completed("10-16 10:00:00", certificate_ref="C-1")
    assert dues(findings("statutory", NINE, refused), "delivery") == {}
    # There was a decision, so the completion does not stand in for it.
    assert dues(findings("statutory", NINE, refused, done), "delivery") == {}
    assert cards("statutory", "delivery", NINE, done) == {"red": "10-30 17:00:00"}
    assert dues(findings("statutory", NINE, completed("10-16 10:00:00")), "delivery") == {}


# --- stages (hunan G) ----------------------------------------------------------------------------

STAGED = accepted(
    promised_limit=span("7 working_day"), stage_limits={"review": span("2 working_day")}
)
STARTED = event("b", "stage-started", "10-15 14:00:00", stage="review")


def test_a_stage_that_takes_too_long() -> None:
    assert cards("hunan", "stage", STAGED, STARTED) == {"yellow": "10-17 14:00:00"}


def test_stops_move_a_stage_and_extensions_do_not() -> None:
    held = stop("1 working_day", "10-16 10:00:00")
    longer = event("e", "extended", "10-16 10:00:00", by=span("5 working_day"))
    assert cards("hunan", "stage", STAGED, STARTED, held) == {"yellow": "10-18 14:00:00"}
    assert cards("hunan", "stage", STAGED, STARTED, longer) == {"yellow": "10-17 14:00:00"}


@pytest.mark.parametrize(("second", "levels"), [("00", set()), ("01", {"yellow"})])
def test_a_stage_closes_when_it_is_finished_or_the_case_is(second: str, levels: set[str]) -> None:
    at = f"10-17 14:00:{second}"
    finished = event("f", "stage-finished", at, stage="review")
    assert set(cards("hunan", "stage", STAGED, STARTED, finished)) == levels
    assert set(cards("hunan", "stage", STAGED, STARTED, completed(at))) == levels


def test_another_stage_a_stage_without_limit_and_a_stage_after_the_close_have_no_clock() -> None:
    other = event("b", "stage-started", "10-15 14:00:00", stage="signing")
    later = event("b", "stage-started", "10-16 14:00:00", stage="review")
    assert dues(findings("hunan", STAGED, other), "stage") == {}
    assert dues(findings("hunan", STAGED, completed("10-16 10:00:00"), later), "stage") == {}


def test_a_stage_begun_again_opens_once_more_only_after_it_was_finished() -> None:
    again = event("b2", "stage-started", "10-16 10:00:00", stage="review")
    finished = event("f", "stage-finished", "10-15 16:00:00", stage="review")
    assert cards("hunan", "stage", STAGED, STARTED, again) == {"yellow": "10-17 14:00:00"}
    found = findings("hunan", STAGED, STARTED, finished, again)
    assert issued(found, "stage") == {"yellow": "10-18 10:00:00"}


def test_a_stage_has_the_limit_of_the_catalogue_unless_the_acceptance_gives_its_own() -> None:
    stages = [{"name": "review", "limit": span("1 working_day")}, {"name": "signing"}]
    catalogue = Publication(
        order=-1,
        effective_from=instant(rfc("01-01 00:00:00")),
        kind="matter",
        name="M-1",
        content={"code": "M-1", "stages": stages},
    )
    found = findings("hunan", accepted(matter="M-1"), STARTED, publications=[catalogue])
    assert issued(found, "stage") == {"yellow": "10-16 14:00:00"}
    own = accepted(matter="M-1", stage_limits={"review": span("2 working_day")})
    found = findings("hunan", own, STARTED, publications=[catalogue])
    assert issued(found, "stage") == {"yellow": "10-17 14:00:00"}


# --- missing materials (容缺受理) ----------------------------------------------------------------


@pytest.mark.parametrize("pack", ["hunan", "statutory"])
def test_missing_materials_are_due_when_the_acceptance_says(pack: str) -> None:
    missing = {"items": ["图纸"], "due": rfc("10-20 12:00:00")}
    case = accepted(missing_materials=missing)
    # A declared instant passes exactly when it says, on a Saturday too.
    assert cards(pack, "missing-materials", case) == {"warning": "10-20 12:00:00"}
    came = event("c", "correction-received", "10-20 12:00:00", items=["图纸"])
    assert cards(pack, "missing-materials", case, came) == {}
    late = event("c", "correction-received", "10-20 12:00:01", items=["图纸"])
    assert cards(pack, "missing-materials", case, late) == {"warning": "10-20 12:00:00"}


def test_missing_materials_close_with_the_case_or_at_the_acceptance_itself() -> None:
    case = accepted(missing_materials={"items": ["图纸"], "due": rfc("10-19 12:00:00")})
    came = event("c", "correction-received", "10-15 10:00:00", items=["图纸"])
    before = event("c", "correction-received", "10-15 09:59:59", items=["别的"])
    warned = {"warning": "10-19 12:00:00"}
    assert cards("hunan", "missing-materials", case, completed("10-18 10:00:00")) == {}
    assert cards("hunan", "missing-materials", case, came) == {}
    assert cards("hunan", "missing-materials", before, case) == warned


def test_missing_materials_without_a_date_have_no_clock_and_a_stop_moves_none() -> None:
    undated = accepted(missing_materials={"items": ["图纸"]})
    assert dues(findings("hunan", undated), "missing-materials") == {}
    case = accepted(missing_materials={"items": ["图纸"], "due": rfc("10-19 12:00:00")})
    held = stop("3 working_day", "10-16 10:00:00")
    assert cards("hunan", "missing-materials", case, held) == {"warning": "10-19 12:00:00"}
