"""A worker's follower that also says what it does: to the meter of its role, and to readiness.

It stands apart because following the log and telling of it are two things, and both followers are
told of alike.
"""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from alerts.drivers.role_meter import RoleMeter
from alerts.readiness import Readiness
from ledger.delivery import Delivery
from ledger.errors import PartitionLost, RecordUnreadable
from processors.drivers.embedded import Supervisor


class Followed(Protocol):
    """A follower whose progress can be asked for."""

    @property
    def unreadable(self) -> dict[int, RecordUnreadable]:
        """Return the partitions that a record stops, and what was said of it."""
        ...

    def claim(self, partition: int) -> None:
        """Take a partition over."""
        ...

    def release(self, partition: int) -> None:
        """Leave a partition in order."""
        ...

    def turn(self) -> bool:
        """Do some of what there is to do; whether anything moved."""
        ...

    def reached(self) -> dict[int, int]:
        """Return the next offset of each owned partition."""
        ...


class MeteredFollower:
    """Follows by another follower, and tells what became of it; called by one thread."""

    def __init__(
        self,
        inner: Followed,
        delivery: Delivery,
        meter: RoleMeter,
        also: Callable[[], object] = lambda: None,
    ) -> None:
        """Tell `meter` of `inner`, which reads from `delivery`; `also` tells more at each turn."""
        self._also = also
        self._inner = inner
        self._delivery = delivery
        self._meter = meter
        self._told: dict[str, Counter[int]] = {"repeats": Counter(), "gaps": Counter()}
        self._lock = Lock()
        self._reached: dict[int, int] = {}
        self._unreadable: dict[int, str] = {}

    def claim(self, partition: int) -> None:
        """Take a partition over."""
        self._inner.claim(partition)
        self._meter.took_over(partition, self._inner.reached()[partition])
        self._tell()

    def release(self, partition: int) -> None:
        """Leave a partition in order."""
        self._inner.release(partition)
        self._meter.gave_up(partition)
        self._tell()

    def turn(self) -> bool:
        """Do some of what there is to do; whether anything moved.

        Raises:
            PartitionLost: another owner has a partition; counted before.
        """
        try:
            moved = self._inner.turn()
        except PartitionLost as lost:
            partition = lost.details.get("partition")
            if isinstance(partition, int):
                self._meter.fenced_out(partition)
            raise
        self._also()
        self._tell()
        return moved

    def ready(self) -> Readiness:
        """Return whether the worker can be relied on; asked by other threads."""
        with self._lock:
            reasons = tuple(self._unreadable.values())
            return Readiness(reasons=reasons, details={"partitions": dict(self._reached)})

    def _tell(self) -> None:
        meter, delivery = self._meter, self._delivery
        reached, unreadable = self._inner.reached(), self._inner.unreadable
        lags = delivery.lags()
        for partition, offset in reached.items():
            meter.reached(partition, offset)
            meter.lags(partition, lags.get(partition, 0))
            meter.stopped(partition, is_stopped=partition in unreadable)
        self._add("repeats", delivery.repeats, meter.repeats)
        self._add("gaps", delivery.gaps, meter.gaps)
        with self._lock:
            self._reached = dict(reached)
            self._unreadable = {each: str(error) for each, error in unreadable.items()}

    def _add(self, name: str, counted: Counter[int], tell: Callable[[int, int], object]) -> None:
        """Tell what has been added to a counter since it was last told."""
        told = self._told[name]
        for partition, count in counted.items():
            if count > told[partition]:
                tell(partition, count - told[partition])
                told[partition] = count


class SupervisionTold:
    """Tells a meter what only supervision has to tell of its ticks."""

    def __init__(self, supervisor: Supervisor, meter: RoleMeter) -> None:
        """Tell `meter` of `supervisor`."""
        self._supervisor = supervisor
        self._meter = meter
        self._conflicts = 0

    def __call__(self) -> None:
        """Tell how things stand after a turn."""
        meter, report = self._meter, self._supervisor.report
        for number, owner in self._supervisor.owners.items():
            meter.polled(number, report.last_tick_poll_us)
            meter.ticks_under_way(number, owner.ticks_under_way)
        if report.conflicts > self._conflicts:
            meter.conflicts(report.conflicts - self._conflicts)
            self._conflicts = report.conflicts
