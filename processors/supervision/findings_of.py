"""Turns a verdict into the data of findings, and findings back into the signatures a state keeps.

Instants become text with the offset of the calendar's zone here and nowhere earlier.
"""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from ledger.case import Disorder
from ledger.case_events import CaseCompleted, DecisionMade
from ledger.fact import Identity
from ledger.findings import (
    AnomalyFound,
    CardIssued,
    CaseSettled,
    LimitsSet,
    LimitState,
    SettledLimit,
    Snapshot,
    Threshold,
)
from ledger.record import instant, micros
from ledger.work_calendar import WorkCalendar
from processors.supervision.judge import HANDLING, ClockVerdict, Due, Mark
from processors.supervision.policy import Pack
from processors.supervision.state import signature

ONCE_PER_CYCLE = frozenset({"event-after-completion", "handling-without-acceptance"})
"""Anomalies named once for a cycle, whatever comes to show them later."""


def limits_signature(verdict: ClockVerdict) -> int:
    """Return the signature of what `limits_set` would say, without building it."""
    accepted = verdict.accepted
    promised, statutory = (_due_us(verdict, name) for name in ("promised", "statutory"))
    effective = [mark.effective_us for mark in _told(verdict)]
    return signature(
        verdict.opened_us, accepted.hall, accepted.department, accepted.matter, promised, statutory,
        effective, verdict.stopped, verdict.stop_ends_us(),
    )  # fmt: skip


def signature_of_limits(data: LimitsSet) -> int:
    """Return the signature of a `limits-set` finding read from the log."""
    effective = [micros(threshold.effective_at) for threshold in data.thresholds]
    return signature(
        _micros(data.opened_at), data.hall, data.department, data.matter,
        _micros(data.promised_due), _micros(data.statutory_due), effective, data.stopped,
        _micros(data.stop_until),
    )  # fmt: skip


def limits_set(verdict: ClockVerdict, pack: Pack) -> LimitsSet:
    """Return the limits of a clock as they now are (时限核定)."""
    zone = calendar_zone(verdict.clock.calendar)
    accepted = verdict.accepted
    promised, statutory = (_due_us(verdict, name) for name in ("promised", "statutory"))
    last_us = max((due for due in (promised, statutory) if due is not None), default=None)
    calendar = verdict.clock.calendar
    provisional = last_us is not None and calendar.provisional_from(verdict.opened_us, last_us)
    return LimitsSet(
        part=verdict.part,
        clock=HANDLING,
        cycle=verdict.cycle,
        opened_at=instant(verdict.opened_us, zone),
        hall=accepted.hall,
        department=accepted.department,
        matter=accepted.matter,
        promised_due=_instant(promised, zone),
        statutory_due=_instant(statutory, zone),
        thresholds=tuple(_threshold(mark, zone) for mark in _told(verdict)),
        stopped=verdict.stopped,
        stop_until=_instant(verdict.stop_ends_us(), zone),
        provisional=provisional,
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=calendar.spec.version,
    )


def limits_withdrawn(part: str | None, cycle: str, pack: Pack, calendar: WorkCalendar) -> LimitsSet:
    """Return that a cycle whose limits were set does not exist."""
    return LimitsSet(
        part=part,
        clock=HANDLING,
        cycle=cycle,
        withdrawn=True,
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=calendar.spec.version,
    )


def card_issued(
    verdict: ClockVerdict, mark: Mark, card_id: str, judged_us: int, pack: Pack
) -> CardIssued:
    """Return the card of a crossed threshold, with the clock as it stands at the judged instant."""
    zone = calendar_zone(verdict.clock.calendar)
    due = next(due for due in verdict.dues if due.limit.name == mark.threshold.limit)
    until_us = judged_us if verdict.closed_us is None else verdict.closed_us
    used, stopped = verdict.clock.used(due.limit.unit, until_us)
    assert mark.effective_us is not None
    return CardIssued(
        card_id=card_id,
        level=mark.threshold.level,
        rule=mark.threshold.rule,
        clock=HANDLING,
        cycle=verdict.cycle,
        part=verdict.part,
        effective_at=instant(mark.effective_us, zone),
        detected_at=instant(judged_us, zone),
        hall=verdict.accepted.hall,
        matter=verdict.accepted.matter,
        responsible=verdict.responsible(),
        snapshot=Snapshot(
            limits=tuple(
                LimitState(
                    limit=each.limit.name,
                    granted=each.limit.granted,
                    due_at=_instant(each.due_us, zone),
                )
                for each in verdict.dues
            ),
            used_us=used,
            stopped_us=stopped,
            overdue_us=verdict.clock.overdue(due.limit.unit, due.effective_us, until_us),
        ),
        basis=mark.threshold.basis,
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=verdict.clock.calendar.spec.version,
        evidence=verdict.evidence(),
        mode=mark.threshold.mode,
    )


def case_settled(verdict: ClockVerdict, pack: Pack) -> CaseSettled:
    """Return the settlement of a closed clock (办结核算)."""
    zone = calendar_zone(verdict.clock.calendar)
    accepted, closed_us = verdict.accepted, verdict.closed_us
    assert closed_us is not None
    working_us, _ = verdict.clock.used("working_hour", closed_us)
    return CaseSettled(
        cycle=verdict.cycle,
        part=verdict.part,
        outcome=_outcome(verdict),
        hall=accepted.hall,
        department=accepted.department,
        matter=accepted.matter,
        accepted_at=instant(verdict.opened_us, zone),
        completed_at=instant(closed_us, zone),
        working_us=working_us,
        clocks=tuple(_settled(verdict, due, closed_us, zone) for due in verdict.dues),
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=verdict.clock.calendar.spec.version,
    )


def settled_signature(data: CaseSettled) -> int:
    """Return the signature of a settlement, made or read; versions and zone do not enter."""
    clocks = [
        (each.limit, _micros(each.due_at), each.used_us, each.stopped_us, each.overdue_us,
         each.on_time)
        for each in data.clocks
    ]  # fmt: skip
    return signature(
        data.outcome, data.hall, data.department, data.matter, micros(data.accepted_at),
        micros(data.completed_at), data.working_us, clocks,
    )  # fmt: skip


def anomaly_found(part: str | None, disorder: Disorder) -> AnomalyFound:
    """Return an anomaly for one thing that does not fit."""
    names = ", ".join(f"{known.fact.TYPE} {known.name}" for known in disorder.evidence)
    return AnomalyFound(
        rule=disorder.rule,
        detail=names,
        part=part,
        cycle=disorder.cycle,
        evidence=tuple(Identity(source=k.source, id=k.id) for k in disorder.evidence),
    )


def anomaly_signature(data: AnomalyFound) -> int:
    """Return what makes two anomalies the same: rule, part, cycle and, for most, the evidence."""
    evidence = () if data.rule in ONCE_PER_CYCLE else data.evidence
    return signature(data.rule, data.part, data.cycle, [(e.source, e.id) for e in evidence])


def calendar_zone(calendar: WorkCalendar) -> tzinfo:
    """Return the zone findings judged by a calendar are written in."""
    return ZoneInfo(calendar.spec.zone)


def _outcome(verdict: ClockVerdict) -> str:
    completion = verdict.facts.completion or verdict.facts.closer
    assert completion is not None
    assert isinstance(completion.fact, CaseCompleted | DecisionMade)
    return completion.fact.outcome


def _settled(verdict: ClockVerdict, due: Due, closed_us: int, zone: tzinfo) -> SettledLimit:
    used, stopped = verdict.clock.used(due.limit.unit, closed_us)
    return SettledLimit(
        clock=HANDLING,
        limit=due.limit.name,
        granted=due.limit.granted,
        due_at=_instant(due.due_us, zone),
        used_us=used,
        stopped_us=stopped,
        overdue_us=verdict.clock.overdue(due.limit.unit, due.effective_us, closed_us),
        on_time=due.effective_us is None or closed_us <= due.effective_us,
    )


def _told(verdict: ClockVerdict) -> list[Mark]:
    """Return the thresholds that have an instant and may give a card."""
    return [mark for mark in verdict.marks if mark.effective_us is not None and mark.possible]


def _threshold(mark: Mark, zone: tzinfo) -> Threshold:
    assert mark.effective_us is not None
    return Threshold(
        rule=mark.threshold.rule,
        level=mark.threshold.level,
        limit=mark.threshold.limit,
        effective_at=instant(mark.effective_us, zone),
    )


def _due_us(verdict: ClockVerdict, name: str) -> int | None:
    for due in verdict.dues:
        if due.limit.name == name:
            return due.due_us
    return None


def _instant(us: int | None, zone: tzinfo) -> datetime | None:
    return None if us is None else instant(us, zone)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
