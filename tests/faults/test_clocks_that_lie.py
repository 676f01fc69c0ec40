"""F8: workers whose machines' clocks are wrong; the database's clock decides, and Kafka's tells."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from kafka import KafkaConsumer
from kafka.structs import TopicPartition

from ledger.findings import CardIssued
from ledger.record import micros
from tests.faults.checker import GRACE_US
from tests.faults.feeding import live_case
from tests.faults.kafka_hall import KafkaHall
from tests.faults.scenario import Scenario, Standing, scaled
from tests.services.kafka import KafkaCluster

pytestmark = [pytest.mark.slow, pytest.mark.long]

SKEWS = {"a": "-1h", "b": "+1h", "c": "+10y"}
LATE_S_MAX = 600
"""Later than any machine is slow, and earlier than a clock that is an hour behind."""


@pytest.fixture
def faketime(need: Any) -> str:
    """The program that lies to others about the time."""
    if shutil.which("faketime") is None:
        need("faketime", "no faketime on PATH (Debian: apt-get install faketime)")
    return "faketime"


def brokers_times(hall: KafkaHall, cluster: KafkaCluster) -> dict[tuple[int, int], int]:
    """When the brokers took each record, in microseconds."""
    topic, ends = hall.parts.place.topic, hall.parts.log.ends()
    left = sum(ends.values())
    found: dict[tuple[int, int], int] = {}
    with closing(KafkaConsumer(**cluster.client(), auto_offset_reset="earliest")) as consumer:
        consumer.assign([TopicPartition(topic, number) for number in ends])
        while len(found) < left:
            for records in consumer.poll(timeout_ms=60_000).values():
                for each in records:
                    found[each.partition, each.offset] = each.timestamp * 1_000
    return found


def test_no_card_comes_early_or_late_where_workers_clocks_are_wrong(
    standing: Standing, kafka_cluster: KafkaCluster, faketime: str
) -> None:
    what = "clocks of three workers wrong by -1 h, +1 h, +10 years"
    with Scenario(standing, "F8", what) as fault:
        hall = standing.hall
        env = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        for name, skew in SKEWS.items():
            started = fault.instead if name in "ab" else fault.another
            started(name, "supervise", env=env, prefix=(faketime, "-f", skew))
        fault.put(fault.more(2))
        fault.begins()
        fault.recovered()
        now_us = hall.parts.clock.now_us()
        dues = {
            f"{fault.prefix}{number}": now_us + 15_000_000 + number * 500_000
            for number in range(scaled(20, 200))
        }
        fault.put([live_case(subject, due_us) for subject, due_us in dues.items()])
        fault.wait((max(dues.values()) + GRACE_US - hall.parts.clock.now_us()) / 1e6)
        hall.settle(restarting=False)
        assert cards_of(hall, kafka_cluster, dues) == dict.fromkeys(dues, "in time")


def cards_of(hall: KafkaHall, cluster: KafkaCluster, dues: dict[str, int]) -> dict[str, str]:
    """What can be said of the first card of each case, by the brokers' clock."""
    from tests.faults.replay import firsts, read_whole

    times = brokers_times(hall, cluster)
    found: dict[str, str] = {}
    for reads in read_whole(hall.parts.log).values():
        for position, _, record in firsts(reads):
            if record is None or not isinstance(record.data, CardIssued):
                continue
            if record.subject not in dues or record.subject in found:
                continue
            due_us, taken_us = dues[record.subject] + GRACE_US, times[position]
            assert record.recordedtime is not None
            stamp_us = micros(record.recordedtime)
            told = [datetime.fromtimestamp(us / 1e6, UTC) for us in (due_us, taken_us, stamp_us)]
            is_early = min(taken_us + 999, stamp_us) < due_us
            is_late = max(taken_us, stamp_us) > due_us + LATE_S_MAX * 1_000_000
            found[record.subject] = f"{told}" if is_early or is_late else "in time"
    return found
