"""Follows the log: reads a batch of one partition, applies it, commits rows and position together.

One object a partition owner; what wakes it, and on which thread, is the composition root's affair.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledger.errors import DatabaseUnavailable, PartitionLost, RecordUnreadable
from ledger.log import (
    ANSWERS_REPEATS,
    EventLog,
    Feed,
    Position,
    ReaderPosition,
    check_position,
    digest,
)
from ledger.reading import is_skipped
from projections.drivers.sql_store import Move, SqlStore
from projections.runner import Runner, identities_of

BATCH_MAX = 2_000


class Projector:
    """Keeps the rows of a store up with a log.

    Attributes:
        store: where the rows are.
    """

    def __init__(self, log: EventLog, store: SqlStore, feed: Feed | None = None) -> None:
        """Bind a log to a store that is prepared; records come from `feed` where it is given."""
        self.store = store
        self._log = log
        self._feed = feed or log
        self._runner = Runner(store.projections)
        self._repeats = ANSWERS_REPEATS not in log.capabilities
        self._owned: dict[int, ReaderPosition] = {}
        self._unsure: set[int] = set()

    def claim(self, partitions: Sequence[int]) -> None:
        """Become the owner of partitions, and see that the log is the one that was read before.

        Raises:
            LogMismatch: another log, a shorter one, or another record before the position.
        """
        for partition in partitions:
            position = self.store.claim(partition, self._log.identity)
            check_position(self._log, position)
            self._owned[partition] = position
            self._unsure.discard(partition)

    def release(self, partition: int) -> None:
        """Leave a partition to its next owner; one that is not owned is left as it is."""
        self._owned.pop(partition, None)

    def step(
        self,
        partition: int,
        limit: int = BATCH_MAX,
        until: int | None = None,
        within: Connection | None = None,
    ) -> int:
        """Apply the next batch of an owned partition; return how many records were read.

        Args:
            partition: one that was claimed.
            limit: records at most.
            until: an offset not to read at or beyond.
            within: a transaction of the store that is open already.

        Raises:
            PartitionLost: another owner has it; nothing was written, and it is given up here.
            DatabaseUnavailable: the same may be asked again; what was cut off is not lost and not
                done twice.
            RecordUnreadable: the next record cannot be read, and no operator has passed over it.
        """
        position = self._position(partition)
        if until is not None:
            limit = min(limit, until - position.next_offset)
        raws = self._feed.read(partition, position.next_offset, limit) if limit > 0 else []
        if not raws:
            return 0
        batch = self._runner.plan(raws)
        if batch.unread is not None:
            raws = self._readable(raws, batch.unread)
        self.store.load(batch.rows, within)
        known = self.store.applied(identities_of(batch), within) if self._repeats else None
        changes = self._runner.apply(batch, known)
        last, raw = raws[-1]
        try:
            moved = self.store.commit(position, last.offset + 1, digest(raw), changes, within)
        except PartitionLost:
            del self._owned[partition]
            raise
        except DatabaseUnavailable:
            self._unsure.add(partition)
            raise
        self._owned[partition] = moved
        return len(raws)

    def step_together(self, partitions: Sequence[int], limit: int = BATCH_MAX) -> int:
        """Apply the next batch of each of some owned partitions, in one transaction.

        A transaction costs some round trips, however much it holds.

        Args:
            partitions: those that were claimed.
            limit: records of one partition at most.

        Returns:
            How many records were read.

        Raises:
            PartitionLost: another owner has one; nothing was written, and it is given up here.
            DatabaseUnavailable: as of `step`.
            RecordUnreadable: a record of one cannot be read; nothing was written. `step` says
                more, and goes on where it can.
        """
        raws: list[tuple[Position, bytes]] = []
        moves: list[Move] = []
        for partition in partitions:
            position = self._position(partition)
            if found := self._feed.read(partition, position.next_offset, limit):
                last, raw = found[-1]
                reached = replace(position, next_offset=last.offset + 1, last_sha256=digest(raw))
                moves.append((position, reached))
                raws += found
        if not raws:
            return 0
        batch = self._runner.plan(raws)
        if batch.unread is not None:
            raise batch.unread[1]
        self.store.load(batch.rows)
        known = self.store.applied(identities_of(batch)) if self._repeats else None
        changes = self._runner.apply(batch, known)
        try:
            self.store.commit_together(moves, changes)
        except PartitionLost as lost:
            for old, _ in moves:
                if old.partition == lost.details.get("partition"):
                    del self._owned[old.partition]
            raise
        except DatabaseUnavailable:
            self._unsure.update(old.partition for old, _ in moves)
            raise
        self._owned.update((new.partition, new) for _, new in moves)
        return len(raws)

    def _position(self, partition: int) -> ReaderPosition:
        """Return where a partition is; after a commit that was cut off the store knows it."""
        position = self._owned[partition]
        if partition in self._unsure:
            try:
                position = self._owned[partition] = self.store.reread(position)
            except PartitionLost:
                del self._owned[partition]
                raise
            self._unsure.discard(partition)
        return position

    def catch_up(self, limit: int = BATCH_MAX) -> int:
        """Apply all that the owned partitions hold now; return how many records were read."""
        total = 0
        for partition in sorted(self._owned):
            while count := self.step(partition, limit):
                total += count
        return total

    def reached(self) -> dict[int, int]:
        """Return the next offset of each owned partition."""
        return {partition: at.next_offset for partition, at in self._owned.items()}

    def lags(self) -> dict[int, int]:
        """Return how many records of each owned partition are not applied yet."""
        ends = self._log.ends()
        return {
            partition: ends.get(partition, 0) - position.next_offset
            for partition, position in self._owned.items()
        }

    def _readable(
        self, raws: list[tuple[Position, bytes]], unread: tuple[Position, RecordUnreadable]
    ) -> list[tuple[Position, bytes]]:
        """Return what of a batch can be committed: the records before the unreadable one.

        Where there are none, that record itself, if an operator has passed over it.
        """
        position, error = unread
        place = position.offset - raws[0][0].offset
        if place > 0:
            return raws[:place]
        if is_skipped(self._log, position, raws[0][1]):
            return raws[:1]
        raise RecordUnreadable(
            f"Partition {position.partition}, offset {position.offset}: {error.message}",
            hint=error.hint,
            partition=position.partition,
            offset=position.offset,
            sha256=digest(raws[0][1]),
        ) from error
