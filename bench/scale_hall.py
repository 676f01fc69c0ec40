"""A process that holds so many open cases and judges records of random ones, round by round.

It is a process of its own so that its memory is that of one size alone, and so that two sizes can
take turns. It says when it is ready, then answers each line on its standard input with one round.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bench.facts import policy
from bench.flow import PARTITION, HandClock
from bench.machine import rss_mb, settle
from bench.open_cases import OpenCases
from consoles.folder import LOG_FILE, STATE_FILE
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import SqlState
from processors.drivers.state_rows import StateRow

BATCH = 500
BATCHES_A_ROUND = 4


class ScaleHall:
    """Supervision over many open cases."""

    def __init__(self, folder: Path, cases: int) -> None:
        """Write the states, then claim the log."""
        self._open = OpenCases(cases)
        self._clock = HandClock()
        self._clock.us = self._open.at_us
        engine = open_engine(f"sqlite:///{folder / STATE_FILE}")
        states = SqlState(engine)
        engine.dispose()
        with closing(sqlite3.connect(folder / STATE_FILE, isolation_level=None)) as connection:
            _fill(connection, self._rows())
        self._log = SqliteLog(folder / LOG_FILE, now=self._clock.now_us)
        self._supervisor = Supervisor(self._log, states, policy(), self._clock.now_us)

    def round(self) -> dict[str, float]:
        """Judge records of random cases; return µs a record, on the wall and of the processor."""
        wall = cpu = 0.0
        for _ in range(BATCHES_A_ROUND):
            self._clock.us += 1_000_000
            self._log.append([self._open.next_entry(self._clock.us) for _ in range(BATCH)])
            begun, begun_cpu = time.perf_counter(), time.process_time()
            while self._supervisor.turn():
                pass
            wall += time.perf_counter() - begun
            cpu += time.process_time() - begun_cpu
        records = BATCH * BATCHES_A_ROUND
        return {"wall_us": 1e6 * wall / records, "cpu_us": 1e6 * cpu / records, "rss_mb": rss_mb()}

    def close(self) -> None:
        """Release the log."""
        self._log.close()

    def _rows(self) -> Iterator[StateRow]:
        for copy in self._open.copies():
            yield StateRow(PARTITION, copy.subject, copy.blob, copy.tick_us, True, None, False)


def _fill(connection: sqlite3.Connection, rows: Iterator[StateRow]) -> None:
    """Write all rows at once, without waiting for the disk; the index last."""
    (index,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'case_states_due'"
    ).fetchone()
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("DROP INDEX case_states_due")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO case_states VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute(index)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def main(arguments: list[str]) -> None:
    """Run as `python -m bench.scale_hall FOLDER CASES`; one round for each line that comes in."""
    begun = time.perf_counter()
    hall = ScaleHall(Path(arguments[0]), int(arguments[1]))
    settle()
    print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(hall.round()), flush=True)
    hall.close()


if __name__ == "__main__":
    main(sys.argv[1:])
