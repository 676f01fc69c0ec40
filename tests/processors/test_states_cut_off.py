"""States on a PostgreSQL that goes away in mid-commit: repeated, they are as if it had not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import Engine, text

from ledger.drivers import sql_rows
from ledger.drivers.sql_engine import open_engine, unhurried
from ledger.errors import DatabaseUnavailable, PartitionLost
from ledger.log import ReaderPosition
from processors.drivers.publication_rows import SILENT
from processors.drivers.sql_state import SqlState
from processors.supervision.state import CaseState
from processors.supervision.unit_rules.unit_rule import ACCEPTED, Span, UnitFact
from processors.supervision.units import UnitBatch
from tests.processors.supervised import make_tables
from tests.processors.test_state_owners import LOG, moved
from tests.services.cutting_proxy import CuttingProxy
from tests.services.postgres import PostgresServer


def flush(engine: Engine) -> None:
    """Let all that is committed be on the disk: a commit that is waited for takes it along."""
    with engine.begin() as connection:
        unhurried(connection)
        connection.execute(text("SELECT pg_logical_emit_message(true, 'flush', '')"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url)
    make_tables(made)
    flush(made)
    yield made
    made.dispose()


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(postgres.port) as between:
        yield between


@pytest.fixture
def cut_engine(
    postgres: PostgresServer, engine: Engine, database_url: str, proxy: CuttingProxy
) -> Iterator[Engine]:
    """An engine whose connections go through the proxy."""
    made = open_engine(database_url.replace(f":{postgres.port}/", f":{proxy.port}/"))
    yield made
    made.dispose()


class Batch:
    """What is committed in one go: three states, a row of a unit, a publication."""

    def __init__(self, number: int) -> None:
        self.states = {f"C-{number}-{n}": CaseState(f"C-{number}-{n}") for n in range(3)}
        row = UnitFact(ACCEPTED, "D", number, 0, number, number, "C", "s", "i", "m")
        self.units = UnitBatch(rows=[row])
        self.publishing = SILENT._replace(rows=[(number, b"published")])

    def commit(self, states: SqlState, position: ReaderPosition) -> None:
        states.commit(position, reached(position), self.states, self.units, self.publishing)


def at_piece(number: int) -> Callable[[bytes], bool]:
    """Say True at the piece of this number, from 0."""
    pieces = count()
    return lambda _: next(pieces) == number


def reached(position: ReaderPosition) -> ReaderPosition:
    """The position after one more record, of a log that goes on for ever."""
    return replace(position, next_offset=position.next_offset + 1)


def found(engine: Engine) -> tuple[int, int, int, int]:
    """How many states, rows of units and publications there are, and the position."""
    states = SqlState(engine)
    with engine.connect() as connection:
        cases = connection.execute(text("SELECT count(*) FROM case_states")).scalar_one()
    rows = states.units.rows(Span(ACCEPTED, 0, 2**62, unit="D"), {0: 2**62})
    return cases, len(rows), len(states.publications.read(0)), states.positions()[0]


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("way", ["arrays", "copy"])
def test_a_commit_cut_off_anywhere_is_whole_or_nothing_and_is_gone_on_with(
    engine: Engine,
    cut_engine: Engine,
    proxy: CuttingProxy,
    answered: bool,
    way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if way == "copy":
        monkeypatch.setattr(sql_rows, "COPY_FROM_VALUES", 1)
    states = SqlState(cut_engine)
    position = states.claim(0, LOG)
    unavailable = 0
    for number in count():
        batch, before = Batch(number), found(engine)
        proxy.arm(at_piece(number), answered=answered)
        cuts = proxy.cut
        try:
            batch.commit(states, position)
            position = reached(position)
        except DatabaseUnavailable:
            unavailable += 1
            proxy.disarm()
            after = found(engine)
            there = states.reread(position)
            assert after in (before, expected(number + 1))
            assert (there == position) == (after == before)
            if there == position:
                batch.commit(states, position)
            position = reached(position)
        proxy.disarm()
        assert found(engine) == expected(number + 1)
        assert states.load(0, list(batch.states)[:1]).keys() == set(list(batch.states)[:1])
        if proxy.cut == cuts:
            break
    assert unavailable >= 4, "the commit is cut at each of its statements, and at its end"


def expected(batches: int) -> tuple[int, int, int, int]:
    return 3 * batches, batches, batches, batches


def test_a_cut_off_owner_that_another_has_followed_is_told_so(
    engine: Engine, cut_engine: Engine, proxy: CuttingProxy
) -> None:
    states = SqlState(cut_engine)
    position = states.claim(0, LOG)
    proxy.arm(lambda piece: b"COMMIT" in piece, answered=True)
    with pytest.raises(DatabaseUnavailable):
        states.commit(position, moved(position), {})
    SqlState(engine).claim(0, LOG)
    with pytest.raises(PartitionLost):
        states.reread(position)


class Ending(list[tuple[int, bytes]]):
    """Rows at whose turn the server ends every connection to a database."""

    def __init__(self, server: PostgresServer, database: str, rows: Sequence[tuple[int, bytes]]):
        super().__init__(rows)
        self._server, self._database = server, database

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        self._server.disconnect(self._database)
        return super().__iter__()


def test_a_backend_ended_by_the_server_in_mid_commit_has_written_nothing(
    postgres: PostgresServer, engine: Engine
) -> None:
    assert engine.url.database is not None
    states = SqlState(engine)
    position = states.claim(0, LOG)
    batch = Batch(0)
    rows = Ending(postgres, engine.url.database, [(0, b"published")])
    with pytest.raises(DatabaseUnavailable) as caught:
        states.commit(
            position,
            moved(position),
            batch.states,
            batch.units,
            SILENT._replace(rows=rows),
        )
    assert caught.value.retryable
    assert states.reread(position) == position
    batch.commit(states, position)
    assert found(engine) == expected(1)


def test_every_question_to_a_server_that_is_down_may_be_asked_again(
    postgres: PostgresServer, engine: Engine
) -> None:
    states = SqlState(engine)
    position = states.claim(0, LOG)
    Batch(0).commit(states, position)
    states.release(0)
    flush(engine)
    asked: tuple[Callable[[], object], ...] = (
        lambda: states.load(0, ["C-0-0"]),
        lambda: states.due(0, 1, 1),
        lambda: states.has_due(1),
        lambda: states.put_off(reached(position), {"C-0-0": 1}),
        states.positions,
        states.now_us,
        lambda: states.claim(0, LOG),
        lambda: states.reread(position),
        lambda: states.units.rows(Span(ACCEPTED, 0, 1, unit="D"), {0: 1}),
        lambda: states.publications.read(0),
        lambda: Batch(1).commit(states, reached(position)),
    )
    postgres.kill()
    engine.dispose()  # those who serve it live on for a moment
    try:
        for ask in asked:
            with pytest.raises(DatabaseUnavailable):
                ask()
    finally:
        postgres.start()
    assert states.reread(position) == reached(position)
    Batch(1).commit(states, reached(position))
    assert found(engine) == expected(2)


def test_what_a_killed_server_loses_it_loses_together_with_the_position(
    postgres: PostgresServer, engine: Engine
) -> None:
    """Commits do not wait for the disk, so the last ones may be gone; never a part of one."""
    states = SqlState(engine)
    position = states.claim(0, LOG)
    flush(engine)
    for _ in range(3):
        for _ in range(5):
            Batch(position.next_offset).commit(states, position)
            position = reached(position)
        postgres.kill()
        postgres.start()
        engine.dispose()
        there = states.reread(position)
        assert there.next_offset <= position.next_offset
        assert found(engine) == expected(there.next_offset)
        position = there
