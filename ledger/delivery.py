"""Records that a consumer hands over, read by position as a log is.

The reader's position leads. What was handed over at that position is taken as it comes; what lies
below it came twice; beyond it something was passed over, and the missing records are read from the
log itself. So it never matters which offsets the consumer has committed.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.log import EventLog, Position

Delivered = tuple[Position, bytes]


@dataclass(slots=True)
class _Partition:
    """What waits of one partition.

    Attributes:
        own_until: up to here the log is read without waiting for the consumer.
        handed: beyond the last record handed over.
        served: beyond the last record read.
        looked: `handed` when the log was last looked at; -1 before.
        end: where the log ended then.
    """

    own_until: int
    waiting: deque[Delivered] = field(default_factory=deque)
    handed: int = 0
    served: int = 0
    looked: int = -1
    end: int = 0


class Delivery:
    """What was handed over and is not read yet, by partition; used by one thread at a time.

    Attributes:
        repeats: by partition, records handed over that had been read before.
        gaps: by partition, records read from the log because the consumer had passed them over.
    """

    def __init__(self, log: EventLog) -> None:
        """Fill gaps from `log`."""
        self._log = log
        self._partitions: dict[int, _Partition] = {}
        self.repeats: Counter[int] = Counter()
        self.gaps: Counter[int] = Counter()

    def begin(self, partition: int) -> int:
        """Begin with what the log holds now; return where what is handed over is to go on."""
        end = self._log.ends()[partition]
        self._partitions[partition] = _Partition(end)
        return end

    def look(self) -> None:
        """Let what the log holds and nobody has handed over since the last look be read from it."""
        ends = self._log.ends()
        for partition, of in self._partitions.items():
            is_silent = not of.waiting and of.looked in (-1, of.handed)
            if is_silent and ends[partition] > of.served:
                passed_over = ends[partition] - max(of.served, of.own_until)
                self.gaps[partition] += passed_over if of.looked >= 0 else 0
                of.own_until = ends[partition]
            of.looked = of.handed
            of.end = ends[partition]

    def lags(self) -> dict[int, int]:
        """Return how far each partition was behind the log when it was last looked at."""
        return {number: max(0, of.end - of.served) for number, of in self._partitions.items()}

    def end(self, partition: int) -> None:
        """Forget a partition; what is handed over of it from now on is dropped."""
        self._partitions.pop(partition, None)

    def hand_over(self, partition: int, records: Sequence[Delivered]) -> None:
        """Take records of a partition, in order; those of one that has not begun are dropped."""
        of = self._partitions.get(partition)
        if of is None:
            return
        for delivered in records:
            offset = delivered[0].offset
            if offset < max(of.handed, of.served):
                self.repeats[partition] += 1
            else:
                of.waiting.append(delivered)
                of.handed = offset + 1

    def read(self, partition: int, from_offset: int, limit: int) -> list[Delivered]:
        """Return at most `limit` records from an offset on, in order; none if none has come."""
        of = self._partitions[partition]
        waiting = of.waiting
        while waiting and waiting[0][0].offset < from_offset:
            self.repeats[partition] += waiting.popleft()[0].offset >= of.served
        if waiting and waiting[0][0].offset == from_offset:
            found = _in_a_row(waiting, limit)
        else:
            end = waiting[0][0].offset if waiting else of.own_until
            if from_offset >= end:
                return []
            found = self._log.read(partition, from_offset, min(limit, end - from_offset))
            self.gaps[partition] += 0 if from_offset < of.own_until else len(found)
        if found:
            of.served = max(of.served, found[-1][0].offset + 1)
        return found


def _in_a_row(waiting: deque[Delivered], limit: int) -> list[Delivered]:
    """Return what lies one after the other; it stays until the reader's position is past it."""
    expected = waiting[0][0].offset
    taken: list[Delivered] = []
    for delivered in waiting:
        if len(taken) == limit or delivered[0].offset != expected:
            break
        taken.append(delivered)
        expected += 1
    return taken
