"""Supervision inside one process: the partitions it owns, turned one after the other.

The embedded edition owns them all from the start; a worker is given some and loses some.
"""

from collections.abc import Callable, Iterable

from ledger.errors import RecordUnreadable
from ledger.log import EventLog, Feed
from ledger.reading import Read
from processors.drivers.partition_owner import PartitionOwner, Surroundings
from processors.drivers.report import SupervisionReport
from processors.drivers.sql_state import SqlState
from processors.drivers.together import (
    Unreadable,
    judge_together,
    prepare_together,
    tick_together,
)
from processors.drivers.unit_clock import UnitClock
from processors.supervision.policy import Policy

BATCH_MAX = 2_000
SHARE_LEAST = 100
"""Records that a partition gets of a turn at least, however many others are behind."""


class Supervisor:
    """Owns partitions of a log.

    Attributes:
        owners: the partitions owned.
        report: what was done and found since the start.

    Args of the constructor:
        now_us: the clock that decides which ticks are due.
        may_tick: False while ticks must be held.
        batch_max: records of one turn, shared by the partitions that are behind, so that a turn
            never takes long; findings do not depend on it.
        on_delay: told for each live fact how many seconds after it happened it was recorded.
        on_conflict: told of each fact under a known identity with other content.
        partitions: those owned from the start; all where absent.
        feed: where the next records come from; the log itself where absent.
    """

    def __init__(
        self,
        log: EventLog,
        states: SqlState,
        policy: Policy,
        now_us: Callable[[], int],
        may_tick: Callable[[], bool] = lambda: True,
        on_delay: Callable[[float], None] = lambda _: None,
        on_conflict: Callable[[Read], None] = lambda _: None,
        batch_max: int = BATCH_MAX,
        partitions: Iterable[int] | None = None,
        feed: Feed | None = None,
    ) -> None:
        """Claim partitions; refuses a log that is not the one remembered.

        Where SQL has no states of a partition, its first turns read them again from the log.
        """
        self._log = log
        self._states = states
        self._batch_max = batch_max
        self.report = SupervisionReport()
        self._around = Surroundings(
            log=log,
            states=states,
            policy=policy,
            units=UnitClock(log, states),
            report=self.report,
            now_us=now_us,
            may_tick=may_tick,
            on_delay=on_delay,
            on_conflict=on_conflict,
            feed=feed,
        )
        self.owners: dict[int, PartitionOwner] = {}
        for number in range(log.partitions) if partitions is None else partitions:
            self.claim(number)

    def claim(self, partition: int) -> None:
        """Take over a partition.

        Raises:
            LogMismatch: the log is shorter, another one, or holds another last record.
        """
        self.owners[partition] = PartitionOwner(self._around, partition)

    def release(self, partition: int) -> None:
        """Leave a partition to its next owner, with a marker; one that is not owned is left."""
        owner = self.owners.pop(partition, None)
        if owner is not None:
            owner.stop()
            self.forget(partition)

    def forget(self, partition: int) -> None:
        """Drop what is remembered of a partition, without a word to the log."""
        self.owners.pop(partition, None)
        self._states.release(partition)
        self._around.units.forget(partition)
        self.report.unreadable.pop(partition, None)

    def turn(self) -> bool:
        """Do one batch of all partitions, then let due ticks happen; whether there may be more.

        A record that cannot be read stops its partition; the report names it. States that have to
        be read again from the log are made piece by piece, one at each turn.

        Raises:
            PartitionLost: another owner has one; nothing more may be done with it here.
        """
        owners = [owner for owner in self.owners.values() if not owner.is_stopped]
        ready = prepare_together(owners, PartitionOwner.stop_at)
        read = self._judge(ready, PartitionOwner.stop_at)
        ticking = [owner for owner in ready if owner.stopped_at is None]
        ticks = self.report.ticks
        tick_together(self._log, ticking)
        is_preparing = any(not owner.is_prepared and owner.is_behind for owner in owners)
        return is_preparing or read > 0 or self.report.ticks > ticks

    def _judge(self, owners: list[PartitionOwner], unreadable: Unreadable) -> int:
        behind = sum(owner.is_behind for owner in owners)
        share = max(SHARE_LEAST, self._batch_max // max(1, behind))
        most = min(self._batch_max, share)
        return judge_together(self._log, self._states, owners, most, unreadable)

    @property
    def is_behind(self) -> bool:
        """Whether the last round of a partition was a full batch, so that more waits."""
        return any(owner.is_behind for owner in self.owners.values())

    @property
    def ticks_under_way(self) -> int:
        """How many ticks are appended and not yet judged, at most."""
        return sum(owner.ticks_under_way for owner in self.owners.values())

    def catch_up(self) -> None:
        """Judge everything the log holds, without letting time pass beyond it.

        Raises:
            RecordUnreadable: a record cannot be read and no operator has skipped it.
        """
        while self.judge(list(self.owners)):
            pass

    def judge(self, partitions: Iterable[int]) -> int:
        """Judge a batch of some owned partitions; return how many records were read.

        Raises:
            RecordUnreadable: a record cannot be read; what the other partitions gave is kept.
        """
        found: list[RecordUnreadable] = []
        ready: list[PartitionOwner] = []
        for owner in [self.owners[number] for number in partitions]:
            try:
                while not owner.prepare():
                    pass
                ready.append(owner)
            except RecordUnreadable as error:
                found.append(error)
        read = self._judge(ready, lambda _, error: found.append(error))
        if found:
            raise found[0]
        return read

    def stop(self) -> None:
        """Leave markers; the orderly end."""
        for owner in self.owners.values():
            owner.stop()

    @property
    def unreadable(self) -> dict[int, RecordUnreadable]:
        """Return the partitions that a record stops, and what was said of it."""
        return self.report.unreadable

    def reached(self) -> dict[int, int]:
        """Return the next offset of each owned partition."""
        return {number: owner.position.next_offset for number, owner in self.owners.items()}

    def lags(self) -> dict[int, int]:
        """Return how many records of each owned partition are not yet judged."""
        ends = self._log.ends()
        return {number: owner.lag(ends) for number, owner in self.owners.items()}

    def lag(self) -> int:
        """Return how many records are not yet judged."""
        return sum(self.lags().values())
