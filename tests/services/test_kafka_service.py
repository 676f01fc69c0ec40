"""What tests may count on from the Kafka they are given."""

from contextlib import closing

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from tests.services.kafka import KafkaAddress, KafkaCluster

pytestmark = pytest.mark.kafka


def make_topic(where: KafkaAddress | KafkaCluster, name: str, replicas: int) -> None:
    with closing(where.admin()) as admin:
        admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=replicas)])
        admin.wait_for_topics([name])


def produce(where: KafkaAddress | KafkaCluster, topic: str, value: bytes) -> int:
    with closing(KafkaProducer(**where.client(), acks="all")) as producer:
        offset: int = producer.send(topic, value, partition=0).get(timeout=60).offset
    return offset


def consume(where: KafkaAddress | KafkaCluster, topic: str, count: int) -> list[bytes]:
    values: list[bytes] = []
    with closing(KafkaConsumer(**where.client(), auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        while len(values) < count:
            polled = consumer.poll(timeout_ms=60_000)
            assert polled, f"only {len(values)} of {count} records came"
            values += [record.value for records in polled.values() for record in records]
    return values


def test_one_node_takes_a_record_and_gives_it_back(kafka: KafkaAddress, topic: str) -> None:
    make_topic(kafka, topic, 1)
    assert produce(kafka, topic, b"a record") == 0
    assert consume(kafka, topic, 1) == [b"a record"]


def test_three_nodes_go_on_without_one_and_take_it_back(
    kafka_cluster: KafkaCluster, topic: str
) -> None:
    make_topic(kafka_cluster, topic, 3)
    assert produce(kafka_cluster, topic, b"before") == 0
    killed = kafka_cluster.leader(topic, 0)
    killed.kill()
    assert not killed.is_running()
    assert produce(kafka_cluster, topic, b"meanwhile") == 1
    kafka_cluster.heal()
    assert killed.is_running()
    assert consume(kafka_cluster, topic, 2) == [b"before", b"meanwhile"]


def test_a_node_that_lost_its_disk_is_filled_again_by_the_others(
    kafka_cluster: KafkaCluster, topic: str
) -> None:
    make_topic(kafka_cluster, topic, 3)
    produce(kafka_cluster, topic, b"before")
    lost = kafka_cluster.leader(topic, 0)
    kafka_cluster.replace_disk(lost)
    produce(kafka_cluster, topic, b"meanwhile")
    kafka_cluster.heal()
    assert list(lost.data.glob(f"{topic}-0/*.log"))
    assert consume(kafka_cluster, topic, 2) == [b"before", b"meanwhile"]


def test_a_node_left_down_or_paused_is_up_for_the_next_test(kafka_cluster: KafkaCluster) -> None:
    first, second, third = kafka_cluster.nodes
    first.stop()
    kafka_cluster.heal()
    second.pause()
    third.pause()
    kafka_cluster.heal()
    assert all(node.is_running() for node in kafka_cluster.nodes)
