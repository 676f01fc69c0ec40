"""The intervals of one clock (逐段计时): every moment since it opened, and what it was worth.

They abut from the opening to the instant at which the clock is read, so that nothing is counted or
left out without a line that says by which record, for which reason and on which basis.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple

from ledger.case import Known
from ledger.legal_basis import LegalBasis
from ledger.work_calendar import CalendarSpec, WorkCalendar
from processors.supervision.clock import WORKING_UNITS, CaseClock
from processors.supervision.holds import HELD, Hold, IntervalKind, holds_of, rolled_from_us
from processors.supervision.limits import GrantedLimit
from processors.supervision.verdict import ClockVerdict

Measure = Literal["working_time", "working_days", "wall_time"]
"""What the running sum of a clock is in: µs of office hours, whole working days, µs of any time."""

OPENING_DAY_BASIS = str(LegalBasis(instrument="民法典", article=201, paragraph=1))
ROLLED_BASIS = str(LegalBasis(instrument="民法典", article=203))

_ONE_DAY = timedelta(days=1)


class Interval(NamedTuple):
    """A span of a clock.

    Attributes:
        reason: why it is of its kind, a code that pages put into words.
        counted, running: what it adds to the sum, and the sum at its end; µs or working days.
        counted_us, running_us: the same in time, as a card states it; where days are counted it is
            the office hours outside stops, whether or not their day counts.
        record: the fact that set the clock to what it does here.
        basis: law, pack or calendar that says so.
        day: the calendar's name of the day, for a holiday or a make-up workday.
    """

    kind: IntervalKind
    reason: str
    start_us: int
    end_us: int
    counted: int
    running: int
    counted_us: int
    running_us: int
    record: Known
    basis: str
    day: str = ""


class _Piece(NamedTuple):
    """An interval before it is summed; `worth` is in the unit of the sum."""

    kind: IntervalKind
    reason: str
    start_us: int
    end_us: int
    worth: int
    record: Known
    basis: str
    day: str = ""


def measure_of(clock: CaseClock, limit: GrantedLimit) -> Measure:
    """Return what the time used against a limit is measured in."""
    span = limit.granted
    if limit.unit not in WORKING_UNITS:
        return "wall_time"
    by_days = clock.counting == "statutory_day" and not limit.later_dues
    if by_days and span is not None and span.unit == "working_day" and span.amount > 0:
        return "working_days"
    return "working_time"


def intervals_of(
    clock: ClockVerdict, limits: Sequence[GrantedLimit], basis: str, until_us: int
) -> list[Interval]:
    """Return the intervals of a clock from its opening to an instant, in order and without gaps.

    Args:
        limits: those whose time is told; all of one measure, the first gives unit and measure.
        basis: of what is counted as a matter of course.
        until_us: where the clock is read; nothing where that is not after the opening.
    """
    if until_us <= clock.opened_us:
        return []
    measure = measure_of(clock.clock, limits[0])
    if measure == "working_days":
        pieces = _by_days(clock, limits, basis, until_us)
    else:
        pieces = _by_time(clock, limits, basis, until_us, measure)
    return _summed(pieces, clock, limits[0].unit, _ends(clock, limits))


def _ends(clock: ClockVerdict, limits: Iterable[GrantedLimit]) -> set[int]:
    """Return the last moments of limits; a line never runs across one."""
    ends = (limit.reach(clock.clock, 0).effective_us for limit in limits)
    return {end_us for end_us in ends if end_us is not None}


# --- time -------------------------------------------------------------------------------------


def _by_time(
    clock: ClockVerdict,
    limits: Sequence[GrantedLimit],
    basis: str,
    until_us: int,
    measure: Measure,
) -> Iterator[_Piece]:
    """Yield the pieces of a clock that runs by the microsecond."""
    calendar = clock.law.calendar
    holds = holds_of(clock, until_us)
    ends = _ends(clock, limits)
    if measure == "wall_time":
        holds += _rolls(clock, limits, until_us)
        yield from _governed(clock, holds, basis, ends, clock.opened_us, until_us)
        return
    at_us = clock.opened_us
    for start_us, end_us in calendar.segments(clock.opened_us, until_us):
        yield from _idle(clock, holds, at_us, start_us)
        yield from _governed(clock, holds, basis, ends, start_us, end_us)
        at_us = end_us
    yield from _idle(clock, holds, at_us, until_us)


def _rolls(clock: ClockVerdict, limits: Iterable[GrantedLimit], until_us: int) -> Iterator[Hold]:
    for limit in limits:
        end_us = limit.reach(clock.clock, 0).effective_us
        from_us = rolled_from_us(clock, limit, end_us)
        if end_us is not None and from_us < min(end_us, until_us):
            last_us = min(end_us, until_us)
            yield Hold("counted", "rolled", from_us, last_us, clock.opener, ROLLED_BASIS)


def _governed(
    clock: ClockVerdict,
    holds: Sequence[Hold],
    basis: str,
    ends: Set[int],
    start_us: int,
    end_us: int,
) -> Iterator[_Piece]:
    """Yield a span in which time runs, cut where a limit ends or another fact begins to govern."""
    day, reason = _worked_day(clock, start_us, end_us)
    edges = {start_us, end_us, *ends}
    edges.update(edge for hold in holds for edge in (hold.start_us, hold.end_us))
    edges.update(at_us for at_us, _ in _records(clock))
    inside = sorted(edge for edge in edges if start_us <= edge <= end_us)
    for first, last in pairwise(inside):
        hold = _in_force(holds, first)
        if hold is None:
            record = _record_at(clock, first)
            yield _Piece("counted", reason, first, last, last - first, record, basis, day)
        else:
            worth = last - first if hold.kind == "counted" else 0
            yield _Piece(hold.kind, hold.reason, first, last, worth, hold.record, hold.basis, day)


def _in_force(holds: Iterable[Hold], at_us: int) -> Hold | None:
    """Return what governs an instant: a stop that counts before one that does not."""
    covering = [hold for hold in holds if hold.start_us <= at_us < hold.end_us]
    return min(covering, key=lambda hold: hold.kind != "stopped", default=None)


def _records(clock: ClockVerdict) -> list[tuple[int, Known]]:
    """Return the facts that let the clock run, with the instant of each."""
    found = [(clock.opened_us, clock.opener)]
    if clock.kind in HELD and clock.facts is not None:
        resumed = [stop.resume for stop in clock.facts.stops if stop.resume is not None]
        found += [(known.time_us, known) for known in resumed if known.time_us > clock.opened_us]
    return sorted(found)


def _record_at(clock: ClockVerdict, at_us: int) -> Known:
    return [known for since_us, known in _records(clock) if since_us <= at_us][-1]


def _idle(
    clock: ClockVerdict, holds: Sequence[Hold], start_us: int, end_us: int
) -> Iterator[_Piece]:
    """Yield the time between two spans of work: a lunch, a night, days off by their names."""
    calendar = clock.law.calendar
    if start_us >= end_us:
        return
    days = list(_days(calendar, start_us, end_us))
    off = [
        (_day_off(calendar.spec, day), at_us)
        for day, at_us, _ in days
        if not calendar.is_working_day(day)
    ]
    if off:
        starts = [
            (names, at_us)
            for n, (names, at_us) in enumerate(off)
            if off[n - 1][0] != names or not n
        ]
    else:
        at_noon = len(days) == 1 and _worked_before_and_after(
            calendar, days[0][0], start_us, end_us
        )
        starts = [(("lunch" if at_noon else "night", ""), start_us)]
    bounds = [start_us, *(at_us for _, at_us in starts[1:]), end_us]
    for (names, _), (first, last) in zip(starts, pairwise(bounds), strict=True):
        hold = _in_force(holds, first)
        record = _record_at(clock, first) if hold is None else hold.record
        yield _Piece("not_working", names[0], first, last, 0, record, _told_by(calendar), names[1])


def _worked_before_and_after(calendar: WorkCalendar, day: date, start_us: int, end_us: int) -> bool:
    """Whether a gap lies between the office hours of one day, which makes it a lunch break."""
    from_us = calendar.midnight_after(day - _ONE_DAY)
    until_us = calendar.midnight_after(day)
    return bool(calendar.segments(from_us, start_us) and calendar.segments(end_us, until_us))


# --- days -------------------------------------------------------------------------------------


def _by_days(
    clock: ClockVerdict, limits: Sequence[GrantedLimit], basis: str, until_us: int
) -> Iterator[_Piece]:
    """Yield the local days of a clock that counts whole working days, each worth one or nothing."""
    calendar = clock.law.calendar
    holds = holds_of(clock, until_us)
    first = calendar.local_day(clock.opened_us)
    taken = _taken(calendar, holds, first, clock.opened_us)
    ends = _ends(clock, limits)
    for day, start_us, end_us in _days(calendar, clock.opened_us, until_us):
        piece = _day(clock, holds, taken, basis, day, start_us, end_us)
        closes = [end for end in ends if start_us < end < end_us]
        if piece.worth and closes and closes[0] == calendar.close_of(day):
            yield piece._replace(end_us=closes[0])
            yield _Piece(
                "not_working", "night", closes[0], end_us, 0, piece.record, _told_by(calendar)
            )
        else:
            yield piece


def _day(
    clock: ClockVerdict,
    holds: Sequence[Hold],
    taken: dict[date, Hold],
    basis: str,
    day: date,
    start_us: int,
    end_us: int,
) -> _Piece:
    calendar = clock.law.calendar
    record = _record_at(clock, start_us)
    if not calendar.is_working_day(day):
        reason, name = _day_off(calendar.spec, day)
        return _Piece("not_working", reason, start_us, end_us, 0, record, _told_by(calendar), name)
    name, reason = _worked_day(clock, start_us, end_us)
    if day == calendar.local_day(clock.opened_us):
        law = OPENING_DAY_BASIS
        return _Piece("excluded", "opening-day", start_us, end_us, 0, clock.opener, law, name)
    if day in taken:
        hold = taken[day]
        return _Piece("excluded", "stop-day", start_us, end_us, 0, hold.record, hold.basis, name)
    touching = [
        hold
        for hold in holds
        if calendar.segments(max(hold.start_us, start_us), min(hold.end_us, end_us))
    ]
    beyond = next((hold for hold in touching if hold.kind == "stopped"), None)
    if beyond is not None:
        reason, record, basis = "stop-beyond-applied", beyond.record, beyond.basis
    elif touching:
        reason, record, basis = touching[0].reason, touching[0].record, touching[0].basis
    return _Piece("counted", reason, start_us, end_us, 1, record, basis, name)


def _taken(
    calendar: WorkCalendar, holds: Iterable[Hold], first: date, opened_us: int
) -> dict[date, Hold]:
    """Return the working days after the first that stops touch, each up to the days applied for."""
    taken: dict[date, Hold] = {}
    for hold in holds:
        if hold.kind != "stopped":
            continue
        own: set[date] = set()
        for start_us, _ in calendar.segments(max(hold.start_us, opened_us), hold.end_us):
            day = calendar.local_day(start_us)
            if day > first and (hold.days is None or day in own or len(own) < hold.days):
                own.add(day)
                taken.setdefault(day, hold)
    return taken


def _days(calendar: WorkCalendar, from_us: int, until_us: int) -> Iterator[tuple[date, int, int]]:
    """Yield (local day, from, until) between two instants."""
    at_us, day = from_us, calendar.local_day(from_us)
    while at_us < until_us:
        end_us = min(calendar.midnight_after(day), until_us)
        if end_us > at_us:
            yield day, at_us, end_us
            at_us = end_us
        day += _ONE_DAY


def _day_off(spec: CalendarSpec, day: date) -> tuple[str, str]:
    """Return why nobody works on a day off, and the calendar's name of it."""
    rule = spec.days.get(day)
    name = "" if rule is None else rule.name
    if rule is None and day.year not in spec.published_years:
        name = spec.expected_days.get(day) or spec.yearly_holidays.get((day.month, day.day)) or ""
    weekend = not name and day.weekday() not in spec.working_weekdays
    return ("weekend" if weekend else "holiday", name)


def _worked_day(clock: ClockVerdict, start_us: int, end_us: int) -> tuple[str, str]:
    """Return the calendar's name of a day that is worked, and the reason for which it counts."""
    calendar = clock.law.calendar
    day = calendar.local_day(start_us)
    if calendar.midnight_after(day) < end_us:
        return "", "running"
    rule = calendar.spec.days.get(day)
    if rule is None or not rule.working:
        return "", "running"
    moved = day.weekday() not in calendar.spec.working_weekdays
    return rule.name, "makeup-workday" if moved else "running"


def _told_by(calendar: WorkCalendar) -> str:
    return f"{calendar.spec.name} {calendar.spec.version}"


# --- sum --------------------------------------------------------------------------------------


def _summed(
    pieces: Iterable[_Piece], clock: ClockVerdict, unit: str, ends: Set[int]
) -> list[Interval]:
    """Return pieces with the running sum; neighbours that differ in nothing become one.

    Args:
        ends: of limits; what lies before one and what lies after it are never one line.
    """
    intervals: list[Interval] = []
    running = running_us = 0
    for piece in pieces:
        used_us, _ = clock.clock.used(unit, piece.end_us)
        running += piece.worth
        last = intervals[-1] if intervals else None
        if last is not None and piece.start_us not in ends and _same(last, piece):
            intervals[-1] = last._replace(
                end_us=piece.end_us,
                counted=last.counted + piece.worth,
                running=running,
                counted_us=last.counted_us + used_us - running_us,
                running_us=used_us,
            )
        else:
            intervals.append(
                Interval(
                    piece.kind, piece.reason, piece.start_us, piece.end_us, piece.worth, running,
                    used_us - running_us, used_us, piece.record, piece.basis, piece.day,
                )
            )  # fmt: skip
        running_us = used_us
    return intervals


def _same(last: Interval, piece: _Piece) -> bool:
    told = (last.kind, last.reason, last.basis, last.day, last.record)
    return told == (piece.kind, piece.reason, piece.basis, piece.day, piece.record)
