"""`hall export log` and `hall import log`: a hall moves from one edition to another and back."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from consoles.folder import LOG_FILE
from ledger import wire
from tests.consoles.commands import DONE, acceptance, event, filled, hall, jsonl

if TYPE_CHECKING:
    from tests.services.kafka import KafkaAddress

DEPARTMENTS = "code,name\nD-1,市住建局\nD-2,市城管局\n"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a hall with an import, live facts, a catalogue, cards and markers."""
    folder = tmp_path_factory.mktemp("moved")
    cases = [acceptance(subject=f"C-{number}", id=f"a{number}") for number in range(20)]
    data = filled(folder, *cases, DONE)
    live = [acceptance("2018-11-01 10:00:00", subject=f"L-{number}") for number in range(10)]
    live.append(event("completed", "2018-11-05 10:00:00", subject="L-3", outcome="granted"))
    assert hall("--data", data, "import", "jsonl", jsonl(folder, *live)).code == 0
    table = folder / "departments.csv"
    table.write_text(DEPARTMENTS, encoding="utf-8")
    assert hall("--data", data, "catalogue", "import", table, "--kind", "department").code == 0
    assert hall("--data", data, "check").code == 0
    return data


def records(data: Path) -> list[bytes]:
    with closing(sqlite3.connect(data / LOG_FILE)) as connection:
        return [raw for (raw,) in connection.execute("SELECT raw FROM records ORDER BY place")]


def by_subject(raws: list[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for raw in raws:
        record = wire.decode(raw)
        if record.type != "hall.supervision.judged.v1":
            found.setdefault(record.subject, []).append(raw)
    return found


def exported(data: Path, file: Path, **env: str) -> Any:
    ran = hall("--data", data, "export", "log", file, "--json", env=env)
    assert ran.code == 0, ran.err
    return ran.json()


def imported(data: Path, file: Path, **env: str) -> Any:
    ran = hall("--data", data, "import", "log", file, "--json", env=env)
    assert ran.code == 0, ran.err
    return ran.json()


def cards(data: Path) -> dict[str, Any]:
    """Every card by its id; where it lies in the log is no part of it."""
    ran = hall("--data", data, "cards", "--json")
    assert ran.code == 0, ran.err
    return {each["card_id"]: {**each, "position": None} for each in ran.lines()}


def test_a_log_moves_with_its_cards_and_needs_no_judging(moved: Path, tmp_path: Path) -> None:
    file, there = tmp_path / "log.jsonl.gz", tmp_path / "there"
    out = exported(moved, file)
    assert out["judged"] == out["records"]
    assert (out["folded"], out["left_out"]) == (0, 0)
    into = imported(there, file)
    assert into["appended"] == out["records"]
    assert into["from"] == out["identity"] != into["identity"]
    assert by_subject(records(there)) == by_subject(records(moved))
    before = len(records(there))
    assert cards(there) == cards(moved) != {}
    assert hall("--data", there, "check").code == 0
    assert len(records(there)) == before
    assert hall("--data", there, "rebuild", "--check").code == 0


def test_importing_twice_adds_nothing(moved: Path, tmp_path: Path) -> None:
    file, there = tmp_path / "log.jsonl", tmp_path / "there"
    exported(moved, file)
    first = imported(there, file)
    held = records(there)
    again = imported(there, file)
    assert (again["appended"], again["repeated"]) == (0, first["appended"])
    assert records(there) == held


def test_packed_or_not_the_lines_are_the_same_and_so_are_the_files(
    moved: Path, tmp_path: Path
) -> None:
    for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.gz"):
        exported(moved, tmp_path / name)
    lines = (tmp_path / "a.jsonl").read_bytes()
    assert gzip.decompress((tmp_path / "b.jsonl.gz").read_bytes()) == lines
    assert (tmp_path / "b.jsonl.gz").read_bytes() == (tmp_path / "c.jsonl.gz").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.jsonl",
        "b.jsonl.gz",
        "c.jsonl.gz",
    ]
    assert set(lines.splitlines()[1:-1]) <= set(records(moved))


def test_a_file_that_is_cut_off_is_refused_and_nothing_is_written(
    moved: Path, tmp_path: Path
) -> None:
    file, there = tmp_path / "log.jsonl", tmp_path / "there"
    exported(moved, file)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-2]))
    ran = hall("--data", there, "import", "log", file)
    assert ran.code == 2
    assert "without its last line" in ran.err
    assert not there.exists()
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes())[:-20])
    ran = hall("--data", there, "import", "log", packed)
    assert (ran.code, "gzip" in ran.err) == (2, True)


def test_a_log_is_not_imported_into_itself_nor_into_one_that_holds_other_records(
    moved: Path, tmp_path: Path
) -> None:
    file = tmp_path / "log.jsonl"
    exported(moved, file)
    ran = hall("--data", moved, "import", "log", file)
    assert (ran.code, "this very log" in ran.err) == (2, True)
    other = filled(tmp_path)
    ran = hall("--data", other, "import", "log", file)
    assert (ran.code, "holds another record" in ran.err) == (2, True)


def test_without_a_log_there_is_nothing_to_export(tmp_path: Path) -> None:
    ran = hall("--data", tmp_path / "nothing", "export", "log", tmp_path / "log.jsonl")
    assert (ran.code, "found no log" in ran.err) == (2, True)
    assert not (tmp_path / "log.jsonl").exists()


@pytest.mark.kafka
def test_a_hall_moves_to_kafka_and_back_byte_for_byte(
    kafka: "KafkaAddress", topic: str, moved: Path, tmp_path: Path
) -> None:
    there = {"HALL_LOG": f"kafka://{kafka.bootstrap}/{topic}.ledger", "HALL_REPLICATION": "1"}
    assert hall("topics", "apply", "--partitions", "6", env=there).code == 0
    file, again, back = tmp_path / "1.jsonl", tmp_path / "2.jsonl.gz", tmp_path / "back"
    out = exported(moved, file)
    into = imported(tmp_path, file, **there)
    assert (into["partitions"], into["appended"]) == (6, out["records"])

    once_more = imported(tmp_path, file, **there)
    assert (once_more["appended"], once_more["repeated"]) == (0, out["records"])

    home = exported(tmp_path, again, **there)
    assert (home["records"], home["judged"]) == (out["records"], out["records"])
    assert home["folded"] > 0
    imported(back, again)
    assert by_subject(records(back)) == by_subject(records(moved))
    assert cards(back) == cards(moved)

    assert hall("topics", "check", env=there).code == 0
    with closing(kafka.admin()) as admin:
        admin.delete_topics([f"{topic}.{name}" for name in ("ledger", "intake", "dead-letters")])
