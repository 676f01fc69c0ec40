"""Reading a partition as records: what every loop over the log does first.

A record that cannot be read stops its partition until an operator has appended a skip record that
names partition, offset and SHA-256; then readers pass it over, for ever and everywhere.
"""

from typing import NamedTuple

from ledger.errors import RecordUnreadable
from ledger.log import EventLog, Feed, Position, digest
from ledger.record import AnyRecord
from ledger.system_events import LogSkipped
from ledger.wire import decode, decode_recent

SCAN_BATCH = 10_000


class Read(NamedTuple):
    """A record with its place and its bytes; `record` is None where an operator has it skipped."""

    position: Position
    raw: bytes
    record: AnyRecord | None


def read_records(
    log: EventLog, partition: int, from_offset: int, limit: int, feed: Feed | None = None
) -> list[Read]:
    """Return at most `limit` records of a partition from an offset on.

    Args:
        log: where skip records are looked for.
        partition, from_offset, limit: which records.
        feed: where the records come from; the log itself where absent.

    Raises:
        RecordUnreadable: the first record cannot be read and is not skipped; if a later one cannot,
            the good ones before it are returned.
    """
    found: list[Read] = []
    for position, raw in (feed or log).read(partition, from_offset, limit):
        try:
            found.append(Read(position, raw, decode_recent(raw)))
        except RecordUnreadable as error:
            if is_skipped(log, position, raw):
                found.append(Read(position, raw, None))
            elif found:
                break
            else:
                raise placed(error, position, raw) from error
    return found


def read_record(log: EventLog, position: Position, raw: bytes) -> Read:
    """Return one record that was read as bytes.

    Raises:
        RecordUnreadable: it cannot be read and is not skipped.
    """
    try:
        return Read(position, raw, decode(raw))
    except RecordUnreadable as error:
        if is_skipped(log, position, raw):
            return Read(position, raw, None)
        raise placed(error, position, raw) from error


def placed(error: RecordUnreadable, position: Position, raw: bytes) -> RecordUnreadable:
    """Return the error with what a skip record has to name."""
    partition, offset = position
    return RecordUnreadable(
        f"Partition {partition}, offset {offset}: {error.message}",
        hint=error.hint,
        partition=partition,
        offset=offset,
        sha256=digest(raw),
    )


def is_skipped(log: EventLog, position: Position, raw: bytes) -> bool:
    """Whether a skip record that names this record lies behind it in its partition."""
    named = (position.partition, position.offset, digest(raw))
    after = position.offset + 1
    while batch := log.read(position.partition, after, SCAN_BATCH):
        for _, later in batch:
            if LogSkipped.TYPE.encode() in later[:64] and _names(later) == named:
                return True
        after += len(batch)
    return False


def _names(raw: bytes) -> tuple[int, int, str] | None:
    """Return what a skip record names; None for bytes that are none."""
    try:
        data = decode(raw).data
    except RecordUnreadable:
        return None
    if not isinstance(data, LogSkipped):
        return None
    return data.partition, data.offset, data.sha256
