"""`hall simulate`: the worked examples of the Hunan rule document, to the second, and bad input."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.consoles.commands import (
    Ran,
    acceptance,
    event,
    hall,
    hall_process,
    instant_text,
    jsonl,
    working_days,
)

WARNING, YELLOW, RED = "2018-10-19 10:00:00", "2018-10-24 10:00:00", "2018-10-29 10:00:00"
LATE = "2018-11-30 10:00:00"
PROMISED_FIELDS = {"card_id", "level", "rule", "effective_at", "detected_at", "evidence"}


def simulated(folder: Path, *events: Any, until: str | None = LATE) -> Ran:
    args = ["simulate", jsonl(folder, *events), "--pack", "hunan", "--json"]
    ran = hall(*args, *(("--until", instant_text(until)) if until else ()))
    assert (ran.code, ran.err) == (0, "")
    return ran


def cards(ran: Ran) -> list[dict[str, Any]]:
    return [line for line in ran.lines() if line["type"] == "hall.finding.card-issued.v1"]


def told(ran: Ran) -> list[str]:
    """Each card: level and the local second from which it was deserved."""
    return [
        f"{card['level']} {datetime.fromisoformat(card['effective_at']).replace(tzinfo=None)}"
        for card in cards(ran)
        if card["clock"] == "handling"
    ]


def test_the_worked_example_warns_on_the_19th_is_yellow_on_the_24th_and_red_on_the_29th(
    tmp_path: Path,
) -> None:
    ran = simulated(tmp_path, acceptance())
    assert told(ran) == [f"warning {WARNING}", f"yellow {YELLOW}", f"red {RED}"]


def test_a_special_procedure_of_three_days_moves_each_card_by_three_days(tmp_path: Path) -> None:
    stop = event(
        "clock-stopped", "2018-10-16 10:00:00", procedure="hearing", applied=working_days(3)
    )
    ran = simulated(tmp_path, acceptance(), stop)
    assert told(ran) == [
        "warning 2018-10-24 10:00:00",
        "yellow 2018-10-29 10:00:00",
        "red 2018-11-01 10:00:00",
    ]


@pytest.mark.parametrize(("level", "instant"), [("yellow", YELLOW), ("red", RED)])
def test_a_completion_at_the_very_threshold_gets_no_card_and_one_second_later_it_does(
    tmp_path: Path, level: str, instant: str
) -> None:
    after = instant[:-1] + "1"
    at = simulated(tmp_path, acceptance(), event("completed", instant, outcome="granted"))
    over = simulated(tmp_path, acceptance(), event("completed", after, outcome="granted"))
    assert level not in [card["level"] for card in cards(at)]
    assert told(over)[-1] == f"{level} {instant}"


def test_time_runs_to_until_and_no_further(tmp_path: Path) -> None:
    grace_passed = f"{YELLOW[:-2]}06"
    assert told(simulated(tmp_path, acceptance(), until=None)) == []
    assert told(simulated(tmp_path, acceptance(), until=YELLOW)) == [f"warning {WARNING}"]
    assert told(simulated(tmp_path, acceptance(), until=grace_passed))[1:] == [f"yellow {YELLOW}"]


def test_a_card_is_one_line_with_the_promised_fields_and_names_its_evidence(
    tmp_path: Path,
) -> None:
    for card in cards(simulated(tmp_path, acceptance())):
        assert card.keys() >= PROMISED_FIELDS
        assert card["rule"] == "handling-limit"
        cited = {"source": "/halls/430100/approval", "id": "accepted@2018-10-15 10:00:00"}
        assert cited in card["evidence"]
        assert datetime.fromisoformat(card["detected_at"]) > datetime.fromisoformat(
            card["effective_at"]
        )


def test_every_line_of_stdout_is_a_finding_and_nothing_else_is_there(tmp_path: Path) -> None:
    path = jsonl(tmp_path, acceptance(), "", event("completed", LATE, outcome="granted"))
    ran = hall_process("simulate", path, "--pack", "hunan", "--json")
    assert (ran.code, ran.err) == (0, "")
    kinds = [line["type"] for line in ran.lines()]
    assert kinds
    assert all(kind.startswith("hall.finding.") for kind in kinds)


def test_recordedtime_says_when_the_ledger_learned_a_fact(tmp_path: Path) -> None:
    late = event(
        "completed",
        "2018-10-22 10:00:00",
        outcome="granted",
        recordedtime=instant_text("2018-10-25 10:00:00"),
    )
    ran = simulated(tmp_path, acceptance(), late)
    assert told(ran) == [f"warning {WARNING}", f"yellow {YELLOW}"]
    gone = [line for line in ran.lines() if line["type"] == "hall.finding.card-rescinded.v1"]
    assert [line["reason"] for line in gone] == ["late_evidence"]
    assert gone[0]["card_id"] == cards(ran)[1]["card_id"]


def test_it_gives_the_same_bytes_each_time_and_touches_no_storage(tmp_path: Path) -> None:
    path = jsonl(tmp_path, acceptance())
    args = ["simulate", path, "--json", "--until", instant_text(LATE)]
    assert hall(*args).out == hall(*args).out != ""
    assert [each.name for each in tmp_path.iterdir()] == ["events.jsonl"]


def test_events_may_come_from_standard_input(tmp_path: Path) -> None:
    ran = hall(
        *["simulate", "-", "--json", "--until", instant_text(LATE)],
        stdin=json.dumps(acceptance()) + "\n",
    )
    assert told(ran) == [f"warning {WARNING}", f"yellow {YELLOW}", f"red {RED}"]


def test_people_read_a_line_a_finding(tmp_path: Path) -> None:
    ran = hall("simulate", jsonl(tmp_path, acceptance()), "--until", instant_text(LATE))
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if "card-issued" in line and "level=red" in line]


def test_findings_and_ticks_of_a_log_are_passed_over_and_made_anew(tmp_path: Path) -> None:
    first = simulated(tmp_path, acceptance())
    told = [{"specversion": "1.0", "source": "/supervision", **line} for line in first.lines()]
    assert simulated(tmp_path, acceptance(), *told).out == first.out


BAD = [
    ("malformed JSON", "{", "(body)"),
    ("an array", "[]", "(event)"),
    ("an unknown type", {**acceptance(), "type": "hall.case.vanished.v1"}, "type"),
    ("a type only the ledger writes", {**acceptance(), "type": "hall.log.skipped.v1"}, "type"),
    ("a missing field", event("completed", YELLOW), "outcome"),
    ("an unknown field", event("completed", YELLOW, outcome="granted", colour=1), "colour"),
    ("money as a float", event("fee-charged", YELLOW, amount=1.5), "amount"),
    ("time without offset", {**acceptance(), "time": "2018-10-15T10:00:00"}, "time"),
    ("no time", {k: v for k, v in acceptance().items() if k != "time"}, "time"),
    ("the year 9999", {**acceptance(), "time": "9999-10-15T10:00:00+08:00"}, "time"),
    ("recordedtime without offset", {**acceptance(), "recordedtime": "today"}, "recordedtime"),
    ("recordedtime that is no text", {**acceptance(), "recordedtime": 5}, "recordedtime"),
]


@pytest.mark.parametrize(("line", "field"), [each[1:] for each in BAD], ids=[b[0] for b in BAD])
def test_bad_input_ends_with_2_and_names_line_and_field(
    tmp_path: Path, line: Any, field: str
) -> None:
    path = jsonl(tmp_path, acceptance(), line)
    ran = hall("simulate", path, "--json")
    assert ran.code == 2
    assert f"{path}, line 2: field '" in ran.err
    assert field in ran.err


def test_bytes_that_are_no_utf_8_end_with_2_and_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(json.dumps(acceptance()).encode() + b'\n{"id": "\xff"}\n')
    ran = hall("simulate", path, "--json")
    assert ran.code == 2
    assert "line 2" in ran.err


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--pack", "atlantis"], "atlantis"),
        (["--until", "tomorrow"], "--until"),
        (["--until", "2018-10-15T10:00:00"], "--until"),
        (["--no-such-option"], "--no-such-option"),
    ],
)
def test_bad_usage_ends_with_2_and_names_what_is_wrong(
    tmp_path: Path, args: list[str], named: str
) -> None:
    ran = hall("simulate", jsonl(tmp_path, acceptance()), *args)
    assert ran.code == 2
    assert named in ran.err
    assert ran.out == ""
