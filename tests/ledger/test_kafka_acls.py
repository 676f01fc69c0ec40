"""The access list on a real broker that asks for passwords and decides by access lists."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from kafka import KafkaAdminClient, KafkaProducer
from kafka import errors as kafka_errors
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    NewTopic,
    ResourcePatternFilter,
    ResourceType,
)

from ledger.drivers.kafka_acls import AccessDrift, apply_acls, check_acls
from ledger.errors import LogUnavailable
from ledger.topic_rights import ACCOUNTS, Right, TopicNames, declared_rights
from tests.apart import run_apart
from tests.services.kafka import KafkaAddress, KafkaCluster

pytestmark = pytest.mark.kafka

NAMES = TopicNames()
RIGHTS = declared_rights(NAMES)
WRITERS = {right.principal for right in RIGHTS if right.operation == "write"}
WORKING = [account for account, _ in ACCOUNTS if account != "admin"]

# Whoever may not even see a topic is told that there is none, or that it has no such setting.
REFUSED = re.compile("TopicAuthorizationFailed|UnknownTopicOrPartition|Unrecognized configs")


@pytest.fixture(scope="module")
def guarded(kafka_programs: None) -> Iterator[KafkaCluster]:
    """A broker with a password for every account and for a stranger, and the declared rights."""
    users = {account: f"word-of-{account}" for account in (*WORKING, "admin", "stranger")}
    with KafkaCluster(users=users) as cluster:
        with closing(cluster.admin()) as superuser:
            given = apply_acls(superuser, RIGHTS)
            assert given == list(RIGHTS)
            wait_for(lambda: check_acls(superuser, RIGHTS) == [])
        with closing(cluster.admin("admin")) as admin:
            admin.create_topics([NewTopic(name, 1, 1) for name in NAMES])
            admin.wait_for_topics(list(NAMES))
        yield cluster


def wait_for(done: Callable[[], bool]) -> None:
    """A broker learns of a new right a moment after the controller has taken it."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def take_back(superuser: Any, rights: Sequence[Right]) -> None:
    for right in rights:
        pattern = ResourcePatternFilter(
            ResourceType.TOPIC,
            right.name,
            ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL,
        )
        allowed = (ACLOperation[right.operation.upper()], ACLPermissionType.ALLOW, pattern)
        superuser.delete_acls([ACLFilter(f"User:{right.principal}", "*", *allowed)])


def append(cluster: KafkaCluster, user: str, topic: str) -> int:
    arguments = {**cluster.client(user), "acks": "all", "enable_idempotence": user in WRITERS}
    with closing(KafkaProducer(**arguments)) as producer:
        offset: int = producer.send(topic, b"a record", partition=0).get(timeout=60).offset
    return offset


def read(cluster: KafkaCluster, user: str, topic: str, group: str | None = None) -> list[bytes]:
    """What lies in a topic; aiokafka says at once what kafka-python asks for without end."""

    async def reading() -> list[bytes]:
        access = {**cluster.client(user), "group_id": group, "auto_offset_reset": "earliest"}
        consumer = AIOKafkaConsumer(topic, **access, enable_auto_commit=False)
        try:
            await consumer.start()
            polled = await consumer.getmany(timeout_ms=60_000)
            if group is not None:
                await consumer.commit()
        finally:
            await consumer.stop()
        return [record.value for records in polled.values() for record in records]

    return run_apart(reading)


def outcome(change: Callable[[], Any]) -> str:
    """What came of trying; some calls of kafka-python raise a refusal and some return it."""
    try:
        return str(change())
    except (kafka_errors.KafkaError, ValueError) as error:
        return repr(error)


def ways_to_change(admin: Any, topic: str) -> dict[str, Callable[[], Any]]:
    """Everything that would take something away from a topic, or change how it is kept."""
    shorter = ConfigResource("TOPIC", topic, configs={"retention.ms": "1000"})
    return {
        "delete its records": lambda: admin.delete_records({TopicPartition(topic, 0): 1}),
        "delete it": lambda: admin.delete_topics([topic]),
        "keep it for a second": lambda: admin.alter_configs([shorter]),
        "add partitions": lambda: admin.create_partitions({topic: 2}),
    }


@pytest.mark.parametrize("user", ["intake", "supervise"])
def test_who_may_write_to_the_ledger_appends_and_reads_it(guarded: KafkaCluster, user: str) -> None:
    offset = append(guarded, user, NAMES.ledger)
    assert len(read(guarded, user, NAMES.ledger, f"hall.ledger.{user}")) > offset


@pytest.mark.parametrize("user", [*WORKING, "admin", "stranger"])
def test_nobody_changes_the_ledger_or_takes_from_it(guarded: KafkaCluster, user: str) -> None:
    append(guarded, "intake", NAMES.ledger)
    with closing(guarded.admin(user)) as admin:
        outcomes = {way: outcome(do) for way, do in ways_to_change(admin, NAMES.ledger).items()}
    assert all(REFUSED.search(said) for said in outcomes.values()), outcomes
    with closing(guarded.admin()) as superuser:
        (described,) = superuser.describe_topics([NAMES.ledger])
        assert len(described["partitions"]) == 1
        asked = ConfigResource("TOPIC", NAMES.ledger, configs={"retention.ms": None})
        real = superuser.describe_configs([asked], config_filter="all")["topic"][NAMES.ledger]
        assert real["retention.ms"]["value"] != "1000"
    assert read(guarded, "supervise", NAMES.ledger)[0] == b"a record"


@pytest.mark.parametrize("user", ["project", "notify", "reader"])
def test_who_reads_the_ledger_reads_in_its_own_group_and_cannot_write(
    guarded: KafkaCluster, user: str
) -> None:
    append(guarded, "supervise", NAMES.ledger)
    assert read(guarded, user, NAMES.ledger, f"hall.ledger.{user}.one")[0] == b"a record"
    with pytest.raises(GroupAuthorizationFailedError):
        read(guarded, user, NAMES.ledger, "hall.ledger.supervise")
    with pytest.raises(kafka_errors.TopicAuthorizationFailedError):
        append(guarded, user, NAMES.ledger)


def test_a_source_writes_what_only_the_gateway_reads(guarded: KafkaCluster) -> None:
    append(guarded, "source", NAMES.intake)
    assert read(guarded, "intake", NAMES.intake, "hall.ledger.intake")[0] == b"a record"
    for user in ("project", "source", "supervise"):
        with pytest.raises(TopicAuthorizationFailedError):
            read(guarded, user, NAMES.intake)
    with pytest.raises(kafka_errors.TopicAuthorizationFailedError):
        append(guarded, "source", NAMES.ledger)


def test_intake_and_supervision_write_dead_letters(guarded: KafkaCluster) -> None:
    for user in ("intake", "supervise"):
        append(guarded, user, NAMES.dead_letters)
    for user in ("source", "project"):
        with pytest.raises(kafka_errors.TopicAuthorizationFailedError):
            append(guarded, user, NAMES.dead_letters)


def test_a_stranger_does_nothing(guarded: KafkaCluster) -> None:
    append(guarded, "intake", NAMES.ledger)
    for topic in NAMES:
        with pytest.raises(kafka_errors.TopicAuthorizationFailedError):
            append(guarded, "stranger", topic)
        with pytest.raises(TopicAuthorizationFailedError):
            read(guarded, "stranger", topic)
    with closing(guarded.admin("stranger")) as admin:
        assert not {each["name"] for each in admin.describe_topics()} & set(NAMES)
        with pytest.raises(LogUnavailable, match="super users"):
            apply_acls(admin, RIGHTS)


def test_a_wrong_password_is_refused(guarded: KafkaCluster) -> None:
    arguments = {**guarded.client("intake"), "sasl_plain_password": "guessed"}
    with pytest.raises(kafka_errors.KafkaError):
        KafkaAdminClient(**arguments, bootstrap_timeout_ms=5_000)


def test_the_account_of_the_topics_command_can_check_and_cannot_give(guarded: KafkaCluster) -> None:
    wanted = declared_rights(NAMES, sources=("source", "tax"))
    extra = Right("tax", "topic", NAMES.intake, "write")
    with closing(guarded.admin("admin")) as admin:
        assert check_acls(admin, RIGHTS) == []
        assert check_acls(admin, wanted) == [AccessDrift("missing", extra)]
        with pytest.raises(LogUnavailable, match="super users"):
            apply_acls(admin, wanted)


def test_what_was_given_besides_is_told_and_what_is_forbidden_stays_so(
    guarded: KafkaCluster,
) -> None:
    append(guarded, "intake", NAMES.ledger)
    given = (
        Right("intake", "topic", NAMES.ledger, "delete"),
        Right("stranger", "topic", "hall.", "describe", prefixed=True),
        Right("stranger", "topic", "*", "alter"),
    )
    with closing(guarded.admin()) as superuser:
        assert apply_acls(superuser, given) == list(given)
        wait_for(lambda: len(check_acls(superuser, RIGHTS)) == len(given))
        told = [AccessDrift("undeclared", right) for right in sorted(given)]
        assert check_acls(superuser, RIGHTS) == told
        assert apply_acls(superuser, RIGHTS) == []
        with closing(guarded.admin("intake")) as admin:
            said = outcome(lambda: admin.delete_topics([NAMES.ledger]))
        take_back(superuser, given)
        wait_for(lambda: check_acls(superuser, RIGHTS) == [])
    assert "TopicAuthorizationFailed" in said


def test_brokers_without_access_lists_are_told_of(kafka: KafkaAddress) -> None:
    with closing(kafka.admin()) as admin, pytest.raises(LogUnavailable, match="authorizer"):
        check_acls(admin, RIGHTS)
