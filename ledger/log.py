"""The port of the log, its contract, and what every reader remembers about its place in it.

Contract (`tests/conformance/test_event_log.py` runs it on every driver, on one partition and six):

- `append` is durable when it returns, and in order within a partition. After a failure an in-order
  prefix per partition may be there; SQLite promises all or nothing besides.
- In each partition offsets run 0, 1, 2 … without a hole, and no reader ever sees a later record
  before an earlier one.
- Bytes read are the bytes appended.
- Once in effect: the first record of an identity (subject, source, id) counts, per partition. A
  driver with the capability `answers-repeats` says so and adds nothing; one without may hold
  repeats, and readers drop them.
- With the capability `ordered-stamps` no record is stamped below an earlier live record or tick.
- `reference:*` goes to every partition, `partition:<n>` to n, everything else where murmur2 of the
  subject says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol

from ledger.errors import LogMismatch

ANSWERS_REPEATS = "answers-repeats"
DURABLE = "durable"
ATOMIC = "atomic"
ORDERED_STAMPS = "ordered-stamps"


class Position(NamedTuple):
    """Place of a record: partition and dense offset from 0."""

    partition: int
    offset: int


class Entry(NamedTuple):
    """One record to append.

    Attributes:
        raw: its bytes; without `recordedtime` if `recorded_us` is None, stamped otherwise.
        recorded_us: instant the bytes carry; None lets the writer stamp inside the append.
    """

    subject: str
    source: str
    id: str
    raw: bytes
    recorded_us: int | None = None


class Appended(NamedTuple):
    """Answer for one entry: where its identity lies, and whether this entry put it there.

    Attributes:
        outcome: `repeated` is the same content again; `conflict` is other content under a known
            identity, which has no effect.
    """

    position: Position
    outcome: Literal["appended", "repeated", "conflict"]


class EventLog(Protocol):
    """An append-only log of partitions; see the module for its contract."""

    @property
    def identity(self) -> str:
        """UUID made with the log; another log has another one."""
        ...

    @property
    def partitions(self) -> int:
        """How many partitions, fixed when the log was made."""
        ...

    @property
    def capabilities(self) -> frozenset[str]:
        """What this driver promises beyond the contract."""
        ...

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append in order; durable on return.

        Raises:
            LogUnavailable: nothing, or an in-order prefix per partition, was taken.
        """
        ...

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order."""
        ...

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        ...

    def close(self) -> None:
        """Release what the driver holds; nothing that was answered is lost."""
        ...


class Feed(Protocol):
    """Where a reader takes its next records from: the log, or what a consumer hands over of it."""

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order."""
        ...


class DeadLetter(NamedTuple):
    """What intake could not accept, with its original bytes.

    Attributes:
        raw: the bytes as they came; of an oversized body only the SHA-256 is kept, `raw` is empty.
        reason: stable word, the `reason` or code of the error.
    """

    number: int
    received_us: int
    source: str
    reason: str
    detail: str
    sha256: str
    raw: bytes


class DeadLetters(Protocol):
    """What could not enter the log; listed, corrected and sent again by people."""

    def put(self, raw: bytes, *, source: str, reason: str, detail: str, sha256: str = "") -> None:
        """Keep one; durable on return."""
        ...

    def list(self, after: int = 0, limit: int = 100) -> "list[DeadLetter]":
        """Return letters in order of arrival, those after number `after`."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return how many letters there are by reason."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderPosition:
    """What a reader remembers of a partition; committed with its results.

    Attributes:
        next_offset: the first offset not yet read.
        log_identity: which log it was.
        last_sha256: hex digest of the record at `next_offset - 1`; empty at 0.
        epoch: raised by each new owner; the fence of its transactions.
    """

    partition: int
    next_offset: int
    log_identity: str
    last_sha256: str
    epoch: int


def digest(raw: bytes) -> str:
    """Return the hex SHA-256 of a record's bytes."""
    return sha256(raw).hexdigest()


def check_position(log: EventLog, position: ReaderPosition) -> None:
    """Refuse to go on with a log that is not the one the position was taken in.

    Raises:
        LogMismatch: another identity, a shorter log, or another record before the position.
    """
    hint = "Restore the log that belongs to this state, or remove the state to read the log anew."
    if position.log_identity != log.identity:
        raise LogMismatch(
            f"Partition {position.partition}: the state remembers log {position.log_identity}, "
            f"found log {log.identity}.",
            hint=hint,
        )
    end = log.ends().get(position.partition, 0)
    if end < position.next_offset:
        raise LogMismatch(
            f"Partition {position.partition}: the state has read up to {position.next_offset}, "
            f"but the log ends at {end}.",
            hint=hint,
        )
    if position.next_offset == 0:
        return
    ((_, raw),) = log.read(position.partition, position.next_offset - 1, 1)
    if digest(raw) != position.last_sha256:
        raise LogMismatch(
            f"Partition {position.partition}: the record at {position.next_offset - 1} is not the "
            f"one the state remembers (SHA-256 {digest(raw)}, expected {position.last_sha256}).",
            hint=hint,
        )


def is_reference(subject: str) -> bool:
    """Whether every partition has a copy of a subject's records, which count as one."""
    return subject.startswith("reference:")


def partitions_of(subject: str, count: int) -> Sequence[int]:
    """Return the partitions a subject's records belong to; one, but for `reference:*` all.

    Raises:
        LogMismatch: `partition:<n>` names a partition that a log of `count` does not have.
    """
    if is_reference(subject):
        return range(count)
    if subject.startswith("partition:"):
        return (_named_partition(subject, count),)
    if count == 1:
        return (0,)
    return ((murmur2(subject.encode()) & 0x7FFFFFFF) % count,)


def _named_partition(subject: str, count: int) -> int:
    number = subject.removeprefix("partition:")
    if number.isascii() and number.isdigit() and int(number) < count:
        return int(number)
    raise LogMismatch(
        f"The subject {subject!r} names a partition, but the log has {count}, numbered from 0.",
        hint="Markers, skips and imports belong to the log they were made for.",
    )


def murmur2(key: bytes) -> int:
    """Return the 32-bit murmur2 of `key`, as Kafka's default partitioner computes it."""
    length = len(key)
    h = (0x9747B28C ^ length) & 0xFFFFFFFF
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * 0x5BD1E995 & 0xFFFFFFFF
        k = (k ^ (k >> 24)) * 0x5BD1E995 & 0xFFFFFFFF
        h = (h * 0x5BD1E995 & 0xFFFFFFFF) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(key[whole:], "little")) * 0x5BD1E995 & 0xFFFFFFFF
    h = (h ^ (h >> 13)) * 0x5BD1E995 & 0xFFFFFFFF
    return h ^ (h >> 15)
