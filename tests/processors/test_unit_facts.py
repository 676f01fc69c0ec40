"""Which rows a record gives: whose a completion is, what an import gives, how a card's row ends."""

from collections.abc import Iterable
from itertools import count

import pytest

from ledger.findings import (
    AnomalyFound,
    CardIssued,
    CardIssuedByHand,
    CardRescinded,
    IssueMode,
    Responsible,
    Snapshot,
)
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Position
from ledger.record import AnyRecord, Record, instant
from processors.supervision.unit_facts import UNIT_GRACE_US, UnitFold
from processors.supervision.unit_rules.unit_rule import UnitFact
from processors.supervision.units import unit_tick
from tests.golden.language import at, calendar, fact

MONDAY, TUESDAY = "2018-10-15 10:00:00", "2018-10-16 10:00:00"


def rows(*records: AnyRecord) -> list[UnitFact]:
    """The rows of records that lie in this order in partition 1, read one after the other."""
    fold, places = UnitFold(0), count()
    return [row for each in records for row in fold.take(each, Position(1, next(places)))]


def said(found: Iterable[UnitFact]) -> list[str]:
    return [f"{row.kind} {row.unit} {row.offset} {row.about}".strip() for row in found]


def accepted(department: str = "D-1", when: str = MONDAY, **more: str) -> AnyRecord:
    more.setdefault("id_", f"accepted {department} {when}")
    return fact("accepted", when, matter="M-1", department=department, **more)


def completed(when: str = TUESDAY, **more: str) -> AnyRecord:
    return fact("completed", when, outcome="granted", **more)


def finding(data: CardIssued | CardRescinded | AnomalyFound, subject: str = "C-1") -> AnyRecord:
    id_ = getattr(data, "card_id", "f") if isinstance(data, CardIssued) else data.TYPE
    return Record(
        type=data.TYPE, source=SUPERVISION_SOURCE, id=id_, subject=subject,
        time=instant(at(TUESDAY)), causationid="x#1", data=data, recordedtime=instant(at(TUESDAY)),
    )  # fmt: skip


def card(mode: IssueMode = "auto", department: str | None = "D-1") -> AnyRecord:
    return finding(
        CardIssued(
            card_id="k-1", level="yellow", rule="handling-limit", clock="handling", cycle="a#1",
            effective_at=instant(at(MONDAY)), detected_at=instant(at(TUESDAY)),
            responsible=Responsible(department=department),
            snapshot=Snapshot(limits=(), used_us=0, stopped_us=0, overdue_us=0),
            basis="b", pack="p", pack_version="1", calendar_version="1", evidence=(), mode=mode,
        )
    )  # fmt: skip


def act(what: str, **data: str) -> AnyRecord:
    return fact(f"hall.card.{what}.v1", TUESDAY, card_id="k-1", actor_ref="o-1", **data)


def test_an_acceptance_and_a_completion_give_a_row_each_by_when_they_were_recorded() -> None:
    made = rows(
        accepted(),
        fact("urged", MONDAY, actor_ref="o-1"),
        completed(recorded="2018-10-18 10:00:00"),
    )
    assert said(made) == ["accepted D-1 0 M-1", "completed D-1 2"]
    assert [(row.at_us, row.happened_us) for row in made] == [
        (at(MONDAY), at(MONDAY)),
        (at("2018-10-18 10:00:00"), at(TUESDAY)),
    ]
    assert [(row.partition, row.subject, row.id) for row in made] == [
        (1, "C-1", f"accepted D-1 {MONDAY}"),
        (1, "C-1", f"completed@{TUESDAY}"),
    ]


def test_a_matter_with_a_character_that_no_database_keeps_gives_its_row_without_it() -> None:
    (row,) = rows(fact("accepted", MONDAY, matter="M\0-1", department="D-1"))
    assert row.about == "M-1"


def test_a_record_read_twice_gives_its_row_once() -> None:
    assert said(rows(accepted(), accepted(), completed(), completed())) == [
        "accepted D-1 0 M-1",
        "completed D-1 2",
    ]


def test_a_completion_is_of_its_parts_department_or_of_the_only_one_there_is() -> None:
    parts = [accepted("D-1", part="a"), accepted("D-2", part="b")]
    of_part = rows(*parts, completed(part="b"), completed(part="c", id_="c"))
    assert said(of_part)[2:] == ["completed D-2 2"]
    assert said(rows(*parts, completed()))[2:] == []
    assert said(rows(parts[0], completed()))[1:] == ["completed D-1 1"]
    again = accepted("D-3", TUESDAY)
    assert said(rows(accepted(), completed(), again, completed("2018-10-17 10:00:00")))[2:] == [
        "accepted D-3 2 M-1",
        "completed D-3 3",
    ]


def test_a_completion_nobody_can_place_gets_its_row_with_the_acceptance() -> None:
    late = accepted(recorded="2018-10-19 10:00:00")
    made = rows(completed(), late, completed("2018-10-17 10:00:00"))
    assert said(made) == ["accepted D-1 1 M-1", "completed D-1 1", "completed D-1 2"]
    assert (made[1].id, made[1].happened_us) == (f"completed@{TUESDAY}", at(TUESDAY))
    assert made[1].at_us == at("2018-10-19 10:00:00")
    assert said(rows(completed())) == []


@pytest.mark.parametrize(
    ("timeline", "number"), [(None, 2), ("evidence/receipt@1", 2), ("receipt@1", 0)]
)
def test_an_import_on_its_own_time_gives_no_rows(timeline: str | None, number: int) -> None:
    made = rows(accepted(timeline=timeline), completed(timeline=timeline))  # type: ignore[arg-type]
    assert len(made) == number


@pytest.mark.parametrize("department", ["", "x" * 201, "D\n1"])
def test_a_department_that_can_be_no_subject_gives_no_row(department: str) -> None:
    assert rows(accepted(department, id_="a")) == []


def test_a_card_counts_for_who_answers_for_it_at_its_judged_instant() -> None:
    (made,) = rows(card())
    assert (made.kind, made.unit, made.about, made.at_us) == (
        "yellow-card",
        "D-1",
        "k-1",
        at(TUESDAY),
    )
    assert rows(card(department=None)) == []


def test_a_card_ends_by_late_evidence_or_by_a_legal_decision_of_people() -> None:
    taken_back = finding(CardRescinded(card_id="k-1", reason="late_evidence", evidence=()))
    assert said(rows(card(), taken_back))[1:] == ["card-ended k-1 1"]
    appealed = act("appealed")
    for decision in ("revoked", "downgraded"):
        decided = act("appeal-decided", decision=decision)
        assert said(rows(card(), appealed, decided))[1:] == ["card-ended k-1 2"]
        assert said(rows(card(), decided))[1:] == []
    assert said(rows(card(), appealed, act("appeal-decided", decision="upheld")))[1:] == []


def test_a_card_that_waits_is_told_apart_until_a_person_confirms_it() -> None:
    made = rows(card("confirm"), act("signed"), act("confirmed"), act("confirmed"))
    assert said(made) == ["yellow-card-waiting D-1 0 k-1", "card-confirmed k-1 2"]


def test_a_card_issued_by_hand_counts_too() -> None:
    data = CardIssuedByHand(
        card_id="k-2", level="yellow", rule="service", effective_at=instant(at(MONDAY)),
        detected_at=instant(at(MONDAY)), responsible=Responsible(department="D-1"), basis="b",
        actor_ref="o-1",
    )  # fmt: skip
    record = Record(
        type=data.TYPE, source="/officers", id="h-1", subject="C-1", time=instant(at(MONDAY)),
        data=data,
    )  # fmt: skip
    assert said(rows(record)) == ["yellow-card D-1 0 k-2"]


def test_a_finding_on_a_unit_is_noted_in_the_period_it_was_found_for() -> None:
    close_us = at("2019-01-01 00:00:00")
    tick = unit_tick("D-1", close_us, {0: 1}, calendar())
    data = AnomalyFound(rule="card-accumulation", detail="", evidence=())
    named = Record(
        type=data.TYPE, source=SUPERVISION_SOURCE, id="f", subject=tick.subject, time=tick.time,
        causationid=tick.name, data=data,
    )  # fmt: skip
    (made,) = rows(tick, named)
    assert (made.kind, made.unit, made.about) == ("named", "D-1", "card-accumulation")
    assert made.at_us == close_us - 1
    assert UNIT_GRACE_US > 0
    assert rows(finding(data)) == []
