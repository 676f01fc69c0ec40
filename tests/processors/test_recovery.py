"""An owner whose states are lost reads them again from the log, and issues nothing anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.log import Position, ReaderPosition, partitions_of
from ledger.reading import Read
from ledger.wire import encode
from processors.drivers.embedded import Supervisor
from processors.drivers.recovery import Pieces, recovery
from processors.drivers.sql_state import SqlState
from processors.rebuild import rebuild
from processors.supervision.state_codec import encode_state
from tests.golden.language import policy
from tests.processors.supervised import DAY_US, START_US, Owned, accepted, drawn, states_in

pytestmark = pytest.mark.usefixtures("dialect")


def lived(folder: Path, seed: int, *, stopped: bool = True, partitions: int = 1) -> Owned:
    """A log of a generated history, its owner stopped in order or not."""
    owned = Owned(folder, partitions=partitions)
    for learned_us, made in drawn(seed):
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        owned.settle()
    owned.until(START_US + 60 * DAY_US)
    if stopped:
        owned.owner.stop()
        owned.settle()
    return owned


def without_states(owned: Owned, folder: Path) -> SqlState:
    """A new owner with an empty state file; its states."""
    states = SqlState(states_in(folder, "again"))
    owned.owner = owned.another(states)
    owned.settle()
    return states


def whole(pieces: Pieces) -> ReaderPosition:
    """Where the work ends."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            reached: ReaderPosition = end.value
            return reached


@pytest.mark.parametrize("seed", [31, 32])
@pytest.mark.parametrize("stopped", [True, False])
def test_lost_states_are_made_again_and_nothing_is_added(
    tmp_path: Path, seed: int, stopped: bool
) -> None:
    owned = lived(tmp_path, seed, stopped=stopped)
    before, known = owned.findings(), owned.states
    again = without_states(owned, tmp_path)
    assert owned.findings() == before
    subjects = sorted({record.subject for record in owned.records()})
    for subject, state in known.load(0, subjects).items():
        assert encode_state(again.load(0, [subject])[subject]) == encode_state(state)
    assert again.positions() == owned.log.ends()


def test_what_was_issued_under_another_pack_stands_and_no_tick_is_made_up(tmp_path: Path) -> None:
    owned = lived(tmp_path, 33)
    before = owned.findings()
    assert before
    hunan = policy().packs["hunan"]
    sooner = tuple(each._replace(offset=each.offset - 1) for each in hunan.thresholds)
    owned.using = policy(replace(hunan, thresholds=sooner, version="sooner"))
    without_states(owned, tmp_path)
    assert owned.findings() == before


def test_without_a_marker_everything_is_stepped_again_to_the_same_findings(tmp_path: Path) -> None:
    owned = lived(tmp_path, 34, stopped=False)
    before = owned.findings()
    without_states(owned, tmp_path)
    assert owned.findings() == before


@pytest.mark.parametrize("seed", [35, 36])
def test_states_made_again_by_slices_are_those_made_at_once(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    owned = lived(tmp_path, seed)
    before, end = owned.findings(), owned.log.ends()[0]
    subjects = sorted({record.subject for record in owned.records()})
    made = {}
    for slice_records in (1, 7, end):
        states = SqlState(states_in(tmp_path, f"{slice_records}"))
        begun = states.claim(0, owned.log)
        reached = whole(recovery(owned.log, states, begun, owned.using, slice_records))
        assert (reached.next_offset, states.positions()) == (end, {0: end})
        loaded = states.load(0, subjects)
        made[slice_records] = {name: encode_state(state) for name, state in loaded.items()}
    assert made[1] == made[7] == made[end]
    assert len(made[end]) == 12
    assert owned.findings() == before


def test_a_recovery_that_dies_between_two_slices_is_done_again(tmp_path: Path) -> None:
    owned = lived(tmp_path, 37)
    dead = SqlState(states_in(tmp_path, "again"))
    begun = dead.claim(0, owned.log)
    some = [r for r in owned.records() if r.subject == "C-3"]
    half = rebuild(
        [Read(Position(0, n), encode(r), r) for n, r in enumerate(some)], len(some), owned.using
    )
    dead.commit(begun, begun, half.states)
    assert dead.positions() == {0: 0}
    before, known = owned.findings(), owned.states
    states = without_states(owned, tmp_path)
    assert owned.findings() == before
    subjects = sorted({record.subject for record in owned.records()})
    again = states.load(0, subjects)
    assert {name: encode_state(state) for name, state in known.load(0, subjects).items()} == {
        name: encode_state(state) for name, state in again.items()
    }


def test_a_partition_is_judged_while_the_states_of_another_are_made_again(tmp_path: Path) -> None:
    """Reading a long log again takes minutes, and the others' cards do not wait for it."""
    owned = lived(tmp_path, 38, partitions=2)
    owned.owner.stop()
    states = SqlState(states_in(tmp_path, "again"))
    owner = Supervisor(owned.log, states, owned.using, lambda: owned.now_us, partitions=[1])
    while owner.turn():
        pass
    before = owned.findings()
    owner.claim(0)
    subject = next(name for name in map("L-{}".format, range(99)) if partitions_of(name, 2) == (1,))
    owned.put(accepted(owned.now_us, subject))
    assert owner.turn()
    assert states.positions()[0] == 0
    new = owned.findings().keys() - before.keys()
    assert {owned.findings()[each][1] for each in new} == {subject}
    turns = 1
    while owner.turn():
        turns += 1
    assert turns > 1
    assert states.positions()[0] == owned.log.ends()[0]
    assert owned.findings().keys() - before.keys() == new
