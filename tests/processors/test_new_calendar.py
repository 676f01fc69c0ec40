"""A new calendar: open cases are planned anew by a tick, issued cards stand, whoever is late."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.findings import AnomalyFound, CardIssued, CardRescinded, LimitsSet
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached, SupervisionJudged
from processors.drivers.sql_state import SqlState
from processors.simulate import simulate
from processors.supervision.publications import BEGINNING_US, calendar_record
from processors.supervision.state_codec import encode_state
from tests.golden.language import at, fact, local
from tests.processors.published import (
    CN,
    HOLIDAY,
    cn,
    new_calendar,
    put,
    put_first,
    recorded,
    replans,
    told,
    using,
)
from tests.processors.supervised import (
    DAY_US,
    START_US,
    Owned,
    accepted,
    completed,
    drawn,
    event,
    skip,
    states_in,
)

pytestmark = pytest.mark.usefixtures("dialect")

NOTICE = "2018-10-20 09:30:00"
"""When the new calendar is published: a Saturday, after the warning and before the yellow card."""
MOVED_YELLOW, MOVED_RED = "2018-10-25 10:00:00", "2018-10-30 10:00:00"


def opened(folder: Path, **more: Any) -> Owned:
    folder.mkdir(exist_ok=True)
    owned = Owned(folder, using=using(), **more)
    put_first(owned)
    return owned


def levels(owned: Owned, subject: str = "C-1") -> list[str]:
    return [card.rpartition(" ")[0].rpartition(" ")[0] for card in owned.cards(subject)]


def dues(owned: Owned, subject: str = "C-1") -> list[str]:
    return [
        f"{local(each.promised_due)} {each.calendar_version}"
        for each in told(owned, LimitsSet, subject)
    ]


def test_a_calendar_published_in_mid_case_moves_the_open_limit_and_not_the_issued_card(
    tmp_path: Path,
) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until(NOTICE)
    assert levels(owned) == ["warning 2018-10-19 10:00:00"]
    put(owned, new_calendar(HOLIDAY, since=NOTICE))
    owned.until("2018-11-05 10:00:00")
    assert replans(owned) == [NOTICE]
    assert dues(owned) == [
        f"2018-10-24 10:00:00 {CN.version}",
        f"{MOVED_YELLOW} {cn(HOLIDAY).version}",
    ]
    assert levels(owned) == [
        "warning 2018-10-19 10:00:00",
        f"yellow {MOVED_YELLOW}",
        f"red {MOVED_RED}",
    ]
    assert told(owned, CardRescinded) == []
    assert told(owned, AnomalyFound) == []
    cards = told(owned, CardIssued)
    assert [card.calendar_version for card in cards] == [CN.version, *[cn(HOLIDAY).version] * 2]


def test_a_card_that_the_new_calendar_would_not_have_given_stands_and_people_are_told(
    tmp_path: Path,
) -> None:
    """The holiday was extended while it lasted: 18 October, told on the 20th."""
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until(NOTICE)
    put(owned, new_calendar(date(2018, 10, 18), since=NOTICE))
    owned.until("2018-10-22 12:00:00")
    owned.put(event("urged", "2018-10-22 12:00:00", actor_ref="o-1"))
    owned.until("2018-10-23 12:00:00")
    assert levels(owned) == ["warning 2018-10-19 10:00:00"]
    assert told(owned, CardRescinded) == []
    assert [each.rule for each in told(owned, AnomalyFound)] == ["verdict-differs"]


def test_a_case_that_has_all_its_cards_is_planned_anew_while_it_is_open(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted(), accepted(subject="C-2"), completed("2018-10-16 10:00:00", "C-2"))
    owned.until("2018-11-05 10:00:00")
    put(owned, new_calendar(HOLIDAY, since="2018-11-05 10:00:00"))
    owned.until("2018-11-05 10:00:01")
    assert replans(owned) == ["2018-11-05 10:00:00"]
    assert len(dues(owned)) == 2
    assert replans(owned, "C-2") == []
    assert len(dues(owned, "C-2")) == 1


def test_a_case_opened_after_the_notice_has_the_new_calendar_from_the_start(
    tmp_path: Path,
) -> None:
    owned = opened(tmp_path)
    owned.settle()
    put(owned, new_calendar(HOLIDAY, since="2018-10-15 09:00:00"))
    owned.put(accepted())
    owned.until("2018-10-16 10:00:00")
    assert replans(owned) == []
    assert dues(owned) == [f"{MOVED_YELLOW} {cn(HOLIDAY).version}"]


def findings(owned: Owned) -> dict[str, tuple[object, ...]]:
    return owned.findings()


def notice_lived(folder: Path, how: str) -> Owned:
    """One history of a notice, lived in several ways."""
    owned = opened(folder, batch_max=1 if how == "small batches" else 2_000)
    owned.put(accepted(), accepted(subject="C-2", promised=9, statutory=9))
    owned.until("2018-10-18 10:00:00")
    is_late = how in ("down until a fact came", "down to the end")
    owned.now_us = at(NOTICE)
    if not is_late:
        owned.settle()
    put(owned, new_calendar(HOLIDAY, since=NOTICE))
    if how == "restarted":
        owned.owner.turn()
        owned.start()
    if not is_late:
        owned.until(at(NOTICE) + 10)
    owned.now_us = at("2018-10-22 11:00:00")
    owned.put(event("extended", "2018-10-22 11:00:00", by={"amount": 1, "unit": "working_day"}))
    if how == "down until a fact came" or not is_late:
        owned.settle()
    owned.now_us = at("2018-10-26 11:00:00")
    owned.put(completed("2018-10-26 10:59:59"))
    if how != "down to the end":
        owned.settle()
    owned.until("2018-11-20 10:00:00")
    return owned


@pytest.mark.parametrize(
    "how",
    ["small batches", "restarted", "down until a fact came", "down to the end"],
)
def test_late_and_early_ticks_of_a_new_calendar_lead_to_the_same_findings(
    tmp_path: Path, how: str
) -> None:
    steady = notice_lived(tmp_path / "steady", "steady")
    other = notice_lived(tmp_path / "other", how)
    assert findings(other) == findings(steady)
    for subject in ("C-1", "C-2"):
        assert replans(steady, subject) == [NOTICE]
    assert len(told(steady, CardIssued)) >= 1
    assert len(told(steady, CardIssued, "C-2")) >= 2


HOLIDAYS = [date(2018, 10, day) for day in (17, 18, 19, 22, 23, 24, 25, 26, 29, 30, 31)]


Notice = tuple[int, AnyRecord]


def notices(seed: int) -> list[Notice]:
    """Some calendars with the instants at which they are published; the last in force later."""
    dice = random.Random(seed)
    found = []
    for _ in range(3):
        at_us = START_US + dice.randrange(1, 14 * 24) * 3_600_000_000 + dice.choice([0, 1, 7])
        ahead_us = dice.choice([0, 0, 0, 2 * DAY_US])
        days = dice.sample(HOLIDAYS, dice.randrange(4))
        found.append((at_us, calendar_record(cn(*days), at_us + ahead_us, governs=True)))
    return found


def lived(owned: Owned, seed: int, settle_chance: float) -> int:
    """A random history with notices among its facts; how often the owner died."""
    dice = random.Random(seed)
    died = 0
    facts, published = drawn(seed), notices(seed)
    for learned_us in sorted({us for us, _ in (*facts, *published)}):
        owned.now_us = max(owned.now_us, learned_us)
        for record in (record for us, record in published if us == learned_us):
            put(owned, record)
        owned.put(*(made for us, made in facts if us == learned_us))
        if dice.random() < settle_chance:
            died += owned.settle()
    return died + owned.until(START_US + 60 * DAY_US)


SEEDS = (71, 72, 73, 74)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_histories_with_notices_are_judged_alike_whoever_dies_or_is_late(
    tmp_path: Path, seed: int
) -> None:
    print("seed", seed)
    whole = opened(tmp_path / "whole")
    assert lived(whole, seed, 1.0) == 0
    assert any(
        isinstance(r.data, ClockReached) and r.data.what == "replan" for r in whole.records()
    )
    late = opened(tmp_path / "late", batch_max=3)
    lived(late, seed, 0.2)
    assert late.findings() == whole.findings()
    mortal = opened(tmp_path / "mortal", batch_max=2)
    dice = random.Random(seed)
    mortal.log.dies = lambda _entries, _added: dice.random() < 0.3
    assert lived(mortal, seed, 0.4) > 5
    assert mortal.findings() == whole.findings()
    killed = opened(tmp_path / "killed", batch_max=5)
    killed.log.dies = lambda _entries, added: bool(added)
    assert lived(killed, seed, 1.0) > 5
    assert killed.findings() == whole.findings()


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_several_partitions_find_what_one_finds(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    one, many = opened(tmp_path / "one"), opened(tmp_path / "many", partitions=2)
    lived(one, seed, 1.0)
    lived(many, seed, 0.5)
    assert many.findings() == one.findings()
    held = [many.log.read(number, 0, end) for number, end in many.log.ends().items()]
    published = [sum(b"hall.reference." in raw[:64] for _, raw in each) for each in held]
    assert published == [5, 5]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stopped", [True, False])
def test_states_read_again_from_the_log_are_the_same_and_nothing_is_added(
    tmp_path: Path, seed: int, stopped: bool
) -> None:
    print("seed", seed)
    owned = opened(tmp_path)
    lived(owned, seed, 0.7)
    if stopped:
        owned.owner.stop()
        owned.settle()
    before, known = owned.findings(), owned.states
    again = SqlState(states_in(tmp_path, "again"))
    owned.owner = owned.another(again)
    owned.settle()
    assert owned.findings() == before
    subjects = sorted({record.subject for record in owned.records()})
    states = known.load(0, subjects)
    assert any(state.replans for state in states.values())
    for subject, state in states.items():
        assert encode_state(again.load(0, [subject])[subject]) == encode_state(state)
    assert again.publications.read(0) == known.publications.read(0)


def test_killed_between_the_notice_and_the_plans_it_goes_on_where_it_was(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until(NOTICE)
    put(owned, new_calendar(HOLIDAY, since=NOTICE))
    deaths = iter([True, True, False])
    owned.log.dies = lambda _entries, added: bool(added) and next(deaths, False)
    assert owned.until("2018-11-05 10:00:00") == 2
    assert levels(owned)[1:] == [f"yellow {MOVED_YELLOW}", f"red {MOVED_RED}"]
    assert replans(owned) == [NOTICE]


def test_a_calendar_published_ahead_plans_anew_when_it_comes_into_force(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.settle()
    put(owned, new_calendar(HOLIDAY, since="2018-10-19 00:00:00"), at("2018-10-16 09:00:00"))
    owned.until("2018-10-18 23:59:59")
    owned.put(event("urged", "2018-10-18 12:00:00", actor_ref="o-1"))
    owned.settle()
    assert (replans(owned), len(dues(owned))) == ([], 1)
    owned.until("2018-10-19 00:00:01")
    assert replans(owned) == ["2018-10-19 00:00:00"]
    assert dues(owned)[-1] == f"{MOVED_YELLOW} {cn(HOLIDAY).version}"


def test_whom_a_new_calendar_does_not_concern_gets_no_tick(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until("2018-10-16 10:00:00")
    put(owned, new_calendar(HOLIDAY, since="2018-10-16 10:00:00", name="port"))
    owned.until("2018-10-16 12:00:00")
    (row,) = owned.states.due(0, at("2018-12-01 00:00:00"), 9)
    assert local(row.tick_us - 5_000_001) == "2018-10-19 10:00:00"
    assert not owned.owner.turn()
    owned.until("2018-11-05 10:00:00")
    assert replans(owned) == []
    assert levels(owned)[-1] == "red 2018-10-29 10:00:00"


def test_the_same_calendar_published_again_plans_nothing_anew(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until("2018-10-16 10:00:00")
    put(owned, calendar_record(CN, owned.now_us, governs=True))
    owned.until("2018-10-16 12:00:00")
    assert replans(owned) == []


def test_a_suspended_case_is_planned_anew_before_it_is_judged_again(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.settle()
    state = owned.states.load(0, ["C-1"])["C-1"].copy()
    state.suspended_from, state.next_tick_us = 3, None
    position = owned.owner.owners[0].position
    owned.states.commit(position, position, {"C-1": state})
    put(owned, new_calendar(HOLIDAY, since=NOTICE), at(NOTICE))
    owned.until("2018-10-21 09:30:00")
    assert replans(owned) == []
    owned.put(event("released", "2018-10-21 09:30:00", actor_ref="o-1", reason="mended"))
    owned.settle()
    assert replans(owned) == [NOTICE]
    assert dues(owned)[-1] == f"{MOVED_YELLOW} {cn(HOLIDAY).version}"


def test_cases_on_the_time_of_their_import_are_not_planned_anew(tmp_path: Path) -> None:
    limits = {"promised_limit": "7 working_day", "matter": "M-1", "department": "D-1"}
    notice = recorded(new_calendar(HOLIDAY, since=NOTICE), NOTICE)

    def planned(timeline: str | None) -> int:
        records = [
            recorded(calendar_record(CN, BEGINNING_US, governs=True), "2018-10-15 08:00:00"),
            fact("accepted", "2018-10-15 10:00:00", timeline=timeline, **limits),
            notice,
            fact("urged", "2018-10-22 10:00:00", timeline=timeline, actor_ref="o"),
        ]
        made = list(simulate(records, using()))
        return sum(isinstance(r.data, ClockReached) and r.data.what == "replan" for r in made)

    assert planned("import@1") == 0
    assert planned("evidence/import@1") == 1
    assert planned(None) == 1


def test_a_new_calendar_that_cannot_be_read_stops_its_partition_until_it_is_skipped(
    tmp_path: Path,
) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.settle()
    good = new_calendar(HOLIDAY, since=NOTICE)
    data = replace(good.data, sha256="0" * 64)  # type: ignore[type-var]
    put(owned, replace(good, data=data, id="spoilt"), at(NOTICE))
    owned.put(event("urged", "2018-10-20 09:30:00", actor_ref="o-1"))
    owned.until("2018-10-21 10:00:00")
    error = owned.owner.report.unreadable[0]
    before = owned.states.positions()[0]
    assert error.details["offset"] == before
    ((_, raw),) = owned.log.read(0, before, 1)
    skip(owned, 0, before, raw)
    owned.settle()
    assert owned.owner.report.unreadable == {}
    assert owned.states.positions()[0] == owned.log.ends()[0]
    owned.start()
    owned.until("2018-11-05 10:00:00")
    assert levels(owned)[-1] == "red 2018-10-29 10:00:00"
    assert replans(owned) == []


def test_many_open_cases_are_planned_in_portions(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    cases = 520
    owned.put(*(accepted(subject=f"C-{number}") for number in range(cases)))
    owned.until("2018-10-16 10:00:00")
    put(owned, new_calendar(HOLIDAY, since="2018-10-16 10:00:00"))
    owned.until("2018-10-16 10:00:01")
    ticks = [r.data for r in owned.records() if isinstance(r.data, ClockReached)]
    assert len(ticks) == cases
    assert {micros(tick.due_at) for tick in ticks} == {at("2018-10-16 10:00:00")}
    markers = [r.data.upto for r in owned.records() if isinstance(r.data, SupervisionJudged)]
    assert markers, "the log says up to where it was judged"
