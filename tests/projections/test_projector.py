from pathlib import Path
from random import Random

import pytest

from ledger.drivers.memory_log import MemoryLog
from ledger.errors import LogMismatch, PartitionLost, RecordUnreadable
from ledger.log import Entry, digest
from ledger.system_events import LogSkipped
from projections.drivers.projector import Projector
from tests.projections import records as r
from tests.projections import stores

pytestmark = pytest.mark.usefixtures("dialect")

PLACES = ("partition", "log_offset", "changed_offset")


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_rows_do_not_depend_on_the_size_of_batches(tmp_path: Path, batch: int) -> None:
    seed = 7
    print("seed", seed)
    log = r.log_of(stores.random_life(Random(seed), 30))
    found = []
    for size in (batch, 100_000):
        folder = tmp_path / str(size)
        folder.mkdir()
        store = stores.store_on(stores.engine_at(folder))
        stores.project(log, store, batch=size)
        found.append(stores.all_rows(store))

    assert found[0] == found[1]


def test_six_partitions_give_what_one_gives(tmp_path: Path) -> None:
    seed = 11
    print("seed", seed)
    life = stores.random_life(Random(seed), 60)
    found = []
    for count in (1, 6):
        folder = tmp_path / str(count)
        folder.mkdir()
        log = r.log_of(life, partitions=count)
        assert count == 1 or sum(end > 0 for end in log.ends().values()) == 6
        store = stores.store_on(stores.engine_at(folder))
        stores.project(log, store)
        rows = stores.all_rows(store)
        views = {
            view: stores.rows_of(store.engine, f"SELECT * FROM {view} ORDER BY 1, 2, 3")
            for view in ("v_cases", "v_cards", "v_efficiency_daily")
        }
        found.append(_without_places(rows, views))

    assert found[0] == found[1]


def _without_places(*groups: dict[str, list[stores.Row]]) -> dict[str, list[str]]:
    """Return the rows as sorted text, without where they lie; counters summed over partitions."""
    out: dict[str, list[str]] = {}
    for group in groups:
        for name, rows in group.items():
            if name.endswith("_days"):
                out[name] = _summed(rows)
            else:
                hidden = (*PLACES, "log_partition")
                out[name] = sorted(
                    str({k: v for k, v in row.items() if k not in hidden}) for row in rows
                )
    return out


def _summed(rows: list[stores.Row]) -> list[str]:
    sums: dict[tuple[str, str, str], dict[str, int]] = {}
    for row in rows:
        into = sums.setdefault((row["hall"], row["department"], row["day"]), {})
        for name, value in row.items():
            if isinstance(value, int) and name != "partition":
                into[name] = into.get(name, 0) + value
    return sorted(str(item) for item in sums.items())


def test_a_log_that_repeats_records_gives_the_same_rows(tmp_path: Path) -> None:
    seed = 3
    print("seed", seed)
    rng = Random(seed)
    life = stores.random_life(rng, 20)
    clean, noisy = MemoryLog(), stores.MayRepeat()
    for log in (clean, noisy):
        log.append([r.entry(record) for record in life])
    noisy.repeat(0, [rng.randrange(len(life)) for _ in range(100)])
    found = []
    for name, log in (("clean", clean), ("noisy", noisy)):
        (tmp_path / name).mkdir()
        store = stores.store_on(stores.engine_at(tmp_path / name))
        stores.project(log, store, batch=9)
        found.append(stores.all_rows(store))

    assert found[0] == found[1]


def test_a_projector_goes_on_where_the_last_one_stopped(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    log = r.log_of([r.accepted(r.at()), r.limits(r.at())])
    first = Projector(log, store)
    first.claim([0])
    assert first.step(0, limit=1) == 1
    assert first.lags() == {0: 1}

    second = Projector(log, store)
    second.claim([0])

    assert second.catch_up() == 1
    with pytest.raises(PartitionLost):
        first.step(0)
    assert len(stores.all_rows(store)["case_history"]) == 2


def test_a_step_reads_no_further_than_it_is_told(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    log = r.log_of([r.stage(r.at(hours=n), n) for n in range(5)])
    projector = Projector(log, store)
    projector.claim([0])

    assert [projector.step(0, until=3), projector.step(0, until=3), projector.step(0)] == [3, 0, 2]


def test_another_log_is_refused(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    stores.project(r.log_of([r.accepted(r.at())]), store)

    with pytest.raises(LogMismatch, match="found log"):
        Projector(r.log_of([r.accepted(r.at())]), store).claim([0])


def test_a_shorter_log_and_another_last_record_are_refused(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    log = r.log_of([r.accepted(r.at()), r.completed(r.at(1))])
    stores.project(log, store)
    shorter, other = MemoryLog(), MemoryLog()
    shorter.identity = other.identity = log.identity
    shorter.append([r.entry(r.accepted(r.at()))])
    other.append([r.entry(r.accepted(r.at())), r.entry(r.completed(r.at(2)))])

    with pytest.raises(LogMismatch, match="the log ends at 1"):
        Projector(shorter, store).claim([0])
    with pytest.raises(LogMismatch, match="is not the"):
        Projector(other, store).claim([0])


def test_a_record_that_cannot_be_read_stops_its_partition_until_it_is_skipped(
    tmp_path: Path,
) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    log = r.log_of([r.accepted(r.at())])
    broken = b'{"specversion":"1.0","type":"hall.case.unheard-of.v1"}'
    log.append([Entry("case-1", "/x", "1", broken, 1), r.entry(r.completed(r.at(1)))])
    projector = Projector(log, store)
    projector.claim([0])

    assert projector.step(0) == 1
    with pytest.raises(RecordUnreadable) as caught:
        projector.step(0)
    assert caught.value.details["offset"] == 1
    skips = [
        LogSkipped(partition=0, offset=place, sha256=sha256, actor_ref="operator:1", reason="bad")
        for place, sha256 in ((1, "0" * 64), (2, digest(broken)), (1, digest(broken)))
    ]
    named = [r.record(skip, r.at(2), subject="partition:0", name=str(skip)) for skip in skips]
    log.append([r.entry(record) for record in named[:2]])
    with pytest.raises(RecordUnreadable):
        projector.step(0)
    log.append([r.entry(named[2])])

    assert projector.catch_up() == 5
    history = stores.all_rows(store)["case_history"]
    assert [row["log_offset"] for row in history] == [0, 2]
