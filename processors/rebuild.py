"""Reads states again from the log alone: collect up to the marker, step the rest.

A marker `hall.supervision.judged.v1 {upto}` says that all findings caused by records below `upto`
lie before it. So facts and ticks below the last `upto` are collected, in any order, together with
the findings they caused, wherever those lie; the rest is stepped in log order, and what the log
already has is dropped.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.case_events import CaseReleased
from ledger.events import FINDING_TYPES
from ledger.findings import CaseUnjudged
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Entry
from ledger.reading import Read
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached, SupervisionJudged
from processors.loop import STEPPED_TYPES, entry_of
from processors.supervision.collect import adopt, collect, law_for
from processors.supervision.judge import judge, next_due
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import cut_over, step
from processors.supervision.unit_facts import UNIT

END = 1 << 62
"""An offset that no record has."""
REBUILT_TYPES = STEPPED_TYPES | FINDING_TYPES
"""Types that a state is made of."""


@dataclass(slots=True)
class Rebuilt:
    """States made again from a partition's log, or from that of some of its cases.

    Attributes:
        next_offset: the first offset not read.
        missing: records that stepping gave and the log does not hold; to be appended.
    """

    states: dict[str, CaseState] = field(default_factory=dict)
    next_offset: int = 0
    missing: list[Entry] = field(default_factory=list)


def last_marker(records: Iterable[Read]) -> int:
    """Return `upto` of the last marker of a partition; 0 without one."""
    upto = 0
    for read in records:
        if read.record is not None and isinstance(read.record.data, SupervisionJudged):
            upto = read.record.data.upto
    return upto


def rebuild(records: Iterable[Read], upto: int, policy: Policy, stop: int | None = None) -> Rebuilt:
    """Return the states of one partition, or of some of its cases.

    Cases do not touch each other, so a long partition is rebuilt some cases at a time.

    Args:
        records: all records of the cases, in log order; others among them do not matter.
        upto: of its last marker; 0 steps everything.
        stop: where stepping ends, so that an owner can go on from there; the end where absent.
    """
    rebuilt = Rebuilt()
    held: dict[tuple[str, str], AnyRecord] = {}
    below: dict[str, _Below] = {}
    later: list[Read] = []
    for read in records:
        rebuilt.next_offset = read.position.offset + 1
        record = read.record
        if record is None or record.subject.startswith(UNIT):
            continue
        if record.source == SUPERVISION_SOURCE:
            if (record.subject, record.id) in held:
                continue  # a log may hold a finding once more; the first counts
            held[record.subject, record.id] = record
        if record.type in REBUILT_TYPES:
            below.setdefault(record.subject, _Below(upto)).take(read)
        if record.type in STEPPED_TYPES and upto <= read.position.offset < (stop or END):
            later.append(read)
    collected = ((subject, of_case.state(policy)) for subject, of_case in below.items())
    rebuilt.states.update((subject, state) for subject, state in collected if state is not None)
    for read in later:
        rebuilt.missing.extend(_stepped(rebuilt.states, read, policy, held))
    return rebuilt


class _Below:
    """What of one case is collected: records below the marker, and the findings they caused."""

    def __init__(self, upto: int) -> None:
        self._upto = upto
        self._moves: list[Read] = []
        self._later_ticks: list[Read] = []
        self._findings: list[Read] = []
        self._names: set[str] = set()

    def take(self, read: Read) -> None:
        """Keep a record of the case; one that comes again is none."""
        record = read.record
        assert record is not None
        if record.name in self._names:
            return
        self._names.add(record.name)
        if record.type in FINDING_TYPES:
            self._findings.append(read)
        elif read.position.offset < self._upto:
            self._moves.append(read)
        elif isinstance(record.data, ClockReached):
            self._later_ticks.append(read)

    def state(self, policy: Policy) -> CaseState | None:
        """Return the case as it stood at the marker; None if nothing of it lies below."""
        if not self._moves or (first := self._moves[0].record) is None:
            return None
        state = CaseState(first.subject, first.timeline)
        failed = {
            read.record.causationid
            for read in self._findings
            if read.record is not None and isinstance(read.record.data, CaseUnjudged)
        }
        for place, read in self._in_order():
            assert read.record is not None
            law = law_for(policy.laws_of(state), state, read.record, place.offset)
            collect(state, read.record, place.offset, law.pack.future_tolerance_us)
            if isinstance(read.record.data, CaseReleased) and read.record.name not in failed:
                state.suspended_from = None
        _plan(state, policy)
        return state

    def _in_order(self) -> list[tuple["_Place", Read]]:
        """Return what is collected in the order in which it was judged, not that of the log.

        A tick that a fact overtook comes before the fact, and every finding right after its cause.
        """
        now_us = max(_instant_us(read) for read in self._moves)
        places = {_name(read): self._place(read) for read in self._moves}
        for tick in self._later_ticks:
            if _instant_us(tick) <= now_us:
                places[_name(tick)] = self._place(tick)
        ordered = [(places[_name(read)], read) for read in self._moves]
        for read in self._findings:
            assert read.record is not None
            cause = places.get(read.record.causationid or "")
            if cause is not None:
                made = cause._replace(is_finding=True, written=read.position.offset)
                ordered.append((made, read))
        return sorted(ordered, key=lambda each: each[0])

    def _place(self, read: Read) -> "_Place":
        assert read.record is not None
        offset = read.position.offset
        if not isinstance(read.record.data, ClockReached):
            return _Place(offset, True, 0, False, offset)
        instant_us = _instant_us(read)
        overtaking = (
            move.position.offset for move in self._moves
            if _instant_us(move) >= instant_us and move is not read
        )  # fmt: skip
        return _Place(min(next(overtaking, offset), offset), False, instant_us, False, offset)


class _Place(NamedTuple):
    """Where a record was judged: a tick before what overtook it, a finding after its cause."""

    offset: int
    is_fact: bool
    instant_us: int
    is_finding: bool
    written: int


def _name(read: Read) -> str:
    assert read.record is not None
    return read.record.name


def _instant_us(read: Read) -> int:
    record = read.record
    assert record is not None
    if isinstance(record.data, ClockReached):
        return micros(record.time)
    return micros(record.recordedtime or record.time)


def _plan(state: CaseState, policy: Policy) -> None:
    """Find the next tick of a collected state; judging emits nothing here."""
    if state.suspended or not state.facts:
        return
    try:
        verdict = judge(state.facts, policy.laws_of(state), state.now_us, cut_over(state))
    except Exception:  # noqa: BLE001 - the tick that follows suspends the case, and no other
        state.next_tick_us = state.now_us + 1
        return
    due_us = next_due(verdict, state.ticks)
    if due_us is not None:
        state.next_tick_us = due_us + verdict.law.pack.report_grace_us + 1


def _stepped(
    states: dict[str, CaseState],
    read: Read,
    policy: Policy,
    held: Mapping[tuple[str, str], AnyRecord],
) -> Iterator[Entry]:
    """Step a record; yield what the log lacks, and let the log's copy of the rest stand."""
    record = read.record
    assert record is not None
    stepped = step(states.get(record.subject), record, read.position.offset, policy)
    states[record.subject] = stepped.state
    for made in stepped.records:
        copy = held.get((made.subject, made.id))
        if copy is None:
            yield entry_of(made)
        elif copy.data != made.data:
            adopt(stepped.state, copy, read.position.offset)
