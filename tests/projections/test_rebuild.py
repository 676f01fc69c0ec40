from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, inspect, text

from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import writing
from ledger.errors import LogMismatch, PartitionLost, ProjectionStale
from projections.drivers.projector import Projector
from projections.drivers.rebuild import Difference, Rebuild
from projections.drivers.sql_store import SqlStore
from projections.projection import Projection
from projections.warning_board import WarningBoard
from tests.projections import records as r
from tests.projections import stores

pytestmark = pytest.mark.usefixtures("dialect")

SEED = 42


@pytest.fixture
def log() -> MemoryLog:
    print("seed", SEED)
    return r.log_of(stores.random_life(Random(SEED), 30), partitions=2)


@pytest.fixture
def store(tmp_path: Path, log: MemoryLog) -> SqlStore:
    made = stores.store_on(stores.engine_at(tmp_path))
    stores.project(log, made, batch=13)
    return made


def rebuild(store: SqlStore, log: MemoryLog) -> Rebuild:
    return Rebuild(store.engine, log, r.projections(), r.ZONE)


def tamper(engine: Engine, sql: str) -> None:
    with writing(engine).begin() as connection:
        assert connection.execute(text(sql)).rowcount == 1


def names(engine: Engine) -> set[str]:
    """Names of all tables, views and indexes."""
    inspector = inspect(engine)
    tables = inspector.get_table_names()
    indexes = {str(each["name"]) for table in tables for each in inspector.get_indexes(table)}
    return indexes.union(tables, inspector.get_view_names())


def test_rebuilt_rows_are_the_live_rows(store: SqlStore, log: MemoryLog) -> None:
    before = stores.all_rows(store)
    told: list[tuple[int, int]] = []

    result = rebuild(store, log).check(lambda done, total: told.append((done, total)))

    total = sum(log.ends().values())
    assert result.identical
    assert result.records == total
    assert told[-1] == (total, total)
    assert result.rows["cases"] == 30
    assert stores.all_rows(store) == before
    assert not [name for name in names(store.engine) if "rebuild" in name]


def test_a_tampered_row_is_found_and_named(store: SqlStore, log: MemoryLog) -> None:
    tamper(store.engine, "UPDATE cases SET phase = 'refused' WHERE subject = 'case-3'")

    result = rebuild(store, log).check()

    (difference,) = result.differences
    assert difference == Difference("cases", ("case-3",), "phase", "refused", difference.rebuilt)
    assert difference.rebuilt in ("accepted", "completed")


def test_a_missing_and_an_invented_row_are_found(store: SqlStore, log: MemoryLog) -> None:
    tamper(store.engine, "DELETE FROM case_limits WHERE subject = 'case-3'")
    tamper(
        store.engine,
        "INSERT INTO efficiency_days SELECT partition, 'H9', department, day, 1, 0, 0, 0, 0, 0, 0 "
        "FROM efficiency_days LIMIT 1",
    )

    found = {(each.table, each.live is None) for each in rebuild(store, log).check().differences}

    assert found == {("case_limits", True), ("efficiency_days", False)}


def test_replacing_puts_a_tampered_row_right_and_keeps_the_views(
    store: SqlStore, log: MemoryLog
) -> None:
    before = stores.all_rows(store)
    tamper(store.engine, "UPDATE cases SET phase = 'refused' WHERE subject = 'case-3'")

    assert not rebuild(store, log).replace(compare=True).identical

    assert stores.all_rows(store) == before
    assert rebuild(store, log).check().identical
    assert len(stores.rows_of(store.engine, "SELECT * FROM v_cases")) == 30


def test_indexes_are_there_after_every_replacement(store: SqlStore, log: MemoryLog) -> None:
    def indexes() -> set[str]:
        return {name.rpartition("_g")[0] for name in names(store.engine) if name[:3] == "ix_"}

    before = indexes()
    for _ in range(2):
        rebuild(store, log).replace()
        assert indexes() == before


def test_an_owner_at_work_loses_its_partition_when_rows_are_replaced(
    store: SqlStore, log: MemoryLog
) -> None:
    owner = Projector(log, store)
    owner.claim([0, 1])
    rebuild(store, log).replace()
    log.append([r.entry(r.accepted(r.at(20), subject="case-new"))])

    with pytest.raises(PartitionLost):
        owner.catch_up()
    assert stores.project(log, store).lags() == {0: 0, 1: 0}
    assert rebuild(store, log).check().identical


def test_records_that_come_during_a_rebuild_are_in_the_comparison(
    store: SqlStore, log: MemoryLog
) -> None:
    owner = Projector(log, store)
    owner.claim([0, 1])
    arrived = False

    def arrive(_done: int, _total: int) -> None:
        nonlocal arrived
        if not arrived:
            arrived = True
            log.append([r.entry(r.accepted(r.at(20), subject="case-new"))])
            assert owner.catch_up() == 1

    result = rebuild(store, log).check(arrive)

    assert result.identical
    assert result.records == sum(log.ends().values())
    assert result.rows["cases"] == 31


def test_a_log_that_repeats_records_is_rebuilt_to_the_same_rows(tmp_path: Path) -> None:
    repeating = stores.MayRepeat()
    repeating.append([r.entry(each) for each in stores.random_life(Random(SEED), 20)])
    repeating.repeat(0, range(0, 40, 3))
    store = stores.store_on(stores.engine_at(tmp_path))
    stores.project(repeating, store, batch=9)

    assert rebuild(store, repeating).check().identical
    assert rebuild(store, repeating).replace(compare=True).identical


def test_replacing_reads_the_log_to_its_end_whatever_the_live_rows_have_read(
    tmp_path: Path, log: MemoryLog
) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))

    result = rebuild(store, log).replace()

    assert result.records == sum(log.ends().values())
    assert {p: at.next_offset for p, at in store.positions().items()} == log.ends()
    assert stores.project(log, store).lags() == {0: 0, 1: 0}


def test_rows_of_another_version_cannot_be_checked_and_are_replaced(
    store: SqlStore, log: MemoryLog
) -> None:
    class Newer(WarningBoard):
        version = WarningBoard.version + 1

    newer: list[Projection] = [
        Newer(each._days) if isinstance(each, WarningBoard) else each for each in r.projections()
    ]
    made = Rebuild(store.engine, log, newer, r.ZONE)

    with pytest.raises(ProjectionStale):
        made.check()
    made.replace()
    SqlStore(store.engine, newer, r.ZONE).prepare()
    with pytest.raises(ProjectionStale):
        store.prepare()


def test_rows_of_another_log_cannot_be_rebuilt_from_this_one(
    store: SqlStore, log: MemoryLog
) -> None:
    shorter = MemoryLog(2)
    shorter.identity = log.identity

    with pytest.raises(LogMismatch):
        rebuild(store, shorter).check()
    with pytest.raises(LogMismatch):
        rebuild(store, MemoryLog(2)).replace()
    assert not [name for name in names(store.engine) if "rebuild" in name]
