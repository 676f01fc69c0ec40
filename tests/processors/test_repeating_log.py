"""An owner over a log that takes repeats, as Kafka does: the first of an identity counts, once."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger import wire
from ledger.card_life import WAITING
from ledger.findings import CardIssued
from ledger.log import Entry
from ledger.system_events import ClockReached
from processors.supervision.state_codec import encode_state
from tests.golden.language import at
from tests.processors.supervised import (
    Owned,
    RepeatingLog,
    accepted,
    completed,
    drawn,
    live,
)
from tests.processors.unit_owner import rows, without_states

SEEDS = range(6)


def repeating(folder: Path, **options: Any) -> Owned:
    folder.mkdir(exist_ok=True)
    return Owned(folder, kind=RepeatingLog, **options)


def answering(folder: Path) -> Owned:
    folder.mkdir(exist_ok=True)
    return Owned(folder)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_findings_are_those_of_a_log_that_answers_repeats(tmp_path: Path, seed: int) -> None:
    plain, other = answering(tmp_path / "a"), repeating(tmp_path / "b")
    told = drawn(seed)
    live(plain, told)
    live(other, told)
    assert other.findings() == plain.findings()


@pytest.mark.parametrize("seed", SEEDS)
def test_facts_that_come_again_at_any_later_moment_change_nothing(
    tmp_path: Path, seed: int
) -> None:
    plain, other = answering(tmp_path / "a"), repeating(tmp_path / "b")
    told = drawn(seed)
    dice = random.Random(seed)
    again = [
        (learned_us + dice.randrange(1, 20) * 3_600_000_000, made)
        for learned_us, made in told
        for _ in range(dice.randrange(3))
    ]
    live(plain, told)
    live(other, sorted([*told, *again], key=lambda each: each[0]))
    assert other.findings() == plain.findings()
    assert other.owner.report.repeats > 0


def one_that_dies(folder: Path, seed: int) -> tuple[Owned, Owned]:
    """An owner that lived through a history, and one that died at some appends of the same."""
    plain, other = answering(folder / "a"), repeating(folder / "b", batch_max=3)
    told = drawn(seed)
    dice = random.Random(seed)
    other.log.dies = lambda _entries, _added: dice.random() < 0.2
    live(plain, told)
    died = live(other, told)
    assert died > 3
    return plain, other


@pytest.mark.parametrize("seed", SEEDS)
def test_an_owner_that_dies_at_any_append_leaves_the_same_findings(
    tmp_path: Path, seed: int
) -> None:
    plain, other = one_that_dies(tmp_path, seed)
    assert other.findings() == plain.findings()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_owner_that_dies_at_any_append_leaves_one_row_of_each_finding(
    tmp_path: Path, seed: int
) -> None:
    """Its next owner finds some findings in the log that it makes once more."""
    plain, other = one_that_dies(tmp_path, seed)
    findings = [record.id for record in other.records() if record.type == CardIssued.TYPE]
    assert len(findings) > len(set(findings))
    assert rows(other) == rows(plain)
    assert any(rows(plain).values())


@pytest.mark.parametrize("seed", SEEDS)
def test_states_that_are_lost_are_read_again_from_a_log_with_repeats(
    tmp_path: Path, seed: int
) -> None:
    owned = repeating(tmp_path / "a", batch_max=3)
    dice = random.Random(seed)
    owned.log.dies = lambda _entries, _added: dice.random() < 0.2
    live(owned, drawn(seed))
    owned.log.dies = lambda _entries, _added: False
    owned.owner.stop()
    before = owned.findings()
    states = {state.subject: encode_state(state) for state in owned.states.every(0)}
    end = owned.log.ends()
    without_states(owned, tmp_path)
    owned.settle()
    assert {state.subject: encode_state(state) for state in owned.states.every(0)} == states
    assert owned.findings() == before
    assert owned.log.ends() == end


def test_a_tick_is_not_written_again_while_it_is_under_way(tmp_path: Path) -> None:
    owned = repeating(tmp_path)
    owned.put(accepted())
    owned.until("2018-10-20 10:00:00")
    ticks = [r for r in owned.records() if isinstance(r.data, ClockReached) and r.subject == "C-1"]
    assert len(ticks) == 1


def test_ticks_happen_while_facts_that_lead_to_findings_keep_coming(tmp_path: Path) -> None:
    owned = repeating(tmp_path)
    owned.put(accepted(promised=7))
    owned.until("2018-10-16 10:00:00")
    owned.now_us = at("2018-10-30 10:00:00")
    for number in range(2, 6):
        owned.put(accepted("2018-10-30 09:00:00", f"C-{number}"))
        owned.owner.turn()
    assert owned.ticks() != []


def test_a_fact_with_other_content_under_a_known_identity_is_told_and_has_no_effect(
    tmp_path: Path,
) -> None:
    owned = repeating(tmp_path)
    first = accepted(promised=7)
    owned.put(first, {**first, "data": {**first["data"], "matter": "M-2"}})
    owned.settle()
    assert owned.owner.report.conflicts == 1
    assert owned.owner.report.repeats == 0
    owned.put(completed("2018-10-16 10:00:00"))
    owned.until("2018-10-30 10:00:00")
    assert owned.cards() == []


@pytest.mark.parametrize("batch_max", [2_000, 1])
def test_a_finding_that_another_owner_wrote_first_stands_for_the_one_made_here(
    tmp_path: Path, batch_max: int
) -> None:
    """It had another version of the rules, and ended before it could remember."""
    model, owned = repeating(tmp_path / "a"), repeating(tmp_path / "b", batch_max=batch_max)
    for each in (model, owned):
        each.put(accepted())
        each.settle()
    model.until("2018-10-20 10:00:00")
    tick = next(r for r in model.records() if isinstance(r.data, ClockReached))
    card = next(r for r in model.records() if isinstance(r.data, CardIssued))
    assert isinstance(card.data, CardIssued)
    other = replace(card, data=replace(card.data, basis="another reading", mode="confirm"))
    owned.now_us = model.now_us
    for record in (tick, other):
        raw = wire.encode(replace(record, recordedtime=None))
        owned.log.append([Entry(record.subject, record.source, record.id, raw)])
    owned.settle()
    assert owned.owner.report.conflicts == 1
    assert [r.data.basis for r in owned.records() if isinstance(r.data, CardIssued)] == [
        "another reading",
        card.data.basis,
    ]
    (state,) = (each for each in owned.states.every(0) if each.subject == card.subject)
    (kept,) = (each for each in state.cards if each.card_id == card.id)
    assert kept.life == WAITING
