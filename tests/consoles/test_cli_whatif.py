"""`hall whatif`: what is printed, what is refused, and that nothing of the folder changes."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.consoles.commands import (
    DONE,
    Ran,
    acceptance,
    event,
    filled,
    hall,
    hall_process,
    instant_text,
    serving,
    working_days,
)

SOURCE = "/halls/430100/approval"
ACCEPTED = {"source": SOURCE, "id": acceptance()["id"]}
COMPLETED = {"source": SOURCE, "id": DONE["id"]}


def asked(folder: Path, *args: object) -> Any:
    ran = hall("--data", folder, "whatif", *args, "--json")
    assert (ran.code, ran.err) == (0, "")
    return ran.json()


def change_file(folder: Path, value: Any) -> Path:
    path = folder / "change.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def pack_file(folder: Path, name: str, *replaced: tuple[str, str]) -> Path:
    """A pack of one's own: a shipped one with some of its text replaced."""
    text = resources.files("processors.supervision.packs").joinpath(f"{name}.toml").read_text()
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def numbers(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """Cards by effect and level, without zeros."""
    return {
        f"{effect} {level}": number
        for effect, levels in counts.items()
        if effect != "department"
        for level, number in levels.items()
        if number
    }


def refused(ran: Ran, *words: str) -> None:
    assert (ran.code, ran.out) == (2, "")
    for word in words:
        assert word in ran.err


def test_the_pack_in_force_changes_nothing(tmp_path: Path) -> None:
    answer = asked(filled(tmp_path), "--pack", "hunan")
    assert set(numbers(answer["total"])) == {
        "unchanged warning",
        "unchanged yellow",
        "unchanged red",
    }
    assert (answer["cards"], answer["cards_left_out"]) == ([], 0)
    assert answer["cases"] == 1
    assert answer["unjudged"] == {"cases": 0, "named": []}


def test_the_answer_about_another_pack_is_counted_by_department_and_listed(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    answer = asked(folder, "--pack", "chengdu")
    assert answer["pack"]["name"] == "chengdu"
    assert numbers(answer["total"])["gone warning"] == 1
    (department,) = [row for row in answer["departments"] if row["department"] == "D-1"]
    assert numbers(department) == numbers(answer["total"])
    listed = {(card["effect"], card["level"]): card for card in answer["cards"]}
    warning = listed["gone", "warning"]
    assert warning["effective_at"] == instant_text("2018-10-19 10:00:00")
    assert warning["would_be_effective_at"] is None
    assert warning["case"] == "C-1"
    moved = listed["moved", "red"]
    assert moved["effective_at"] == instant_text("2018-10-29 10:00:00")
    assert moved["would_be_effective_at"] < moved["effective_at"]


def test_a_pack_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    own = pack_file(tmp_path, "chengdu", ('name = "chengdu"', 'name = "ours"'))
    folder = filled(tmp_path)
    from_file = asked(folder, "--pack", own)
    assert from_file["pack"]["name"] == "ours"
    assert from_file["total"] == asked(folder, "--pack", "chengdu")["total"]


def test_a_window_and_a_limit_bound_what_is_told(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    at = instant_text("2018-10-19 10:00:00")
    only = asked(folder, "--pack", "chengdu", "--to", instant_text("2018-10-19 10:00:01"))
    assert numbers(only["total"]) == {"gone warning": 1}
    assert only["window"] == {"from": None, "to": instant_text("2018-10-19 10:00:01")}
    assert numbers(asked(folder, "--pack", "chengdu", "--to", at)["total"]) == {}
    since = asked(folder, "--pack", "chengdu", "--from", at)
    assert since["total"] == asked(folder, "--pack", "chengdu")["total"]
    few = asked(folder, "--pack", "chengdu", "--limit", 1)
    assert len(few["cards"]) == 1
    assert few["cards_left_out"] == len(since["cards"]) - 1
    assert few["cards"] == since["cards"][:1]


def test_people_read_the_same_numbers(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    ran = hall("--data", folder, "whatif", "--pack", "chengdu", "--limit", 1)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert "成都" in lines[0]
    assert any(line.split()[:3] == ["D-1", "▲", "warning"] for line in lines)
    assert any(line.startswith("all 合计") for line in lines)
    assert "--limit" in lines[-1]


def test_one_case_with_a_fact_left_out_changed_or_moved(tmp_path: Path) -> None:
    folder = filled(
        tmp_path, acceptance(), event("completed", "2018-10-25 10:00:00", outcome="granted")
    )
    done = {"source": SOURCE, "id": "completed@2018-10-25 10:00:00"}
    cases = [
        ({"leave_out": ACCEPTED}, []),
        ({"move": done, "time": instant_text("2018-10-24 10:00:00")}, ["warning"]),
        ({"change": ACCEPTED, "data": {"promised_limit": working_days(9)}}, ["warning"]),
    ]
    for change, levels in cases:
        file = change_file(tmp_path, change)
        answer = asked(folder, "--case", "C-1", "--change", file)
        assert answer["pack"] is None
        handling = [card for card in answer["would_be"] if card["rule"] == "handling-limit"]
        assert [card["level"] for card in handling] == levels, change
        recorded = [card for card in answer["recorded"] if card["rule"] == "handling-limit"]
        assert [card["level"] for card in recorded] == ["warning", "yellow"]
        effects = {card["effect"] for card in answer["difference"]}
        assert "gone" in effects


def test_one_case_under_another_pack_with_and_without_a_change(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    plain = asked(folder, "--case", "C-1", "--pack", "chengdu")
    whole = asked(folder, "--pack", "chengdu")
    assert plain["difference"] == whole["cards"]
    assert plain["pack"]["name"] == "chengdu"
    file = change_file(tmp_path, {"leave_out": ACCEPTED})
    changed = asked(folder, "--case", "C-1", "--pack", "chengdu", "--change", file)
    assert [card for card in changed["would_be"] if card["rule"] == "handling-limit"] == []


def test_people_read_one_case(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    file = change_file(tmp_path, {"leave_out": ACCEPTED})
    ran = hall("--data", folder, "whatif", "--case", "C-1", "--change", file)
    assert ran.code == 0
    assert "stand as recorded 现有: " in ran.out
    assert "gone 取消" in ran.out
    same = change_file(tmp_path, {"change": COMPLETED, "data": {"outcome": "granted"}})
    ran = hall("--data", folder, "whatif", "--case", "C-1", "--change", same)
    assert "no difference 无差异" in ran.out


def test_a_case_the_ledger_does_not_hold_ends_with_1(tmp_path: Path) -> None:
    ran = hall("--data", filled(tmp_path), "whatif", "--case", "C-9", "--pack", "hunan", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "'C-9'" in ran.err


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", ["change.json"]),
        ([], ["change.json", "(file)"]),
        ({"leave_out": {"source": SOURCE}}, ["change.json", "'leave_out.id'"]),
        ({"leave_out": {"source": SOURCE, "id": "x"}}, ["'leave_out'", f"{SOURCE}#x"]),
        ([{"move": ACCEPTED, "time": "2018"}], ["'[0].time'", "RFC 3339"]),
        ({"change": ACCEPTED, "data": {"promised_limit": 3}}, ["'data.promised_limit'"]),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made_ends_with_2_and_names_the_field(
    tmp_path: Path, value: Any, words: list[str]
) -> None:
    file = change_file(tmp_path, value)
    args = ["whatif", "--case", "C-1", "--change", file, "--json"]
    refused(hall("--data", filled(tmp_path), *args), *words)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ([], "--pack"),
        (["--case", "C-1"], "--change"),
        (["--pack", "nowhere"], "'nowhere'"),
        (["--pack", "nowhere.toml"], "nowhere.toml"),
        (["--pack", "hunan", "--from", "yesterday"], "--from"),
        (["--pack", "hunan", "--limit", "-1"], "--limit"),
        (["--pack", "hunan", "--case", "C-1", "--to", "2018-10-19T10:00:00+08:00"], "--to"),
        (
            ["--pack", "hunan", "--from", "2018-10-19T10:00:00Z", "--to", "2018-10-19T10:00:00Z"],
            "--from",
        ),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, args: list[str], word: str) -> None:
    refused(hall("--data", filled(tmp_path), "whatif", *args), word)


def test_a_change_without_a_case_ends_with_2(tmp_path: Path) -> None:
    file = change_file(tmp_path, {"leave_out": ACCEPTED})
    refused(hall("--data", filled(tmp_path), "whatif", "--change", file), "--case")


def test_a_pack_with_an_error_or_a_calendar_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    broken = pack_file(tmp_path, "chengdu", ("counting = ", "counts = "))
    refused(hall("--data", folder, "whatif", "--pack", broken), "own.toml", "counting")
    lost = pack_file(tmp_path, "chengdu", ('name = "chengdu"', 'name = "a"\ncalendar = "moon"'))
    refused(hall("--data", folder, "whatif", "--pack", lost), "'moon'", "calendar")


def test_a_folder_that_is_not_there_ends_with_2_and_is_not_made(tmp_path: Path) -> None:
    refused(hall("--data", tmp_path / "none", "whatif", "--pack", "hunan"), "does not exist")
    assert not (tmp_path / "none").exists()


def test_a_folder_without_a_log_ends_with_3_and_none_is_made(tmp_path: Path) -> None:
    ran = hall("--data", tmp_path, "whatif", "--pack", "hunan", "--json")
    assert (ran.code, ran.out) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_nothing_in_the_folder_changes(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    before = contents(folder)
    asked(folder, "--pack", "chengdu")
    asked(folder, "--case", "C-1", "--pack", "chengdu")
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, str]:
    """The files of a folder; SQLite's own index of a log that is open is none of its contents."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {
        name: hashlib.sha256(raw).hexdigest()
        for name, raw in found.items()
        if raw and not name.endswith("-shm")
    }


def test_it_may_run_beside_a_server_which_goes_on(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with serving("--data", folder, "serve", "--port", "0") as server:
        ran = hall_process("--data", folder, "whatif", "--pack", "chengdu", "--json")
        assert ran.code == 0, ran.err
        assert numbers(ran.json()["total"])["gone warning"] == 1
        answer = server.post(event("received", "2018-12-01 09:00:00", subject="C-2", matter="M-1"))
        assert answer is not None
        server.end()
