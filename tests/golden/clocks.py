"""Words for case clocks in tests: when a clock opened, what moved it, when a limit is used up.

It stands apart because clocks are tested without cases, and properties try them by the thousand.
"""

from collections.abc import Sequence
from typing import Literal

from processors.supervision.clock import CaseClock, Move, StopSpan
from tests.golden.language import at, calendar, limit, local

Counting = Literal["working_seconds", "statutory_day"]


def clock(
    opened: str = "2018-10-15 10:00:00",
    moves: Sequence[Move] = (),
    counting: Counting = "working_seconds",
    midnight: bool = False,
) -> CaseClock:
    return CaseClock(calendar(), at(opened), moves, counting, midnight)


def stop(start: str, end: str | None, days: int | None = None) -> StopSpan:
    return StopSpan(at(start), None if end is None else at(end), days)


def effective(of: CaseClock, granted: str, offset: int = 0) -> str:
    """When a limit plus so many of its units has passed."""
    return local(of.reach(limit(granted), offset).effective_us)


def due(of: CaseClock, granted: str) -> str:
    """The instant shown to people."""
    return local(of.reach(limit(granted), 0).due_us)


def declared(of: CaseClock, instant: str, unit: str = "working_day", offset: int = 0) -> str:
    """When a declared instant plus so many units has passed."""
    return local(of.reach_declared(at(instant), unit, offset).effective_us)
