"""Until when what a page shows is complete: the figure by which a frozen screen is known.

It stands apart because a screen that looks healthy and is not is the worst failure of a hall, and
because under a steady stream the read models are never level with the log's very end.
"""

from collections.abc import Mapping
from threading import Lock

from consoles.api.hall_port import HallPort


class Freshness:
    """Remembers where the log ended at an instant; moves on once the read models are past it."""

    def __init__(self, hall: HallPort) -> None:
        """Begin with nothing known to be complete."""
        self._hall = hall
        self._lock = Lock()
        self._as_of_us: int | None = None
        self._asked: tuple[int, Mapping[int, int]] | None = None

    def look(self) -> tuple[int | None, bool]:
        """Return the last instant up to which all was counted (µs, None before any), and readiness.

        A hall that says it is not ready counts nothing as complete.
        """
        ready = bool(self._hall.status().get("ready"))
        with self._lock:
            now_us, ends = self._hall.now_us(), dict(self._hall.log.ends())
            read = self._hall.readers.positions()
            if self._asked is None:
                self._asked = (now_us, ends)
            asked_us, asked = self._asked
            if ready and _reached(read, asked):
                self._as_of_us = now_us if _reached(read, ends) else asked_us
                self._asked = None if _reached(read, ends) else (now_us, ends)
            return self._as_of_us, ready


def _reached(read: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    return all(read.get(partition, 0) >= end for partition, end in ends.items())
