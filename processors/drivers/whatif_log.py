"""Reads a log for a what-if: hands on the records the question needs, undecoded.

Only heads are looked at, so that a range of the log costs little more than reading its bytes; what
is handed on is decoded when its case has its turn.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ledger.heads import Head, as_bytes, head_of
from ledger.log import EventLog, Position
from ledger.reading import read_record
from ledger.record import AnyRecord, micros
from processors.supervision.policy import lives_on_import_time
from processors.whatif import WANTED_TYPES, Told, Until

READ_BATCH = 2_000

_REFERENCE = b"hall.reference."
_WANTED = frozenset(type_.encode() for type_ in WANTED_TYPES)

Raw = tuple[int, bytes]
"""A record's offset and bytes."""


@dataclass(slots=True)
class Scan:
    """Up to when time has run in what was read: the ledger's, and that of imports by name."""

    live_us: int | None = None
    imports: dict[str, int] = field(default_factory=dict)

    def note(self, record: AnyRecord) -> None:
        """Take the instant at which a record was made."""
        at_us = micros(record.recordedtime or record.time)
        timeline = record.timeline
        if timeline is not None and lives_on_import_time(timeline):
            self.imports[timeline] = max(at_us, self.imports.get(timeline, at_us))
        else:
            self.live_us = at_us if self.live_us is None else max(at_us, self.live_us)

    def join(self, other: "Scan") -> None:
        """Take what was told of another range."""
        known = [us for us in (self.live_us, other.live_us) if us is not None]
        self.live_us = max(known, default=None)
        for timeline, us in other.imports.items():
            self.imports[timeline] = max(us, self.imports.get(timeline, us))

    def until(self) -> Until:
        """Return up to when time is let run."""
        return Until(self.live_us, self.imports)


class PartitionReader:
    """One partition of a log, open to read."""

    def __init__(self, log: EventLog, partition: int) -> None:
        """Bind the partition."""
        self._log = log
        self._partition = partition

    def record(self, offset: int, raw: bytes) -> AnyRecord | None:
        """Return the record; None where an operator has it skipped.

        Raises:
            RecordUnreadable: it cannot be read and is not skipped.
        """
        return read_record(self._log, Position(self._partition, offset), raw).record

    def decoded(self, records: Iterable[Raw]) -> Iterator[Told]:
        """Yield the records that are not skipped."""
        for offset, raw in records:
            record = self.record(offset, raw)
            if record is not None:
                yield offset, record

    def head(self, offset: int, raw: bytes) -> Head | None:
        """Return the head of a record, however it was written; None where it is skipped."""
        head = head_of(raw)
        if head is not None:
            return head
        record = self.record(offset, raw)
        if record is None:
            return None
        timeline = None if record.timeline is None else as_bytes(record.timeline)
        return Head(record.type.encode(), as_bytes(record.subject), timeline)

    def scan(
        self,
        start: int,
        stop: int,
        take: Callable[[bytes, int, bytes], object],
        publish: Callable[[int, bytes], object],
    ) -> Scan:
        """Hand on what a range holds; tell up to when time has run in it.

        Args:
            start, stop: offsets; the second is outside.
            take: is handed subject, offset and bytes of the wanted records.
            publish: is handed offset and bytes of reference records.

        Raises:
            RecordUnreadable: a record that nobody has skipped; those are not looked at whose head
                says that the question does not need them.
        """
        latest: dict[bytes | None, Raw] = {}
        for offset, raw in self._read(start, stop):
            head = self.head(offset, raw)
            if head is None:
                continue
            latest[head.timeline] = offset, raw
            if head.type in _WANTED:
                take(head.subject, offset, raw)
            elif head.type.startswith(_REFERENCE):
                publish(offset, raw)
        scan = Scan()
        for _, record in self.decoded(latest.values()):
            scan.note(record)
        return scan

    def _read(self, start: int, stop: int) -> Iterator[Raw]:
        while start < stop:
            batch = self._log.read(self._partition, start, min(READ_BATCH, stop - start))
            assert batch, "a log never becomes shorter"
            for position, raw in batch:
                yield position.offset, raw
            start += len(batch)
