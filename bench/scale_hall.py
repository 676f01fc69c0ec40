"""A process that holds so many open cases and judges records of random ones, round by round.

It is a process of its own so that its memory is that of one size alone, and so that two sizes can
take turns. It says when it is ready, then answers each line on its standard input with one round.

The states are not stepped one by one: a few hundred open cases of the generated hall are copied
under other case ids, their bytes written straight into SQL. What then arrives are the facts that
those cases really get next, at the instant of the round.
"""

import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from bench.facts import SEED, Sent, policy, sent_facts
from bench.flow import PARTITION, HandClock
from bench.machine import rss_mb, settle
from consoles.demo.facts import instant_text
from consoles.folder import LOG_FILE, STATE_FILE
from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Entry
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import SqlState
from processors.drivers.state_rows import StateRow
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import step

BATCH = 500
BATCHES_A_ROUND = 4
_TOLD = 12_000
"""Facts after which the hall's open cases are taken as models."""
_DAY_US = 86_400_000_000
_SPREAD_US = 20 * _DAY_US


class Model(NamedTuple):
    """An open case that is copied, and what it gets next."""

    state: CaseState
    blob: bytes
    following: list[Sent]


class Models(NamedTuple):
    """All models, and the instant at which they are open."""

    at_us: int
    models: list[Model]


def models() -> Models:
    """Return open cases of the generated hall that no tick is due for within a day."""
    facts = sent_facts(2 * _TOLD)
    law = policy()
    states: dict[str, CaseState] = {}
    for order, sent in enumerate(facts[:_TOLD]):
        record = wire.decode(wire.stamp(sent.entry.raw, sent.at_us))
        states[record.subject] = step(states.get(record.subject), record, order, law).state
    at_us = facts[_TOLD - 1].at_us
    following: dict[str, list[Sent]] = {}
    for sent in facts[_TOLD:]:
        following.setdefault(sent.entry.subject, []).append(sent)
    found = [
        Model(state, encode_state(state), following[subject])
        for subject, state in states.items()
        if subject in following and (state.next_tick_us or 0) > at_us + _DAY_US
    ]
    return Models(at_us, found)


def case_id(number: int) -> str:
    """Return the id of a copy, as long as those of the hall and of days before it."""
    return f"430121-{20200000 + number // 10_000}-{number % 10_000:04d}"


class ScaleHall:
    """Supervision over many open cases."""

    def __init__(self, folder: Path, cases: int) -> None:
        """Write the states, then claim the log."""
        self._chance = random.Random(SEED + cases)
        self._cases = cases
        self._at_us, self._models = models()
        self._asked: dict[int, int] = {}
        self._clock = HandClock()
        self._clock.us = self._at_us
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
            self._log.append([self._next_entry() for _ in range(BATCH)])
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
        for number in range(self._cases):
            model = self._models[number % len(self._models)]
            subject = case_id(number)
            blob = model.blob.replace(model.state.subject.encode(), subject.encode())
            tick_us = self._at_us + _DAY_US + self._chance.randrange(_SPREAD_US)
            yield StateRow(PARTITION, subject, blob, tick_us, True, None, False)

    def _next_entry(self) -> Entry:
        """Return the next fact of a random case that has one left."""
        while True:
            number = self._chance.randrange(self._cases)
            model = self._models[number % len(self._models)]
            turn = self._asked.get(number, 0)
            if turn < len(model.following):
                self._asked[number] = turn + 1
                return self._copied(model, model.following[turn], case_id(number))

    def _copied(self, model: Model, sent: Sent, subject: str) -> Entry:
        text = json.dumps({**sent.event, "time": instant_text(self._clock.us)}, ensure_ascii=False)
        event: dict[str, Any] = json.loads(text.replace(model.state.subject, subject))
        record, raw = wire.accept(event)
        return Entry(record.subject, record.source, record.id, raw)


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
