"""One step: `step(state, record, order, policy) -> (state, records)`, the only way a case moves.

A record first lets the ticks happen that it has overtaken, each judged on what was known before;
then it is added and the difference between what should stand and what stands is emitted. So late,
repeated, reordered, amended and orphan facts need no path of their own, and a tick may be written
at any later moment.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.case import Disorder, Known
from ledger.case_events import CaseReleased
from ledger.errors import HallError
from ledger.events import CARD_TYPES, JUDGED_TYPES
from ledger.fact import Fact
from ledger.findings import CaseSettled, CaseUnjudged, LimitsSet
from ledger.identifiers import finding_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached
from processors.supervision.blame import Blame, blamed, wrong_cards
from processors.supervision.collect import collect, known_fact, law_for
from processors.supervision.difference import Difference, anomaly
from processors.supervision.findings_of import calendar_zone
from processors.supervision.judge import Verdict, judge, next_due
from processors.supervision.policy import EVIDENCE, Policy
from processors.supervision.quiet import QUIET, changes_nothing
from processors.supervision.state import CaseState
from processors.supervision.ticks import REPLAN, next_tick, own_recording

_NOTED = frozenset({LimitsSet, CaseSettled})
"""Findings that `Difference` notes in the state itself."""


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
    if type(record.data) in QUIET and not _overtakes(record, before, order, policy):
        laws = policy.laws_of(before)
        law = laws.of_case(before.facts)
        known = known_fact(record, order, law.pack.future_tolerance_us)
        if changes_nothing(before, record, known, law if before.facts else laws.of(known)):
            return Stepped(before.with_fact(known), [])
    return judged_step(before, record, order, policy)


def judged_step(before: CaseState, record: AnyRecord, order: int, policy: Policy) -> Stepped:
    """Do what `step` does without its short cut; the two give the same, which a test shows."""
    work = _Step(before, record, order, policy)
    try:
        work.run()
    except Exception:  # noqa: BLE001 - a rule that fails suspends its case and no other
        work = _Step(before, record, order, policy, holds=True)
        try:
            work.run()
        except Exception as error:  # noqa: BLE001 - the same again, with what stood before it held
            work.suspend(error)
    return Stepped(work.state, work.records)


def _is_news(state: CaseState, record: AnyRecord) -> bool:
    """Findings are taken in as they are emitted, so reading one back changes nothing."""
    data = record.data
    if isinstance(data, ClockReached):
        seen = state.replans if data.what == REPLAN else state.ticks
        return micros(data.due_at) not in seen
    if record.type in JUDGED_TYPES or record.type in CARD_TYPES:
        return not state.knows(record.source, record.id)
    return False


def _overtakes(record: AnyRecord, state: CaseState, order: int, policy: Policy) -> bool:
    """Whether a record comes after an instant at which a new calendar plans its case anew."""
    replan_us = policy.next_replan(state, order)
    return replan_us is not None and replan_us <= micros(record.recordedtime or record.time)


def cut_over(state: CaseState) -> int | None:
    """Return the instant an evidence-only case came in; nothing reached before it gives a card."""
    if state.timeline is None or not state.timeline.startswith(EVIDENCE) or not state.facts:
        return None
    return min(known.recorded_us for known in state.facts)


class _Step:
    """The working copy of one step.

    Args of the constructor:
        holds: keep what stood before each judgement, so that one that fails can be undone. Hardly
            any fails, and the copies cost a tenth of a step: so it is done when one has.
    """

    def __init__(
        self,
        before: CaseState,
        record: AnyRecord,
        order: int,
        policy: Policy,
        *,
        holds: bool = False,
    ) -> None:
        self.state = before.copy()
        self._holds = holds
        self.record = record
        self.cause = record.name
        self.order = order
        self.policy = policy
        self._take_laws()
        self.records: list[AnyRecord] = []
        self._hold(self.cause)

    def run(self) -> None:
        """Catch up the overtaken ticks, add the record, judge, and emit the difference."""
        state, record, data = self.state, self.record, self.record.data
        tick = data if isinstance(data, ClockReached) else None
        recorded = record.time if tick else record.recordedtime or record.time
        now_us = max(state.now_us, micros(recorded))
        self._catch_up(now_us)
        self._hold(self.cause)
        collect(state, record, self.order, self.law.pack.future_tolerance_us)
        if tick is not None and tick.what == REPLAN:
            self._take_laws()
        self._look_at_time(now_us)
        since = self.order if state.suspended_from is None else state.suspended_from
        if state.suspended_from is not None and not isinstance(data, CaseReleased):
            return
        state.suspended_from = None
        if state.facts:
            self._apply(self._judge(state.facts, now_us), self.cause, since)

    def _hold(self, cause: str) -> None:
        """Note what stands if what `cause` leads to cannot be judged."""
        if self._holds:
            self._held = (self.state.copy(), len(self.records), cause)

    def suspend(self, error: Exception) -> None:
        """Add the record and stop judging this case until an operator releases it.

        What earlier overtaken ticks led to stands; what the failing judgement found is dropped.
        """
        self.state, kept, cause = self._held
        del self.records[kept:]
        at_tick = cause != self.cause
        if at_tick:
            self._unjudged(error, cause)
        collect(self.state, self.record, self.order, self.law.pack.future_tolerance_us)
        if not at_tick and (not self.state.suspended or isinstance(self.record.data, CaseReleased)):
            self._unjudged(error, cause)
        self.state.next_tick_us = None

    def _unjudged(self, error: Exception, cause: str) -> None:
        code = error.code if isinstance(error, HallError) else type(error).__name__
        subject = self.state.subject
        id_ = finding_id(CaseUnjudged.TYPE, subject, None, None, None, None, None, cause)
        self._emit(CaseUnjudged(error=code), id_, cause, self.state.now_us)

    def _take_laws(self) -> None:
        """Look up what governs the case as it stands."""
        self.laws = self.policy.laws_of(self.state)
        self.law = law_for(self.laws, self.state, self.record, self.order)
        self.zone = calendar_zone(self.law.calendar)

    def _catch_up(self, now_us: int) -> None:
        """Emit each tick that `now` has passed, judged at its instant on the facts known before.

        A case that is suspended is only noted to be planned anew.
        """
        state = self.state
        while (tick := next_tick(state, self.policy, self.order, now_us)) is not None:
            if tick.id == self.record.id:
                return
            self.records.append(tick)
            collect(state, tick, self.order, 0)
            if tick.data.what == REPLAN:
                self._take_laws()
            if state.suspended:
                continue
            state.next_tick_us = None
            self._hold(tick.name)
            self._apply(self._judge(state.facts, micros(tick.time)), tick.name, None)

    def _judge(self, facts: Sequence[Known], now_us: int) -> Verdict:
        cut_over_us = cut_over(self.state)
        return judge(facts, self.laws, now_us, cut_over_us)

    def _apply(self, verdict: Verdict, cause: str, since: int | None) -> None:
        """Emit the difference between a verdict and what stands.

        Args:
            since: order from which on a rescission may cite facts; None where time is the cause.
        """
        to_blame: dict[str, Blame] = {}
        if since is not None and wrong_cards(self.state, verdict):
            late = [known for known in self.state.facts if known.order >= since]
            candidates = sorted(late, key=lambda known: known.order)
            if candidates:
                to_blame = blamed(
                    self.state, candidates, lambda facts: self._judge(facts, verdict.now_us)
                )
        differs = Difference(self.state, verdict, cause, tells_limits=self.policy.tells_limits)
        for data, id_ in differs.findings(to_blame):
            self._emit(data, id_, cause, verdict.now_us)
        due_us = verdict.next_due_us
        if due_us in self.state.ticks:
            due_us = next_due(verdict, self.state.ticks)
        grace_us = verdict.law.pack.report_grace_us
        self.state.next_tick_us = None if due_us is None else due_us + grace_us + 1

    def _look_at_time(self, now_us: int) -> None:
        """Name a fact whose time lies after its recording by more than the pack tolerates."""
        record = self.record
        if record.type not in JUDGED_TYPES or record.recordedtime is None:
            return
        if record.time <= record.recordedtime:
            return
        if micros(record.time) <= micros(record.recordedtime) + self.law.pack.future_tolerance_us:
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
        if type(data) not in _NOTED:
            collect(self.state, finding, self.order, 0)
