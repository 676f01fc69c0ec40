"""The log on three brokers while brokers fail: nothing acknowledged is lost, and order holds."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from ledger import wire
from ledger.errors import LogUnavailable
from ledger.log import Appended, Entry

if TYPE_CHECKING:
    from ledger.drivers.kafka_access import KafkaPlace
    from ledger.drivers.kafka_log import KafkaLog
    from tests.services.kafka import KafkaCluster

# kafka-python leaves sockets to the collector when brokers go away while it connects.
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning"),
]
WAIT_S = 120.0
WRITERS = 4


@pytest.fixture(autouse=True)
def collected(kafka_cluster_healed: None) -> Iterator[None]:
    """What a test leaves to the collector is collected with it."""
    yield
    gc.collect()


@pytest.fixture
def place(kafka_cluster: "KafkaCluster", topic: str) -> "Iterator[KafkaPlace]":
    """An empty ledger of three partitions, each on three brokers."""
    from tests.ledger.kafka_ledgers import delete_topics, make_ledger

    yield make_ledger(kafka_cluster, topic, partitions=3, replication=3)
    kafka_cluster.heal()

    def deleted() -> bool:
        delete_topics(kafka_cluster, topic)
        return True

    kafka_cluster.wait(deleted, "the topic deleted")


def entry(case: str, number: int) -> Entry:
    from tests.ledger.kafka_ledgers import entry

    return entry(case, str(number))


class Writers:
    """Threads that append, each its own cases in order, and send again what was not acknowledged.

    Attributes:
        acknowledged: by case, how many of its facts are.
        failures: how often an append was not acknowledged.
    """

    def __init__(self, log: "KafkaLog") -> None:
        self.acknowledged: dict[str, int] = {}
        self.positions: dict[tuple[str, int], Appended] = {}
        self.failures = 0
        self._log = log
        self._stop = threading.Event()
        self._progress = threading.Condition()
        self._threads = [
            threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)
        ]

    def __enter__(self) -> "Writers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int) -> None:
        """Wait until so many more facts are acknowledged."""
        with self._progress:
            wanted = sum(self.acknowledged.values()) + count
            assert self._progress.wait_for(
                lambda: sum(self.acknowledged.values()) >= wanted, WAIT_S
            )

    def _write(self, writer: int) -> None:
        number = 0
        while not self._stop.is_set():
            facts = {f"case-{writer}-{each}": number for each in range(3)}
            try:
                answers = self._log.append([entry(case, id_) for case, id_ in facts.items()])
            except LogUnavailable:
                self.failures += 1
                self._stop.wait(0.2)
                continue
            number += 1
            with self._progress:
                for (case, id_), answer in zip(facts.items(), answers, strict=True):
                    self.acknowledged[case] = number
                    self.positions[case, id_] = answer
                self._progress.notify_all()


def check(log: "KafkaLog", writers: Writers) -> None:
    """All that was acknowledged is there, where it was said to be, and counts in order."""
    from tests.ledger.kafka_ledgers import everything, first_ids

    records = everything(log)
    counted: dict[str, list[str]] = {}
    for raws in records.values():
        counted |= first_ids(raws)
    for case, count in writers.acknowledged.items():
        assert counted[case][:count] == [str(number) for number in range(count)]
        assert len(counted[case]) <= count + 1
    for (case, id_), answer in writers.positions.items():
        record = wire.decode(records[answer.position.partition][answer.position.offset])
        assert (record.subject, record.id) == (case, str(id_))


def send_until_taken(log: "KafkaLog", entries: list[Entry]) -> None:
    """Send again and again, as a source does that was answered 503."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            log.append(entries)
        except LogUnavailable:
            assert time.monotonic() < until
        else:
            return


def test_a_leader_killed_under_appends_costs_nothing_but_time(
    kafka_cluster: "KafkaCluster", place: "KafkaPlace"
) -> None:
    from tests.ledger.kafka_ledgers import opened

    with opened(place, patience_s=WAIT_S) as log:
        with Writers(log) as writers:
            writers.wait_for_more(150)
            leader = kafka_cluster.leader(place.topic, 0)
            leader.kill()
            writers.wait_for_more(300)
            leader.start()
            writers.wait_for_more(300)
        assert writers.failures == 0
        check(log, writers)


def test_a_leader_that_stands_still_is_given_up_and_what_it_had_taken_counts_once(
    kafka_cluster: "KafkaCluster", place: "KafkaPlace"
) -> None:
    from tests.ledger.kafka_ledgers import opened

    with opened(place, delivery_s=3.0, patience_s=WAIT_S) as log:
        with Writers(log) as writers:
            writers.wait_for_more(150)
            leader = kafka_cluster.leader(place.topic, 0)
            leader.pause()
            writers.wait_for_more(300)
            leader.resume()
            writers.wait_for_more(300)
        check(log, writers)


def test_with_two_of_three_brokers_away_nothing_is_taken_and_later_it_goes_on(
    kafka_cluster: "KafkaCluster", place: "KafkaPlace"
) -> None:
    from tests.ledger.kafka_ledgers import everything, opened

    facts = [entry("case-1", number) for number in range(4)]
    with opened(place, delivery_s=4.0, patience_s=WAIT_S) as log:
        log.append(facts[:2])
        for node in kafka_cluster.nodes[1:]:
            node.kill()
        with pytest.raises(LogUnavailable, match=r"not acknowledged|brokers") as refused:
            log.append(facts[2:])
        assert refused.value.retryable
        kafka_cluster.heal()
        send_until_taken(log, facts[2:])
        ids = [wire.decode(raw).id for raws in everything(log).values() for raw in raws]
        assert list(dict.fromkeys(ids)) == ["0", "1", "2", "3"]


def test_while_no_broker_answers_every_call_ends_with_an_error_in_time(
    kafka_cluster: "KafkaCluster", place: "KafkaPlace"
) -> None:
    from tests.ledger.kafka_ledgers import opened

    with opened(place, delivery_s=2.0, patience_s=2.0) as log:
        log.append([entry("case-1", 1)])
        for node in kafka_cluster.nodes:
            node.kill()
        calls: list[Callable[[], object]] = [
            log.ends,
            lambda: log.read(0, 0, 10),
            lambda: log.append([entry("case-1", 2)]),
            lambda: log.append_async([entry("case-1", 3)]).result(WAIT_S),
        ]
        for call in calls:
            with pytest.raises(LogUnavailable):
                call()
        with pytest.raises(LogUnavailable), opened(place, patience_s=1.0):
            pass
    kafka_cluster.heal()
    with opened(place, patience_s=WAIT_S) as log:
        log.append([entry("case-1", 4)])
        assert sum(log.ends().values()) >= 2
