"""What a worker says of itself while it works, by role and partition.

The loop's driver calls it; the exporter reads it at scrape time. Every method is quick, safe for
many threads and never fails, so it may stand in the hot path once a batch.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from threading import Lock
from time import monotonic, time

from alerts.figures import Figures, Labels, Role
from alerts.metrics import DELAY_BUCKETS_SECONDS


class Delays:
    """The histogram of ingest delays, without the series of creation times of the client's own.

    Attributes:
        are_observed: whether anybody watches them here; a process that does not exports none.
    """

    def __init__(self) -> None:
        """Begin with nothing observed."""
        self._lock = Lock()
        self._counts = [0] * (len(DELAY_BUCKETS_SECONDS) + 1)
        self._sum = 0.0
        self.are_observed = False

    def observe(self, seconds: float) -> None:
        """Count one delay; one below 0 counts as none."""
        seconds = max(0.0, seconds)
        with self._lock:
            self._counts[bisect_left(DELAY_BUCKETS_SECONDS, seconds)] += 1
            self._sum += seconds

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """Return (bound, count up to it) of each bucket, and the sum."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        bounds = [*(str(float(bound)) for bound in DELAY_BUCKETS_SECONDS), "+Inf"]
        below = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip(bounds, counts, strict=True):
            below += count
            buckets.append((bound, below))
        return buckets, total


_COUNTERS = ("takeovers", "fenced_out", "commits", "repeats", "gaps")
"""Counters by role and partition: each begins at 0 when a partition is taken over."""


class RoleMeter:
    """Counts of one role of one process since its start, and how its partitions stand."""

    def __init__(self, role: Role, delays: Delays) -> None:
        """Begin without partitions."""
        self.role = role
        self._delays = delays
        if role == "supervise":
            delays.are_observed = True
        self._lock = Lock()
        self._counts: dict[str, Counter[int]] = {name: Counter() for name in _COUNTERS}
        self._ticks: Counter[int] = Counter()
        self._conflicts = 0
        self._owned: set[int] = set()
        self._positions: dict[int, int] = {}
        self._lags: dict[int, int] = {}
        self._committed_at: dict[int, float] = {}
        self._stopped: set[int] = set()
        self._polled_us: dict[int, int] = {}
        self._polled_at: dict[int, float] = {}
        self._under_way: dict[int, int] = {}
        self._held: bool | None = None

    def took_over(self, partition: int, next_offset: int) -> None:
        """A partition was claimed, its epoch raised; so far it is read."""
        with self._lock:
            for counter in self._counts.values():
                counter[partition] += 0
            self._ticks[partition] += 0
            self._counts["takeovers"][partition] += 1
            self._owned.add(partition)
            self._positions[partition] = next_offset

    def gave_up(self, partition: int) -> None:
        """A partition was left in order: it is another's to speak of. Its counts are kept."""
        with self._lock:
            self._forget(partition)

    def fenced_out(self, partition: int) -> None:
        """A commit was refused, since another owner has the partition; it is left."""
        with self._lock:
            self._counts["fenced_out"][partition] += 1
            self._forget(partition)

    def reached(self, partition: int, next_offset: int) -> None:
        """A batch was committed up to before this offset; the same place again counts nothing."""
        with self._lock:
            if next_offset == self._positions.get(partition):
                return
            self._positions[partition] = next_offset
            self._counts["commits"][partition] += 1
            self._committed_at[partition] = time()

    def lags(self, partition: int, records: int) -> None:
        """So many records of a partition are not read yet."""
        with self._lock:
            self._lags[partition] = records

    def repeats(self, partition: int, records: int = 1) -> None:
        """Records came again and had no effect."""
        with self._lock:
            self._counts["repeats"][partition] += records

    def gaps(self, partition: int, records: int = 1) -> None:
        """Records were passed over by delivery, and read from the log."""
        with self._lock:
            self._counts["gaps"][partition] += records

    def stopped(self, partition: int, *, is_stopped: bool) -> None:
        """A record that cannot be read stops a partition, or no longer."""
        with self._lock:
            (self._stopped.add if is_stopped else self._stopped.discard)(partition)

    def polled(self, partition: int, now_us: int) -> None:
        """Due instants were asked for, as of an instant of the clock that decides them."""
        with self._lock:
            self._polled_us[partition] = now_us
            self._polled_at[partition] = monotonic()

    def ticked(self, partition: int, ticks: int) -> None:
        """Ticks were appended."""
        with self._lock:
            self._ticks[partition] += ticks

    def ticks_under_way(self, partition: int, ticks: int) -> None:
        """So many ticks of a partition are appended and not judged yet."""
        with self._lock:
            self._under_way[partition] = ticks

    def ticks_held(self, *, are_held: bool) -> None:
        """Ticks wait because the clock leapt ahead, or no longer."""
        self._held = are_held

    def conflicts(self, records: int = 1) -> None:
        """Records came under a known identity with other content."""
        with self._lock:
            self._conflicts += records

    def observe_delay(self, seconds: float) -> None:
        """Count how late a live fact was learned."""
        self._delays.observe(seconds)

    def figures(self) -> Figures:
        """Return how it all stands now."""
        with self._lock:
            found = self._of_roles()
            if self.role == "supervise":
                found |= self._of_supervision()
        return found

    def _of_roles(self) -> dict[str, dict[Labels, float]]:
        owned = sorted(self._owned)
        found: dict[str, dict[Labels, float]] = {
            f"hall_worker_{name}_total": self._by_role(counter.items())
            for name, counter in self._counts.items()
        }
        return found | {
            "hall_worker_partitions": {(self.role,): len(owned)},
            "hall_worker_stopped": self._by_role((each, each in self._stopped) for each in owned),
            "hall_worker_last_commit_timestamp_seconds": self._by_role(self._committed_at.items()),
            "hall_reader_position_records": self._by_role(self._positions.items()),
            "hall_reader_lag_records": self._by_role(self._lags.items()),
        }

    def _of_supervision(self) -> dict[str, dict[Labels, float]]:
        now = monotonic()
        found: dict[str, dict[Labels, float]] = {
            "hall_supervision_ticks_total": _by_partition(self._ticks.items()),
            "hall_supervision_ticks_under_way": _by_partition(self._under_way.items()),
            "hall_supervision_last_tick_poll_timestamp_seconds": _by_partition(
                (number, us / 1e6) for number, us in self._polled_us.items()
            ),
            "hall_supervision_tick_poll_age_seconds": _by_partition(
                (number, now - at) for number, at in self._polled_at.items()
            ),
            "hall_supervision_conflicts_total": {(): self._conflicts},
        }
        if self._held is not None:
            found["hall_supervision_ticks_held"] = {(): int(self._held)}
        return found

    def _forget(self, partition: int) -> None:
        """Say no more how a partition stands."""
        of_it: tuple[dict[int, int] | dict[int, float], ...] = (
            *(self._positions, self._lags, self._committed_at),
            *(self._polled_us, self._polled_at, self._under_way),
        )
        for values in of_it:
            values.pop(partition, None)
        self._owned.discard(partition)
        self._stopped.discard(partition)

    def _by_role(self, values: Iterable[tuple[int, float]]) -> dict[Labels, float]:
        return {(self.role, str(number)): value for number, value in values}


def _by_partition(values: Iterable[tuple[int, float]]) -> dict[Labels, float]:
    return {(str(number),): value for number, value in values}
