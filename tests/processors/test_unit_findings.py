"""What is found about units from facts alone: cards of several cases, silence, a failing rule."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.findings import CaseUnjudged
from ledger.record import AnyRecord, Record, instant
from ledger.system_events import PackPublished
from processors.supervision.pack_text import parse_pack
from processors.supervision.publications import Publications
from processors.supervision.unit_rules.unit_rule import (
    CARD_ENDED,
    Span,
    UnitFact,
    card_kind,
)
from processors.supervision.units import judge_unit, unit_law, unit_tick
from tests.golden.language import at, calendar, handling_only, policy
from tests.processors.supervised import Owned, accepted, completed, event
from tests.processors.unit_owner import (
    BULK,
    CARDS,
    EVER_US,
    GRACE_OVER,
    MONDAY,
    OUTSIDE,
    SILENT,
    found,
    of_units,
    owned,
    ticks,
    typed_in,
)
from tests.processors.unit_periods import BASIS

pytestmark = pytest.mark.usefixtures("dialect")


def test_three_yellow_cards_of_a_department_in_different_cases_are_named(tmp_path: Path) -> None:
    owner = owned(tmp_path, CARDS)
    for number in range(3):
        owner.put(accepted(MONDAY, f"C-{number}", promised=1 + number, statutory=20))
    owner.until("2018-10-18 00:02:00")
    assert found(owner) == []
    owner.until("2018-10-19 00:02:00")
    (line,) = found(owner)
    assert line.endswith("level=yellow cards=3 group=1")
    owner.until("2018-10-30 00:00:00")
    assert found(owner) == [line]


def test_a_yellow_card_taken_back_does_not_count(tmp_path: Path) -> None:
    owner = owned(tmp_path, CARDS)
    for number in range(3):
        owner.put(accepted(MONDAY, f"C-{number}", promised=1 + number, statutory=20))
    owner.until("2018-10-17 12:00:00")
    owner.put(completed("2018-10-16 09:30:00", "C-0"))
    owner.until("2018-10-22 00:02:00")
    assert found(owner) == []
    ended = owner.states.units.rows(
        Span(CARD_ENDED, 0, EVER_US, unit=card_ids(owner)[0]), owner.log.ends()
    )
    assert len(ended) == 1


def test_a_card_revoked_by_people_does_not_count(tmp_path: Path) -> None:
    owner = owned(tmp_path, CARDS)
    for number in range(3):
        owner.put(accepted(MONDAY, f"C-{number}", promised=1 + number, statutory=20))
    owner.until("2018-10-17 12:00:00")
    for act, more in (("appealed", {}), ("appeal-decided", {"decision": "revoked"})):
        data = {"card_id": card_ids(owner)[0], "actor_ref": "o-1", **more}
        made = event(act, owner.now_us, "C-0", **data)
        owner.put({**made, "type": f"hall.card.{act}.v1"})
        owner.settle()
    owner.until("2018-10-22 00:02:00")
    assert found(owner) == []


def card_ids(owner: Owned) -> list[str]:
    spans = Span(card_kind("yellow"), 0, EVER_US, unit="D-1")
    return [row.about for row in owner.states.units.rows(spans, owner.log.ends())]


def test_a_department_that_falls_silent_is_ticked_and_named(tmp_path: Path) -> None:
    owner = owned(tmp_path, SILENT, start_us=at("2018-10-08 10:00:00"))
    for day, departments in (("08", ("D-1", "D-2")), ("16", ("D-1", "D-2")), ("23", ("D-2",))):
        owner.now_us = at(f"2018-10-{day} 10:00:00")
        for department in departments:
            made = accepted(owner.now_us, f"{department}/{day}", promised=100, statutory=100)
            made["data"] = {**made["data"], "department": department}
            owner.put(made)
        owner.settle()
    owner.until("2018-10-29 00:02:00")
    (line,) = found(owner)
    assert line == "unit:D-1 silent-department week=2018-10-22T00:00+08:00 usual=1 periods=2"


def test_a_rule_that_fails_is_named_by_its_code_and_stops_no_other(tmp_path: Path) -> None:
    owner = owned(tmp_path, OUTSIDE._replace(parameters=None), BULK)
    typed_in(owner, 4)
    owner.until(GRACE_OVER)
    failed = [r.data.error for r in of_units(owner) if isinstance(r.data, CaseUnjudged)]
    assert failed == ["AttributeError"]
    assert len(found(owner)) == 1
    assert owner.owner.report.suspended == 1


def test_a_pack_without_unit_rules_ticks_no_unit(tmp_path: Path) -> None:
    owner = owned(tmp_path)
    typed_in(owner, 4)
    owner.until("2018-10-19 00:00:00")
    assert of_units(owner) == []


def published(order: int, effective: str, more: str) -> tuple[AnyRecord, int]:
    """The publication of a pack's text with other unit rules or none, and where it lies."""
    text = handling_only().text.partition("[[unit_rule]]")[0] + more
    pack = parse_pack(text, "published")
    data = PackPublished(
        version=pack.version,
        effective_from=instant(at(effective)),
        sha256=sha256(text.encode()).hexdigest(),
        content=text,
    )
    record = Record(
        type=data.TYPE, source="/hall", id=f"p-{order}", subject=f"reference:pack:{pack.name}",
        time=instant(0), data=data, recordedtime=instant(0),
    )  # fmt: skip
    return record, order


def test_a_unit_is_judged_by_the_pack_published_before_its_tick_and_in_force_then() -> None:
    publications = Publications()
    rule_text = f'\n[[unit_rule]]\nname = "outside-hours"\nperiod = "day"\n{BASIS}\n'
    publications.apply(*published(3, "1970-01-01 08:00:00", ""))
    publications.apply(
        *published(10, "2018-11-01 00:00:00", rule_text + "least = 3\npercent = 50\n")
    )
    pinned = replace(policy(), published=publications)

    def rules(order: int, at_us: int) -> int:
        return len(unit_law(pinned, order, at_us).pack.unit_rules)

    in_force = at("2018-11-01 00:00:00")
    assert (rules(11, in_force), rules(11, in_force - 1)) == (1, 0)
    assert rules(10, in_force) == 0


def ticked_now(owner: Owned) -> int:
    """Ask every partition's clock for the ticks of units, and nothing else of the owner."""
    return sum(
        part._around.units.tick(number, part.policy, owner.now_us, 500, part._put_ticks)
        for number, part in owner.owner.owners.items()
    )


@pytest.mark.parametrize("by_time_alone", [2, 0])
def test_a_close_waits_for_what_was_due_or_recorded_before_it(
    tmp_path: Path, by_time_alone: int
) -> None:
    """Cards due on Monday by time alone, and by facts that nobody has judged yet, are Monday's."""
    owner = owned(tmp_path, CARDS, start_us=at("2018-10-12 10:00:00"))
    typed_in(owner, 1, "D-2")
    for number in range(by_time_alone):
        owner.put(accepted(owner.now_us, f"C-{number}", promised=1, statutory=20))
    owner.until("2018-10-15 00:02:00")
    assert (len(ticks(owner)), found(owner)) == (0, [])
    owner.now_us = at("2018-10-15 23:00:00")
    for number in range(by_time_alone, 3):
        owner.put(accepted("2018-10-08 10:00:00", f"C-{number}", promised=1, statutory=20))
    owner.now_us = at(GRACE_OVER)
    for _ in range(3):
        assert ticked_now(owner) == 0
    owner.owner.catch_up()
    assert ticked_now(owner) == (0 if by_time_alone else 1)
    owner.settle()
    assert ticks(owner) == ["unit:D-1 2018-10-16 00:00:00"]
    assert len(found(owner)) == 1


class NotReadable(Exception):
    """The database is gone."""


def test_rows_that_cannot_be_read_are_no_rules_fault_and_stop_the_judgement() -> None:
    def fails(_span: Span, _upto: Mapping[int, int]) -> list[UnitFact]:
        raise NotReadable

    tick = unit_tick("D-1", at("2018-10-16 00:00:00"), {0: 1}, calendar())
    with pytest.raises(NotReadable):
        list(judge_unit(tick, (OUTSIDE,), calendar(), fails))
