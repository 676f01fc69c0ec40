"""The embedded supervisor: killed anywhere it finds the same; time alone brings the cards."""

import os
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import PartitionLost
from ledger.findings import CardIssued, CardRescinded
from ledger.log import Entry
from ledger.system_events import SupervisionJudged
from ledger.wire import accept, decode
from processors.drivers.partition_owner import MARKER_EVERY_RECORDS, TICKS_UNDER_WAY_MAX
from tests.golden.language import at
from tests.processors.supervised import (
    CARDS,
    DAY_US,
    RED,
    START_US,
    WARNING,
    YELLOW,
    Owned,
    accepted,
    completed,
    detected,
    drawn,
    live,
    make_tables,
)
from tests.services.databases import url_in

pytestmark = pytest.mark.usefixtures("dialect")

SEEDS = (1, 2, 4)


# --- killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_max", [1, 3, 2_000])
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_between_append_and_commit_of_every_batch_it_finds_the_same(
    tmp_path: Path, seed: int, batch_max: int
) -> None:
    print("seed", seed)
    (tmp_path / "a").mkdir()
    whole = Owned(tmp_path / "a")
    assert live(whole, drawn(seed)) == 0
    mortal = Owned(tmp_path, batch_max=batch_max)
    mortal.log.dies = lambda _, added: bool(added)
    assert live(mortal, drawn(seed)) > 10
    assert mortal.findings() == whole.findings()
    kinds = {type(record.data) for record in whole.records()}
    assert {CardIssued, CardRescinded} <= kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_append_and_behind_by_any_backlog_it_finds_the_same(
    tmp_path: Path, seed: int
) -> None:
    """Deaths before, within and after appends; facts come in while nobody works."""
    print("seed", seed)
    dice = random.Random(seed)
    (tmp_path / "a").mkdir()
    whole = Owned(tmp_path / "a")
    live(whole, drawn(seed))
    mortal = Owned(tmp_path, batch_max=dice.choice([2, 5]))
    mortal.log.dies = lambda _entries, _added: dice.random() < 0.3
    assert live(mortal, drawn(seed), settle_chance=0.3, seed=seed) > 10
    assert mortal.findings() == whole.findings()


@pytest.mark.parametrize("partitions", [3])
def test_several_partitions_find_what_one_finds(tmp_path: Path, partitions: int) -> None:
    (tmp_path / "a").mkdir()
    one, many = Owned(tmp_path / "a"), Owned(tmp_path, partitions=partitions)
    live(one, drawn(7))
    live(many, drawn(7))
    assert many.findings() == one.findings()
    assert all(end > 1 for end in many.log.ends().values())


CHILD = """
import os, sys
from pathlib import Path
from ledger.drivers.sqlite_log import SqliteLog
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import SqlState
from ledger.drivers.sql_engine import open_engine
from tests.golden.language import at, policy

class Dying(SqliteLog):
    def append(self, entries):
        answers = super().append(entries)
        if any(answer.outcome == "appended" for answer in answers):
            os._exit(9)
        return answers

folder, until = Path(sys.argv[1]), at(sys.argv[2])
log = Dying(folder / "ledger.sqlite", now=lambda: until)
states = SqlState(open_engine(sys.argv[3]))
owner = Supervisor(log, states, policy(), lambda: until)
while owner.turn():
    pass
"""


def test_a_process_that_ends_after_each_append_comes_to_the_one_card_that_is_due(
    tmp_path: Path,
) -> None:
    record, raw = accept(accepted())
    with closing(SqliteLog(tmp_path / "ledger.sqlite", now=lambda: START_US)) as log:
        log.append([Entry(record.subject, record.source, record.id, raw)])
    codes: list[int] = []
    while not codes or codes[-1] == 9:
        assert len(codes) < 8
        until, states = "2018-10-22 10:00:00", url_in(tmp_path, "state", make_tables)
        command = [sys.executable, "-c", CHILD, str(tmp_path), until, states]
        codes.append(subprocess.run(command, check=False, env=os.environ, timeout=60).returncode)
    assert codes[-1] == 0
    with closing(SqliteLog(tmp_path / "ledger.sqlite", now=lambda: 0)) as log:
        told = [decode(raw) for _, raw in log.read(0, 0, 100)]
    assert [each.data.level for each in told if isinstance(each.data, CardIssued)] == ["warning"]
    assert len(codes) == 4


# --- fencing -----------------------------------------------------------------------------------


def test_of_two_owners_the_first_loses_the_partition_and_harms_nothing(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    second = owned.another()
    with pytest.raises(PartitionLost):
        owned.owner.turn()
    assert owned.states.positions() == {0: 0}
    while second.turn():
        pass
    owned.now_us = at("2018-11-05 10:00:00")
    while second.turn():
        pass
    assert owned.cards() == CARDS
    assert len(owned.findings()) == len(set(owned.findings()))


# --- ticks -------------------------------------------------------------------------------------


def test_a_silent_case_goes_from_warning_to_red_at_the_right_instants(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    for number, threshold in enumerate((WARNING, YELLOW, RED)):
        owned.until(detected(threshold) - 1)
        assert owned.cards() == CARDS[:number]
        owned.until(detected(threshold))
        assert owned.cards() == CARDS[: number + 1]
    owned.until("2019-03-01 10:00:00")
    assert owned.cards() == CARDS
    assert owned.ticks() == [WARNING, YELLOW, RED]


def test_restarts_and_days_of_downtime_change_neither_card_nor_id(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    steady, interrupted = Owned(tmp_path / "a"), Owned(tmp_path)
    for each in (steady, interrupted):
        each.put(accepted())
    for threshold in (WARNING, YELLOW, RED):
        steady.until(detected(threshold))
        interrupted.start()
        interrupted.until(detected(threshold) + DAY_US + 7)
        interrupted.start()
    assert interrupted.cards() == CARDS
    assert interrupted.findings() == steady.findings()


def test_one_long_downtime_gives_the_cards_of_no_downtime(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    steady, down = Owned(tmp_path / "a"), Owned(tmp_path)
    for each in (steady, down):
        each.put(accepted())
    for threshold in (WARNING, YELLOW, RED):
        steady.until(detected(threshold))
    down.until("2018-12-24 10:00:00")
    assert down.findings() == steady.findings()


def test_a_fact_that_came_while_nobody_worked_does_not_hide_the_cards_before_it(
    tmp_path: Path,
) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    owned.now_us = at("2018-11-12 10:00:00")
    owned.put(completed("2018-11-12 09:59:59"))
    owned.settle()
    assert owned.cards() == CARDS


def test_held_ticks_are_not_written_and_come_when_they_are_let_go(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    owned.may_tick = False
    owned.until(detected(RED))
    assert (owned.ticks(), owned.cards(), owned.owner.report.ticks_held) == ([], [], True)
    owned.may_tick = True
    owned.settle()
    assert owned.cards() == CARDS
    assert not owned.owner.report.ticks_held


def test_facts_are_judged_while_ticks_are_held(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.may_tick = False
    owned.put(accepted())
    owned.now_us = at(YELLOW) + 3_600_000_000
    owned.put(completed(YELLOW[:-1] + "1"))
    owned.settle()
    assert [card.split()[0] for card in owned.cards()] == ["warning", "yellow"]


def test_so_many_cases_at_one_instant_are_ticked_in_portions_and_none_is_missed(
    tmp_path: Path,
) -> None:
    owned = Owned(tmp_path)
    cases = TICKS_UNDER_WAY_MAX + 20
    for number in range(cases):
        owned.put(accepted(subject=f"C-{number}"))
    owned.settle()
    owned.now_us = detected(WARNING)
    owned.owner.turn()
    assert owned.owner.report.ticks == TICKS_UNDER_WAY_MAX
    owned.settle()
    assert owned.owner.report.ticks == cases
    issued = [r for r in owned.records() if isinstance(r.data, CardIssued)]
    assert len(issued) == cases


def test_no_tick_is_written_while_the_backlog_exceeds_a_batch(tmp_path: Path) -> None:
    owned = Owned(tmp_path, batch_max=5)
    owned.put(accepted())
    owned.settle()
    owned.now_us = detected(RED)
    for number in range(11):
        owned.put(accepted(START_US + number, subject=f"D-{number}"))
    owned.owner.turn()
    assert owned.owner.report.ticks == 0
    owned.settle()
    assert owned.cards() == CARDS


def test_lag_is_what_the_log_holds_and_nobody_has_judged(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    assert owned.owner.lag() == 0
    owned.put(accepted(), accepted(subject="C-2"))
    assert owned.owner.lag() == 2
    owned.settle()
    assert owned.owner.lag() == 0


# --- markers -----------------------------------------------------------------------------------


def markers(owned: Owned) -> list[int]:
    return [r.data.upto for r in owned.records() if isinstance(r.data, SupervisionJudged)]


def test_an_orderly_stop_leaves_one_marker_and_a_second_stop_none(tmp_path: Path) -> None:
    owned = Owned(tmp_path)
    owned.put(accepted())
    owned.settle()
    end = owned.log.ends()[0]
    owned.owner.stop()
    owned.owner.stop()
    assert markers(owned) == [end]
    owned.settle()
    owned.owner.stop()
    owned.start()
    owned.settle()
    owned.owner.stop()
    assert markers(owned) == [end]


def test_a_marker_is_left_every_thousand_judged_records(tmp_path: Path) -> None:
    owned = Owned(tmp_path, batch_max=100)
    for number in range(MARKER_EVERY_RECORDS + 50):
        owned.put(accepted(subject=f"C-{number}"))
    owned.settle()
    (upto,) = markers(owned)
    before = owned.records()[:upto]
    caused = {record.causationid for record in owned.records() if record.causationid}
    assert sum(record.name in caused for record in before) >= MARKER_EVERY_RECORDS


def test_what_a_marker_speaks_of_lies_before_it(tmp_path: Path) -> None:
    print("seed", 5)
    owned = Owned(tmp_path, batch_max=7)
    for learned_us, made in drawn(5):
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        owned.settle()
        owned.owner.stop()
    told = owned.records()
    places = {record.name: offset for offset, record in enumerate(told)}
    for offset, marker in enumerate(told):
        if isinstance(marker.data, SupervisionJudged):
            late = [
                record
                for record in told[offset:]
                if record.causationid and places[record.causationid] < marker.data.upto
            ]
            assert late == []
