"""When a limit of a clock passes, found by walking through its time.

It stands apart because it holds the sentences of design §7 about limits, plateaus and declared
instants, each done the slow way: look at every piece of time in turn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from tests.oracle.handling_clock import (
    BY_THE_CALENDAR,
    FOREVER,
    WORKING,
    Clock,
    days_not_counted,
    extended,
    extended_units,
    length_of,
    pieces,
    stopped,
)
from tests.oracle.office_time import DAY, NOTHING

INSTANT = timedelta(microseconds=1)


class DesignSilent(Exception):
    """The design does not say what holds here, or says two things; the reason is the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """When a limit or threshold is due as people see it, and when it passes."""

    due: datetime
    effective: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A limit: an amount of a unit, or an instant that the source declared."""

    amount: int
    unit: str
    declared: datetime | None = None


def passing(clock: Clock, grant: Grant, offset: int) -> Passing | None:
    """Return when the limit, or its threshold `offset` units away, passes; None if never.

    Raises:
        DesignSilent: the design does not say where this limit ends.
    """
    grant = _same_day_declared(clock, grant)
    if grant.declared is not None:
        return _passing_of_declared(clock, grant, offset)
    if grant.unit in BY_THE_CALENDAR:
        _refuse_changes_of_rolled(clock, grant)
        return _walk_instant(clock, lambda at: _natural_due(clock, grant, offset, at), clock.opened)
    if grant.unit == "working_day" and clock.counting == "statutory_day":
        return _walk_days(clock, grant, offset)
    return _walk_budget(clock, grant, offset)


def reached_at_opening(clock: Clock, grant: Grant, offset: int) -> bool:
    """Tell whether a threshold before its limit was reached when the clock opened."""
    if offset >= 0:
        return False
    grant = _same_day_declared(clock, grant)
    bare = replace(clock, stops=(), extensions=())
    if grant.declared is not None:
        return _declared_due(bare, grant, offset, clock.opened) <= clock.opened
    if grant.unit in BY_THE_CALENDAR:
        return _natural_due(bare, grant, offset, clock.opened) <= clock.opened
    return grant.amount + offset <= 0


def plain_end(clock: Clock, grant: Grant) -> Passing:
    """Return where a limit ends that nothing has moved."""
    end = passing(replace(clock, stops=(), extensions=(), stopped_before=False), grant, 0)
    assert end is not None
    return end


def _same_day_declared(clock: Clock, grant: Grant) -> Grant:
    """Return a limit of no working days (即办) as the instant at which it ends.

    It ends at the office's close of the opening day; if the clock opened at that close or later,
    or on a day off, at the close of the next working day.
    """
    if grant.declared is not None or (grant.amount, grant.unit) != (0, "working_day"):
        return grant
    office, day = clock.office, clock.office.day_of(clock.opened)
    if not office.works(day) or clock.opened >= office.close(day):
        day = office.working_day_after(day, 1)
    return replace(grant, declared=office.close(day))


def _added_units(clock: Clock, grant: Grant, at: datetime) -> int:
    """Return the whole units of the limit that extensions up to `at` have added."""
    units = {fact.data["by"]["unit"] for fact in clock.extensions if fact.time <= at}
    if units - {grant.unit}:
        raise DesignSilent(f"extension in another unit of a limit in {grant.unit}")
    return extended_units(clock, at)


def _added_time(clock: Clock, at: datetime) -> timedelta:
    """Return the time that extensions up to `at` have added; each runs as its own unit runs."""
    if any(fact.data["by"]["unit"] == "month" for fact in clock.extensions if fact.time <= at):
        raise DesignSilent("extension by a month of a limit that runs by time")
    return extended(clock, at)


# --- budgets of time that runs -------------------------------------------------------------------


def _walk_budget(clock: Clock, grant: Grant, offset: int) -> Passing | None:
    """Count running time piece by piece until it exceeds what is granted at that piece.

    Only `working_seconds` knows plateaus; otherwise the first moment is the last.
    """
    budget = (grant.amount + offset) * length_of(grant.unit, clock.office)
    has_plateaus = clock.counting == "working_seconds" or grant.unit not in WORKING
    used, reached = NOTHING, clock.opened
    for start, end, counts in pieces(clock, grant.unit, clock.opened, FOREVER):
        left = budget + _added_time(clock, start) - used
        if counts and left < end - start:
            at = start + max(left, NOTHING)
            return Passing(due=at if left > NOTHING else reached, effective=at)
        used += end - start if counts else NOTHING
        reached = end
        if not has_plateaus and used >= budget + _added_time(clock, reached):
            if any(stop.start <= reached < stop.end for stop in clock.stops):
                raise DesignSilent("working time used up, without plateau, while a stop runs")
            return Passing(due=reached, effective=reached)
    return None


# --- whole working days --------------------------------------------------------------------------


def _walk_days(clock: Clock, grant: Grant, offset: int) -> Passing | None:
    """Count the working days after the day of acceptance that no stop touches."""
    granted = grant.amount + offset
    opening_units = granted + _added_units(clock, grant, clock.opened)
    if opening_units <= 0:
        end = _end_of(clock, _day_back(clock, opening_units))
        if granted + _added_units(clock, grant, max(end, clock.opened)) == opening_units:
            return Passing(due=end, effective=end)
    endless = min([stop.start for stop in clock.stops if stop.end == FOREVER], default=FOREVER)
    last_change = max([clock.opened, *(fact.time for fact in clock.extensions)])
    day, days = clock.office.day_of(clock.opened), 0
    while clock.office.midnight(day) < max(endless, last_change) + 2 * DAY:
        day += DAY
        if not clock.office.works(day):
            continue
        end = _end_of(clock, day)
        if day not in days_not_counted(clock, end):
            days += 1
        if days >= granted + _added_units(clock, grant, end):
            if any(clock.office.close(day) <= stop.start <= end for stop in clock.stops):
                raise DesignSilent("stop after the close of the day at whose midnight a limit ends")
            return Passing(due=end, effective=end)
    return None


def _day_back(clock: Clock, units: int) -> date:
    """Return the working day that lies `units` (0 or fewer) after the day of acceptance."""
    day = clock.office.day_of(clock.opened)
    if not clock.office.works(day):
        day = clock.office.working_day_after(day, -1)
    return clock.office.working_day_after(day, units)


def _end_of(clock: Clock, day: date) -> datetime:
    return clock.office.close(day) if clock.day_end == "close" else clock.office.midnight(day + DAY)


# --- due instants that stops push along ----------------------------------------------------------


def _natural_due(clock: Clock, grant: Grant, offset: int, at: datetime) -> datetime:
    """Return where a limit by the calendar (or its threshold) lies by what happened up to `at`.

    One that stops or extensions moved past days off is not earlier than the close to which a
    shorter stop would have rolled it: the design says only where a plain limit ends.
    """
    office, due = clock.office, _unrolled(clock, grant, at)
    plain = office.day_of(office.calendar_later(clock.opened, grant.amount, grant.unit))
    day = office.day_of(due)
    if not office.works(day):
        due = office.close(office.working_day_after(day, 1))
    elif plain < day and not office.works(day - DAY):
        due = max(due, office.close(day))
    return office.calendar_later(due, offset, grant.unit)


def _unrolled(clock: Clock, grant: Grant, at: datetime) -> datetime:
    """Return a limit by the calendar before it rolls over days off (民法典 203)."""
    office, credit = clock.office, stopped(clock, grant.unit, at)
    added, unit = _added_units(clock, grant, at), grant.unit
    plain = office.calendar_later(clock.opened, grant.amount, unit)
    due = office.calendar_later(plain + credit, added, unit)
    if unit == "month":
        at_once = office.calendar_later(clock.opened, grant.amount + added, unit)
        if due != at_once + credit:
            raise DesignSilent("months added after the stop end elsewhere than added to the limit")
    return due


def _refuse_changes_of_rolled(clock: Clock, grant: Grant) -> None:
    """Refuse a stop or an extension between the Nth day and the working day it rolled to."""
    changes = [stop.start for stop in clock.stops] + [fact.time for fact in clock.extensions]
    for at in sorted(changes):
        due = _natural_due(clock, grant, 0, at - INSTANT)
        if _unrolled(clock, grant, at - INSTANT) < at <= due:
            raise DesignSilent("change while a natural-day limit has rolled to the next close")
        if at > due:
            return


def _declared_due(clock: Clock, grant: Grant, offset: int, at: datetime) -> datetime:
    """Return where a declared instant (or its threshold) lies by what happened up to `at`."""
    office, due = clock.office, grant.declared
    assert due is not None
    if grant.unit in BY_THE_CALENDAR:
        moved = due + stopped(clock, grant.unit, at)
        return office.calendar_later(moved, offset + _added_units(clock, grant, at), grant.unit)
    unit, added = length_of(grant.unit, office), _added_time(clock, at)
    credit = stopped(clock, grant.unit, at) + added
    if grant.unit not in WORKING:
        return due + credit + offset * unit
    if credit > NOTHING:
        due = office.after_working(due, credit)
    if offset > 0:
        due = office.after_working(due, offset * unit)
    if offset < 0:
        due = office.before_working(due, -offset * unit)
    moves = credit > NOTHING or offset != 0
    return office.opening_from(due) if moves and clock.counting == "working_seconds" else due


def _passing_of_declared(clock: Clock, grant: Grant, offset: int) -> Passing | None:
    assert grant.declared is not None
    if grant.declared < clock.opened and clock.stopped_before:
        raise DesignSilent("stop before the acceptance of a case that was due before it")
    facts = [fact.time for fact in clock.extensions] + [stop.start for stop in clock.stops]
    start = min([clock.opened, grant.declared - 40 * DAY, *facts])
    idle = grant.unit in WORKING
    return _walk_instant(clock, lambda at: _declared_due(clock, grant, offset, at), start, idle)


def _walk_instant(
    clock: Clock, due_at: Callable[[datetime], datetime], start: datetime, idle: bool = False
) -> Passing | None:
    """Walk from `start` until an instant, outside all stops, lies after what is due at it.

    With `idle`, a stop that has held nothing up to just after the instant lets it pass.
    """
    marks = {fact.time for fact in clock.extensions}
    marks |= {edge for stop in clock.stops for edge in (stop.start, stop.end)}
    points = [start, *sorted(mark for mark in marks if start < mark < FOREVER), FOREVER]
    for a, b in pairwise(points):
        due = due_at(a)
        if any(stop.start <= a < stop.end for stop in clock.stops):
            if idle and a <= due < b and due_at(due + INSTANT) <= due:
                return Passing(due=due, effective=due)
            night = clock.office.midnight(clock.office.day_of(max(a, due)) + DAY)
            look = min(b, night) - INSTANT
            if a < look and due_at(look) < look:
                raise DesignSilent("instant outside office hours passes while a stop runs")
            continue
        if due < b:
            return Passing(due=due, effective=due)
    return None
