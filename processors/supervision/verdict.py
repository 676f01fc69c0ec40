"""What a verdict says: the clocks of a case, the thresholds crossed, and when to look again."""

from dataclasses import dataclass
from typing import NamedTuple

from ledger.case import Cycle, Known
from ledger.fact import Fact, Identity
from ledger.findings import Responsible
from processors.supervision.clock import CaseClock, StopSpan
from processors.supervision.law import Law
from processors.supervision.limits import GrantedLimit
from processors.supervision.pack import ThresholdRule
from processors.supervision.state import HANDLING


class Mark(NamedTuple):
    """A threshold of a clock and the instant after which it is crossed.

    Attributes:
        effective_us: None while an open stop without a cap holds the clock.
        crossed: as the verdict's `now` and a closing fact show.
        issuable: False for a threshold before its limit that was reached at the opening, or whose
            clock is known to have closed, and before the cut-over.
        possible: False for a threshold that was reached at the opening and so never gives a card.
    """

    threshold: ThresholdRule
    effective_us: int | None
    crossed: bool
    issuable: bool
    possible: bool = True


class Due(NamedTuple):
    """One limit with the instant shown to people and the last moment in time."""

    limit: GrantedLimit
    due_us: int | None
    effective_us: int | None


@dataclass(slots=True)
class ClockVerdict:
    """One clock of a case: opened by a fact whose identity names it.

    Attributes:
        kind: `handling` or another kind of `clocks/`.
        entry: the fact that says which hall, department and matter it is about.
        stopped: a stop that counts has no resumption yet, whether or not its applied time ran out.
        facts: the cycle of handling that it belongs to, where it belongs to one.
        moved_by: facts that moved it, where it is not the handling clock.
    """

    kind: str
    part: str | None
    opener: Known
    cycle: str
    opened_us: int
    closer: Known | None
    closed_us: int | None
    clock: CaseClock
    dues: list[Due]
    marks: list[Mark]
    law: Law
    entry: Fact
    stopped: bool = False
    facts: Cycle | None = None
    moved_by: tuple[Known, ...] = ()

    @property
    def hall(self) -> str | None:
        """The hall it is about."""
        return getattr(self.entry, "hall", None)

    @property
    def matter(self) -> str | None:
        """The matter it is about."""
        return getattr(self.entry, "matter", None)

    @property
    def department(self) -> str | None:
        """The department it is about."""
        return getattr(self.entry, "department", None)

    def stop_ends_us(self) -> int | None:
        """Return when the applied time of the open stops runs out; None if one has no cap."""
        if not self.stopped or self.facts is None:
            return None
        running = {stop.start.time_us for stop in self.facts.stops if stop.resume is None}
        ends = [
            move.end_us
            for move in self.clock.moves
            if isinstance(move, StopSpan) and move.start_us in running
        ]
        capped = [end for end in ends if end is not None]
        return max(capped) if len(capped) == len(ends) else None

    def responsible(self) -> Responsible:
        """Return who answers: the department told, the clerk and stage of last."""
        department = self.department
        clerk = getattr(self.entry, "clerk_ref", None)
        stage = None
        if self.kind == "stage":
            own = self.opener.fact
            department = getattr(own, "department", None) or department
            clerk = getattr(own, "clerk_ref", None) or clerk
            stage = getattr(own, "stage", None)
        elif self.facts is not None:
            transfer, last = self.facts.transfer, self.facts.stage
            if transfer is not None:
                clerk = getattr(transfer.fact, "to_clerk", None) or clerk
            if last is not None:
                stage = getattr(last.fact, "stage", None)
                if transfer is None or transfer.time_us <= last.time_us:
                    clerk = getattr(last.fact, "clerk_ref", None) or clerk
        return Responsible(department=department, clerk_ref=clerk, stage=stage)

    def evidence(self) -> tuple[Identity, ...]:
        """Return the facts the clock rests on, in order of time."""
        known = [self.opener, *self.moved_by]
        if self.kind == HANDLING and self.facts is not None:
            known += self.facts.extensions
            for stop in self.facts.stops:
                known.append(stop.start)
                if stop.resume is not None:
                    known.append(stop.resume)
            acceptance = self.facts.acceptance
            if acceptance is not None and acceptance is not self.opener:
                known.append(acceptance)
        if self.closer is not None:
            known.append(self.closer)
        return tuple(Identity(source=k.source, id=k.id) for k in sorted(known))
