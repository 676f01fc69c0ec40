"""Histories written by hand, with the findings they must give; the files beside this one.

Each file is one case: a title, the law it rests on, events with the wall clock of Shanghai, how far
time runs, and every card expected, in order. A card is detected by time alone (5 s grace and 1 µs)
unless `detected` says otherwise; `rescinded` names reason and fact. What no file expects must not
be found.
"""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.findings import CardRescinded, CaseUnjudged
from ledger.record import AnyRecord
from tests.golden.language import SOURCE, Told, at, fact, local, policy, told
from tests.golden.owner import after_dying_at, by_id

FILES = sorted(Path(__file__).resolve().parent.glob("*.toml"))
GRACE = timedelta(seconds=5, microseconds=1)
KEYS = {"title", "about", "law", "pack", "until", "event", "card", "expect"}
CARD_KEYS = {"level", "effective", "detected", "rescinded", "part", "department", "clerk"}
EXPECT_KEYS = {
    *("anomalies", "promised_due", "statutory_due", "on_time", "provisional", "unjudged"),
}
golden = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def words(when: datetime) -> str:
    return when.isoformat(" ")


def history(case: dict[str, Any]) -> list[AnyRecord]:
    """The events of a file as records in log order."""
    records: list[AnyRecord] = []
    for entry in case["event"]:
        event = {"at": None, **entry}
        what, when = event.pop("what"), words(event.pop("at"))
        recorded = words(event.pop("recorded")) if "recorded" in event else None
        if what == "accepted":
            event = {"matter": "M-1", "department": "D-1", **event}
        event["id_"] = event.pop("id", None)
        if "amends" in event:
            event["amends"] = {"source": SOURCE, "id": event["amends"]}
        if "card" in event:
            event["card_id"] = _latest(event.pop("card"), records, case["pack"], recorded or when)
        records.append(fact(what, when, recorded, **event))
    return records


def _latest(level: str, records: list[AnyRecord], pack: str, now: str) -> str:
    """The card that people see when they act on it."""
    return [card.card_id for card in told(records, pack, now).issued if card.level == level][-1]


def expected_cards(case: dict[str, Any]) -> list[dict[str, str]]:
    cards = []
    for card in case.get("card", []):
        detected = card.get("detected") or card["effective"] + GRACE
        shown = {name: str(value) for name, value in card.items()}
        cards.append({**shown, "effective": words(card["effective"]), "detected": words(detected)})
    return cards


def found_cards(found: Told, wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    """The cards issued, each told with the keys that the file names for it."""
    gone = {
        each.card_id: f"{each.reason} {each.evidence[0].id}" for each in found.of(CardRescinded)
    }
    cards = []
    for number, card in enumerate(found.issued):
        told_of = {
            "level": card.level,
            "effective": local(card.effective_at),
            "detected": local(card.detected_at),
            "part": str(card.part),
            "department": str(card.responsible.department),
            "clerk": str(card.responsible.clerk_ref),
        }
        if card.card_id in gone:
            told_of["rescinded"] = gone[card.card_id]
        named = wanted[number] if number < len(wanted) else {}
        always = {"level", "effective", "detected", "rescinded"}
        cards.append({name: text for name, text in told_of.items() if name in always | set(named)})
    return cards


def told_of_file(case: dict[str, Any]) -> Told:
    return told(history(case), case["pack"], words(case["until"]))


def test_there_are_enough_of_them_and_each_is_told_once() -> None:
    assert len(FILES) >= 20
    assert len({read(path)["title"] for path in FILES}) == len(FILES)


@golden
def test_a_file_names_only_what_the_runner_reads(path: Path) -> None:
    case = read(path)
    assert set(case) <= KEYS
    assert {"title", "about", "law", "pack", "until", "event"} <= set(case)
    assert all(set(card) <= CARD_KEYS for card in case.get("card", []))
    assert set(case.get("expect", {})) <= EXPECT_KEYS


@golden
def test_a_golden_history_gives_its_cards(path: Path) -> None:
    case = read(path)
    wanted = expected_cards(case)
    assert found_cards(told_of_file(case), wanted) == wanted


@golden
def test_a_golden_history_gives_what_else_it_expects(path: Path) -> None:
    case = read(path)
    expect, found = case.get("expect", {}), told_of_file(case)
    assert sorted(found.anomalies) == sorted(expect.get("anomalies", []))
    assert [each.error for each in found.of(CaseUnjudged)] == expect.get("unjudged", [])
    for name in ("promised_due", "statutory_due"):
        if name in expect:
            assert local(getattr(found.limits[-1], name)) == words(expect[name])
    if "on_time" in expect:
        settled = found.settled[-1].clocks
        assert {each.limit: each.on_time for each in settled} == expect["on_time"]
    assert any(each.provisional for each in found.limits) is expect.get("provisional", False)


@golden
def test_a_golden_history_holds_wherever_its_owner_dies(path: Path) -> None:
    case = read(path)
    records, using = history(case), policy(case["pack"])
    until = words(case["until"])
    whole = by_id(told(records, case["pack"], until).records)
    for cut in range(1, len(records) + 1):
        for marked in (0, cut - 1, cut):
            rebuilt = after_dying_at(cut, records, using, at(until), marked)
            assert rebuilt == whole, f"died after {cut} facts, marker after {marked}"
