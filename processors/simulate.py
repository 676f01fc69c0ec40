"""Records in, findings out: one run of the core over records in log order, with no storage."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from ledger.record import AnyRecord
from processors.loop import STEPPED_TYPES
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step
from processors.supervision.ticks import limit_tick


def simulate(
    records: Iterable[AnyRecord], policy: Policy, until_us: int | None = None
) -> Iterator[AnyRecord]:
    """Yield the ticks and findings that records lead to, in the order a ledger would hold them.

    Args:
        records: in log order, each with its `recordedtime`.
        until_us: let time run on to this instant after the last record; None lets it stand.
    """
    states: dict[str, CaseState] = {}
    order = 0
    for order, record in enumerate(records):
        if record.type in STEPPED_TYPES:
            stepped = step(states.get(record.subject), record, order, policy)
            states[record.subject] = stepped.state
            yield from stepped.records
    if until_us is not None:
        yield from run_out(states, policy, until_us, order + 1)


def run_out(
    states: dict[str, CaseState], policy: Policy, until_us: int, order: int
) -> Iterator[AnyRecord]:
    """Let time pass up to an instant; yield each tick due by then and what follows, in order."""
    due = [(s.next_tick_us, subject) for subject, s in states.items() if s.next_tick_us is not None]
    heapify(due)
    while due and due[0][0] <= until_us:
        tick_us, subject = heappop(due)
        state = states[subject]
        tick = limit_tick(subject, state.timeline, tick_us, policy)
        stepped = step(state, tick, order, policy)
        states[subject] = stepped.state
        if stepped.state.next_tick_us is not None:
            heappush(due, (stepped.state.next_tick_us, subject))
        yield tick
        yield from stepped.records
