"""The demo hall's catalogue, days and stories, judged by their events alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest

from consoles.demo.acts import SeenCard, acts_on
from consoles.demo.days import Hall, whole_day
from consoles.demo.facts import Sending
from consoles.demo.stream import stream
from consoles.demo.town import START_DAY, ZONE, county, start_instant
from consoles.demo.workday import arrivals, hall_time
from ledger import wire
from ledger.drivers.calendar_files import load_calendar
from ledger.events import SOURCE_TYPES
from ledger.work_calendar import WorkCalendar

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
START = start_instant(1)
SEEDS = (1, 2, 7)
CALENDAR = WorkCalendar(load_calendar("cn"))
HOURS = hall_time(CALENDAR)


def hall(seed: int) -> Hall:
    return Hall(seed=seed, town=county(), hours=HOURS)


def minutes_of_stream(seed: int, minutes: int) -> list[Sending]:
    until = START + minutes * MINUTE
    return list(takewhile(lambda each: each.at_us <= until, stream(hall(seed), START)))


# --- the catalogue ---


def test_the_county_has_about_forty_departments_and_three_hundred_matters() -> None:
    town = county()
    assert 36 <= len(town.departments) <= 44
    assert 270 <= len(town.matters) <= 340
    assert len({department.code for department in town.departments}) == len(town.departments)
    assert len({matter.code for matter in town.matters}) == len(town.matters)
    assert len({matter.name_zh for matter in town.matters}) == len(town.matters)
    assert len({matter.name_en for matter in town.matters}) == len(town.matters)


def test_every_matter_belongs_to_a_department_and_has_stages_and_a_known_handling_type() -> None:
    town = county()
    codes = {department.code for department in town.departments}
    assert {matter.department for matter in town.matters} == codes
    for matter in town.matters:
        assert matter.stages
        assert matter.handling_type in {"immediate", "promised", "joint", "reported"}


def test_no_promise_is_longer_than_the_statute() -> None:
    for matter in county().matters:
        assert 1 <= matter.promised_limit.amount <= matter.statutory_limit.amount, matter.code
        assert matter.promised_limit.unit == matter.statutory_limit.unit, matter.code


def test_most_limits_are_working_days_and_a_few_are_natural_days_or_working_hours() -> None:
    units = Counter(matter.promised_limit.unit for matter in county().matters)
    assert set(units) == {"working_day", "natural_day", "working_hour"}
    assert units["working_day"] > 0.9 * units.total()


def test_the_demo_starts_at_nine_on_a_working_tuesday() -> None:
    assert datetime.fromtimestamp(START // SECOND, tz=ZONE).isoformat() == (
        "2026-11-24T09:00:00+08:00"
    )
    assert START_DAY.weekday() == 1
    assert start_instant(1) == start_instant(2)


# --- determinism ---


def test_the_same_seed_tells_the_same_story() -> None:
    first = list(islice(stream(hall(5), START), 4_000))
    assert list(islice(stream(hall(5), START), 4_000)) == first


# --- the events ---


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_every_event_is_taken_by_the_ledger_s_own_check(seed: int) -> None:
    sendings = minutes_of_stream(seed, 26 * 60)
    assert len(sendings) > 5_000
    for sending in sendings:
        wire.accept(sending.event, SOURCE_TYPES)


@pytest.mark.parametrize("level", ["warning", "yellow", "red"])
def test_every_human_act_is_taken_by_the_ledger_s_own_check(level: str) -> None:
    acts = [
        act
        for number in range(20)
        for act in acts_on(
            SeenCard(
                card_id=f"card-{number}",
                case="430121-20261124-0001",
                level=level,
                department="SCJ",
                since_us=START,
            ),
            1,
            HOURS,
        )
    ]
    for act in acts:
        wire.accept(act.event, SOURCE_TYPES)
        assert act.event["subject"] == "430121-20261124-0001"
        assert act.time_us > START
        assert CALENDAR.segments(act.time_us, act.time_us + 1), "outside office hours"
    expected = {"signed"}
    if level != "warning":
        expected |= {"explained", "rectification-ordered", "rectified"}
    assert {act.type.removeprefix("hall.card.").removesuffix(".v1") for act in acts} == expected


def test_a_name_means_one_event_and_a_repeat_is_the_same_byte_for_byte() -> None:
    known: dict[tuple[Any, ...], Any] = {}
    repeats = 0
    for sending in minutes_of_stream(1, 26 * 60):
        event = sending.event
        name = (event["subject"], event["source"], event["id"])
        repeats += name in known
        assert known.setdefault(name, event) == event
    assert 5 <= repeats <= 0.02 * len(known)


def test_nothing_is_sent_before_it_happened_and_what_is_sent_comes_in_order_of_sending() -> None:
    sendings = minutes_of_stream(2, 26 * 60)
    assert all(sending.time_us <= sending.at_us for sending in sendings)
    moments = [sending.at_us for sending in sendings]
    assert moments == sorted(moments)


def test_no_event_carries_a_stamp_of_the_ledger_or_anything_but_text_and_whole_numbers() -> None:
    def leaves(value: Any) -> Iterable[Any]:
        if isinstance(value, dict):
            for item in value.values():
                yield from leaves(item)
        elif isinstance(value, list):
            for item in value:
                yield from leaves(item)
        else:
            yield value

    for sending in minutes_of_stream(1, 8 * 60):
        assert "recordedtime" not in sending.event
        assert all(type(leaf) in (str, int, bool) for leaf in leaves(sending.event))


def test_every_family_of_a_case_s_life_and_all_outcomes_happen_within_weeks() -> None:
    days = [START_DAY + timedelta(days=number) for number in range(28)]
    sendings = [each for day in days for each in whole_day(hall(3), day)]
    types = {each.type for each in sendings}
    expected = {
        *(f"hall.case.{what}.v1" for what in _CASE_FACTS),
        *(f"hall.queue.{what}.v1" for what in ("ticket-drawn", "called", "served", "abandoned")),
        "hall.unit.attendance-noted.v1",
    }
    assert types == expected
    data: list[Any] = [each.event["data"] for each in sendings]
    outcomes = {
        item["outcome"]
        for item, each in zip(data, sendings, strict=True)
        if each.type == "hall.case.completed.v1"
    }
    assert len(outcomes) == 9
    scores = Counter(item["score"] for item in data if "score" in item)
    assert set(scores) <= {1, 2, 3, 4, 5}
    assert scores[1] + scores[2] > 0.95 * scores.total()


_CASE_FACTS = (
    "received",
    "pre-reviewed",
    "correction-requested",
    "correction-received",
    "accepted",
    "acceptance-refused",
    "transferred",
    "stage-started",
    "stage-finished",
    "part-dispatched",
    "part-replied",
    "urged",
    "clock-stopped",
    "clock-resumed",
    "extended",
    "decided",
    "completed",
    "certificate-issued",
    "delivered",
    "fee-charged",
    "fee-paid",
    "rated",
    "amended",
)


def test_some_facts_are_late_some_cases_are_orphans_and_some_pairs_come_in_wrong_order() -> None:
    days = [START_DAY + timedelta(days=number) for number in range(10)]
    sendings = [each for day in days for each in whole_day(hall(4), day)]
    late = [each for each in sendings if each.at_us - each.time_us >= 20 * MINUTE]
    assert 0.005 * len(sendings) < len(late) < 0.1 * len(sendings)
    by_case: dict[Any, list[Sending]] = {}
    for each in sendings:
        if each.type.startswith("hall.case."):
            by_case.setdefault(each.event["subject"], []).append(each)
    orphans = [
        case
        for case, facts in by_case.items()
        if {"hall.case.completed.v1"} <= {each.type for each in facts}
        and "hall.case.accepted.v1" not in {each.type for each in facts}
    ]
    assert 1 <= len(orphans) <= 0.01 * len(by_case)
    swapped = [
        case
        for case, facts in by_case.items()
        if any(a.time_us < b.time_us and a.at_us > b.at_us for a, b in pairwise(facts))
    ]
    assert len(swapped) > 5


# --- the shape of the day ---


@pytest.mark.parametrize("seed", SEEDS)
def test_mornings_are_busy_lunch_is_quiet_and_nobody_comes_outside_the_hours(seed: int) -> None:
    hours = Counter(
        datetime.fromtimestamp(us // SECOND, tz=ZONE).hour
        for number in range(14)
        for us in arrivals(seed, START_DAY + timedelta(days=number), HOURS)
    )
    assert set(hours) <= set(range(9, 17))
    morning = hours[9] + hours[10] + hours[11]
    afternoon = hours[13] + hours[14] + hours[15] + hours[16]
    assert morning > afternoon
    assert 0 < hours[12] < 0.04 * hours.total()


def test_nobody_arrives_on_a_day_that_is_not_worked() -> None:
    saturday = date(2026, 11, 28)
    assert arrivals(1, saturday, HOURS) == []
    assert list(whole_day(hall(1), saturday)) == []
    closed = replace(HOURS, is_working_day=lambda _: False)
    assert arrivals(1, START_DAY, closed) == []


def test_the_stream_goes_on_over_the_weekend_into_the_next_week() -> None:
    monday = START + 6 * 24 * HOUR
    sendings = takewhile(lambda each: each.at_us < monday + HOUR, stream(hall(1), START))
    received = {
        CALENDAR.local_day(each.time_us)
        for each in sendings
        if each.type == "hall.case.received.v1"
    }
    assert {date(2026, 11, 27), date(2026, 11, 30)} <= received
    assert not {date(2026, 11, 28), date(2026, 11, 29)} & received
