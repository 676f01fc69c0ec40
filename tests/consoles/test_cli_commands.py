"""The commands of `hall`: exit codes, where data and settings come from, what is said to whom."""

import json
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Entry, digest
from ledger.system_events import SupervisionJudged
from ledger.wire import decode
from tests.consoles.commands import (
    COMMAND,
    DONE,
    acceptance,
    environment,
    event,
    filled,
    hall,
    hall_process,
    instant_text,
    jsonl,
    log_end,
    raws,
    serving,
    wait_until,
    working_days,
)

COMMANDS = [["cards"], ["case", "C-1"], ["explain", "x"], ["rebuild"], ["check"]]
BROKEN = b'{"specversion":"1.0","type":"hall.case.accepted.v9","id":"?"}'


def append(folder: Path, *entries: Entry) -> None:
    with closing(SqliteLog(folder / "ledger.sqlite", now=lambda: 0)) as log:
        log.append(entries)


# --- data, settings, usage ---------------------------------------------------------------------


def test_the_data_folder_stands_before_or_after_the_command_or_in_the_environment(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path)
    before = hall("--data", folder, "cards", "--all", "--json")
    after = hall("cards", "--all", "--json", "--data", folder)
    environ = hall("cards", "--all", "--json", env={"HALL_DATA": str(folder)})
    assert before.code == after.code == environ.code == 0
    assert before.out == after.out == environ.out != ""


def test_the_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    ran = hall("--data", folder, "check", "--json", env={"HALL_DATA": str(tmp_path / "none")})
    assert ran.code == 0
    assert not (tmp_path / "none").exists()


def test_the_settings_file_names_folder_and_pack(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = tmp_path / "hall.toml"
    file.write_text(f'data = "{folder}"\npack = "chengdu"\n', encoding="utf-8")
    env = {"HALL_SETTINGS": str(file)}
    assert hall("cards", "--json", "--all", env=env).out != ""
    args = ["simulate", jsonl(tmp_path, acceptance()), "--json"]
    until = ["--until", instant_text("2018-11-30 10:00:00")]
    levels = [line.get("level") for line in hall(*args, *until, env=env).lines()]
    assert "yellow" in levels
    assert "warning" not in levels


@pytest.mark.parametrize("command", [*COMMANDS, ["simulate", "-"]], ids=" ".join)
def test_an_unknown_setting_ends_every_command_with_2(tmp_path: Path, command: list[str]) -> None:
    env = {"HALL_COLOUR": "red", "HALL_DATA": str(tmp_path)}
    ran = hall(*command, env=env, stdin="")
    assert (ran.code, ran.out) == (2, "")
    assert "'colour'" in ran.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_is_not_there_ends_with_2_and_is_not_made(
    tmp_path: Path, command: list[str]
) -> None:
    ran = hall("--data", tmp_path / "none", *command)
    assert (ran.code, ran.out) == (2, "")
    assert "hall import" in ran.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "args",
    [
        ["no-such-command"],
        ["cards", "--level", "purple"],
        ["import", "xes", "no-such-file.xes", "--profile", "receipt"],
        ["import", "jsonl", "no-such-file.jsonl"],
        ["serve", "--port", "eighty"],
        ["serve", "--port", "70000"],
        ["demo", "--speed", "0"],
        ["case"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_nothing_on_stdout(
    tmp_path: Path, args: list[str]
) -> None:
    ran = hall("--data", tmp_path / "hall", *args)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err != ""
    assert not (tmp_path / "hall").exists()


def test_the_command_says_its_version_and_lists_its_commands() -> None:
    ran = hall("--help")
    assert ran.code == 0
    for name in ("demo", "serve", "import", "simulate", "case", "cards", "explain", "rebuild"):
        assert f"  {name} " in ran.out


def test_a_data_folder_that_cannot_be_made_ends_with_3(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    ran = hall("--data", tmp_path / "file" / "hall", "import", "jsonl", jsonl(tmp_path))
    assert (ran.code, ran.out) == (3, "")
    assert str(tmp_path / "file") in ran.err


@pytest.mark.parametrize("name", ["ledger", "state", "read"])
def test_a_file_of_the_folder_that_is_no_database_is_named(tmp_path: Path, name: str) -> None:
    folder = filled(tmp_path)
    for path in folder.glob(f"{name}.sqlite*"):
        path.unlink()
    (folder / f"{name}.sqlite").write_bytes(b"this is no database at all" * 100)
    ran = hall("--data", folder, "cards")
    assert ran.code in (2, 3)
    assert "database" in ran.err
    assert "Traceback" not in ran.err


# --- cards, cases, explanations ----------------------------------------------------------------


def test_json_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    cards = hall_process("cards", "--all", "--json", "--data", folder)
    assert (cards.code, cards.err) == (0, "")
    assert {card["level"] for card in cards.lines()} == {"warning", "yellow", "red"}
    for args in (["case", "C-1"], ["rebuild", "--check"], ["check"], ["rebuild"]):
        ran = hall("--data", folder, *args, "--json")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.count("\n") == 1
        assert ran.json()


def test_cards_are_chosen_by_level_state_and_department(tmp_path: Path) -> None:
    other = acceptance(subject="C-2", department="D-2")
    folder = filled(tmp_path, acceptance(), other, {**DONE, "id": "x"})
    base = ["--data", folder, "cards", "--json"]
    assert {card["level"] for card in hall(*base, "--level", "red").lines()} == {"red"}
    assert {card["case"] for card in hall(*base, "--department", "D-2").lines()} == {"C-2"}
    assert {card["state"] for card in hall(*base, "--state", "issued").lines()} == {"issued"}
    assert hall(*base, "--state", "rescinded").lines() == []
    assert hall("--data", folder, "cards", "--department", "none").out.startswith("No such card")


def test_what_is_not_there_ends_with_1(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    for args in (["case", "nobody"], ["explain", "no-card"]):
        ran = hall("--data", folder, *args, "--json")
        assert (ran.code, ran.out) == (1, "")
        assert args[1] in ran.err


def test_what_was_known_at_a_time_leaves_later_records_out(tmp_path: Path) -> None:
    late = {**DONE, "recordedtime": instant_text("2018-12-20 10:00:00")}
    folder = filled(tmp_path, acceptance(), late)
    base = ["--data", folder, "case", "C-1", "--json"]
    when = instant_text("2018-11-25 10:00:00")
    assert hall(*base, "--as-of", when).json()["state"]["completed_at"] is not None
    assert hall(*base, "--known-at", when).json()["state"]["completed_at"] is None
    assert hall(*base, "--known-at", "yesterday").code == 2


def test_the_intervals_of_every_card_add_up_and_each_names_its_record(tmp_path: Path) -> None:
    stop = event(
        "clock-stopped", "2018-10-16 10:00:00", procedure="hearing", applied=working_days(3)
    )
    resume = event("clock-resumed", "2018-10-17 15:00:00")
    longer = event("extended", "2018-10-18 09:00:00", by=working_days(2))
    late = event(
        "completed", "2018-11-01 12:30:00", outcome="granted", subject="C-2",
        recordedtime=instant_text("2018-11-20 10:00:00"),
    )  # fmt: skip
    folder = filled(
        tmp_path, acceptance(), acceptance(subject="C-2"), stop, resume, longer, DONE, late
    )
    cards = hall("--data", folder, "cards", "--all", "--json").lines()
    assert len(cards) >= 6
    for card in cards:
        why = hall("--data", folder, "explain", card["card_id"], "--json").json()
        assert why["reproduced"] is True
        assert sum(each["counted_us"] for each in why["intervals"]) == card["used_us"]
        assert why["used_us"] == card["used_us"]
        ends = [each["until"] for each in why["intervals"]]
        assert [each["from"] for each in why["intervals"]] == [why["opened_at"], *ends[:-1]]
        for each in why["intervals"]:
            position = each["record"]["position"]
            raw = raws(folder)[position["partition"]][position["offset"]]
            assert decode(raw).id == each["record"]["id"]
    told = hall("--data", folder, "explain", cards[0]["card_id"])
    assert "used" in told.out
    assert (
        "hall.case.clock-stopped.v1"
        in hall(
            *["--data", folder, "explain"],
            next(card["card_id"] for card in cards if card["case"] == "C-1"),
        ).out
    )


def test_every_clock_of_a_case_is_explained_now_and_as_of_an_instant(tmp_path: Path) -> None:
    stage = event("stage-started", "2018-10-15 11:00:00", stage="审查")
    limits = {"审查": working_days(1)}
    folder = filled(tmp_path, acceptance(stage_limits=limits), stage, DONE)
    why = hall("--data", folder, "explain", "--case", "C-1", "--json").json()
    assert {each["clock"] for each in why["clocks"]} == {"handling", "stage"}
    for clock in why["clocks"]:
        assert sum(each["counted"] for each in clock["intervals"]) == clock["used"]
        assert all(each["record"]["position"] for each in clock["intervals"] + clock["notes"])
        assert all(each["basis"] for each in clock["intervals"])
        assert clock["closed_at"] is not None
    then = hall(
        *["--data", folder, "explain", "--case", "C-1", "--json"],
        *["--as-of", instant_text("2018-10-15 12:00:00")],
    ).json()
    assert [(each["clock"], each["used"]) for each in then["clocks"]] == [
        ("stage", 3_600_000_000),
        ("handling", 2 * 3_600_000_000),
    ]
    told = hall("--data", folder, "explain", "--case", "C-1").out
    assert "== stage" in told
    assert "not_working (lunch)" in told


def test_explain_asks_for_a_card_or_a_case_and_not_for_both(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    assert hall("--data", folder, "explain").code == 2
    assert hall("--data", folder, "explain", "x", "--case", "C-1").code == 2
    assert hall("--data", folder, "explain", "x", "--as-of", "2018-10-15T12:00:00Z").code == 2
    assert hall("--data", folder, "explain", "--case", "nobody").code == 1


# --- check -------------------------------------------------------------------------------------


def test_a_record_that_cannot_be_read_is_named_until_an_operator_skips_it(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path)
    offset = log_end(folder)
    append(folder, Entry("C-8", "/somewhere", "x", BROKEN, recorded_us=0))
    ran = hall("--data", folder, "check", "--json")
    assert ran.code == 1
    assert f"offset {offset}" in ran.json()["findings"][0]
    assert f"offset {offset}" in hall("--data", folder, "cards").err
    named = ["--actor", "o-1", "--reason", "torn page"]
    wrong = hall("--data", folder, "skip", "0", str(offset), "--sha256", "0" * 64, *named)
    assert wrong.code == 2
    assert digest(BROKEN) in wrong.err
    done = hall("--data", folder, "skip", "0", str(offset), "--sha256", digest(BROKEN), *named)
    assert done.code == 0
    assert hall("--data", folder, "check", "--json").code == 0
    assert hall("--data", folder, "cards", "--all", "--json").code == 0
    assert hall("--data", folder, "rebuild", "--check").code == 0


def test_a_suspended_case_makes_the_check_say_no(tmp_path: Path) -> None:
    endless = acceptance(promised_limit=working_days(100_000))
    folder = filled(tmp_path, endless, acceptance(subject="C-2"))
    ran = hall("--data", folder, "check", "--json")
    assert ran.code == 1
    assert ran.json()["status"]["suspended_cases"] == 1


# --- the end of a server -----------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_asked_to_end_leaves_a_marker_and_ends_with_0(
    tmp_path: Path, how: signal.Signals
) -> None:
    with serving("--data", tmp_path / "hall", "serve", "--port", 0) as server:
        server.post(acceptance())
        wait_until(
            lambda: any(b"limits-set" in raw[:80] for raw in raws(tmp_path / "hall")[0]),
            "the fact is judged",
        )
        ran = server.end(how)
    assert (ran.code, ran.err) == (0, "")
    last = decode(raws(tmp_path / "hall")[0][-1])
    assert isinstance(last.data, SupervisionJudged)
    assert last.data.upto == log_end(tmp_path / "hall") - 1


def test_a_port_that_is_taken_ends_with_2_and_names_it(tmp_path: Path) -> None:
    with serving("--data", tmp_path / "a", "serve", "--port", 0) as server:
        port = server.url.rpartition(":")[2]
        ran = hall("--data", tmp_path / "b", "serve", "--port", port)
    assert ran.code == 2
    assert port in ran.err


def test_head_may_close_the_pipe(tmp_path: Path) -> None:
    cases = [acceptance(subject=f"C-{number}") for number in range(200)]
    folder = filled(tmp_path, *cases, DONE)
    command = " ".join(["'" + part + "'" for part in COMMAND])
    ran = subprocess.run(
        f"{command} --data {folder} cards --all --json | head -n 1",
        shell=True, capture_output=True, text=True, check=False, env=environment(), timeout=60,
    )  # fmt: skip
    assert json.loads(ran.stdout)["level"]
    assert ran.stderr == ""
