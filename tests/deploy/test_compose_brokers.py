"""The brokers of the compose file, started without containers by the code of their own image.

The image makes its configuration from the mounted file and from the environment by a class that is
in Kafka's jars; here the same class does it, with addresses and folders of this machine.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from ledger.drivers.kafka_acls import apply_acls, check_acls
from ledger.topic_rights import TopicNames, declared_rights
from tests.deploy.compose_file import FOLDER, example_environment, services
from tests.services.kafka_jars import kafka_jars
from tests.services.service_process import ServiceProcess, free_port

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

BROKERS = ("kafka-1", "kafka-2", "kafka-3")
ADDRESS = re.compile(r"(kafka-\d)?:(909[23])\b")
PATIENCE_SECONDS = 120


def java(*options: str) -> list[str]:
    small = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    quiet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    return ["java", *small, *quiet, "-cp", f"{kafka_jars()}/*", *options]


def configured(name: str, folder: Path, ports: dict[tuple[str, str], int]) -> Path:
    """Do what the image does before it starts the broker; give the file that the broker reads."""
    service = services()[name]

    def here(match: re.Match[str]) -> str:
        return f"127.0.0.1:{ports[match[1] or name, match[2]]}"

    environment = {key: ADDRESS.sub(here, value) for key, value in service["environment"].items()}
    environment["KAFKA_LOG_DIRS"] = str(folder / "data")
    environment["KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE"] = "2097152"  # for this test's small heap
    (mounted,) = (mount.split(":")[0] for mount in service["volumes"] if mount.startswith("."))
    for part in ("default", "mounted", "final"):
        (folder / part).mkdir(parents=True)
    (folder / "mounted" / "server.properties").write_bytes((FOLDER / mounted).read_bytes())
    setup = ["kafka.docker.KafkaDockerWrapper", "setup"]
    for part in ("default", "mounted", "final"):
        setup += [f"--{part}-configs-dir", str(folder / part)]
    run = subprocess.run(
        java(*setup), env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "final" / "server.properties"


@pytest.fixture(scope="module")
def bootstrap(kafka_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Addresses of the three brokers, up and taking everyone with the passwords of the example."""
    folder = tmp_path_factory.mktemp("compose")
    ports = {(name, port): free_port() for name in BROKERS for port in ("9092", "9093")}
    with ThreadPoolExecutor(len(BROKERS)) as pool:
        files = list(pool.map(lambda name: configured(name, folder / name, ports), BROKERS))
    with ExitStack() as stack:
        for name, file in zip(BROKERS, files, strict=True):
            broker = ServiceProcess(java("kafka.Kafka", str(file)), folder / f"{name}.log")
            stack.callback(broker.kill)
            broker.start()
        addresses = ",".join(f"127.0.0.1:{ports[name, '9092']}" for name in BROKERS)
        broker.wait_until(lambda: are_all_there(addresses), "in a cluster", PATIENCE_SECONDS)
        yield addresses


def account(bootstrap: str, name: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": bootstrap.split(","),
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": name,
        "sasl_plain_password": example_environment()[f"KAFKA_{name.upper()}_PASSWORD"],
        "reconnect_backoff_max_ms": 500,
    }


def are_all_there(bootstrap: str) -> bool:
    """Whether each broker, asked alone, knows all of them."""
    return all(knows_all(address) for address in bootstrap.split(","))


def knows_all(address: str) -> bool:
    try:
        with closing(KafkaAdminClient(**account(address, "broker"))) as admin:
            return len(admin.describe_cluster()["brokers"]) == len(BROKERS)
    except KafkaError:
        return False


def test_the_brokers_form_a_cluster_in_which_the_access_list_holds(bootstrap: str) -> None:
    names = TopicNames()
    rights = declared_rights(names)
    with closing(KafkaAdminClient(**account(bootstrap, "broker"))) as superuser:
        apply_acls(superuser, rights)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while check_acls(superuser, rights):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        superuser.create_topics([NewTopic(names.ledger, 1, 3)])
        superuser.wait_for_topics([names.ledger])
        with pytest.raises(KafkaError, match="TopicDeletionDisabled"):
            superuser.delete_topics([names.ledger])
    with closing(KafkaProducer(**account(bootstrap, "intake"), acks="all")) as producer:
        assert producer.send(names.ledger, b"a record").get(timeout=60).offset == 0
