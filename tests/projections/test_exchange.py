"""Rebuilding on PostgreSQL beside readers, writers and what people were granted and have built."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import open_engine, writing
from ledger.errors import DatabaseUnavailable, PartitionLost
from projections.drivers import exchange
from projections.drivers.measures import Measures
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers
from projections.drivers.rebuild import Rebuild
from projections.drivers.sql_store import SqlStore
from tests.projections import records as r
from tests.projections import stores

CASES = 30


@pytest.fixture
def log() -> MemoryLog:
    return r.log_of(stores.random_life(Random(7), CASES))


@pytest.fixture
def store(database_url: str, log: MemoryLog) -> Iterator[SqlStore]:
    engine = open_engine(database_url, connections_max=20)
    stores.make_tables(engine)
    made = stores.store_on(engine)
    stores.project(log, made)
    yield made
    engine.dispose()


def rebuild(store: SqlStore, log: MemoryLog) -> Rebuild:
    return Rebuild(store.engine, log, r.projections(), r.ZONE)


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def how_many_cases(store: SqlStore) -> list[int]:
    """Ask in every way there is: a page, a sum of two questions, a view, a join under a view."""
    readers = Readers(store.engine, r.ZONE)
    readers.cards(limit=5)
    readers.efficiency_summary("2026-11-23", "2026-12-31")
    counted = [sum(row.cases for row in Measures(store.engine, r.ZONE).cases())]
    for view in ("v_cases", "v_cards", "v_efficiency_daily"):
        found = len(stores.rows_of(store.engine, f"SELECT * FROM {view}"))
        if view == "v_cases":
            counted.append(found)
        assert found
    return counted


def until(stop: Event, act: Callable[[], list[int]]) -> list[int]:
    found: list[int] = []
    while not stop.is_set():
        found.extend(act())
    return found


def test_readers_and_writers_go_on_while_rows_are_exchanged(
    store: SqlStore, log: MemoryLog
) -> None:
    stop = Event()

    def write() -> list[int]:
        """One more case at a time; a partition that the rebuild took is claimed again."""
        number = len(stores.rows_of(store.engine, "SELECT subject FROM cases"))
        log.append([r.entry(r.accepted(r.at(20), name=f"{number}", subject=f"new-{number}"))])
        try:
            projector.catch_up()
        except PartitionLost:
            projector.claim([0])
        return [1]

    projector = Projector(log, store)
    projector.claim([0])
    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(until, stop, lambda: how_many_cases(store)) for _ in range(3)]
        writer = pool.submit(until, stop, write)
        try:
            for _ in range(4):
                rebuild(store, log).replace()
                assert rebuild(store, log).check().identical
        finally:
            stop.set()
        written = sum(writer.result(timeout=60))
        seen = [each.result(timeout=60) for each in readers]
    assert written > 0
    for counted in seen:
        assert counted
        assert min(counted) >= CASES
    stores.project(log, store)
    assert rebuild(store, log).check().identical


def test_the_exchange_gives_way_to_a_reader_and_is_done_when_it_has_ended(
    store: SqlStore, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never waits long enough to be taken for one side of a deadlock."""
    monkeypatch.setattr(exchange, "_GIVES_WAY_AFTER", "20ms")
    monkeypatch.setattr(exchange, "_PAUSE_SECONDS", 0.02)
    with ThreadPoolExecutor(1) as pool:
        with store.engine.begin() as reading:
            reading.execute(text("SELECT count(*) FROM case_cycles"))
            replacing = pool.submit(rebuild(store, log).replace)
            for _ in range(20):
                reading.execute(text("SELECT count(*) FROM cards"))
                assert how_many_cases(store) == [CASES, CASES]
            assert not replacing.done()
        replacing.result(timeout=60)
    assert rebuild(store, log).check().identical


def test_a_reader_that_never_ends_leaves_everything_as_it_was(
    store: SqlStore, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_GIVES_WAY_AFTER", "20ms")
    monkeypatch.setattr(exchange, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(exchange, "_TRIES", 5)
    before = stores.all_rows(store)
    with store.engine.begin() as reading:
        reading.execute(text("SELECT count(*) FROM v_cases"))
        with pytest.raises(DatabaseUnavailable, match="reading a table or view all the time"):
            rebuild(store, log).replace()
    assert stores.all_rows(store) == before
    rebuild(store, log).replace()


def test_a_check_waits_for_nobody_and_keeps_nobody_waiting(store: SqlStore, log: MemoryLog) -> None:
    with writing(store.engine).begin() as committing:
        committing.execute(text("UPDATE reader_positions SET epoch = epoch"))
        committing.execute(text("UPDATE cases SET phase = 'refused'"))
        assert rebuild(store, log).check().identical  # what is not committed is not there
        committing.rollback()
    assert rebuild(store, log).check().identical


def test_grants_and_views_of_others_outlive_an_exchange(
    store: SqlStore, log: MemoryLog, database_url: str
) -> None:
    execute(
        store.engine,
        "DROP ROLE IF EXISTS analyst_of_test",
        "CREATE ROLE analyst_of_test LOGIN",
        "GRANT SELECT ON v_cases TO analyst_of_test",
        "GRANT SELECT ON cases TO analyst_of_test",
        "CREATE VIEW theirs AS SELECT hall, count(*) AS n FROM v_cases GROUP BY hall",
        "GRANT SELECT ON theirs TO analyst_of_test",
    )
    analyst = open_engine(database_url.replace("//hall@", "//analyst_of_test@"))
    try:
        for _ in range(2):
            assert sum(row["n"] for row in stores.rows_of(analyst, "SELECT n FROM theirs")) == CASES
            assert len(stores.rows_of(analyst, "SELECT * FROM v_cases")) == CASES
            assert len(stores.rows_of(analyst, "SELECT * FROM cases")) == CASES
            with pytest.raises(ProgrammingError, match="permission denied"):
                stores.rows_of(analyst, "SELECT * FROM v_cards")
            rebuild(store, log).replace()
    finally:
        analyst.dispose()
        execute(store.engine, "DROP OWNED BY analyst_of_test", "DROP ROLE analyst_of_test")
