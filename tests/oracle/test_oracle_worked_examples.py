"""The oracle by itself gives the worked examples of the rule document, to the second."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.card_sequence import Finding, Oracle, live_cards
from tests.oracle.known_history import Event, instant
from tests.oracle.offices import OFFICES

PACKS = Path(__file__).resolve().parents[2] / "processors" / "supervision" / "packs"
OCTOBER = "2018-10-{}+08:00"
LINE = (None, ("/halls/1/approval", "a"))


def event(id_: str, kind: str, day: str, recorded: str | None = None, **data: Any) -> Event:
    return {
        "id": id_,
        "source": "/halls/1/approval",
        "type": f"hall.case.{kind}.v1",
        "time": OCTOBER.format(day),
        "recordedtime": OCTOBER.format(recorded or day),
        "data": data,
    }


ACCEPTED = event(
    "a",
    "accepted",
    "15T10:00:00",
    promised_limit={"amount": 7, "unit": "working_day"},
    statutory_limit={"amount": 10, "unit": "working_day"},
)
THREE_DAYS = {"amount": 3, "unit": "working_day"}


def findings(pack: str, *log: Event) -> list[Finding]:
    table = tomllib.loads((PACKS / f"{pack}.toml").read_text(encoding="utf-8"))
    return Oracle(table, OFFICES["cn"]).findings(log, instant("2018-12-30T00:00:00+08:00"))


def cards(pack: str, *log: Event) -> dict[str, str]:
    """Return the wall clock at which each level passed."""
    zone = OFFICES["cn"].zone
    return {
        finding["level"]: finding["effective_at"].astimezone(zone).strftime("%m-%d %H:%M:%S")
        for finding in findings(pack, *log)
        if finding["kind"] == "card-issued"
    }


@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        (
            "hunan",
            {"warning": "10-19 10:00:00", "yellow": "10-24 10:00:00", "red": "10-29 10:00:00"},
        ),
        ("chengdu", {"yellow": "10-23 17:00:00", "red": "10-24 17:00:00"}),
        ("statutory", {"red": "10-29 17:00:00"}),
    ],
)
def test_an_open_case_passes_its_thresholds(pack: str, expected: dict[str, str]) -> None:
    assert cards(pack, ACCEPTED) == expected


def test_a_stop_of_three_days_moves_each_threshold_by_three_days() -> None:
    stop = event("s", "clock-stopped", "16T10:00:00", applied=THREE_DAYS)
    moved = {"warning": "10-24 10:00:00", "yellow": "10-29 10:00:00", "red": "11-01 10:00:00"}
    assert cards("hunan", ACCEPTED, stop) == moved


def test_an_endless_stop_keeps_all_cards_away() -> None:
    assert cards("hunan", ACCEPTED, event("s", "clock-stopped", "16T10:00:00")) == {}


@pytest.mark.parametrize(("second", "live"), [("00", "warning"), ("01", "yellow")])
def test_a_completion_at_the_threshold_is_in_time_and_a_second_later_is_not(
    second: str, live: str
) -> None:
    done = event("d", "completed", f"24T10:00:{second}", outcome="granted")
    assert live_cards(findings("hunan", ACCEPTED, done)) == {LINE: live}


def test_while_the_office_is_closed_nothing_passes() -> None:
    friday = event(
        "a", "accepted", "15T17:00:00", promised_limit={"amount": 4, "unit": "working_day"}
    )
    done = event("d", "completed", "22T09:00:00", outcome="granted")
    late = event("d", "completed", "22T09:00:01", outcome="granted")
    assert "yellow" not in cards("hunan", friday, done)
    assert cards("hunan", friday, late)["yellow"] == "10-22 09:00:00"


def test_a_late_completion_takes_back_every_card_it_would_have_prevented() -> None:
    done = event("d", "completed", "18T10:00:00", recorded="31T10:00:00", outcome="granted")
    found = findings("hunan", ACCEPTED, done)
    taken = [finding["level"] for finding in found if finding["kind"] == "card-rescinded"]
    assert sorted(taken) == ["red", "warning", "yellow"]
    assert live_cards(found) == {}


def test_the_oracle_knows_nothing_of_what_it_checks() -> None:
    imported = {
        name.split(".")[0]
        for path in Path(__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names_imported_by(node)
    }
    assert "tests" in imported
    assert imported.isdisjoint({"ledger", "processors", "projections", "alerts", "consoles"})


def _names_imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
