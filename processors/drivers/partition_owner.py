"""Supervision of one partition: the one loop that every runner turns, whatever feeds it.

It differs between runners only in where records come from, where states rest and which clock says
what is due. It knows nothing of law.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

from ledger.errors import DatabaseUnavailable, RecordUnreadable
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import (
    ANSWERS_REPEATS,
    Entry,
    EventLog,
    Feed,
    Position,
    ReaderPosition,
    digest,
)
from ledger.reading import Read, read_records
from ledger.record import AnyRecord
from ledger.wire import decode
from processors.drivers.publication_rows import Publishing, published_before, take
from processors.drivers.recovery import recover
from processors.drivers.report import SupervisionReport
from processors.drivers.sql_state import SqlState
from processors.drivers.unit_clock import UnitClock
from processors.loop import Batch, due_ticks, entry_of, marker, run_batch, subjects_of
from processors.supervision.collect import adopt
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.ticks import waits_until

ENGINE = "1"
"""Version of the judging code, named by every marker."""
BATCH_MAX = 2_000
TICKS_UNDER_WAY_MAX = 500
NEVER_US = 2**63
MARKER_EVERY_RECORDS = 1_000
MARKER_EVERY_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all partitions of a runner share.

    Attributes:
        now_us: the clock that decides which ticks are due.
        may_tick: False while ticks must be held.
        on_delay: told for each live fact how many seconds after it happened it was recorded.
        on_conflict: told of each fact under a known identity with other content; it has no effect.
        batch_max: records of one batch; findings do not depend on it.
        feed: where the next records come from; the log itself where absent.
    """

    log: EventLog
    states: SqlState
    policy: Policy
    units: UnitClock
    report: SupervisionReport
    now_us: Callable[[], int]
    may_tick: Callable[[], bool] = lambda: True
    on_delay: Callable[[float], None] = lambda _: None
    on_conflict: Callable[[Read], None] = lambda _: None
    batch_max: int = BATCH_MAX
    feed: Feed | None = None


class _Emitted(NamedTuple):
    """A finding that was appended and is not read back yet: where it lies, and its case."""

    offset: int
    entry: Entry


class PartitionOwner:
    """One partition, from the claim on; refuses a log that is not the one remembered.

    Attributes:
        position: what is judged, and under which epoch.
        policy: the packs and calendars, with what the partition has published.
        is_behind: whether the last batch was full, so that more waits.
        stopped_at: where the log ended when a record could not be read; None while all can.
    """

    def __init__(self, around: Surroundings, partition: int) -> None:
        """Claim the partition.

        Where SQL has no states of it, the first round reads them again from the log.

        Raises:
            LogMismatch: the log is shorter, another one, or holds another last record.
        """
        self._around = around
        self.position: ReaderPosition = around.states.claim(partition, around.log)
        self.is_behind = False
        self.policy = around.policy
        self._due_us: int | None = None
        self._is_recovered = False
        self._is_unsure = False
        self._judged_since_marker = 0
        self._marked_at = monotonic()
        self.stopped_at: int | None = None
        self._repeats = ANSWERS_REPEATS not in around.log.capabilities
        self._emitted: dict[tuple[str, str], _Emitted] = {}
        self._written_upto = 0
        self._ticked_upto = 0

    @property
    def number(self) -> int:
        """Which partition."""
        return self.position.partition

    def turn(self) -> bool:
        """Do one batch, then let due ticks happen; whether anything moved.

        A record that cannot be read stops the partition; the report names it. It is tried again
        when the log has grown, for an operator may have skipped it.

        Raises:
            PartitionLost: another owner has it; nothing more may be done with it here.
        """
        report = self._around.report
        if self._is_stopped():
            return False
        try:
            read = self.batch()
        except RecordUnreadable as error:
            self.stopped_at = self._around.log.ends()[self.number]
            report.unreadable[self.number] = error
            return False
        if read and self.stopped_at is not None:
            self.stopped_at = None
            del report.unreadable[self.number]
        moved = read > 0
        self.is_behind = read >= self._around.batch_max
        if not self.is_behind:
            moved = self._tick() or moved
        self._mark()
        return moved

    def _is_stopped(self) -> bool:
        """Whether a record cannot be read and nothing has come since that could skip it."""
        if self.stopped_at is None:
            return False
        return self._around.log.ends()[self.number] == self.stopped_at

    def stop(self) -> None:
        """Leave a marker; the orderly end."""
        self._mark(at_stop=True)

    def lag(self, ends: dict[int, int]) -> int:
        """Return how many records up to the ends of the log are not yet judged."""
        return ends.get(self.number, 0) - self.position.next_offset

    @property
    def ticks_under_way(self) -> int:
        """How many appended ticks of cases are not yet judged, at most."""
        return max(0, self._ticked_upto - self.position.next_offset)

    def batch(self) -> int:
        """Read, step, append and wait, then commit: emit, then remember; how many were read.

        Raises:
            RecordUnreadable: the next record cannot be read and no operator has skipped it.
            DatabaseUnavailable: the batch may be committed or not; the next one looks first.
        """
        try:
            return self._batch()
        except DatabaseUnavailable:
            self._is_unsure = True
            raise

    def _batch(self) -> int:
        if self._is_unsure:
            self.position = self._around.states.reread(self.position)
            self._is_unsure = self._is_recovered = False
        if not self._is_recovered:
            self._recover()
        around, position, policy = self._around, self.position, self.policy
        offset, most = position.next_offset, around.batch_max
        found = read_records(around.log, self.number, offset, most, around.feed)
        assert policy.published is not None
        records, rows = take(around.log, around.units.judgeable(found), policy.published)
        if not records:
            return 0
        states = around.states.load(self.number, subjects_of(records))
        self._look_for_copies(records, states)
        batch = run_batch(records, states, policy, around.states.units.rows)
        reached = replace(
            position,
            next_offset=records[-1].position.offset + 1,
            last_sha256=digest(records[-1].raw),
        )
        copies = self._append(batch.entries)
        if self._repeats:
            copies += self._copies_among(records, batch.entries)
        for copy in copies:
            if copy.subject in batch.states:
                adopt(batch.states[copy.subject], copy, reached.next_offset - 1)
        if self._repeats:
            batch.units.rows = around.states.units.first_ones(batch.units.rows)
        replans = policy.published.replans_at({offset for offset, _ in rows})
        publishing = Publishing(_waiting(policy, reached), rows, replans)
        around.states.commit(position, reached, batch.states, batch.units, publishing)
        self.position = reached
        self._due_us = None
        self._report(batch)
        return len(records)

    def _report(self, batch: Batch) -> None:
        self._judged_since_marker += batch.judged
        for seconds in batch.delays:
            self._around.on_delay(seconds)
        for read in batch.conflicts:
            self._around.on_conflict(read)
        report = self._around.report
        report.judged += batch.judged
        report.suspended += batch.suspended
        report.repeats += batch.repeats
        report.conflicts += len(batch.conflicts)

    def _recover(self) -> None:
        """Learn what the partition has published; make lost states again from its log."""
        around, position = self._around, self.position
        published, rows = published_before(around.log, around.states.publications, position)
        self.policy = replace(around.policy, published=published)
        publishing = Publishing(_waiting(self.policy, position), rows)
        around.states.commit(position, position, {}, None, publishing)
        self._due_us = None
        self.position = recover(around.log, around.states, position, self.policy)
        self._is_recovered = True

    def _tick(self) -> bool:
        """Append a tick for each case whose instant has come; they are judged when read back.

        None is appended while some that were are not read back, so at most a bounded number is
        under way.
        """
        around, report = self._around, self._around.report
        report.ticks_held = not around.may_tick()
        if report.ticks_held or self.ticks_under_way:
            return False
        now_us = around.now_us()
        report.last_tick_poll_us = now_us
        most = TICKS_UNDER_WAY_MAX
        ticked = self._tick_cases(now_us, most)
        ticked += around.units.tick(self.number, self.policy, now_us, most, self._put_ticks)
        report.ticks += ticked
        return ticked > 0

    def _tick_cases(self, now_us: int, most: int) -> int:
        """Append ticks of cases; SQL is asked again only when one may be due that was not."""
        states = self._around.states
        if self._due_us is None:
            next_us = states.next_due_us(self.number)
            self._due_us = NEVER_US if next_us is None else next_us
        if now_us < self._due_us:
            return 0
        self._due_us = None
        due = states.due(self.number, now_us, most)
        waiting = states.peek(self.number, [case.subject for case in due])
        ticks, others = due_ticks(waiting, self.policy, self.position.next_offset, now_us)
        if others:
            states.put_off(self.position, others)
        self._put_ticks(ticks)
        return len(ticks)

    def _put_ticks(self, made: list[AnyRecord]) -> None:
        """Append ticks, which are under way until they are read back; what else waits is not."""
        if made:
            self._put(made)
            self._ticked_upto = self._written_upto

    def _put(self, made: list[AnyRecord]) -> None:
        self._append([entry_of(record) for record in made])

    def _mark(self, *, at_stop: bool = False) -> None:
        """Append a marker every so often; none if nothing was judged since the last."""
        if not self._judged_since_marker:
            return
        waited = monotonic() - self._marked_at
        enough = self._judged_since_marker >= MARKER_EVERY_RECORDS
        if not (at_stop or enough or waited >= MARKER_EVERY_SECONDS):
            return
        upto, now_us = self.position.next_offset, self._around.now_us()
        self._put([marker(self.number, upto, ENGINE, self._around.policy, now_us)])
        self._judged_since_marker = 0
        self._marked_at = monotonic()

    def _append(self, entries: list[Entry]) -> list[AnyRecord]:
        """Append and wait; return the log's copies of what it holds with other content."""
        if not entries:
            return []
        log, report = self._around.log, self._around.report
        answers = log.append(entries)
        report.appended += len(entries)
        if self._repeats:
            for entry, answer in zip(entries, answers, strict=True):
                self._emitted[entry.subject, entry.id] = _Emitted(answer.position.offset, entry)
            self._written_upto = max(each.position.offset for each in answers) + 1
            return []
        places = [answer.position for answer in answers if answer.outcome == "conflict"]
        report.conflicts += len(places)
        return [_at(log, place) for place in places]

    def _look_for_copies(self, records: list[Read], states: dict[str, CaseState]) -> None:
        """Let a finding that another owner wrote first stand for the one made here before.

        Only a log that does not answer repeats holds two of one id, and the first counts.
        """
        if not self._emitted:
            return
        for position, _, record in records:
            if record is None:
                continue
            own = self._emitted.pop((record.subject, record.id), None)
            if own is not None and position.offset < own.offset and self._differs(own, record):
                state = states.get(record.subject)
                if state is not None:
                    adopt(state, record, position.offset)

    def _copies_among(self, records: list[Read], entries: list[Entry]) -> list[AnyRecord]:
        """Return findings that were read in the batch that led to others under their ids."""
        made = {(entry.subject, entry.id) for entry in entries}
        return [
            record
            for _, _, record in records
            if record is not None
            and record.source == SUPERVISION_SOURCE
            and (record.subject, record.id) in made
            and self._differs(self._emitted[record.subject, record.id], record)
        ]

    def _differs(self, own: _Emitted, record: AnyRecord) -> bool:
        """Whether a finding says otherwise than the one made here; counted if so."""
        differs = bool(decode(own.entry.raw).data != record.data)
        self._around.report.conflicts += differs
        return differs


def _at(log: EventLog, place: Position) -> AnyRecord:
    ((_, raw),) = log.read(place.partition, place.offset, 1)
    return decode(raw)


def _waiting(policy: Policy, reached: ReaderPosition) -> Callable[[CaseState], int | None]:
    return lambda state: waits_until(state, policy, reached.next_offset)
