"""What a Faust worker's host does with assignments and time; brokers have no part in it."""

import asyncio
import time
from contextlib import suppress

from ledger.delivery import Delivered, Delivery
from ledger.drivers.memory_log import MemoryLog
from ledger.log import Position
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


class Ahead(Silent):
    """A tail that fetches ahead as aiokafka does: no more while something fetched is not taken.

    Args of the constructor:
        count: how many records have come into partition 0.
    """

    def __init__(self, count: int) -> None:
        self.fetched: list[Delivered] = [(Position(0, 0), b"first")]
        self.come: list[Delivered] = [(Position(0, offset), b"more") for offset in range(1, count)]

    async def take(self, limit: int, within_s: float) -> dict[int, list[Delivered]]:
        found, self.fetched = self.fetched, self.come
        self.come = []
        return {0: found} if found else await super().take(limit, within_s)


class Reading:
    """A follower that notes what each of its turns reads."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.turns: list[list[int]] = []
        self.reached = 0

    def claim(self, partition: int) -> None:
        pass

    def release(self, partition: int) -> None:
        pass

    def turn(self) -> bool:
        offsets = [place.offset for place, _ in self.delivery.read(0, self.reached, 100)]
        if offsets:
            self.turns.append(offsets)
            self.reached = offsets[-1] + 1
        return bool(offsets)


async def taken(tail: Ahead, times: int) -> list[list[int]]:
    """What each turn reads of what a tail gives when it is asked so often."""
    delivery = Delivery(MemoryLog(1, now=lambda: 0))
    follower = Reading(delivery)
    host = Host(follower, delivery, tail)
    await host.assigned({0})
    for _ in range(times):
        await host.take()
    await host.close()
    return follower.turns


def test_a_turn_takes_what_has_come_while_the_last_one_went_on() -> None:
    """What was fetched during a turn kept the rest from being fetched; it waits for no other."""
    assert run_apart(lambda: taken(Ahead(5), 1)) == [[0, 1, 2, 3, 4]]


def test_what_comes_into_a_worker_at_rest_is_worked_off_at_once() -> None:
    """It is taken as soon as it is there, and nothing is read twice."""
    tail = Ahead(1)
    tail.come, tail.fetched = tail.fetched, []
    assert run_apart(lambda: taken(tail, 2)) == [[0]]
