"""What all facts known at one moment say about each cycle of a case: limits, levels, settlement.

It stands apart because it knows packs and cycles but neither cards nor the passing of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.handling_clock import Clock, clock_of, counted, stopped
from tests.oracle.handling_limit import Grant, Passing, passing, reached_at_opening
from tests.oracle.known_history import Cycle, Event, Identity, cycles_of, instant, known_facts
from tests.oracle.office_time import NOTHING, Office

LIMITS = ("promised", "statutory")
Line = tuple[str | None, Identity]
"""What a card is about: the part of the case and the fact that opened the cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One threshold of a cycle: its level, when it passes, and what keeps it from being a card."""

    level: str
    is_early: bool
    is_reached_at_opening: bool
    passes: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all facts known so far say about one cycle."""

    opened: datetime
    closed: datetime | None
    outcome: str | None
    levels: tuple[Level, ...]
    dues: dict[str, datetime | None]
    working: timedelta
    settled: dict[str, dict[str, Any]]

    def crossed(self, now: datetime, grace: timedelta) -> dict[str, datetime]:
        """Return each level that has passed at `now`, with the instant at which it did."""
        found: dict[str, datetime] = {}
        for level in self.levels:
            shown = now - grace if self.closed is None else self.closed
            if shown > level.passes and not level.is_reached_at_opening:
                found[level.level] = min(level.passes, found.get(level.level, level.passes))
        return found

    def not_to_issue(self) -> set[str]:
        """Return the levels that come before their limit and so mean nothing once it closed."""
        return {level.level for level in self.levels if level.is_early and self.closed is not None}


def read(known: Sequence[Event], pack: dict[str, Any], office: Office) -> dict[Line, Reading]:
    """Return what the facts known so far say about every cycle of every part."""
    facts = known_facts(known, timedelta(seconds=pack["future_tolerance_seconds"]))
    readings = {}
    for part in {fact.data.get("part") for fact in facts}:
        mine = [fact for fact in facts if fact.data.get("part") == part]
        for cycle in cycles_of(mine, pack["closes"]):
            readings[part, cycle.opener.identity] = _read_cycle(cycle, pack, office)
    return readings


def _read_cycle(cycle: Cycle, pack: dict[str, Any], office: Office) -> Reading:
    clock, opener = clock_of(cycle, office, pack), cycle.opener.data
    grants = {limit: grant for limit in LIMITS if (grant := _grant(opener, limit, pack))}
    ends = {limit: passing(clock, grant, 0) for limit, grant in grants.items()}
    last = cycle.completion or cycle.closer
    return Reading(
        opened=clock.opened,
        closed=clock.closed,
        outcome=last.data["outcome"] if last else None,
        levels=tuple(_levels(clock, grants, ends, pack)),
        dues={limit: _due(ends.get(limit)) for limit in LIMITS},
        working=counted(clock, "working_day", clock.opened, clock.closed or clock.opened),
        settled={
            limit: _settle(clock, grant.unit, ends[limit], clock.closed)
            for limit, grant in grants.items()
            if clock.closed is not None
        },
    )


def _levels(
    clock: Clock,
    grants: dict[str, Grant],
    ends: dict[str, Passing | None],
    pack: dict[str, Any],
) -> list[Level]:
    levels = []
    for row in pack["threshold"]:
        limit, offset = row["limit"], row["offset"]
        if limit not in grants:
            continue
        when = passing(clock, grants[limit], offset) if offset else ends[limit]
        if when is not None:
            levels.append(
                Level(
                    level=row["level"],
                    is_early=offset < 0,
                    is_reached_at_opening=reached_at_opening(clock, grants[limit], offset),
                    passes=when.effective,
                )
            )
    return levels


def _grant(opener: dict[str, Any], limit: str, pack: dict[str, Any]) -> Grant | None:
    """Return a limit: declared by the source, else the pack's default for the handling type."""
    if limit == "promised" and opener.get("promised_due"):
        due = instant(opener["promised_due"])
        return Grant(amount=0, unit=pack.get("declared_unit", "working_day"), declared=due)
    said = opener.get(f"{limit}_limit")
    if said:
        return Grant(amount=said["amount"], unit=said["unit"])
    for handling_type in (opener.get("handling_type"), "*"):
        for row in pack.get("default_limit", ()):
            if (row["limit"], row["handling_type"]) == (limit, handling_type):
                return Grant(amount=row["granted"]["amount"], unit=row["granted"]["unit"])
    return None


def _due(end: Passing | None) -> datetime | None:
    return end.due if end else None


def _settle(clock: Clock, unit: str, end: Passing | None, closed: datetime) -> dict[str, Any]:
    """Return the time used, not counted and beyond the limit, from opening to closing."""
    late = end is not None and closed > end.effective
    return {
        "due": _due(end),
        "used": counted(clock, unit, clock.opened, closed),
        "stopped": stopped(clock, unit, closed),
        "overdue": counted(clock, unit, end.due, closed) if end and late else NOTHING,
        "on_time": not late,
    }
