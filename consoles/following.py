"""Read models kept up with the log: what the embedded engine and a worker do alike.

A record that cannot be read stops its partition until the log grows, for an operator may have
skipped it; every other partition goes on.
"""

from collections.abc import Iterable, Sequence

from ledger.errors import PartitionLost, RecordUnreadable
from projections.drivers.projector import BATCH_MAX, Projector


class ProjectionFollower:
    """Turns a projector's partitions one after the other.

    Attributes:
        unreadable: partitions stopped by a record that cannot be read, and what was said of it.
    """

    def __init__(
        self,
        projector: Projector,
        partitions: Iterable[int] = (),
        *,
        reclaims: bool = False,
        limit: int = BATCH_MAX,
    ) -> None:
        """Begin with partitions that are claimed already.

        Args:
            projector: whose partitions they are.
            partitions: those to turn from the start.
            reclaims: claim a partition again that a rebuild beside this process has taken; right
                where a lock says that nobody else owns it.
            limit: records of one partition that are applied at once, at most.
        """
        self._projector = projector
        self._owned = set(partitions)
        self._reclaims = reclaims
        self._limit = limit
        self._unread: dict[int, int] = {}
        self.unreadable: dict[int, RecordUnreadable] = {}

    def claim(self, partition: int) -> None:
        """Take a partition over.

        Raises:
            LogMismatch: the log is not the one that was read before.
        """
        self._projector.claim([partition])
        self._owned.add(partition)

    def release(self, partition: int) -> None:
        """Leave a partition to its next owner."""
        self._projector.release(partition)
        self._owned.discard(partition)
        self._unread.pop(partition, None)
        self.unreadable.pop(partition, None)

    def reached(self) -> dict[int, int]:
        """Return the next offset of each owned partition."""
        return self._projector.reached()

    def turn(self) -> bool:
        """Apply a batch of each partition; whether any record was read."""
        live = sorted(self._owned - self._unread.keys())
        moved = self._step_together(live)
        for partition in sorted(self._owned & self._unread.keys()):
            moved = self._step(partition) or moved
        return moved

    def _step_together(self, partitions: Sequence[int]) -> bool:
        """Apply a batch of all in one transaction; one by one where a record cannot be read."""
        if not partitions:
            return False
        try:
            return self._projector.step_together(partitions, self._limit) > 0
        except RecordUnreadable:
            return sum(self._step(partition) for partition in partitions) > 0
        except PartitionLost:
            if not self._reclaims:
                raise
            kept = self._projector.reached()
            self._projector.claim([each for each in partitions if each not in kept])
            return True

    def _step(self, partition: int) -> bool:
        projector = self._projector
        if self._unread and self._unread.get(partition) == projector.lags()[partition]:
            return False
        try:
            moved = projector.step(partition) > 0
        except PartitionLost:
            if not self._reclaims:
                raise
            projector.claim([partition])
            return True
        except RecordUnreadable as error:
            self._unread[partition] = projector.lags()[partition]
            self.unreadable[partition] = error
            return False
        self._unread.pop(partition, None)
        self.unreadable.pop(partition, None)
        return moved
