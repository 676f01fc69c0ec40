"""F9: bytes in the ledger's topic that no reader can use, put there past intake."""

import json
import re
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import pytest
from kafka import KafkaProducer

from ledger import wire
from ledger.log import partitions_of
from tests.consoles.commands import wait_until
from tests.faults.feeding import live_case
from tests.faults.kafka_hall import KafkaHall
from tests.faults.scenario import Scenario, Standing
from tests.services.kafka import KafkaCluster

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
NOON_US = 1_795_492_800_000_000
HEADERS = tuple((f"h{number}", b"x" * 900) for number in range(1_000))


class Poison(NamedTuple):
    """A record as a broken or hostile writer sends it."""

    what: str
    value: bytes | None
    key: bytes | None = b"F9"
    headers: tuple[tuple[str, bytes], ...] = ()


def event(**changes: Any) -> bytes:
    """A good record's bytes with something else in them."""
    raw = wire.stamp(live_case("F9-odd", NOON_US).raw, NOON_US)
    return json.dumps({**json.loads(raw), **changes}).encode()


UNREADABLE = (
    Poison("bad JSON", b'{"specversion":"1.0","type":"hall.case.accepted.v1",'),
    Poison("null value", None),
    Poison("empty value", b""),
    Poison("another schema", b'{"type":"hall.case.accepted.v1","id":7}'),
    Poison("unknown type", event(type="hall.case.accepted.v9")),
    Poison("no time", event(time=None)),
    Poison("value not UTF-8", b'\xff\xfe{"type":"hall.case.accepted.v1"}'),
    Poison("1 MB of nothing", b"\0" * (MIB - 4_096)),
    Poison("nested without end", b'{"type":' + b"[" * 100_000),
    Poison("a number without end", b'{"type":"hall.case.accepted.v1","data":' + b"9" * 100_000),
)
SUBJECT = next(name for name in map("F9-{}".format, range(100)) if partitions_of(name, 6) == (5,))
READABLE = (
    Poison("key not UTF-8", event(subject=SUBJECT, id="k"), b"\xff\xfe\xfd"),
    Poison("no key", event(subject=SUBJECT, id="n"), None),
    Poison("header bomb", event(subject=SUBJECT, id="h"), b"F9", HEADERS),
)
"""Keys and headers say nothing that a reader needs."""


def put(hall: KafkaHall, cluster: KafkaCluster, poison: Poison, partition: int) -> int:
    """Write a record past everything of ours; its offset."""
    topic = hall.parts.place.topic
    arguments = {**cluster.client(), "acks": "all", "max_request_size": 2 * MIB}
    with closing(KafkaProducer(**arguments)) as producer:
        sent = producer.send(
            topic, poison.value, poison.key, headers=list(poison.headers), partition=partition
        )
        offset: int = sent.get(timeout=60).offset
    return offset


def unready(hall: KafkaHall, role: str) -> set[int]:
    """The partitions that the workers of a role say they cannot read."""
    found: set[int] = set()
    for name, worker in hall.workers.items():
        if name.endswith(role) and worker.url():
            said = worker.readiness()
            assert said["ready"] == (not said["reasons"])
            found |= {
                int(n) for each in said["reasons"] for n in re.findall(r"Partition (\d+)", each)
            }
    return found


def says(hall: KafkaHall, role: str, stopped: set[int]) -> bool:
    """Whether the workers of a role say that just these partitions stand still."""
    return unready(hall, role) == stopped


def skip(hall: KafkaHall, partition: int, offset: int, sha256: str) -> None:
    """Let an operator pass over a record."""
    named = ("--sha256", sha256, "--actor", "o-1", "--reason", "broken")
    ran = hall.command("skip", partition, offset, *named)
    assert ran.code == 0, ran.err


def named_by_check(hall: KafkaHall) -> dict[tuple[int, int], str]:
    """What `hall check` names: place and SHA-256 of every record that cannot be read."""
    ran = hall.command("check", "--json")
    found: dict[tuple[int, int], str] = {}
    for each in ran.json()["findings"]:
        match = re.search(r"Partition (\d+), offset (\d+).*SHA-256 ([0-9a-f]{64})", each)
        if match:
            found[int(match[1]), int(match[2])] = match[3]
    return found


def test_poison_stops_its_partition_and_no_other_until_an_operator_skips_it(
    own_hall: Standing, kafka_cluster: KafkaCluster
) -> None:
    hall = own_hall.hall
    kinds = len(UNREADABLE) + len(READABLE)
    what = f"{kinds} kinds of poison put past intake into five of six partitions, then skipped"
    with Scenario(own_hall, "F9", what) as fault:
        fault.put(fault.more(5))
        fault.begins()
        fault.recovered()
        places: dict[tuple[int, int], str] = {}
        for number, poison in enumerate(UNREADABLE):
            partition = number % 5
            places[partition, put(hall, kafka_cluster, poison, partition)] = poison.what
        for poison in READABLE:
            put(hall, kafka_cluster, poison, 5)
        more = fault.more(10)
        fault.put(more)
        stopped = {0, 1, 2, 3, 4}
        for role in ("supervise", "project"):
            wait_until(partial(says, hall, role, stopped), f"{role} says so", 120)
        wait_until(lambda: reached(hall)[5] >= hall.parts.log.ends()[5], "the other goes on", 120)
        assert {n: at for n, at in reached(hall).items() if n in stopped} == {
            number: min(offset for partition, offset in places if partition == number)
            for number in stopped
        }
        found = named_by_check(hall)
        assert found.keys() == places.keys()
        fault.begins()
        for (partition, offset), sha256 in found.items():
            skip(hall, partition, offset, sha256)
        fault.recovered()
        for role in ("supervise", "project"):
            wait_until(partial(says, hall, role, set()), f"{role} says that it goes on", 30)


def reached(hall: KafkaHall) -> dict[int, int]:
    """How far each partition is judged and projected."""
    judged = hall.parts.states.positions()
    read = {number: at.next_offset for number, at in hall.parts.store.positions().items()}
    return {number: min(at, read[number]) for number, at in judged.items()}
