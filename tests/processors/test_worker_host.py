"""What a Faust worker's host does with assignments and time; brokers have no part in it."""

import asyncio
import time
from contextlib import suppress

from ledger.delivery import Delivered, Delivery
from ledger.drivers.memory_log import MemoryLog
from processors.drivers.faust_worker import Host
from tests.apart import run_apart

TURN_S = 0.02


class Busy:
    """A follower that never comes to rest, and tells what it was asked in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def claim(self, partition: int) -> None:
        self.asked.append(f"claim {partition}")
        time.sleep(TURN_S)

    def release(self, partition: int) -> None:
        self.asked.append(f"release {partition}")
        time.sleep(TURN_S)

    def turn(self) -> bool:
        self.asked.append("turn")
        time.sleep(TURN_S)
        return True


class Silent:
    """A tail into which nothing comes."""

    def begin(self, partition: int, offset: int) -> None:
        pass

    def end(self, partition: int) -> None:
        pass

    async def take(self, limit: int, within_s: float) -> dict[int, list[Delivered]]:
        await asyncio.sleep(within_s)
        return {}

    async def close(self) -> None:
        pass


async def moved(follower: Busy, delivery: Delivery) -> None:
    """Partitions come and go while there is work without end."""
    host = Host(follower, delivery, Silent())
    work = asyncio.create_task(host.work())
    await asyncio.sleep(3 * TURN_S)
    await host.assigned({0, 1, 2})
    await asyncio.sleep(3 * TURN_S)
    await host.assigned({2, 3})
    await asyncio.sleep(3 * TURN_S)
    await host.revoked({2, 3})
    await asyncio.sleep(3 * TURN_S)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    await host.close()


def test_no_turn_comes_between_the_claims_of_an_assignment() -> None:
    """A group waits for its members while partitions move; turns would make it wait for each."""
    follower = Busy()
    run_apart(lambda: moved(follower, Delivery(MemoryLog(4, now=lambda: 0))))
    asked = " ".join(follower.asked).replace("turn", ".").replace(" .", ".").strip(".")
    parts = [part.strip() for part in asked.split(".") if part.strip()]
    assert parts == [
        "claim 0 claim 1 claim 2",
        "release 0 release 1 claim 3",
        "release 2 release 3",
    ]
