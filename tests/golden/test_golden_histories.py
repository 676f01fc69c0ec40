"""Histories written by hand, with the findings they must give; the files beside this one.

Each file is one case, complaint or consultation: a title, the law it rests on, matters of the
catalogue, events with the wall clock of Shanghai, how far time runs, and every card and anomaly
expected. Cards come in order; one is of the handling clock unless `clock` or `rule` says otherwise,
and is detected by time alone (5 s grace and 1 µs) unless `detected` does; `rescinded` names reason
and fact. An anomaly names its evidence by event ids, and a card among it by its level. What no file
expects must not be found; `just_not` names the rules that a file comes close to and does not break.

Histories of departments tell many cases shortly: a `batch` is so many cases with the same events,
`every` so many seconds after the case before, and the log holds all events in order of recording. A
`unit` is a finding on a department: its rule, its detail and how many records it cites. `added` is
text added to the pack, for what no shipped pack switches on.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import wire
from ledger.findings import AnomalyFound, CardRescinded, CaseUnjudged
from ledger.log import Entry
from ledger.record import AnyRecord
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.rules import ANOMALIES
from processors.supervision.state import HANDLING
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.unit_facts import UNIT
from processors.supervision.unit_rules import UNIT_RULES
from tests.golden.language import (
    SOURCE,
    Told,
    at,
    fact,
    local,
    policy,
    published,
    recorded_us,
    shipped_packs,
    told,
)
from tests.golden.owner import after_dying_at, by_id
from tests.processors.supervised import Owned

FILES = sorted(Path(__file__).resolve().parent.glob("*.toml"))
GRACE = timedelta(seconds=5, microseconds=1)
KEYS = {
    *("title", "about", "law", "pack", "until", "matter", "event", "card", "anomaly", "expect"),
    *("just_not", "batch", "unit", "added"),
}
BATCH_KEYS = {"count", "subject", "every", "event"}
UNIT_KEYS = {"department", "rule", "detail", "cites"}
CARD_KEYS = {
    *("level", "rule", "clock", "effective", "detected", "rescinded", "part", "department"),
    "clerk",
}
ANOMALY_KEYS = {"rule", "evidence", "part", "cycle", "detected"}
EXPECT_KEYS = {"promised_due", "statutory_due", "on_time", "provisional", "unjudged"}
RULE_OF_CLOCK = {rule.clock: name for name, rule in TIME_RULES.items()}
golden = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
OF_UNITS = [path for path in FILES if "[[batch]]" in path.read_text(encoding="utf-8")]
OF_CASES = [path for path in FILES if path not in OF_UNITS]


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def words(when: datetime) -> str:
    return when.isoformat(" ")


def history(case: dict[str, Any]) -> list[AnyRecord]:
    """The events of a file as records in log order."""
    records = [published(matter) for matter in case.get("matter", [])]
    for entry in case.get("event", []):
        event = {"at": None, **entry}
        what, when = event.pop("what"), words(event.pop("at"))
        recorded = words(event.pop("recorded")) if "recorded" in event else None
        if what == "accepted":
            event = {"matter": "M-1", "department": "D-1", **event}
        event["id_"] = event.pop("id", None)
        if "amends" in event:
            event["amends"] = {"source": SOURCE, "id": event["amends"]}
        if "card" in event:
            event["card_id"] = _latest(event.pop("card"), records, pack_of(case), recorded or when)
        records.append(fact(what, when, recorded, **event))
    batches = [each for batch in case.get("batch", []) for each in of_batch(batch)]
    return sorted(records + batches, key=recorded_us) if batches else records


def of_batch(batch: dict[str, Any]) -> list[AnyRecord]:
    """The events of so many cases, each some time after the case before."""
    records = []
    for number in range(batch["count"]):
        later = timedelta(seconds=batch.get("every", 0) * number)
        for entry in batch["event"]:
            told = {"matter": "M-1", "department": "D-1"} if entry["what"] == "accepted" else {}
            event = {**told, **entry, "subject": f"{batch['subject']}-{number + 1}"}
            what, when = event.pop("what"), event.pop("at")
            recorded = words(event.pop("recorded", when) + later)
            records.append(fact(what, words(when + later), recorded, **event))
    return records


def pack_of(case: dict[str, Any]) -> str | Pack:
    """The pack of a file: a shipped one, or one with some text more."""
    if "added" not in case:
        return str(case["pack"])
    return parse_pack(shipped_packs()[case["pack"]].text + case["added"], "added.toml")


def _latest(level: str, records: list[AnyRecord], pack: str | Pack, now: str) -> str:
    """The card that people see when they act on it."""
    return [card.card_id for card in told(records, pack, now).issued if card.level == level][-1]


def expected_cards(case: dict[str, Any]) -> list[dict[str, str]]:
    cards = []
    for card in case.get("card", []):
        detected = card.get("detected") or card["effective"] + GRACE
        shown = {name: str(value) for name, value in card.items()}
        shown["rule"] = rule_of(card)
        cards.append({**shown, "effective": words(card["effective"]), "detected": words(detected)})
    return cards


def rule_of(card: dict[str, Any]) -> str:
    """The rule whose card a file expects."""
    return str(card.get("rule") or RULE_OF_CLOCK[card.get("clock", HANDLING)])


def found_cards(found: Told, wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    """The cards issued, each told with the keys that the file names for it."""
    gone = {
        each.card_id: f"{each.reason} {each.evidence[0].id}" for each in found.of(CardRescinded)
    }
    cards = []
    for number, card in enumerate(found.issued):
        told_of = {
            "level": card.level,
            "rule": card.rule,
            "clock": str(card.clock),
            "effective": local(card.effective_at),
            "detected": local(card.detected_at),
            "part": str(card.part),
            "department": str(card.responsible.department),
            "clerk": str(card.responsible.clerk_ref),
        }
        if card.card_id in gone:
            told_of["rescinded"] = gone[card.card_id]
        named = wanted[number] if number < len(wanted) else {}
        always = {"level", "rule", "effective", "detected", "rescinded"}
        cards.append({name: text for name, text in told_of.items() if name in always | set(named)})
    return cards


def expected_anomalies(case: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {name: words(v) if isinstance(v, datetime) else str(v) for name, v in anomaly.items()}
        for anomaly in case.get("anomaly", [])
    ]


def found_anomalies(found: Told) -> list[dict[str, str]]:
    """Each anomaly named, in order."""
    levels = {card.card_id: str(card.level) for card in found.issued}
    return [
        {
            "rule": each.data.rule,
            "evidence": str([levels.get(fact.id, fact.id) for fact in each.data.evidence]),
            "part": str(each.data.part),
            "cycle": str(each.data.cycle).removeprefix(f"{SOURCE}#"),
            "detected": local(each.time),
        }
        for each in found.records
        if isinstance(each.data, AnomalyFound) and not each.subject.startswith(UNIT)
    ]


def found_of_units(records: Iterable[AnyRecord]) -> list[dict[str, Any]]:
    """Each finding on a department, in order of close and department."""
    named = [
        (record.time, record.subject.removeprefix(UNIT), record.data)
        for record in records
        if isinstance(record.data, AnomalyFound) and record.subject.startswith(UNIT)
    ]
    named.sort(key=lambda each: each[:2])
    return [
        {
            "department": department,
            "rule": data.rule,
            "detail": data.detail,
            "cites": len(data.evidence),
        }
        for _, department, data in named
    ]


def told_of_file(case: dict[str, Any]) -> Told:
    return told(history(case), pack_of(case), words(case["until"]))


def test_there_are_enough_of_them_and_each_is_told_once() -> None:
    assert len(FILES) >= 20
    assert len({read(path)["title"] for path in FILES}) == len(FILES)


@golden
def test_a_file_names_only_what_the_runner_reads(path: Path) -> None:
    case = read(path)
    assert set(case) <= KEYS
    assert {"title", "about", "law", "pack", "until"} <= set(case)
    assert {"event", "batch"} & set(case)
    assert all(set(each) <= BATCH_KEYS for each in case.get("batch", []))
    assert all(set(each) == UNIT_KEYS for each in case.get("unit", []))
    assert all(set(card) <= CARD_KEYS for card in case.get("card", []))
    assert all(
        {"rule", "evidence"} <= set(each) <= ANOMALY_KEYS for each in case.get("anomaly", [])
    )
    assert set(case.get("expect", {})) <= EXPECT_KEYS


@golden
def test_a_golden_history_gives_its_cards(path: Path) -> None:
    case = read(path)
    wanted = expected_cards(case)
    assert found_cards(told_of_file(case), wanted) == wanted


@golden
def test_a_golden_history_gives_its_anomalies_and_no_others(path: Path) -> None:
    wanted = expected_anomalies(read(path))
    found = found_anomalies(told_of_file(read(path)))
    for each in wanted:
        like = next((f for f in found if each.items() <= f.items()), None)
        assert like is not None, f"{each} is not among {found}"
        found.remove(like)
    assert not found


@golden
def test_a_golden_history_gives_its_findings_on_departments_and_no_others(path: Path) -> None:
    case = read(path)
    found = found_of_units(told_of_file(case).records)
    assert found == case.get("unit", [])


@pytest.mark.parametrize("path", OF_UNITS, ids=lambda path: path.stem)
@pytest.mark.parametrize("settled_every", [1, 7])
def test_an_owner_of_two_partitions_finds_the_same_of_departments(
    tmp_path: Path, path: Path, settled_every: int
) -> None:
    case = read(path)
    records, using = history(case), policy(pack_of(case))
    owned = Owned(tmp_path, partitions=2, using=using, start_us=recorded_us(records[0]))
    for number, record in enumerate(records):
        owned.now_us = recorded_us(record)
        raw = wire.encode(replace(record, recordedtime=None))
        owned.log.append([Entry(record.subject, record.source, record.id, raw)])
        if number % settled_every == 0:
            owned.settle()
    owned.until(words(case["until"]))
    assert found_of_units(owned.records()) == case.get("unit", [])
    assert min(owned.log.ends().values()) > 0


@golden
def test_a_golden_history_gives_what_else_it_expects(path: Path) -> None:
    case = read(path)
    expect, found = case.get("expect", {}), told_of_file(case)
    assert [each.error for each in found.of(CaseUnjudged)] == expect.get("unjudged", [])
    for name in ("promised_due", "statutory_due"):
        if name in expect:
            assert local(getattr(found.limits[-1], name)) == words(expect[name])
    if "on_time" in expect:
        settled = found.settled[-1].clocks
        assert {each.limit: each.on_time for each in settled} == expect["on_time"]
    assert any(each.provisional for each in found.limits) is expect.get("provisional", False)


@pytest.mark.parametrize("path", OF_CASES, ids=lambda path: path.stem)
def test_a_golden_history_holds_wherever_its_owner_dies(path: Path) -> None:
    case = read(path)
    records, using = history(case), policy(case["pack"])
    until = words(case["until"])
    assert "added" not in case
    whole = by_id(told(records, case["pack"], until).records)
    for cut in range(1, len(records) + 1):
        for marked in (0, cut - 1, cut):
            rebuilt = after_dying_at(cut, records, using, at(until), marked)
            assert rebuilt == whole, f"died after {cut} facts, marker after {marked}"


def rules_of(pack: Pack) -> set[str]:
    """The rules that a pack switches on: on time, on procedure and on departments."""
    return {*pack.rules, *pack.by_rule, *(rule.name for rule in pack.unit_rules)}


def fired_by(case: dict[str, Any]) -> set[str]:
    """The rules of packs that a file expects to fire; what the core names by itself is none."""
    cards = {rule_of(card) for card in case.get("card", [])}
    units = {each["rule"] for each in case.get("unit", [])}
    return cards | units | {each["rule"] for each in case.get("anomaly", [])} - set(ANOMALIES)


@golden
def test_a_golden_history_that_just_does_not_fire_a_rule_is_judged_by_it(path: Path) -> None:
    case = read(path)
    just_not = set(case.get("just_not", []))
    pack = pack_of(case)
    assert just_not <= rules_of(shipped_packs()[pack] if isinstance(pack, str) else pack)
    assert not just_not & fired_by(case)


def test_each_rule_of_a_shipped_pack_has_a_history_that_fires_it_and_one_that_just_does_not() -> (
    None
):
    """And each rule on departments, whether a shipped pack switches it on or not."""
    cases = [read(path) for path in FILES]
    shipped = {name for pack in shipped_packs().values() for name in rules_of(pack)}
    shipped |= set(UNIT_RULES)
    assert sorted({name for case in cases for name in fired_by(case)}) == sorted(shipped)
    assert sorted({name for case in cases for name in case.get("just_not", [])}) == sorted(shipped)
