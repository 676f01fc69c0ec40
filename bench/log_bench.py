"""Durable appends to the SQLite log, alone and beside the same facts through `eventsourcing`.

Every append here has waited for the disk. What is compared runs in alternating rounds in one
process, each figure the median of its rounds, so that a busy neighbour disturbs both alike. Both
start from the JSON value that a source sent: ours is checked, encoded and appended, the peer's made
an aggregate with the same fields and saved by `Application.save`. The peer keeps one index where
the ledger keeps two (place and identity).
"""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from bench import Row
from ledger import wire
from ledger.admission import Row as Stored
from ledger.drivers import sqlite_rows
from ledger.drivers.sqlite_file import SqliteFile, transaction
from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Entry

SEED = 20_261_124
BATCH = 500
MILLION = 1_000_000


class Accepted(Aggregate):
    """The peer's form of an acceptance, with the fields of `acceptance`."""

    @event("Accepted")
    def __init__(self, case: str, data: dict[str, Any]) -> None:
        """Keep what the acceptance says."""
        self.case = case
        self.data = data


def acceptance(chance: random.Random) -> dict[str, Any]:
    """Return an acceptance as a source system sends it, about 450 bytes, of a random case."""
    case = f"430100-{chance.getrandbits(64):016x}"
    return {
        "specversion": "1.0",
        "type": "hall.case.accepted.v1",
        "source": "/halls/430100/approval",
        "id": f"{case}-a",
        "subject": case,
        "time": "2026-11-24T09:00:00.000000+08:00",
        "data": {
            "matter": f"M{chance.randrange(300):04d}",
            "hall": "430100",
            "department": f"D{chance.randrange(40):03d}",
            "window": f"W{chance.randrange(60):02d}",
            "clerk_ref": f"c-{chance.randrange(200):04d}",
            "channel": "window",
            "handling_type": "promised",
            "promised_limit": {"amount": 5, "unit": "working_day"},
            "statutory_limit": {"amount": 20, "unit": "working_day"},
        },
    }


def entry(sent: dict[str, Any]) -> Entry:
    """Return what intake makes of an event, not yet stamped."""
    record, raw = wire.accept(sent)
    return Entry(record.subject, record.source, record.id, raw)


def now_us() -> int:
    """Return the machine's clock in microseconds since the epoch."""
    return time.time_ns() // 1000


def beside_eventsourcing(folder: Path, *, rounds: int = 10) -> list[Row]:
    """Appends by one client, one by one and 500 a call, of the ledger and of `eventsourcing`."""
    peer: Application[Any] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / "peer.sqlite"),
        }
    )
    chance = random.Random(SEED)
    with closing(SqliteLog(folder / "beside.sqlite", now=now_us)) as log, closing(peer):
        one_by_one = _in_turns(
            chance, rounds, 250, partial(_append_each, log), partial(_save_each, peer)
        )
        batched = _in_turns(
            chance, rounds, 8 * BATCH, partial(_append_batches, log), partial(_save_batches, peer)
        )
    return [
        Row("durable appends by one client, one by one", one_by_one.ours, "1/s"),
        Row("… the same by eventsourcing", one_by_one.peer, "1/s"),
        Row("… ours over eventsourcing's", one_by_one.ratio, "", 1.0),
        Row("durable appends by one client, 500 a call", batched.ours, "1/s"),
        Row("… the same by eventsourcing", batched.peer, "1/s"),
        Row("… ours over eventsourcing's", batched.ratio, ""),
    ]


class _Turns(NamedTuple):
    """Medians over rounds: facts per second of each, and the ratio within a round."""

    ours: float
    peer: float
    ratio: float


def _in_turns(
    chance: random.Random,
    rounds: int,
    count: int,
    ours: Callable[[Sequence[dict[str, Any]]], None],
    peer: Callable[[Sequence[dict[str, Any]]], None],
) -> _Turns:
    """Give both the same facts in each round; who begins alternates."""
    found: list[tuple[float, float]] = []
    for number in range(rounds):
        sent = [acceptance(chance) for _ in range(count)]
        if number % 2:
            theirs = _seconds(peer, sent)
            found.append((_seconds(ours, sent), theirs))
        else:
            found.append((_seconds(ours, sent), _seconds(peer, sent)))
    return _Turns(
        ours=count / statistics.median(mine for mine, _ in found),
        peer=count / statistics.median(theirs for _, theirs in found),
        ratio=statistics.median(theirs / mine for mine, theirs in found),
    )


def _seconds(
    work: Callable[[Sequence[dict[str, Any]]], None], what: Sequence[dict[str, Any]]
) -> float:
    begun = time.perf_counter()
    work(what)
    return time.perf_counter() - begun


def _append_each(log: SqliteLog, sent: Sequence[dict[str, Any]]) -> None:
    for one in sent:
        log.append([entry(one)])


def _append_batches(log: SqliteLog, sent: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(sent), BATCH):
        log.append([entry(one) for one in sent[start : start + BATCH]])


def _save_each(peer: "Application[Any]", sent: Sequence[dict[str, Any]]) -> None:
    for one in sent:
        peer.save(Accepted(one["subject"], one["data"]))


def _save_batches(peer: "Application[Any]", sent: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(sent), BATCH):
        batch = sent[start : start + BATCH]
        peer.save(*[Accepted(one["subject"], one["data"]) for one in batch])


def concurrent_singles(folder: Path, *, clients: int = 64, each: int = 150) -> list[Row]:
    """Single appends by many threads at once: group commit."""
    chance = random.Random(SEED)
    work = [[entry(acceptance(chance)) for _ in range(each)] for _ in range(clients)]
    with closing(SqliteLog(folder / "concurrent.sqlite", now=now_us)) as log:

        def client(entries: Sequence[Entry]) -> None:
            for one in entries:
                log.append([one])

        threads = [threading.Thread(target=client, args=(entries,)) for entries in work]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
    name = f"durable single appends by {clients} clients at once"
    return [Row(name, clients * each / seconds, "1/s", 8_000)]


def batches_on_a_fresh_log(folder: Path, *, count: int = 50_000) -> list[Row]:
    """Appends of 500 a call to a new file, alone and beside a thread that computes."""
    chance = random.Random(SEED)
    entries = [entry(acceptance(chance)) for _ in range(count)]
    beside = entries[: count // 5]
    with closing(SqliteLog(folder / "fresh.sqlite", now=now_us)) as log:
        alone = _batched(log, entries[len(beside) :])
        with _computing():
            contended = _batched(log, beside)
    return [
        Row("durable appends of 500 a call, fresh log", alone, "1/s", 30_000),
        Row("… beside a thread that computes", contended, "1/s"),
    ]


def batches_on_a_long_log(folder: Path, *, held: int = MILLION, count: int = 50_000) -> list[Row]:
    """Appends of 500 a call to a log that already holds many records of random identities."""
    chance = random.Random(SEED + 1)
    path = folder / "long.sqlite"
    begun = time.perf_counter()
    fill(path, held)
    seconds = time.perf_counter() - begun
    entries = [entry(acceptance(chance)) for _ in range(count)]
    with closing(SqliteLog(path, now=now_us)) as log:
        per_second = _batched(log, entries)
    return [
        Row(f"… (building {held:,} records without waiting for the disk)", seconds, "s"),
        Row(f"durable appends of 500 a call, {held:,} there", per_second, "1/s", 20_000),
    ]


def fill(path: Path, count: int) -> None:
    """Make a log of so many records at once: its own statements, no journal, no waiting.

    The records are one acceptance under random keys of the identity index, which is what a lookup
    and an insertion meet; the tables are those that appends fill.
    """
    chance = random.Random(SEED)
    raw = wire.stamp(entry(acceptance(chance)).raw, now_us())
    with closing(SqliteFile(path, 1, read_only=False, patience_s=10.0).writer(None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for start in range(0, count, 50_000):
            stop = min(start + 50_000, count)
            with transaction(connection):
                sqlite_rows.insert(
                    connection,
                    [Stored(0, n, chance.randbytes(16), 0, raw) for n in range(start, stop)],
                )
        connection.execute("PRAGMA journal_mode = WAL")


def _batched(log: SqliteLog, entries: Sequence[Entry]) -> float:
    begun = time.perf_counter()
    for start in range(0, len(entries), BATCH):
        log.append(entries[start : start + BATCH])
    return len(entries) / (time.perf_counter() - begun)


@contextmanager
def _computing() -> Iterator[None]:
    """Keep another thread busy with pure Python meanwhile."""
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def all_rows(folder: Path) -> list[Row]:
    """Run everything of this file in an empty folder; about a minute, 1 GB of disk."""
    return [
        *beside_eventsourcing(folder),
        *concurrent_singles(folder),
        *batches_on_a_fresh_log(folder),
        *batches_on_a_long_log(folder),
    ]
