"""What if another pack had governed: the cards a ledger has, beside those it would have had.

Facts and acts of people are stepped again under other rules; ticks of the log belong to the rules
they were made under and are left out, for a step lets time run by itself. Nothing is written.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from typing import Literal, NamedTuple

from ledger.findings import CardIssued, CardRescinded, Level
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from processors.loop import STEPPED_TYPES
from processors.simulate import run_out
from processors.supervision.pack import Pack
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step

MOVING_TYPES = STEPPED_TYPES - {ClockReached.TYPE}
"""Facts and acts of people: what the same cases would have brought whatever the rules."""
CARD_FINDINGS = frozenset({CardIssued.TYPE, CardRescinded.TYPE})
WANTED_TYPES = MOVING_TYPES | CARD_FINDINGS
"""All that the question needs of a log; the rest is not even decoded."""

Effect = Literal["added", "gone", "moved", "unchanged"]
EFFECTS: tuple[Effect, ...] = ("added", "gone", "moved", "unchanged")

Told = tuple[int, AnyRecord]
"""A record with its offset."""


class Key(NamedTuple):
    """What a card is about; at most one that stands has a key."""

    case: str
    part: str | None
    rule: str
    clock: str | None
    cycle: str | None
    level: Level


class Standing(NamedTuple):
    """What may differ between two cards of one key."""

    department: str | None
    effective_us: int


Cards = Mapping[Key, Standing]


class Change(NamedTuple):
    """What the other rules do to one card.

    Attributes:
        was_us: `effective_at` of the card the ledger has; None for an added one.
        would_be_us: of the one it would have had; None for one that is gone.
    """

    effect: Effect
    key: Key
    department: str | None
    was_us: int | None
    would_be_us: int | None

    @property
    def place(self) -> tuple[object, ...]:
        """Sorts changes: the latest first."""
        instants = [us for us in (self.was_us, self.would_be_us) if us is not None]
        return -max(instants), tuple("" if each is None else each for each in self.key)


class Window(NamedTuple):
    """A span of `effective_at`, its end outside; None for open."""

    from_us: int | None = None
    to_us: int | None = None

    def holds(self, us: int | None) -> bool:
        """Whether an instant lies in it."""
        if us is None:
            return False
        return (self.from_us is None or us >= self.from_us) and (
            self.to_us is None or us < self.to_us
        )


@dataclass(frozen=True, slots=True)
class Until:
    """The instants up to which time is let run: the last that the log tells of.

    Attributes:
        live_us: of cases that live on the ledger's time; None where nothing tells it.
        imports: of those that live on an import's, by timeline.
    """

    live_us: int | None
    imports: Mapping[str, int]

    def of(self, timeline: str | None) -> int | None:
        """Return the last instant of a case's time."""
        return self.imports.get(timeline, self.live_us) if timeline else self.live_us


def governed_by(policy: Policy, pack: Pack) -> Policy:
    """Return a policy under which every case, imported ones too, is judged by `pack`.

    Where it brings no calendar of its own, a case keeps the one that it was counted by. It stands
    under the names of the packs it replaces, by which cases find it; published packs are left out.
    """
    packs = {
        name: replace(pack, name=name, calendar=pack.calendar or each.calendar)
        for name, each in policy.packs.items()
    }
    return replace(policy, packs=packs)


def standing(findings: Iterable[AnyRecord]) -> dict[Key, Standing]:
    """Return the cards that were issued and not rescinded, whatever people did with them since."""
    issued: dict[tuple[str, str], CardIssued] = {}
    rescinded: set[tuple[str, str]] = set()
    for record in findings:
        if isinstance(record.data, CardIssued):
            issued.setdefault((record.subject, record.data.card_id), record.data)
        elif isinstance(record.data, CardRescinded):
            rescinded.add((record.subject, record.data.card_id))
    return {
        Key(name[0], card.part, card.rule, card.clock, card.cycle, card.level): Standing(
            card.responsible.department, micros(card.effective_at)
        )
        for name, card in issued.items()
        if name not in rescinded
    }


class Judged(NamedTuple):
    """What stepping a case gave; `suspended` if the rules could not judge it."""

    cards: dict[Key, Standing]
    suspended: bool


def judged(told: Sequence[Told], policy: Policy, until: Until, end: int) -> Judged:
    """Return the cards that stand when the facts and acts of one case are stepped under a policy.

    Args:
        told: in the order in which they were recorded.
        until: up to where time runs on after the last of them.
        end: the next offset of the partition: what was published by then governs that time.
    """
    found: list[AnyRecord] = []
    state: CaseState | None = None
    for order, record in told:
        if record.type in MOVING_TYPES:
            stepped = step(state, record, order, policy)
            state = stepped.state
            found += stepped.records
    if state is None:
        return Judged({}, False)
    until_us = until.of(state.timeline)
    states = {state.subject: state}
    if until_us is not None:
        found += run_out(states, policy, until_us, end)
    return Judged(standing(found), states[state.subject].suspended)


def changes(was: Cards, would_be: Cards) -> Iterator[Change]:
    """Yield what becomes of each card, those that stay as they are included."""
    for key, card in was.items():
        other = would_be.get(key)
        if other is None:
            yield Change("gone", key, card.department, card.effective_us, None)
        else:
            effect: Effect = "unchanged" if other.effective_us == card.effective_us else "moved"
            yield Change(effect, key, card.department, card.effective_us, other.effective_us)
    for key, card in would_be.items():
        if key not in was:
            yield Change("added", key, card.department, None, card.effective_us)


@dataclass(slots=True)
class Comparison:
    """Counts of all changes, and the latest of them; comparisons of other cases can be added.

    Attributes:
        limit: how many changes are kept.
        counts: cards by department, effect and level.
        unjudged: cases that the other rules cannot judge, some of them by name.
    """

    limit: int
    cases: int = 0
    counts: Counter[tuple[str | None, Effect, Level]] = field(default_factory=Counter)
    latest: list[Change] = field(default_factory=list)
    unjudged: int = 0
    unjudged_named: list[str] = field(default_factory=list)

    def add(
        self, told: Sequence[Told], policy: Policy, until: Until, end: int, window: Window
    ) -> None:
        """Compare one case; `judged` tells the arguments."""
        would_be = judged(told, policy, until, end)
        was = standing(record for _, record in told if record.type in CARD_FINDINGS)
        self.cases += 1
        if would_be.suspended:
            self.unjudged += 1
            self._name([told[0][1].subject])
        for change in changes(was, would_be.cards):
            if window.holds(change.was_us) or window.holds(change.would_be_us):
                self.counts[change.department, change.effect, change.key.level] += 1
                if change.effect != "unchanged":
                    self.latest.append(change)
        self._keep()

    def join(self, other: "Comparison") -> None:
        """Add what was found in other cases."""
        self.cases += other.cases
        self.counts.update(other.counts)
        self.latest += other.latest
        self.unjudged += other.unjudged
        self._name(other.unjudged_named)
        self._keep()

    def listed(self) -> list[Change]:
        """Return the latest changes, in order."""
        return nsmallest(self.limit, self.latest, key=lambda change: change.place)

    def _name(self, subjects: Iterable[str]) -> None:
        self.unjudged_named = sorted({*self.unjudged_named, *subjects})[:UNJUDGED_NAMED]

    def _keep(self) -> None:
        if len(self.latest) > 2 * self.limit + SPARE:
            self.latest = self.listed()


UNJUDGED_NAMED = 20
SPARE = 1_000
