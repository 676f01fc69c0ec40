"""What holds a clock, or seems to: special procedures that stop it and those that do not (停表).

It stands apart because a procedure that did not stop the clock needs its reason told as much as one
that did; `clocks/handling.py` only knows those that count.
"""

from collections.abc import Iterator
from functools import reduce
from typing import Literal, NamedTuple

from ledger.case import Known, Stop
from ledger.case_events import ClockStopped
from ledger.fact import Limit
from ledger.legal_basis import LegalBasis
from processors.supervision.clock import Extension, StopSpan, span_later
from processors.supervision.clocks.handling import stop_spans
from processors.supervision.limits import GrantedLimit
from processors.supervision.pack import Pack
from processors.supervision.verdict import ClockVerdict

IntervalKind = Literal["counted", "stopped", "excluded", "not_working"]

STOP_BASIS = str(LegalBasis(instrument="行政许可法", article=45))
HELD = ("handling", "stage")
"""Kinds of clock that stops hold."""


class Hold(NamedTuple):
    """A span in which something other than ordinary counting governs a clock.

    Attributes:
        kind: `stopped` where the clock stands still, `counted` where it runs all the same.
        days: the most working days it takes out of a count of days; None for no such cap.
    """

    kind: IntervalKind
    reason: str
    start_us: int
    end_us: int
    record: Known
    basis: str
    days: int | None = None


def holds_of(clock: ClockVerdict, until_us: int) -> list[Hold]:
    """Return the special procedures of a clock, whether they stop it or not, by their start."""
    cycle, law = clock.facts, clock.law
    if clock.kind not in HELD or cycle is None:
        return []
    closed_us = None if cycle.closer is None else cycle.closer.time_us
    stops = sorted(cycle.stops, key=lambda stop: stop.start.time_us)
    holds: list[Hold] = []
    for stop, move in zip(stops, stop_spans(stops, law, closed_us), strict=True):
        assert isinstance(move, StopSpan)
        holds += _holds(stop, move, law.pack, until_us)
    return [hold for hold in holds if clock.opened_us < hold.end_us and hold.start_us < until_us]


def _holds(stop: Stop, span: StopSpan, pack: Pack, until_us: int) -> Iterator[Hold]:
    """Yield a stop, and the time after the length applied for in which it went on uncounted."""
    start = stop.start
    end_us = until_us if span.end_us is None else min(span.end_us, until_us)
    not_counted = why_not_counted(start.fact, pack)
    if not_counted is not None:
        on = pack.rules.get(not_counted)
        law = STOP_BASIS if on is None else on.basis
        yield Hold("counted", not_counted, start.time_us, end_us, start, law)
        return
    yield Hold("stopped", "stop", start.time_us, end_us, start, STOP_BASIS, span.days)
    gone_on_us = until_us if stop.resume is None else min(stop.resume.time_us, until_us)
    if end_us < gone_on_us:
        thresholds = pack.by_rule.get("special-procedure-limit", ())
        law = thresholds[-1].basis if thresholds else STOP_BASIS
        yield Hold("counted", "stop-beyond-applied", end_us, gone_on_us, start, law)


def why_not_counted(fact: object, pack: Pack) -> str | None:
    """Return the rule by which a special procedure does not stop the clock; None if it does."""
    assert isinstance(fact, ClockStopped)
    kinds, notice_required = pack.stops
    if kinds is not None and fact.procedure not in kinds:
        return "stop-not-listed"
    return "stop-without-notice" if notice_required and fact.notice_at is None else None


def rolled_from_us(clock: ClockVerdict, limit: GrantedLimit, effective_us: int | None) -> int:
    """Return where a limit in natural days or months would end if it did not roll over days off.

    Source: 民法典 art. 203. It is `effective_us` where nothing rolls.
    """
    span, case_clock = limit.granted, clock.clock
    if effective_us is None or span is None or span.unit not in ("natural_day", "month"):
        return effective_us or 0
    _, credit = case_clock.used(span.unit, effective_us)
    longer = [
        move.by
        for move in case_clock.moves
        if isinstance(move, Extension) and move.at_us <= effective_us
    ]

    def later(from_us: int, by: Limit) -> int:
        return span_later(case_clock.calendar, case_clock.counting, from_us, by)

    end_us = reduce(later, longer, later(clock.opened_us, span) + credit)
    return min(end_us, effective_us)
