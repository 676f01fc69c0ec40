"""The data folder: one process supervises it, and the files in it belong together."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from consoles.bootstrap import open_hall
from consoles.folder import FolderLock
from consoles.settings import Settings
from ledger.errors import DataFolderBusy, LogMismatch, SettingInvalid
from tests.consoles.commands import (
    Ran,
    acceptance,
    event,
    hall,
    instant_text,
    jsonl,
    serving,
    started,
    wait_until,
)

YELLOW = "2018-10-24 10:00:00"


def filled(folder: Path, *cases: str) -> Path:
    """A data folder with a few judged cases in it."""
    folder.mkdir(parents=True, exist_ok=True)
    events = [acceptance(subject=case) for case in cases or ("C-1", "C-2")]
    done = event("completed", "2018-11-20 10:00:00", outcome="granted", subject="C-1")
    file = jsonl(folder.parent, *events, done, name=f"{folder.name}.jsonl")
    ran = hall("--data", folder, "import", "jsonl", file, "--as-if-live")
    assert ran.code == 0, ran.err
    return folder


def test_the_lock_is_taken_once_and_given_back(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    assert first.take()
    assert first.take()
    assert not second.take()
    first.release()
    first.release()
    assert second.take()
    second.release()


def test_the_refusal_names_the_process_that_supervises(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.require()
    with pytest.raises(DataFolderBusy) as refused:
        second.require()
    assert f"process {os.getpid()}" in refused.value.message
    first.release()


def test_a_second_server_is_refused_with_3_and_reading_beside_the_first_is_not(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path / "hall")
    with serving("--data", folder, "serve", "--port", 0):
        second = started("--data", folder, "serve", "--port", 0)
        out, err = second.communicate(timeout=60)
        assert second.returncode == 3, out
        assert "settings.data-folder-busy" in err
        cards = hall("--data", folder, "cards", "--json")
        assert (cards.code, len(cards.lines())) == (0, 6)


def test_a_killed_server_leaves_the_folder_free(tmp_path: Path) -> None:
    folder = filled(tmp_path / "hall")
    with serving("--data", folder, "serve", "--port", 0) as server:
        server.end(signal.SIGKILL)
    lock = FolderLock(folder)
    assert lock.take()
    lock.release()


def test_what_is_imported_beside_a_server_is_judged_by_the_server(tmp_path: Path) -> None:
    folder = filled(tmp_path / "hall")
    file = jsonl(tmp_path, acceptance(subject="C-9"), event("completed", YELLOW, outcome="granted"))
    with serving("--data", folder, "serve", "--port", 0) as server:
        ran = hall("--data", folder, "import", "jsonl", file, "--as-if-live", "--json")
        assert (ran.code, ran.json()["appended"] > 0) == (0, True)
        wait_until(lambda: b'"C-9"' in server.get("/api/v1/cases/C-9"), "the case is known", 10)
        assert hall("--data", folder, "rebuild", "--check").code == 0
    assert hall("--data", folder, "check").code == 0


def refused(ran: Ran) -> str:
    assert ran.code not in (0, 1), ran.out
    assert "[ledger.log-mismatch]" in ran.err
    assert "Traceback" not in ran.err
    return ran.err


COMMANDS = [["cards"], ["rebuild", "--check"], ["check"], ["serve", "--port", "0"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("remembering", ["state", "read"])
def test_another_log_under_the_same_state_is_refused(
    tmp_path: Path, remembering: str, command: list[str]
) -> None:
    folder, other = filled(tmp_path / "hall"), filled(tmp_path / "other")
    put(other, "ledger", folder)
    forget(folder, "state" if remembering == "read" else "read")
    error = refused(hall("--data", folder, *command))
    assert "remembers log" in error


@pytest.mark.parametrize("remembering", ["state", "read"])
def test_a_log_shorter_than_remembered_is_refused(tmp_path: Path, remembering: str) -> None:
    folder = filled(tmp_path / "hall")
    backup = Path(shutil.copytree(folder, tmp_path / "backup"))
    more = jsonl(tmp_path, acceptance(subject="C-7"))
    assert hall("--data", folder, "import", "jsonl", more).code == 0
    put(backup, "ledger", folder)
    forget(folder, "state" if remembering == "read" else "read")
    assert "the log ends at" in refused(hall("--data", folder, "cards"))


@pytest.mark.parametrize("remembering", ["state", "read"])
def test_a_log_that_went_another_way_is_refused(tmp_path: Path, remembering: str) -> None:
    """A restored backup that took other facts is as long, and has the same identity."""
    folder = filled(tmp_path / "hall")
    backup = Path(shutil.copytree(folder, tmp_path / "backup"))
    for where, case in ((folder, "C-7"), (backup, "C-8")):
        file = jsonl(tmp_path, acceptance(subject=case))
        assert hall("--data", where, "import", "jsonl", file).code == 0
    put(backup, "ledger", folder)
    forget(folder, "state" if remembering == "read" else "read")
    assert "is not the one the state remembers" in refused(hall("--data", folder, "cards"))


def test_without_state_and_read_models_everything_is_read_again(tmp_path: Path) -> None:
    folder = filled(tmp_path / "hall")
    before = hall("--data", folder, "cards", "--all", "--json").out
    forget(folder, "state")
    forget(folder, "read")
    assert hall("--data", folder, "cards", "--all", "--json").out == before != ""


def test_the_partitions_of_a_log_are_fixed_when_it_is_made(tmp_path: Path) -> None:
    events = [acceptance(subject=f"C-{number}") for number in range(12)]
    done = event("completed", "2018-11-20 10:00:00", outcome="granted")
    args = ["import", "jsonl", jsonl(tmp_path, *events, done), "--as-if-live"]
    for name, env in (("one", {}), ("six", {"HALL_PARTITIONS": "6"})):
        assert hall("--data", tmp_path / name, *args, env=env).code == 0
    six_of_them = {"HALL_PARTITIONS": "6"}
    one = hall("--data", tmp_path / "one", "cards", "--all", "--json").lines()
    six = hall("--data", tmp_path / "six", "cards", "--all", "--json", env=six_of_them).lines()
    assert {card["position"]["partition"] for card in six} > {0}
    assert {card["card_id"] for card in one} == {card["card_id"] for card in six}
    error = refused(hall("--data", tmp_path / "one", "cards", env=six_of_them))
    assert "6" in error


def test_a_log_on_kafka_without_a_database_is_refused(tmp_path: Path) -> None:
    ran = hall("--data", tmp_path, "check", env={"HALL_LOG": "kafka://localhost:9092/hall.ledger"})
    assert ran.code == 2
    assert "HALL_DATABASE" in ran.err


def test_the_demo_refuses_a_folder_with_data_that_were_not_generated(tmp_path: Path) -> None:
    ran = hall("--data", filled(tmp_path / "hall"), "demo", "--no-browser", "--port", "0")
    assert ran.code == 2
    assert "not generated" in ran.err


def test_a_hall_that_could_not_be_opened_holds_nothing(tmp_path: Path) -> None:
    folder, other = filled(tmp_path / "hall"), filled(tmp_path / "other")
    put(other, "ledger", folder)
    with pytest.raises(LogMismatch):
        open_hall(Settings(data=folder), role="supervise")
    with pytest.raises(SettingInvalid):
        open_hall(Settings(data=other, pack="none"), role="supervise")
    for each in (folder, other):
        lock = FolderLock(each)
        assert lock.take()
        lock.release()


def put(source: Path, what: str, target: Path) -> None:
    """Let the target have the source's files of a kind in place of its own."""
    forget(target, what)
    for path in source.glob(f"{what}.sqlite*"):
        shutil.copy(path, target / path.name)


def forget(folder: Path, what: str) -> None:
    for path in folder.glob(f"{what}.sqlite*"):
        path.unlink()


def test_cards_fall_due_in_a_served_folder_by_time_alone(tmp_path: Path) -> None:
    """The promise of a live case that came in long ago is over; the server says so at once."""
    folder = filled(tmp_path / "hall")
    with serving("--data", folder, "serve", "--port", 0) as server:
        server.post(acceptance(subject="C-3"))
        wait_until(
            lambda: [
                card["level"]
                for card in server.json("/api/v1/cards?case=C-3")["items"]
                if card["effective_at"].startswith("2018-10-29T10:00:00")
            ],
            f"C-3 has its card; accepted {instant_text('2018-10-15 10:00:00')}",
            15,
        )
