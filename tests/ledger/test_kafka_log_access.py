"""The log on brokers that ask who is there, decide by access lists, and encrypt."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.errors import LogUnavailable
from ledger.log import Position

if TYPE_CHECKING:
    from tests.services.kafka import KafkaCluster

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
TOPIC = "hall.ledger"
USERS = {"intake": "of-the-intake", "reader": "of-the-readers"}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that signed itself, after its key."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "crt"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "broker.pem"
    both.write_text((folder / "key").read_text() + (folder / "crt").read_text())
    return both


@pytest.fixture(scope="module")
def tls_port() -> int:
    from tests.services.service_process import free_port

    return free_port()


@pytest.fixture(scope="module")
def guarded(kafka_programs: None, tls: Path, tls_port: int) -> "Iterator[KafkaCluster]":
    """A broker with users, access lists and a second, encrypted door; the ledger is made."""
    from tests.services.kafka import KafkaCluster

    cluster = KafkaCluster(1, users=USERS)
    (node,) = cluster.nodes
    doors = f"SASL_PLAINTEXT://{node.address},SASL_SSL://127.0.0.1:{tls_port}"
    users = "".join(f' user_{name}="{word}"' for name, word in cluster.users.items())
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    cluster._settings.update(
        {
            "listeners": f"{doors},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": doors,
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,"
            "SASL_PLAINTEXT:SASL_PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(tls),
            "listener.name.sasl_ssl.plain.sasl.jaas.config": f"{login}{users};",
        }
    )
    with cluster:
        _let_in(cluster)
        yield cluster


def _let_in(cluster: "KafkaCluster") -> None:
    """Make the ledger; the intake may write and describe it, readers read and describe it."""
    from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

    from ledger.drivers.kafka_topics import declared

    place = KafkaPlace(servers=(cluster.bootstrap,), topic=TOPIC)
    topic = declared(place, partitions=2, replication=1)[0]
    allowed = {
        "intake": (ACLOperation.WRITE, ACLOperation.DESCRIBE),
        "reader": (ACLOperation.READ, ACLOperation.DESCRIBE),
    }
    with closing(cluster.admin()) as admin:
        admin.create_topics(
            {
                TOPIC: {
                    "num_partitions": 2,
                    "replication_factor": 1,
                    "configs": dict(topic.settings),
                }
            }
        )
        admin.create_acls(
            [
                ACL(
                    principal=f"User:{user}",
                    host="*",
                    operation=operation,
                    permission_type=ACLPermissionType.ALLOW,
                    resource_pattern=ResourcePattern(ResourceType.TOPIC, TOPIC),
                )
                for user, operations in allowed.items()
                for operation in operations
            ]
        )


def access_of(user: str, folder: Path, word: str = "", **more: Any) -> KafkaAccess:
    file = folder / f"{user}.password"
    file.write_text(f"{word or USERS[user]}\n")
    values = {"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", "user": user, **more}
    return KafkaAccess(password_file=file, **values)


def opened_as(address: str, access: KafkaAccess, patience_s: float = 30.0) -> Any:
    from ledger.drivers.kafka_log import KafkaLog
    from tests.ledger.kafka_ledgers import NOON_US

    place = KafkaPlace(servers=(address,), topic=TOPIC)
    return closing(
        KafkaLog(place, access, now=lambda: NOON_US, patience_s=patience_s, delivery_s=30.0)
    )


def test_who_may_write_writes_who_may_read_reads_and_nobody_does_the_other(
    guarded: "KafkaCluster", tmp_path: Path
) -> None:
    from tests.ledger.kafka_ledgers import entry

    with opened_as(guarded.bootstrap, access_of("intake", tmp_path)) as log:
        (answer,) = log.append([entry("case-1", "1")])
        with pytest.raises(LogUnavailable, match="Authorization"):
            log.read(*answer.position, 1)
    with opened_as(guarded.bootstrap, access_of("reader", tmp_path)) as log:
        assert [at for at, _ in log.read(*answer.position, 1)] == [answer.position]
        with pytest.raises(LogUnavailable, match="Authorization") as refused:
            log.append([entry("case-1", "2")])
        assert "rights" in refused.value.hint


def test_a_wrong_password_is_told(guarded: "KafkaCluster", tmp_path: Path) -> None:
    access = access_of("reader", tmp_path, word="guessed")
    with pytest.raises(LogUnavailable) as refused:
        opened_as(guarded.bootstrap, access, patience_s=2.0)
    assert "user" in refused.value.hint


def test_the_encrypted_door_is_used_where_its_certificate_is_known(
    guarded: "KafkaCluster", tls: Path, tls_port: int, tmp_path: Path
) -> None:
    from tests.ledger.kafka_ledgers import entry

    address = f"127.0.0.1:{tls_port}"
    for user in ("intake", "reader"):
        access = access_of(user, tmp_path, protocol="SASL_SSL", ca_file=tls)
        with opened_as(address, access) as log:
            if user == "intake":
                (answer,) = log.append([entry("case-2", "1")])
            else:
                assert isinstance(answer.position, Position)
                assert [at for at, _ in log.read(*answer.position, 1)] == [answer.position]


def test_a_broker_whose_certificate_nobody_vouches_for_is_not_spoken_to(
    guarded: "KafkaCluster", tls_port: int, tmp_path: Path
) -> None:
    unknown = access_of("reader", tmp_path, protocol="SASL_SSL")
    with pytest.raises(LogUnavailable):
        opened_as(f"127.0.0.1:{tls_port}", unknown, patience_s=2.0)
