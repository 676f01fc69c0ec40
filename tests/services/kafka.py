"""Real Apache Kafka for tests: one KRaft node or three on loopback ports, without containers.

Each node is a broker and a controller, and can be killed, stopped, started again, paused and
continued. With `users` the cluster speaks SASL/PLAIN and decides by ACLs (StandardAuthorizer).
"""

import base64
import re
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from tests.services.kafka_jars import kafka_jars
from tests.services.service_process import ServiceFailed, ServiceProcess, free_port

READY_SECONDS_MAX = 300
SUPERUSER = "broker"
"""The account of the brokers among themselves, and of what a test has to set up."""
_PASSWORD = "of-the-brokers"
_IMPATIENT = {
    "reconnect_backoff_max_ms": 500,  # the default grows to 30 s while a node is down
    "bootstrap_timeout_ms": 10_000,
    "request_timeout_ms": 10_000,
}
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@dataclass(frozen=True)
class KafkaAddress:
    """Where a cluster is, for tests that only talk to it.

    Attributes:
        bootstrap: addresses of its nodes, `host:port,host:port`.
    """

    bootstrap: str

    def client(self) -> dict[str, Any]:
        """Arguments that connect a client of kafka-python."""
        return {"bootstrap_servers": self.bootstrap.split(",")}

    def admin(self) -> Any:
        """A KafkaAdminClient, to be closed by the caller."""
        return KafkaAdminClient(**self.client())


class KafkaNode(ServiceProcess):
    """One node: a process that keeps its number, ports and data from start to start."""

    def __init__(self, java: list[str], number: int, folder: Path) -> None:
        self.number = number
        self.port = free_port()
        self.controller_port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.data = folder / f"node{number}"
        self.properties = folder / f"node{number}.properties"
        self._java = java
        super().__init__(
            [*java, "kafka.Kafka", self.properties], folder / f"node{number}.log", user=None
        )

    def format(self, cluster_id: str, *, alone: bool) -> None:
        """Make the data folder; a node that is alone begins the quorum of controllers."""
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster_id]
        command += ["-c", str(self.properties), *(["--standalone"] if alone else [])]
        tool = ServiceProcess(command, self.log)
        tool.start()
        if tool.ended() != 0:
            raise ServiceFailed(tool.said("could not format its data folder"))

    def format_like(self, first: "KafkaNode") -> None:
        """Make the data folder of another node of the same cluster, without another Java."""
        shutil.copytree(first.data, self.data)
        properties = self.data / "meta.properties"
        text = properties.read_text("utf-8").replace(
            f"node.id={first.number}", f"node.id={self.number}"
        )
        text = re.sub("(?m)^directory.id=.*$", f"directory.id={_kafka_uuid()}", text)
        properties.write_text(text, "utf-8")


class KafkaCluster:
    """One node or three, in a temporary folder that is removed at the end.

    Attributes:
        nodes: the nodes, by their numbers from 1 on in this order.
        users: passwords of the principals that may log in; with none, everybody is anonymous and
            may do everything.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        users: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.users = {**users, SUPERUSER: _PASSWORD} if users else {}
        self.folder = Path(mkdtemp(prefix="hall-kafka-"))
        self._id = _kafka_uuid()
        self._settings = dict(settings or {})
        java = ["java", "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{kafka_jars()}/*"]
        self.nodes = [KafkaNode(java, 1 + at, self.folder) for at in range(nodes)]

    @property
    def bootstrap(self) -> str:
        """Addresses of all nodes, `host:port,host:port`."""
        return ",".join(node.address for node in self.nodes)

    def client(self, user: str = SUPERUSER) -> dict[str, Any]:
        """Arguments that connect a client of kafka-python, as `user` where there are users."""
        arguments = KafkaAddress(self.bootstrap).client()
        if self.users:
            arguments |= {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "PLAIN",
                "sasl_plain_username": user,
                "sasl_plain_password": self.users[user],
            }
        return arguments

    def admin(self, user: str = SUPERUSER) -> Any:
        """A KafkaAdminClient, to be closed by the caller."""
        return KafkaAdminClient(**self.client(user), **_IMPATIENT)

    def __enter__(self) -> "KafkaCluster":
        """Make the data folders, start every node and wait until the cluster is ready."""
        first, *others = self.nodes
        try:
            for node in self.nodes:
                node.properties.write_text(self._properties(node), "utf-8")
            first.format(self._id, alone=not others)
            for node in others:
                node.format_like(first)
            self.heal()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every node."""
        self.close()

    def close(self) -> None:
        """End every node and remove the data; nothing is worth an orderly stop any more."""
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def heal(self) -> None:
        """Start what is down, continue what is paused, wait until every replica is in sync."""
        for node in self.nodes:
            node.start()
            node.resume()
        self.wait(self._in_sync, "in sync")

    def replace_disk(self, node: KafkaNode) -> None:
        """Kill a node and let it find an empty disk at its next start, formatted by the book."""
        node.kill()
        shutil.rmtree(node.data)
        node.format(self._id, alone=False)

    def leader(self, topic: str, partition: int) -> KafkaNode:
        """The node that leads a partition now."""
        with closing(self.admin()) as admin:
            (described,) = admin.describe_topics([topic])
        for each in described["partitions"]:
            if each["partition_index"] == partition and each["leader_id"] > 0:
                return self.nodes[int(each["leader_id"]) - 1]
        raise ServiceFailed(f"partition {partition} of {topic} has no leader")

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until `ready` answers True; an error of Kafka means not yet.

        Raises:
            ServiceFailed: a running node ended, or it took too long.
        """
        deadline = time.monotonic() + READY_SECONDS_MAX
        started = [node for node in self.nodes if node.is_running()]
        while True:
            try:
                if ready():
                    return
                found = "no"
            except KafkaError as error:
                found = repr(error)
            ended = [node for node in started if not node.is_running()]
            if ended or time.monotonic() > deadline:
                node = (ended or self.nodes)[0]
                raise ServiceFailed(node.said(f"{'ended' if ended else 'waits'}: {what}? {found}"))
            time.sleep(0.2)

    def _in_sync(self) -> bool:
        """Whether each node answers, and knows that all live and each replica is in sync.

        Each is asked by itself: for some seconds after a node is killed the others take it for
        alive, and one that starts answers only when the controllers have taken it in again.
        """
        return all(self._is_whole_for(node) for node in self.nodes)

    def _is_whole_for(self, node: KafkaNode) -> bool:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", node.port)) != 0:
                return False
        asked = {**self.client(), "bootstrap_servers": node.address}
        with closing(KafkaAdminClient(**asked, **_IMPATIENT)) as admin:
            alive = {each["broker_id"] for each in admin.describe_cluster()["brokers"]}
            topics = admin.describe_topics()
        partitions = [each for topic in topics for each in topic["partitions"]]
        return alive == {each.number for each in self.nodes} and all(
            set(each["isr_nodes"]) == set(each["replica_nodes"]) for each in partitions
        )

    def _properties(self, node: KafkaNode) -> str:
        listener = "SASL_PLAINTEXT" if self.users else "PLAINTEXT"
        replicas, in_sync = (3, 2) if len(self.nodes) > 1 else (1, 1)
        values: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "listeners": f"{listener}://{node.address},CONTROLLER://{_controller(node)}",
            "advertised.listeners": f"{listener}://{node.address}",
            "inter.broker.listener.name": listener,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": f"CONTROLLER:{listener},{listener}:{listener}",
            "log.dirs": node.data,
            "auto.create.topics.enable": "false",
            "unclean.leader.election.enable": "false",
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1_000,
            "log.cleaner.dedupe.buffer.size": 2_097_152,  # a small heap has no room for the default
        }
        if len(self.nodes) > 1:
            voters = [f"{each.number}@{_controller(each)}" for each in self.nodes]
            values["controller.quorum.voters"] = ",".join(voters)
        else:
            values["controller.quorum.bootstrap.servers"] = _controller(node)
        values |= self._security() | self._settings
        return "".join(f"{name}={value}\n" for name, value in values.items())

    def _security(self) -> dict[str, object]:
        """Who may log in, as whom the nodes speak with each other, and that ACLs decide."""
        if not self.users:
            return {}
        known = "".join(f' user_{user}="{word}"' for user, word in self.users.items())
        jaas = f'{_PLAIN} required username="{SUPERUSER}" password="{_PASSWORD}"{known};'
        return {
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": jaas,
            "listener.name.controller.plain.sasl.jaas.config": jaas,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{SUPERUSER}",
        }


def _kafka_uuid() -> str:
    """A UUID as Kafka writes it, which never begins with a dash: that would read as an option."""
    return "h" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


def _controller(node: KafkaNode) -> str:
    return f"127.0.0.1:{node.controller_port}"
