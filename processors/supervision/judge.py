"""The one definition of what should stand: `judge(history, policy, now) -> Verdict`.

Pure, one case, no memory. It is given the facts known so far and answers with the clocks, the
thresholds crossed, what does not fit, and when to look again. What follows for cards that stand is
`step.py`'s.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.case import Cycle, Disorder, Known, fold, with_amendments
from ledger.case_events import CaseAccepted, CaseExtended, ClockStopped
from ledger.fact import Identity
from ledger.findings import Responsible
from ledger.work_calendar import WorkCalendar
from processors.supervision.clock import (
    CaseClock,
    Extension,
    Move,
    Reach,
    StopSpan,
    stop_end,
)
from processors.supervision.limits import GrantedLimit, limits_of
from processors.supervision.policy import Pack, ThresholdRule

HANDLING = "handling"


class Mark(NamedTuple):
    """A threshold of a clock and the instant after which it is crossed.

    Attributes:
        effective_us: None while an open stop without a cap holds the clock.
        crossed: as the verdict's `now` and a closing fact show.
        issuable: False for a threshold before its limit that was reached at the opening, or whose
            clock is known to have closed, and before the cut-over.
        possible: False for a threshold that was reached at the opening and so never gives a card.
    """

    threshold: ThresholdRule
    effective_us: int | None
    crossed: bool
    issuable: bool
    possible: bool = True


class Due(NamedTuple):
    """One limit with the instant shown to people and the last moment in time."""

    limit: GrantedLimit
    due_us: int | None
    effective_us: int | None


@dataclass(slots=True)
class ClockVerdict:
    """The handling clock of one cycle of one part.

    Attributes:
        stopped: a stop has no resumption yet, whether or not its applied time has run out.
    """

    part: str | None
    cycle: str
    opened_us: int
    closed_us: int | None
    clock: CaseClock
    dues: list[Due]
    marks: list[Mark]
    stopped: bool
    facts: Cycle

    def stop_ends_us(self) -> int | None:
        """Return when the applied time of the open stops runs out; None if one has no cap."""
        if not self.stopped:
            return None
        running = {stop.start.time_us for stop in self.facts.stops if stop.resume is None}
        ends = [
            move.end_us
            for move in self.clock.moves
            if isinstance(move, StopSpan) and move.start_us in running
        ]
        capped = [end for end in ends if end is not None]
        return max(capped) if len(capped) == len(ends) else None

    @property
    def accepted(self) -> CaseAccepted:
        """The acceptance that opened the clock."""
        fact = self.facts.opener.fact
        assert isinstance(fact, CaseAccepted)
        return fact

    def responsible(self) -> Responsible:
        """Return who answers: the department of the acceptance, the clerk and stage of last."""
        clerk = self.accepted.clerk_ref
        stage = None
        transfer, last = self.facts.transfer, self.facts.stage
        if transfer is not None:
            clerk = getattr(transfer.fact, "to_clerk", None) or clerk
        if last is not None:
            stage = getattr(last.fact, "stage", None)
            if transfer is None or transfer.time_us <= last.time_us:
                clerk = getattr(last.fact, "clerk_ref", None) or clerk
        return Responsible(department=self.accepted.department, clerk_ref=clerk, stage=stage)

    def evidence(self) -> tuple[Identity, ...]:
        """Return the facts the clock rests on, in order of time."""
        known = [self.facts.opener, *self.facts.extensions]
        for stop in self.facts.stops:
            known.append(stop.start)
            if stop.resume is not None:
                known.append(stop.resume)
        if self.facts.closer is not None:
            known.append(self.facts.closer)
        return tuple(Identity(source=k.source, id=k.id) for k in sorted(known))


@dataclass(slots=True)
class Verdict:
    """What should stand at `now_us`, and the next instant that may change it without a fact.

    Attributes:
        next_due_us: `effective_us` of the next threshold; its tick's instant is that plus grace + 1
        µs.
    """

    now_us: int
    clocks: list[ClockVerdict]
    disorder: list[tuple[str | None, Disorder]]
    next_due_us: int | None


def judge(
    facts: Sequence[Known],
    pack: Pack,
    calendar: WorkCalendar,
    now_us: int,
    issue_from_us: int | None = None,
) -> Verdict:
    """Return the verdict on one case.

    Args:
        facts: everything known of the case, sorted, of any fact type of `hall.case.*`.
        pack, calendar: the versions that govern the case.
        now_us: the case's instant; facts decide it, never a clock.
        issue_from_us: cut-over of the case, beside that of the pack: thresholds reached before it
            give no card.
    """
    effective, unusable = with_amendments(facts, pack.future_tolerance_us)
    cut_over_us = max(issue_from_us or 0, pack.issue_from_us or 0)
    clocks: list[ClockVerdict] = []
    disorder: list[tuple[str | None, Disorder]] = [(None, each) for each in unusable]
    for part, of_part in _by_part(effective):
        view = fold(of_part, pack.closes)
        for cycle in view.cycles:
            clocks.append(_clock(part, cycle, pack, calendar, now_us, cut_over_us))
        for each in view.disorder:
            disorder.append((part, each))
    return Verdict(now_us, clocks, disorder, next_due(clocks))


def _by_part(facts: Sequence[Known]) -> list[tuple[str | None, Sequence[Known]]]:
    """Split a joint case into the shares of its departments; most cases have one."""
    if not facts:
        return []
    first = facts[0].fact.part  # type: ignore[attr-defined]
    for known in facts:
        if known.fact.part != first:  # type: ignore[attr-defined]
            break
    else:
        return [(first, facts)]
    parts = {known.fact.part for known in facts}  # type: ignore[attr-defined]
    ordered = sorted(parts, key=lambda part: (part is not None, part or ""))
    return [
        (part, [k for k in facts if k.fact.part == part])  # type: ignore[attr-defined]
        for part in ordered
    ]


def _clock(
    part: str | None,
    cycle: Cycle,
    pack: Pack,
    calendar: WorkCalendar,
    now_us: int,
    cut_over_us: int,
) -> ClockVerdict:
    opener = cycle.opener
    closed_us = None if cycle.closer is None else cycle.closer.time_us
    clock = CaseClock(
        calendar,
        opener.time_us,
        _moves(cycle, calendar, closed_us),
        pack.counting,
        pack.day_end == "midnight",
    )
    assert isinstance(opener.fact, CaseAccepted)
    limits = limits_of(opener.fact, pack)
    dues: list[Due] = []
    marks: list[Mark] = []
    shown_us = now_us - pack.report_grace_us if closed_us is None else closed_us
    for limit in limits:
        at_end = limit.reach(clock, 0)
        dues.append(Due(limit, at_end.due_us, at_end.effective_us))
        for threshold in pack.thresholds:
            if threshold.limit != limit.name:
                continue
            reach = limit.reach(clock, threshold.offset) if threshold.offset else at_end
            marks.append(_mark(threshold, reach, closed_us is not None, shown_us, cut_over_us))
    stops = cycle.stops
    stopped = bool(stops) and closed_us is None and any(stop.resume is None for stop in stops)
    return ClockVerdict(
        part, opener.name, opener.time_us, closed_us, clock, dues, marks, stopped, cycle
    )


def _mark(
    threshold: ThresholdRule, reach: Reach, closed: bool, shown_us: int, cut_over_us: int
) -> Mark:
    """Say whether a threshold is crossed: a closing fact shows it, or time beyond the grace.

    Args:
        shown_us: the closing instant, or `now` less the grace: what is known to have passed.
    """
    effective_us = reach.effective_us
    before_limit = threshold.offset < 0
    reached_at_opening = before_limit and reach.at_opening
    issuable = not reached_at_opening and not (before_limit and closed)
    if effective_us is None:
        return Mark(threshold, None, False, issuable, not reached_at_opening)
    crossed = shown_us > effective_us and not reached_at_opening
    issuable = issuable and effective_us >= cut_over_us
    return Mark(threshold, effective_us, crossed, issuable, not reached_at_opening)


def _moves(cycle: Cycle, calendar: WorkCalendar, closed_us: int | None) -> list[Move]:
    """Return stops and extensions in order of their start."""
    if not cycle.stops and not cycle.extensions:
        return []
    moves: list[Move] = []
    for start, resume in cycle.stops:
        fact = start.fact
        assert isinstance(fact, ClockStopped)
        end = stop_end(
            calendar,
            start.time_us,
            fact.applied,
            None if resume is None else resume.time_us,
            closed_us,
        )
        applied = fact.applied
        in_days = applied is not None and applied.unit in ("working_day", "natural_day")
        days = applied.amount if applied is not None and in_days else None
        moves.append(StopSpan(start.time_us, end, days))
    for known in cycle.extensions:
        assert isinstance(known.fact, CaseExtended)
        moves.append(Extension(known.time_us, known.fact.by))
    return sorted(moves, key=lambda move: move[0])


def next_due(clocks: Sequence[ClockVerdict], past: Container[int] = ()) -> int | None:
    """Return the next instant at which time alone may cross a threshold.

    Args:
        past: instants whose tick the case has had; it cannot happen again.
    """
    nearest: int | None = None
    for verdict in clocks:
        if verdict.closed_us is not None:
            continue
        for mark in verdict.marks:
            effective = mark.effective_us
            if effective is None or mark.crossed or not mark.issuable or effective in past:
                continue
            if nearest is None or effective < nearest:
                nearest = effective
    return nearest
