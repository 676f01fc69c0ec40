"""What supervision keeps of a case between records: its facts, and the findings that stand.

Facts and findings are two sets: a finding, once issued, is an act and is not computed again. The
value can be thrown away and read again from the log (`processors/rebuild.py`).
"""

from bisect import insort
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from ledger.case import Known
from ledger.case_events import CaseAccepted
from ledger.fact import Fact

HANDLING = "handling"
"""Kind of the clock from acceptance to completion; other kinds are in `clocks/`."""


class CardOnFile(NamedTuple):
    """A card that was issued for one level of one rule, clock and cycle.

    Attributes:
        occurrence: how often the same card had been rescinded before.
        life: state of its life after its issue (`ledger/card_life.py`).
        standing: not rescinded by late evidence.
        by_people: revoked or downgraded by people; it counts as standing and is not rescinded.
    """

    part: str | None
    rule: str
    clock: str | None
    cycle: str | None
    rank: int
    card_id: str
    effective_us: int
    detected_us: int
    occurrence: int
    life: str
    standing: bool = True
    by_people: bool = False


@dataclass(slots=True)
class CaseState:
    """The state of one case; `step` returns a new one and leaves the old one as it was.

    Attributes:
        facts: known facts of the case, sorted by time, family rank and log order.
        now_us: greatest of the facts' `recordedtime` and the ticks' instants.
        ticks: `due_at` of the ticks of thresholds seen.
        replans: `due_at` of the ticks by which new calendars planned it anew.
        acts: identities of the human acts seen.
        limits: signature of the last `limits-set` by (part, kind of clock, cycle).
        settled: signature of the last settlement by (part, cycle).
        deemed: (part, cycle) of the receipts at which it counts as accepted.
        anomalies: signatures of the anomalies named.
        suspended_from: order of the record from which the case could not be judged; None if it is.
        next_tick_us: instant at which time alone may change the verdict; None for never.
    """

    subject: str
    timeline: str | None = None
    facts: list[Known] = field(default_factory=list)
    now_us: int = 0
    ticks: list[int] = field(default_factory=list)
    replans: list[int] = field(default_factory=list)
    acts: list[tuple[str, str]] = field(default_factory=list)
    cards: list[CardOnFile] = field(default_factory=list)
    limits: dict[tuple[str | None, str, str], int] = field(default_factory=dict)
    settled: dict[tuple[str | None, str], int] = field(default_factory=dict)
    deemed: list[tuple[str | None, str]] = field(default_factory=list)
    anomalies: list[int] = field(default_factory=list)
    suspended_from: int | None = None
    next_tick_us: int | None = None

    @property
    def suspended(self) -> bool:
        """Whether judging waits for an operator."""
        return self.suspended_from is not None

    @property
    def is_closed(self) -> bool:
        """Whether every cycle of handling is settled and nothing is expected of time."""
        if self.next_tick_us is not None or not self.settled:
            return False
        return all(
            (part, cycle) in self.settled for part, kind, cycle in self.limits if kind == HANDLING
        )

    def copy(self) -> "CaseState":
        """Return a state that can be changed without touching this one."""
        return CaseState(
            self.subject,
            self.timeline,
            self.facts.copy(),
            self.now_us,
            self.ticks.copy(),
            self.replans.copy(),
            self.acts.copy(),
            self.cards.copy(),
            self.limits.copy(),
            self.settled.copy(),
            self.deemed.copy(),
            self.anomalies.copy(),
            self.suspended_from,
            self.next_tick_us,
        )

    def with_fact(self, known: Known) -> "CaseState":
        """Return this state with one fact more; what else it holds is shared with it."""
        facts = self.facts.copy()
        insort(facts, known)
        return CaseState(
            self.subject,
            self.timeline,
            facts,
            max(self.now_us, known.recorded_us),
            self.ticks,
            self.replans,
            self.acts,
            self.cards,
            self.limits,
            self.settled,
            self.deemed,
            self.anomalies,
            self.suspended_from,
            self.next_tick_us,
        )

    def knows(self, source: str, id_: str) -> bool:
        """Whether a fact or a human act of this identity has been taken in."""
        for known in self.facts:
            if known.id == id_ and known.source == source:
                return True
        return (source, id_) in self.acts

    def acceptances(self) -> list[CaseAccepted]:
        """Return what the acceptances say that are known, in order."""
        return [known.fact for known in self.facts if type(known.fact) is CaseAccepted]

    def holds_other(self, source: str, id_: str, time_us: int, fact: Fact) -> bool:
        """Whether a fact of this identity was taken in with another time or other content."""
        return any(
            known.fact != fact or time_us not in (known.time_us, known.recorded_us)
            for known in self.facts
            if known.id == id_ and known.source == source
        )


def signature(*values: object) -> int:
    """Return 63 bits that tell one finding's content from another's; stable across processes."""
    text = repr(values).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) >> 1
