"""The pure core of one batch: bytes of the log in, row changes out.

Two passes: the first decodes and lets every projection ask for the subjects it will read; the
caller loads all of them at once; the second applies the records in log order. Nothing here knows
where rows are stored.

Repeats: a log that answers repeats never holds one. Where a log may (Kafka), a record is dropped if
its identity was applied before: earlier in the batch, or filed in `case_history` under its subject.
That is exact, needs no memory beside the rows, and survives every restart. Records about the ledger
itself are not filed; no projection may want them.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from ledger.errors import RecordUnreadable
from ledger.log import Position
from ledger.record import AnyRecord, micros
from ledger.wire import decode_recent
from projections.case_history import UNFILED_FAMILIES
from projections.projection import Projection, Seen, all_shapes
from projections.rows import Rows, TableChanges

Known = tuple[str, int]
"""Subject and identity hash of a record that was applied."""

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class Batch(NamedTuple):
    """What the first pass made of some bytes.

    Attributes:
        seen: the records, in log order, up to the first that cannot be read.
        rows: tables with the subjects asked for, nothing loaded yet.
        unread: position and error of the record that cannot be read.
    """

    seen: list[Seen]
    rows: Rows
    unread: tuple[Position, RecordUnreadable] | None


class Runner:
    """Applies batches to a fixed set of projections."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        """Take the projections in the order in which they see a record."""
        self.projections = tuple(projections)
        self.shapes = all_shapes(self.projections)
        wanted = {name for projection in projections for name in projection.wants}
        assert not [name for name in wanted if name.startswith(UNFILED_FAMILIES)]
        self._by_type: dict[str, tuple[Projection, ...]] = {
            name: tuple(each for each in self.projections if name in each.wants) for name in wanted
        }

    def plan(self, raws: Iterable[tuple[Position, bytes]]) -> Batch:
        """Decode and collect what has to be loaded; stops before a record it cannot read."""
        rows = Rows(self.shapes)
        seen_here: list[Seen] = []
        by_type = self._by_type
        for position, raw in raws:
            try:
                record = decode_recent(_without_nul(raw))
            except RecordUnreadable as error:
                return Batch(seen_here, rows, (position, error))
            readers = by_type.get(record.type)
            if readers is None:
                continue
            seen = see(position, record)
            seen_here.append(seen)
            for projection in readers:
                projection.ask(rows, seen)
        return Batch(seen_here, rows, None)

    def apply(self, batch: Batch, known: Collection[Known] | None = None) -> list[TableChanges]:
        """Apply the records of a batch whose rows are loaded, and return what changed.

        Args:
            batch: planned, its tables loaded.
            known: those of `identities_of(batch)` that were applied before; None if the log holds
                no repeats.
        """
        by_type, rows = self._by_type, batch.rows
        dropped = None if known is None else set(known)
        for seen in batch.seen:
            if dropped is not None:
                identity = (seen.subject, seen.identity)
                if identity in dropped:
                    continue
                dropped.add(identity)
            for projection in by_type[seen.type]:
                projection.apply(rows, seen)
        return rows.changes()


def see(position: Position, record: AnyRecord) -> Seen:
    """Return a record with what every projection asks of it."""
    time_us = micros(record.time)
    stamped = record.recordedtime
    return Seen(
        position,
        record,
        record.type,
        record.subject,
        record.data,
        time_us,
        time_us if stamped is None else micros(stamped),
        identity_hash(record.subject, record.source, record.id),
    )


def identity_hash(subject: str, source: str, id_: str) -> int:
    """Return 64 bits of BLAKE2b over an identity, signed so that it fits an SQL integer."""
    name = f"{subject}\0{source}\0{id_}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big", signed=True)


def identities_of(batch: Batch) -> list[Known]:
    """Return the identities of a batch, to be looked up before it is applied."""
    return [(seen.subject, seen.identity) for seen in batch.seen]


def _without_nul(raw: bytes) -> bytes:
    """Return `raw` without NUL characters in its texts: no SQL database keeps them faithfully."""
    return _NUL.sub(rb"\1", raw) if b"\\u0000" in raw else raw
