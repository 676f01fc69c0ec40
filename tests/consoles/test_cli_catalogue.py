"""`hall catalogue`: what is published, what is told, and what a command leaves alone."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger.drivers.sqlite_log import SqliteLog
from tests.consoles.commands import hall, log_end

HEAD = "code,name,department,statutory_limit,promised_limit,stages\n"
GOOD = "M-1,食品经营许可,SCJ,20 working_day,7 working_day,审查=2 working_day; 决定\n"
BEYOND = "M-2,公司设立登记,SCJ,3 working_day,5 working_day,\n"
BAD = "M-3,,SCJ,20日,,\n"


def table(folder: Path, *rows: str, name: str = "matters.csv") -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def imported(folder: Path, file: Path, *more: str, code: int = 0) -> dict[str, Any]:
    ran = hall("--data", folder / "hall", "catalogue", "import", file, *more, "--json")
    assert ran.code == code, ran.err
    answer: dict[str, Any] = ran.json()
    return answer


def exported(folder: Path, *more: str) -> str:
    ran = hall("--data", folder / "hall", "catalogue", "export", *more)
    assert ran.code == 0, ran.err
    return ran.out


def test_a_catalogue_is_published_once_and_exported_the_same(tmp_path: Path) -> None:
    first = imported(tmp_path, table(tmp_path, GOOD, BEYOND))
    assert (first["published"], first["records"], first["added"]) == (True, 2, 2)
    end = log_end(tmp_path / "hall")
    out = exported(tmp_path)
    again = tmp_path / "again.csv"
    again.write_text(out, encoding="utf-8", newline="")
    second = imported(tmp_path, again)
    assert (second["records"], second["unchanged"], second["changes"]) == (0, 2, [])
    assert log_end(tmp_path / "hall") == end
    assert exported(tmp_path) == out


def test_json_holds_all_kinds_and_is_exported_the_same(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    file.write_text(
        '{"halls":[{"code":"H","name":"大厅"}],"windows":[{"code":"W","name":"窗口","hall":"H"}]}',
        encoding="utf-8",
    )
    assert imported(tmp_path, file)["added"] == 2
    out = exported(tmp_path, "--format", "json")
    file.write_text(out, encoding="utf-8")
    assert imported(tmp_path, file, "--withdraw-missing")["changes"] == []
    assert exported(tmp_path, "--format", "json") == out
    assert exported(tmp_path, "--kind", "window").splitlines()[1] == "W,窗口,H,"
    plain = hall("--data", tmp_path / "hall", "catalogue", "export", "--json").json()
    assert [entry["code"] for entry in plain["halls"]] == ["H"]


def test_nothing_is_published_while_a_row_is_bad(tmp_path: Path) -> None:
    answer = imported(tmp_path, table(tmp_path, GOOD, BAD), code=2)
    assert not answer["published"]
    assert answer["errors"] == [
        {
            "line": 3, "place": "line 3", "column": "statutory_limit", "found": "'20日'",
            "expected": answer["errors"][0]["expected"],
        },
        {
            "line": 3, "place": "line 3", "column": "name", "found": "nothing",
            "expected": "a value",
        },
    ]  # fmt: skip
    assert not (tmp_path / "hall").exists()


def test_good_rows_are_published_beside_bad_ones_if_asked(tmp_path: Path) -> None:
    answer = imported(tmp_path, table(tmp_path, GOOD, BAD), "--skip-bad", code=1)
    assert (answer["published"], answer["records"], answer["bad"]) == (True, 1, 1)
    assert "M-1" in exported(tmp_path)


def test_a_check_publishes_nothing(tmp_path: Path) -> None:
    answer = imported(tmp_path, table(tmp_path, GOOD), "--check")
    assert (answer["published"], answer["records"], answer["added"]) == (False, 0, 1)
    assert not (tmp_path / "hall").exists()
    imported(tmp_path, table(tmp_path, BAD), "--check", code=1)
    imported(tmp_path, table(tmp_path, GOOD))
    end = log_end(tmp_path / "hall")
    answer = imported(tmp_path, table(tmp_path, GOOD, BEYOND), "--check", "--withdraw-missing")
    assert (answer["added"], answer["unchanged"], answer["withdrawn"]) == (1, 1, 0)
    assert log_end(tmp_path / "hall") == end


def test_what_is_questionable_is_named_and_published(tmp_path: Path) -> None:
    file = table(tmp_path, GOOD, BEYOND)
    answer = imported(tmp_path, file)
    assert [(each["name"], each["code"]) for each in answer["problems"]] == [
        ("unknown-department", "M-1"),
        ("promise-beyond-statute", "M-2"),
        ("unknown-department", "M-2"),
    ]
    told = hall("--data", tmp_path / "hall", "catalogue", "import", file).err
    assert "line 3, promised_limit: 5 working_day is beyond statutory_limit 3 working_day" in told
    assert "'SCJ' is not in the catalogue; entries that name it: 2, the first in line 2" in told
    offices = tmp_path / "offices.csv"
    offices.write_text("code,name\nSCJ,市场监管局\n", encoding="utf-8")
    imported(tmp_path, offices, "--kind", "department")
    names = [each["name"] for each in imported(tmp_path, file)["problems"]]
    assert names == ["promise-beyond-statute"]


def test_missing_entries_are_withdrawn_only_if_asked(tmp_path: Path) -> None:
    imported(tmp_path, table(tmp_path, GOOD, BEYOND))
    assert imported(tmp_path, table(tmp_path, GOOD))["withdrawn"] == 0
    refused = hall(
        "--data", tmp_path / "hall", "catalogue", "import", table(tmp_path, GOOD, BAD),
        "--withdraw-missing", "--skip-bad",
    )  # fmt: skip
    assert (refused.code, "what is missing cannot be told" in refused.err) == (2, True)
    answer = imported(tmp_path, table(tmp_path, GOOD), "--withdraw-missing")
    assert answer["changes"] == [{"action": "withdrawn", "kind": "matter", "code": "M-2"}]
    assert "M-2" not in exported(tmp_path)


def test_an_entry_governs_from_the_day_that_is_given(tmp_path: Path) -> None:
    imported(tmp_path, table(tmp_path, GOOD), "--effective-from", "1970-01-01")
    later = GOOD.replace("7 working", "5 working")
    answer = imported(tmp_path, table(tmp_path, later), "--effective-from", "2190-03-01")
    assert answer["effective_from"] == "2190-03-01T00:00:00+08:00"
    assert "7 working_day" in exported(tmp_path)
    assert "7 working_day" in exported(tmp_path, "--as-of", "2190-02-28T23:59:59+08:00")
    assert "5 working_day" in exported(tmp_path, "--as-of", "2190-03-01T00:00:00+08:00")
    bad = hall("--data", tmp_path / "hall", "catalogue", "import", table(tmp_path, GOOD),
               "--effective-from", "tomorrow")  # fmt: skip
    assert (bad.code, "--effective-from" in bad.err) == (2, True)


def test_every_publication_of_an_entry_is_shown(tmp_path: Path) -> None:
    imported(tmp_path, table(tmp_path, GOOD), "--effective-from", "2020-01-01")
    imported(
        tmp_path, table(tmp_path, GOOD.replace("7 w", "6 w")), "--effective-from", "2021-01-01"
    )
    imported(tmp_path, table(tmp_path), "--withdraw-missing", "--effective-from", "2190-01-01")
    ran = hall("--data", tmp_path / "hall", "catalogue", "show", "M-1", "--json")
    shown = ran.lines()
    assert [each["effective_from"][:4] for each in shown] == ["2020", "2021", "2190"]
    assert [each["in_force"] for each in shown] == [False, True, False]
    assert shown[1]["entry"]["promised_limit"] == {"amount": 6, "unit": "working_day"}
    assert shown[2]["withdrawn"] is True
    offsets = [each["position"]["offset"] for each in shown]
    assert offsets == list(range(offsets[0], offsets[0] + 3))
    text = hall("--data", tmp_path / "hall", "catalogue", "show", "M-1").out
    assert [line[0] for line in text.splitlines()] == [" ", "●", " "]
    none = hall("--data", tmp_path / "hall", "catalogue", "show", "M-9")
    assert (none.code, "M-9" in none.err) == (1, True)


def test_every_partition_holds_the_catalogue_and_the_folder_stays_healthy(tmp_path: Path) -> None:
    env = {"HALL_PARTITIONS": "3", "HALL_DATA": str(tmp_path / "hall")}
    ran = hall("catalogue", "import", table(tmp_path, GOOD, BEYOND), env=env)
    assert ran.code == 0, ran.err
    with closing(SqliteLog(tmp_path / "hall" / "ledger.sqlite", 3, now=lambda: 0)) as log:
        held = [[raw for _, raw in log.read(number, 0, end)] for number, end in log.ends().items()]
    published = [[raw for raw in each if b"hall.reference.matter-p" in raw] for each in held]
    assert [len(each) for each in published] == [2, 2, 2]
    assert published[0] == published[1] == published[2]
    assert hall("check", env=env).code == 0
    assert hall("rebuild", "--check", env=env).code == 0


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"code", "expected .csv or .json"),
        ("a.csv", b"code\n", "lacks name"),
        ("a.csv", "code,name,department\nM,名,S\n".encode("gbk"), "Save the table as"),
        ("a.json", b"{", "no JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    ran = hall("--data", tmp_path / "hall", "catalogue", "import", file)
    assert ran.code == 2
    assert str(file) in ran.err
    assert message in ran.err
    assert not (tmp_path / "hall").exists()


def test_the_demos_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "hall"
    folder.mkdir()
    (folder / "generated-data").write_text("x", encoding="ascii")
    ran = hall("--data", folder, "catalogue", "import", table(tmp_path, GOOD))
    assert (ran.code, "generated cases" in ran.err) == (2, True)
