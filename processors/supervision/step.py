"""One step: `step(state, record, order, policy) -> (state, records)`, the only way a case moves.

A record first lets the ticks happen that it has overtaken, each judged on what was known before;
then it is added and the difference between what should stand and what stands is emitted. So late,
repeated, reordered, amended and orphan facts need no path of their own, and a tick may be written
at any later moment.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.case import Disorder, Known
from ledger.case_events import (
    CaseAmended,
    CasePreReviewed,
    CaseRated,
    CaseReceived,
    CaseReleased,
    CaseTransferred,
    CaseUrged,
    CertificateIssued,
    CorrectionReceived,
    CorrectionRequested,
    DecisionMade,
    FeeCharged,
    FeePaid,
    PartDispatched,
    PartReplied,
    ResultDelivered,
    StageFinished,
    StageStarted,
)
from ledger.errors import HallError
from ledger.events import CARD_TYPES, CASE_TYPES
from ledger.fact import Fact
from ledger.findings import CaseSettled, CaseUnjudged, LimitsSet
from ledger.identifiers import finding_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached
from processors.supervision.blame import Blame, blamed, wrong_cards
from processors.supervision.collect import collect, known_fact
from processors.supervision.difference import Difference, anomaly
from processors.supervision.findings_of import calendar_zone
from processors.supervision.judge import Verdict, judge, next_due
from processors.supervision.policy import EVIDENCE, Pack, Policy
from processors.supervision.state import CaseState
from processors.supervision.ticks import limit_tick, own_recording

AFTERWARDS = frozenset(
    {CertificateIssued, ResultDelivered, FeeCharged, FeePaid, CaseRated, CaseUrged}
)
"""Facts that move no clock and are in order at any time."""

BEFOREHAND = frozenset(
    {
        CaseReceived,
        CasePreReviewed,
        CorrectionRequested,
        CorrectionReceived,
        PartDispatched,
        PartReplied,
    }
)
"""Facts that move no clock and are in order until completion."""

QUIET = AFTERWARDS | BEFOREHAND | {CaseTransferred, StageStarted, StageFinished, DecisionMade}
"""Facts that move no clock of an open case; most facts are of these types."""


class Stepped(NamedTuple):
    """What a step gives: the new state, and records to append in this order (ticks, findings)."""

    state: CaseState
    records: list[AnyRecord]


def step(state: CaseState | None, record: AnyRecord, order: int, policy: Policy) -> Stepped:
    """Return what one record of a case leads to.

    Args:
        state: the case so far; None for a case not seen.
        record: a fact, a human act, a tick or a finding with the case as subject.
        order: its offset in the partition; decides between facts of one instant and rank.
        policy: the packs and calendars in force.
    """
    before = state or CaseState(record.subject, record.timeline)
    if not _is_news(before, record):
        return Stepped(before, [])
    if type(record.data) in QUIET:
        pack = policy.pack_for(before.timeline)
        known = known_fact(record, order, pack.future_tolerance_us)
        if _changes_nothing(before, record, known, pack):
            return Stepped(before.with_fact(known), [])
    return judged_step(before, record, order, policy)


def judged_step(before: CaseState, record: AnyRecord, order: int, policy: Policy) -> Stepped:
    """Do what `step` does without its short cut; the two give the same, which a test shows."""
    work = _Step(before.copy(), record, order, policy)
    try:
        work.run()
    except Exception as error:  # noqa: BLE001 - a rule that fails suspends its case and no other
        work.suspend(error)
    return Stepped(work.state, work.records)


def _changes_nothing(state: CaseState, record: AnyRecord, known: Known, pack: Pack) -> bool:
    """Whether a fact that moves no clock can be added without judging.

    It can if no tick is overtaken, the case is being judged, its part is at a point where the fact
    is in order, its time is taken as it is, and no amendment waits for it.
    """
    if state.suspended:
        return False
    if state.next_tick_us is not None and state.next_tick_us <= known.recorded_us:
        return False
    kind = type(known.fact)
    if kind not in AFTERWARDS:
        part: str | None = getattr(known.fact, "part", None)
        if any(key[0] == part for key in state.settled) or kind in pack.closes:
            return False
        if kind not in BEFOREHAND and not any(key[0] == part for key in state.limits):
            return False
    if known.time_us == known.recorded_us != micros(record.time):
        return False
    return not any(type(each.fact) is CaseAmended for each in state.facts)


def _is_news(state: CaseState, record: AnyRecord) -> bool:
    """Findings are taken in as they are emitted, so reading one back changes nothing."""
    if isinstance(record.data, ClockReached):
        return micros(record.data.due_at) not in state.ticks
    if record.type in CASE_TYPES or record.type in CARD_TYPES:
        return not state.knows(record.source, record.id)
    return False


def cut_over(state: CaseState) -> int | None:
    """Return the instant an evidence-only case came in; nothing reached before it gives a card."""
    if state.timeline is None or not state.timeline.startswith(EVIDENCE) or not state.facts:
        return None
    return min(known.recorded_us for known in state.facts)


class _Step:
    """The working copy of one step."""

    def __init__(self, state: CaseState, record: AnyRecord, order: int, policy: Policy) -> None:
        self.state = state
        self.record = record
        self.order = order
        self.policy = policy
        self.pack = policy.pack_for(state.timeline)
        self.calendar = policy.calendar_for(self.pack)
        self.zone = calendar_zone(self.calendar)
        self.records: list[AnyRecord] = []
        self._hold(record.name)

    def run(self) -> None:
        """Catch up the overtaken ticks, add the record, judge, and emit the difference."""
        state, record, data = self.state, self.record, self.record.data
        tick = data if isinstance(data, ClockReached) else None
        recorded = record.time if tick else record.recordedtime or record.time
        now_us = max(state.now_us, micros(recorded))
        if not state.suspended:
            self._catch_up(now_us, None if tick is None else micros(tick.due_at))
        self._hold(record.name)
        collect(state, record, self.order, self.pack.future_tolerance_us)
        self._look_at_time(now_us)
        since = self.order if state.suspended_from is None else state.suspended_from
        if state.suspended and not isinstance(data, CaseReleased):
            return
        state.suspended_from = None
        if state.facts:
            candidates = sorted(
                (known for known in state.facts if known.order >= since), key=lambda k: k.order
            )
            self._apply(self._judge(state.facts, now_us), record.name, candidates)

    def _hold(self, cause: str) -> None:
        """Note what stands if what `cause` leads to cannot be judged."""
        self._held = (self.state.copy(), len(self.records), cause)

    def suspend(self, error: Exception) -> None:
        """Add the record and stop judging this case until an operator releases it.

        What earlier overtaken ticks led to stands; what the failing judgement found is dropped.
        """
        self.state, kept, cause = self._held
        del self.records[kept:]
        at_tick = cause != self.record.name
        if at_tick:
            self._unjudged(error, cause)
        collect(self.state, self.record, self.order, self.pack.future_tolerance_us)
        if not at_tick and (not self.state.suspended or isinstance(self.record.data, CaseReleased)):
            self._unjudged(error, cause)
        self.state.next_tick_us = None

    def _unjudged(self, error: Exception, cause: str) -> None:
        code = error.code if isinstance(error, HallError) else type(error).__name__
        subject = self.state.subject
        id_ = finding_id(CaseUnjudged.TYPE, subject, None, None, None, None, None, cause)
        self._emit(CaseUnjudged(error=code), id_, cause, self.state.now_us)

    def _catch_up(self, now_us: int, own_due_us: int | None) -> None:
        """Emit each tick that `now` has passed, judged at its instant on the facts known before."""
        state = self.state
        while state.next_tick_us is not None and state.next_tick_us <= now_us:
            tick_us = state.next_tick_us
            due_us = tick_us - self.pack.report_grace_us - 1
            if due_us == own_due_us:
                return
            tick = limit_tick(state.subject, state.timeline, tick_us, self.policy)
            self.records.append(tick)
            collect(state, tick, self.order, 0)
            state.next_tick_us = None
            self._hold(tick.name)
            self._apply(self._judge(state.facts, tick_us), tick.name, [])

    def _judge(self, facts: Sequence[Known], now_us: int) -> Verdict:
        cut_over_us = cut_over(self.state)
        return judge(facts, self.pack, self.calendar, now_us, cut_over_us)

    def _apply(self, verdict: Verdict, cause: str, candidates: list[Known]) -> None:
        """Emit the difference between a verdict and what stands.

        Args:
            candidates: facts a rescission may cite; none where the cause is a tick or an act.
        """
        to_blame: dict[str, Blame] = {}
        if candidates and wrong_cards(self.state, verdict):
            to_blame = blamed(
                self.state, candidates, lambda facts: self._judge(facts, verdict.now_us)
            )
        differs = Difference(self.state, verdict, self.pack, self.calendar, cause)
        for data, id_ in differs.findings(to_blame):
            self._emit(data, id_, cause, verdict.now_us)
        due_us = verdict.next_due_us
        if due_us in self.state.ticks:
            due_us = next_due(verdict.clocks, self.state.ticks)
        grace_us = self.pack.report_grace_us
        self.state.next_tick_us = None if due_us is None else due_us + grace_us + 1

    def _look_at_time(self, now_us: int) -> None:
        """Name a fact whose time lies after its recording by more than the pack tolerates."""
        record = self.record
        if record.type not in CASE_TYPES or record.recordedtime is None:
            return
        if micros(record.time) <= micros(record.recordedtime) + self.pack.future_tolerance_us:
            return
        known = next(k for k in self.state.facts if (k.source, k.id) == (record.source, record.id))
        finding = anomaly(self.state, None, Disorder("future-time", None, (known,)), record.name)
        if finding is not None:
            self._emit(*finding, record.name, now_us)

    def _emit(self, data: Fact, id_: str, cause: str, judged_us: int) -> None:
        """Append a finding and take it in (`Difference` notes limits and settlements itself)."""
        finding = Record(
            type=data.TYPE,
            source=SUPERVISION_SOURCE,
            id=id_,
            subject=self.state.subject,
            time=instant(judged_us, self.zone),
            timeline=self.state.timeline,
            causationid=cause,
            data=data,
            recordedtime=own_recording(self.state.timeline, judged_us),
        )
        self.records.append(finding)
        if not isinstance(data, LimitsSet | CaseSettled):
            collect(self.state, finding, self.order, 0)
