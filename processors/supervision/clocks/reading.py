"""Reads a clock: its limits, its thresholds, and which of them are crossed."""

from collections.abc import Sequence
from typing import NamedTuple

from ledger.case import Cycle, Known
from ledger.fact import Fact
from processors.supervision.clock import CaseClock, Move, Reach
from processors.supervision.law import Law
from processors.supervision.limits import GrantedLimit
from processors.supervision.pack import ThresholdRule
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.verdict import ClockVerdict, Due, Mark


class Now(NamedTuple):
    """The instant a case is judged at.

    Attributes:
        cut_over_us: what was reached before it gives no card.
        grace_us: ordinary delivery delay of a source; of the case, so that its ticks agree.
    """

    now_us: int
    cut_over_us: int
    grace_us: int


def read_clock(
    rule: str,
    part: str | None,
    opener: Known,
    closer: Known | None,
    limits: Sequence[GrantedLimit],
    law: Law,
    now: Now,
    entry: Fact,
    *,
    moves: Sequence[Move] = (),
    facts: Cycle | None = None,
    stopped: bool = False,
    moved_by: tuple[Known, ...] = (),
    thresholds: Sequence[ThresholdRule] | None = None,
) -> ClockVerdict:
    """Return what is to be said of one clock.

    Args:
        rule: the time rule that watches it; its kind follows.
        closer: the fact that closes it; None while it runs.
        entry: the fact that says which hall, department and matter it is about.
        moves: stops and extensions in order of their start.
        facts: the cycle of handling that it belongs to.
        thresholds: those of the pack unless given.
    """
    pack = law.pack
    opened_us = opener.time_us
    closed_us = None if closer is None else closer.time_us
    clock = CaseClock(law.calendar, opened_us, moves, pack.counting, pack.day_end == "midnight")
    if thresholds is None:
        thresholds = pack.by_rule.get(rule, ())
    shown_us = now.now_us - now.grace_us if closed_us is None else closed_us
    cut_over_us = now.cut_over_us
    if pack.issue_from_us is not None and pack.issue_from_us > cut_over_us:
        cut_over_us = pack.issue_from_us
    dues: list[Due] = []
    marks: list[Mark] = []
    for limit in limits:
        at_end = limit.reach(clock, 0)
        dues.append(Due(limit, at_end.due_us, at_end.effective_us))
        for threshold in thresholds:
            if threshold.limit == limit.name:
                reach = limit.reach(clock, threshold.offset) if threshold.offset else at_end
                marks.append(_mark(threshold, reach, closed_us is not None, shown_us, cut_over_us))
    return ClockVerdict(
        TIME_RULES[rule].clock, part, opener, opener.name, opened_us, closer, closed_us, clock,
        dues, marks, law, entry, stopped, facts, moved_by,
    )  # fmt: skip


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
