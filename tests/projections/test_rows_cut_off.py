"""Read models on a PostgreSQL that goes away: the projector goes on, and the rows are as ever."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from threading import Timer
from time import sleep

import pytest

from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import open_engine
from ledger.errors import DatabaseUnavailable, PartitionLost
from projections.drivers.projector import Projector
from projections.drivers.sql_store import SqlStore
from projections.rows import TableChanges
from tests.projections import records as r
from tests.projections import stores
from tests.projections.test_sql_store import changes_of
from tests.services.cutting_proxy import CuttingProxy
from tests.services.postgres import PostgresServer

ROUNDS_MAX = 2_000


@pytest.fixture
def direct(database_url: str) -> Iterator[SqlStore]:
    engine = open_engine(database_url)
    stores.make_tables(engine)
    yield stores.store_on(engine)
    engine.dispose()


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    with CuttingProxy(postgres.port) as between:
        yield between


@pytest.fixture
def store(
    direct: SqlStore, postgres: PostgresServer, database_url: str, proxy: CuttingProxy
) -> Iterator[SqlStore]:
    """A store whose connections go through the proxy."""
    engine = open_engine(database_url.replace(f":{postgres.port}/", f":{proxy.port}/"))
    yield stores.store_on(engine)
    engine.dispose()


def log_of(seed: int, cases: int) -> MemoryLog:
    print("seed", seed)
    return r.log_of(stores.random_life(Random(seed), cases))


def truth(folder: Path, log: MemoryLog) -> dict[str, list[stores.Row]]:
    """The rows that nothing has disturbed."""
    engine = open_engine(f"sqlite:///{folder / 'undisturbed.sqlite'}")
    undisturbed = stores.store_on(engine)
    stores.project(log, undisturbed)
    rows = stores.all_rows(undisturbed)
    engine.dispose()
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_a_projector_whose_commits_are_cut_off_anywhere_comes_to_the_same_rows(
    tmp_path: Path, direct: SqlStore, store: SqlStore, proxy: CuttingProxy, seed: int
) -> None:
    log, dice = log_of(seed, 25), Random(seed)
    projector = Projector(log, store)
    projector.claim([0])
    done = unavailable = 0
    for _ in range(ROUNDS_MAX):
        at, pieces = dice.randrange(25), count()
        proxy.arm(lambda _: next(pieces) == at, answered=dice.random() < 0.5)  # noqa: B023 - used in this round
        try:
            read = projector.step(0, 6)
            if not read:
                break
            done += read
        except DatabaseUnavailable:
            unavailable += 1
    assert unavailable > 10
    assert projector.lags() == {0: 0}
    assert stores.all_rows(direct) == truth(tmp_path, log)


def test_a_projector_waits_for_a_server_that_is_down_and_goes_on(
    tmp_path: Path, direct: SqlStore, postgres: PostgresServer
) -> None:
    log = log_of(3, 25)
    projector = Projector(log, direct)
    projector.claim([0])
    steps = unavailable = 0
    for _ in range(2):
        for _ in range(4):
            steps += projector.step(0, 6) > 0
        postgres.kill()
        back = Timer(1.0, postgres.start)
        back.start()
        unavailable += went_on(projector)
        back.join()
    while projector.step(0, 6):
        steps += 1
    assert (steps > 8, unavailable > 0) == (True, True)
    assert stores.all_rows(direct) == truth(tmp_path, log)


def went_on(projector: Projector) -> int:
    """Ask until a step is done again; how often the database was unavailable."""
    for unavailable in range(ROUNDS_MAX):
        try:
            if 0 not in projector.lags():
                projector.claim([0])
            projector.step(0, 6)
        except PartitionLost:
            continue  # the server lost the last batches, and their position with them
        except DatabaseUnavailable:
            sleep(0.05)
            continue
        return unavailable
    raise AssertionError("the server did not come back")


def test_a_backend_ended_by_the_server_in_mid_commit_has_written_nothing(
    direct: SqlStore, postgres: PostgresServer
) -> None:
    name = direct.engine.url.database
    assert name is not None
    position = direct.claim(0, "log-1")

    def ended() -> Iterator[TableChanges]:
        yield from changes_of("case-1")
        postgres.disconnect(name)
        yield from changes_of("case-2")

    with pytest.raises(DatabaseUnavailable):
        direct.commit(position, 5, "digest-4", ended())
    assert direct.reread(position) == position
    moved = direct.commit(position, 5, "digest-4", changes_of("case-1"))
    assert direct.reread(position) == moved
    assert [row["subject"] for row in stores.rows_of(direct.engine, "SELECT * FROM cases")] == [
        "case-1"
    ]
