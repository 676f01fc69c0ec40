"""Supervision inside one process: one thread that reads the log, judges, and lets time pass.

It differs from the other runners only in where records come from, where states rest, who ticks and
how findings are appended. It knows nothing of law.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from ledger.errors import RecordUnreadable
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Entry, EventLog, ReaderPosition, digest
from ledger.reading import Read, read_records
from ledger.record import AnyRecord, Record, instant
from ledger.system_events import SupervisionJudged
from ledger.wire import decode
from processors.drivers.recovery import recover
from processors.drivers.sql_state import SqlState
from processors.loop import entry_of, run_batch, subjects_of
from processors.supervision.collect import adopt
from processors.supervision.policy import Policy
from processors.supervision.ticks import limit_tick

ENGINE = "1"
"""Version of the judging code, named by every marker."""
BATCH_MAX = 2_000
TICKS_UNDER_WAY_MAX = 500
MARKER_EVERY_RECORDS = 1_000
MARKER_EVERY_SECONDS = 30.0


@dataclass(slots=True)
class SupervisionReport:
    """What supervision has done since its start; read by metrics and readiness.

    Attributes:
        ticks_held: ticks are held because the clock leapt ahead.
        conflicts: findings made again with other content; the log's copy stands.
        unreadable: partitions stopped by a record that cannot be read, and what was said of it.
    """

    judged: int = 0
    appended: int = 0
    ticks: int = 0
    suspended: int = 0
    last_tick_poll_us: int = 0
    ticks_held: bool = False
    conflicts: int = 0
    unreadable: dict[int, RecordUnreadable] = field(default_factory=dict)


@dataclass(slots=True)
class _Partition:
    position: ReaderPosition
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
        versions = policy.versions()
        self._partitions = [
            _Partition(states.claim(number, log, versions)) for number in range(log.partitions)
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
        for partition in self._partitions:
            while self._batch(partition):
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
            partition.position = recover(self._log, self._states, partition.position, self._policy)
            partition.is_recovered = True
        position = partition.position
        records = read_records(self._log, position.partition, position.next_offset, self._batch_max)
        if not records:
            return 0
        states = self._states.load(position.partition, subjects_of(records))
        batch = run_batch(records, states, self._policy)
        reached = _after(position, records[-1])
        for copy in self._append(batch.entries):
            if copy.subject in batch.states:
                adopt(batch.states[copy.subject], copy, reached.next_offset - 1)
        self._states.commit(position, reached, batch.states)
        partition.position = reached
        partition.judged_since_marker += batch.judged
        for seconds in batch.delays:
            self._on_delay(seconds)
        self.report.judged += batch.judged
        self.report.suspended += batch.suspended
        return len(records)

    def _tick(self, partition: _Partition) -> bool:
        """Append a tick for each case whose instant has come; they are judged when read back."""
        self.report.ticks_held = not self._may_tick()
        if self.report.ticks_held:
            return False
        now_us = self._now_us()
        self.report.last_tick_poll_us = now_us
        due = self._states.due(partition.position.partition, now_us, TICKS_UNDER_WAY_MAX)
        if not due:
            return False
        ticks = [
            limit_tick(case.subject, case.timeline, case.tick_us, self._policy) for case in due
        ]
        self._append([entry_of(tick) for tick in ticks])
        self.report.ticks += len(ticks)
        return True

    def _mark(self, partition: _Partition, *, at_stop: bool = False) -> None:
        """Append a marker every so often; none if nothing was judged since the last."""
        if not partition.judged_since_marker:
            return
        waited = monotonic() - partition.marked_at
        enough = partition.judged_since_marker >= MARKER_EVERY_RECORDS
        if not (at_stop or enough or waited >= MARKER_EVERY_SECONDS):
            return
        position = partition.position
        now = instant(self._now_us())
        policy = self._policy
        marker = Record(
            type=SupervisionJudged.TYPE,
            source=SUPERVISION_SOURCE,
            id=f"{position.partition}:{position.next_offset}",
            subject=f"partition:{position.partition}",
            time=now,
            data=SupervisionJudged(
                upto=position.next_offset,
                engine=ENGINE,
                packs={name: pack.version for name, pack in policy.packs.items()},
                calendars={name: each.spec.version for name, each in policy.calendars.items()},
            ),
        )
        self._append([entry_of(marker)])
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
