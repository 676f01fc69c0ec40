"""What is known of one subject: repeats dropped, amendments applied, facts in order, cycles found.

It stands apart because it is the oracle's reading of what a history says, before any time is
counted (design §5; §7 "One definition", "Case and cycle").
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

Identity = tuple[str, str]
Event = dict[str, Any]

# Family rank is the order of the table in design §5, each row read from left to right.
RANK = (
    *("case.received", "case.pre-reviewed", "case.correction-requested"),
    *("case.correction-received", "case.accepted", "case.acceptance-refused", "case.transferred"),
    *("case.stage-started", "case.stage-finished", "case.part-dispatched", "case.part-replied"),
    *("case.urged", "case.clock-stopped", "case.clock-resumed", "case.extended", "case.decided"),
    *("case.completed", "case.certificate-issued", "case.delivered", "case.fee-charged"),
    *("case.fee-paid", "case.rated"),
    *("complaint.filed", "complaint.accepted", "complaint.refused", "complaint.transferred"),
    *("complaint.extended", "complaint.answered", "complaint.closed"),
    *("consultation.asked", "consultation.answered"),
)


def instant(text: str) -> datetime:
    """Read an RFC 3339 instant as UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def identity_of(event: Event) -> Identity:
    """Return the name of a record within its subject."""
    return event["source"], event["id"]


def kind_of(event: Event) -> str:
    """Return the last word of the type: `accepted` of `hall.case.accepted.v1`."""
    return str(event["type"].split(".")[2])


def typed(event: Event) -> str:
    """Return family and kind, as `RANK` names them: `case.accepted`."""
    return f"{event['type'].split('.')[1]}.{kind_of(event)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fact as it reads after all amendments.

    `kind` is the word without its family, `place` counts the records that came before it, and
    `order` is its place in the partition's log (the event's own `order`, else its `place`).
    """

    identity: Identity
    family: str
    kind: str
    time: datetime
    place: int
    order: int
    data: dict[str, Any]

    @property
    def part(self) -> str | None:
        """The department's share that the fact is about; None is the whole."""
        part: str | None = self.data.get("part")
        return part


@dataclass(slots=True, kw_only=True)
class Cycle:
    """One handling cycle: what opened it, what closed it, and every fact of its part between.

    `opener` is the acceptance, or the receipt if the case counts as accepted at it (`is_deemed`);
    then `acceptance` is the one that came later, if any. `facts` hold neither acceptances nor the
    closer; those of the first cycle of a part begin with the facts before its opener.
    The completion says the outcome where a decision has closed the cycle before it. Closer and
    completion may be the whole's (their `part` is None) where that has closed a part.
    """

    opener: Known
    closer: Known | None = None
    completion: Known | None = None
    facts: list[Known] = field(default_factory=list)
    is_deemed: bool = False
    acceptance: Known | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What the acceptance declares; what the receipt says while there is none."""
        return (self.acceptance or self.opener).data

    @property
    def is_closed_early(self) -> bool:
        """Whether the fact that closed it came before the one that opened it."""
        return self.closer is not None and by_facts(self.closer) < by_facts(self.opener)


def by_facts(fact: Known) -> tuple[datetime, int, int]:
    """Return what facts are sorted by: time, family rank, place in the log."""
    return fact.time, RANK.index(f"{fact.family}.{fact.kind}"), fact.place


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
        if typed(event) not in RANK:
            continue
        reading = _read(event, amendments, frozenset())
        if reading.void:
            continue
        ahead = reading.time - reading.stated_at > tolerance
        facts.append(
            Known(
                identity=identity_of(event),
                family=typed(event).split(".")[0],
                kind=kind_of(event),
                time=reading.stated_at if ahead else reading.time,
                place=place,
                order=event.get("order", place),
                data=reading.data,
            )
        )
    return sorted(facts, key=by_facts)


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


def cycles_of(
    facts: Sequence[Known],
    closing_kinds: Sequence[str],
    deemed_at: Known | None = None,
    whole_completions: Collection[Known] = (),
) -> list[Cycle]:
    """Return the cycles of one part of a case; `facts` are in order.

    `deemed_at` is the receipt at which the part counts as accepted, if any. `whole_completions`
    are the completions of the whole, which also close a cycle of the part that is open at them.
    """
    cycles: list[Cycle] = []
    of_the_whole = {fact.identity for fact in whole_completions}
    merged = sorted([*facts, *whole_completions], key=by_facts)
    early = Cycle(opener=merged[0]) if merged else None
    for fact in merged:
        current = cycles[-1] if cycles else early
        assert current is not None
        if fact.identity in of_the_whole:
            if cycles and current.closer is None:
                current.closer = current.completion = fact
        elif fact == deemed_at:
            assert not cycles
            cycles.append(replace(current, opener=fact, is_deemed=True))
        elif fact.kind == "accepted":
            _accept(cycles, current, fact)
        else:
            _handle(current, fact, closing_kinds)
    return cycles


def _accept(cycles: list[Cycle], current: Cycle, fact: Known) -> None:
    """Open a cycle, or speak for the one that counted as open since the receipt."""
    if not cycles:
        cycles.append(replace(current, opener=fact, acceptance=fact))
    elif cycles[0].is_deemed and cycles[0].acceptance is None:
        cycles[0].acceptance = fact
    elif current.closer is not None:
        cycles.append(Cycle(opener=fact, acceptance=fact))


def _handle(current: Cycle, fact: Known, closing_kinds: Sequence[str]) -> None:
    if fact.kind == "completed" and current.completion is None:
        current.completion = fact
    if current.closer is not None:
        return
    if fact.kind in closing_kinds:
        current.closer = fact
    else:
        current.facts.append(fact)
