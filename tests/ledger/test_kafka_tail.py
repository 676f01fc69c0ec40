"""What comes into a topic, taken as it comes from real brokers."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.apart import run_apart

if TYPE_CHECKING:
    from ledger.delivery import Delivered
    from ledger.drivers.kafka_access import KafkaPlace
    from ledger.drivers.kafka_log import KafkaLog
    from ledger.drivers.kafka_tail import KafkaTail
    from tests.services.kafka import KafkaAddress

pytestmark = pytest.mark.kafka
WAIT_S = 60.0
PARTITIONS = 2


@pytest.fixture
def place(kafka: "KafkaAddress", topic: str) -> "Iterator[KafkaPlace]":
    """An empty ledger of two partitions."""
    from tests.ledger.kafka_ledgers import delete_topics, make_ledger

    yield make_ledger(kafka, topic, partitions=PARTITIONS)
    delete_topics(kafka, topic)


@pytest.fixture
def log(place: "KafkaPlace") -> "Iterator[KafkaLog]":
    from tests.ledger.kafka_ledgers import opened

    with opened(place, patience_s=WAIT_S) as log:
        yield log


def tail_of(place: "KafkaPlace") -> "KafkaTail":
    from ledger.drivers.kafka_tail import KafkaTail

    return KafkaTail(place, {}, place.topic, PARTITIONS)


def put(log: "KafkaLog", partition: int, first: int, count: int) -> None:
    """Append so many facts of a case of a partition; their ids are numbers."""
    from ledger.log import partitions_of
    from tests.ledger.kafka_ledgers import entry

    case = next(
        name for name in map("C-{}".format, range(99))
        if partitions_of(name, PARTITIONS) == (partition,)
    )  # fmt: skip
    log.append([entry(case, str(number)) for number in range(first, first + count)])


async def taken(tail: "KafkaTail", count: int, limit: int = 1_000) -> "dict[int, list[Delivered]]":
    """Take until there are so many."""
    found: dict[int, list[Delivered]] = {}
    until = time.monotonic() + WAIT_S
    while sum(map(len, found.values())) < count:
        assert time.monotonic() < until, f"only {found} came"
        for partition, records in (await tail.take(limit, 1.0)).items():
            assert 0 < len(records) <= limit
            found.setdefault(partition, []).extend(records)
    return found


def offsets(found: "dict[int, list[Delivered]]") -> dict[int, list[int]]:
    return {number: [place.offset for place, _ in of] for number, of in sorted(found.items())}


def test_what_begins_is_taken_from_its_offset_on_and_as_it_comes(
    place: "KafkaPlace", log: "KafkaLog", caplog: pytest.LogCaptureFixture
) -> None:
    put(log, 0, 0, 3)
    put(log, 1, 0, 2)

    async def work() -> None:
        tail = tail_of(place)
        tail.begin(0, 1)
        assert offsets(await taken(tail, 2)) == {0: [1, 2]}
        assert await tail.take(10, 1.5) == {}
        assert not caplog.records, "a partition that has not begun must not be asked for"
        tail.begin(1, 0)
        assert offsets(await taken(tail, 2)) == {1: [0, 1]}
        put(log, 0, 3, 2)
        found = await taken(tail, 2)
        assert [raw for _, raw in found[0]] == [raw for _, raw in log.read(0, 3, 9)]
        await tail.close()

    run_apart(work)


def test_no_more_comes_at_once_than_was_asked_for(place: "KafkaPlace", log: "KafkaLog") -> None:
    put(log, 0, 0, 25)

    async def work() -> None:
        tail = tail_of(place)
        tail.begin(0, 0)
        assert offsets(await taken(tail, 25, limit=10)) == {0: list(range(25))}
        await tail.close()

    run_apart(work)


def test_of_what_has_ended_nothing_new_comes_until_it_begins_again(
    place: "KafkaPlace", log: "KafkaLog"
) -> None:
    async def work() -> None:
        tail = tail_of(place)
        tail.begin(0, 0)
        tail.begin(1, 0)
        assert await tail.take(10, 0.3) == {}
        tail.end(0)
        put(log, 0, 0, 2)
        put(log, 1, 0, 2)
        assert offsets(await taken(tail, 2)) == {1: [0, 1]}
        assert await tail.take(10, 0.3) == {}
        tail.begin(0, 0)
        assert offsets(await taken(tail, 2)) == {0: [0, 1]}
        await tail.close()

    run_apart(work)


def test_an_offset_that_is_not_there_is_said_and_stops_no_other_partition(
    place: "KafkaPlace", log: "KafkaLog", caplog: pytest.LogCaptureFixture
) -> None:
    put(log, 1, 0, 2)

    async def work() -> None:
        tail = tail_of(place)
        tail.begin(0, 77)
        tail.begin(1, 0)
        assert offsets(await taken(tail, 2)) == {1: [0, 1]}
        await tail.take(10, 1.0)
        assert "OffsetOutOfRange" in caplog.text
        await tail.close()

    run_apart(work)


def test_brokers_that_are_not_there_give_nothing_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from ledger.drivers.kafka_access import KafkaPlace
    from tests.services.service_process import free_port

    nowhere = KafkaPlace(servers=(f"127.0.0.1:{free_port()}",), topic="hall.ledger")

    async def work() -> None:
        tail = tail_of(nowhere)
        tail.begin(0, 0)
        assert await tail.take(10, 0.1) == {}
        assert "Nothing was taken" in caplog.text
        await tail.close()

    run_apart(work)
