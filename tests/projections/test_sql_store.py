import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from time import sleep

import pytest
from sqlalchemy import Engine, inspect, text

from ledger.drivers.sql_engine import writing
from ledger.errors import PartitionLost, ProjectionStale
from ledger.log import ReaderPosition
from projections.board_tables import CASES
from projections.drivers.sql_store import SqlStore
from projections.rows import TableChanges
from projections.warning_board import WarningBoard
from tests.projections import records as r
from tests.projections import stores
from tests.services.databases import url_in

pytestmark = pytest.mark.usefixtures("dialect")


def changes_of(subject: str) -> Iterator[TableChanges]:
    row = CASES.blank(subject=subject, partition=0, phase="received")
    yield TableChanges(shape=CASES, written=[tuple(row.values())])


def schema_of(engine: Engine) -> dict[str, object]:
    """Tables with the names of their indexes, and views with their text."""
    inspector = inspect(engine)
    tables = {
        name: [each["name"] for each in inspector.get_indexes(name)]
        for name in inspector.get_table_names()
    }
    views = {name: inspector.get_view_definition(name) for name in inspector.get_view_names()}
    return {**tables, **views}


def position_of(store: SqlStore) -> ReaderPosition:
    return store.positions()[0]


def subjects(store: SqlStore) -> list[str]:
    return [row["subject"] for row in stores.rows_of(store.engine, "SELECT subject FROM cases")]


def test_rows_and_position_are_committed_together(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    claimed = store.claim(0, "log-1")

    moved = store.commit(claimed, 5, "digest-4", changes_of("case-1"))

    assert subjects(store) == ["case-1"]
    assert position_of(store) == moved
    assert (moved.next_offset, moved.last_sha256, moved.epoch) == (5, "digest-4", 1)
    assert moved.log_identity == "log-1"


def test_nothing_is_written_if_a_commit_fails_half_way(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    claimed = store.claim(0, "log-1")

    def failing() -> Iterator[TableChanges]:
        yield from changes_of("case-1")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        store.commit(claimed, 5, "digest-4", failing())
    assert subjects(store) == []
    assert position_of(store) == claimed


def test_nothing_is_written_if_the_process_is_killed_half_way(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    claimed = store.claim(0, "log-1")
    killed = (
        "import os, sys\n"
        "from ledger.drivers.sql_engine import open_engine\n"
        "from tests.projections import stores\n"
        "from tests.projections.test_sql_store import changes_of\n"
        "def half():\n"
        "    yield from changes_of('case-1')\n"
        "    os.kill(os.getpid(), 9)\n"
        "store = stores.store_on(open_engine(sys.argv[1]))\n"
        "store.commit(store.positions()[0], 5, 'digest-4', half())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", killed, url_in(tmp_path, "read")],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
        timeout=60,
    )

    assert done.returncode == -9
    assert subjects(store) == []
    assert position_of(store) == claimed
    store.commit(claimed, 5, "digest-4", changes_of("case-1"))
    assert subjects(store) == ["case-1"]


def test_an_owner_that_lost_its_partition_writes_nothing(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    former = store.claim(0, "log-1")
    present = store.claim(0, "log-1")

    with pytest.raises(PartitionLost):
        store.commit(former, 5, "digest-4", changes_of("case-1"))
    assert subjects(store) == []
    assert store.commit(present, 5, "digest-4", changes_of("case-2")).epoch == former.epoch + 1


def test_of_two_owners_that_commit_at_once_one_wins_and_the_other_leaves_nothing(
    tmp_path: Path,
) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    position = store.claim(0, "log-1")

    def committing(subject: str) -> str:
        try:
            store.commit(position, 5, "digest-4", changes_of(subject))
        except PartitionLost:
            return "lost"
        return subject

    with ThreadPoolExecutor(4) as pool:
        with writing(store.engine).begin() as holding:
            holding.execute(text("UPDATE reader_positions SET epoch = epoch"))
            begun = [pool.submit(committing, f"case-{number}") for number in range(4)]
            sleep(0.2)  # they wait, or begin after it: either way one of them is first
        became = [each.result(timeout=60) for each in begun]
    assert became.count("lost") == 3
    assert subjects(store) == [each for each in became if each != "lost"]


def test_a_batch_is_not_committed_twice(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    claimed = store.claim(0, "log-1")
    store.commit(claimed, 5, "digest-4", changes_of("case-1"))

    with pytest.raises(PartitionLost):
        store.commit(claimed, 5, "digest-4", changes_of("case-1"))


def test_partitions_are_claimed_and_moved_apart(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    first, second = store.claim(0, "log-1"), store.claim(1, "log-1")

    store.commit(second, 7, "x", [])

    assert {p: at.next_offset for p, at in store.positions().items()} == {0: 0, 1: 7}
    store.commit(first, 3, "y", [])
    assert {p: at.next_offset for p, at in store.positions().items()} == {0: 3, 1: 7}


def test_rows_handed_over_as_json_and_as_lists_are_the_same(tmp_path: Path) -> None:
    seed = 20261123
    print("seed", seed)
    log = r.log_of(stores.random_life(Random(seed), 40))
    found = []
    for as_json in (True, False):
        folder = tmp_path / str(as_json)
        folder.mkdir()
        store = stores.store_on(stores.engine_at(folder), as_json=as_json)
        stores.project(log, store, batch=7)
        found.append(stores.all_rows(store))

    assert found[0] == found[1]
    assert found[0]["cards"]


def test_a_removed_row_is_gone_whichever_way_rows_are_handed_over(tmp_path: Path) -> None:
    replaced = [
        r.limits(r.at(1)),
        r.withdrawn(r.at(2)),
        r.limits(r.at(0), cycle="/halls/1/approval#earlier"),
    ]
    for as_json in (True, False):
        folder = tmp_path / str(as_json)
        folder.mkdir()
        store = stores.store_on(stores.engine_at(folder), as_json=as_json)
        stores.project(r.log_of(replaced), store, batch=1)
        cycles = stores.rows_of(store.engine, "SELECT cycle FROM case_limits")
        assert cycles == [{"cycle": "/halls/1/approval#earlier"}]


def test_text_of_any_language_and_large_numbers_survive(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    row = CASES.blank(
        subject="办件-1 \"'\\", partition=0, matter="不动产登记 🏠", accepted_us=2**53 + 1
    )
    written = [TableChanges(shape=CASES, written=[tuple(row.values())])]
    store.commit(store.claim(0, "log-1"), 1, "x", written)

    (found,) = stores.rows_of(store.engine, "SELECT * FROM cases")
    assert found == row


def test_rows_of_another_version_are_refused(tmp_path: Path) -> None:
    engine = stores.engine_at(tmp_path)
    stores.store_on(engine)

    class Newer(WarningBoard):
        version = WarningBoard.version + 1

    projections = [
        Newer(each._days) if isinstance(each, WarningBoard) else each for each in r.projections()
    ]
    with pytest.raises(ProjectionStale) as caught:
        SqlStore(engine, projections, r.ZONE).prepare()
    assert "hall rebuild" in str(caught.value)


def test_preparing_again_changes_nothing(tmp_path: Path) -> None:
    engine = stores.engine_at(tmp_path)
    store = stores.store_on(engine)
    store.commit(store.claim(0, "log-1"), 5, "digest-4", changes_of("case-1"))
    before = schema_of(engine)

    stores.make_tables(engine)
    assert subjects(stores.store_on(engine)) == ["case-1"]
    assert schema_of(engine) == before
