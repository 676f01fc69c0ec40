"""Reads the states of a partition again from the log, where SQL has none.

Below the last marker nothing is judged: the findings the log holds are what was issued, under
whatever versions were in force then. Only what lies above the marker is stepped.
"""

from collections.abc import Iterator
from dataclasses import replace

from ledger.log import EventLog, ReaderPosition, digest
from ledger.reading import SCAN_BATCH, Read, read_records
from ledger.system_events import SupervisionJudged
from processors.drivers.sql_state import SqlState
from processors.rebuild import last_marker, rebuild
from processors.supervision.policy import Policy

_MARKER = SupervisionJudged.TYPE.encode()
_HEAD_BYTES = 80


def recover(
    log: EventLog, states: SqlState, position: ReaderPosition, policy: Policy
) -> ReaderPosition:
    """Make the states of a partition again if SQL has none and the log has a marker.

    Args:
        log: where the records are, and where missing findings are appended.
        states: takes the states and the position reached, in one transaction.
        position: as claimed.
        policy: the packs and calendars in force.

    Returns:
        The position reached; the same one where nothing was to be done.

    Raises:
        RecordUnreadable: nothing is judged before an operator has skipped the record.
    """
    if position.next_offset > 0:
        return position
    markers = (read for read in _reads(log, position.partition) if _is_marker(read))
    upto = last_marker(markers)
    if upto == 0:
        return position
    rebuilt = rebuild(_reads(log, position.partition), upto, policy)
    if rebuilt.missing:
        log.append(rebuilt.missing)
    ((_, raw),) = log.read(position.partition, rebuilt.next_offset - 1, 1)
    reached = replace(position, next_offset=rebuilt.next_offset, last_sha256=digest(raw))
    states.commit(position, reached, rebuilt.states)
    return reached


def _reads(log: EventLog, partition: int) -> Iterator[Read]:
    offset = 0
    while batch := read_records(log, partition, offset, SCAN_BATCH):
        yield from batch
        offset += len(batch)


def _is_marker(read: Read) -> bool:
    return _MARKER in read.raw[:_HEAD_BYTES]
