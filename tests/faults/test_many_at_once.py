"""F15, F16: very many deadlines within a minute, and very many facts for a long time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.log import Entry, Position
from tests.faults.checker import GRACE_US
from tests.faults.feeding import live_case, of_case
from tests.faults.kafka_hall import KafkaHall
from tests.faults.scenario import Scenario, Standing, scaled

pytestmark = [pytest.mark.slow, pytest.mark.long]

PATIENCE_S = 1_800.0


class Watch(threading.Thread):
    """Sends a live fact every so often and notes when it is judged.

    Attributes:
        delays: seconds from the acknowledgement of each fact until it was judged.
    """

    def __init__(self, hall: KafkaHall, prefix: str, every_s: float) -> None:
        super().__init__(name="watch")
        self._hall, self._prefix, self._every_s = hall, prefix, every_s
        self._over = threading.Event()
        self._waiting: list[tuple[Position, float]] = []
        self.delays: list[float] = []
        self.sent = 0

    def run(self) -> None:
        """Send and look until it is over and everything sent is judged."""
        next_at = time.monotonic()
        while not self._over.is_set() or self._waiting:
            now = time.monotonic()
            if now >= next_at and not self._over.is_set():
                next_at = now + self._every_s
                self._send()
            self._look()
            time.sleep(0.02)

    def _send(self) -> None:
        entry = of_case(
            f"{self._prefix}{self.sent}", "urged", self._hall.parts.clock.now_us(), actor_ref="o-1"
        )
        ((place, _),) = self._hall.parts.log.append([entry])
        self.sent += 1
        self._waiting.append((place, time.monotonic()))

    def _look(self) -> None:
        reached, now = self._hall.parts.states.positions(), time.monotonic()
        still: list[tuple[Position, float]] = []
        for place, since in self._waiting:
            if reached.get(place.partition, 0) > place.offset:
                self.delays.append(now - since)
            else:
                still.append((place, since))
        self._waiting = still

    def end(self) -> list[float]:
        """Send no more; the delays, sorted."""
        self._over.set()
        self.join(PATIENCE_S)
        return sorted(self.delays)


def share(delays: list[float], of: float) -> float:
    """The delay that a share of them did not exceed."""
    return delays[min(len(delays) - 1, int(of * len(delays)))] if delays else 0.0


def test_very_many_deadlines_within_a_minute_leave_room_for_live_facts(
    own_hall: Standing,
) -> None:
    hall = own_hall.hall
    count, within_s, rate = scaled(3_000, 100_000), scaled(20, 60), scaled(150, 800)
    with Scenario(own_hall, "F15", "", patience_s=PATIENCE_S) as fault:
        fault.put(fault.more(2))
        begins_us = hall.parts.clock.now_us() + int((10 + count / rate) * 1e6)
        step_us = within_s * 1_000_000 // count
        cases = [
            live_case(f"F15-{number}", begins_us + number * step_us) for number in range(count)
        ]
        feed = fault.feed(cases, pieces=max(1, count // 1_000), pause_s=0)
        feed.whole(PATIENCE_S)
        fault.begins()
        fault.recovered()
        ready_us = hall.parts.clock.now_us()
        watch = Watch(hall, "F15-live-", 0.1)
        watch.start()
        until_us = begins_us + within_s * 1_000_000 + GRACE_US + 2_000_000
        fault.wait(max(0.0, (until_us - hall.parts.clock.now_us()) / 1e6))
        fault.begins()
        fault.recovered()
        delays = watch.end()
        ahead = "" if ready_us < begins_us else " (begun while the facts were still judged)"
        fault.what = (
            f"{count} deadlines within {within_s} s{ahead}; live facts judged in "
            f"{share(delays, 0.5):.2f} s (p50), {share(delays, 0.99):.2f} s (p99) of {len(delays)}"
        )
        print(fault.what)


def memory_mb(pid: int) -> float:
    """What a process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def is_reference(entry: Entry) -> bool:
    """Whether it goes to every partition: a calendar, a pack, a part of the catalogue."""
    return entry.subject.startswith("reference:")


def slope(values: list[float]) -> float:
    """The slope of a line through values at whole numbers from 0 on."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    above = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    return above / sum((at - middle) ** 2 for at in range(count))


@pytest.fixture
def calm_hall(open_standing: Callable[..., Standing]) -> Iterator[Standing]:
    """A hall whose workers keep their partitions however slow the machine is."""
    made = open_standing(session_timeout_s=60)
    yield made
    made.hall.close()


def test_a_long_soak_lets_no_memory_grow(calm_hall: Standing) -> None:
    hall = calm_hall.hall
    rounds, subjects = 40, scaled(30, 100)
    with Scenario(calm_hall, "F16", "", patience_s=PATIENCE_S) as fault:
        fault.put(fault.more(subjects))
        fault.begins()
        fault.recovered()
        held: dict[str, list[float]] = {name: [] for name in hall.workers}
        facts = 0
        for _ in range(rounds):
            # What is published stays in memory as long as a case may be pinned to it.
            entries = [each for each in fault.more(subjects) if not is_reference(each)]
            facts += len(entries)
            fault.put(entries)
            fault.begins()
            fault.recovered()
            for name, worker in hall.workers.items():
                held[name].append(memory_mb(worker.process.pid))
        grown = {name: slope(values[rounds // 2 :]) for name, values in held.items()}
        last = max(values[-1] for values in held.values())
        per_round = facts / rounds
        most = max(grown.values()) * 1_000 / per_round
        fault.what = (
            f"{facts} facts in {rounds} rounds: workers hold {last:.0f} MB at most, growing by "
            f"{most:.2f} MB per 1,000 facts in the second half"
        )
        print(fault.what, held)
        assert not any(worker.codes for worker in hall.workers.values())
        assert most < 1.0
