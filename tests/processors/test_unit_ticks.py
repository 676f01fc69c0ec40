"""Ticks of units: after the close, on rows below `upto` of all partitions, judged once."""

import random
from pathlib import Path

import pytest

from ledger.findings import AnomalyFound
from ledger.log import Entry, partitions_of
from ledger.record import micros
from ledger.system_events import ClockReached
from ledger.wire import encode
from processors.drivers.sql_state import SqlState
from processors.supervision.unit_facts import UNIT_GRACE_US
from processors.supervision.unit_rules.unit_rule import (
    ACCEPTED,
    COMPLETED,
    Span,
)
from processors.supervision.units import unit_tick
from tests.golden.language import at, calendar
from tests.processors.supervised import DAY_US, Died, Owned, accepted, completed
from tests.processors.unit_owner import (
    BULK,
    CARDS,
    EVER_US,
    GRACE_OVER,
    OUTSIDE,
    PARTITIONS,
    SILENT,
    TUESDAY,
    found,
    identities,
    of_units,
    owned,
    rows,
    ticks,
    typed_in,
    without_states,
)

pytestmark = pytest.mark.usefixtures("dialect")


def test_rows_of_all_partitions_are_judged_once_after_the_grace(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 4)
    assert {partitions_of(f"{n}@D-1", PARTITIONS)[0] for n in range(4)} == {0, 1}
    owner.settle()
    before = owner.log.ends()
    owner.until(at(GRACE_OVER) - 1)
    assert of_units(owner) == []
    owner.until(GRACE_OVER)
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}"]
    assert found(owner) == [
        "unit:D-1 bulk-back-entry day=2018-10-15T00:00+08:00 source=/halls/430100/approval "
        "minute=2018-10-15T10:00 completions=4 bulks=1"
    ]
    tick, finding = of_units(owner)
    assert isinstance(tick.data, ClockReached)
    assert tick.data.upto == {str(partition): end for partition, end in before.items()}
    assert micros(tick.time) == at(TUESDAY) + UNIT_GRACE_US + 1
    assert (finding.causationid, finding.time) == (tick.name, tick.time)
    assert isinstance(finding.data, AnomalyFound)
    assert {each.id for each in finding.data.evidence} == {"completed@2018-10-10T10:00:00+08:00"}
    owner.until("2018-10-19 10:00:00")
    assert (len(ticks(owner)), len(found(owner))) == (1, 1)


def test_one_row_less_is_ticked_and_finds_nothing(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 3)
    typed_in(owner, 3, "D-2")
    owner.until(GRACE_OVER)
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}", f"unit:D-2 {TUESDAY}"]
    assert found(owner) == []


def test_what_is_recorded_after_the_close_belongs_to_the_next_period(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 3)
    owner.now_us = at(TUESDAY)
    typed_in(owner, 1, first=3)
    owner.until(GRACE_OVER)
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}"]
    owner.until("2018-10-17 00:02:00")
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}", "unit:D-1 2018-10-17 00:00:00"]
    assert found(owner) == []


def test_a_judgement_reads_only_rows_below_upto(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK, partitions=1)
    typed_in(owner, 4)
    owner.settle()
    last = next(
        number for number, record in enumerate(owner.records()) if record.subject == "3@D-1"
    )
    tick = unit_tick("D-1", at(TUESDAY), {0: last}, calendar())
    owner.log.append([Entry(tick.subject, tick.source, tick.id, encode(tick))])
    owner.until(GRACE_OVER)
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}"]
    assert found(owner) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_append_it_finds_what_it_finds_undisturbed(tmp_path: Path, seed: int) -> None:
    """Deaths before, within and after appends: of ticks, and between emit and remember."""
    print("seed", seed)
    dice = random.Random(seed)
    whole = owned(tmp_path / "whole", BULK, CARDS, OUTSIDE)
    mortal = owned(tmp_path / "mortal", BULK, CARDS, OUTSIDE, batch_max=dice.choice([7, 2_000]))
    mortal.log.dies = lambda _entries, _added: dice.random() < 0.3
    died = 0
    for day in range(15, 21):
        for owner in (whole, mortal):
            owner.now_us = at(f"2018-10-{day} 10:00:00")
            typed_in(owner, 4, "D-1", first=4 * day)
            typed_in(owner, day % 6, "D-2", first=6 * day)
            owner.put(accepted(f"2018-10-{day} 10:00:00", f"C-{day}", promised=1, statutory=20))
        whole.settle()
        died += mortal.settle()
    for owner in (whole, mortal):
        died += owner.until("2018-10-27 12:00:00")
    assert died > 10
    assert identities(mortal) == identities(whole)
    assert {r.data.rule for r in of_units(whole) if isinstance(r.data, AnomalyFound)} >= {
        "bulk-back-entry",
        "card-accumulation",
    }
    assert mortal.owner.report.conflicts == 0


def test_killed_between_the_tick_and_its_judgement_it_goes_on_with_that_tick(
    tmp_path: Path,
) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 4)
    owner.settle()
    owner.now_us = at(GRACE_OVER)
    owner.log.dies = lambda _entries, added: bool(added)
    with pytest.raises(Died):
        owner.owner.turn()
    assert len(ticks(owner)) == 1
    assert found(owner) == []
    owner.log.dies = lambda _entries, _added: False
    owner.start()
    owner.now_us = at("2018-10-16 09:00:00")
    typed_in(owner, 9, first=10)
    owner.settle()
    assert ticks(owner) == [f"unit:D-1 {TUESDAY}"]
    assert "completions=4" in found(owner)[0]
    assert len(found(owner)) == 1


def test_a_tick_read_again_without_states_gives_nothing_new(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 4)
    owner.until(GRACE_OVER)
    told, judged = identities(owner), owner.log.ends()
    without_states(owner, tmp_path)
    owner.settle()
    assert owner.states.positions() == owner.log.ends() == judged
    assert identities(owner) == told
    assert owner.owner.report.conflicts == 0


def test_days_on_which_nobody_worked_are_ticked_afterwards_in_order(tmp_path: Path) -> None:
    living, late = owned(tmp_path / "a", BULK), owned(tmp_path / "b", BULK)
    for owner in (living, late):
        for day in (15, 17, 18):
            owner.now_us = at(f"2018-10-{day} 10:00:00")
            typed_in(owner, 4, first=4 * day)
            if owner is living:
                owner.settle()
    for owner in (living, late):
        owner.until("2018-10-25 00:00:00")
    assert identities(late) == identities(living)
    assert ticks(late) == ticks(living)
    assert [line[-19:-9] for line in ticks(late)] == ["2018-10-16", "2018-10-18", "2018-10-19"]


def test_no_unit_is_ticked_before_every_partition_has_been_judged(tmp_path: Path) -> None:
    """A partition that cannot be read holds the ticks of all; its rows may lie behind."""
    owner = owned(tmp_path, BULK)
    typed_in(owner, 4)
    for partition in range(PARTITIONS):
        assert owner.log.ends()[partition] > 0
    stopped = partitions_of("0@D-1", PARTITIONS)[0]
    owner.owner.owners[stopped].stopped_at = owner.log.ends()[stopped]
    owner.until(GRACE_OVER)
    assert of_units(owner) == []
    owner.start()
    owner.settle()
    assert len(found(owner)) == 1


def test_a_tick_read_back_before_the_other_partitions_rows_are_there_waits(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK, batch_max=2)
    typed_in(owner, 4)
    owner.until(GRACE_OVER)
    told, judged = identities(owner), owner.log.ends()
    tick = next(r for r in of_units(owner) if isinstance(r.data, ClockReached))
    home = partitions_of(tick.subject, PARTITIONS)[0]
    without_states(owner, tmp_path)
    while owner.owner.judge([home]):
        pass
    assert owner.states.positions()[home] < owner.log.ends()[home]
    owner.settle()
    assert owner.states.positions() == owner.log.ends() == judged
    assert identities(owner) == told


def test_rows_older_than_any_look_back_are_dropped(tmp_path: Path) -> None:
    owner = owned(tmp_path, BULK)
    typed_in(owner, 4)
    owner.settle()
    assert count(owner.states, ACCEPTED, owner) == 4
    owner.now_us += 60 * DAY_US
    typed_in(owner, 1, first=9)
    owner.until(owner.now_us + DAY_US)
    assert len(found(owner)) == 1
    assert count(owner.states, ACCEPTED, owner) == 1
    assert count(owner.states, COMPLETED, owner) == 1


def count(states: SqlState, kind: str, owner: Owned) -> int:
    return len(states.units.rows(Span(kind, 0, EVER_US, unit="D-1"), owner.log.ends()))


def test_more_units_than_one_round_takes_are_all_ticked_once(tmp_path: Path) -> None:
    owner = owned(tmp_path, OUTSIDE)
    for number in range(1_100):
        typed_in(owner, 1, f"D-{number}")
    owner.until(GRACE_OVER)
    assert len(ticks(owner)) == len(set(ticks(owner))) == 1_100


def test_states_read_again_from_the_log_alone_have_the_same_rows_and_go_on(tmp_path: Path) -> None:
    """Above a marker, below it, and with a tick of a unit after it that waits for rows."""
    rules = (BULK, CARDS, SILENT)
    lost, kept = owned(tmp_path / "lost", *rules), owned(tmp_path / "kept", *rules)
    for day in range(15, 24):
        for owner in (lost, kept):
            owner.now_us = at(f"2018-10-{day} 10:00:00")
            typed_in(owner, 4, "D-1", first=4 * day)
            owner.put(accepted(owner.now_us, f"C-{day}", promised=1, statutory=20))
            owner.settle()
        if day in (17, 20):
            lost.owner.stop()
        if day in (17, 19, 23):
            without_states(lost, tmp_path / f"{day}")
            told, before = identities(lost), lost.log.ends()
            lost.settle()
            assert lost.log.ends() == before
            assert identities(lost) == told
            assert lost.owner.report.conflicts == 0
            assert rows(lost) == rows(kept)
    for owner in (lost, kept):
        owner.until("2018-11-20 00:00:00")
    assert ticks(lost) == ticks(kept)
    assert identities(lost) == identities(kept)


@pytest.mark.parametrize("partitions", [2, 6])
def test_records_of_one_instant_give_the_same_findings_however_they_are_spread(
    tmp_path: Path, partitions: int
) -> None:
    """Two hundred deadlines end at one midnight, and an importer records a file at one instant."""
    rules = (BULK, CARDS, OUTSIDE)
    one, spread = (
        owned(tmp_path / f"{count}", *rules, partitions=count) for count in (1, partitions)
    )
    for owner in (one, spread):
        owner.now_us = at("2018-10-15 22:00:00")
        typed_in(owner, 12)
        for number in range(8):
            owner.put(accepted(owner.now_us, f"C-{number}", promised=1, statutory=20))
            owner.put(accepted(owner.now_us, f"N-{number}"), completed(owner.now_us, f"N-{number}"))
        owner.until("2018-10-26 00:00:00")
    assert {r.data.rule for r in of_units(one) if isinstance(r.data, AnomalyFound)} == {
        "bulk-back-entry",
        "card-accumulation",
        "outside-hours",
    }
    assert identities(spread) == identities(one)
