"""What a record costs a worker beside ten thousand open cases, and beside a million; its memory.

The sizes take turns, each with a hall, a database and a worker of its own, all running all the
time, so that a busy neighbour disturbs them alike. Each figure is the median of its rounds.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from typing import NamedTuple

from sqlalchemy import text

from bench import Row
from bench.kafka_live import judged, wait_judged, wait_level
from bench.kafka_place import Place, append, wait_until
from bench.machine import say
from bench.open_cases import DAY_US, OpenCases, start_before
from bench.processes import cpu_seconds, rss_mb
from ledger.log import partitions_of
from processors.drivers.state_rows import StateRow, statements_of
from tests.faults.kafka_hall import KafkaHall

FEW = 10_000
MEMORY_AIM_MB = 700.0
RATIO_AIM = 1.3
_ROWS_AT_ONCE = 20_000


class _Round(NamedTuple):
    """µs a record: on the wall, of the worker's processor, of the database's."""

    wall: float
    worker: float
    database: float


class _Sized:
    """A hall with so many open cases, and its worker."""

    def __init__(self, place: Place, hall: KafkaHall, cases: int, start_us: int) -> None:
        self._place = place
        self._hall = hall
        self._open = OpenCases(cases, start_us, time.time_ns() // 1_000)
        begun = time.perf_counter()
        _fill(hall, self._open)
        self._pid = hall.start("a", "supervise").process.pid
        partitions = hall.parts.log.partitions
        wait_until("all partitions taken", lambda: len(judged(hall)) == partitions)
        wait_level(hall)
        say(f"kafka: {cases:,} open cases written in {time.perf_counter() - begun:.0f} s")

    def round(self, records: int) -> _Round:
        now_us = time.time_ns() // 1_000
        entries = [self._open.next_entry(now_us) for _ in range(records)]
        first = sum(judged(self._hall).values())
        costs, cpu, begun = self._place.costs(), cpu_seconds(self._pid), time.perf_counter()
        append(self._hall, entries)
        wait_judged(self._hall, self._hall.parts.log.ends())
        wall = time.perf_counter() - begun
        done = sum(judged(self._hall).values()) - first
        return _Round(
            wall=1e6 * wall / done,
            worker=1e6 * (cpu_seconds(self._pid) - cpu) / done,
            database=1e6 * self._place.costs().since(costs).database / done,
        )

    @property
    def rss_mb(self) -> float:
        return rss_mb(self._pid)


def cost_by_size(
    place: Place, sizes: Sequence[int], *, records: int, rounds: int, warming: int
) -> list[Row]:
    """Judge facts of random open cases that come in live, by a worker of each size."""
    found: dict[int, list[_Round]] = {size: [] for size in sizes}
    memory: dict[int, float] = {}
    start_us = start_before(time.time_ns() // 1_000)
    with ExitStack() as stack:
        halls = {size: stack.enter_context(place.hall()) for size in sizes}
        sized = {size: _Sized(place, hall, size, start_us) for size, hall in halls.items()}
        for number in range(warming + rounds):
            for size, each in sized.items():
                done = each.round(records)
                if number >= warming:
                    found[size].append(done)
        memory = {size: each.rss_mb for size, each in sized.items()}
    rows = []
    for size, runs in found.items():
        aim = MEMORY_AIM_MB if size >= 1_000_000 else None
        rows += [
            Row(f"worker, a record beside {size:,} open cases", _wall(runs), "µs"),
            Row("… CPU of the worker", statistics.median(r.worker for r in runs), "µs"),
            Row("… CPU of PostgreSQL", statistics.median(r.database for r in runs), "µs"),
            Row("… memory of the worker", memory[size], "MB", aim, at_most=True),
        ]
    few, many = min(sizes), max(sizes)
    ratio = _wall(found[many]) / _wall(found[few])
    rows.append(Row(f"… a record beside {many:,} over {few:,}", ratio, "", RATIO_AIM, at_most=True))
    return rows


def _fill(hall: KafkaHall, cases: OpenCases) -> None:
    """Write all states at once, then let PostgreSQL look at them as it does after a while."""
    engine, partitions = hall.parts.engine, hall.parts.log.partitions
    write = statements_of(engine.dialect).write
    copies = cases.copies()
    now_us = time.time_ns() // 1_000
    while some := list(islice(copies, _ROWS_AT_ONCE)):
        rows = [
            StateRow(
                partitions_of(copy.subject, partitions)[0],
                copy.subject,
                copy.blob,
                max(copy.tick_us, now_us + DAY_US),
                True,
                None,
                False,
            )
            for copy in some
        ]
        with engine.begin() as connection:
            write(connection, rows, [])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE case_states"))


def _wall(runs: Sequence[_Round]) -> float:
    return statistics.median(run.wall for run in runs)
