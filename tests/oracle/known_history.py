"""What is known of one case: repeats dropped, amendments applied, facts in order, cycles found.

It stands apart because it is the oracle's reading of what a history says, before any time is
counted (design §5; §7 "One definition", "Case and cycle").
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

Identity = tuple[str, str]
Event = dict[str, Any]

# Family rank is the order of the table in design §5; only these touch the handling clock.
RANK = ("accepted", "clock-stopped", "clock-resumed", "extended", "decided", "completed")


def instant(text: str) -> datetime:
    """Read an RFC 3339 instant as UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def identity_of(event: Event) -> Identity:
    """Return the name of a record within its case."""
    return event["source"], event["id"]


def kind_of(event: Event) -> str:
    """Return the middle of the type: `accepted` of `hall.case.accepted.v1`."""
    return str(event["type"].split(".")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fact as it reads after all amendments."""

    identity: Identity
    kind: str
    time: datetime
    place: int
    data: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Cycle:
    """One acceptance, what closed it, and the stops, resumptions and extensions between.

    The completion says the outcome where a decision has closed the clock before it.
    """

    opener: Known
    closer: Known | None = None
    completion: Known | None = None
    facts: list[Known] = field(default_factory=list)


@dataclass(slots=True)
class _Reading:
    data: dict[str, Any]
    time: datetime
    stated_at: datetime
    void: bool = False


def known_facts(log: Sequence[Event], tolerance: timedelta) -> list[Known]:
    """Return the facts of a log without repeats, amended, sorted by time, rank and place.

    A time beyond the moment at which it was stated, by more than `tolerance`, is replaced by that
    moment.
    """
    amendments = [event for event in log if kind_of(event) == "amended"]
    facts = []
    for place, event in enumerate(log):
        if kind_of(event) not in RANK:
            continue
        reading = _read(event, amendments, frozenset())
        if reading.void:
            continue
        ahead = reading.time - reading.stated_at > tolerance
        facts.append(
            Known(
                identity=identity_of(event),
                kind=kind_of(event),
                time=reading.stated_at if ahead else reading.time,
                place=place,
                data=reading.data,
            )
        )
    return sorted(facts, key=lambda fact: (fact.time, RANK.index(fact.kind), fact.place))


def _read(event: Event, amendments: Sequence[Event], asked: frozenset[Identity]) -> _Reading:
    """Apply, in log order, the amendments of an event, each as it reads after its own.

    Each new reading is stated when its amendment was recorded; a void record stays void.
    """
    asked |= {identity_of(event)}
    reading = _Reading(event["data"], instant(event["time"]), instant(event["recordedtime"]))
    for other in amendments:
        if identity_of(other) in asked:
            continue
        amendment = _read(other, amendments, asked)
        target = amendment.data["amends"]
        if amendment.void or (target["source"], target["id"]) != identity_of(event):
            continue
        if amendment.data.get("void"):
            reading.void = True
            continue
        fields = dict(amendment.data["replacement"])
        if "time" in fields:
            reading.time = instant(fields.pop("time"))
            reading.stated_at = instant(other["recordedtime"])
        reading.data = {**reading.data, **fields}
    return reading


def cycles_of(facts: Sequence[Known], closing_kinds: Sequence[str]) -> list[Cycle]:
    """Return the cycles of one part of a case; `facts` are in order."""
    cycles: list[Cycle] = []
    early = Cycle(opener=facts[0]) if facts else None
    for fact in facts:
        current = cycles[-1] if cycles else early
        assert current is not None
        if fact.kind == "completed" and current.completion is None:
            current.completion = fact
        if fact.kind == "accepted":
            if not cycles:
                cycles.append(replace(current, opener=fact))
            elif current.closer is not None:
                cycles.append(Cycle(opener=fact))
        elif current.closer is not None:
            continue
        elif fact.kind in closing_kinds:
            current.closer = fact
        else:
            current.facts.append(fact)
    return cycles
