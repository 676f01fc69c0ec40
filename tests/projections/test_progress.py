"""Reading what was written: whether the read models have passed a place in the log."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep

import pytest
from sqlalchemy import event

from ledger.log import Position
from projections.drivers.progress import LOOK_EVERY_SECONDS, Progress
from projections.drivers.projector import Projector
from tests.projections import records as r
from tests.projections import stores

pytestmark = pytest.mark.usefixtures("dialect")

LOG = r.log_of([r.accepted(r.at(n), subject=f"case-{n}") for n in range(30)], partitions=3)
ENDS = LOG.ends()
LAST = [Position(partition, end - 1) for partition, end in ENDS.items()]


def test_a_place_is_reached_when_its_record_has_been_applied(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    projector = Projector(LOG, store)
    projector.claim(range(3))
    assert Progress(store.engine).reached()
    assert not Progress(store.engine).reached(Position(0, 0))
    projector.step(0, 2)
    assert Progress(store.engine).reached(Position(0, 0), Position(0, 1))
    assert not Progress(store.engine).reached(Position(0, 2))
    assert not Progress(store.engine).reached(Position(0, 0), Position(1, 0))
    projector.catch_up()
    assert Progress(store.engine).reached(*LAST)
    assert not Progress(store.engine).reached(Position(0, ENDS[0]))


def test_who_waits_is_told_when_it_is_there_and_when_time_is_up(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    progress = Progress(store.engine)
    projector = Projector(LOG, store)
    projector.claim(range(3))
    assert not progress.wait_for(*LAST, seconds=0)
    assert not progress.wait_for(*LAST, seconds=0.05)
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(progress.wait_for, place, seconds=60) for place in LAST for _ in "ab"
        ]
        projector.catch_up()
        assert all(each.result(timeout=60) for each in waiting)


def test_however_many_ask_the_database_is_asked_seldom(tmp_path: Path) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    progress, stop, asked = Progress(store.engine), Event(), 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(store.engine, "before_cursor_execute", count)

    def ask() -> int:
        answers = 0
        while not stop.is_set():
            progress.reached(*LAST)
            answers += 1
        return answers

    with ThreadPoolExecutor(8) as pool:
        begun = [pool.submit(ask) for _ in range(8)]
        sleep(10 * LOOK_EVERY_SECONDS)
        stop.set()
        answers = sum(each.result(timeout=60) for each in begun)
    assert 0 < asked < answers / 2


def test_rows_that_were_made_anew_from_the_beginning_are_not_taken_for_the_old(
    tmp_path: Path,
) -> None:
    store = stores.store_on(stores.engine_at(tmp_path))
    stores.project(LOG, store)
    progress = Progress(store.engine)
    assert progress.reached(*LAST)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE reader_positions SET next_offset = 0")
    sleep(2 * LOOK_EVERY_SECONDS)
    assert not progress.reached(*LAST)
