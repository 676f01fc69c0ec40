"""What every rule of procedure and truthfulness asks of a case: its facts, cycles, limits, spans.

It stands apart because the rules are sentences about facts, and these are the words they share
(law of rules §0, §6). A breach is a plain tuple, so that two lists of them can be compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tests.oracle.cycle_reading import handling_cycles, law_of
from tests.oracle.grants import grants_of
from tests.oracle.handling_clock import (
    BY_THE_CALENDAR,
    LENGTHS,
    WORKING,
    Clock,
    clock_of,
    length_of,
    plain_clock,
    resumptions,
    with_stops,
)
from tests.oracle.handling_limit import Grant
from tests.oracle.known_history import (
    Cycle,
    Event,
    Identity,
    Known,
    by_facts,
    known_facts,
    typed,
)
from tests.oracle.laws import Law, Laws, Publication
from tests.oracle.office_time import Office

Rule = dict[str, Any]
"""An entry of a pack's `[[rule]]`: its name and its parameters."""
Part = str | None

NORMAL = ("granted", "forwarded", "other")
"""The outcomes of a normal completion."""
OF_THE_ACCEPTANCE_QUESTION = (
    *("received", "pre-reviewed", "correction-requested", "correction-received"),
    *("acceptance-refused", "part-dispatched", "part-replied"),
)
"""Facts that are about no handling cycle, also where the fold keeps them with the first one."""


class Breach(NamedTuple):
    """One breach of a rule: whose part and cycle, what shows it (in order), from when it holds."""

    rule: str
    part: Part
    cycle: Identity | None
    evidence: tuple[Identity, ...]
    effective: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of one case at one moment: facts in order, handling cycles by part."""

    laws: Laws
    pack: dict[str, Any]
    office: Office
    facts: tuple[Known, ...]
    cycles: dict[Part, list[Cycle]]

    def of(self, *kinds: str) -> list[Known]:
        """Return the facts of some kinds, of all parts, in order."""
        return [fact for fact in self.facts if fact.kind in kinds]

    def in_part(self, part: Part, *kinds: str) -> list[Known]:
        """Return the facts of some kinds that are about one part, in order."""
        return [fact for fact in self.of(*kinds) if fact.part == part]

    def parts(self) -> list[Part]:
        """Return the parts that have a fact, the whole first."""
        return list(self.cycles)

    def every_cycle(self) -> Iterator[tuple[Part, Cycle]]:
        """Yield the handling cycles of all parts, the whole's first."""
        for part, cycles in self.cycles.items():
            for cycle in cycles:
                yield part, cycle

    def cycle_of(self, fact: Known) -> Cycle | None:
        """Return the handling cycle inside which a fact lies.

        A fact after the close of its cycle (a repeated completion too) lies in none, and so does
        one that belongs to the question of acceptance.
        """
        if fact.kind in OF_THE_ACCEPTANCE_QUESTION:
            return None
        for cycle in self.cycles.get(fact.part, ()):
            marks = (cycle.opener, cycle.acceptance, cycle.closer, cycle.completion)
            if fact in cycle.facts or fact in marks:
                return cycle
        return None

    def law(self, cycle: Cycle) -> Law:
        """Return pack, office and catalogue entry of a cycle."""
        return law_of(cycle, self.laws)

    def clock(self, cycle: Cycle) -> Clock:
        """Return the handling clock of a cycle, with all that moves it."""
        law = self.law(cycle)
        return clock_of(cycle, law.office, law.pack)

    def bare_clock(self, cycle: Cycle) -> Clock:
        """Return the handling clock of a cycle that nothing has moved."""
        law = self.law(cycle)
        return plain_clock(cycle.opener.time, None, law.office, law.pack)

    def clock_before(self, cycle: Cycle, stop: Known) -> Clock:
        """Return the handling clock as it is without a stop and all later ones.

        Resumptions stay with the stops that the whole history gives them to; extensions count,
        also later ones.
        """
        law, clock = self.law(cycle), self.clock(cycle)
        resumed = resumptions(cycle.facts)
        alone = []
        for fact in cycle.facts:
            if fact.kind == "clock-stopped" and by_facts(fact) < by_facts(stop):
                facts = [fact, *([resumed[fact.place]] if fact.place in resumed else [])]
                bare = self.bare_clock(cycle)
                alone.append(with_stops(bare, replace(cycle, facts=facts), law.pack))
        return replace(
            clock,
            stops=tuple(each for one in alone for each in one.stops),
            stopped_before=any(one.stopped_before for one in alone),
        )

    def grants(self, cycle: Cycle) -> dict[str, Grant]:
        """Return the limits of a handling cycle by name; a promise of the pack's may be cut."""
        return grants_of(cycle, self.law(cycle), self.clock(cycle))

    def is_accepted(self) -> bool:
        """Tell whether any part was accepted, or counts as accepted."""
        return any(self.cycles.values())

    def later(self, start: datetime, span: dict[str, Any]) -> datetime:
        """Return the last moment of a span of time after `start`.

        Working time counts by the office's hours (a working day is one standard day); where it is
        used up while the office is closed, the last moment is the next opening under
        `working_seconds`, the first moment under `statutory_day`.
        """
        amount, unit = int(span["amount"]), span["unit"]
        if unit in BY_THE_CALENDAR:
            return self.office.calendar_later(start, amount, unit)
        if unit not in WORKING:
            return start + amount * LENGTHS[unit]
        end = self.office.after_working(start, amount * length_of(unit, self.office))
        is_flat = self.pack["counting"] == "working_seconds"
        return self.office.opening_from(end) if is_flat else end


def case_of(
    known: Sequence[Event],
    pack: dict[str, Any],
    office: Office,
    matter: dict[str, Any] | None,
    now: datetime,
) -> Case:
    """Return what some records without repeats say of a case at `now`.

    `matter` is the catalogue's entry; it governs the cycles whose matter has its code.
    """
    entries = []
    if matter is not None:
        always = datetime(1, 1, 1, tzinfo=UTC)
        entries = [
            Publication(
                order=-1,
                effective_from=always,
                kind="matter",
                name=matter["code"],
                content=matter,
            )
        ]
    laws = Laws(pack, office, entries)
    tolerance = timedelta(seconds=pack["future_tolerance_seconds"])
    facts = [fact for fact in known_facts(known, tolerance) if fact.family == "case"]
    is_case = any(typed(event).startswith("case.") and "time" in event for event in known)
    cycles = handling_cycles(known, laws, now) if is_case else {}
    return Case(laws=laws, pack=pack, office=office, facts=tuple(facts), cycles=cycles)


def breach(
    rule: Rule,
    part: Part,
    cycle: Cycle | None,
    *evidence: Known,
    effective: datetime | None = None,
) -> Breach:
    """Return a breach, its evidence in the order of facts; it holds from its last fact on."""
    shown = sorted(evidence, key=by_facts)
    return Breach(
        rule=rule["name"],
        part=part,
        cycle=cycle.opener.identity if cycle else None,
        evidence=tuple(fact.identity for fact in shown),
        effective=effective or shown[-1].time,
    )


def acceptance_of(cycle: Cycle) -> Known:
    """Return the acceptance of a cycle; the receipt while it only counts as accepted."""
    return cycle.acceptance or cycle.opener


def is_normal(completion: Known | None) -> bool:
    """Tell whether there is a completion and it is a normal one."""
    return completion is not None and completion.data["outcome"] in NORMAL


def is_blank(text: object) -> bool:
    """Tell whether a text is absent or only white space."""
    return not str(text or "").strip()


def is_before(fact: Known, other: Known) -> bool:
    """Tell whether a fact comes before another in the order of facts."""
    return by_facts(fact) < by_facts(other)


def is_paid(fee: dict[str, Any] | None) -> bool:
    """Tell whether a fee has an amount above nothing."""
    return money(fee) > 0


def money(fee: dict[str, Any] | None) -> Decimal:
    """Return the amount of a fee; nothing where it has none."""
    return Decimal(str((fee or {}).get("amount") or 0))


def first(facts: Iterable[Known]) -> Known | None:
    """Return the first of some facts in the order of facts."""
    return min(facts, key=by_facts, default=None)
