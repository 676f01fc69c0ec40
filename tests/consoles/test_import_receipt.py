"""A real municipal log, imported as if live, gives exactly the cards it should, whatever happens.

The figures are the file's own: a deadline and an end date per case, a timestamp per event.
"""

import gzip
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from consoles.bootstrap import load_policy
from consoles.importing.live import Importer
from consoles.importing.profile import load_profile
from consoles.importing.translation import Translation, translate
from consoles.importing.xes import read_traces
from consoles.settings import Settings
from ledger.case_events import CaseAccepted, CaseCompleted, CaseTransferred, StageFinished
from ledger.drivers.memory_log import MemoryLog
from ledger.events import REFERENCE_TYPES
from ledger.findings import AnomalyFound, CardIssued, CaseUnjudged
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached, ImportBegun, ImportEnded
from tests.consoles.commands import (
    Ran,
    hall,
    hall_process,
    log_end,
    raws,
    records,
    serving,
    started,
    wait_until,
)

FILE = "receipt.xes.gz"
END = datetime.fromisoformat("2012-01-23T15:42:54.644+01:00")
XES = "{http://www.xes-standard.org/}"
SEED = 20120123


@dataclass(kw_only=True)
class Imported:
    """A data folder with the log imported, and what the two commands said."""

    folder: Path
    file: Path
    ran: Ran
    cards: Ran
    _told: list[AnyRecord] = field(default_factory=list)

    def records(self) -> list[AnyRecord]:
        if not self._told:
            self._told = records(self.folder)
        return self._told

    def of(self, kind: type) -> list[AnyRecord]:
        return [record for record in self.records() if isinstance(record.data, kind)]


class Once:
    """Makes the import when the first test asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._imported: Imported | None = None

    def of(self, real_data: Path) -> Imported:
        if self._imported is None:
            file, folder = real_data / FILE, self._folder / "hall"
            ran = hall_process(*importing(folder, file))
            cards = hall_process("--data", folder, "cards", "--level", "yellow", "--json")
            self._imported = Imported(folder=folder, file=file, ran=ran, cards=cards)
        return self._imported


def importing(folder: Path, file: Path) -> list[object]:
    mode = ["--profile", "receipt", "--as-if-live", "--json"]
    return ["--data", folder, "import", "xes", file, *mode]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    return Once(tmp_path_factory.mktemp("receipt"))


@pytest.fixture
def imported(real_data: Path, once: Once) -> Imported:
    return once.of(real_data)


@pytest.fixture
def copy(imported: Imported, tmp_path: Path) -> Path:
    """The imported folder again, to do things to."""
    return Path(shutil.copytree(imported.folder, tmp_path / "copy"))


def file_figures(file: Path) -> Iterator[tuple[str, datetime, datetime | None, list[datetime]]]:
    """Case, deadline, end date and timestamps of each trace, read without the product."""
    with gzip.open(file) as opened:
        for _, trace in ElementTree.iterparse(opened):
            if trace.tag.removeprefix(XES) != "trace":
                continue
            values = {child.get("key"): child.get("value", "") for child in trace}
            times = [
                datetime.fromisoformat(value.get("value", ""))
                for event in trace
                if event.tag.removeprefix(XES) == "event"
                for value in event
                if value.get("key") == "time:timestamp"
            ]
            ended = values.get("enddate")
            yield (
                values["concept:name"],
                datetime.fromisoformat(values["deadline"]),
                datetime.fromisoformat(ended) if ended else None,
                times,
            )


def findings(told: list[AnyRecord]) -> dict[str, Any]:
    """Everything recorded on the import's time, by identity; what `kill -9` must not change."""
    return {
        f"{record.subject} {record.name}": record
        for record in told
        if not isinstance(record.data, ImportBegun | ImportEnded)
        and record.type not in REFERENCE_TYPES
    }


def without_true_time(partition: list[bytes]) -> list[bytes]:
    """The bytes of a partition but for what carries the true time."""
    return [raw for raw in partition if b'"hall.import.' not in raw and b'.judged.v1"' not in raw]


# --- what the issue says -----------------------------------------------------------------------


def test_every_case_event_completion_and_transfer_is_imported(imported: Imported) -> None:
    assert imported.ran.code == 0, imported.ran.err
    summary = imported.ran.json()
    assert (summary["cases"], summary["source_events"], summary["rejected"]) == (1434, 8577, [])
    counted = Counter(type(record.data) for record in imported.records())
    assert counted[CaseAccepted] == 1434
    assert counted[StageFinished] == 8577
    assert counted[CaseCompleted] == 1329
    assert counted[CaseTransferred] == 5440
    assert counted[CaseUnjudged] == 0
    facts = counted[CaseAccepted] + counted[StageFinished] + counted[CaseCompleted]
    assert summary["facts"] == facts + counted[CaseTransferred]


def test_there_are_exactly_416_live_yellow_cards_and_no_red_one(imported: Imported) -> None:
    assert imported.cards.code == 0, imported.cards.err
    cards = imported.cards.lines()
    completed = {record.subject for record in imported.of(CaseCompleted)}
    cases = {card["case"] for card in cards}
    assert (len(cards), len(cases)) == (416, 416)
    assert len(cases & completed) == 377
    assert len(cases - completed) == 39
    assert all(card["live"] and card["level"] == "yellow" for card in cards)
    red = hall("--data", imported.folder, "cards", "--level", "red", "--all", "--json")
    assert (red.code, red.out) == (0, "")


def test_the_cards_are_those_of_the_files_own_dates(imported: Imported) -> None:
    deserved = {
        case: deadline
        for case, deadline, ended, _ in file_figures(imported.file)
        if (ended or END) > deadline
    }
    told = {
        card["case"]: datetime.fromisoformat(card["effective_at"])
        for card in imported.cards.lines()
    }
    assert told == deserved


def test_no_card_is_detected_after_the_logs_last_instant(imported: Imported) -> None:
    stamps = [record.recordedtime for record in imported.records() if record.timeline]
    assert max(stamp for stamp in stamps if stamp) == END
    assert all(record.data.detected_at <= END for record in imported.of(CardIssued))  # type: ignore[attr-defined]


def test_exactly_the_145_cases_with_an_event_after_completion_carry_the_anomaly(
    imported: Imported,
) -> None:
    named = {
        record.subject
        for record in imported.of(AnomalyFound)
        if record.data.rule == "event-after-completion"  # type: ignore[attr-defined]
    }
    after = {
        case
        for case, _, ended, times in file_figures(imported.file)
        if ended is not None and max(times) > ended
    }
    assert len(named) == 145
    assert named == after


def test_a_second_run_adds_nothing_to_the_log(imported: Imported, copy: Path) -> None:
    before = raws(copy)
    again = hall(*importing(copy, imported.file)).json()
    assert raws(copy) == before
    assert (again["appended"], again["conflicts"]) == (0, 0)
    assert again["repeated"] == imported.ran.json()["appended"]


def test_serving_it_adds_neither_fact_nor_finding_nor_tick(imported: Imported, copy: Path) -> None:
    before = raws(copy)
    with serving("--data", copy, "serve", "--port", 0) as server:
        wait_until(lambda: server.json("/readyz")["ready"], "the server is ready")
        time.sleep(1)
        served = {
            card["card_id"] for card in server.json("/api/v1/cards?level=yellow&limit=500")["items"]
        }
        server.end(signal.SIGKILL)
    assert [without_true_time(each) for each in raws(copy)] == [
        without_true_time(each) for each in before
    ]
    assert served >= {card["card_id"] for card in imported.cards.lines()}


def test_serving_it_without_states_judges_it_again_and_adds_nothing(
    imported: Imported, copy: Path
) -> None:
    for path in [*copy.glob("state.sqlite*"), *copy.glob("read.sqlite*")]:
        path.unlink()
    with serving("--data", copy, "serve", "--port", 0) as server:
        wait_until(lambda: server.json("/readyz")["projection_lag"] == 0, "all is projected")
        server.end(signal.SIGKILL)
    assert [without_true_time(each) for each in raws(copy)] == [
        without_true_time(each) for each in raws(imported.folder)
    ]
    again = hall("--data", copy, "cards", "--level", "yellow", "--json")
    assert again.lines() == imported.cards.lines()


def killed_at(end: int, folder: Path, file: Path) -> None:
    """Import, and `kill -9` the process when the log holds so many records."""
    process = started(*importing(folder, file))
    wait_until(lambda: log_end(folder) >= end or process.poll() is not None, "so far imported")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"


@pytest.mark.slow
def test_killed_at_20_50_and_90_percent_and_run_again_it_ends_in_the_same_state(
    imported: Imported, tmp_path: Path
) -> None:
    folder = tmp_path / "hall"
    whole = len(imported.records())
    for share in (0.2, 0.5, 0.9):
        killed_at(int(share * whole), folder, imported.file)
        assert int(share * whole) <= log_end(folder) < whole
    assert hall_process(*importing(folder, imported.file)).code == 0
    assert findings(records(folder)) == findings(imported.records())
    cards = hall("--data", folder, "cards", "--level", "yellow", "--json").lines()
    assert {card["card_id"] for card in cards} == {
        card["card_id"] for card in imported.cards.lines()
    }
    checked = hall("--data", folder, "rebuild", "--check", "--json")
    assert (checked.code, checked.json()["identical"]) == (0, True)


# --- what is made of the log -------------------------------------------------------------------


def test_rebuilt_read_models_are_identical(imported: Imported) -> None:
    ran = hall("--data", imported.folder, "rebuild", "--check", "--json")
    answer = ran.json()
    assert (ran.code, answer["identical"], answer["differences"]) == (0, True, [])
    assert answer["rows"]["cases"] == 1434


def test_a_tampered_row_is_found_and_its_table_and_column_named(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "read.sqlite")) as rows, rows:
        rows.execute(
            "UPDATE cards SET used_us = used_us + 1 WHERE card_id = "
            "(SELECT min(card_id) FROM cards WHERE level = 'yellow')"
        )
    ran = hall("--data", copy, "rebuild", "--check", "--json")
    (difference,) = ran.json()["differences"]
    assert (ran.code, ran.json()["identical"]) == (1, False)
    assert (difference["table"], difference["column"]) == ("cards", "used_us")
    assert difference["live"] == difference["rebuilt"] + 1
    told = hall("--data", copy, "rebuild", "--check")
    assert told.code == 1
    assert "DIFFERENT" in told.out
    assert "used_us" in told.out


def test_a_rebuild_mends_a_tampered_row(copy: Path) -> None:
    with closing(sqlite3.connect(copy / "read.sqlite")) as rows, rows:
        rows.execute("DELETE FROM cards WHERE level = 'yellow'")
    assert hall("--data", copy, "rebuild").code == 0
    assert hall("--data", copy, "rebuild", "--check").code == 0


def test_the_intervals_of_a_card_add_up_and_each_names_its_record(imported: Imported) -> None:
    print("seed", SEED)
    snapshots = {
        record.data.card_id: record.data.snapshot  # type: ignore[attr-defined]
        for record in imported.of(CardIssued)
    }
    places = {(record.source, record.id) for record in imported.records()}
    for card_id in random.Random(SEED).sample(sorted(snapshots), 30):
        ran = hall("--data", imported.folder, "explain", card_id, "--json")
        why = ran.json()
        assert ran.code == 0
        assert why["reproduced"] is True
        counted = sum(interval["counted_us"] for interval in why["intervals"])
        assert counted == why["used_us"] == snapshots[card_id].used_us
        for interval in why["intervals"]:
            assert (interval["record"]["source"], interval["record"]["id"]) in places
            assert interval["record"]["position"] is not None


def test_the_log_is_healthy(imported: Imported) -> None:
    ran = hall("--data", imported.folder, "check", "--json")
    assert (ran.code, ran.json()["findings"]) == (0, [])


def test_the_history_of_a_case_is_told_as_of_a_time(imported: Imported) -> None:
    case = imported.cards.lines()[0]["case"]
    whole = hall("--data", imported.folder, "case", case, "--json").json()
    early = hall(
        *["--data", imported.folder, "case", case, "--json"],
        *["--as-of", whole["timeline"][0]["time"]],
    ).json()
    assert whole["state"]["promised_due"] is not None
    assert 0 < len(early["timeline"]) < len(whole["timeline"])
    assert hall("--data", imported.folder, "case", "no-such-case").code == 1


# --- batches and partitions --------------------------------------------------------------------


@pytest.fixture(scope="module")
def part() -> dict[str, Translation]:
    return {}


@pytest.fixture
def facts(real_data: Path, part: dict[str, Translation]) -> list[dict[str, Any]]:
    """The facts of the file's first 120 cases."""
    if not part:
        traces = read_traces(real_data / FILE)
        few = [trace for _, trace in zip(range(120), traces, strict=False)]
        part["first"] = translate(load_profile("receipt"), few)
    return list(part["first"].facts)


def imported_in_batches(facts: list[dict[str, Any]], batch: int, partitions: int = 1) -> MemoryLog:
    log = MemoryLog(partitions, now=lambda: micros(END))
    importer = Importer(log, "receipt@0", lambda _: None, batch=batch)
    importer.as_if_live(enumerate(facts), micros(END), load_policy(Settings()))
    return log


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_the_log_does_not_depend_on_the_batch_size(facts: list[dict[str, Any]], batch: int) -> None:
    usual = imported_in_batches(facts, 500)
    other = imported_in_batches(facts, batch)
    assert other.read(0, 0, 100_000) == usual.read(0, 0, 100_000)
    assert any(b'"hall.finding.card-issued.v1"' in raw for _, raw in other.read(0, 0, 100_000))


def test_six_partitions_hold_the_records_of_one(facts: list[dict[str, Any]]) -> None:
    one, six = imported_in_batches(facts, 500), imported_in_batches(facts, 500, 6)
    spread = [raw for partition in range(6) for _, raw in six.read(partition, 0, 100_000)]
    assert sorted(spread) == sorted(raw for _, raw in one.read(0, 0, 100_000))
    assert all(six.ends().values())


def test_a_batch_holds_facts_ticks_and_findings_in_the_order_of_the_imports_time(
    facts: list[dict[str, Any]],
) -> None:
    from ledger.wire import decode

    told = [decode(raw) for _, raw in imported_in_batches(facts, 500).read(0, 0, 100_000)]
    stamps = [micros(record.recordedtime) for record in told if record.recordedtime]
    assert len(stamps) == len(told)
    assert stamps == sorted(stamps)
    assert {ClockReached, CardIssued} <= {type(record.data) for record in told}
