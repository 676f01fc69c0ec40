"""Topics of a hall: made where missing, never altered, and compared with what is declared."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.errors import LogUnavailable, TopicMismatch

if TYPE_CHECKING:
    from ledger.drivers.kafka_topics import Topic
    from tests.services.kafka import KafkaAddress

pytestmark = pytest.mark.kafka
ACCESS = KafkaAccess()


@pytest.fixture
def place(kafka: "KafkaAddress", topic: str) -> Iterator[KafkaPlace]:
    """A hall of its own on one broker; its topics end with the test."""
    made = KafkaPlace(servers=tuple(kafka.bootstrap.split(",")), topic=f"{topic}.ledger")
    yield made
    with closing(kafka.admin()) as admin:
        there = set(admin.list_topics()) & {made.topic, made.intake, made.dead_letters}
        if there:
            admin.delete_topics(sorted(there))


def topics_of(place: KafkaPlace, partitions: int | None = 4) -> "tuple[Topic, ...]":
    from ledger.drivers.kafka_topics import declared

    return declared(place, partitions=partitions, replication=1)


def set_to(kafka: "KafkaAddress", topic: str, **values: str) -> None:
    from kafka.admin import ConfigResource

    configs = {name.replace("_", "."): value for name, value in values.items()}
    with closing(kafka.admin()) as admin:
        admin.alter_configs([ConfigResource("TOPIC", topic, configs)])


def described(kafka: "KafkaAddress", topic: str) -> Any:
    with closing(kafka.admin()) as admin:
        return admin.describe_topics([topic])[0]


def test_missing_topics_are_made_as_declared_and_once(
    kafka: "KafkaAddress", place: KafkaPlace
) -> None:
    from ledger.drivers.kafka_topics import apply_topics, check_topics, require_topics

    topics = topics_of(place)
    names = [place.topic, place.intake, place.dead_letters]
    assert [str(each) for each in check_topics(place, ACCESS, topics)] == [
        f"{name}, topic: found nothing, expected a topic" for name in names
    ]
    assert apply_topics(place, ACCESS, topics) == names
    assert check_topics(place, ACCESS, topics) == []
    require_topics(place, ACCESS, topics)
    assert [len(described(kafka, name)["partitions"]) for name in names] == [4, 4, 1]
    identity = described(kafka, place.topic)["topic_id"]
    assert apply_topics(place, ACCESS, topics) == []
    assert described(kafka, place.topic)["topic_id"] == identity


def test_a_topic_that_a_broker_hears_of_a_little_later_is_found(place: KafkaPlace) -> None:
    from ledger.drivers.kafka_topics import apply_topics, check_topics, topic_facts

    topics = topics_of(place)
    with ThreadPoolExecutor() as threads:
        facts = threads.submit(topic_facts, place, ACCESS, place.topic)
        drifts = threads.submit(check_topics, place, ACCESS, topics)
        time.sleep(1)
        assert not facts.done()
        apply_topics(place, ACCESS, topics)
        assert facts.result().partitions == 4
        assert drifts.result() == []


def test_what_an_administrator_changed_is_told_and_not_set_back(
    kafka: "KafkaAddress", place: KafkaPlace
) -> None:
    from ledger.drivers.kafka_topics import apply_topics, check_topics, require_topics

    topics = topics_of(place)
    apply_topics(place, ACCESS, topics)
    set_to(kafka, place.topic, retention_ms="86400000", cleanup_policy="compact")
    assert apply_topics(place, ACCESS, topics) == []
    assert sorted(check_topics(place, ACCESS, topics)) == [
        (place.topic, "cleanup.policy", "compact", "delete"),
        (place.topic, "retention.ms", "86400000", "-1"),
    ]
    with pytest.raises(TopicMismatch) as refused:
        require_topics(place, ACCESS, topics)
    message = f"{place.topic}, cleanup.policy: found compact, expected delete (1 more)."
    assert refused.value.message == message
    assert refused.value.details["topic"] == place.topic
    assert "hall topics check" in refused.value.hint


def test_another_count_of_partitions_or_replicas_is_told(place: KafkaPlace) -> None:
    from ledger.drivers.kafka_topics import apply_topics, check_topics, declared

    apply_topics(place, ACCESS, topics_of(place, 4))
    assert check_topics(place, ACCESS, topics_of(place, None)) == []
    found = check_topics(place, ACCESS, declared(place, partitions=5, replication=2))
    assert (place.topic, "partitions", "4", "5") in found
    assert (place.dead_letters, "replicas", "1", "2") in found


def test_a_ledger_without_its_first_records_is_told(
    kafka: "KafkaAddress", place: KafkaPlace
) -> None:
    from kafka import KafkaProducer, TopicPartition

    from ledger.drivers.kafka_topics import apply_topics, check_topics

    topics = topics_of(place)
    apply_topics(place, ACCESS, topics)
    with closing(KafkaProducer(**kafka.client())) as producer:
        for name in (place.topic, place.intake):
            for _ in range(3):
                producer.send(name, b"x", partition=2)
    with closing(kafka.admin()) as admin:
        admin.delete_records({TopicPartition(name, 2): 2 for name in (place.topic, place.intake)})
    assert check_topics(place, ACCESS, topics) == [
        (place.topic, "first offset of partition 2", "2", "0")
    ]


def test_brokers_that_do_not_answer_and_topics_that_are_not_there_are_unavailable(
    place: KafkaPlace,
) -> None:
    from ledger.drivers.kafka_topics import check_topics, topic_facts

    with pytest.raises(LogUnavailable, match="no such topic") as missing:
        topic_facts(place, ACCESS, place.topic)
    assert "hall topics apply" in missing.value.hint
    away = KafkaPlace(servers=("127.0.0.1:9",), topic="hall.ledger")
    with pytest.raises(LogUnavailable, match=r"kafka://127.0.0.1:9/hall.ledger"):
        check_topics(away, ACCESS, topics_of(away), patience_s=0.5)
