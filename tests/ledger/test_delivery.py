"""Records handed over by a consumer that may repeat, pass over and go back, read by position."""

import random

import pytest

from ledger.delivery import Delivery
from ledger.drivers.memory_log import MemoryLog
from ledger.log import Entry, Position


def filled(count: int) -> MemoryLog:
    log = MemoryLog(now=lambda: 0)
    log.append([Entry("C-1", "/s", str(n), f'{{"id":"{n}"}}'.encode(), 0) for n in range(count)])
    return log


def records(log: MemoryLog, *offsets: int) -> list[tuple[Position, bytes]]:
    return [record for offset in offsets for record in log.read(0, offset, 1)]


def offsets(read: list[tuple[Position, bytes]]) -> list[int]:
    return [position.offset for position, _ in read]


def test_what_the_log_holds_at_the_beginning_is_read_from_it() -> None:
    delivery = Delivery(filled(5))
    delivery.begin(0)
    assert offsets(delivery.read(0, 2, 100)) == [2, 3, 4]
    assert delivery.read(0, 5, 100) == []
    assert (delivery.repeats.total(), delivery.gaps.total()) == (0, 0)


def begun_empty(count: int) -> tuple[Delivery, MemoryLog]:
    log = filled(0)
    delivery = Delivery(log)
    delivery.begin(0)
    log.append([Entry("C-1", "/s", str(n), f'{{"id":"{n}"}}'.encode(), 0) for n in range(count)])
    return delivery, log


def test_what_is_handed_over_in_order_is_taken_as_it_comes() -> None:
    delivery, log = begun_empty(4)
    delivery.hand_over(0, records(log, 0, 1, 2))
    assert offsets(delivery.read(0, 0, 2)) == [0, 1]
    assert offsets(delivery.read(0, 2, 2)) == [2]
    assert delivery.read(0, 3, 2) == [], "nobody has handed the fourth over yet"
    assert (delivery.repeats.total(), delivery.gaps.total()) == (0, 0)


def test_what_was_passed_over_is_read_from_the_log_and_counted() -> None:
    delivery, log = begun_empty(6)
    delivery.hand_over(0, records(log, 0, 1, 4, 5))
    assert offsets(delivery.read(0, 0, 10)) == [0, 1]
    assert offsets(delivery.read(0, 2, 10)) == [2, 3]
    assert offsets(delivery.read(0, 4, 10)) == [4, 5]
    assert delivery.gaps[0] == 2


def test_what_was_read_before_is_dropped_and_counted() -> None:
    delivery, log = begun_empty(4)
    delivery.hand_over(0, records(log, 0, 1))
    assert offsets(delivery.read(0, 0, 10)) == [0, 1]
    delivery.hand_over(0, records(log, 0, 1, 2))
    assert offsets(delivery.read(0, 2, 10)) == [2]
    assert delivery.repeats[0] == 2


def test_a_batch_of_which_only_the_beginning_was_used_is_there_again() -> None:
    delivery, log = begun_empty(4)
    delivery.hand_over(0, records(log, 0, 1, 2, 3))
    delivery.read(0, 0, 10)
    assert offsets(delivery.read(0, 1, 10)) == [1, 2, 3]
    assert (delivery.repeats.total(), delivery.gaps.total()) == (0, 0)


def test_what_nobody_hands_over_is_found_by_looking() -> None:
    delivery, _ = begun_empty(3)
    delivery.look()
    assert offsets(delivery.read(0, 0, 10)) == [0, 1, 2]
    assert delivery.gaps[0] == 0, "it may still be on its way when a partition begins"


def test_a_consumer_that_never_hands_anything_over_is_seen_by_the_gaps() -> None:
    delivery, log = begun_empty(0)
    delivery.look()
    for number in range(3):
        log.append([Entry("C-1", "/s", f"{number}", b"{}", 0)])
        delivery.look()
        delivery.look()
        assert offsets(delivery.read(0, number, 10)) == [number]
    assert delivery.gaps[0] == 3


def test_a_look_leaves_what_is_being_handed_over_alone() -> None:
    delivery, log = begun_empty(6)
    delivery.hand_over(0, records(log, 0, 1))
    delivery.read(0, 0, 10)
    delivery.look()
    assert delivery.read(0, 2, 10) == []
    delivery.look()
    assert offsets(delivery.read(0, 2, 10)) == [2, 3, 4, 5]


def test_a_partition_that_was_left_takes_nothing() -> None:
    delivery, log = begun_empty(2)
    delivery.end(0)
    delivery.hand_over(0, records(log, 0, 1))
    delivery.begin(0)
    assert offsets(delivery.read(0, 0, 10)) == [0, 1]


@pytest.mark.parametrize("seed", range(50))
def test_whatever_a_consumer_does_every_record_is_read_once_and_in_order(seed: int) -> None:
    dice = random.Random(seed)
    delivery, log = begun_empty(60)
    read: list[int] = []
    for _ in range(400):
        start = dice.randrange(60)
        handed = [
            n for n in range(start, min(60, start + dice.randrange(12))) if dice.random() < 0.9
        ]
        delivery.hand_over(0, records(log, *handed))
        if dice.random() < 0.2:
            delivery.look()
        found = offsets(delivery.read(0, len(read), dice.randrange(1, 9)))
        read += found[: dice.randrange(len(found) + 1)]
        if len(read) == 60:
            break
    delivery.look()
    delivery.look()
    while found := offsets(delivery.read(0, len(read), 7)):
        read += found
    assert read == list(range(60)), f"seed {seed}"
