"""Records in, findings out: one run of the core over records in log order, with no storage.

Findings, their ids and instants are those of a ledger of one partition whose owner is never late.
What is simplified is where they stand. A case's ticks come right before its next record, or, when
the records have ended or a unit rule looks at cards, at their instants. A unit's ticks come when a
record or the end passes a close and its grace: all ticks of a close, then what they find. Their
`upto` counts records and findings as given here, without markers and repeats of findings.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from heapq import heapify, heappop, heappush

from ledger.record import AnyRecord, micros
from processors.loop import STEPPED_TYPES
from processors.simulated_units import SimulatedUnits
from processors.supervision.policy import Policy, lives_on_import_time
from processors.supervision.publications import Publications
from processors.supervision.state import CaseState
from processors.supervision.step import Stepped, step
from processors.supervision.ticks import next_tick, waits_until
from processors.supervision.unit_facts import UNIT_GRACE_US


def simulate(
    records: Iterable[AnyRecord],
    policy: Policy,
    until_us: int | None = None,
    on_disorder: Callable[[AnyRecord], object] = lambda _: None,
) -> Iterator[AnyRecord]:
    """Yield the ticks and findings that records lead to, in the order a ledger would hold them.

    Args:
        records: in log order, each with its `recordedtime`; publications among them govern what
            follows them. Unit rules that only a published pack has look at nothing before it.
        until_us: let time run on to this instant after the last record; None lets it stand.
        on_disorder: told of the first record that was recorded in a period already judged for a
            unit, which no log can hold; units are not judged any further.
    """
    run = _Run(policy, on_disorder)
    for record in records:
        yield from run.take(record)
    if until_us is not None:
        yield from run.end(until_us)


class _Run:
    """The state of one simulation."""

    def __init__(self, policy: Policy, on_disorder: Callable[[AnyRecord], object]) -> None:
        self._published = Publications()
        self._policy = policy
        self._on_disorder = on_disorder
        self._states: dict[str, CaseState] = {}
        self._offset = 0
        self._now_us = 0
        self._units = SimulatedUnits() if policy.pack_for(None).unit_rules else None

    def take(self, record: AnyRecord) -> Iterator[AnyRecord]:
        """Take the next record; yield what the time up to it and the record itself lead to."""
        if self._units is not None and not lives_on_import_time(record.timeline):
            self._now_us = max(self._now_us, micros(record.recordedtime or record.time))
            yield from self._units_up_to(self._now_us, self._units)
        if self._published.apply(record, self._offset):
            self._govern()
        self._offset += 1
        if record.type in STEPPED_TYPES:
            known = self._states.get(record.subject)
            stepped = step(known, record, self._offset - 1, self._policy)
            self._states[record.subject] = stepped.state
            if self._units is not None and stepped.state is not known:
                self._rows(self._units, record, known, stepped)
            self._offset += len(stepped.records)
            yield from stepped.records

    def end(self, until_us: int) -> Iterator[AnyRecord]:
        """Let time run on to an instant; no record follows."""
        if self._units is not None:
            yield from self._units_up_to(until_us, self._units, has_ended=True)
        yield from run_out(self._states, self._policy, until_us, self._offset)

    def _govern(self) -> None:
        if self._policy.published is not self._published:
            self._policy = replace(self._policy, published=self._published)
        if self._units is None and self._published.packs:
            self._units = SimulatedUnits()

    def _rows(
        self, units: SimulatedUnits, record: AnyRecord, known: CaseState | None, stepped: Stepped
    ) -> None:
        was_in_order = not units.is_out_of_order
        units.take(record, self._offset - 1, known, stepped.state)
        for number, made in enumerate(stepped.records):
            units.take(made, self._offset + number)
        if was_in_order and units.is_out_of_order:
            self._on_disorder(record)

    def _units_up_to(
        self, now_us: int, units: SimulatedUnits, *, has_ended: bool = False
    ) -> Iterator[AnyRecord]:
        """Yield what is told and found of units up to an instant, and of cases where it is due.

        Before the records have ended cases are ticked only if a rule looks at their cards, so that
        records of other cases that are not in order of recording do them no harm.
        """
        while (close_us := units.next_close(self._policy, now_us)) is not None:
            if has_ended or units.looks_at_cards(self._policy, close_us, now_us):
                for made in self._cases_up_to(close_us + UNIT_GRACE_US + 1):
                    units.take(made, self._offset)
                    self._offset += 1
                    yield made
            for made in units.judge(self._policy, close_us, self._offset, now_us):
                self._offset += 1
                yield made

    def _cases_up_to(self, until_us: int) -> Iterator[AnyRecord]:
        """Let time pass for all cases but those that live on the time of their import."""
        live = {s.subject: s for s in self._states.values() if not lives_on_import_time(s.timeline)}
        yield from run_out(live, self._policy, until_us, self._offset)
        self._states.update(live)


def run_out(
    states: dict[str, CaseState], policy: Policy, until_us: int, order: int
) -> Iterator[AnyRecord]:
    """Let time pass up to an instant; yield each tick due by then and what follows, in order."""
    waiting = ((waits_until(state, policy, order), name) for name, state in states.items())
    due = [(tick_us, name) for tick_us, name in waiting if tick_us is not None]
    heapify(due)
    while due and due[0][0] <= until_us:
        tick_us, subject = heappop(due)
        tick = next_tick(states[subject], policy, order, tick_us)
        assert tick is not None, "it was waited for"
        state, records = step(states[subject], tick, order, policy)
        states[subject] = state
        next_us = waits_until(state, policy, order)
        if next_us is not None:
            heappush(due, (next_us, subject))
        yield tick
        yield from records
