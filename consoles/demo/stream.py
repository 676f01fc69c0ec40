"""The endless stream of what the hall's sources send, in the order in which they send it.

It stands apart from the sending itself so that it can be read without a network: a test or a bench
takes as much of it as it wants.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count

from consoles.demo.days import Hall, whole_day
from consoles.demo.facts import Sending
from consoles.demo.floor import DOORS_OPEN
from consoles.demo.opening_stock import opening_stock
from consoles.demo.workday import local_day, local_us


class Outgoing:
    """Facts that wait for their moment; those of one moment leave in the order they came."""

    def __init__(self) -> None:
        """Begin with nothing to send."""
        self._heap: list[tuple[int, int, Sending]] = []
        self._turns = count()

    def add(self, sendings: Iterable[Sending]) -> None:
        """Take in facts to be sent at their moments."""
        for sending in sendings:
            heapq.heappush(self._heap, (sending.at_us, next(self._turns), sending))

    def next_us(self) -> int | None:
        """Return the moment of the next fact, in µs; nothing where none waits."""
        return self._heap[0][0] if self._heap else None

    def take_until(self, us: int) -> Iterator[Sending]:
        """Yield, and let go of, the facts whose moment lies before or at `us`."""
        while self._heap and self._heap[0][0] <= us:
            yield heapq.heappop(self._heap)[2]


def stream(hall: Hall, start_us: int) -> Iterator[Sending]:
    """Yield every fact of the demo in order of sending, day after day, without end.

    The facts of the opening stock come first, all at `start_us`.
    """
    stock = opening_stock(hall, start_us)
    outgoing = Outgoing()
    outgoing.add(stock.posted)
    outgoing.add(stock.later)
    day = local_day(start_us)
    while True:
        outgoing.add(whole_day(hall, day))
        day += timedelta(days=1)
        yield from outgoing.take_until(local_us(day, DOORS_OPEN) - 1)
