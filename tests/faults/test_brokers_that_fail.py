"""F4, F5, F13: brokers that are killed, stand still, or answer too late."""

import gc
from collections.abc import Iterator
from contextlib import closing

import pytest

from ledger.drivers.kafka_log import KafkaLog
from tests.faults.scenario import Scenario, Standing, scaled
from tests.services.kafka import KafkaCluster

pytestmark = [
    pytest.mark.slow,
    # kafka-python leaves the sockets of brokers that went away to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What a test leaves to the collector is collected before the next one."""
    yield
    gc.collect()


@pytest.fixture
def impatient(standing: Standing) -> Iterator[KafkaLog]:
    """The same log for a sender that gives up after seconds and sends again."""
    parts = standing.hall.parts
    log = KafkaLog(parts.place, parts.access, now=parts.clock.now_us, delivery_s=4, patience_s=4)
    with closing(log):
        yield log


@pytest.mark.long
def test_all_brokers_down_and_back_costs_nothing(
    standing: Standing, kafka_cluster: KafkaCluster
) -> None:
    seconds = scaled(6, 12)
    what = f"all three brokers killed (-9), back after {seconds} s"
    with Scenario(standing, "F4", what) as fault:
        feed = fault.feed(fault.more(10), pieces=40, pause_s=0.2)
        fault.wait(2)
        fault.begins()
        for node in kafka_cluster.nodes:
            node.kill()
        fault.wait(seconds)
        kafka_cluster.heal()
        feed.whole()
        fault.recovered()


def test_what_timed_out_after_it_was_appended_counts_once(
    standing: Standing, kafka_cluster: KafkaCluster, impatient: KafkaLog
) -> None:
    rounds, seconds = scaled(1, 6), scaled(7, 45)
    what = f"SIGSTOP of a leader for {seconds} s while a sender gives up after 4 s and sends again"
    with Scenario(standing, "F5", f"{what}, {rounds} times") as fault:
        topic = standing.hall.parts.place.topic
        for number in range(rounds):
            feed = fault.feed(fault.more(8), pieces=40, pause_s=0.1, log=impatient)
            fault.wait(1 + fault.dice.random())
            leader = kafka_cluster.leader(topic, number % 6)
            fault.begins()
            leader.pause()
            fault.wait(seconds)
            leader.resume()
            feed.whole()
            fault.recovered()


def test_the_leader_killed_under_load_costs_nothing(
    standing: Standing, kafka_cluster: KafkaCluster
) -> None:
    rounds = scaled(1, 6)
    with Scenario(standing, "F13a", f"kill -9 of a leader under load, {rounds} times") as fault:
        topic = standing.hall.parts.place.topic
        for number in range(rounds):
            feed = fault.feed(fault.more(scaled(10, 40)), pieces=60, pause_s=0.05)
            fault.wait(1 + fault.dice.random())
            leader = kafka_cluster.leader(topic, number % 6)
            fault.begins()
            leader.kill()
            fault.wait(4)
            leader.start()
            feed.whole()
            fault.recovered()
            kafka_cluster.heal()


@pytest.mark.long
def test_two_of_three_brokers_down_and_back_costs_nothing(
    standing: Standing, kafka_cluster: KafkaCluster
) -> None:
    seconds = scaled(8, 30)
    what = f"two of three brokers killed (-9), back after {seconds} s"
    with Scenario(standing, "F13b", what) as fault:
        topic = standing.hall.parts.place.topic
        feed = fault.feed(fault.more(10), pieces=40, pause_s=0.2)
        fault.wait(2)
        spared = kafka_cluster.leader(topic, fault.dice.randrange(6))
        fault.begins()
        for node in kafka_cluster.nodes:
            if node is not spared:
                node.kill()
        fault.wait(seconds)
        kafka_cluster.heal()
        feed.whole()
        fault.recovered()
