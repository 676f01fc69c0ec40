"""What a unit rule is: a name, its meaning, and a pure judgement of one unit's period.

A unit is a department. What a rule looks at are rows, one for each record that says something about
a unit, not cases; so it sees what no single case shows. It gives a finding for a person to check,
never a card.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ledger.fact import Identity
from ledger.findings import LEVELS, Level
from ledger.work_calendar import WorkCalendar
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.periods import Period, PeriodName

ACCEPTED, COMPLETED = "accepted", "completed"
CARD_ENDED, CARD_CONFIRMED, NAMED = "card-ended", "card-confirmed", "named"
EVIDENCE_MAX = 50
"""Identities a finding cites at most; its detail says how many there are."""


def card_kind(level: Level, *, waiting: bool = False) -> str:
    """Return the kind of row of an issued card of a level, or of one that waits for a person."""
    return f"{level}-card-waiting" if waiting else f"{level}-card"


UNIT_KINDS = (
    ACCEPTED,
    COMPLETED,
    NAMED,
    *(card_kind(level, waiting=waiting) for level in LEVELS for waiting in (False, True)),
)
"""Kinds of rows that are of a department."""
CARD_KINDS = (CARD_ENDED, CARD_CONFIRMED)
"""Kinds of rows that are of a card."""


class UnitFact(NamedTuple):
    """A row of `unit_facts`, in column order: what one record says about one unit.

    Attributes:
        kind: an acceptance, a completion, a card of some level, the end or confirmation of a card,
            or a finding of a unit rule.
        unit: the department's code; of a card's end or confirmation the card's id.
        at_us: what puts it in a period: `recordedtime`, of a card `time`.
        partition, offset: where its record lies.
        happened_us: `time` of the record.
        subject, source, id: name of the record.
        about: matter of an acceptance, id of a card, rule of a finding; else empty.
    """

    kind: str
    unit: str
    at_us: int
    partition: int
    offset: int
    happened_us: int
    subject: str
    source: str
    id: str
    about: str = ""

    @property
    def identity(self) -> Identity:
        """The record's name, as evidence cites it."""
        return Identity(source=self.source, id=self.id)

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Its place among rows of one kind and unit: the same whatever the partitions are."""
        return self.at_us, self.subject, self.source, self.id


class Span(NamedTuple):
    """Which rows to read: those of a kind from an instant on and before another, in their order.

    Attributes:
        most: how many at most, the earliest first; None for all.
        unit: of another unit than the judged one, or of a card.
        elsewhere: of all units but the judged one.
        about: only rows about one of these.
    """

    kind: str
    from_us: int
    until_us: int
    most: int | None = None
    unit: str | None = None
    elsewhere: bool = False
    about: tuple[str, ...] | None = None


Rows = Callable[[Span], Sequence[UnitFact]]
"""Gives the rows of a span that the judgement may see: those below the tick's `upto`."""


class UnitPeriod(NamedTuple):
    """One unit in one period, with what it is judged by."""

    unit: str
    period: Period
    rows: Rows
    calendar: WorkCalendar


class Found(NamedTuple):
    """What a rule found.

    Attributes:
        detail: figures as `name=value`, without a language.
        evidence: rows it rests on; the first `EVIDENCE_MAX` are cited.
    """

    detail: str
    evidence: Sequence[UnitFact]


class UnitRule(NamedTuple):
    """A rule by name.

    Attributes:
        meaning, meaning_en: one sentence each.
        judge: what is found in a unit's period, or None; the second argument is what `read` gave.
        wakes: spans of which at least one must hold rows of a unit for the rule to have to look;
            they begin no later than the rows that `judge` reads.
        read: takes the rule's parameters out of its table in a pack.
        parameters: what they mean, by key; for the rule reference.
    """

    name: str
    meaning: str
    meaning_en: str
    judge: Callable[[UnitPeriod, Any], Found | None]
    wakes: Callable[[Period, Any, WorkCalendar], tuple[Span, ...]]
    read: Callable[[PackReader], Any]
    parameters: tuple[tuple[str, str], ...]


class UnitRuleInForce(NamedTuple):
    """A unit rule that a pack switches on.

    Attributes:
        period: whose close lets the rule be judged.
        parameters: what its module read from the pack.
    """

    name: str
    basis: str
    period: PeriodName
    parameters: Any
