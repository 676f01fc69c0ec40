"""Supervision inside one process: one thread that reads the log, judges, and lets time pass.

It differs from the other runners only in where records come from, where states rest, who ticks and
how findings are appended. It knows nothing of law.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from ledger.errors import RecordUnreadable
from ledger.log import Entry, EventLog, ReaderPosition, digest
from ledger.reading import Read, read_records
from ledger.record import AnyRecord
from ledger.wire import decode
from processors.drivers.publication_rows import Publishing, published_before, take
from processors.drivers.recovery import recover
from processors.drivers.report import SupervisionReport
from processors.drivers.sql_state import SqlState
from processors.drivers.unit_clock import UnitClock
from processors.loop import due_ticks, entry_of, marker, run_batch, subjects_of
from processors.supervision.collect import adopt
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.ticks import waits_until

ENGINE = "1"
"""Version of the judging code, named by every marker."""
BATCH_MAX = 2_000
TICKS_UNDER_WAY_MAX = 500
MARKER_EVERY_RECORDS = 1_000
MARKER_EVERY_SECONDS = 30.0


@dataclass(slots=True)
class _Partition:
    position: ReaderPosition
    policy: Policy
    is_recovered: bool = False
    is_behind: bool = False
    judged_since_marker: int = 0
    marked_at: float = field(default_factory=monotonic)
    stopped_at: int | None = None


class Supervisor:
    """Owns all partitions of an embedded log.

    Args of the constructor:
        now_us: the clock that decides which ticks are due; the same that stamps the log.
        may_tick: False while ticks must be held.
        batch_max: records of one batch; findings do not depend on it.
        on_delay: told for each live fact how many seconds after it happened it was recorded.
    """

    def __init__(
        self,
        log: EventLog,
        states: SqlState,
        policy: Policy,
        now_us: Callable[[], int],
        may_tick: Callable[[], bool] = lambda: True,
        on_delay: Callable[[float], None] = lambda _: None,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """Claim every partition; refuses a log that is not the one remembered.

        Where SQL has no states of a partition, the first round reads them again from the log.
        """
        self._log = log
        self._states = states
        self._policy = policy
        self._now_us = now_us
        self._may_tick = may_tick
        self._on_delay = on_delay
        self._batch_max = batch_max
        self._units = UnitClock(log, states)
        self._partitions = [
            _Partition(states.claim(number, log), policy) for number in range(log.partitions)
        ]
        self.report = SupervisionReport()

    def turn(self) -> bool:
        """Do one batch of each partition, then let due ticks happen; whether anything moved.

        A record that cannot be read stops its partition and no other; the report names it. It is
        tried again when the log has grown, for an operator may have skipped it.
        """
        moved = False
        for partition in self._partitions:
            if not self._is_stopped(partition):
                moved = self._turn(partition) or moved
        return moved

    def _turn(self, partition: _Partition) -> bool:
        number = partition.position.partition
        try:
            read = self._batch(partition)
        except RecordUnreadable as error:
            partition.stopped_at = self._log.ends()[number]
            self.report.unreadable[number] = error
            return False
        if read and partition.stopped_at is not None:
            partition.stopped_at = None
            del self.report.unreadable[number]
        moved = read > 0
        partition.is_behind = read >= self._batch_max
        if not partition.is_behind:
            moved = self._tick(partition) or moved
        self._mark(partition)
        return moved

    def _is_stopped(self, partition: _Partition) -> bool:
        """Whether a record cannot be read and nothing has come since that could skip it."""
        if partition.stopped_at is None:
            return False
        return self._log.ends()[partition.position.partition] == partition.stopped_at

    @property
    def is_behind(self) -> bool:
        """Whether the last round of a partition was a full batch, so that more waits."""
        return any(partition.is_behind for partition in self._partitions)

    def catch_up(self) -> None:
        """Judge everything the log holds, without letting time pass beyond it.

        Raises:
            RecordUnreadable: a record cannot be read and no operator has skipped it.
        """
        while sum(self._batch(partition) for partition in self._partitions):
            pass

    def stop(self) -> None:
        """Leave markers; the orderly end."""
        for partition in self._partitions:
            self._mark(partition, at_stop=True)

    def lag(self) -> int:
        """Return how many records are not yet judged."""
        ends = self._log.ends()
        return sum(
            ends[partition.position.partition] - partition.position.next_offset
            for partition in self._partitions
        )

    def _batch(self, partition: _Partition) -> int:
        """Read, step, append and wait, then commit: emit, then remember."""
        if not partition.is_recovered:
            self._recover(partition)
        position, policy = partition.position, partition.policy
        number, offset = position.partition, position.next_offset
        found = read_records(self._log, number, offset, self._batch_max)
        assert policy.published is not None
        records, rows = take(self._log, self._units.judgeable(found), policy.published)
        if not records:
            return 0
        states = self._states.load(position.partition, subjects_of(records))
        batch = run_batch(records, states, policy, self._states.units.rows)
        reached = _after(position, records[-1])
        for copy in self._append(batch.entries):
            if copy.subject in batch.states:
                adopt(batch.states[copy.subject], copy, reached.next_offset - 1)
        replans = policy.published.replans_at({offset for offset, _ in rows})
        publishing = Publishing(_waiting(policy, reached), rows, replans)
        self._states.commit(position, reached, batch.states, batch.units, publishing)
        partition.position = reached
        partition.judged_since_marker += batch.judged
        for seconds in batch.delays:
            self._on_delay(seconds)
        self.report.judged += batch.judged
        self.report.suspended += batch.suspended
        return len(records)

    def _recover(self, partition: _Partition) -> None:
        """Learn what the partition has published; make lost states again from its log."""
        position = partition.position
        published, rows = published_before(self._log, self._states.publications, position)
        partition.policy = replace(self._policy, published=published)
        publishing = Publishing(_waiting(partition.policy, position), rows)
        self._states.commit(position, position, {}, None, publishing)
        partition.position = recover(self._log, self._states, position, partition.policy)
        partition.is_recovered = True

    def _tick(self, partition: _Partition) -> bool:
        """Append a tick for each case whose instant has come; they are judged when read back."""
        self.report.ticks_held = not self._may_tick()
        if self.report.ticks_held:
            return False
        now_us = self._now_us()
        self.report.last_tick_poll_us = now_us
        number = partition.position.partition
        due = self._states.due(number, now_us, TICKS_UNDER_WAY_MAX)
        waiting = self._states.peek(number, [case.subject for case in due])
        order = partition.position.next_offset
        ticks, others = due_ticks(waiting, partition.policy, order, now_us)
        if others:
            self._states.put_off(partition.position, others)
        self._put(ticks)
        most = TICKS_UNDER_WAY_MAX
        of_units = self._units.tick(number, partition.policy, now_us, most, self._put)
        ticked = len(ticks) + of_units
        self.report.ticks += ticked
        return ticked > 0

    def _put(self, made: list[AnyRecord]) -> None:
        self._append([entry_of(record) for record in made])

    def _mark(self, partition: _Partition, *, at_stop: bool = False) -> None:
        """Append a marker every so often; none if nothing was judged since the last."""
        if not partition.judged_since_marker:
            return
        waited = monotonic() - partition.marked_at
        enough = partition.judged_since_marker >= MARKER_EVERY_RECORDS
        if not (at_stop or enough or waited >= MARKER_EVERY_SECONDS):
            return
        position = partition.position
        number, upto = position.partition, position.next_offset
        self._put([marker(number, upto, ENGINE, self._policy, self._now_us())])
        partition.judged_since_marker = 0
        partition.marked_at = monotonic()

    def _append(self, entries: list[Entry]) -> list[AnyRecord]:
        """Append and wait; return the log's copies of what it holds with other content."""
        if not entries:
            return []
        answers = self._log.append(entries)
        self.report.appended += len(entries)
        places = [answer.position for answer in answers if answer.outcome == "conflict"]
        self.report.conflicts += len(places)
        return [
            decode(raw)
            for partition, offset in places
            for _, raw in self._log.read(partition, offset, 1)
        ]


def _after(position: ReaderPosition, last: Read) -> ReaderPosition:
    return replace(position, next_offset=last.position.offset + 1, last_sha256=digest(last.raw))


def _waiting(policy: Policy, reached: ReaderPosition) -> Callable[[CaseState], int | None]:
    return lambda state: waits_until(state, policy, reached.next_offset)
