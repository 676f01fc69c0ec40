"""Logs on real brokers for the conformance suite: a topic for each place, deleted with the test.

It stands apart from the table of drivers because it needs a cluster and the client libraries.
"""

import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kafka.admin import ConfigResource
from kafka.errors import KafkaError

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_log import KafkaLog
from ledger.drivers.kafka_topics import Topic, apply_topics, declared, require_topics
from ledger.errors import TopicMismatch
from ledger.log import EventLog
from tests.services.kafka import KafkaCluster


class KafkaLogs:
    """Opens logs, each in a topic of its own."""

    def __init__(self, cluster: KafkaCluster) -> None:
        self._cluster = cluster
        self._servers = tuple(cluster.bootstrap.split(","))
        self._topics: dict[Path, Topic] = {}

    def open(self, path: Path, partitions: int, now: Callable[[], int]) -> EventLog:
        """Open the log of `path`, whose topic is made at the first call."""
        if path not in self._topics:
            place = KafkaPlace(servers=self._servers, topic=f"log-{uuid.uuid4().hex[:12]}")
            self._topics[path] = declared(place, partitions=partitions)[0]
            apply_topics(place, KafkaAccess(), [self._topics[path]])
        return KafkaLog(self._place(path), KafkaAccess(), now=now, partitions=partitions)

    def change(self, path: Path) -> dict[str, str]:
        """Try what an administrator may: the brokers refuse it, or the check of every worker does.

        That others may not even try is for access lists to say.
        """
        topic = self._topics[path]
        again = {topic.name: {"num_partitions": 1, "replication_factor": 1}}
        with closing(self._cluster.admin()) as admin:

            def set_to(name: str, value: str) -> None:
                admin.alter_configs([ConfigResource("TOPIC", topic.name, {name: value})])

            def checked(name: str, value: str) -> None:
                set_to(name, value)
                try:
                    self._cluster.wait(lambda: self._is_refused(path), f"{name}={value}")
                    require_topics(self._place(path), KafkaAccess(), [topic])
                finally:
                    set_to(name, topic.settings[name])

            return {
                "make again": _refusal(lambda: admin.create_topics(again)),
                "fewer partitions": _refusal(lambda: admin.create_partitions({topic.name: 0})),
                "compact": _refusal(lambda: checked("cleanup.policy", "compact")),
                "forget by time": _refusal(lambda: checked("retention.ms", "86400000")),
                "forget by size": _refusal(lambda: checked("retention.bytes", "1000000000")),
                "lead out of sync": _refusal(
                    lambda: checked("unclean.leader.election.enable", "true")
                ),
            }

    def close(self) -> None:
        """Delete the topics."""
        if self._topics:
            with closing(self._cluster.admin()) as admin:
                admin.delete_topics([topic.name for topic in self._topics.values()])

    def _place(self, path: Path) -> KafkaPlace:
        return KafkaPlace(servers=self._servers, topic=self._topics[path].name)

    def _is_refused(self, path: Path) -> bool:
        refused = _refusal(
            lambda: require_topics(self._place(path), KafkaAccess(), [self._topics[path]])
        )
        return bool(refused)


def _refusal(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (KafkaError, TopicMismatch) as error:
        return str(error)
    return ""
