"""States, due instants and positions in SQL: fenced, bounded, refused under another log."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ledger.drivers.memory_log import MemoryLog
from ledger.errors import LogMismatch, PartitionLost
from ledger.log import Entry, EventLog, ReaderPosition, digest
from ledger.wire import accept
from processors.drivers.sql_state import SqlState
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from tests.processors.supervised import (
    DAY_US,
    START_US,
    Owned,
    accepted,
    drawn,
    live,
    states_in,
)

pytestmark = pytest.mark.usefixtures("dialect")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return states_in(tmp_path)


def filled(*ids: str) -> MemoryLog:
    log = MemoryLog(now=lambda: START_US)
    for id_ in ids:
        record, raw = accept({**accepted(), "id": id_})
        log.append([Entry(record.subject, record.source, record.id, raw)])
    return log


def reached(position: ReaderPosition, log: EventLog, offset: int) -> ReaderPosition:
    ((_, raw),) = log.read(position.partition, offset - 1, 1)
    return replace(position, next_offset=offset, last_sha256=digest(raw))


def test_a_new_owner_begins_at_zero_and_a_later_one_where_the_first_was(engine: Engine) -> None:
    log = filled("a", "b")
    first = SqlState(engine).claim(0, log)
    assert (first.next_offset, first.last_sha256) == (0, "")
    SqlState(engine).commit(first, reached(first, log, 2), {})
    second = SqlState(engine).claim(0, log)
    assert (second.next_offset, second.epoch > first.epoch) == (2, True)


def test_states_and_position_are_written_together_or_not_at_all(engine: Engine) -> None:
    log = filled("a", "b")
    states = SqlState(engine)
    first = states.claim(0, log)
    SqlState(engine).claim(0, log)
    with pytest.raises(PartitionLost) as lost:
        states.commit(first, reached(first, log, 1), {"C-1": CaseState("C-1")})
    assert lost.value.code == "ledger.partition-lost"
    assert SqlState(engine).load(0, ["C-1"]) == {}
    assert states.load(0, ["C-1"]) == {}
    assert SqlState(engine).positions() == {0: 0}


def test_a_commit_from_a_position_already_left_is_refused(engine: Engine) -> None:
    log = filled("a", "b")
    states = SqlState(engine)
    first = states.claim(0, log)
    states.commit(first, reached(first, log, 1), {})
    with pytest.raises(PartitionLost):
        states.commit(first, reached(first, log, 2), {})
    assert states.positions() == {0: 1}


def test_another_log_a_shorter_one_and_one_that_went_another_way_are_refused(
    engine: Engine,
) -> None:
    log = filled("a", "b")
    states = SqlState(engine)
    first = states.claim(0, log)
    states.commit(first, reached(first, log, 2), {})
    shorter, other = filled("a"), filled("a", "c")
    with pytest.raises(LogMismatch, match="remembers log"):
        SqlState(engine).claim(0, filled("a", "b"))
    for wrong, found in ((shorter, "the log ends at 1"), (other, "is not the one")):
        wrong.identity = log.identity
        with pytest.raises(LogMismatch, match=found):
            SqlState(engine).claim(0, wrong)
    assert SqlState(engine).claim(0, log).next_offset == 2


def test_states_of_another_form_are_thrown_away_and_read_anew(engine: Engine) -> None:
    log = filled("a")
    states = SqlState(engine)
    first = states.claim(0, log)
    states.commit(first, reached(first, log, 1), {"C-1": CaseState("C-1")})
    with engine.begin() as connection:
        connection.execute(text("UPDATE supervision_positions SET form = 'another'"))
    again = SqlState(engine)
    assert again.claim(0, log).next_offset == 0
    assert again.load(0, ["C-1"]) == {}


def test_due_cases_come_earliest_first_within_the_bound_and_never_from_an_import(
    engine: Engine,
) -> None:
    log = filled("a")
    states = SqlState(engine)
    first = states.claim(0, log)
    made = {
        "late": CaseState("late", next_tick_us=30),
        "early": CaseState("early", next_tick_us=10),
        "imported": CaseState("imported", timeline="receipt@1", next_tick_us=1),
        "evidence": CaseState("evidence", timeline="evidence/receipt@1", next_tick_us=20),
        "never": CaseState("never"),
    }
    states.commit(first, reached(first, log, 1), made)
    assert [case.subject for case in states.due(0, 30, 10)] == ["early", "evidence", "late"]
    assert [case.subject for case in states.due(0, 29, 10)] == ["early", "evidence"]
    assert [case.subject for case in states.due(0, 30, 1)] == ["early"]
    assert states.due(0, 9, 10) == []
    assert states.due(1, 30, 10) == []


def test_more_subjects_than_one_query_takes_are_loaded(engine: Engine) -> None:
    log = filled("a")
    states = SqlState(engine)
    first = states.claim(0, log)
    made = {f"C-{n}": CaseState(f"C-{n}", now_us=n) for n in range(1_203)}
    states.commit(first, reached(first, log, 1), made)
    found = SqlState(engine).load(0, [*made, "nobody"])
    assert found.keys() == made.keys()
    assert all(found[name].now_us == made[name].now_us for name in made)


def test_a_state_comes_back_as_it_was_whether_cached_or_not(tmp_path: Path) -> None:
    print("seed", 11)
    owned = Owned(tmp_path)
    live(owned, drawn(11))
    subjects = sorted({f"C-{number}" for number in range(12)})
    cached = owned.states.load(0, subjects)
    fresh = SqlState(owned.states._engine).load(0, subjects)
    assert cached.keys() == fresh.keys() == set(subjects)
    for subject in subjects:
        assert encode_state(cached[subject]) == encode_state(fresh[subject])


def test_the_cache_is_bounded_and_its_bound_changes_no_finding(tmp_path: Path) -> None:
    print("seed", 12)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    wide, narrow = Owned(tmp_path / "a"), Owned(tmp_path / "b", batch_max=3)
    narrow.states = SqlState(narrow.states._engine, states_cached_max=1)
    narrow.owner = narrow.another(narrow.states)
    for owned in (wide, narrow):
        live(owned, drawn(12))
        owned.until(START_US + 90 * DAY_US)
    assert narrow.findings() == wide.findings()
    assert narrow.states.cached <= 1
