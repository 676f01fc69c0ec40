"""The demo hall's opening stock and its quiet: which cards time and facts will bring, and when.

The estimate here folds the events on its own and knows the province's three thresholds; the last
test asks the supervision itself.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import takewhile
from typing import Any

import pytest

from consoles.demo import scripts
from consoles.demo.days import Hall, arriving, told
from consoles.demo.facts import Sending
from consoles.demo.opening_stock import OpeningStock, opening_stock
from consoles.demo.stream import stream
from consoles.demo.town import START_DAY, county, start_instant
from consoles.demo.workday import hall_time
from ledger import wire
from ledger.drivers.calendar_files import load_calendar
from ledger.events import SOURCE_TYPES
from ledger.findings import CardIssued, CardRescinded, CaseUnjudged
from ledger.record import AnyRecord, instant, micros
from ledger.work_calendar import WorkCalendar
from processors.drivers.pack_files import load_packs
from processors.simulate import simulate
from processors.supervision.policy import Policy

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 7 * HOUR
START = start_instant(1)
SEEDS = (1, 2, 7, 2026)
NOT_YET = START + 366 * 24 * HOUR
STEP = {"working_day": DAY, "working_hour": HOUR}
CALENDAR = WorkCalendar(load_calendar("cn"))
HOURS = hall_time(CALENDAR)


def later(us: int, working_us: int) -> int:
    """Return the last instant at which `working_us` of office time have passed since `us`."""
    return CALENDAR.last_instant(CALENDAR.worked_us(us) + working_us)


def between(since: int, until: int) -> int:
    return CALENDAR.worked_us(until) - CALENDAR.worked_us(since)


def hall(seed: int) -> Hall:
    return Hall(seed=seed, town=county(), hours=HOURS)


@cache
def stock(seed: int) -> OpeningStock:
    return opening_stock(hall(seed), START)


@dataclass
class Heard:
    """What supervision would know of one case: facts of its clock, and when each was told."""

    accepted: int | None = None
    told: int = 0
    promised: tuple[int, str] = (0, "")
    statutory: tuple[int, str] = (0, "")
    stops: list[tuple[int, int, int, int]] = field(default_factory=list)
    ended: int | None = None
    ended_told: int | None = None


def hear(sendings: Iterable[Sending]) -> dict[str, Heard]:
    """Fold the facts of the case clock, each as it was first told, in order of time."""
    cases: dict[str, Heard] = {}
    seen: set[str] = set()
    for each in sorted(sendings, key=lambda each: (each.time_us, each.at_us)):
        event: Any = each.event
        if event["id"] in seen:
            continue
        seen.add(event["id"])
        case, data = cases.setdefault(event["subject"], Heard()), event["data"]
        match event["type"]:
            case "hall.case.accepted.v1":
                case.accepted, case.told = each.time_us, each.at_us
                case.promised = (data["promised_limit"]["amount"], data["promised_limit"]["unit"])
                case.statutory = (data["statutory_limit"]["amount"], data["promised_limit"]["unit"])
            case "hall.case.clock-stopped.v1":
                applied = data["applied"]["amount"] * DAY
                case.stops.append((each.time_us, each.at_us, applied, NOT_YET))
            case "hall.case.clock-resumed.v1":
                begin, at, applied, _ = case.stops.pop()
                case.stops.append((begin, at, applied, each.time_us))
            case "hall.case.completed.v1":
                case.ended, case.ended_told = each.time_us, each.at_us
            case _:
                pass
    return cases


def thresholds(case: Heard, *, known_by: int | None = None) -> dict[str, int]:
    """Return the instants at which a case exceeds its thresholds under the province's pack."""
    (promised, unit), (statutory, _) = case.promised, case.statutory
    if case.accepted is None or unit not in STEP:
        return {}
    budgets = {"yellow": promised * STEP[unit], "red": statutory * STEP[unit]}
    if promised > 3:
        budgets["warning"] = (promised - 3) * STEP[unit]
    return {
        level: _exceeds(case, case.accepted, budget, known_by) for level, budget in budgets.items()
    }


def _exceeds(case: Heard, accepted: int, budget: int, known_by: int | None) -> int:
    instant = later(accepted, budget)
    for begin, at, applied, end in sorted(case.stops):
        if begin < instant and (known_by is None or at <= known_by):
            resumed = min(later(begin, applied), end)
            instant = later(instant, between(begin, resumed))
    return instant


def cards_of(case: Heard) -> dict[str, int]:
    """Return the cards a case gets, by what was told at the time, and their instants."""
    return {
        level: instant
        for level, instant in thresholds(case).items()
        if case.ended_told is None or max(instant, case.told) + 5 * SECOND < case.ended_told
    }


# --- quiet ---


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_between_one_in_two_thousand_and_one_in_a_hundred_cases_get_a_card(seed: int) -> None:
    sendings: list[Sending] = []
    for number in range(28):
        for arrival in arriving(hall(seed), START_DAY + timedelta(days=number)):
            sendings.extend(told(hall(seed), arrival.frame, arrival.course))
    cases = hear(sendings)
    carded = [cards for case in cases.values() if (cards := cards_of(case))]
    assert len(cases) > 4_000
    assert 0.0005 <= len(carded) / len(cases) <= 0.01, Counter(map(max, carded))
    levels = Counter(level for cards in carded for level in cards)
    assert levels["warning"] > levels["yellow"] >= levels["red"]


# --- the opening stock ---


def test_another_seed_has_other_cases_and_crosses_other_instants() -> None:
    one, two = stock(1), stock(2)
    assert {each.number for each in one.placed}.isdisjoint(each.number for each in two.placed)
    assert {each.crosses_us for each in one.placed} != {each.crosses_us for each in two.placed}
    ids = [{each.event["id"] for each in some.posted} for some in (one, two)]
    assert ids[0].isdisjoint(ids[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stock_holds_some_hundred_open_cases_told_as_facts_of_the_past(seed: int) -> None:
    opening = stock(seed)
    assert 400 <= opening.cases <= 600
    assert all(each.time_us <= each.at_us <= START for each in opening.posted)
    assert all(each.at_us > START for each in opening.later)
    assert not any(each.type.startswith("hall.finding.") for each in opening.posted)


@pytest.mark.parametrize("seed", SEEDS)
def test_by_time_alone_a_warning_a_yellow_and_a_red_card_are_due_in_the_first_ninety_minutes(
    seed: int,
) -> None:
    """Judge the posted facts, and of later ones only whether a case's end is told in time."""
    opening = stock(seed)
    whole = hear([*opening.posted, *opening.later])
    window = range(START + 3 * MINUTE, START + 90 * MINUTE)
    due = {
        (number, level, instant)
        for number, case in hear(opening.posted).items()
        for level, instant in thresholds(case, known_by=START).items()
        if instant in window and (whole[number].ended_told or 0) > instant
    }
    expected = {
        (each.number, each.script.crosses, each.crosses_us)
        for each in opening.placed
        if each.script in scripts.FIRST_MORNING
    }
    red_alone = {(number, "yellow", instant) for number, level, instant in due if level == "red"}
    assert due - red_alone == expected
    assert {level for _, level, _ in expected} == {"warning", "yellow", "red"}


@pytest.mark.parametrize("seed", SEEDS)
def test_at_most_three_older_cards_stand_when_the_stock_is_posted(seed: int) -> None:
    """Every stop was told in its time, so that the weeks before were as quiet as they look."""
    standing = Counter(
        level
        for case in hear(stock(seed).posted).values()
        if case.ended is None
        for level in _highest(thresholds(case, known_by=START), START)
    )
    assert standing == {"yellow": 2, "red": 1}


def _highest(instants: dict[str, int], now: int) -> list[str]:
    crossed = [level for level in ("red", "yellow", "warning") if instants.get(level, now) < now]
    return crossed[:1]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_card_is_contradicted_by_a_fact_of_the_day_before_that_is_uploaded_later(
    seed: int,
) -> None:
    opening = stock(seed)
    [late] = [each for each in opening.placed if each.script.then == "uploaded-late"]
    [upload] = [
        each
        for each in opening.later
        if each.event["subject"] == late.number
        and each.type in ("hall.case.completed.v1", "hall.case.clock-stopped.v1")
        and each.time_us < START
    ]
    assert late.crosses_us + 5 * MINUTE < upload.at_us < START + 90 * MINUTE
    whole = hear([*opening.posted, *opening.later])[late.number]
    assert whole.ended is not None
    assert whole.ended < thresholds(whole)["yellow"]


def test_over_many_seeds_the_contradiction_is_now_a_completion_and_now_a_stop() -> None:
    kinds = set()
    for seed in range(40, 56):
        for each in scripts.placed(hall(seed), START):
            if each.script.then == "uploaded-late":
                kinds |= {s.type for s in each.sendings if s.time_us < START < s.at_us}
    assert {"hall.case.completed.v1", "hall.case.clock-stopped.v1"} <= kinds


@pytest.mark.parametrize("seed", SEEDS)
def test_a_special_procedure_begins_soon_on_the_case_that_was_just_warned(seed: int) -> None:
    opening = stock(seed)
    [warned] = [each for each in opening.placed if each.script.then == "stops"]
    [stop] = [
        each
        for each in opening.later
        if each.event["subject"] == warned.number and each.type == "hall.case.clock-stopped.v1"
    ]
    assert warned.crosses_us < stop.time_us <= stop.at_us < START + 30 * MINUTE
    whole = hear([*opening.posted, *opening.later])[warned.number]
    assert set(cards_of(whole)) == {"warning"}


@pytest.mark.parametrize("seed", SEEDS)
def test_afterwards_a_card_follows_every_few_hours_of_office_time(seed: int) -> None:
    until = START + 6 * 24 * HOUR
    sendings = list(takewhile(lambda each: each.at_us < until, stream(hall(seed), START)))
    instants = sorted(
        instant
        for case in hear(sendings).values()
        for instant in cards_of(case).values()
        if START + 2 * HOUR < instant < until - 24 * HOUR
    )
    by_day = Counter(CALENDAR.local_day(instant) for instant in instants)
    for day in (START_DAY, *(START_DAY + timedelta(days=number) for number in (1, 2, 3))):
        assert 1 <= by_day[day] <= 8, by_day


# --- judged by the supervision itself ---


@pytest.mark.parametrize("seed", SEEDS)
def test_supervision_issues_the_placed_cards_to_the_second_and_takes_one_back(seed: int) -> None:
    policy = Policy(
        packs=load_packs(),
        default_pack="hunan",
        calendars={"cn": CALENDAR},
        default_calendar="cn",
    )
    until = START + 2 * HOUR
    sendings = takewhile(lambda each: each.at_us <= until, stream(hall(seed), START))
    issued: set[tuple[str, str, int]] = set()
    rescinded: list[str] = []
    others: list[str] = []
    for record in simulate(_recorded(sendings), policy, until):
        if isinstance(record.data, CardIssued) and record.data.rule == "handling-limit":
            effective_us = micros(record.data.effective_at)
            issued.add((record.subject, record.data.level, effective_us))
        elif isinstance(record.data, CardIssued):
            others.append(record.subject)
        elif isinstance(record.data, CardRescinded):
            rescinded.append(record.subject)
        assert not isinstance(record.data, CaseUnjudged)
    placed = {each.script.then: each for each in scripts.placed(hall(seed), START)}
    expected = {
        (each.number, each.script.crosses, each.crosses_us)
        for each in scripts.placed(hall(seed), START)
        if each.script in (*scripts.FIRST_MORNING, *scripts.STANDING)
    }
    older = {card for card in issued - expected if card[2] < START}
    numbers = {each.number for each in scripts.placed(hall(seed), START)}
    assert {number for number, _, _ in older} <= numbers
    assert (placed["grown"].number, "yellow") in {(number, level) for number, level, _ in older}
    assert issued - older == expected
    assert rescinded == [placed["uploaded-late"].number]
    assert len(others) <= 10


def _recorded(sendings: Iterable[Sending]) -> Iterable[AnyRecord]:
    """Yield the records a ledger would hold: stamped when they come, repeats left out."""
    seen: set[tuple[Any, ...]] = set()
    for each in sendings:
        name = (each.event["subject"], each.event["source"], each.event["id"])
        if name not in seen:
            seen.add(name)
            record, _ = wire.accept(each.event, SOURCE_TYPES)
            yield replace(record, recordedtime=instant(each.at_us))
