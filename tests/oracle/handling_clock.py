"""A clock as plain values, and how much of its time counts.

It stands apart because stops, extensions and counted time are the same for every kind of limit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.oracle.known_history import Cycle, Known, by_facts
from tests.oracle.office_time import DAY, NOTHING, Office

FOREVER = datetime(2900, 1, 1, tzinfo=UTC)
LENGTHS = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
WORKING = ("working_day", "working_hour")
BY_THE_CALENDAR = ("natural_day", "month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop as it ran: from, until, and how many working or natural days it was asked for."""

    start: datetime
    end: datetime
    days_max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A clock: when it opened and closed, the stops and extensions that move it, by time."""

    office: Office
    counting: str
    day_end: str
    opened: datetime
    closed: datetime | None
    stopped_before: bool = False
    stops: tuple[Stop, ...] = ()
    extensions: tuple[Known, ...] = ()


def clock_of(cycle: Cycle, office: Office, pack: dict[str, Any]) -> Clock:
    """Return the handling clock of a cycle, moved by the stops and extensions that count."""
    opened, closed = cycle.opener.time, cycle.closer.time if cycle.closer else None
    bare = plain_clock(opened, closed, office, pack)
    moved = with_stops(bare, cycle, pack)
    return replace(moved, extensions=tuple(extensions_that_count(cycle, pack)))


def plain_clock(
    opened: datetime, closed: datetime | None, office: Office, pack: dict[str, Any]
) -> Clock:
    """Return a clock that nothing moves."""
    return Clock(
        office=office,
        counting=pack["counting"],
        day_end=pack.get("day_end", "close"),
        opened=opened,
        closed=closed,
    )


def with_stops(clock: Clock, cycle: Cycle, pack: dict[str, Any]) -> Clock:
    """Return the clock as the stops of a cycle that count hold it."""
    closed = cycle.closer.time if cycle.closer else FOREVER
    stops = list(_stops(cycle.facts, clock.office, closed, pack))
    mine = [
        replace(stop, start=max(stop.start, clock.opened))
        for stop in stops
        if stop.end > clock.opened
    ]
    before = any(stop.start < clock.opened for stop in stops)
    return replace(clock, stops=tuple(mine), stopped_before=before)


def resumptions(facts: Sequence[Known]) -> dict[int, Known]:
    """Return, by the place of each stop that a resumption closed, that resumption.

    A resumption closes the latest open stop that began before it (failing that, at the same
    instant), also one whose applied time has run out.
    """
    begun: list[Known] = []
    resumed: dict[int, Known] = {}
    for fact in sorted(facts, key=by_facts):
        if fact.kind == "clock-stopped":
            begun.append(fact)
        elif fact.kind == "clock-resumed":
            waiting = [stop for stop in begun if stop.place not in resumed]
            before = [stop for stop in waiting if stop.time < fact.time] or waiting
            if before:
                resumed[before[-1].place] = fact
    return resumed


def stop_counts(stop: Known, pack: dict[str, Any]) -> bool:
    """Tell whether a stop moves any clock: its procedure is listed, and told in writing if need be.

    The rule is 行政许可法 45 with the pack's `[stops]`.
    """
    table = pack.get("stops", {})
    listed = "procedures" not in table or stop.data["procedure"] in table["procedures"]
    return listed and (not table.get("notice_required", False) or not blank(stop, "notice_at"))


def extensions_that_count(cycle: Cycle, pack: dict[str, Any]) -> Iterator[Known]:
    """Yield the extensions of a cycle that count, each with the length that counts.

    The rule is 行政许可法 42 with the pack's `[extensions]`.
    """
    table, counting = pack.get("extensions", {}), 0
    longest = {each["handling_type"]: each for each in table.get("longest", ())}
    most_long = longest.get(cycle.said.get("handling_type"), longest.get("*"))
    for fact in cycle.facts:
        if fact.kind != "extended":
            continue
        if table.get("approval_required", False) and (
            blank(fact, "approver_ref") or blank(fact, "reason")
        ):
            continue
        if "most" in table and counting == table["most"]:
            continue
        counting += 1
        by = fact.data["by"]
        if most_long and by["unit"] == most_long["unit"] and by["amount"] > most_long["amount"]:
            by = {"amount": most_long["amount"], "unit": by["unit"]}
        yield replace(fact, data={**fact.data, "by": by})


def blank(fact: Known, field: str) -> bool:
    """Tell whether a text is absent or only white space."""
    return not (fact.data.get(field) or "").strip()


def _stops(
    facts: Sequence[Known], office: Office, closed: datetime, pack: dict[str, Any]
) -> Iterator[Stop]:
    resumed = resumptions(facts)
    for fact in facts:
        if fact.kind != "clock-stopped" or not stop_counts(fact, pack):
            continue
        applied: dict[str, Any] | None = fact.data.get("applied")
        runs_out = _run_out(fact.time, applied, office) if applied else FOREVER
        resumption = resumed.get(fact.place)
        end = min(runs_out, resumption.time if resumption else FOREVER, closed)
        in_days = applied and applied["unit"] in ("working_day", "natural_day")
        if fact.time < end:
            days_max = applied["amount"] if applied and in_days else None
            yield Stop(start=fact.time, end=end, days_max=days_max)


def _run_out(start: datetime, applied: dict[str, Any], office: Office) -> datetime:
    """Return when the time applied for runs out, in its own unit."""
    amount, unit = int(applied["amount"]), applied["unit"]
    if unit in BY_THE_CALENDAR:
        return office.calendar_later(start, amount, unit)
    if unit in LENGTHS:
        return start + amount * LENGTHS[unit]
    return office.after_working(start, amount * length_of(unit, office))


def length_of(unit: str, office: Office) -> timedelta:
    """Return one unit as time that is counted."""
    if unit == "working_day":
        return office.day_length
    return {"working_hour": timedelta(hours=1), "natural_day": DAY, **LENGTHS}[unit]


def counted(clock: Clock, unit: str, since: datetime, until: datetime) -> timedelta:
    """Return the time between two instants that counts against a limit."""
    found = pieces(clock, unit, since, until)
    return sum((end - start for start, end, counts in found if counts), NOTHING)


def pieces(
    clock: Clock, unit: str, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, bool]]:
    """Yield pieces of time in the unit's own time, and whether they count or a stop holds them.

    They are cut where a fact may change what is granted, and end where an endless stop begins.
    """
    until = min([until, *(stop.start for stop in clock.stops if stop.end == FOREVER)])
    marks = {fact.time for fact in clock.extensions}
    marks |= {edge for stop in clock.stops for edge in (stop.start, stop.end)}
    office, day = clock.office, clock.office.day_of(since)
    while office.midnight(day) < until:
        whole = [(office.midnight(day), office.midnight(day + DAY))]
        for opens, closes in office.spans(day) if unit in WORKING else whole:
            first, last = max(opens, since), min(closes, until)
            points = sorted({first, last, *(mark for mark in marks if first < mark < last)})
            for a, b in pairwise(points) if first < last else ():
                yield a, b, not any(stop.start <= a and b <= stop.end for stop in clock.stops)
        day += DAY


def extended(clock: Clock, at: datetime) -> timedelta:
    """Return the counted time that extensions up to `at` have added."""
    granted = [fact.data["by"] for fact in clock.extensions if fact.time <= at]
    return sum((by["amount"] * length_of(by["unit"], clock.office) for by in granted), NOTHING)


def extended_units(clock: Clock, at: datetime) -> int:
    """Return how many whole units extensions up to `at` have added (they come in one unit)."""
    granted = [fact.data["by"] for fact in clock.extensions if fact.time <= at]
    return sum(int(by["amount"]) for by in granted)


def stopped(clock: Clock, unit: str, at: datetime) -> timedelta:
    """Return the time up to `at` that stops credit: united, and working time if the unit is."""
    credit, covered = NOTHING, clock.opened
    for stop in sorted(clock.stops, key=lambda stop: stop.start):
        a, b = max(stop.start, covered), min(stop.end, at)
        if a < b:
            credit += clock.office.worked(a, b) if unit in WORKING else b - a
            covered = b
    return credit


def days_not_counted(clock: Clock, at: datetime) -> set[date]:
    """Return the working days after the acceptance that stops up to `at` have touched."""
    office, first = clock.office, clock.office.day_of(clock.opened)
    days: set[date] = set()
    for stop in clock.stops:
        touched = []
        for a, _ in office.spans_between(stop.start, min(stop.end, at)):
            if office.day_of(a) not in touched and office.day_of(a) > first:
                touched.append(office.day_of(a))
        days |= set(touched[: stop.days_max])
    return days
