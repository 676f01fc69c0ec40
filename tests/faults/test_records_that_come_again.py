"""F6, F7, F14: what comes again, out of order, or is never handed over."""

import signal
from contextlib import closing

import pytest
from kafka.errors import KafkaError
from kafka.structs import TopicPartition

from consoles.kafka_edition import open_node
from consoles.settings import load_settings
from ledger.log import Entry, EventLog
from ledger.record import micros
from ledger.system_events import SupervisionJudged
from tests.consoles.commands import wait_until
from tests.faults.feeding import shuffled
from tests.faults.kafka_hall import KafkaHall
from tests.faults.replay import read_whole
from tests.faults.scenario import Scenario, Standing, scaled
from tests.services.kafka import KafkaCluster

pytestmark = pytest.mark.slow

ROLES = ("supervise", "project")


def whole_log(log: EventLog) -> list[Entry]:
    """Every record of a log as it would be delivered again; markers say where it was judged."""
    found: list[Entry] = []
    for number, reads in read_whole(log).items():
        for _, raw, record in reads:
            if record is None or record.type == SupervisionJudged.TYPE:
                continue
            if record.subject.startswith("reference:") and number:
                continue  # it goes to every partition
            assert record.recordedtime is not None
            stamp = micros(record.recordedtime)
            found.append(Entry(record.subject, record.source, record.id, raw, stamp))
    return found


def test_the_whole_log_delivered_again_changes_nothing(standing: Standing) -> None:
    times = scaled(2, 10)
    with Scenario(standing, "F6a", f"every record appended again {times} times") as fault:
        fault.put(fault.more(10))
        standing.hall.settle(restarting=False)
        again = whole_log(standing.hall.parts.log)
        for _ in range(times):
            fault.begins()
            for start in range(0, len(again), 1_000):
                standing.hall.append(again[start : start + 1_000])
            fault.recovered()


def reset_offsets(hall: KafkaHall, cluster: KafkaCluster) -> None:
    """Let both groups begin at the first record again; their workers have ended."""
    place = hall.parts.place
    firsts = {TopicPartition(place.topic, number): 0 for number in range(hall.parts.log.partitions)}

    def done() -> bool:
        try:
            with closing(cluster.admin()) as admin:
                answers = [
                    admin.reset_group_offsets(f"{place.topic}.{role}", dict(firsts))
                    for role in ROLES
                ]
        except KafkaError:
            return False
        return all(each["error"].errno == 0 for answer in answers for each in answer.values())

    wait_until(done, "the groups are empty and their offsets are 0", 120)


@pytest.mark.long
def test_groups_that_begin_at_the_first_record_again_change_nothing(
    standing: Standing, kafka_cluster: KafkaCluster
) -> None:
    with Scenario(standing, "F6b", "the offsets of both groups set back to 0", kept=False) as fault:
        hall = standing.hall
        fault.put(fault.more(5))
        hall.settle()
        for role in ROLES:
            for name in ("a", "b"):
                hall.end(name, role)
        reset_offsets(hall, kafka_cluster)
        fault.put(fault.more(5))
        fault.begins()
        for role in ROLES:
            for name in ("a", "b"):
                hall.start(name, role)
        fault.recovered()


def test_facts_in_any_order_give_what_that_order_gives(standing: Standing) -> None:
    what = "facts out of order, late, repeated, amended, of one instant (as every history has them)"
    with Scenario(standing, "F7", what) as fault:
        fault.put(shuffled(7, fault.more(scaled(20, 200))))
        fault.begins()
        fault.recovered()


@pytest.mark.long
def test_records_that_are_never_handed_over_are_read_from_the_log(
    standing: Standing, kafka_cluster: KafkaCluster
) -> None:
    what = "nothing handed over, no offset of the group ever committed"
    with Scenario(standing, "F14a", what) as fault:
        hall = standing.hall
        workers = [fault.failing(name, "supervise", breaks="delivery,offsets") for name in "ab"]
        fault.until(lambda: all(each.worker.url() for each in workers), "started")
        for _ in range(3):
            fault.put(fault.more(5))
            fault.begins()
            fault.recovered()
        gaps = "hall_worker_gaps_total"
        fault.until(lambda: any(each.worker.sum_of(gaps) for each in workers), "seen by the gaps")
        topic = hall.parts.place.topic
        group = f"{topic}.supervise"
        with closing(kafka_cluster.admin()) as admin:
            committed = admin.list_group_offsets({group: None})[group]
        behind = {place: at.offset for place, at in committed.items()}
        ends = hall.parts.log.ends()
        assert all(behind.get(TopicPartition(topic, n), -1) < end for n, end in ends.items())
        for name in "ab":  # each tick of a unit would wait for a look of the broken ones
            fault.mended(name, "supervise")


@pytest.mark.long
def test_workers_that_stand_still_are_seen_by_their_lag(standing: Standing) -> None:
    with Scenario(standing, "F14b", "all workers stand still (SIGSTOP): the lag says so") as fault:
        hall = standing.hall
        for worker in hall.workers.values():
            worker.send(signal.SIGSTOP)
        fault.put(fault.more(5))
        with closing(open_node(load_settings({}, hall.env))) as node:
            fault.begins()
            status = node.status()
            assert status["supervision_lag"] > 0
            assert status["projection_lag"] > 0
            figures = node.figures()["hall_reader_lag_records"]
            for role in ROLES:
                assert sum(lag for (of, _), lag in figures.items() if of == role) > 0
        for worker in hall.workers.values():
            worker.send(signal.SIGCONT)
        fault.recovered()
