"""The hall's clock: the machine's, the database's, or a virtual one for the demo's day."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ledger.errors import HallError

LEAP_MAX_US = 600_000_000


class Clock(Protocol):
    """What stamps records and decides which ticks are due."""

    def now_us(self) -> int:
        """Return the instant, µs since the epoch, UTC."""
        ...

    def may_tick(self) -> bool:
        """Return False while ticks must be held for an operator."""
        ...

    def wait_until(self, us: int, longest_s: float) -> None:
        """Sleep until an instant, at most so many seconds of the machine."""
        time.sleep(max(0.0, min(longest_s, (us - self.now_us()) / 1e6)))


class WallClock(Clock):
    """The machine's clock, watched against its monotonic one.

    A leap of more than ten minutes ahead would issue cards that are not due. It holds the ticks;
    starting the process again is the operator's word that the new time is right.
    """

    def __init__(self) -> None:
        """Note where both clocks stand."""
        self._wall_us = time.time_ns() // 1_000
        self._steady_ns = time.monotonic_ns()

    def now_us(self) -> int:
        """Return the machine's time."""
        return time.time_ns() // 1_000

    def may_tick(self) -> bool:
        """Whether the wall clock has not leapt ahead since the start."""
        passed_us = (time.monotonic_ns() - self._steady_ns) // 1_000
        return self.now_us() - self._wall_us - passed_us <= LEAP_MAX_US


class DatabaseClock(Clock):
    """The database's clock, carried on by the machine's monotonic one and asked again now and then.

    All workers and nodes of a hall stamp and tick by it, so a machine whose own clock is wrong does
    no harm; how far that one is off is told by `gap_us`.
    """

    def __init__(self, ask: Callable[[], int], every_s: float = 10.0) -> None:
        """Ask the database at once.

        Args:
            ask: gives the database's instant, µs since the epoch.
            every_s: how old an answer may be.
        """
        self._ask = ask
        self._every_ns = int(every_s * 1e9)
        self._lock = threading.Lock()
        self._given_us = 0
        self._look()

    def now_us(self) -> int:
        """Return the database's instant; never one before an earlier answer.

        While the database does not answer, the monotonic clock carries on the last answer.
        """
        with self._lock:
            passed_ns = time.monotonic_ns() - self._steady_ns
            if passed_ns >= self._every_ns:
                with suppress(HallError):
                    self._look()
                passed_ns = time.monotonic_ns() - self._steady_ns
            self._given_us = max(self._given_us, self._base_us + passed_ns // 1_000)
            return self._given_us

    def gap_us(self) -> int:
        """Return how far the machine's own clock is ahead of the database's."""
        return time.time_ns() // 1_000 - self.now_us()

    def may_tick(self) -> bool:
        """Whoever keeps the database's clock answers for it."""
        return True

    def _look(self) -> None:
        before_ns = time.monotonic_ns()
        base_us = self._ask()
        self._steady_ns = (before_ns + time.monotonic_ns()) // 2
        self._base_us = base_us


class VirtualClock(Clock):
    """A clock that starts where it is told and runs `speed` times as fast as the machine's."""

    def __init__(self, start_us: int, speed: float) -> None:
        """Start at `start_us` now."""
        self._start_us = start_us
        self._speed = speed
        self._steady_ns = time.monotonic_ns()

    def now_us(self) -> int:
        """Return the virtual instant."""
        passed_us = (time.monotonic_ns() - self._steady_ns) / 1_000
        return self._start_us + int(passed_us * self._speed)

    def may_tick(self) -> bool:
        """Virtual time does not leap."""
        return True

    def wait_until(self, us: int, longest_s: float) -> None:
        """Sleep until a virtual instant, at most `longest_s` seconds of the machine."""
        time.sleep(max(0.0, min(longest_s, (us - self.now_us()) / 1e6 / self._speed)))
