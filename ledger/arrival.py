"""The records of one log coming to lie in another, in order, and again after it was broken off.

A log that knows its identities answers a repeat and adds nothing. Of one that does not, what is
already there is read beside what comes: as long as both say the same nothing is written, and a log
that holds anything else is refused. It stands apart from the lines because it reads and writes a
log and knows nothing of text.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ledger import wire
from ledger.errors import LogMismatch
from ledger.log import (
    ANSWERS_REPEATS,
    Entry,
    EventLog,
    Position,
    is_reference,
    partitions_of,
)
from ledger.record import AnyRecord
from ledger.transfer import MOVES, READ_BATCH, marker_of

APPENDED_PER_BATCH = 2_000
_RECENT_MAX = 65_536


@dataclass(slots=True)
class Arrival:
    """Entries of another log on their way into this one.

    Attributes:
        judged: how many of the entries were judged where they come from.
        appended, repeated, conflicts: entries, by what the log answered or was found to hold.
        elsewhere: entries about a partition that this log does not have.
    """

    log: EventLog
    judged: int
    progress: Callable[[int], object] = lambda _more: None
    appended: int = 0
    repeated: int = 0
    conflicts: int = 0
    elsewhere: int = 0
    _there: "list[_There]" = field(init=False)
    _upto: dict[int, int] = field(default_factory=dict)
    _unjudged: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at what the log holds; of one that answers repeats the beginning will do."""
        answers = ANSWERS_REPEATS in self.log.capabilities
        self._there = [
            _There(self.log, partition, min(end, 1) if answers else end)
            for partition, end in sorted(self.log.ends().items())
        ]

    def take(self, entries: Iterable[Entry]) -> None:
        """Append what is not there yet, in order; durable on return.

        Raises:
            LogMismatch: the log holds other records.
            LogUnavailable: what came before is there; the same again goes on from it.
        """
        pending: list[tuple[int, Entry]] = []
        for number, entry in enumerate(entries):
            if not self._has_room_for(entry):
                self.elsewhere += 1
            elif (position := self._found(entry)) is not None:
                self.repeated += 1
                self._note(number, entry, position)
            else:
                pending.append((number, entry))
            if len(pending) >= APPENDED_PER_BATCH:
                self._append(pending)
            self.progress(1)
        self._append(pending)

    def mark(self, told: AnyRecord) -> None:
        """Append to each partition up to where it was judged where the records come from."""
        markers = [
            marker_of(told, partition, min(upto, self._unjudged.get(partition, upto)))
            for partition, upto in sorted(self._upto.items())
        ]
        missing = [marker for marker in markers if self._found(marker) is None]
        if missing:
            self.log.append(missing)

    def _append(self, pending: list[tuple[int, Entry]]) -> None:
        if not pending:
            return
        answers = self.log.append([entry for _, entry in pending])
        for (number, entry), answer in zip(pending, answers, strict=True):
            self.appended += answer.outcome == "appended"
            self.repeated += answer.outcome == "repeated"
            self.conflicts += answer.outcome == "conflict"
            self._note(number, entry, answer.position)
        pending.clear()

    def _note(self, number: int, entry: Entry, position: Position) -> None:
        """Remember where the judged records of each partition end, and the others begin."""
        if is_reference(entry.subject):
            return
        partition, offset = position
        self._upto[partition] = max(self._upto.get(partition, 0), offset + 1)
        if number >= self.judged and wire.type_of(entry.raw) in MOVES:
            self._unjudged[partition] = min(self._unjudged.get(partition, offset), offset)

    def _has_room_for(self, entry: Entry) -> bool:
        try:
            partitions_of(entry.subject, self.log.partitions)
        except LogMismatch:
            return False
        return True

    def _found(self, entry: Entry) -> Position | None:
        """Return where the entry already lies; None where it is not everywhere it belongs."""
        places = partitions_of(entry.subject, self.log.partitions)
        found = [self._there[partition].find(entry.raw) for partition in places]
        return found[0] if None not in found else None


class _There:
    """What a partition held when the import began, read beside what comes."""

    def __init__(self, log: EventLog, partition: int, end: int) -> None:
        self._log = log
        self._partition = partition
        self._records = self._all(end)
        self._next = next(self._records, None)
        self._recent: OrderedDict[bytes, None] = OrderedDict()

    def _all(self, end: int) -> Iterator[tuple[Position, bytes]]:
        offset = 0
        while offset < end:
            batch = self._log.read(self._partition, offset, min(READ_BATCH, end - offset))
            yield from batch
            offset += len(batch)

    def find(self, raw: bytes) -> Position | None:
        """Return where the next record lies if it is `raw`; None where nothing is left.

        Raises:
            LogMismatch: it is another one.
        """
        while self._next is not None and self._next[1] != raw and self._next[1] in self._recent:
            self._next = next(self._records, None)  # sent twice, its outcome having been unknown
        if self._next is None:
            return None
        position, found = self._next
        if found != raw:
            raise LogMismatch(
                f"Partition {position.partition}: the log holds another record at "
                f"{position.offset} than the one that is to come there.",
                hint="Import into an empty log, or into one where the same file was broken off.",
            )
        self._recent[raw] = None
        if len(self._recent) > _RECENT_MAX:
            self._recent.popitem(last=False)
        self._next = next(self._records, None)
        return position
