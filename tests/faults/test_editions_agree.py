"""The same facts through the embedded edition and through Kafka, Faust and PostgreSQL.

Two workers of each role share six partitions of a three-node cluster. HALL_EDITIONS_SUBJECTS sets
how many generated histories go through both (100000 takes long), HALL_EDITIONS_SEED the first seed.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consoles.importing.profile import load_profile
from consoles.importing.translation import translate
from consoles.importing.xes import read_traces
from ledger.intake_rules import instant_from_text
from ledger.log import Entry
from ledger.record import micros
from tests.consoles.commands import wait_until
from tests.faults.agreement import (
    Embedded,
    UnitTicks,
    differences,
    entries_of,
    findings_of,
    row_differences,
    rows_of,
)
from tests.faults.kafka_hall import KafkaHall, kafka_hall
from tests.simulation.learned import learned

SUBJECTS = int(os.environ.get("HALL_EDITIONS_SUBJECTS", "40"))
SEED = int(os.environ.get("HALL_EDITIONS_SEED", "0"))
PATIENCE_S = 900 + SUBJECTS / 10
FILE = "receipt.xes.gz"


pytestmark = pytest.mark.slow


@pytest.fixture
def hall(tmp_path: Path, kafka_cluster: Any, topic: str, database_url: str) -> Iterator[KafkaHall]:
    """A hall of the Kafka edition with two workers of each role."""
    bootstrap = kafka_cluster.bootstrap
    with kafka_hall(
        tmp_path / "kafka", bootstrap=bootstrap, topic=f"{topic}.ledger", database_url=database_url
    ) as made:
        yield made


def agree(hall: KafkaHall, entries: list[Entry], folder: Path) -> None:
    """Let both editions judge the same facts and compare all they found and show.

    The facts are there before the workers: stamped in the past, they would come in periods that
    had been judged for their departments.
    """
    for start in range(0, len(entries), 2_000):
        hall.append(entries[start : start + 2_000])
    for role in ("supervise", "project"):
        for name in ("a", "b"):
            hall.start(name, role)
    embedded = Embedded(folder, entries, hall.parts.policy, time.time_ns() // 1_000)
    try:
        closes, ticks = UnitTicks(embedded.log).look(), UnitTicks(hall.parts.log)
        assert closes

        def are_all_ticked() -> bool:
            time.sleep(1)  # looking takes time from those that are waited for
            return closes <= ticks.look()

        wait_until(are_all_ticked, "the last close of a unit", PATIENCE_S)
        hall.settle(within_s=PATIENCE_S)
        ended = {name: worker.codes for name, worker in hall.workers.items() if worker.codes}
        print(f"workers that ended, as they may on a machine that is overloaded: {ended}")
        here, there = findings_of(embedded.log), findings_of(hall.parts.log)
        print(f"{len(entries)} facts, {len(here)} ticks and findings")
        assert not differences(here, there, most=1_000)
        assert not row_differences(rows_of(embedded.engine), rows_of(hall.parts.engine))
    finally:
        embedded.close()


def test_generated_histories_give_the_same_findings_and_rows_in_both_editions(
    hall: KafkaHall, tmp_path: Path
) -> None:
    print(f"{SUBJECTS} histories from seed {SEED}")
    agree(hall, entries_of(learned(SUBJECTS, SEED)), tmp_path / "embedded")


@pytest.mark.long
@pytest.mark.real_data(FILE)
def test_the_receipt_log_gives_the_same_findings_and_rows_in_both_editions(
    hall: KafkaHall, real_data: Path, tmp_path: Path
) -> None:
    facts = translate(load_profile("receipt"), read_traces(real_data / FILE)).facts
    told = [(micros(instant_from_text("time", fact["time"])), fact) for fact in facts]
    agree(hall, entries_of(told), tmp_path / "embedded")
