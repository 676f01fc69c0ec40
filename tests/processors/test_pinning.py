"""A cycle is judged by what was published, and in force, when it was opened."""

import random
from dataclasses import replace
from datetime import date

import pytest

from ledger.case import Known
from ledger.case_events import CaseAccepted, CaseUrged
from ledger.errors import RecordUnreadable
from ledger.events import RANK
from ledger.fact import Fact
from ledger.findings import CardIssued, LimitsSet
from ledger.record import AnyRecord
from ledger.system_events import CalendarPublished, PackPublished
from processors.simulate import simulate
from processors.supervision.law import Law
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.policy import Policy
from processors.supervision.publications import (
    BEGINNING_US,
    Publications,
    calendar_record,
    pack_record,
    text_sha256,
)
from tests.golden.language import at, fact, policy
from tests.processors.published import CN, HOLIDAY, cn, new_calendar, pack, recorded, using

MONDAY = "2018-10-15 09:00:00"


def opener(when: str, order: int, learned: str | None = None) -> Known:
    data: Fact = CaseAccepted(matter="M-1", department="D-1")
    return Known(at(when), RANK[CaseAccepted], order, at(learned or when), "s", str(order), data)


def published(*records: tuple[int, AnyRecord]) -> Policy:
    publications = Publications()
    for order, record in records:
        publications.apply(record, order)
    return replace(using(), published=publications)


def versions(law: Law) -> tuple[str, str]:
    return law.pack.version.partition("+")[0], law.calendar.spec.version


def test_before_any_publication_what_is_configured_governs() -> None:
    law = published().laws(None).of(opener(MONDAY, 5))
    assert versions(law) == ("1", CN.version)


def test_of_what_lies_before_the_opening_the_latest_in_force_governs() -> None:
    laws = published(
        (10, recorded(pack_record(pack("2"), at("2018-10-16 00:00:00"), governs=True), MONDAY)),
        (11, recorded(pack_record(pack("3"), at("2018-10-20 00:00:00"), governs=True), MONDAY)),
        (20, recorded(pack_record(pack("4"), at("2018-10-18 00:00:00"), governs=True), MONDAY)),
    ).laws(None)

    def of(when: str, order: int) -> str:
        return versions(laws.of(opener(when, order)))[0]

    assert of("2018-10-15 23:59:59", 30) == "1"
    assert of("2018-10-16 00:00:00", 30) == "2"
    assert of("2018-10-19 00:00:00", 15) == "2"
    assert of("2018-10-19 00:00:00", 30) == "4"
    assert of("2018-10-20 00:00:00", 30) == "3"
    assert of("2018-10-21 00:00:00", 9) == "1"
    assert of("2018-10-21 00:00:00", 10) == "1"
    assert of("2018-10-21 00:00:00", 11) == "2"


@pytest.mark.parametrize("seed", range(30))
def test_what_governs_is_what_the_words_of_the_rule_say(seed: int) -> None:
    print("seed", seed)
    dice = random.Random(seed)
    days = [at(f"2018-10-{day:02} 00:00:00") for day in range(10, 28)]
    made = [
        (order, dice.choice(days), pack(str(order)))
        for order in sorted(dice.sample(range(2, 60), 6))
    ]
    laws = published(
        *((n, recorded(pack_record(p, us, governs=True), MONDAY)) for n, us, p in made)
    ).laws(None)
    for _ in range(60):
        order, time_us = dice.randrange(62), dice.choice(days) + dice.randrange(-1, 2)
        known = opener(MONDAY, order)._replace(time_us=time_us)
        governing = [(us, n, p) for n, us, p in made if n < order and us <= time_us]
        expected = max(governing)[2] if governing else pack()
        assert laws.of(known).pack.version == expected.version


def test_the_first_version_from_the_beginning_of_time_governs_what_lies_before_it_in_the_log() -> (
    None
):
    changed = replace(using(pack("9")), published=None)
    publications = Publications()
    publications.apply(recorded(pack_record(pack("1"), BEGINNING_US, governs=True), MONDAY), 50)
    laws = replace(changed, published=publications).laws(None)
    assert versions(laws.of(opener(MONDAY, 3)))[0] == "1"


def test_the_pack_that_governs_is_itself_pinned() -> None:
    """An operator who chooses another pack in the settings moves no open case to it."""
    other = _parsed(pack("7").text.replace('"local"', '"other"', 1))
    publications = Publications()
    for order, each in (
        (0, pack_record(pack("1"), BEGINNING_US, governs=True)),
        (8, pack_record(other, at("2018-10-16 00:00:00"), governs=True)),
    ):
        publications.apply(recorded(each, MONDAY), order)
    chosen = replace(policy(other), published=publications)
    laws = chosen.laws(None)
    assert laws.of(opener(MONDAY, 5)).pack.name == "local"
    assert laws.of(opener("2018-10-17 09:00:00", 9)).pack.name == "other"
    assert laws.of(opener("2018-10-15 12:00:00", 9)).pack.name == "local"


def _parsed(text: str) -> Pack:
    return parse_pack(text, "other.toml")


def test_a_case_folds_by_the_law_of_its_first_acceptance_in_the_log() -> None:
    laws = published(
        (5, recorded(pack_record(pack("2"), at(MONDAY), governs=True), MONDAY)),
    ).laws(None)
    urged = Known(at(MONDAY), RANK[CaseUrged], 2, at(MONDAY), "s", "u", CaseUrged(actor_ref="o"))
    facts = sorted([urged, opener("2018-10-15 10:00:00", 8), opener("2018-10-15 11:00:00", 4)])
    assert versions(laws.of_case(facts))[0] == "1"
    assert versions(laws.of_case(facts[:2]))[0] == "2"
    assert versions(laws.of_case([urged]))[0] == "1"


def test_a_case_planned_anew_counts_by_the_calendar_published_then() -> None:
    using_both = published(
        (0, recorded(calendar_record(CN, BEGINNING_US, governs=True), "2018-10-01 09:00:00")),
        (7, recorded(new_calendar(HOLIDAY, since="2018-10-16 09:00:00"), "2018-10-16 09:00:00")),
        (9, recorded(new_calendar(since="2018-10-18 09:00:00"), "2018-10-18 09:00:00")),
    )
    early = opener(MONDAY, 3)

    def version(known: Known, *replans: str) -> str:
        laws = using_both.laws(None, [at(each) for each in replans])
        return laws.of(known).calendar.spec.version

    assert version(early) == CN.version
    assert version(early, "2018-10-16 09:00:00") == cn(HOLIDAY).version
    assert version(early, "2018-10-16 09:00:00", "2018-10-18 09:00:00") == cn().version
    opened_since = opener("2018-10-17 09:00:00", 8)
    assert version(opened_since) == cn(HOLIDAY).version
    assert version(opened_since, "2018-10-16 09:00:00") == cn(HOLIDAY).version


def test_cases_accepted_under_two_packs_are_judged_each_by_its_own() -> None:
    """One working day more of warning, published between two acceptances of the same day."""
    acceptance = {"promised_limit": "7 working_day", "matter": "M-1", "department": "D-1"}
    sooner = pack_record(pack("2", warning=-4), at("2018-10-15 10:30:00"), governs=True)
    records = [
        recorded(pack_record(pack("1"), BEGINNING_US, governs=True), "2018-10-15 08:00:00"),
        fact("accepted", "2018-10-15 10:00:00", subject="C-1", **acceptance),
        recorded(sooner, "2018-10-15 10:30:00"),
        fact("accepted", "2018-10-15 11:00:00", subject="C-2", **acceptance),
        fact("accepted", "2018-10-15 10:00:00", "2018-10-15 12:00:00", subject="C-3", **acceptance),
    ]
    made = list(simulate(records, using(), at("2018-10-22 00:00:00")))
    cards = {r.subject: r.data for r in made if isinstance(r.data, CardIssued)}
    assert {
        subject: (card.pack_version[0], f"{card.effective_at:%d %H:%M}")
        for subject, card in cards.items()
    } == {"C-1": ("1", "19 10:00"), "C-2": ("2", "18 11:00"), "C-3": ("1", "19 10:00")}
    limits = {r.subject: r.data for r in made if isinstance(r.data, LimitsSet)}
    assert limits["C-2"].pack_version == pack("2", warning=-4).version


def test_a_catalogue_entry_governs_what_is_opened_after_it() -> None:
    entry = {
        "code": "M-1", "name": "n", "department": "D-1",
        "promised_limit": {"amount": 5, "unit": "working_day"},
    }  # fmt: skip
    matter = fact(
        "hall.reference.matter-published.v1", "2018-10-15 09:30:00", subject="reference:matter:M-1",
        id_="m", effective_from="2018-10-15T09:30:00+08:00", entry=entry,
    )  # fmt: skip
    records = [
        fact("accepted", "2018-10-15 09:00:00", subject="C-1", matter="M-1", department="D-1"),
        matter,
        fact("accepted", "2018-10-15 10:00:00", subject="C-2", matter="M-1", department="D-1"),
    ]
    made = list(simulate(records, using()))
    dues = {r.subject: r.data.promised_due for r in made if isinstance(r.data, LimitsSet)}
    assert "C-1" not in dues or dues["C-1"] is None
    assert f"{dues['C-2']:%m-%d %H:%M}" == "10-22 10:00"


@pytest.mark.parametrize("spoil", ["content", "sha256", "version", "absent", "broken"])
def test_content_that_is_not_what_was_published_cannot_be_read(spoil: str) -> None:
    record = recorded(pack_record(pack("2"), at(MONDAY), governs=True), MONDAY)
    data = record.data
    assert isinstance(data, PackPublished)
    text = data.content or ""
    broken = text.replace("counting", "count")
    changed = {
        "content": replace(data, content=text + "\n"),
        "sha256": replace(data, sha256="0" * 64),
        "version": replace(data, version="3"),
        "absent": replace(data, content=None),
        "broken": replace(data, content=broken, sha256=text_sha256(broken)),
    }[spoil]
    publications = Publications()
    with pytest.raises(RecordUnreadable):
        publications.apply(replace(record, data=changed), 1)
    assert not publications.packs
    publications.apply(record, 1)
    assert publications.packs["local"].at(2, at(MONDAY)) is not None


def test_a_calendar_whose_content_is_no_calendar_cannot_be_read() -> None:
    record = recorded(new_calendar(since=MONDAY), MONDAY)
    text = '{"name":"cn"}'
    data = CalendarPublished(
        version="1", effective_from=record.time, sha256=text_sha256(text), content=text
    )
    with pytest.raises(RecordUnreadable, match="cannot be used"):
        Publications().apply(replace(record, data=data), 1)


def test_a_pack_is_published_after_the_calendar_it_names() -> None:
    text = pack("2", more='calendar = "port"').text
    record = recorded(pack_record(_parsed(text), at(MONDAY), governs=True), MONDAY)
    publications = Publications()
    with pytest.raises(RecordUnreadable, match="port"):
        publications.apply(record, 4)
    publications.apply(recorded(new_calendar(date(2018, 10, 24), name="port"), MONDAY), 3)
    publications.apply(record, 4)
    law = replace(using(), published=publications).laws(None).of(opener(MONDAY, 9))
    assert law.calendar.spec.name == "port"


def test_what_comes_again_changes_nothing() -> None:
    publications = Publications()
    record = recorded(new_calendar(HOLIDAY, since=MONDAY), MONDAY)
    for order in (4, 4, 9):
        publications.apply(record, order)
    assert [order for _, order in publications.calendars["cn"].replans] == [4]
