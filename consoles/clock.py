"""The hall's clock: the machine's own, or a virtual one that the demo's day runs on."""

import time
from typing import Protocol

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
        ...


class WallClock:
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

    def wait_until(self, us: int, longest_s: float) -> None:
        """Sleep until an instant, at most `longest_s` seconds."""
        time.sleep(max(0.0, min(longest_s, (us - self.now_us()) / 1e6)))


class VirtualClock:
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
