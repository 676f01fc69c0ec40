"""The log and the dead letters in memory, for tests and for `hall simulate`.

They keep the whole contract but durability, so that what passes on them passes on the drivers that
store; nothing else in the product imitates a log.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256 as _sha256
from threading import Lock
from uuid import uuid4

from ledger.admission import Admission, Stored, wanted
from ledger.log import (
    ANSWERS_REPEATS,
    ATOMIC,
    ORDERED_STAMPS,
    Appended,
    DeadLetter,
    Entry,
    Position,
)


def wall_clock_us() -> int:
    """Return the machine's clock in microseconds since the epoch."""
    return time.time_ns() // 1000


class MemoryLog:
    """A log that lives as long as the process; safe for many threads."""

    capabilities = frozenset({ANSWERS_REPEATS, ATOMIC, ORDERED_STAMPS})

    def __init__(self, partitions: int = 1, *, now: Callable[[], int] = wall_clock_us) -> None:
        """Make an empty log.

        Args:
            partitions: how many, fixed for its life.
            now: clock for stamps, in microseconds since the epoch.
        """
        self.identity = str(uuid4())
        self.partitions = partitions
        self._now = now
        self._lock = Lock()
        self._records: list[list[tuple[Position, bytes]]] = [[] for _ in range(partitions)]
        self._known: dict[bytes, Stored] = {}
        self._greatest_us = 0
        self._listeners: list[Callable[[], object]] = []

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append in order; all of the call or, if it raises, nothing."""
        wishes = wanted(entries, self.partitions)
        with self._lock:
            admission = Admission(
                ends={number: len(rows) for number, rows in enumerate(self._records)},
                greatest_us=self._greatest_us,
                now_us=self._now(),
                found=self._known.get,
            )
            answers = [admission.admit(wish) for wish in wishes]
            for row in admission.rows:
                position = Position(row.partition, row.offset)
                self._records[row.partition].append((position, row.raw))
                self._known[row.key] = Stored(position, row.raw)
                self._greatest_us = row.greatest_us
        if admission.rows:
            for listener in self._listeners:
                listener()
        return answers

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order."""
        assert 0 <= partition < self.partitions
        assert from_offset >= 0
        with self._lock:
            return self._records[partition][from_offset : from_offset + limit]

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        with self._lock:
            return {number: len(records) for number, records in enumerate(self._records)}

    def on_append(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each append that added a record; it must be quick."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class MemoryDeadLetters:
    """Dead letters that live as long as the process."""

    def __init__(self, *, now: Callable[[], int] = wall_clock_us) -> None:
        """Begin with none; `now` gives the instant of receipt in microseconds since the epoch."""
        self._now = now
        self._lock = Lock()
        self._letters: list[DeadLetter] = []

    def put(self, raw: bytes, *, source: str, reason: str, detail: str, sha256: str = "") -> None:
        """Keep one; `sha256` is that of `raw` where it is not given."""
        with self._lock:
            self._letters.append(
                DeadLetter(
                    number=len(self._letters) + 1,
                    received_us=self._now(),
                    source=source,
                    reason=reason,
                    detail=detail,
                    sha256=sha256 or _sha256(raw).hexdigest(),
                    raw=raw,
                )
            )

    def list(self, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Return letters in order of arrival, those after number `after`."""
        with self._lock:
            return self._letters[after : after + limit]

    def counts(self) -> Mapping[str, int]:
        """Return how many letters there are by reason."""
        with self._lock:
            return Counter(letter.reason for letter in self._letters)
