"""The fold of a case's facts into cycles of its handling; disorder is named, never refused.

A source system may report late, twice, in any order, or never. This module says what was opened,
stopped, extended and closed by which fact, and what does not fit. It knows no limits and no
calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.case_events import (
    CaseAccepted,
    CaseAmended,
    CaseCompleted,
    CaseExtended,
    CaseReceived,
    CaseTransferred,
    ClockResumed,
    ClockStopped,
    CorrectionReceived,
    CorrectionRequested,
    DecisionMade,
    StageFinished,
    StageStarted,
)
from ledger.errors import EventInvalid
from ledger.fact import Fact
from ledger.intake_rules import instant_from_text
from ledger.record import micros
from ledger.wire import merged

HANDLING = frozenset(
    {
        CaseTransferred,
        StageStarted,
        StageFinished,
        ClockStopped,
        ClockResumed,
        CaseExtended,
        DecisionMade,
        CaseCompleted,
    }
)
"""Facts of handling: none of them makes sense before an acceptance of their part. A part that was
dispatched to another department and answered has its own limits, which the acceptance does not
start.
"""

AFTER_COMPLETION = HANDLING - {DecisionMade, CaseCompleted} | {
    CaseAccepted,
    CaseReceived,
    CorrectionRequested,
    CorrectionReceived,
}
"""Facts that have no place after the completion of their cycle."""


class Known(NamedTuple):
    """A fact of a case as the ledger knows it; sorts by time, family rank, log order.

    Attributes:
        time_us: when it happened (never later than recorded plus the tolerance of the pack).
        order: its place in the log, relative to the case's other facts.
        recorded_us: when the ledger learned it.
    """

    time_us: int
    rank: int
    order: int
    recorded_us: int
    source: str
    id: str
    fact: Fact

    @property
    def name(self) -> str:
        """The record's `source#id`."""
        return f"{self.source}#{self.id}"


class Disorder(NamedTuple):
    """One thing that does not fit, with the facts that show it."""

    rule: str
    cycle: str | None
    evidence: tuple[Known, ...]


class Stop(NamedTuple):
    """A stopped clock: its start and, where known, its resumption."""

    start: Known
    resume: Known | None


@dataclass(slots=True)
class Cycle:
    """One opening of a case's handling.

    Attributes:
        opener: the acceptance, or the receipt of a case deemed accepted; its identity names the
            cycle.
        acceptance: the acceptance; None where there is only a deemed one so far.
        closer: the fact that closes the clock; it may lie before the opener.
        completion: the completion, where `closer` is a decision.
        decision: the first decision.
        handled: transfers and stages from the opening to the closing, in order.
        lost: resumptions that close no stop.
    """

    opener: Known
    acceptance: Known | None = None
    closer: Known | None = None
    completion: Known | None = None
    decision: Known | None = None
    stops: list[Stop] = field(default_factory=list)
    extensions: list[Known] = field(default_factory=list)
    handled: list[Known] = field(default_factory=list)
    lost: list[Known] = field(default_factory=list)
    transfer: Known | None = None
    stage: Known | None = None


@dataclass(slots=True)
class CaseView:
    """What one part of a case went through."""

    cycles: list[Cycle]
    disorder: list[Disorder]


def fold(
    facts: Sequence[Known],
    closes: frozenset[type[Fact]],
    part: str | None = None,
    deemed: Known | None = None,
) -> CaseView:
    """Return the cycles and the disorder in the facts of one part.

    Args:
        facts: sorted, with amendments applied; for a part of a joint case with the completions of
            the whole among them.
        closes: fact types that close the clock; the first one does.
        part: the share whose facts these are.
        deemed: the receipt at which the case is deemed accepted (行政许可法 art. 32); the first
            acceptance after it opens nothing.
    """
    cycles: list[Cycle] = []
    disorder: list[Disorder] = []
    early: list[Known] = []
    current: Cycle | None = None
    for known in facts:
        kind = type(known.fact)
        if kind is CaseAccepted or known is deemed:
            if _opens(current, known, disorder):
                current = _open(known, early if current is None else [], closes, disorder)
                cycles.append(current)
                early = []
        elif kind not in HANDLING:
            continue
        elif part is not None and known.fact.part is None:  # type: ignore[attr-defined]
            if current is not None and current.closer is None:
                current.closer = current.completion = known
        elif current is None:
            early.append(known)
        else:
            _handle(current, known, closes, disorder)
    if early:
        disorder.append(Disorder("handling-without-acceptance", None, (early[0],)))
    for cycle in cycles:
        _after_completion(cycle, facts, disorder)
    return CaseView(cycles, disorder)


def _opens(current: Cycle | None, known: Known, disorder: list[Disorder]) -> bool:
    """Whether an acceptance opens a cycle; it may belong to one deemed accepted, or repeat one."""
    if current is None:
        return True
    if current.acceptance is None:
        current.acceptance = known
        return False
    if current.closer is None:
        evidence = (current.opener, known)
        disorder.append(Disorder("repeated-acceptance", current.opener.name, evidence))
    return current.closer is not None


def _open(
    opener: Known, early: list[Known], closes: frozenset[type[Fact]], disorder: list[Disorder]
) -> Cycle:
    """Open a cycle; the first completion that came before the first acceptance closes it."""
    cycle = Cycle(opener, opener if type(opener.fact) is CaseAccepted else None)
    for known in early:
        _handle(cycle, known, closes, disorder)
    return cycle


def _handle(
    cycle: Cycle, known: Known, closes: frozenset[type[Fact]], disorder: list[Disorder]
) -> None:
    kind = type(known.fact)
    if kind in closes or kind is CaseCompleted:
        _close(cycle, known, closes, disorder)
    elif cycle.closer is not None and cycle.closer.time_us < known.time_us:
        return
    elif kind is ClockStopped:
        cycle.stops.append(Stop(known, None))
        if known.fact.applied is None:  # type: ignore[attr-defined]
            disorder.append(Disorder("stop-without-limit", cycle.opener.name, (known,)))
    elif kind is ClockResumed:
        _resume(cycle, known, disorder)
    elif kind is CaseExtended:
        cycle.extensions.append(known)
    elif kind is CaseTransferred:
        cycle.transfer = known
        cycle.handled.append(known)
    elif kind is StageStarted or kind is StageFinished:
        cycle.stage = known
        cycle.handled.append(known)
    elif kind is DecisionMade and cycle.decision is None:
        cycle.decision = known


def _close(
    cycle: Cycle, known: Known, closes: frozenset[type[Fact]], disorder: list[Disorder]
) -> None:
    kind = type(known.fact)
    in_time = cycle.closer is None or known.time_us <= cycle.closer.time_us
    if kind is DecisionMade and cycle.decision is None and in_time:
        cycle.decision = known
    if cycle.closer is None and kind in closes:
        cycle.closer = known
    if kind is not CaseCompleted:
        return
    if cycle.completion is None:
        cycle.completion = known
    else:
        evidence = (cycle.completion, known)
        disorder.append(Disorder("repeated-completion", cycle.opener.name, evidence))


def _resume(cycle: Cycle, known: Known, disorder: list[Disorder]) -> None:
    """Close the latest open stop that began before, failing that one of the same instant."""
    for index in range(len(cycle.stops) - 1, -1, -1):
        stop = cycle.stops[index]
        if stop.resume is None and stop.start.time_us < known.time_us:
            cycle.stops[index] = Stop(stop.start, known)
            return
    for index in range(len(cycle.stops) - 1, -1, -1):
        stop = cycle.stops[index]
        if stop.resume is None and stop.start.time_us == known.time_us:
            cycle.stops[index] = Stop(stop.start, known)
            return
    cycle.lost.append(known)
    disorder.append(Disorder("resumption-without-stop", cycle.opener.name, (known,)))


def _after_completion(cycle: Cycle, facts: Sequence[Known], disorder: list[Disorder]) -> None:
    """Name the first fact of handling that lies after the completion of its cycle."""
    end = cycle.completion or cycle.closer
    if end is None or facts[-1].time_us <= end.time_us:
        return
    for known in facts:
        if known.time_us <= end.time_us or type(known.fact) not in AFTER_COMPLETION:
            continue
        if type(known.fact) is CaseAccepted and known is not cycle.opener:
            return
        disorder.append(Disorder("event-after-completion", cycle.opener.name, (end, known)))
        return


def with_amendments(
    facts: Sequence[Known], tolerance_us: int = 0
) -> tuple[Sequence[Known], list[Disorder]]:
    """Return the facts as amended (更正), sorted, and amendments that cannot be used.

    Amendments apply in log order; one that is itself amended or voided applies as that leaves it,
    and one whose target is absent waits. An amended fact keeps its identity and its place in the
    log.
    """
    amendments = [known for known in facts if type(known.fact) is CaseAmended]
    if not amendments:
        return facts, []
    amending = _Amending(amendments, tolerance_us)
    left = (amending.leaves(k, frozenset()) for k in facts if type(k.fact) is not CaseAmended)
    effective = [known for known in left if known is not None]
    return sorted([*effective, *amendments]), list(amending.unusable.values())


class _Amending:
    """The amendments of a case by what they amend, in log order."""

    def __init__(self, amendments: Sequence[Known], tolerance_us: int) -> None:
        self.unusable: dict[tuple[str, str], Disorder] = {}
        self._tolerance_us = tolerance_us
        self._of_target: dict[tuple[str, str], list[Known]] = {}
        for known in sorted(amendments, key=lambda known: known.order):
            assert isinstance(known.fact, CaseAmended)
            amends = known.fact.amends
            self._of_target.setdefault((amends.source, amends.id), []).append(known)

    def leaves(self, known: Known, above: frozenset[tuple[str, str]]) -> Known | None:
        """Return a fact as its amendments leave it, None if void; circles do not count."""
        key = (known.source, known.id)
        current = known
        for each in self._of_target.get(key, ()):
            if (each.source, each.id) in above or (each.source, each.id) == key:
                continue
            amendment = self.leaves(each, above | {key})
            if amendment is None:
                continue
            assert isinstance(amendment.fact, CaseAmended)
            if amendment.fact.void:
                return None
            try:
                current = _replaced(current, amendment, self._tolerance_us)
            except EventInvalid:
                disorder = Disorder("amendment-unusable", None, (each,))
                self.unusable[each.source, each.id] = disorder
        return current


def _replaced(target: Known, amendment: Known, tolerance_us: int) -> Known:
    fact = amendment.fact
    assert isinstance(fact, CaseAmended)
    replacement = dict(fact.replacement or {})
    text = replacement.pop("time", None)
    time_us = target.time_us
    if text is not None:
        time_us = micros(instant_from_text("replacement.time", text))
        if time_us > amendment.recorded_us + tolerance_us:
            time_us = amendment.recorded_us
    return target._replace(time_us=time_us, fact=merged(target.fact, replacement))
