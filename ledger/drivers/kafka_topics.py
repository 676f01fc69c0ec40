"""The topics of a hall as they must be: made where missing, and compared with the real ones.

It stands apart from the log because it needs rights that no worker has. Nothing that exists is ever
altered or deleted here: what a broker's administrator changed is told, and a worker that finds it
does not start, because a ledger that forgets is none.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource
from kafka.structs import TopicPartition

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_clients import connect, said_by
from ledger.errors import LogUnavailable, TopicMismatch

PARTITIONS = 12
"""Partitions of a ledger that is made new: room for six workers of two cores."""
REPLICATION = 3
PATIENCE_S = 10.0
UNKNOWN_FOR_S = 3.0
"""A broker that has not heard of a topic by then is believed: it hears of a new one later than the
one that made it."""
AGAIN_S = 0.1

_DAY_MS = 24 * 60 * 60 * 1000
_LETTER_BYTES = 9 * 1024 * 1024
"""One more than the greatest body that intake takes, for its key and headers."""
_EARLIEST = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as it must be.

    Attributes:
        partitions: how many; None where any number will do, because it is fixed already.
        replication: brokers that keep each record.
        settings: of the topic, as Kafka names them.
        whole: whether it must still have its first record.
    """

    name: str
    partitions: int | None
    replication: int
    settings: Mapping[str, str]
    whole: bool = False


class Drift(NamedTuple):
    """One thing in which a topic is not as it must be."""

    topic: str
    setting: str
    found: str
    expected: str

    def __str__(self) -> str:
        """Return it as a sentence without its full stop."""
        return f"{self.topic}, {self.setting}: found {self.found}, expected {self.expected}"


def declared(
    place: KafkaPlace, *, partitions: int | None = None, replication: int = REPLICATION
) -> tuple[Topic, ...]:
    """Return the topics of the hall whose ledger is at `place`.

    Args:
        partitions: of ledger and intake; None where it is for the existing topics to say.
        replication: brokers that keep each record; one fewer must have it before it counts.
    """
    common = {
        "cleanup.policy": "delete",
        "retention.bytes": "-1",
        "min.insync.replicas": str(max(1, replication - 1)),
        "unclean.leader.election.enable": "false",
        # A sender's own instant, set far back, would let its record be forgotten at once.
        "message.timestamp.type": "LogAppendTime",
    }
    ledger = {
        **common,
        "retention.ms": "-1",
        "compression.type": "producer",
        "segment.bytes": str(512 * 1024 * 1024),
        "max.message.bytes": str(1024 * 1024),
    }
    intake = {
        **common,
        "retention.ms": str(30 * _DAY_MS),
        # Whatever a source compresses with, the gateway needs no library for it.
        "compression.type": "uncompressed",
        "max.message.bytes": str(_LETTER_BYTES),
    }
    letters = {
        **common,
        "retention.ms": str(365 * _DAY_MS),
        "compression.type": "producer",
        "max.message.bytes": str(_LETTER_BYTES),
    }
    return (
        Topic(
            name=place.topic,
            partitions=partitions,
            replication=replication,
            settings=ledger,
            whole=True,
        ),
        Topic(name=place.intake, partitions=partitions, replication=replication, settings=intake),
        # One, so that letters have one order and one numbering.
        Topic(name=place.dead_letters, partitions=1, replication=replication, settings=letters),
    )


class TopicFacts(NamedTuple):
    """What the brokers say of a topic.

    Attributes:
        id: UUID that it was given when it was made; one made anew has another.
    """

    id: str
    partitions: int


def topic_facts(
    place: KafkaPlace, access: KafkaAccess, topic: str, *, patience_s: float = PATIENCE_S
) -> TopicFacts:
    """Return what the brokers say of a topic.

    Raises:
        LogUnavailable: it does not exist, or the brokers cannot be reached.
    """
    with admin(place, access, patience_s) as client:
        there = _described(client, [topic], UNKNOWN_FOR_S)
    if topic not in there:
        raise LogUnavailable(
            f"Open the topic {topic} at {place}: the brokers know no such topic.",
            hint="`hall topics apply` makes the topics of a hall.",
            reason="no-topic",
        )
    return TopicFacts(str(there[topic]["topic_id"]), len(there[topic]["partitions"]))


def apply_topics(
    place: KafkaPlace,
    access: KafkaAccess,
    topics: Sequence[Topic],
    *,
    patience_s: float = PATIENCE_S,
) -> list[str]:
    """Make the topics that are missing; return their names. What exists is left as it is.

    Raises:
        LogUnavailable: the brokers cannot be reached, or refuse.
    """
    made: list[str] = []
    with admin(place, access, patience_s) as client:
        there = _described(client, [topic.name for topic in topics])
        for topic in topics:
            if topic.name in there:
                continue
            wanted = {
                "num_partitions": topic.partitions or PARTITIONS,
                "replication_factor": topic.replication,
                "configs": dict(topic.settings),
            }
            try:
                client.create_topics({topic.name: wanted})
            except kafka_errors.TopicAlreadyExistsError:
                continue
            made.append(topic.name)
        if made:
            client.wait_for_topics(made, timeout_ms=int(patience_s * 1000))
    return made


def check_topics(
    place: KafkaPlace,
    access: KafkaAccess,
    topics: Sequence[Topic],
    *,
    patience_s: float = PATIENCE_S,
) -> list[Drift]:
    """Return everything in which the real topics are not as they must be.

    Raises:
        LogUnavailable: the brokers cannot be reached, or refuse.
    """
    with admin(place, access, patience_s) as client:
        there = _described(client, [topic.name for topic in topics], UNKNOWN_FOR_S)
        drifts: list[Drift] = []
        for topic in topics:
            if topic.name not in there:
                drifts.append(Drift(topic.name, "topic", "nothing", "a topic"))
                continue
            drifts += _differing_partitions(topic, there[topic.name]["partitions"])
            drifts += _differing_settings(client, topic)
            if topic.whole:
                drifts += _missing_heads(client, topic, len(there[topic.name]["partitions"]))
        return drifts


def require_topics(
    place: KafkaPlace,
    access: KafkaAccess,
    topics: Sequence[Topic],
    *,
    patience_s: float = PATIENCE_S,
) -> None:
    """Refuse to go on where a topic is not as it must be; for the start of a worker.

    Raises:
        TopicMismatch: naming topic, setting, what was found and what was expected.
        LogUnavailable: the brokers cannot be reached, or refuse.
    """
    drifts = check_topics(place, access, topics, patience_s=patience_s)
    if not drifts:
        return
    more = f" ({len(drifts) - 1} more)" if len(drifts) > 1 else ""
    raise TopicMismatch(
        f"{drifts[0]}{more}.",
        hint="`hall topics check` lists all; `hall topics apply` makes what is missing. Set the "
        "rest right by the brokers' own tools.",
        **drifts[0]._asdict(),
    )


@contextmanager
def admin(place: KafkaPlace, access: KafkaAccess, patience_s: float) -> Iterator[Any]:
    """Lend an administrator's connection; say in our words what Kafka says meanwhile.

    Raises:
        LogUnavailable: the brokers cannot be reached, or refuse.
    """
    options = access.options()
    try:
        client = connect(
            KafkaAdminClient,
            bootstrap_servers=list(place.servers),
            client_id="hall-ledger",
            bootstrap_timeout_ms=patience_s * 1000,
            request_timeout_ms=int(patience_s * 1000),
            reconnect_backoff_max_ms=1_000,
            **options,
        )
        try:
            yield client
        finally:
            client.close()
    except kafka_errors.KafkaError as error:
        raise _refused(place, error) from error


def _refused(place: KafkaPlace, error: Exception) -> LogUnavailable:
    return LogUnavailable(
        f"Ask the brokers of {place} about topics: {said_by(error)}.",
        hint="Look at the brokers, and at the user in the settings kafka_… and its rights.",
        reason="brokers",
    )


def _described(client: Any, names: Sequence[str], patience_s: float = 0.0) -> dict[str, Any]:
    """Return what a broker knows of topics, by name; it is asked again while it misses one."""
    ends = monotonic() + patience_s
    while True:
        described = client.describe_topics(list(names))
        for each in described:
            error = kafka_errors.for_code(each["error_code"])
            if error not in (kafka_errors.NoError, kafka_errors.UnknownTopicOrPartitionError):
                raise error(each["name"])
        known = {each["name"]: each for each in described if not each["error_code"]}
        if len(known) == len(names) or monotonic() >= ends:
            return known
        sleep(AGAIN_S)


def _differing_partitions(topic: Topic, partitions: Sequence[Any]) -> Iterator[Drift]:
    if topic.partitions not in (None, len(partitions)):
        yield Drift(topic.name, "partitions", str(len(partitions)), str(topic.partitions))
    copies = {len(each["replica_nodes"]) for each in partitions}
    for found in sorted(copies - {topic.replication}):
        yield Drift(topic.name, "replicas", str(found), str(topic.replication))


def _differing_settings(client: Any, topic: Topic) -> Iterator[Drift]:
    asked = ConfigResource("TOPIC", topic.name, configs=dict.fromkeys(topic.settings))
    real = client.describe_configs([asked], config_filter="all")["topic"][topic.name]
    for name, expected in topic.settings.items():
        found = str(real[name]["value"]) if name in real else "nothing"
        if found != expected:
            yield Drift(topic.name, name, found, expected)


def _missing_heads(client: Any, topic: Topic, partitions: int) -> Iterator[Drift]:
    asked = {TopicPartition(topic.name, number): _EARLIEST for number in range(partitions)}
    for place, found in sorted(client.list_partition_offsets(asked).items()):
        if found.offset:
            setting = f"first offset of partition {place.partition}"
            yield Drift(topic.name, setting, str(found.offset), "0")
