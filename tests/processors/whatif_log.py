"""A ledger on disk for tests of what if: histories judged by an owner, and what opens the file.

It stands apart because processes of their own import it: what they are handed must have a name.
"""

from contextlib import closing
from dataclasses import replace
from heapq import merge
from pathlib import Path

from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Entry
from ledger.record import micros
from ledger.wire import decode
from processors.supervision.policy import Policy
from processors.supervision.publications import pack_record
from processors.whatif import governed_by
from tests.golden.language import at, handling_only, policy
from tests.processors.published import HOLIDAY, new_calendar, pack, put, put_first, using
from tests.processors.supervised import DAY_US, START_US, Owned, accepted, drawn

PARTITIONS = 2


def lived(folder: Path, seed: int, cases: int = 24) -> Path:
    """The file of a log of two partitions in which a generated history was judged."""
    owned = Owned(folder, partitions=PARTITIONS)
    for learned_us, made in drawn(seed, cases):
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        owned.settle()
    return written(owned, folder)


def published(folder: Path) -> Path:
    """The file of a log whose cases a new calendar moved, and later ones a stricter pack judged."""
    owned = Owned(folder, partitions=PARTITIONS, using=using())
    put_first(owned)
    for number in range(8):
        owned.put(accepted(START_US, f"EARLY-{number}"))
    owned.settle()
    put(owned, new_calendar(HOLIDAY, since="2018-10-17 08:00:00"), at("2018-10-17 08:00:00"))
    owned.settle()
    put(owned, pack_record(pack("2", warning=-5), at("2018-10-18 00:00:00"), governs=True))
    owned.now_us = at("2018-10-19 09:00:00")
    for number in range(8):
        owned.put(accepted("2018-10-19 09:00:00", f"LATE-{number}"))
    owned.settle()
    return written(owned, folder)


def written(owned: Owned, folder: Path) -> Path:
    """Let sixty days go by, then write the owner's log to a file."""
    owned.until(START_US + 60 * DAY_US)
    owned.owner.stop()
    path = folder / "ledger.sqlite"
    parts = [[_entry(raw) for _, raw in owned.log.read(n, 0, 1_000_000)] for n in range(PARTITIONS)]
    with closing(SqliteLog(path, PARTITIONS, now=int)) as log:
        log.append(list(merge(*parts, key=lambda entry: entry.recorded_us or 0)))
    assert {n: len(part) for n, part in enumerate(parts)} == owned.log.ends()
    return path


def _entry(raw: bytes) -> Entry:
    record = decode(raw)
    assert record.recordedtime is not None
    recorded_us = micros(record.recordedtime)
    return Entry(record.subject, record.source, record.id, raw, recorded_us)


def open_to_read(path: Path) -> SqliteLog:
    return SqliteLog(path, PARTITIONS, now=int, read_only=True)


def first_pack() -> Policy:
    """What was configured when publishing began."""
    return using()


def everywhere_the_first() -> Policy:
    return governed_by(using(), pack())


def same() -> Policy:
    return policy()


def stricter() -> Policy:
    """Every threshold a working day earlier."""
    hunan = handling_only()
    sooner = tuple(each._replace(offset=each.offset - 1) for each in hunan.thresholds)
    return governed_by(policy(), replace(hunan, thresholds=sooner, version="sooner"))
