"""Reads the states of a partition again from the log, where SQL has none.

Below the last marker nothing is judged: the findings the log holds are what was issued, under
whatever versions were in force then. Only what lies above the marker is stepped. The partition is
read once and laid aside by slices of subjects, and one slice after the other is made again, so that
its length is no matter to memory. That may take long, so it is done piece by piece, and whoever
asks for it can look to other things in between. The position is moved at the very end: after a
crash on the way everything is done again, to the same states.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.heads import as_bytes
from ledger.log import ANSWERS_REPEATS, EventLog, Position, ReaderPosition, digest
from ledger.reading import Read, read_record, read_records
from ledger.system_events import SupervisionJudged
from ledger.wire import decode
from processors.drivers.publication_rows import Publishing
from processors.drivers.spool import SLICE_RECORDS, Spool, read_slice, slices_for
from processors.drivers.sql_state import SqlState
from processors.rebuild import REBUILT_TYPES, last_marker, rebuild
from processors.supervision.policy import Policy
from processors.supervision.ticks import waits_until
from processors.supervision.unit_facts import UnitFold
from processors.supervision.units import UnitBatch, is_unit_tick, ticked

_MARKER = SupervisionJudged.TYPE.encode()
_HEAD_BYTES = 80
READ_BATCH = 2_000

Pieces = Generator[None, None, ReaderPosition]
"""Work that is done a piece at each `next`; the position reached comes with its end."""


def recovery(
    log: EventLog,
    states: SqlState,
    position: ReaderPosition,
    policy: Policy,
    slice_records: int = SLICE_RECORDS,
) -> Pieces:
    """Make the states of a partition again if SQL has none and the log has a marker.

    One piece is some records laid aside, or one slice made again.

    Args:
        log: where the records are, and where missing findings are appended.
        states: takes the states slice by slice, and at last the position reached.
        position: as claimed.
        policy: the packs and calendars, with all that the partition has published.
        slice_records: how many records, about, are in memory at once; the states do not depend on
            it.

    Returns:
        The position reached; the same one where nothing was to be done.

    Raises:
        RecordUnreadable: nothing is judged before an operator has skipped the record.
    """
    if position.next_offset > 0:
        return position
    partition = position.partition
    end = log.ends()[partition]
    upto = _last_marker(log, partition, end)
    if upto == 0:
        return position
    slices = slices_for(end, slice_records)
    publishing = Publishing(lambda state: waits_until(state, policy, end))
    with TemporaryDirectory(prefix="hall-recovery-") as name:
        folder = Path(name)
        stop = yield from _lay_aside(log, partition, end, upto, Spool(folder, "all", slices))
        for number in range(slices):
            reads = list(_reads(folder, partition, number))
            rebuilt = rebuild(reads, upto, policy, stop)
            if rebuilt.missing:
                log.append(rebuilt.missing)
            units = _unit_rows(reads, stop, policy)
            if ANSWERS_REPEATS not in log.capabilities:
                units.rows = states.units.first_ones(units.rows)
            states.commit(position, position, rebuilt.states, units, publishing)
            yield
    ((_, raw),) = log.read(partition, stop - 1, 1)
    reached = replace(position, next_offset=stop, last_sha256=digest(raw))
    states.commit(position, reached, {})
    return reached


def _last_marker(log: EventLog, partition: int, end: int) -> int:
    """Return `upto` of the last marker, looking from the end; 0 without one."""
    while end > 0:
        start = max(0, end - READ_BATCH)
        batch = log.read(partition, start, end - start)
        marked = [read_record(log, place, raw) for place, raw in batch if _is_marker(raw)]
        if upto := last_marker(marked):
            return upto
        end = start
    return 0


def _lay_aside(
    log: EventLog, partition: int, end: int, upto: int, spool: Spool
) -> Generator[None, None, int]:
    """Lay all records of cases and units aside; return up to where they can be judged here.

    That is before the first tick of a unit above the marker: it waits for rows of all partitions.
    Every record is read, so that none is passed over unreadable.
    """
    offset, stop = 0, end
    while offset < end:
        batch = read_records(log, partition, offset, min(READ_BATCH, end - offset))
        for position, raw, record in batch:
            if record is None or record.type not in REBUILT_TYPES:
                continue
            spool.put(as_bytes(record.subject), position.offset, raw)
            if is_unit_tick(record) and upto <= position.offset < stop:
                stop = position.offset
        offset += len(batch)
        yield
    spool.flush()
    return stop


def _unit_rows(reads: Iterable[Read], stop: int, policy: Policy) -> UnitBatch:
    """Return the rows of unit rules that records gave, and the ticks of units among them."""
    fold, units = UnitFold(policy.pack_for(None).future_tolerance_us), UnitBatch()
    for position, _, record in reads:
        if record is not None and position.offset < stop:
            if is_unit_tick(record):
                units.ticks.append(ticked(record))
            else:
                units.rows += fold.take(record, position)
    return units


def _reads(folder: Path, partition: int, number: int) -> Iterator[Read]:
    for offset, raw in read_slice(folder, number):
        yield Read(Position(partition, offset), raw, decode(raw))


def _is_marker(raw: bytes) -> bool:
    return _MARKER in raw[:_HEAD_BYTES]
