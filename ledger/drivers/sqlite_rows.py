"""The statements of the SQLite log, each a single step of the database however many rows it moves.

Python's sqlite3 gives up the interpreter lock at every row it steps over and has to win it back;
beside a thread that computes, that costs up to the switch interval (5 ms) a row: 400 µs a record by
`executemany`, 15 µs by one statement a batch (3 µs either way where nobody computes). So rows go in
as one multi-row INSERT and come out as one row of concatenations. This stands apart because nobody
would write it so without the reason.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, repeat
from typing import TypeVar

from ledger.admission import Row, Stored
from ledger.drivers.sqlite_file import OFFSET_BITS
from ledger.errors import LogUnavailable
from ledger.log import Position

Item = TypeVar("Item")

CHUNK_SIZES = (1, 8, 64, 512)
"""Rows of one statement: few sizes, so that each statement is prepared once; the rest is padded."""

READ_CHUNK = 1_000

_OFFSET_MASK = (1 << OFFSET_BITS) - 1
_KEY_BYTES = 16

_ENDS = """
WITH RECURSIVE
    partition(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM partition WHERE n + 1 < :partitions),
    head(place) AS (
        SELECT (SELECT place FROM records WHERE place >= n << :bits AND place < n + 1 << :bits
                ORDER BY place DESC LIMIT 1)
        FROM partition)
SELECT group_concat(place), max((SELECT greatest_us FROM records WHERE place = head.place))
FROM head
"""
_READ = """
SELECT group_concat(place), group_concat(length(raw)), CAST(group_concat(raw, '') AS BLOB)
FROM (SELECT place, raw FROM records
      WHERE place >= :first AND place < :end ORDER BY place LIMIT :limit)
"""
_READ_BY_ROW = """
SELECT place, raw FROM records
WHERE place >= :first AND place < :end ORDER BY place LIMIT :limit
"""


def changes_by_others(connection: sqlite3.Connection) -> int:
    """Return a number that another one follows when another connection has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def ends(connection: sqlite3.Connection, partitions: int) -> tuple[dict[int, int], int]:
    """Return the next offset of each partition, and the greatest stamp of live records."""
    asked = {"partitions": partitions, "bits": OFFSET_BITS}
    places, greatest_us = connection.execute(_ENDS, asked).fetchone()
    next_offsets = dict.fromkeys(range(partitions), 0)
    for place in _numbers(places):
        next_offsets[place >> OFFSET_BITS] = (place & _OFFSET_MASK) + 1
    return next_offsets, greatest_us or 0


def insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Store rows, in order."""
    for chunk, size in _chunks(rows):
        values: list[object] = []
        for partition, offset, key, greatest_us, raw in chunk:
            values += (partition << OFFSET_BITS | offset, key, greatest_us, raw)
        values += [None] * (4 * (size - len(chunk)))
        connection.execute(_insertion(size), values)


def find(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Stored]:
    """Return what is stored under those of the keys that are known."""
    known: dict[bytes, Stored] = {}
    for chunk, size in _chunks(keys):
        asked = [*chunk, *[chunk[-1]] * (size - len(chunk))]
        try:
            places, found, lengths, raws = connection.execute(_search(size), asked).fetchone()
        except sqlite3.DataError:  # together longer than a value of SQLite may be (1 GB)
            middle = len(chunk) // 2
            known |= find(connection, chunk[:middle]) | find(connection, chunk[middle:])
            continue
        stored = map(Stored, map(_position, _numbers(places)), _cut(lengths, raws))
        for number, record in enumerate(stored):
            known[found[number * _KEY_BYTES : (number + 1) * _KEY_BYTES]] = record
    return known


def read(
    connection: sqlite3.Connection, partition: int, from_offset: int, limit: int
) -> list[tuple[Position, bytes]]:
    """Return at most `limit` records of a partition from an offset on, in order.

    Raises:
        LogUnavailable: the file has a hole there, which no append leaves.
    """
    records: list[tuple[Position, bytes]] = []
    while len(records) < limit:
        offset = from_offset + len(records)
        asked = {
            "first": partition << OFFSET_BITS | offset,
            "end": partition + 1 << OFFSET_BITS,
            "limit": min(limit - len(records), READ_CHUNK),
        }
        places, raws = _read_chunk(connection, asked)
        if places != list(range(asked["first"], asked["first"] + len(places))):
            raise LogUnavailable(
                f"Read {len(places)} records of partition {partition} from offset {offset}: they "
                f"end at {_position(places[-1]).offset}, so one is missing.",
                hint="The file was altered from outside; restore it from a backup.",
                reason="hole",
            )
        numbers = range(offset, offset + len(raws))
        records += zip(map(Position, repeat(partition), numbers), raws, strict=True)
        if len(raws) < asked["limit"]:
            break
    return records


def _read_chunk(
    connection: sqlite3.Connection, asked: dict[str, int]
) -> tuple[list[int], list[bytes]]:
    try:
        places, lengths, raws = connection.execute(_READ, asked).fetchone()
    except sqlite3.DataError:  # together longer than a value of SQLite may be (1 GB)
        rows = connection.execute(_READ_BY_ROW, asked).fetchall()
        return [place for place, _ in rows], [raw for _, raw in rows]
    return _numbers(places), _cut(lengths, raws)


def _chunks(items: Sequence[Item]) -> Iterator[tuple[Sequence[Item], int]]:
    """Cut into pieces of at most the greatest size, each with the size of its statement."""
    greatest = CHUNK_SIZES[-1]
    for start in range(0, len(items), greatest):
        chunk = items[start : start + greatest]
        yield chunk, CHUNK_SIZES[bisect_left(CHUNK_SIZES, len(chunk))]


@cache
def _insertion(size: int) -> str:
    if size == 1:  # nothing to pad, and SQLite needs no temporary table between it and the trigger
        return "INSERT INTO records VALUES (?, ?, ?, ?)"
    values = ", ".join(["(?, ?, ?, ?)"] * size)
    return f"INSERT INTO records SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"  # noqa: S608 - placeholders only


@cache
def _search(size: int) -> str:
    keys = ", ".join("?" * size)
    return (
        "SELECT group_concat(place), CAST(group_concat(identity, '') AS BLOB), "  # noqa: S608 - placeholders only
        "group_concat(length(raw)), CAST(group_concat(raw, '') AS BLOB) "
        f"FROM records WHERE identity IN ({keys})"
    )


def _cut(lengths: str | None, joined: bytes | None) -> list[bytes]:
    """Cut a concatenation, made in the same order as the list of lengths."""
    if joined is None:
        return []
    stops = list(accumulate(_numbers(lengths)))
    return [joined[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]


def _numbers(listed: str | int | None) -> list[int]:
    return [] if listed is None else list(map(int, str(listed).split(",")))


def _position(place: int) -> Position:
    return Position(place >> OFFSET_BITS, place & _OFFSET_MASK)
