"""Why this card: a verdict unfolded into intervals that add up to the time the card states.

The case is stepped again from its first record to the very step that issued the card, so that the
statement rests on what was known then and on nothing that came later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from ledger.case import Known
from ledger.fact import Limit
from ledger.findings import CardIssued
from ledger.record import AnyRecord, micros
from processors.supervision.clock import WORKING_UNITS, StopSpan
from processors.supervision.judge import ClockVerdict, Due, judge
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import cut_over, step

IntervalKind = Literal["counted", "stopped", "not_working"]


class Interval(NamedTuple):
    """A span of the clock.

    Attributes:
        counted_us: what it adds to the time used; 0 for stopped and not working spans.
        running_us: the time used up to its end.
        record: the fact that set the clock to what it does here.
    """

    kind: IntervalKind
    start_us: int
    end_us: int
    counted_us: int
    running_us: int
    record: Known


class LimitLine(NamedTuple):
    """One limit of the clock: granted as a span or declared as an instant.

    Attributes:
        granted_us: counted time from the opening to the last moment in time.
        effective_us: that moment.
    """

    limit: str
    granted: Limit | None
    granted_us: int | None
    due_us: int | None
    effective_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The statement of intervals of one card.

    Attributes:
        judged_us: instant of the judgement; `until_us` is where the clock was read.
        unit: unit of the limit; working units are measured in working time.
        standard_day_us: what one working day converts to.
        reproduced: stepping the case again gave this very card; False means that another version of
            rules or calendar issued it, and the intervals are those of the versions in force now.
    """

    card: CardIssued
    judged_us: int
    opened_us: int
    until_us: int
    unit: str
    standard_day_us: int
    intervals: tuple[Interval, ...]
    used_us: int
    stopped_us: int
    overdue_us: int
    limits: tuple[LimitLine, ...]
    reproduced: bool


def explain_card(
    records: Sequence[tuple[int, AnyRecord]], card_id: str, policy: Policy
) -> Statement | None:
    """Return the statement of a card; None if the case never had it.

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
                return _statement(issued or made.data, known, policy, reproduced=same)
    if issued is None or state is None:
        return None
    return _statement(issued, _known_then(state, issued), policy, reproduced=False)


def _known_then(state: CaseState, card: CardIssued) -> CaseState:
    then_us = micros(card.detected_at)
    known = state.copy()
    known.facts = [fact for fact in state.facts if fact.recorded_us <= then_us]
    return known


def _statement(
    card: CardIssued, state: CaseState, policy: Policy, *, reproduced: bool
) -> Statement | None:
    judged_us = micros(card.detected_at)
    pack = policy.pack_for(state.timeline)
    calendar = policy.calendar_for(pack)
    verdict = judge(state.facts, pack, calendar, judged_us, cut_over(state))
    clock = next((c for c in verdict.clocks if (c.part, c.cycle) == (card.part, card.cycle)), None)
    if clock is None:
        return None
    limit_name = next(
        (t.limit for t in pack.thresholds if (t.rule, t.level) == (card.rule, card.level)),
        "promised",
    )
    due = next((each for each in clock.dues if each.limit.name == limit_name), clock.dues[0])
    until_us = judged_us if clock.closed_us is None else clock.closed_us
    unit = due.limit.unit
    used_us, stopped_us = clock.clock.used(unit, until_us)
    return Statement(
        card=card,
        judged_us=judged_us,
        opened_us=clock.opened_us,
        until_us=until_us,
        unit=unit,
        standard_day_us=calendar.standard_day_us,
        intervals=tuple(intervals_of(clock, unit, until_us)),
        used_us=used_us,
        stopped_us=stopped_us,
        overdue_us=clock.clock.overdue(unit, due.effective_us, until_us),
        limits=tuple(_limit_line(clock, each) for each in clock.dues),
        reproduced=reproduced,
    )


def _limit_line(clock: ClockVerdict, due: Due) -> LimitLine:
    granted_us = None
    if due.effective_us is not None:
        granted_us, _ = clock.clock.used(due.limit.unit, due.effective_us)
    return LimitLine(due.limit.name, due.limit.granted, granted_us, due.due_us, due.effective_us)


def intervals_of(clock: ClockVerdict, unit: str, until_us: int) -> list[Interval]:
    """Return the intervals of a clock from its opening to an instant, in order and without gaps."""
    if until_us <= clock.opened_us:
        return []
    working = (
        clock.clock.calendar.segments(clock.opened_us, until_us)
        if unit in WORKING_UNITS
        else [(clock.opened_us, until_us)]
    )
    edges = {clock.opened_us, until_us}
    governing = _governing(clock, until_us)
    edges.update(at for at, _, _ in governing)
    for start, end in working:
        edges.update((start, end))
    ordered = sorted(edge for edge in edges if clock.opened_us <= edge <= until_us)
    intervals: list[Interval] = []
    running = 0
    for start, end in pairwise(ordered):
        stopped, record = _in_force(governing, start)
        at_work = any(first <= start < last for first, last in working)
        kind: IntervalKind = "not_working" if not at_work else "stopped" if stopped else "counted"
        counted = end - start if kind == "counted" else 0
        running += counted
        last = intervals[-1] if intervals else None
        if last is not None and last.kind == kind and last.record is record:
            intervals[-1] = last._replace(
                end_us=end, counted_us=last.counted_us + counted, running_us=running
            )
        else:
            intervals.append(Interval(kind, start, end, counted, running, record))
    return intervals


def _governing(clock: ClockVerdict, until_us: int) -> list[tuple[int, bool, Known]]:
    """Return (from, stopped, record): which fact sets the clock to what, in order of time."""
    cycle = clock.facts
    changes: list[tuple[int, bool, Known]] = [(clock.opened_us, False, cycle.opener)]
    spans = [move for move in clock.clock.moves if isinstance(move, StopSpan)]
    stops = sorted(cycle.stops, key=lambda stop: stop.start.time_us)
    covered = clock.opened_us
    for stop, span in zip(stops, spans, strict=True):
        end = until_us if span.end_us is None else min(span.end_us, until_us)
        if end <= covered:
            continue
        start = max(span.start_us, covered)
        changes.append((start, True, stop.start))
        resume = stop.resume
        resumed = resume is not None and resume.time_us == span.end_us
        changes.append((end, False, resume if resumed and resume is not None else stop.start))
        covered = end
    return changes


def _in_force(changes: Sequence[tuple[int, bool, Known]], at_us: int) -> tuple[bool, Known]:
    stopped, record = changes[0][1], changes[0][2]
    for start, is_stopped, by in changes:
        if start <= at_us:
            stopped, record = is_stopped, by
    return stopped, record
