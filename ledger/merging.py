"""Several partitions as one sequence, by when the ledger learned of their records.

It stands apart from what is done with the sequence because its promises are worth reading alone: no
partition is reordered, and what is published governs the same facts as before.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ledger.log import is_reference
from ledger.reading import Read
from ledger.record import micros

Identity = tuple[str, str, str]


def merged(partitions: Sequence[Iterable[Read]]) -> Iterator[Read]:
    """Give the records of all partitions by when the ledger learned of them, none out of its order.

    A record that lies behind a later one in its partition comes right after it; one of an import
    lives on the import's own time and comes right after what it lies behind. A reference record
    comes when every partition has reached its copy, so that it governs what it governed before.
    """
    heads = [_keyed(partition) for partition in partitions]
    ready: list[_Head] = []
    waiting: list[_Head] = []
    passed: set[Identity] = set()

    def advance(number: int) -> None:
        following = next(heads[number], None)
        if following is not None:
            key, read = following
            reference = reference_of(read)
            held = reference is not None and reference not in passed
            heapq.heappush(waiting if held else ready, _Head(key, number, read, reference))

    for number in range(len(heads)):
        advance(number)
    while ready or waiting:
        if not ready and (reference := waiting[0].reference) is not None:
            passed.add(reference)
            ready = [head for head in waiting if head.reference == reference]
            waiting = [head for head in waiting if head.reference != reference]
            heapq.heapify(ready)
            heapq.heapify(waiting)
        head = heapq.heappop(ready)
        yield head.read
        advance(head.number)


class _Head(NamedTuple):
    """The next record of a partition; keys differ, so nothing behind them is compared."""

    key: tuple[int, int, int]
    number: int
    read: Read
    reference: Identity | None


def reference_of(read: Read) -> Identity | None:
    """Return the identity of a reference record; None for any other."""
    record = read.record
    if record is None or not is_reference(record.subject):
        return None
    return record.subject, record.source, record.id


def _keyed(partition: Iterable[Read]) -> Iterator[tuple[tuple[int, int, int], Read]]:
    learned_us = 0
    for read in partition:
        record = read.record
        if record is not None and record.timeline is None and record.recordedtime is not None:
            learned_us = max(learned_us, micros(record.recordedtime))
        yield (learned_us, *read.position), read
