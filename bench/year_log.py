"""The log of a year, quickly: what a hall's facts lead to once, copied under other case ids.

A few days of the generated county hall are judged as its ledger would, up to weeks after the last
fact, so that what stays open gets its cards; then every case is written many times over, straight
into the file of the log. Copies keep the times of their model: what a record costs does not depend
on the day.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.facts import policy, sent_facts
from consoles.folder import LOG_FILE
from ledger import wire
from ledger.admission import identity_key
from ledger.drivers.sqlite_log import SqliteLog
from ledger.record import AnyRecord
from processors.simulate import run_out
from processors.supervision.state import CaseState
from processors.supervision.step import step

MODEL_FACTS = 20_000
_WEEKS_AFTER_US = 6 * 7 * 86_400_000_000
_DIGITS = 6


class Line(NamedTuple):
    """A record of the model's log."""

    subject: str
    source: str
    id: str
    raw: bytes


def model_log(facts: int = MODEL_FACTS) -> list[Line]:
    """Return what a hall's ledger holds after so many facts and the weeks that follow them."""
    law = policy()
    lines: list[Line] = []
    states: dict[str, CaseState] = {}
    last_us = 0
    for order, sent in enumerate(sent_facts(facts)):
        last_us = max(last_us, sent.at_us)
        raw = wire.stamp(sent.entry.raw, last_us)
        lines.append(Line(sent.entry.subject, sent.entry.source, sent.entry.id, raw))
        stepped = step(states.get(sent.entry.subject), wire.decode(raw), order, law)
        states[sent.entry.subject] = stepped.state
        lines += [_line(record, last_us) for record in stepped.records]
    until_us = last_us + _WEEKS_AFTER_US
    lines += [_line(record, until_us) for record in run_out(states, law, until_us, facts)]
    return lines


def _line(record: AnyRecord, recorded_us: int) -> Line:
    raw = wire.stamp(wire.encode(record), recorded_us)
    return Line(record.subject, record.source, record.id, raw)


def write_log(folder: Path, records: int, model: list[Line]) -> Path:
    """Make a log of whole copies, of at least so many records, in `folder`; return its file."""
    path = folder / LOG_FILE
    SqliteLog(path, now=lambda: 0).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO records VALUES (?, ?, 0, ?)", _rows(records, model))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def _rows(records: int, model: list[Line]) -> Iterator[tuple[int, bytes, bytes]]:
    copies = -(-records // len(model))
    numbers = [f"{copy:0{_DIGITS}d}" for copy in range(copies)]
    place = 0
    for line in model:
        for number in numbers:
            subject = f"{line.subject}-{number}"
            raw = line.raw.replace(
                f'"subject":"{line.subject}"'.encode(), f'"subject":"{subject}"'.encode(), 1
            )
            yield place, identity_key(0, subject, line.source, line.id), raw
            place += 1
