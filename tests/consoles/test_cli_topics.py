"""`hall topics`: the topics of a hall, applied and checked from the command line."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.consoles.commands import hall

if TYPE_CHECKING:
    from tests.services.kafka import KafkaAddress


@pytest.mark.kafka
def test_topics_are_made_checked_and_a_difference_is_a_no(
    kafka: "KafkaAddress", topic: str
) -> None:
    env = {"HALL_LOG": f"kafka://{kafka.bootstrap}/{topic}.ledger", "HALL_REPLICATION": "1"}
    names = [f"{topic}.ledger", f"{topic}.intake", f"{topic}.dead-letters"]

    missing = hall("topics", "check", "--json", env=env)
    assert missing.code == 1
    assert [each["topic"] for each in missing.json()["differences"]] == names

    made = hall("topics", "apply", "--partitions", "2", env=env)
    assert made.code == 0
    assert made.out.splitlines() == [*(f"{name}: made" for name in names), "as declared"]

    again = hall("topics", "apply", "--json", env=env)
    assert (again.code, again.json()) == (0, {"as_declared": True, "made": [], "differences": []})

    other = hall("topics", "check", env={**env, "HALL_REPLICATION": "2"})
    assert other.code == 1
    assert other.out.splitlines()[:2] == [
        "NOT as declared",
        f"  {names[0]}, replicas: found 1, expected 2",
    ]
    with closing(kafka.admin()) as admin:
        admin.delete_topics(names)


def test_without_a_log_in_kafka_there_are_no_topics() -> None:
    ran = hall("topics", "check")
    assert ran.code == 2
    assert "expected kafka://host:port" in ran.err
    ran = hall("topics", "apply", env={"HALL_LOG": "kafka://broker/hall.ledger"})
    assert ran.code == 2
    assert "the broker 'broker'" in ran.err


def test_settings_of_the_access_that_do_not_fit_are_refused() -> None:
    env = {"HALL_LOG": "kafka://127.0.0.1:9/hall.ledger", "HALL_KAFKA_USER": "intake"}
    ran = hall("topics", "check", env=env)
    assert ran.code == 2
    assert "kafka_protocol: found PLAINTEXT" in ran.err


@pytest.mark.kafka
def test_the_access_list_is_applied_and_compared_with_the_topics(
    kafka_programs: None, tmp_path: Path
) -> None:
    from tests.services.kafka import SUPERUSER, KafkaCluster

    assert kafka_programs is None
    with KafkaCluster(users={"admin": "secret"}) as cluster:
        password = tmp_path / "password"
        password.write_text(cluster.users[SUPERUSER], encoding="utf-8")
        env = {
            "HALL_LOG": f"kafka://{cluster.bootstrap}/hall.ledger",
            "HALL_REPLICATION": "1",
            "HALL_KAFKA_PROTOCOL": "SASL_PLAINTEXT",
            "HALL_KAFKA_MECHANISM": "PLAIN",
            "HALL_KAFKA_USER": SUPERUSER,
            "HALL_KAFKA_PASSWORD_FILE": str(password),
        }
        made = hall("topics", "apply", "--partitions", 2, env=env)
        assert made.code == 0, made.err
        assert hall("topics", "check", "--acls", env=env).code == 1
        granted = hall("topics", "apply", "--acls", env=env)
        assert granted.code == 0, granted.err
        assert "right intake may write topic hall.ledger: added" in granted.out
        again = hall("topics", "apply", "--acls", "--json", env=env)
        assert again.json() == {"as_declared": True, "made": [], "differences": []}
