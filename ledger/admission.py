"""What one append decides, without storing anything: stamps, places, repeats and conflicts.

It stands apart from the drivers because every log that answers repeats decides alike, and because
what is decided here (time never runs backwards, the first of an identity counts) is worth reading
alone.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple

from ledger import wire
from ledger.log import Appended, Entry, Position, partitions_of
from ledger.record import AnyRecord, micros

Outcome = Literal["appended", "repeated", "conflict"]

_TICK = "hall.clock.reached.v1"
_KEY_BYTES = 16


class Wanted(NamedTuple):
    """An entry with the places it belongs to: one (partition, key) for each of its partitions."""

    entry: Entry
    places: tuple[tuple[int, bytes], ...]


class Stored(NamedTuple):
    """A record that is already there."""

    position: Position
    raw: bytes


class Row(NamedTuple):
    """A record to store.

    Attributes:
        key: what the identity index holds.
        greatest_us: the greatest stamp or tick of live records up to and including this one.
    """

    partition: int
    offset: int
    key: bytes
    greatest_us: int
    raw: bytes


def wanted(entries: Sequence[Entry], partitions: int) -> list[Wanted]:
    """Return the entries with their places in a log of so many partitions.

    Raises:
        LogMismatch: a subject names a partition that the log does not have.
    """
    return [
        Wanted(
            entry,
            tuple(
                (partition, identity_key(partition, entry.subject, entry.source, entry.id))
                for partition in partitions_of(entry.subject, partitions)
            ),
        )
        for entry in entries
    ]


def identity_key(partition: int, subject: str, source: str, id_: str) -> bytes:
    """Return 16 bytes that stand for an identity in the index; the text decides where two meet."""
    text = f"{partition}\0{subject}\0{source}\0{id_}"
    return blake2b(text.encode(), digest_size=_KEY_BYTES).digest()


class Admission:
    """Decides entry after entry within one transaction.

    Attributes:
        rows: what is then to be stored.
        ends: the next offset of each partition, as it will be then.
        greatest_us: the greatest stamp or tick of live records, as it will be then.
    """

    __slots__ = ("_found", "_now_us", "_pending", "_suffix", "ends", "greatest_us", "rows")

    def __init__(
        self,
        *,
        ends: dict[int, int],
        greatest_us: int,
        now_us: int,
        found: Callable[[bytes], Stored | None],
    ) -> None:
        """Begin where the log stands.

        Args:
            ends: the next offset of each partition; moved on as entries are admitted.
            greatest_us: the greatest stamp or tick of live records so far.
            now_us: the writer's clock.
            found: gives the stored record under an identity key.
        """
        self.rows: list[Row] = []
        self.ends = ends
        self.greatest_us = greatest_us
        self._now_us = now_us
        self._found = found
        self._pending: dict[bytes, Stored] = {}
        self._suffix = (-1, b"")

    def admit(self, wish: Wanted) -> Appended:
        """Return where the entry's identity lies, and add a row for each place that lacks it.

        Raises:
            RecordUnreadable: the bytes, or those stored under their identity, are no record.
        """
        if len(wish.places) == 1:
            return self._admit_at(wish.entry, *wish.places[0])
        answers = [self._admit_at(wish.entry, *place) for place in wish.places]
        outcomes = {answer.outcome for answer in answers}
        outcome: Outcome = "repeated"
        if "conflict" in outcomes:
            outcome = "conflict"
        elif "appended" in outcomes:
            outcome = "appended"
        return Appended(answers[0].position, outcome)

    def _admit_at(self, entry: Entry, partition: int, key: bytes) -> Appended:
        stored = self._pending.get(key) or self._found(key)
        while stored is not None:
            if _is_of(entry, wire.decode(stored.raw)):
                same = wire.same_content(stored.raw, entry.raw)
                return Appended(stored.position, "repeated" if same else "conflict")
            key = blake2b(key, digest_size=_KEY_BYTES).digest()
            stored = self._pending.get(key) or self._found(key)
        offset = self.ends[partition]
        position = Position(partition, offset)
        raw = self._stamped(entry)
        self.ends[partition] = offset + 1
        self._pending[key] = Stored(position, raw)
        self.rows.append(Row(partition, offset, key, self.greatest_us, raw))
        return Appended(position, "appended")

    def _stamped(self, entry: Entry) -> bytes:
        raw, recorded_us = entry.raw, entry.recorded_us
        if recorded_us is not None and recorded_us <= self.greatest_us:
            return raw
        if recorded_us is not None or wire.type_of(raw) == _TICK:
            self._note(wire.decode(raw), recorded_us)
        if recorded_us is not None:
            return raw
        self.greatest_us = stamp_us = max(self._now_us, self.greatest_us)
        if self._suffix[0] != stamp_us:
            self._suffix = (stamp_us, wire.stamp_suffix(stamp_us))
        return raw[:-1] + self._suffix[1]

    def _note(self, record: AnyRecord, recorded_us: int | None) -> None:
        """Let a live record's own stamp, or a live tick's instant, hold later stamps up."""
        if record.timeline is not None:
            return
        tick_us = micros(record.time) if record.type == _TICK else 0
        self.greatest_us = max(self.greatest_us, recorded_us or 0, tick_us)


def _is_of(entry: Entry, record: AnyRecord) -> bool:
    return (record.subject, record.source, record.id) == (entry.subject, entry.source, entry.id)
