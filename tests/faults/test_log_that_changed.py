"""F11: a log that is shorter, has lost its beginning, or was made anew: refused, never jumped."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka.structs import TopicPartition
from sqlalchemy import text

from tests.consoles.commands import Ran, wait_until
from tests.faults.checker import Outcome
from tests.faults.feeding import histories
from tests.faults.kafka_hall import PARTITIONS, KafkaHall
from tests.faults.scenario import LONG, ROWS, Row, Standing
from tests.services.kafka import KafkaCluster

pytestmark = pytest.mark.slow

ROLES = ("supervise", "project")


def filled(hall: KafkaHall) -> None:
    """Let a hall judge some histories, then end its workers in order."""
    hall.append(histories(10, 11, "F11-"))
    hall.settle(within_s=300)
    end_all(hall)


def begun(hall: KafkaHall) -> None:
    """Start workers behind what is judged, so that they have no more to say; all partitions taken.

    One that has judged something leaves a marker when half a minute has passed.
    """
    workers = [(hall.start(name, role), role) for role in ROLES for name in ("a", "b")]

    def have_all() -> bool:
        if not all(worker.url() for worker, _ in workers):
            return False
        taken = [(role, each) for w, role in workers for each in w.readiness()["partitions"]]
        return sorted(set(taken)) == sorted(taken) and len(taken) == len(ROLES) * PARTITIONS

    wait_until(have_all, "the workers have all partitions", 120)
    hall.settle(within_s=300)


def end_all(hall: KafkaHall) -> None:
    for key in list(hall.workers):
        name, role = key.rsplit(".", 1)
        hall.end(name, role)


def remembered(hall: KafkaHall) -> list[tuple[object, ...]]:
    """What SQL remembers of every partition, epochs aside, and how many rows there are."""
    queries = (
        "SELECT partition, next_offset, log_identity, last_sha256 FROM supervision_positions",
        "SELECT partition, next_offset, log_identity, last_sha256 FROM reader_positions",
        "SELECT COUNT(*) FROM case_states",
        "SELECT COUNT(*) FROM case_history",
    )
    with hall.parts.engine.connect() as connection:
        return sorted(
            (number, *row)
            for number, query in enumerate(queries)
            for row in connection.execute(text(query))
        )


def has_gone_on(before: Sequence[tuple[Any, ...]], now: Sequence[tuple[Any, ...]]) -> bool:
    """Whether every position lies in the log in which it lay, and none before where it was.

    Until its topic is gone a worker may still have something to say, like a marker.
    """
    old, new = ({row[:2]: row[2:4] for row in rows if len(row) > 2} for rows in (before, now))
    return old.keys() == new.keys() and all(
        log == new[key][1] and offset <= new[key][0] for key, (offset, log) in old.items()
    )


def refused(hall: KafkaHall, role: str) -> Ran:
    """Start a worker that must not go on; what it said."""
    worker = hall.start("x", role)
    code = worker.ended(120)
    said = worker.said()
    hall.end("x", role)
    return Ran(code=code, out=said, err="")


def told(name: str, what: str, hall: KafkaHall, before: list[tuple[object, ...]]) -> None:
    """Keep the row: what a worker changed of a hall it should have refused."""
    outcome = Outcome(records=sum(hall.parts.log.ends().values()))
    if remembered(hall) != before:
        outcome.wrong.append(f"{remembered(hall)}, expected {before}")
    ROWS.append(Row(name, what, "long" if LONG else "short", outcome))
    assert not outcome.told(), outcome.told()


@pytest.mark.long
def test_a_log_that_has_lost_its_beginning_is_refused(
    own_hall: Standing, kafka_cluster: KafkaCluster
) -> None:
    hall = own_hall.hall
    filled(hall)
    before = remembered(hall)
    place = TopicPartition(hall.parts.place.topic, 0)
    with closing(kafka_cluster.admin()) as admin:
        admin.delete_records({place: 3})
    for role in ROLES:
        ran = refused(hall, role)
        assert ran.code == 2, ran.out
        assert "first offset of partition 0: found 3, expected 0" in ran.out
    told("F11a", "the first records of a partition deleted: workers refuse to start", hall, before)


def test_a_topic_made_anew_under_the_same_state_is_refused(
    own_hall: Standing, kafka_cluster: KafkaCluster
) -> None:
    hall = own_hall.hall
    filled(hall)
    begun(hall)
    before, topic = remembered(hall), hall.parts.place.topic
    identity = hall.parts.log.identity
    with closing(kafka_cluster.admin()) as admin:
        admin.delete_topics([topic])
    wait_until(lambda: topic not in topics(kafka_cluster), "the topic is gone")
    assert hall.command("topics", "apply").code == 0
    for worker in hall.workers.values():
        worker.ended(120)
    assert {worker.process.returncode for worker in hall.workers.values()} == {70}
    end_all(hall)
    first, before = before, remembered(hall)
    assert has_gone_on(first, before), f"{before}, before {first}"
    for role in ROLES:
        ran = refused(hall, role)
        assert ran.code == 70, ran.out
        assert f"the state remembers log {identity}" in ran.out
    hall.reopen()
    assert sum(hall.parts.log.ends().values()) == 0
    told("F11b", "the topic made anew under the same state: workers end, and refuse", hall, before)


def topics(cluster: KafkaCluster) -> set[str]:
    with closing(cluster.admin()) as admin:
        return set(admin.list_topics())


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "what", "change", "says"),
    [
        ("F11c", "a log that ends before the position", "next_offset = next_offset + 5", "ends at"),
        ("F11d", "another record before the position", "last_sha256 = 'ab'", "is not the one"),
    ],
)
def test_a_log_that_is_not_the_one_remembered_is_refused(
    own_hall: Standing, name: str, what: str, change: str, says: str
) -> None:
    """A restored database that is newer than the log gives the same picture."""
    hall = own_hall.hall
    filled(hall)
    for table in ("supervision_positions", "reader_positions"):
        with hall.parts.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET {change}"))
    before = remembered(hall)
    ends = hall.parts.log.ends()
    for role in ROLES:
        ran = refused(hall, role)
        assert ran.code == 70, ran.out
        assert says in ran.out
    assert hall.parts.log.ends() == ends
    told(name, f"{what}: workers refuse", hall, before)
