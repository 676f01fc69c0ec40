"""Fixtures of the real services: asked for by name, started at the first use, ended with the run.

What a machine lacks is a skip with its reason, or a failure where HALL_REQUIRE names it
(`kafka`, `postgres`, `prometheus`). The services' modules are imported late, so that a run that
needs none of them loads none of their clients.
"""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.services.kafka import KafkaAddress, KafkaCluster
    from tests.services.postgres import PostgresServer
    from tests.services.prometheus import AlertmanagerServer, PrometheusServer

Need = Callable[[str, str], NoReturn]


@pytest.fixture(scope="session")
def kafka_programs(need: Need) -> None:
    """Java and Kafka's jars, or the test is not for this machine."""
    from tests.services.kafka_jars import JarsMissing, kafka_jars

    if shutil.which("java") is None:
        need("kafka", "no java on PATH (Debian: apt-get install openjdk-17-jre-headless)")
    try:
        kafka_jars()
    except JarsMissing as missing:
        need("kafka", str(missing))


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> "Iterator[KafkaAddress]":
    """A cluster for tests that only talk to it: HALL_TEST_KAFKA=bootstrap:…, or one node."""
    from tests.services.kafka import KafkaAddress, KafkaCluster

    there = os.environ.get("HALL_TEST_KAFKA", "")
    if there:
        kind, _, addresses = there.partition(":")
        if kind != "bootstrap" or not addresses:
            pytest.fail(f"HALL_TEST_KAFKA is {there!r}, expected bootstrap:host:port,host:port")
        yield KafkaAddress(addresses)
        return
    request.getfixturevalue("kafka_programs")
    with KafkaCluster() as cluster:
        yield KafkaAddress(cluster.bootstrap)


@pytest.fixture(scope="session")
def kafka_cluster(kafka_programs: None) -> "Iterator[KafkaCluster]":
    """Three nodes that a test may kill, stop and pause; they are up again for the next test."""
    from tests.services.kafka import KafkaCluster

    with KafkaCluster(3) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def kafka_cluster_healed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with `kafka_cluster`: every node up, every replica in sync."""
    if "kafka_cluster" not in request.fixturenames:
        yield
        return
    cluster: KafkaCluster = request.getfixturevalue("kafka_cluster")
    yield
    cluster.heal()


@pytest.fixture
def topic() -> str:
    """A name of a topic that no other test has; the topic is the test's to make."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def postgres(need: Need) -> "Iterator[PostgresServer]":
    """A PostgreSQL server; a test that stops or kills it starts it again."""
    from tests.services.postgres import PostgresServer, postgres_programs

    programs = postgres_programs()
    if programs is None:
        need("postgres", "no PostgreSQL server (Debian: apt-get install postgresql)")
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture
def database_url(postgres: "PostgresServer") -> Iterator[str]:
    """SQLAlchemy's address of an empty database of the test's own, dropped after it."""
    name = postgres.new_database()
    yield postgres.url_of(name)
    postgres.start()
    postgres.drop_database(name)


@pytest.fixture
def prometheus(need: Need) -> "Iterator[Callable[[Path], PrometheusServer]]":
    """Call it with a folder that holds `prometheus.yml`; what it starts ends with the test."""
    from tests.services.prometheus import PrometheusServer

    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            need("prometheus", f"no {program} on PATH (Debian: apt-get install prometheus)")
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(PrometheusServer(folder))


@pytest.fixture
def alertmanager(need: Need) -> "Iterator[Callable[[Path], AlertmanagerServer]]":
    """The same with a folder that holds `alertmanager.yml`."""
    from tests.services.prometheus import AlertmanagerServer

    if shutil.which("prometheus-alertmanager") is None:
        package = "Debian: apt-get install prometheus-alertmanager"
        need("prometheus", f"no prometheus-alertmanager on PATH ({package})")
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(AlertmanagerServer(folder))
