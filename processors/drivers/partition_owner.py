"""Supervision of one partition: the one loop that every runner turns, whatever feeds it.

It differs between runners only in where records come from, where states rest and which clock says
what is due. It knows nothing of law.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

from ledger.errors import DatabaseUnavailable, RecordUnreadable
from ledger.log import (
    ANSWERS_REPEATS,
    Appended,
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
from processors.drivers.own_findings import OwnFindings
from processors.drivers.publication_rows import Publishing, Row, published_before, take
from processors.drivers.recovery import Pieces, recovery
from processors.drivers.report import SupervisionReport
from processors.drivers.sql_state import SqlState
from processors.drivers.state_commit import Commit
from processors.drivers.unit_clock import UnitClock
from processors.loop import Batch, due_ticks, entry_of, marker, run_batch, subjects_of
from processors.supervision.collect import adopt
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.ticks import waits_until

ENGINE = "1"
"""Version of the judging code, named by every marker."""
TICKS_UNDER_WAY_MAX = 100
"""Of one partition. A fact that comes in beside very many deadlines waits for so many ticks, and
for what they led to, about twice: at 500 that was two seconds."""
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
    feed: Feed | None = None


class Judged(NamedTuple):
    """A batch of one partition that is judged, and neither said nor remembered yet.

    Attributes:
        records: what was read.
        rows: the publications among it.
        batch: what it led to.
        reached: the position behind it.
        firsts: offsets of findings that were made here and are the first of their names.
    """

    records: list[Read]
    rows: list[Row]
    batch: Batch
    reached: ReaderPosition
    firsts: set[int]


class PartitionOwner:
    """One partition, from the claim on; refuses a log that is not the one remembered.

    Attributes:
        position: what is judged, and under which epoch.
        policy: the packs and calendars, with what the partition has published.
        is_behind: whether more may wait: the last batch was full, or there was none yet.
        stopped_at: where the log ended when a record could not be read; None while all can.
        is_prepared: whether its records can be judged: the states are those of the position.
    """

    def __init__(self, around: Surroundings, partition: int) -> None:
        """Claim the partition; it must be prepared before it is judged.

        Raises:
            LogMismatch: the log is shorter, another one, or holds another last record.
        """
        self._around = around
        self.position: ReaderPosition = around.states.claim(partition, around.log)
        self.is_behind = True
        self.policy = around.policy
        self._due_us: int | None = None
        self.is_prepared = False
        self._pieces: Pieces | None = None
        self._is_unsure = False
        self._judged_since_marker = 0
        self._marked_at = monotonic()
        self.stopped_at: int | None = None
        self._repeats = ANSWERS_REPEATS not in around.log.capabilities
        self._own = OwnFindings(around.report)
        self._ticked_upto = 0

    @property
    def number(self) -> int:
        """Which partition."""
        return self.position.partition

    @property
    def is_stopped(self) -> bool:
        """Whether a record cannot be read and nothing has come since that could skip it."""
        if self.stopped_at is None:
            return False
        return self._around.log.ends()[self.number] == self.stopped_at

    def stop_at(self, error: RecordUnreadable) -> None:
        """Stop where a record cannot be read; tried again when the log has grown.

        An operator may have skipped it by then; the report names it until something is read.
        """
        self.is_behind = False
        self.stopped_at = self._around.log.ends()[self.number]
        self._around.report.unreadable[self.number] = error

    def lag(self, ends: dict[int, int]) -> int:
        """Return how many records up to the ends of the log are not yet judged."""
        return ends.get(self.number, 0) - self.position.next_offset

    @property
    def ticks_under_way(self) -> int:
        """How many appended ticks of cases are not yet judged, at most."""
        return max(0, self._ticked_upto - self.position.next_offset)

    def doubt(self) -> None:
        """Look where the partition is before the next batch: this one is committed or not."""
        self._is_unsure = True
        self.is_prepared = False

    def prepare(self) -> bool:
        """Do a piece of what comes before the first batch; whether all of it is done.

        Most often that is little. Where SQL has no states, they are read again from the log.

        Raises:
            RecordUnreadable: of those to be read again one cannot be, and no operator has skipped
                it.
            DatabaseUnavailable: the same may be asked again.
        """
        try:
            if not self.is_prepared:
                self._prepare()
        except DatabaseUnavailable:
            self.doubt()
            raise
        return self.is_prepared

    def judge(self, most: int) -> Judged | None:
        """Read and judge the next batch of a prepared partition; None where nothing is there.

        Args:
            most: records of the batch; findings do not depend on it.

        Raises:
            RecordUnreadable: the next record cannot be read and no operator has skipped it.
            DatabaseUnavailable: the same may be asked again.
        """
        try:
            return self._judge(most)
        except DatabaseUnavailable:
            self.doubt()
            raise

    def _judge(self, most: int) -> Judged | None:
        around, position, policy = self._around, self.position, self.policy
        offset = position.next_offset
        found = read_records(around.log, self.number, offset, most, around.feed)
        assert policy.published is not None
        records, rows = take(around.log, around.units.judgeable(found), policy.published)
        self.is_behind = len(records) >= most
        if not records:
            return None
        back = self._own.read_back(records)
        states, corrected = self._load(subjects_of(records), back.others)
        batch = run_batch(records, states, policy, around.states.units.rows)
        batch.states = corrected | batch.states
        last, raw, _ = records[-1]
        reached = replace(position, next_offset=last.offset + 1, last_sha256=digest(raw))
        return Judged(records, rows, batch, reached, back.firsts)

    def _load(
        self, subjects: Iterable[str], others: Sequence[tuple[int, AnyRecord]]
    ) -> tuple[dict[str, CaseState], dict[str, CaseState]]:
        """Return the states of cases, and those in which other owners' findings now stand."""
        wanted = dict.fromkeys([*subjects, *(record.subject for _, record in others)])
        states = self._around.states.load(self.number, list(wanted))
        corrected: dict[str, CaseState] = {}
        for offset, record in others:
            subject = record.subject
            if subject in states and subject not in corrected:
                corrected[subject] = states[subject] = states[subject].copy()
            if subject in corrected:
                adopt(corrected[subject], record, offset)
        return states, corrected

    def settle(self, judged: Judged, answers: Sequence[Appended]) -> Commit:
        """Take in what the log answered to the entries of a batch; return what is to be kept."""
        records, rows, batch, reached, firsts = judged
        around, policy = self._around, self.policy
        copies = self.appended(batch.entries, answers)
        if self._repeats:
            copies += self._own.copies_among(records, batch.entries)
            batch.units.rows = around.states.units.first_ones(batch.units.rows, firsts)
        for copy in copies:
            if copy.subject in batch.states:
                adopt(batch.states[copy.subject], copy, reached.next_offset - 1)
        assert policy.published is not None
        replans = policy.published.replans_at({offset for offset, _ in rows})
        publishing = Publishing(_waiting(policy, reached), rows, replans)
        return Commit(self.position, reached, batch.states, batch.units, publishing)

    def remember(self, judged: Judged, wakes_us: int | None) -> None:
        """Go on behind a batch that is committed.

        Args:
            judged: the batch.
            wakes_us: the earliest instant that a case of it waits for; None where some that are
                not of it may wait for an earlier one than before.
        """
        self.position = judged.reached
        if wakes_us is None or self._due_us is None:
            self._due_us = None
        else:
            self._due_us = min(self._due_us, wakes_us)
        if self.stopped_at is not None:
            self.stopped_at = None
            del self._around.report.unreadable[self.number]
        self._report(judged.batch)

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

    def _prepare(self) -> None:
        if self._is_unsure:
            self.position = self._around.states.reread(self.position)
            self._is_unsure, self._pieces = False, None
        if self._pieces is None:
            self._learn()
            around = self._around
            self._pieces = recovery(around.log, around.states, self.position, self.policy)
        try:
            next(self._pieces)
        except StopIteration as end:
            self.position, self._pieces, self.is_prepared = end.value, None, True
        except BaseException:
            self._pieces = None
            raise

    def _learn(self) -> None:
        """Learn what the partition has published."""
        around, position = self._around, self.position
        published, rows = published_before(around.log, around.states.publications, position)
        self.policy = replace(around.policy, published=published)
        publishing = Publishing(_waiting(self.policy, position), rows)
        around.states.commit(position, position, {}, None, publishing)
        self._due_us = None

    def due(self) -> list[Entry]:
        """Return a tick for each case whose instant has come; they are judged when read back.

        There is none while some that were appended are not read back, so at most a bounded number
        is under way. Ticks of units are appended here.
        """
        around, report = self._around, self._around.report
        report.ticks_held = not around.may_tick()
        if report.ticks_held or self.ticks_under_way:
            return []
        now_us = around.now_us()
        report.last_tick_poll_us = now_us
        ticks = self._due_cases(now_us)
        report.ticks += len(ticks)
        report.ticks += around.units.tick(
            self.number,
            self.policy,
            now_us,
            TICKS_UNDER_WAY_MAX,
            self._put_ticks,
            self.position.next_offset,
        )
        return [entry_of(tick) for tick in ticks]

    def ticked(self, entries: Sequence[Entry], answers: Sequence[Appended]) -> None:
        """Take in where ticks lie: they are under way until they are read back."""
        self.appended(entries, answers)
        if entries:
            self._ticked_upto = self._own.written_upto

    def _due_cases(self, now_us: int) -> list[AnyRecord]:
        """Return ticks of cases; SQL is asked again only when one may be due that was not."""
        states = self._around.states
        if self._due_us is None:
            next_us = states.next_due_us(self.number)
            self._due_us = NEVER_US if next_us is None else next_us
        if now_us < self._due_us:
            return []
        self._due_us = None
        due = states.due(self.number, now_us, TICKS_UNDER_WAY_MAX)
        waiting = states.peek(self.number, [case.subject for case in due])
        ticks, others = due_ticks(waiting, self.policy, self.position.next_offset, now_us)
        if others:
            states.put_off(self.position, others)
        return ticks

    def _put_ticks(self, made: list[AnyRecord]) -> None:
        entries = [entry_of(record) for record in made]
        self.ticked(entries, self._around.log.append(entries))

    def marker(self, *, at_stop: bool = False) -> list[Entry]:
        """Return a marker every so often; none if nothing was judged since the last."""
        if not self._judged_since_marker:
            return []
        waited = monotonic() - self._marked_at
        enough = self._judged_since_marker >= MARKER_EVERY_RECORDS
        if not (at_stop or enough or waited >= MARKER_EVERY_SECONDS):
            return []
        upto, now_us = self.position.next_offset, self._around.now_us()
        return [entry_of(marker(self.number, upto, ENGINE, self._around.policy, now_us))]

    def marked(self, entries: Sequence[Entry], answers: Sequence[Appended]) -> None:
        """Take in where a marker lies."""
        if entries:
            self.appended(entries, answers)
            self._judged_since_marker = 0
            self._marked_at = monotonic()

    def stop(self) -> None:
        """Leave a marker; the orderly end."""
        entries = self.marker(at_stop=True)
        self.marked(entries, self._around.log.append(entries))

    def appended(self, entries: Sequence[Entry], answers: Sequence[Appended]) -> list[AnyRecord]:
        """Take in the log's answers; return its copies of what it holds with other content."""
        log, report = self._around.log, self._around.report
        report.appended += len(entries)
        if self._repeats:
            self._own.appended(entries, answers)
            return []
        places = [answer.position for answer in answers if answer.outcome == "conflict"]
        report.conflicts += len(places)
        return [_at(log, place) for place in places]


def _at(log: EventLog, place: Position) -> AnyRecord:
    ((_, raw),) = log.read(place.partition, place.offset, 1)
    return decode(raw)


def _waiting(policy: Policy, reached: ReaderPosition) -> Callable[[CaseState], int | None]:
    return lambda state: waits_until(state, policy, reached.next_offset)
