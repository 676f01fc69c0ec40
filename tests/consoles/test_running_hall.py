"""A running hall under a day's load of the demo: metrics, explanations, restarts, other seeds.

One demo runs fast (an hour of the hall in three seconds) for all tests here; they look at what it
showed and at what it left.
"""

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.metrics import METRICS
from ledger.case_events import CaseAccepted, ClockStopped
from ledger.findings import CardIssued, CardRescinded
from ledger.record import AnyRecord
from tests.consoles.commands import Ran, hall, records, serving, wait_until

SPEED = 1_200
HALL_SECONDS = 2 * 3_600
SEED, OTHER_SEED = 11, 12
MARGIN_S = 10.0


@dataclass(kw_only=True)
class Day:
    """What a demo showed and left."""

    folder: Path
    ended: Ran
    metrics: str
    cards: list[dict[str, Any]]
    cards_before: list[dict[str, Any]]
    _told: list[AnyRecord] = field(default_factory=list)

    def records(self) -> list[AnyRecord]:
        self._told = self._told or records(self.folder)
        return self._told

    def of(self, kind: type) -> list[Any]:
        return [record.data for record in self.records() if isinstance(record.data, kind)]


def lived(folder: Path, seed: int, hall_seconds: float) -> Day:
    """Let a demo run until so much of its time has passed, then end it in order."""
    demo = ["demo", "--no-browser", "--port", 0, "--seed", seed, "--speed", SPEED]
    with serving("--data", folder, *demo) as server:
        time.sleep(hall_seconds / SPEED)
        wait_until(lambda: server.json("/readyz")["supervision_lag"] < 50, "it keeps up", MARGIN_S)
        before = server.json("/api/v1/cards?limit=500")["items"]
        metrics = server.get("/metrics").decode()
        cards = server.json("/api/v1/cards?limit=500")["items"]
        return Day(
            folder=folder, ended=server.end(), metrics=metrics, cards=cards, cards_before=before
        )


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return lived(tmp_path_factory.mktemp("demo") / "hall", SEED, HALL_SECONDS)


def families(text: str) -> Mapping[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_it_ends_in_order(day: Day) -> None:
    assert (day.ended.code, day.ended.err) == (0, "")


def test_two_hours_of_the_hall_show_every_level_a_stop_and_a_rescission(day: Day) -> None:
    assert {card.level for card in day.of(CardIssued)} == {"warning", "yellow", "red"}
    assert day.of(ClockStopped)
    assert day.of(CardRescinded)


def test_a_hall_is_realistically_quiet(day: Day) -> None:
    cases = {record.subject for record in day.records() if isinstance(record.data, CaseAccepted)}
    assert len(cases) > 200
    assert len(day.of(CardIssued)) < 0.1 * len(cases)


# What a process that lives alone, and was never rebuilt, has nothing to say of.
NOT_SAID = {
    *(f"hall_rebuild_last_{what}" for what in ("timestamp_seconds", "records", "differences")),
    "hall_supervision_ticks_under_way",
    "hall_dead_letters",
}


def test_the_metrics_parse_and_are_those_of_the_table(day: Day) -> None:
    found = families(day.metrics)
    table = {m.name.removesuffix("_total"): m.kind for m in METRICS if m.name not in NOT_SAID}
    said = {name: family.type for name, family in found.items() if name not in NOT_SAID}
    assert said == table


def test_the_metrics_tell_the_truth_of_the_moment(day: Day) -> None:
    found = families(day.metrics)
    live = [
        sum(card["live"] and card["is_highest"] for card in cards)
        for cards in (day.cards_before, day.cards)
    ]
    standing = sum(s.value for s in found["hall_cards"].samples)
    assert min(live) - 1 <= standing <= max(live) + 1
    assert sum(s.value for s in found["hall_cases"].samples) > 200
    (up,) = found["hall_engine_up"].samples
    (held,) = found["hall_supervision_ticks_held"].samples
    assert (up.value, held.value) == (1, 0)


def test_a_county_hall_has_few_series(day: Day) -> None:
    assert sum(len(family.samples) for family in families(day.metrics).values()) < 2_000


def test_no_label_names_a_case_a_card_or_a_person(day: Day) -> None:
    private = {record.subject for record in day.records()} | {card["card_id"] for card in day.cards}
    for record in day.records():
        for name in ("clerk_ref", "applicant_ref", "agent_ref", "actor_ref"):
            private.add(getattr(record.data, name, None) or "")
    private.discard("")
    values = {
        value
        for family in families(day.metrics).values()
        for sample in family.samples
        for value in sample.labels.values()
    }
    assert values
    assert len(private) > 200
    assert not values & private
    assert not any(re.search(r"\d{6}-\d{6,8}-\d+|clerk|applicant", value) for value in values)


def test_the_read_models_are_what_the_log_says(day: Day) -> None:
    ran = hall("--data", day.folder, "rebuild", "--check", "--json")
    assert (ran.code, ran.json()["identical"]) == (0, True)


def test_the_folder_is_healthy(day: Day) -> None:
    ran = hall("--data", day.folder, "check", "--json")
    assert (ran.code, ran.json()["findings"]) == (0, [])


def test_every_card_is_reproduced_and_its_intervals_add_up(day: Day) -> None:
    cards = hall("--data", day.folder, "cards", "--all", "--json").lines()
    assert len(cards) >= len(day.cards) > 3
    for card in cards:
        why = hall("--data", day.folder, "explain", card["card_id"], "--json").json()
        assert why["reproduced"] is True
        counted = sum(each["counted_us"] for each in why["intervals"])
        assert counted == why["used_us"] == card["used_us"]
        assert all(each["record"]["position"] is not None for each in why["intervals"])


def test_no_card_is_issued_twice(day: Day) -> None:
    ids = [card.card_id for card in day.of(CardIssued)]
    assert len(ids) == len(set(ids))


def test_begun_again_on_its_folder_it_goes_on_and_judges_nothing_twice(
    day: Day, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(day.folder, tmp_path / "hall"))
    before = {record.name: record for record in day.records()}
    went_on = lived(folder, SEED, HALL_SECONDS / 4)
    after = {record.name: record for record in went_on.records()}
    assert went_on.ended.code == 0
    assert {name: after[name] for name in before} == before
    assert len(after) > len(before)
    assert hall("--data", folder, "rebuild", "--check").code == 0


def test_another_seed_gives_other_cards(day: Day, tmp_path: Path) -> None:
    other = lived(tmp_path / "hall", OTHER_SEED, HALL_SECONDS / 4)
    mine = {card.card_id for card in day.of(CardIssued)}
    theirs = {card.card_id for card in other.of(CardIssued)}
    assert theirs
    assert not mine & theirs
