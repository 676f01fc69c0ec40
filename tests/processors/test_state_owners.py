"""Several owners of one database: fenced from each other, each with a memory of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import sleep, time_ns

import pytest
from sqlalchemy import Engine, text

from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import writing
from ledger.errors import LogMismatch, PartitionLost
from ledger.log import ReaderPosition, digest
from processors.drivers.sql_state import SqlState
from processors.loop import entry_of, marker
from processors.supervision.state import CaseState
from tests.golden.language import policy
from tests.processors.supervised import START_US, states_in
from tests.services.databases import on_postgresql

pytestmark = pytest.mark.usefixtures("dialect")

WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.fixture
def engine(dialect: str, tmp_path: Path) -> Engine:
    return states_in(tmp_path)


def ten_records_in_each_of_two_partitions() -> MemoryLog:
    made = MemoryLog(2, now=lambda: START_US)
    told = [marker(number, n, "1", policy(), START_US) for number in (0, 1) for n in range(10)]
    made.append([entry_of(record) for record in told])
    return made


LOG = ten_records_in_each_of_two_partitions()


def stored(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT subject FROM case_states")).scalars())


def moved(position: ReaderPosition) -> ReaderPosition:
    """The position after one more record of the log."""
    ((_, raw),) = LOG.read(position.partition, position.next_offset, 1)
    return replace(position, next_offset=position.next_offset + 1, last_sha256=digest(raw))


def committing(states: SqlState, position: ReaderPosition, subject: str) -> str:
    """Commit a state under a position; what became of it."""
    try:
        states.commit(position, moved(position), {subject: CaseState(subject)})
    except PartitionLost:
        return "lost"
    return subject


def wait_for_waiting(engine: Engine, how_many: int) -> None:
    """Go on when so many connections wait for a lock; SQLite cannot say it."""
    for _ in range(1_000 if on_postgresql() else 0):
        with engine.connect() as connection:
            if connection.execute(text(WAITING)).scalar_one() >= how_many:
                return
        sleep(0.02)
    assert not on_postgresql(), "they do not wait for each other"


def all_at_once(engine: Engine, *acts: Callable[[], str]) -> list[str]:
    """Let acts that move a position begin while a transaction holds it, then let it go."""
    with ThreadPoolExecutor(len(acts)) as pool:
        with writing(engine).begin() as holding:
            holding.execute(text("UPDATE supervision_positions SET epoch = epoch"))
            begun = [pool.submit(act) for act in acts]
            wait_for_waiting(engine, len(acts))
        return [act.result(timeout=60) for act in begun]


def test_of_two_owners_that_commit_at_once_one_wins_and_the_other_leaves_nothing(
    engine: Engine,
) -> None:
    first, second = SqlState(engine), SqlState(engine)
    position = first.claim(0, LOG)
    for _ in range(3):
        names = [f"{owner}-{position.next_offset}" for owner in ("first", "second")]
        became = all_at_once(
            engine,
            partial(committing, first, position, names[0]),
            partial(committing, second, position, names[1]),
        )
        (winner,) = set(became) - {"lost"}
        assert stored(engine).intersection(names) == {winner}
        position = moved(position)
        assert first.positions() == {0: position.next_offset}


def test_an_owner_that_has_been_followed_while_it_waited_writes_nothing(engine: Engine) -> None:
    former, next_one = SqlState(engine), SqlState(engine)
    position = former.claim(0, LOG)
    with ThreadPoolExecutor(1) as pool:
        with writing(engine).begin() as claiming:
            claiming.execute(text("UPDATE supervision_positions SET epoch = epoch + 1"))
            late = pool.submit(committing, former, position, "late")
            wait_for_waiting(engine, 1)
        assert late.result(timeout=60) == "lost"
    assert stored(engine) == set()
    assert committing(next_one, next_one.claim(0, LOG), "mine") == "mine"


def test_two_that_claim_a_new_partition_at_once_are_one_after_the_other(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda n: SqlState(engine).claim(n % 2, LOG), range(8)))
    for partition in (0, 1):
        epochs = sorted(each.epoch for each in claims if each.partition == partition)
        assert epochs == [1, 2, 3, 4]


def test_a_claim_with_another_log_does_not_stop_the_owner(engine: Engine) -> None:
    owner = SqlState(engine)
    position = owner.claim(0, LOG)
    with pytest.raises(LogMismatch):
        SqlState(engine).claim(0, MemoryLog(2, now=lambda: START_US))
    assert committing(owner, position, "mine") == "mine"


def test_a_lost_owner_puts_no_case_off(engine: Engine) -> None:
    former, present = SqlState(engine), SqlState(engine)
    position = former.claim(0, LOG)
    waiting = {"C-1": CaseState("C-1", next_tick_us=10), "C-2": CaseState("C-2", next_tick_us=20)}
    former.commit(position, moved(position), waiting)
    former.put_off(moved(position), {"C-1": 30})
    claimed = present.claim(0, LOG)
    with pytest.raises(PartitionLost):
        former.put_off(moved(position), {"C-2": None})
    assert [(due.subject, due.tick_us) for due in present.due(0, 99, 9)] == [
        ("C-2", 20),
        ("C-1", 30),
    ]
    present.put_off(claimed, {"C-2": None, "C-1": None, "nobody": 1})
    assert present.due(0, 99, 9) == []


def test_a_claim_or_a_release_forgets_that_partition_and_no_other(engine: Engine) -> None:
    states = SqlState(engine)
    positions = [states.claim(number, LOG) for number in (0, 1)]
    for number, position in enumerate(positions):
        committing(states, position, f"C-{number}")
    assert states.cached == 2
    states.release(0)
    assert states.cached == 1
    states.claim(0, LOG)
    assert states.cached == 1
    states.claim(1, LOG)
    assert states.cached == 0


def test_what_another_owner_wrote_meanwhile_is_seen_after_a_claim(engine: Engine) -> None:
    one, other = SqlState(engine), SqlState(engine)
    position = one.claim(0, LOG)
    one.commit(position, moved(position), {"C-1": CaseState("C-1", now_us=1)})
    position = other.claim(0, LOG)
    other.commit(position, moved(position), {"C-1": CaseState("C-1", now_us=2)})
    assert one.load(0, ["C-1"])["C-1"].now_us == 1
    one.claim(0, LOG)
    assert one.load(0, ["C-1"])["C-1"].now_us == 2


def test_partitions_share_the_memory_for_states(engine: Engine) -> None:
    states = SqlState(engine, states_cached_max=4)
    for number in (0, 1):
        position = states.claim(number, LOG)
        many = {f"C-{number}-{n}": CaseState(f"C-{number}-{n}") for n in range(5)}
        states.commit(position, moved(position), many)
    assert states.cached <= 6
    assert states.load(1, ["C-1-0", "C-1-4"]).keys() == {"C-1-0", "C-1-4"}


def test_the_database_has_one_clock_for_all_its_workers(engine: Engine) -> None:
    before_us = time_ns() // 1_000
    told = [SqlState(engine).now_us() for _ in range(3)]
    assert told == sorted(told)
    assert before_us <= told[0] <= told[-1] <= time_ns() // 1_000  # here on one machine
