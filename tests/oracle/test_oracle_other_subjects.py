"""The oracle on complaints and consultations, and on versions of the law, by hand."""

import pytest

from tests.oracle.handling_limit import DesignSilent
from tests.oracle.known_history import Event, instant
from tests.oracle.laws import Publication
from tests.oracle.office_time import Office
from tests.oracle.offices import OFFICES
from tests.oracle.worked_example import (
    accepted,
    cards,
    dues,
    event,
    findings,
    issued,
    pack_named,
    rfc,
    span,
)

WEDNESDAY = rfc("10-24 10:00:00")

# --- consultations (hunan E: warning >= -2, yellow >= 1, red >= 2) -------------------------------


def test_a_consultation_that_nobody_answers() -> None:
    # 21 office hours before Wednesday 10:00 is Friday 10:00 (1 + 7 + 7 + 6); 7 after it Thursday.
    asked = event("q", "consultation.asked", "10-15 10:00:00", due=WEDNESDAY)
    found = findings("hunan", asked)
    assert issued(found, "consultation") == {
        "warning": "10-19 10:00:00",
        "yellow": "10-24 10:00:00",
        "red": "10-25 10:00:00",
    }
    assert dues(found, "consultation") == {"promised": "10-24 10:00:00", "statutory": None}


@pytest.mark.parametrize(("second", "levels"), [("00", {"warning"}), ("01", {"warning", "yellow"})])
def test_an_answer_closes_a_consultation(second: str, levels: set[str]) -> None:
    asked = event("q", "consultation.asked", "10-15 10:00:00", due=WEDNESDAY)
    answer = event("x", "consultation.answered", f"10-24 10:00:{second}")
    assert set(cards("hunan", "consultation", asked, answer)) == levels


def test_a_consultation_without_a_date_has_no_clock_unless_the_pack_gives_one() -> None:
    asked = event("q", "consultation.asked", "10-15 10:00:00")
    assert findings("hunan", asked) == []
    pack = pack_named("hunan")
    granted = {"rule": "consultation-limit", "limit": "promised", "granted": span("5 working_day")}
    pack["default_limit"] = [*pack["default_limit"], granted]
    assert cards(pack, "consultation", asked) == {
        "warning": "10-17 10:00:00",
        "yellow": "10-22 10:00:00",
        "red": "10-23 10:00:00",
    }


def test_a_consultation_due_too_soon_gives_no_warning() -> None:
    asked = event("q", "consultation.asked", "10-19 10:00:00", due=WEDNESDAY)
    assert set(cards("hunan", "consultation", asked)) == {"yellow", "red"}


# --- complaints (hunan F, as E) ------------------------------------------------------------------


def complaint(kind: str, at: str, **data: str) -> Event:
    return event(kind, f"complaint.{kind}", at, **data)


ACCEPTED = complaint("accepted", "10-15 10:00:00", due=WEDNESDAY)


def test_a_complaint_that_nobody_answers() -> None:
    expected = {
        "warning": "10-19 10:00:00",
        "yellow": "10-24 10:00:00",
        "red": "10-25 10:00:00",
    }
    assert cards("hunan", "complaint", ACCEPTED) == expected
    # Without a date at the acceptance that of the filing holds.
    filed = complaint("filed", "10-12 10:00:00", due=WEDNESDAY)
    undated = complaint("accepted", "10-15 10:00:00")
    assert cards("hunan", "complaint", filed, undated) == expected
    other = complaint("filed", "10-12 10:00:00", due=rfc("10-17 10:00:00"))
    assert cards("hunan", "complaint", other, ACCEPTED) == expected


def test_a_complaint_that_was_only_filed_or_has_no_date_has_no_clock() -> None:
    assert findings("hunan", complaint("filed", "10-15 10:00:00", due=WEDNESDAY)) == []
    assert findings("hunan", complaint("accepted", "10-15 10:00:00")) == []


def test_the_text_is_silent_about_two_filings_and_about_an_answer_before_the_question() -> None:
    filed = complaint("filed", "10-12 10:00:00", due=WEDNESDAY)
    other = complaint("filed", "10-12 10:00:00", due=rfc("10-17 10:00:00")) | {"id": "f2"}
    assert len(cards("hunan", "complaint", filed, other, ACCEPTED)) == 3
    with pytest.raises(DesignSilent):
        findings("hunan", filed, other, complaint("accepted", "10-15 10:00:00"))
    asked = event("q", "consultation.asked", "10-15 10:00:00", due=WEDNESDAY)
    with pytest.raises(DesignSilent):
        findings("hunan", event("x", "consultation.answered", "10-15 09:00:00"), asked)


@pytest.mark.parametrize("kind", ["answered", "closed", "refused"])
@pytest.mark.parametrize(("second", "levels"), [("00", {"warning"}), ("01", {"warning", "yellow"})])
def test_what_closes_a_complaint(kind: str, second: str, levels: set[str]) -> None:
    assert set(cards("hunan", "complaint", ACCEPTED, complaint(kind, f"10-24 10:00:{second}"))) == (
        levels
    )


def test_a_transfer_does_not_close_a_complaint() -> None:
    moved = complaint("transferred", "10-16 10:00:00", department="D-2")
    assert len(cards("hunan", "complaint", ACCEPTED, moved)) == 3


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # Before the warning: everything moves. 21 office hours before Monday 29, 10:00, is
        # Wednesday 24, 10:00.
        (
            "10-19 10:00:00",
            {"warning": "10-24 10:00:00", "yellow": "10-29 10:00:00", "red": "10-30 10:00:00"},
        ),
        # After the warning, at the very instant of the yellow card.
        (
            "10-24 10:00:00",
            {"warning": "10-19 10:00:00", "yellow": "10-29 10:00:00", "red": "10-30 10:00:00"},
        ),
        # After the yellow card only the red one moves.
        (
            "10-24 10:00:01",
            {"warning": "10-19 10:00:00", "yellow": "10-24 10:00:00", "red": "10-30 10:00:00"},
        ),
        (
            "10-25 10:00:01",
            {"warning": "10-19 10:00:00", "yellow": "10-24 10:00:00", "red": "10-25 10:00:00"},
        ),
    ],
)
def test_an_extension_moves_what_has_not_passed(at: str, expected: dict[str, str]) -> None:
    longer = complaint("extended", at, due=rfc("10-29 10:00:00"))
    assert cards("hunan", "complaint", ACCEPTED, longer) == expected


def test_the_text_is_silent_about_an_extension_into_the_past() -> None:
    with pytest.raises(DesignSilent):
        findings(
            "hunan",
            ACCEPTED,
            complaint("extended", "10-18 10:00:00", due=rfc("10-17 10:00:00")),
        )


# --- versions ------------------------------------------------------------------------------------


def published(kind: str, order: int, since: str, name: str, content: object) -> Publication:
    effective_from = instant(rfc(since))
    return Publication(
        order=order, effective_from=effective_from, kind=kind, name=name, content=content
    )


def matter(order: int, since: str, promised: str | None) -> Publication:
    content = {"code": "M-1", "promised_limit": span(promised)} if promised else None
    return published("matter", order, since, "M-1", content)


def placed(order: int, at: str = "10-15 10:00:00") -> Event:
    return accepted(at, matter="M-1", statutory_limit=span("20 working_day")) | {"order": order}


@pytest.mark.parametrize(
    ("versions", "promised"),
    [
        ([], None),
        ([matter(1, "01-01 00:00:00", "7 working_day")], "10-24 10:00:00"),
        # Published after the acceptance, or not yet in force at it.
        ([matter(6, "01-01 00:00:00", "7 working_day")], None),
        ([matter(1, "10-15 10:00:01", "7 working_day")], None),
        # The latest date in force, then the latest in the log.
        (
            [
                matter(2, "01-01 00:00:00", "7 working_day"),
                matter(1, "10-15 10:00:00", "5 working_day"),
            ],
            "10-22 10:00:00",
        ),
        (
            [
                matter(1, "01-01 00:00:00", "7 working_day"),
                matter(2, "01-01 00:00:00", "5 working_day"),
            ],
            "10-22 10:00:00",
        ),
        ([matter(1, "01-01 00:00:00", "7 working_day"), matter(2, "10-01 00:00:00", None)], None),
    ],
)
def test_the_catalogue_in_force_at_the_acceptance_gives_the_promise(
    versions: list[Publication], promised: str | None
) -> None:
    found = findings("hunan", placed(5), publications=versions)
    assert dues(found, "handling")["promised"] == promised


def test_the_promise_of_the_source_wins_over_the_catalogue() -> None:
    own = accepted(matter="M-1", promised_limit=span("3 working_day"))
    found = findings("hunan", own, publications=[matter(-1, "01-01 00:00:00", "7 working_day")])
    assert dues(found, "handling")["promised"] == "10-18 10:00:00"


def test_the_text_is_silent_about_a_handling_type_that_only_the_catalogue_says() -> None:
    entry = {"code": "M-1", "handling_type": "immediate"}
    known = [published("matter", -1, "01-01 00:00:00", "M-1", entry)]
    said = accepted(matter="M-1", handling_type="promised")
    assert dues(findings("hunan", said, publications=known), "handling")["promised"] is None
    with pytest.raises(DesignSilent):
        findings("hunan", accepted(matter="M-1"), publications=known)


def test_a_promise_of_the_catalogue_beyond_the_statute_is_cut() -> None:
    found = findings(
        "hunan", placed(5), publications=[matter(1, "01-01 00:00:00", "30 working_day")]
    )
    assert dues(found, "handling")["promised"] == dues(found, "handling")["statutory"]
    assert dues(found, "handling")["statutory"] == "11-12 10:00:00"


def test_a_case_keeps_the_pack_that_was_in_force_at_its_acceptance() -> None:
    strict = pack_named("hunan")
    rows = [row for row in strict["threshold"] if row["limit"] == "statutory"]
    strict["threshold"] = [rows[0] | {"offset": -1}]
    change = [published("pack", 3, "10-16 00:00:00", "hunan", strict)]
    before, after = placed(5), placed(5, "10-16 10:00:00")
    assert issued(findings("hunan", before, publications=change), "handling") == {
        "red": "11-12 10:00:00"
    }
    # Nineteen days from Tuesday 16 October, 10:00.
    assert issued(findings("hunan", after, publications=change), "handling") == {
        "red": "11-12 10:00:00"
    }
    assert issued(
        findings("hunan", placed(2, "10-16 10:00:00"), publications=change), "handling"
    ) == {"red": "11-13 10:00:00"}


def test_a_case_keeps_the_calendar_that_was_in_force_at_its_acceptance() -> None:
    usual = OFFICES["cn"]
    friday_off = Office(
        zone="Asia/Shanghai",
        hours=usual.hours,
        days_off=usual.days_off | {instant(rfc("10-19 12:00:00")).date()},
    )
    change = [published("calendar", 3, "10-01 00:00:00", "cn", friday_off)]
    case = accepted(promised_limit=span("7 working_day"))
    found = findings("hunan", case | {"order": 5}, publications=change)
    assert dues(found, "handling")["promised"] == "10-25 10:00:00"
    found = findings("hunan", case | {"order": 2}, publications=change)
    assert dues(found, "handling")["promised"] == "10-24 10:00:00"
