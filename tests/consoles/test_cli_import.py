"""`hall import`: what is taken, what is refused and kept, and in whose time it lives."""

from pathlib import Path

import pytest

from tests.consoles.commands import (
    DONE,
    acceptance,
    event,
    filled,
    hall,
    instant_text,
    jsonl,
    log_end,
    serving,
    wait_until,
)


def test_one_bad_event_of_a_file_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    bad = event("completed", "2018-10-22 10:00:00", subject="C-3")
    timeless = {name: value for name, value in acceptance(id="t").items() if name != "time"}
    file = jsonl(tmp_path, acceptance(), bad, timeless, DONE)
    for args in ([], ["--as-if-live"], ["--evidence-only"]):
        folder = tmp_path / f"hall{len(args)}{''.join(args)}"
        ran = hall("--data", folder, "import", "jsonl", file, *args, "--json")
        assert ran.code == 1
        summary = ran.json()
        assert [(each["index"], each["field"]) for each in summary["rejected"]] == [
            (1, "data.outcome"),
            (2, "time"),
        ]
        assert summary["facts"] == 2
        assert hall("--data", folder, "case", "C-1", "--json").json()["state"]["completed_at"]


def test_what_an_import_cannot_take_lies_among_the_dead_letters_once(tmp_path: Path) -> None:
    bad = event("completed", "2018-10-22 10:00:00", subject="C-3")
    file = jsonl(tmp_path, acceptance(), bad)
    for _ in range(2):
        hall("--data", tmp_path / "hall", "import", "jsonl", file)
    letters = hall("--data", tmp_path / "hall", "check", "--json").json()["dead_letters"]
    assert letters == {"missing-field": 1}


def test_a_file_that_is_no_json_lines_is_refused_whole_and_the_line_named(tmp_path: Path) -> None:
    file = jsonl(tmp_path, acceptance(), "{not json")
    ran = hall("--data", tmp_path / "hall", "import", "jsonl", file)
    assert ran.code == 2
    assert "line 2" in ran.err
    assert log_end(tmp_path / "hall") == 0


def test_live_facts_of_a_file_are_stamped_now_and_repeats_are_counted(tmp_path: Path) -> None:
    file = jsonl(tmp_path, acceptance(), acceptance())
    first = hall("--data", tmp_path / "hall", "import", "jsonl", file, "--json").json()
    again = hall("--data", tmp_path / "hall", "import", "jsonl", file, "--json").json()
    assert (first["appended"], first["repeated"]) == (1, 1)
    assert (again["appended"], again["repeated"]) == (0, 2)
    other = jsonl(tmp_path, {**acceptance(), "time": instant_text("2018-10-16 10:00:00")})
    changed = hall("--data", tmp_path / "hall", "import", "jsonl", other, "--json").json()
    assert (changed["appended"], changed["conflicts"]) == (0, 1)


def test_evidence_gives_no_card_for_what_was_reached_before_it_came_in(tmp_path: Path) -> None:
    file = jsonl(tmp_path, acceptance())
    ran = hall("--data", tmp_path / "hall", "import", "jsonl", file, "--evidence-only")
    assert ran.code == 0
    with serving("--data", tmp_path / "hall", "serve", "--port", 0) as server:
        wait_until(lambda: server.json("/readyz")["ready"], "the server is ready")
        assert server.json("/api/v1/cards")["items"] == []


def test_an_import_as_if_live_need_not_be_in_order_of_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    ordered = filled(tmp_path / "a", acceptance(), DONE)
    turned = filled(tmp_path / "b", DONE, acceptance())
    one, other = (
        hall("--data", folder, "cards", "--all", "--json").lines() for folder in (ordered, turned)
    )
    assert len(one) == 3
    assert [card["card_id"] for card in one] == [card["card_id"] for card in other]
    assert [card["detected_at"] for card in one] == [card["detected_at"] for card in other]


def test_an_import_says_under_which_mode_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "log.xes"
    file.write_text("<log/>", encoding="utf-8")
    ran = hall("--data", tmp_path / "hall", "import", "xes", file, "--profile", "receipt")
    assert ran.code == 2
    assert "--as-if-live" in ran.err


@pytest.mark.parametrize("text", ["", "<log", "<log><trace></log>", "no xml"])
def test_a_file_that_is_no_xes_is_refused_and_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "log.xes"
    file.write_text(text, encoding="utf-8")
    ran = hall(
        *["--data", tmp_path / "hall", "import", "xes", file],
        *["--profile", "receipt", "--as-if-live"],
    )
    assert ran.code == 2
    assert "log.xes" in ran.err
    assert log_end(tmp_path / "hall") == 0


def test_an_unknown_profile_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "log.xes"
    file.write_text("<log/>", encoding="utf-8")
    ran = hall("import", "xes", file, "--profile", "atlantis", "--as-if-live")
    assert ran.code == 2
    assert "atlantis" in ran.err
