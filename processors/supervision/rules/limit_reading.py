"""What rules ask of the limits of a handling clock: which has passed, and how one stood before."""

from typing import NamedTuple

from ledger.findings import LimitName
from processors.supervision.case_file import Handling
from processors.supervision.clock import CaseClock, Move
from processors.supervision.clocks.handling import counted_extensions, counts, stop_spans
from processors.supervision.limits import GrantedLimit, bare_clock
from processors.supervision.rules.cycle_reading import acceptance_of
from processors.supervision.verdict import ClockVerdict, Due


class Promise(NamedTuple):
    """The promised limit as it stood at some point.

    Attributes:
        end_us: last moment in time.
    """

    clock: CaseClock
    limit: GrantedLimit
    end_us: int


def due_of(clock: ClockVerdict, name: LimitName) -> Due | None:
    """Return a limit of a clock by name."""
    for due in clock.dues:
        if due.limit.name == name:
            return due
    return None


def expired_us(clock: ClockVerdict) -> int | None:
    """Return the last moment of the last limit: statutory, or promised where there is no other.

    It is None where there is no limit, and while an open stop without a cap holds the clock.
    """
    due = due_of(clock, "statutory") or due_of(clock, "promised")
    return None if due is None else due.effective_us


def unmoved_end(clock: ClockVerdict, due: Due) -> int:
    """Return the last moment of a limit of a clock as it would stand without any move."""
    end_us = due.effective_us
    if clock.clock.moves or end_us is None:
        end_us = due.limit.reach(bare_clock(clock.law, clock.opened_us), 0).effective_us
    assert end_us is not None
    return end_us


def promise_without_stop(handling: Handling, number: int) -> Promise | None:
    """Return the promised limit as it would stand without a stop of the cycle and the later ones.

    Args:
        number: of the stop, from 0, in order of facts.

    Returns:
        None where nothing is promised, or where an earlier stop without a cap holds the clock.
    """
    cycle, verdict = handling
    due = due_of(verdict, "promised")
    if due is None:
        return None
    law = verdict.law
    clock = bare_clock(law, verdict.opened_us)
    if number or cycle.extensions:
        earlier = [stop for stop in cycle.stops[:number] if counts(stop.start.fact, law.pack)]
        moves: list[Move] = stop_spans(earlier, law, verdict.closed_us)
        moves += counted_extensions(cycle, law.pack, acceptance_of(cycle))
        clock.moves = sorted(moves, key=lambda move: move[0])
    end_us = due.limit.reach(clock, 0).effective_us
    return None if end_us is None else Promise(clock, due.limit, end_us)
