"""Why this card, and how each clock of a case stands: verdicts unfolded into intervals that add up.

For a card the case is stepped again from its first record to the very step that issued it, so that
the statement rests on what was known then and on nothing that came later. For a case its clocks are
read at one instant, on what had happened by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.case import Known
from ledger.fact import Limit
from ledger.findings import CardIssued, Level
from ledger.record import AnyRecord, micros
from processors.supervision.clock_notes import Note, notes_of
from processors.supervision.collect import collect, law_for
from processors.supervision.intervals import Interval, Measure, intervals_of, measure_of
from processors.supervision.judge import judge
from processors.supervision.origins import RULE_OF, Origin, origin_of
from processors.supervision.policy import Policy, lives_on_import_time
from processors.supervision.rules import RULES
from processors.supervision.state import CaseState
from processors.supervision.step import cut_over, step
from processors.supervision.verdict import ClockVerdict, Due, Mark


class LimitLine(NamedTuple):
    """One limit of the clock: granted as a span or declared as an instant.

    Attributes:
        granted_us: counted time from the opening to the last moment in time.
        effective_us: that moment.
        measure: what the time used against it is measured in.
        budget: what the running sum is at that moment, in the unit of the sum; None while an open
            stop hides it, and for a limit of another measure than the statement's.
    """

    limit: str
    granted: Limit | None
    granted_us: int | None
    due_us: int | None
    effective_us: int | None
    origin: Origin
    measure: Measure
    budget: int | None


class ThresholdLine(NamedTuple):
    """One level that the clock's rule knows, and whether it was reached.

    Attributes:
        possible: False where it can give no card: it was reached at the opening.
    """

    level: Level
    limit: str
    offset: int
    effective_us: int | None
    crossed: bool
    possible: bool
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The statement of intervals of one clock, against the limits of one measure.

    Attributes:
        card: the card it explains; None for a clock as it stands.
        judged_us: instant of the judgement; `until_us` is where the clock was read.
        rule: that watches the clock.
        limit: the limit that `overdue` is about.
        unit: unit of that limit; working units are measured in working time.
        measure: what the running sum is in.
        standard_day_us: what one working day converts to.
        used, overdue: in the unit of the sum: µs, or working days.
        used_us, stopped_us, overdue_us: as a card states them, always in time.
        stopped: a stop that counts has no resumption yet.
        reproduced: stepping the case again gave this very card; False means that another version of
            rules or calendar issued it, and the intervals are those of the versions in force now.
    """

    card: CardIssued | None
    clock: ClockVerdict
    judged_us: int
    opened_us: int
    until_us: int
    rule: str
    limit: str
    unit: str
    measure: Measure
    standard_day_us: int
    intervals: tuple[Interval, ...]
    notes: tuple[Note, ...]
    used: int
    overdue: int
    used_us: int
    stopped_us: int
    overdue_us: int
    limits: tuple[LimitLine, ...]
    thresholds: tuple[ThresholdLine, ...]
    reproduced: bool = True

    @property
    def stopped(self) -> bool:
        """Whether a stop holds the clock at the instant it is read."""
        return self.clock.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Breached:
    """Why a card stands whose rule watches no clock: the law, the rule's meaning and the facts.

    Attributes:
        evidence: the facts that show it, in order of time.
        reproduced: as of a statement.
    """

    card: CardIssued
    meaning: str
    meaning_en: str
    evidence: tuple[Known, ...]
    reproduced: bool


def explain_card(
    records: Sequence[tuple[int, AnyRecord]], card_id: str, policy: Policy
) -> Statement | Breached | None:
    """Return why a card stands; None if the case never had it.

    Args:
        records: (offset, record) of everything of the case, in log order.
        card_id: the card.
        policy: the packs and calendars in force.
    """
    issued = next(
        (
            r.data
            for _, r in records
            if isinstance(r.data, CardIssued) and r.data.card_id == card_id
        ),
        None,
    )
    state: CaseState | None = None
    for order, record in records:
        before = state
        stepped = step(before, record, order, policy)
        state = stepped.state
        for made in stepped.records:
            if isinstance(made.data, CardIssued) and made.data.card_id == card_id:
                overtaken = made.causationid != record.name
                known = before if overtaken and before is not None else state
                same = issued is None or issued == made.data
                return _of_card(issued or made.data, known, policy, reproduced=same)
    if issued is None or state is None:
        return None
    return _of_card(issued, _known_then(state, issued), policy, reproduced=False)


def explain_case(
    records: Sequence[tuple[int, AnyRecord]], policy: Policy, at_us: int
) -> list[Statement]:
    """Return the statement of every clock of a case, the nearest limit first, closed clocks last.

    A clock with limits of more than one measure (office hours and natural days, say) has one for
    each. A case that lives on the time of its import is read at that time's end at the latest.

    Args:
        records: (offset, record) of everything of the case, in log order.
        policy: the packs and calendars in force.
        at_us: the instant at which clocks are read; what happened later is left out.

    Raises:
        HallError: the case cannot be judged.
    """
    state = _as_of(records, policy, at_us)
    if not state.facts:
        return []
    if lives_on_import_time(state.timeline):
        at_us = min(at_us, state.now_us)
    verdict = judge(state.facts, policy.laws_of(state), at_us, cut_over(state))
    ordered = sorted(verdict.clocks, key=_nearness)
    return [
        _statement(clock, limits, at_us)
        for clock in ordered
        for limits in _by_measure(clock).values()
    ]


def _as_of(records: Sequence[tuple[int, AnyRecord]], policy: Policy, at_us: int) -> CaseState:
    """Return what is known of a case, without what happened after an instant."""
    first = records[0][1] if records else None
    state = CaseState(
        "" if first is None else first.subject, None if first is None else first.timeline
    )
    for order, record in records:
        laws = policy.laws(state.timeline)
        tolerance_us = law_for(laws, state, record, order).pack.future_tolerance_us
        collect(state, record, order, tolerance_us)
    state.facts = [fact for fact in state.facts if fact.time_us <= at_us]
    state.replans = [due_us for due_us in state.replans if due_us <= at_us]
    return state


def _nearness(clock: ClockVerdict) -> tuple[bool, int, int]:
    ends = [due.effective_us for due in clock.dues if due.effective_us is not None]
    return clock.closed_us is not None, min(ends, default=2**62), clock.opened_us


def _by_measure(clock: ClockVerdict) -> dict[Measure, list[Due]]:
    """Return the limits of a clock by what the time used against them is measured in."""
    found: dict[Measure, list[Due]] = {}
    for due in clock.dues:
        found.setdefault(measure_of(clock.clock, due.limit), []).append(due)
    return found


def _known_then(state: CaseState, card: CardIssued) -> CaseState:
    then_us = micros(card.detected_at)
    known = state.copy()
    known.facts = [fact for fact in state.facts if fact.recorded_us <= then_us]
    return known


def _of_card(
    card: CardIssued, state: CaseState, policy: Policy, *, reproduced: bool
) -> Statement | Breached | None:
    if card.clock is None:
        return _breached(card, state, reproduced=reproduced)
    judged_us = micros(card.detected_at)
    verdict = judge(state.facts, policy.laws_of(state), judged_us, cut_over(state))
    about = (card.part, card.clock, card.cycle)
    clock = next((c for c in verdict.clocks if (c.part, c.kind, c.cycle) == about), None)
    if clock is None:
        return None
    thresholds = clock.law.pack.by_rule.get(card.rule, ())
    name = next((t.limit for t in thresholds if t.level == card.level), "promised")
    due = next((each for each in clock.dues if each.limit.name == name), clock.dues[0])
    alike = _by_measure(clock)[measure_of(clock.clock, due.limit)]
    first = [due, *(each for each in alike if each is not due)]
    return _statement(clock, first, judged_us, card, reproduced=reproduced)


def _breached(card: CardIssued, state: CaseState, *, reproduced: bool) -> Breached:
    rule = RULES.get(card.rule)
    shown = {(each.source, each.id) for each in card.evidence}
    return Breached(
        card=card,
        meaning=card.rule if rule is None else rule.meaning,
        meaning_en=card.rule if rule is None else rule.meaning_en,
        evidence=tuple(known for known in state.facts if (known.source, known.id) in shown),
        reproduced=reproduced,
    )


def _statement(
    clock: ClockVerdict,
    dues: Sequence[Due],
    judged_us: int,
    card: CardIssued | None = None,
    *,
    reproduced: bool = True,
) -> Statement:
    """Return the statement of a clock against limits of one measure; a card is about the first."""
    until_us = judged_us if clock.closed_us is None else clock.closed_us
    due = dues[0] if card is not None else _running(dues, until_us)
    limits = [each.limit for each in dues]
    basis = origin_of(clock, due.limit).basis
    intervals = intervals_of(clock, limits, basis, until_us)
    measure, unit = measure_of(clock.clock, due.limit), due.limit.unit
    used_us, stopped_us = clock.clock.used(unit, until_us)
    overdue_us = clock.clock.overdue(unit, due.effective_us, until_us)
    used = intervals[-1].running if intervals else 0
    lines = tuple(_limit_line(clock, each, measure, basis) for each in clock.dues)
    overdue = overdue_us
    if measure == "working_days":
        own = next(line for line in lines if line.limit == due.limit.name)
        passed = due.effective_us is not None and due.effective_us < until_us
        overdue = used - own.budget if passed and own.budget is not None else 0
    return Statement(
        card=card,
        clock=clock,
        judged_us=judged_us,
        opened_us=clock.opened_us,
        until_us=until_us,
        rule=RULE_OF[clock.kind] if card is None else card.rule,
        limit=due.limit.name,
        unit=unit,
        measure=measure,
        standard_day_us=clock.law.calendar.standard_day_us,
        intervals=tuple(intervals),
        notes=tuple(notes_of(clock, until_us)),
        used=used,
        overdue=overdue,
        used_us=used_us,
        stopped_us=stopped_us,
        overdue_us=overdue_us,
        limits=lines,
        thresholds=tuple(_threshold_line(mark) for mark in clock.marks),
        reproduced=reproduced,
    )


def _running(dues: Sequence[Due], until_us: int) -> Due:
    """Return the first limit that has not passed, else the last one that has."""
    ordered = sorted(dues, key=lambda due: due.effective_us or 2**62)
    ahead = [due for due in ordered if due.effective_us is None or until_us <= due.effective_us]
    return ahead[0] if ahead else ordered[-1]


def _limit_line(clock: ClockVerdict, due: Due, measure: Measure, basis: str) -> LimitLine:
    granted_us = budget = None
    own = measure_of(clock.clock, due.limit)
    if due.effective_us is not None:
        granted_us, _ = clock.clock.used(due.limit.unit, due.effective_us)
        if own == measure:
            to_its_end = intervals_of(clock, [due.limit], basis, due.effective_us)
            budget = to_its_end[-1].running if to_its_end else 0
    return LimitLine(
        due.limit.name,
        due.limit.granted,
        granted_us,
        due.due_us,
        due.effective_us,
        origin_of(clock, due.limit),
        own,
        budget,
    )


def _threshold_line(mark: Mark) -> ThresholdLine:
    threshold = mark.threshold
    return ThresholdLine(
        threshold.level,
        threshold.limit,
        threshold.offset,
        mark.effective_us,
        mark.crossed,
        mark.possible,
        threshold.basis,
    )
