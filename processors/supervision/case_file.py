"""The file of one case (案卷) as rules see it: its facts, its cycles and their handling clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.case import Cycle, Known
from processors.supervision.law import Law
from processors.supervision.verdict import ClockVerdict


class Breach(NamedTuple):
    """One breach of a rule, with the facts that show it, sorted.

    Attributes:
        cycle: the handling cycle it belongs to, if any.
        effective_us: since when it is one; for a rule that waits, the last moment in which a fact
            may still put it right.
        waits: whether it is one only once that moment has passed.
    """

    rule: str
    part: str | None
    cycle: str | None
    evidence: tuple[Known, ...]
    effective_us: int
    waits: bool = False


class Handling(NamedTuple):
    """A cycle of handling and its clock."""

    cycle: Cycle
    clock: ClockVerdict


@dataclass(slots=True)
class Share:
    """What one department's share of a case went through; most cases have one, the whole.

    Attributes:
        facts: sorted, amended; those of this part only.
    """

    part: str | None
    facts: Sequence[Known]
    handling: Sequence[Handling]


@dataclass(slots=True)
class CaseFile:
    """One case.

    Attributes:
        facts: of all shares, sorted, amended.
        law: of the case's first acceptance.
        deemed: whether any share counts as accepted without an acceptance.
    """

    facts: Sequence[Known]
    shares: Sequence[Share]
    law: Law
    deemed: bool = False


def breach(
    rule: str, part: str | None, cycle: Cycle | None, *evidence: Known, at_us: int | None = None
) -> Breach:
    """Return a breach that holds since its last fact, or since `at_us`."""
    shown = tuple(sorted(evidence)) if len(evidence) > 1 else evidence
    since_us = shown[-1].time_us if at_us is None else at_us
    return Breach(rule, part, None if cycle is None else cycle.opener.name, shown, since_us)


def is_blank(text: str | None) -> bool:
    """Whether nothing is said."""
    return not (text or "").strip()
