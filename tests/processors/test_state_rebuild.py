"""States read again from the log at any cut go on to the same findings with the same ids."""

from pathlib import Path

import pytest

from ledger.events import FINDING_TYPES
from ledger.log import Position
from ledger.reading import Read
from ledger.record import AnyRecord
from ledger.system_events import SupervisionJudged
from ledger.wire import decode, encode
from processors.loop import STEPPED_TYPES
from processors.rebuild import last_marker, rebuild
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import step
from tests.processors.supervised import DAY_US, START_US, Owned, drawn

pytestmark = pytest.mark.usefixtures("dialect")

SEEDS = (21, 22, 23)


def lived(folder: Path, seed: int, *, mark: bool) -> Owned:
    """A log of a generated history; with markers, an owner that stops in order now and then."""
    owned = Owned(folder, batch_max=7)
    for number, (learned_us, made) in enumerate(drawn(seed)):
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        if number % 3 != 2:
            owned.settle()
        if mark and number % 5 == 4:
            owned.settle()
            owned.owner.stop()
    owned.until(START_US + 60 * DAY_US)
    return owned


def reads(records: list[AnyRecord]) -> list[Read]:
    return [Read(Position(0, n), encode(record), record) for n, record in enumerate(records)]


def told(records: list[AnyRecord]) -> dict[str, tuple[object, ...]]:
    return {
        record.id: (record.subject, record.time, record.causationid, record.data)
        for record in records
        if record.type in FINDING_TYPES
    }


def gone_on(records: list[AnyRecord], cut: int, owned: Owned) -> dict[str, tuple[object, ...]]:
    """Rebuild at a cut, step the rest of the facts and ticks; all findings there are then."""
    before = reads(records)[:cut]
    rebuilt = rebuild(before, last_marker(before), owned.using)
    assert rebuilt.next_offset == cut
    found = [*records[:cut], *(decode(entry.raw) for entry in rebuilt.missing)]
    states: dict[str, CaseState] = rebuilt.states
    for order, record in enumerate(records[cut:], start=cut):
        if record.type in STEPPED_TYPES:
            stepped = step(states.get(record.subject), record, order, owned.using)
            states[record.subject] = stepped.state
            found.extend(stepped.records)
    return told(found)


@pytest.mark.parametrize("mark", [True, False], ids=["with markers", "without"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_state_rebuilt_at_any_cut_of_a_real_log_goes_on_to_the_same_findings(
    tmp_path: Path, seed: int, mark: bool
) -> None:
    print("seed", seed)
    owned = lived(tmp_path, seed, mark=mark)
    records = owned.records()
    assert bool(last_marker(reads(records))) == mark
    whole = told(records)
    assert len(whole) > 40
    for cut in range(0, len(records) + 1, 3):
        assert gone_on(records, cut, owned) == whole, f"cut at {cut}"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_states_of_the_whole_log_are_those_the_owner_has(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    owned = lived(tmp_path, seed, mark=True)
    rebuilt = rebuild(reads(owned.records()), 0, owned.using)
    kept = owned.states.load(0, list(rebuilt.states))
    assert rebuilt.missing == []
    assert rebuilt.states.keys() == kept.keys()
    for subject, state in rebuilt.states.items():
        assert encode_state(state) == encode_state(kept[subject])


def test_a_collected_state_waits_for_the_same_tick(tmp_path: Path) -> None:
    print("seed", 24)
    owned = Owned(tmp_path)
    waiting = 0
    for learned_us, made in drawn(24):
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        owned.settle()
        owned.owner.stop()
        records = reads(owned.records())
        rebuilt = rebuild(records, last_marker(records), owned.using)
        kept = owned.states.load(0, list(rebuilt.states))
        assert {s: state.next_tick_us for s, state in rebuilt.states.items()} == {
            s: state.next_tick_us for s, state in kept.items()
        }
        waiting += any(state.next_tick_us for state in rebuilt.states.values())
    assert waiting > 5


def test_what_a_dead_owner_had_not_appended_is_missing_and_named(tmp_path: Path) -> None:
    owned = lived(tmp_path, 25, mark=False)
    whole = owned.records()
    facts = [record for record in whole if record.type.startswith("hall.case.")]
    rebuilt = rebuild(reads(facts), 0, owned.using)
    missing = told([decode(entry.raw) for entry in rebuilt.missing])
    known = told(whole)
    assert missing
    assert missing.items() <= known.items()


def test_a_log_without_a_marker_says_zero() -> None:
    assert last_marker([]) == 0


def test_the_last_of_several_markers_counts(tmp_path: Path) -> None:
    owned = lived(tmp_path, 26, mark=True)
    upto = [r.data.upto for r in owned.records() if isinstance(r.data, SupervisionJudged)]
    assert len(upto) > 1
    assert last_marker(reads(owned.records())) == upto[-1]
