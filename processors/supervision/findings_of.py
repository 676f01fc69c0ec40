"""Turns a verdict into the data of findings, and findings back into the signatures a state keeps.

Instants become text with the offset of the calendar's zone here and nowhere earlier.
"""

from datetime import datetime, tzinfo
from itertools import repeat
from typing import NamedTuple

from ledger.case import Disorder, Known
from ledger.case_events import CaseCompleted, DecisionMade
from ledger.fact import Identity
from ledger.findings import (
    AnomalyFound,
    CardIssued,
    CaseSettled,
    DeemedAccepted,
    LimitsSet,
    LimitState,
    Responsible,
    SettledLimit,
    Snapshot,
    Threshold,
)
from ledger.record import instant, micros
from ledger.work_calendar import WorkCalendar
from processors.supervision.case_file import Breach
from processors.supervision.judge import Verdict
from processors.supervision.law import Law
from processors.supervision.pack import RuleInForce
from processors.supervision.state import HANDLING, signature
from processors.supervision.verdict import ClockVerdict, Due, Mark

ONCE_PER_CYCLE = frozenset({"event-after-completion", "handling-without-acceptance"})
"""Anomalies named once for a cycle, whatever comes to show them later."""

_OfLimit = tuple[int, int, int, bool]


class Figures(NamedTuple):
    """What a settlement says in numbers; computed once for its signature and its data.

    Attributes:
        of_limits: used, stopped and overdue time of each limit, and whether it was kept.
    """

    working_us: int
    of_limits: list[_OfLimit]


def limits_signature(verdict: ClockVerdict) -> int:
    """Return the signature of what `limits_set` would say, without building it."""
    promised, statutory, applied = _dues_us(verdict)
    effective = [mark.effective_us for mark in _told(verdict)]
    return signature(
        verdict.opened_us, verdict.hall, verdict.department, verdict.matter, promised, statutory,
        applied, _told_closed_us(verdict), effective, verdict.stopped, verdict.stop_ends_us(),
    )  # fmt: skip


def signature_of_limits(data: LimitsSet) -> int:
    """Return the signature of a `limits-set` finding read from the log."""
    effective = [micros(threshold.effective_at) for threshold in data.thresholds]
    return signature(
        _micros(data.opened_at), data.hall, data.department, data.matter,
        _micros(data.promised_due), _micros(data.statutory_due), _micros(data.applied_due),
        _micros(data.closed_at), effective, data.stopped, _micros(data.stop_until),
    )  # fmt: skip


def limits_set(verdict: ClockVerdict) -> LimitsSet:
    """Return the limits of a clock as they now are (时限核定)."""
    pack, calendar, _ = verdict.law
    zone = calendar_zone(calendar)
    promised, statutory, applied = _dues_us(verdict)
    dues = [due for due in (promised, statutory, applied) if due is not None]
    provisional = bool(dues) and calendar.provisional_from(verdict.opened_us, max(dues))
    return LimitsSet(
        part=verdict.part,
        clock=verdict.kind,
        cycle=verdict.cycle,
        opened_at=instant(verdict.opened_us, zone),
        hall=verdict.hall,
        department=verdict.department,
        matter=verdict.matter,
        promised_due=_instant(promised, zone),
        statutory_due=_instant(statutory, zone),
        applied_due=_instant(applied, zone),
        closed_at=_instant(_told_closed_us(verdict), zone),
        thresholds=tuple(_threshold(mark, zone) for mark in _told(verdict)),
        stopped=verdict.stopped,
        stop_until=_instant(verdict.stop_ends_us(), zone),
        provisional=provisional,
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=calendar.spec.version,
    )


def limits_withdrawn(part: str | None, kind: str, cycle: str, law: Law) -> LimitsSet:
    """Return that a clock whose limits were set does not exist."""
    return LimitsSet(
        part=part,
        clock=kind,
        cycle=cycle,
        withdrawn=True,
        pack=law.pack.name,
        pack_version=law.pack.version,
        calendar_version=law.calendar.spec.version,
    )


def deemed_accepted(part: str | None, receipt: Known, law: Law) -> DeemedAccepted:
    """Return that a case counts as accepted from the day of its receipt (视为受理)."""
    at = instant(receipt.time_us, calendar_zone(law.calendar))
    return DeemedAccepted(part=part, cycle=receipt.name, effective_at=at)


def card_issued(verdict: ClockVerdict, mark: Mark, card_id: str, judged_us: int) -> CardIssued:
    """Return the card of a crossed threshold, with the clock as it stands at the judged instant."""
    pack, calendar, _ = verdict.law
    zone = calendar_zone(calendar)
    due = next(due for due in verdict.dues if due.limit.name == mark.threshold.limit)
    until_us = judged_us if verdict.closed_us is None else verdict.closed_us
    used, stopped = verdict.clock.used(due.limit.unit, until_us)
    assert mark.effective_us is not None
    return CardIssued(
        card_id=card_id,
        level=mark.threshold.level,
        rule=mark.threshold.rule,
        clock=verdict.kind,
        cycle=verdict.cycle,
        part=verdict.part,
        effective_at=instant(mark.effective_us, zone),
        detected_at=instant(judged_us, zone),
        hall=verdict.hall,
        matter=verdict.matter,
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
        calendar_version=calendar.spec.version,
        evidence=verdict.evidence(),
        mode=mark.threshold.mode,
    )


def card_of_breach(verdict: Verdict, rule: RuleInForce, breach: Breach, card_id: str) -> CardIssued:
    """Return the card of a broken rule that the pack makes one; it has no clock."""
    pack, calendar, _ = verdict.law
    zone = calendar_zone(calendar)
    of_cycle = [clock for clock in verdict.clocks if clock.kind == HANDLING]
    clock = next((c for c in of_cycle if c.cycle == breach.cycle), next(iter(of_cycle), None))
    department = getattr(breach.evidence[-1].fact, "department", None)
    assert rule.level is not None
    return CardIssued(
        card_id=card_id,
        level=rule.level,
        rule=rule.name,
        cycle=breach.cycle,
        part=breach.part,
        effective_at=instant(breach.effective_us, zone),
        detected_at=instant(verdict.now_us, zone),
        hall=None if clock is None else clock.hall,
        matter=None if clock is None else clock.matter,
        responsible=clock.responsible() if clock else Responsible(department=department),
        snapshot=Snapshot(limits=(), used_us=0, stopped_us=0, overdue_us=0),
        basis=rule.basis,
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=calendar.spec.version,
        evidence=tuple(Identity(source=k.source, id=k.id) for k in breach.evidence),
        mode=rule.mode,
    )


def case_settled(verdict: ClockVerdict, figures: Figures) -> CaseSettled:
    """Return the settlement of a closed clock (办结核算)."""
    pack, calendar, _ = verdict.law
    zone = calendar_zone(calendar)
    closed_us = verdict.closed_us
    assert closed_us is not None
    return CaseSettled(
        cycle=verdict.cycle,
        part=verdict.part,
        outcome=_outcome(verdict),
        hall=verdict.hall,
        department=verdict.department,
        matter=verdict.matter,
        accepted_at=instant(verdict.opened_us, zone),
        completed_at=instant(closed_us, zone),
        working_us=figures.working_us,
        clocks=tuple(map(_settled, verdict.dues, figures.of_limits, repeat(zone))),
        pack=pack.name,
        pack_version=pack.version,
        calendar_version=calendar.spec.version,
    )


def settlement_signature(verdict: ClockVerdict, figures: Figures) -> int:
    """Return the signature of what `case_settled` would say, without building it."""
    clocks = [
        (due.limit.name, due.due_us, *of_limit)
        for due, of_limit in zip(verdict.dues, figures.of_limits, strict=True)
    ]
    return signature(
        _outcome(verdict), verdict.hall, verdict.department, verdict.matter, verdict.opened_us,
        verdict.closed_us, figures.working_us, clocks,
    )  # fmt: skip


def figures_of(verdict: ClockVerdict) -> Figures:
    """Return the figures of the settlement of a closed clock."""
    closed_us = verdict.closed_us
    assert closed_us is not None
    working_us, _ = verdict.clock.used("working_hour", closed_us)
    return Figures(working_us, [_figures(verdict, due, closed_us) for due in verdict.dues])


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
    return calendar.zone


def _outcome(verdict: ClockVerdict) -> str:
    assert verdict.facts is not None
    completion = verdict.facts.completion or verdict.facts.closer
    assert completion is not None
    assert isinstance(completion.fact, (CaseCompleted, DecisionMade))
    return completion.fact.outcome


def _settled(due: Due, of_limit: _OfLimit, zone: tzinfo) -> SettledLimit:
    used, stopped, overdue, on_time = of_limit
    return SettledLimit(
        clock=HANDLING,
        limit=due.limit.name,
        granted=due.limit.granted,
        due_at=_instant(due.due_us, zone),
        used_us=used,
        stopped_us=stopped,
        overdue_us=overdue,
        on_time=on_time,
    )


def _figures(verdict: ClockVerdict, due: Due, closed_us: int) -> _OfLimit:
    """Return used, stopped and overdue time of a limit, and whether it was kept."""
    unit, effective_us = due.limit.unit, due.effective_us
    used, stopped = verdict.clock.used(unit, closed_us)
    overdue = verdict.clock.overdue(unit, effective_us, closed_us)
    return used, stopped, overdue, effective_us is None or closed_us <= effective_us


def _told(verdict: ClockVerdict) -> list[Mark]:
    """Return the thresholds that have an instant and may give a card."""
    return [mark for mark in verdict.marks if mark.effective_us is not None and mark.possible]


def _told_closed_us(verdict: ClockVerdict) -> int | None:
    return None if verdict.kind == HANDLING else verdict.closed_us


def _threshold(mark: Mark, zone: tzinfo) -> Threshold:
    assert mark.effective_us is not None
    return Threshold(
        rule=mark.threshold.rule,
        level=mark.threshold.level,
        limit=mark.threshold.limit,
        effective_at=instant(mark.effective_us, zone),
    )


def _dues_us(verdict: ClockVerdict) -> tuple[int | None, int | None, int | None]:
    """Return the due instants of the promised, the statutory and the applied limit."""
    promised = statutory = applied = None
    for due in verdict.dues:
        name = due.limit.name
        if name == "promised":
            promised = due.due_us
        elif name == "statutory":
            statutory = due.due_us
        else:
            applied = due.due_us
    return promised, statutory, applied


def _instant(us: int | None, zone: tzinfo) -> datetime | None:
    return None if us is None else instant(us, zone)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)
