"""What all facts known at one moment say about each clock of a subject: limits, levels, settlement.

It stands apart because it knows packs, cycles and clocks but neither cards nor ticks.
Whoever needs the handling cycles alone (rules of procedure and truthfulness) uses
`handling_cycles`, and `law_of`, `handling_clock.clock_of` and `grants.grants_of` on each of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.grants import (
    LIMIT_OF,
    LIMITS,
    grant_of,
    grants_of,
    handling_type_of,
    redeclared,
)
from tests.oracle.handling_clock import (
    Clock,
    clock_of,
    counted,
    plain_clock,
    stopped,
    with_stops,
)
from tests.oracle.handling_limit import (
    DesignSilent,
    Grant,
    Passing,
    passing,
    reached_at_opening,
)
from tests.oracle.known_history import Cycle, Event, Identity, Known, cycles_of, known_facts
from tests.oracle.laws import Law, Laws
from tests.oracle.office_time import NOTHING
from tests.oracle.other_clocks import RULES, Running, clocks_of_cycle
from tests.oracle.part_clocks import (
    acceptance_questions,
    completions_of_the_whole,
    part_replies,
    refuse_questions_after_deemed,
    refuse_repeated_completion,
)
from tests.oracle.subject_clocks import Extended, complaint_clock, consultation_clock

Part = str | None
Line = tuple[Part, Identity]
"""What a finding is about: the part of the case and the fact that opened the clock."""
Key = tuple[Part, str, Identity]
"""One clock: the part of the case, the kind of clock and the fact that opened it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One threshold of a clock: its level, when it passes, and what keeps it from being a card."""

    level: str
    is_early: bool
    is_reached_at_opening: bool
    passes: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a closed handling cycle came to."""

    outcome: str
    opened: datetime
    closed: datetime
    working: timedelta
    limits: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What all facts known so far say about one clock.

    `dues` are by the names of limits; `settled` is only for a closed handling clock.
    """

    closed: datetime | None
    grace: timedelta
    levels: tuple[Level, ...]
    dues: dict[str, datetime | None]
    settled: Settled | None = None

    def crossed(self, now: datetime) -> dict[str, datetime]:
        """Return each level that has passed at `now`, with the instant at which it did."""
        found: dict[str, datetime] = {}
        for level in self.levels:
            shown = now - self.grace if self.closed is None else self.closed
            if shown > level.passes and not level.is_reached_at_opening:
                found[level.level] = min(level.passes, found.get(level.level, level.passes))
        return found

    def not_to_issue(self) -> set[str]:
        """Return the levels that come before their limit and so mean nothing once it closed."""
        return {level.level for level in self.levels if level.is_early and self.closed is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What all facts known so far say about a subject at one moment.

    `deemed` names the cycles that count as accepted at a receipt, with its instant; `lapses` are
    the instants after which, grace added, a case comes to count as accepted.
    """

    clocks: dict[Key, Reading] = field(default_factory=dict)
    deemed: dict[Line, datetime] = field(default_factory=dict)
    lapses: set[datetime] = field(default_factory=set)


def read(known: Sequence[Event], laws: Laws, now: datetime) -> Readings:
    """Return what the facts known so far say at `now`; `known` are records without repeats.

    Raises:
        DesignSilent: the law does not say what these facts lead to.
    """
    found = Readings()
    facts = _facts(known, laws)
    cycles, questions = _handling(known, facts, laws, now, found)
    for part, own in cycles.items():
        mine = [fact for fact in facts if fact.family == "case" and fact.part == part]
        for cycle in own:
            law = law_of(cycle, laws)
            key = (part, "handling", cycle.opener.identity)
            found.clocks[key] = _read_handling(cycle, law)
            for running in clocks_of_cycle(cycle, mine, law):
                _refuse_two_laws(running, laws)
                _add(found, part, [Extended(running=running)])
    of_case = [fact for fact in facts if fact.family == "case"]
    for running in [*questions, *part_replies(of_case, cycles, laws)]:
        _add(found, running.opener.part, [Extended(running=running)])
    _add(found, None, consultation_clock(facts, laws))
    _add(found, None, complaint_clock(facts, laws))
    return found


def handling_cycles(known: Sequence[Event], laws: Laws, now: datetime) -> dict[Part, list[Cycle]]:
    """Return the handling cycles of every part that has a fact, in order; None is the whole.

    A part without acceptance or deemed acceptance has an empty list. `known` are the records known
    so far without repeats (amendments among them); `now` decides which receipts count as accepted.
    """
    return _handling(known, _facts(known, laws), laws, now, Readings())[0]


def law_of(cycle: Cycle, laws: Laws) -> Law:
    """Return the law of a cycle, with the entry of the matter that it is about."""
    return laws.of(cycle.opener, cycle.said.get("matter") or cycle.opener.data.get("matter"))


def _facts(known: Sequence[Event], laws: Laws) -> list[Known]:
    tolerance = laws.of_case(known).pack["future_tolerance_seconds"]
    return known_facts(known, timedelta(seconds=tolerance))


def _handling(
    known: Sequence[Event], facts: Sequence[Known], laws: Laws, now: datetime, found: Readings
) -> tuple[dict[Part, list[Cycle]], list[Running]]:
    """Return cycles by part and all acceptance questions; note in `found` what counts as accepted.

    The whole comes first, because its completions close the parts.
    """
    facts = [fact for fact in facts if fact.family == "case"]
    closes = laws.of_case(known).pack["closes"]
    parts = sorted({fact.part for fact in facts if fact.part is not None})
    cycles: dict[Part, list[Cycle]] = {}
    questions: list[Running] = []
    for part in [None, *parts]:
        mine = [fact for fact in facts if fact.part == part]
        asked = list(acceptance_questions(mine, laws))
        deemed_at = _deemed_at(asked, now, found)
        refuse_questions_after_deemed(asked, deemed_at)
        whole = completions_of_the_whole(facts, cycles[None]) if part is not None else []
        cycles[part] = cycles_of(mine, closes, deemed_at, whole)
        questions += asked
        if deemed_at:
            found.deemed[part, deemed_at.identity] = deemed_at.time
    refuse_repeated_completion(facts, cycles)
    return cycles, questions


def _deemed_at(asked: Iterable[Running], now: datetime, found: Readings) -> Known | None:
    """Return the receipt at which a part counts as accepted (行政许可法 32), if it does."""
    for question in asked:
        pack = question.law.pack
        if question.kind != "correction-notice" or not pack.get("deemed_acceptance", False):
            continue
        grant = grant_of(question)
        end = passing(_clock(question), grant, 0) if grant else None
        if end is None:
            continue
        found.lapses.add(end.effective + _grace(question.law))
        shown = question.closed or now - _grace(question.law)
        if shown > end.effective:
            return question.opener
    return None


def _grace(law: Law) -> timedelta:
    return timedelta(seconds=law.pack["report_grace_seconds"])


def _refuse_two_laws(running: Running, laws: Laws) -> None:
    own = laws.of(running.opener)
    if own.pack is not running.law.pack or own.office is not running.law.office:
        raise DesignSilent("clock of a cycle that opened under another law than the cycle")


def _clock(running: Running) -> Clock:
    law = running.law
    clock = plain_clock(running.opener.time, running.closed, law.office, law.pack)
    if running.is_held_by_stops and running.cycle:
        return with_stops(clock, running.cycle, law.pack)
    return clock


def _read_handling(cycle: Cycle, law: Law) -> Reading:
    clock = clock_of(cycle, law.office, law.pack)
    grants = grants_of(cycle, law, clock)
    ends = {limit: passing(clock, grant, 0) for limit, grant in grants.items()}
    is_monitored = law.pack.get("immediate_monitored", True) or (
        handling_type_of(cycle, law) != "immediate"
    )
    return Reading(
        closed=clock.closed,
        grace=_grace(law),
        levels=tuple(_levels("handling", law, clock, grants)) if is_monitored else (),
        dues={limit: _due(ends.get(limit)) for limit in LIMITS},
        settled=_settled(cycle, clock, grants, ends),
    )


def _add(found: Readings, part: Part, clocks: Iterable[Extended]) -> None:
    """Add clocks beside handling: those that have a limit, and a threshold in the pack."""
    for each in clocks:
        running, law = each.running, each.running.law
        grant = grant_of(running)
        if not law.thresholds(RULES[running.kind]):
            continue
        if grant is None:
            if each.extensions:
                raise DesignSilent("extension names a due instant where there was no limit")
            continue
        limit, clock = LIMIT_OF[running.kind], _clock(running)
        end = _passing(each, clock, grant, 0)
        found.clocks[part, running.kind, running.opener.identity] = Reading(
            closed=clock.closed,
            grace=_grace(law),
            levels=tuple(_levels(running.kind, law, clock, {limit: grant}, each)),
            dues={**dict.fromkeys(LIMITS), limit: _due(end)},
        )


def _levels(
    kind: str,
    law: Law,
    clock: Clock,
    grants: Mapping[str, Grant],
    extended: Extended | None = None,
) -> Iterator[Level]:
    for row in law.thresholds(RULES[kind]):
        limit, offset = row["limit"], row["offset"]
        if limit not in grants:
            continue
        when = _passing(extended, clock, grants[limit], offset)
        if when is None:
            continue
        if offset >= 0 and clock.closed == clock.opened and when.effective < clock.opened:
            raise DesignSilent("clock closed at its very opening, after its declared instant")
        yield Level(
            level=row["level"],
            is_early=offset < 0,
            is_reached_at_opening=reached_at_opening(clock, grants[limit], offset),
            passes=when.effective,
        )


def _passing(extended: Extended | None, clock: Clock, grant: Grant, offset: int) -> Passing | None:
    """Return when a threshold passes; each extension in time replaces the due instant."""
    when = passing(clock, grant, offset)
    for fact in extended.extensions if extended else ():
        if when is None or fact.time > when.effective:
            break
        grant = redeclared(grant, fact.data["due"], extended.running.law) if extended else grant
        when = passing(clock, grant, offset)
        if when and when.effective < fact.time:
            raise DesignSilent("extension names a due instant that has passed")
    return when


def _due(end: Passing | None) -> datetime | None:
    return end.due if end else None


def _settled(
    cycle: Cycle,
    clock: Clock,
    grants: Mapping[str, Grant],
    ends: Mapping[str, Passing | None],
) -> Settled | None:
    """Return the time used, not counted and beyond the limit, from opening to closing."""
    last, closed = cycle.completion or cycle.closer, clock.closed
    if last is None or closed is None:
        return None
    limits = {}
    for limit, grant in grants.items():
        end, unit = ends[limit], grant.unit
        late = end is not None and closed > end.effective
        limits[limit] = {
            "due": _due(end),
            "used": counted(clock, unit, clock.opened, closed),
            "stopped": stopped(clock, unit, closed),
            "overdue": counted(clock, unit, end.due, closed) if end and late else NOTHING,
            "on_time": not late,
        }
    return Settled(
        outcome=last.data["outcome"],
        opened=clock.opened,
        closed=closed,
        working=counted(clock, "working_day", clock.opened, closed),
        limits=limits,
    )
