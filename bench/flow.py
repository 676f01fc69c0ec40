"""A hall of the embedded edition that a bench drives by hand, and the CPU time of its parts.

It stands apart from the figures made with it: here is the loop of the product itself (append,
judge, project) in one thread, its clock set by the facts, and a stopwatch where the parts meet.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.facts import Sent, policy
from consoles.bootstrap import open_hall
from consoles.folder import LOG_FILE, READ_FILE, STATE_FILE
from consoles.hall import Hall
from consoles.settings import load_settings
from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Appended, Entry, Position
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import DueCase, SqlState
from processors.drivers.state_commit import Commit
from processors.supervision.state import CaseState
from projections.drivers.projector import Projector
from projections.drivers.sql_store import SqlStore
from projections.registry import all_projections

PARTITION = 0
ZONE = ZoneInfo("Asia/Shanghai")


class HandClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        """Begin at the epoch."""
        self.us = 0

    def now_us(self) -> int:
        """Return the instant it was set to."""
        return self.us

    def may_tick(self) -> bool:
        """Ticks are never held."""
        return True

    def wait_until(self, us: int, longest_s: float) -> None:
        """Waiting for a clock that is set by hand would never end."""


class Stopwatch:
    """CPU seconds of this process by part."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what the block takes."""
        begun = time.process_time()
        try:
            yield
        finally:
            self.seconds[name] += time.process_time() - begun


class TimedLog:
    """A log whose reading and appending are timed."""

    def __init__(self, log: SqliteLog, watch: Stopwatch) -> None:
        """Time the calls to `log`."""
        self._log = log
        self._watch = watch
        self.identity = log.identity
        self.partitions = log.partitions
        self.capabilities = log.capabilities
        self.ends = log.ends
        self.close = log.close

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append, timed."""
        with self._watch.part("append"):
            return self._log.append(entries)

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Read, timed."""
        with self._watch.part("read"):
            return self._log.read(partition, from_offset, limit)


class TimedStates(SqlState):
    """States whose loading and committing are timed."""

    watch: Stopwatch

    def load(self, partition: int, subjects: Sequence[str]) -> dict[str, CaseState]:
        """Load, timed."""
        with self.watch.part("state"):
            return super().load(partition, subjects)

    def commit_together(self, commits: Sequence[Commit]) -> dict[int, int | None]:
        """Commit, timed."""
        with self.watch.part("state"):
            return super().commit_together(commits)

    def due(self, partition: int, now_us: int, limit: int) -> list[DueCase]:
        """Ask for what is due, timed."""
        with self.watch.part("state"):
            return super().due(partition, now_us, limit)


def open_bench_hall(folder: Path, clock: HandClock) -> Hall:
    """Return a hall in a folder of its own, put together as the product does it."""
    settings = load_settings({"data": folder}, {})
    return open_hall(settings, role="supervise", clock=lambda _: clock)


def batches(facts: Sequence[Sent], size: int) -> Iterator[Sequence[Sent]]:
    """Yield the facts in batches of so many."""
    for start in range(0, len(facts), size):
        yield facts[start : start + size]


def follow(supervisor: Supervisor, projector: Projector) -> None:
    """Judge and project until nothing moves any more, the due ticks among it."""
    moved = True
    while moved:
        moved = supervisor.turn()
        moved = projector.step(PARTITION) > 0 or moved


def run_hall(hall: Hall, clock: HandClock, facts: Sequence[Sent], size: int) -> float:
    """Feed facts to a hall, each batch followed to its end; return seconds of wall time."""
    assert hall.supervisor is not None
    begun = time.perf_counter()
    for batch in batches(facts, size):
        clock.us = batch[-1].at_us
        hall.log.append([sent.entry for sent in batch])
        follow(hall.supervisor, hall.projector)
    return time.perf_counter() - begun


def cpu_by_part(folder: Path, facts: Sequence[Sent], size: int) -> dict[str, float]:
    """Do what `run_hall` does with a stopwatch; return CPU µs per record of the log, by part.

    Decoding cannot be cut out of the reading loops, so it is timed again over the same bytes: once
    for supervision and once for the projections, which take no part in each other's reading.
    """
    watch, clock = Stopwatch(), HandClock()
    states_engine = open_engine(f"sqlite:///{folder / STATE_FILE}")
    rows_engine = open_engine(f"sqlite:///{folder / READ_FILE}")
    with closing(SqliteLog(folder / LOG_FILE, now=clock.now_us)) as log:
        states = TimedStates(states_engine)
        states.watch = watch
        store = SqlStore(rows_engine, all_projections(ZONE), ZONE)
        store.prepare()
        projector = Projector(log, store)
        projector.claim([PARTITION])
        supervisor = Supervisor(TimedLog(log, watch), states, policy(), clock.now_us)
        for batch in batches(facts, size):
            clock.us = batch[-1].at_us
            with watch.part("intake"):
                log.append([sent.entry for sent in batch])
            moved = True
            while moved:
                with watch.part("supervision"):
                    moved = supervisor.turn()
                with watch.part("projections"):
                    moved = projector.step(PARTITION) > 0 or moved
        records = [raw for _, raw in log.read(PARTITION, 0, log.ends()[PARTITION])]
        with watch.part("decode"):
            for raw in records:
                wire.decode(raw)
    states_engine.dispose()
    rows_engine.dispose()
    return {name: 1e6 * seconds / len(records) for name, seconds in _parts(watch.seconds).items()}


def _parts(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return parts that add up to the whole: what was timed inside another is taken out of it."""
    inside = seconds["read"] + seconds["append"] + seconds["state"] + seconds["decode"]
    return {
        "append": seconds["intake"] + seconds["append"],
        "read": seconds["read"],
        "decode": seconds["decode"],
        "judge": seconds["supervision"] - inside,
        "state": seconds["state"],
        "projections": seconds["projections"],
    }
