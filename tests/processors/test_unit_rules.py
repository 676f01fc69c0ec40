"""Each unit rule: what fires it, and what just does not. Office hours 9–12 and 13–17, Shanghai."""

from collections.abc import Sequence

import pytest

from ledger.errors import PackInvalid
from processors.supervision.unit_rules import UNIT_RULES
from processors.supervision.unit_rules.unit_rule import (
    ACCEPTED,
    CARD_CONFIRMED,
    CARD_ENDED,
    NAMED,
    UnitFact,
    card_kind,
)
from tests.golden.language import at, calendar
from tests.processors.unit_periods import BASIS, figures, in_force, judged, period_of, row, rule

MONDAY = "2018-10-15 12:00:00"
YELLOW = card_kind("yellow")


def times(count: int, recorded: str, happened: str | None = None, **more: str) -> list[UnitFact]:
    return [row(recorded, happened, **more) for _ in range(count)]  # type: ignore[arg-type]


# --- 批量补录 ----------------------------------------------------------------------

BULK = rule("bulk-back-entry", "day", 'least = 3\ndelay = { amount = 1, unit = "working_day" }')
FRIDAY_TEN = "2018-10-12 10:00:00"


def test_completions_of_one_source_in_one_minute_a_working_day_late_are_a_bulk() -> None:
    rows = times(2, "2018-10-15 10:30:00", FRIDAY_TEN) + times(1, "2018-10-15 10:30:59", FRIDAY_TEN)
    found = figures(judged(BULK, rows, MONDAY))
    assert (found["completions"], found["bulks"]) == ("3", "1")
    assert found["minute"] == "2018-10-15T10:30"


@pytest.mark.parametrize(
    "third",
    [
        row("2018-10-15 10:31:00", FRIDAY_TEN),
        row("2018-10-15 10:30:00", FRIDAY_TEN, source="/other"),
        row("2018-10-15 10:30:00", "2018-10-12 10:30:00"),
        row("2018-10-15 10:30:00", FRIDAY_TEN, unit="D-2"),
        row("2018-10-15 10:30:00", FRIDAY_TEN, kind=ACCEPTED),
    ],
    ids=["next minute", "other source", "exactly a working day", "other unit", "acceptance"],
)
def test_one_that_is_not_of_the_same_bulk_makes_it_none(third: UnitFact) -> None:
    assert judged(BULK, [*times(2, "2018-10-15 10:30:00", FRIDAY_TEN), third], MONDAY) is None


def test_the_greatest_bulk_is_told_and_all_are_cited() -> None:
    few = times(3, "2018-10-15 10:30:00", FRIDAY_TEN)
    many = times(4, "2018-10-15 11:00:00", "2018-10-11 10:00:00")
    found = judged(BULK, few + many, MONDAY)
    assert found is not None
    assert figures(found)["completions"] == "4"
    assert list(found.evidence) == many + few


# --- 迟报 ------------------------------------------------------------------------

SLOW = rule(
    "slow-reporting", "day",
    'percentile = 95\ndelay = { amount = 1, unit = "working_day" }\nleast = 20',
)  # fmt: skip


def of_a_day(in_time: int, late: int) -> list[UnitFact]:
    accepted = times(in_time, "2018-10-15 10:00:00", kind=ACCEPTED)
    return accepted + times(late, "2018-10-15 10:00:01", FRIDAY_TEN)


def test_a_percentile_of_delays_beyond_the_span_is_slow() -> None:
    assert figures(judged(SLOW, of_a_day(18, 2), MONDAY)) == {"records": "20", "late": "2"}


@pytest.mark.parametrize(("in_time", "late"), [(19, 1), (0, 19), (38, 2), (20, 0)])
def test_a_percentile_within_the_span_or_too_few_records_are_not_slow(
    in_time: int, late: int
) -> None:
    assert judged(SLOW, of_a_day(in_time, late), MONDAY) is None


@pytest.mark.parametrize(
    ("delay", "late", "in_time"),
    [
        ('amount = 1, unit = "working_day"', "2018-10-12 09:59:59", "2018-10-12 10:00:00"),
        ('amount = 7, unit = "working_hour"', "2018-10-12 09:59:59", "2018-10-12 10:00:00"),
        ('amount = 3, unit = "natural_day"', "2018-10-12 09:59:59", "2018-10-12 10:00:00"),
        ('amount = 2, unit = "hour"', "2018-10-15 07:59:59", "2018-10-15 08:00:00"),
        ('amount = 90, unit = "minute"', "2018-10-15 08:29:59", "2018-10-15 08:30:00"),
    ],
)
def test_a_delay_counts_from_the_first_microsecond_beyond_its_span(
    delay: str, late: str, in_time: str
) -> None:
    one = rule("slow-reporting", "day", f"percentile = 100\ndelay = {{ {delay} }}\nleast = 1")
    assert judged(one, [row("2018-10-15 10:00:00", late)], MONDAY) is not None
    assert judged(one, [row("2018-10-15 10:00:00", in_time)], MONDAY) is None


def test_a_fact_that_lies_in_the_future_is_not_late() -> None:
    one = rule(
        "slow-reporting", "day",
        'percentile = 100\ndelay = { amount = 0, unit = "working_day" }\nleast = 1',
    )  # fmt: skip
    assert judged(one, [row("2018-10-15 10:00:00", "2018-10-15 11:00:00")], MONDAY) is None


# --- 非工作时间集中操作 -----------------------------------------------------------------

OUTSIDE = rule("outside-hours", "day", "least = 3\npercent = 50")


def happened(*local_times: str) -> list[UnitFact]:
    return [row("2018-10-15 18:00:00", each) for each in local_times]


def test_many_completions_while_the_office_is_closed_are_named() -> None:
    closed = happened("2018-10-14 10:00:00", "2018-10-15 12:30:00", "2018-10-15 17:00:00.000001")
    found = judged(OUTSIDE, closed + happened(*["2018-10-15 10:00:00"] * 3), MONDAY)
    assert figures(found) == {"completions": "6", "outside": "3"}


@pytest.mark.parametrize(
    "more",
    [["2018-10-15 12:30:00"], ["2018-10-15 12:30:00"] * 2 + ["2018-10-15 10:00:00"] * 3 + [MONDAY]],
    ids=["two outside", "a share below half"],
)
def test_too_few_or_too_small_a_share_are_not_named(more: list[str]) -> None:
    assert judged(OUTSIDE, happened("2018-10-14 10:00:00", *more), MONDAY) is None


def test_the_very_instants_of_opening_and_close_are_office_hours() -> None:
    edges = ["2018-10-15 09:00:00", "2018-10-15 12:00:00", "2018-10-15 13:00:00"]
    assert judged(OUTSIDE, happened(*edges, "2018-10-15 17:00:00"), MONDAY) is None


# --- 牌的累计 ----------------------------------------------------------------------

CARDS = rule("card-accumulation", "day", 'cards = 3\nlevel = "yellow"')


def card(when: str, card_id: str, kind: str = YELLOW, unit: str = "D-1") -> UnitFact:
    return row(when, kind=kind, about=card_id, unit=unit)


def ended(card_id: str, kind: str = CARD_ENDED) -> UnitFact:
    return row("2018-10-15 09:00:00", kind=kind, unit=card_id)


EARLIER = [card("2018-01-01 00:00:00", "k-1"), card("2018-06-01 09:00:00", "k-2")]
THIRD = card("2018-10-15 10:00:00", "k-3")


def test_the_third_yellow_card_of_a_year_counts_as_a_red_one() -> None:
    found = judged(CARDS, [*EARLIER, THIRD], MONDAY)
    assert found is not None
    assert figures(found) == {"level": "yellow", "cards": "3", "group": "1"}
    assert list(found.evidence) == [*EARLIER, THIRD]


@pytest.mark.parametrize(
    "rows",
    [
        EARLIER,
        [*EARLIER, card("2017-12-31 23:59:59.999999", "k-0")],
        [*EARLIER, card("2018-10-16 00:00:00", "k-4")],
        [*EARLIER, card("2018-10-15 10:00:00", "k-4", card_kind("red"))],
        [*EARLIER, card("2018-10-15 10:00:00", "k-4", unit="D-2")],
        [*EARLIER, EARLIER[1]._replace(offset=9_999)],
        [*EARLIER, THIRD, ended("k-1")],
        [*EARLIER, card("2018-10-15 10:00:00", "k-5", card_kind("yellow", waiting=True))],
    ],
    ids=[
        *("two", "last year's", "tomorrow's", "another level", "another unit", "a repeat"),
        *("one taken back", "one not confirmed"),
    ],
)
def test_what_is_no_third_standing_card_of_the_year_counts_for_nothing(
    rows: Sequence[UnitFact],
) -> None:
    assert judged(CARDS, rows, MONDAY) is None


def test_a_card_that_waited_counts_once_a_person_has_confirmed_it() -> None:
    waiting = card("2018-10-15 10:00:00", "k-5", card_kind("yellow", waiting=True))
    rows = [*EARLIER, waiting, ended("k-5", CARD_CONFIRMED)]
    assert judged(CARDS, rows, MONDAY) is not None


def test_a_full_number_is_named_once_and_then_the_next_one() -> None:
    named = row("2018-10-15 23:59:59", kind=NAMED, about="card-accumulation")
    other = row("2018-10-14 23:59:59", kind=NAMED, about="outside-hours")
    first = [*EARLIER, THIRD, other]
    assert judged(CARDS, first, MONDAY) is not None
    five = [*first, named, card("2018-10-16 09:00:00", "k-6"), card("2018-10-16 09:00:00", "k-7")]
    assert judged(CARDS, five, "2018-10-16 12:00:00") is None
    sixth = card("2018-10-17 09:00:00", "k-8")
    found = judged(CARDS, [*five, sixth], "2018-10-17 12:00:00")
    assert figures(found)["group"] == "2"
    assert found is not None
    assert sixth in found.evidence
    assert THIRD not in found.evidence


# --- 部门无办件 ---------------------------------------------------------------------

SILENT = rule("silent-department", "week", "usual = 2\nperiods = 3")
WEEK = "2018-10-31 12:00:00"  # the week of Monday 29 October


def accepted(*local_times: str, unit: str = "D-1", about: str = "M-1") -> list[UnitFact]:
    return [row(each, kind=ACCEPTED, unit=unit, about=about) for each in local_times]


USUAL = accepted(
    *("2018-10-08 00:00:00", "2018-10-14 23:59:59"),
    *("2018-10-15 10:00:00", "2018-10-16 10:00:00"),
    *("2018-10-22 10:00:00", "2018-10-28 23:59:59.999999"),
)


def test_a_department_with_cases_in_each_earlier_period_and_none_in_this_one_is_silent() -> None:
    found = judged(SILENT, USUAL, WEEK)
    assert figures(found) == {"usual": "2", "periods": "3"}
    assert found is not None
    assert list(found.evidence) == USUAL[-2:]


@pytest.mark.parametrize(
    "rows",
    [USUAL[1:], USUAL + accepted("2018-10-29 00:00:00"), []],
    ids=["fewer than usual in one", "one in this period", "never any"],
)
def test_a_department_with_a_case_or_without_a_habit_is_not_silent(rows: list[UnitFact]) -> None:
    assert judged(SILENT, rows, WEEK) is None


def test_a_case_of_the_next_period_does_not_break_the_silence() -> None:
    assert judged(SILENT, USUAL + accepted("2018-11-05 00:00:00"), WEEK) is not None


def test_days_off_are_neither_silent_nor_usual() -> None:
    daily = rule("silent-department", "day", "usual = 1\nperiods = 2")
    rows = accepted("2018-10-11 10:00:00", "2018-10-12 10:00:00")
    assert judged(daily, rows, "2018-10-13 12:00:00") is None
    assert judged(daily, rows, "2018-10-14 12:00:00") is None
    assert judged(daily, rows, MONDAY) is not None
    assert judged(daily, rows[:1], MONDAY) is None


SIBLINGS = rule("silent-department", "week", "usual = 2\nperiods = 3\nsiblings = 2")
OTHERS = accepted("2018-10-29 10:00:00", "2018-11-04 23:59:59", unit="D-2")


def test_a_department_whose_matters_others_had_cases_of_is_silent_without_a_habit() -> None:
    found = judged(SIBLINGS, [USUAL[0], *OTHERS], WEEK)
    assert figures(found) == {"elsewhere": "2"}
    assert found is not None
    assert list(found.evidence) == [USUAL[0], *OTHERS]


@pytest.mark.parametrize(
    "rows",
    [
        [USUAL[0], OTHERS[0]],
        [USUAL[0], OTHERS[0], *accepted("2018-10-30 10:00:00", unit="D-2", about="M-2")],
        [USUAL[0], OTHERS[0], *accepted("2018-11-05 00:00:00", unit="D-2")],
        [*USUAL[:1], *OTHERS, *accepted("2018-10-29 10:00:00")],
        OTHERS,
    ],
    ids=["one elsewhere", "another matter", "next week", "one of its own", "never had any"],
)
def test_what_others_do_says_nothing_if_it_is_not_enough_or_not_the_same(
    rows: list[UnitFact],
) -> None:
    assert judged(SIBLINGS, rows, WEEK) is None


# --- periods and packs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start", "close"),
    [
        ("minute", "2018-11-14 10:20:00", "2018-11-14 10:21:00"),
        ("day", "2018-11-14 00:00:00", "2018-11-15 00:00:00"),
        ("week", "2018-11-12 00:00:00", "2018-11-19 00:00:00"),
        ("month", "2018-11-01 00:00:00", "2018-12-01 00:00:00"),
        ("quarter", "2018-10-01 00:00:00", "2019-01-01 00:00:00"),
        ("year", "2018-01-01 00:00:00", "2019-01-01 00:00:00"),
    ],
)
def test_a_period_holds_its_start_and_not_its_close(name: str, start: str, close: str) -> None:
    for inside in ("2018-11-14 10:20:30", start):
        found = period_of(name, inside)  # type: ignore[arg-type]
        assert (found.start_us, found.close_us) == (at(start), at(close))
    assert period_of(name, close).start_us == at(close)  # type: ignore[arg-type]


GOOD = f'[[unit_rule]]\nname = "outside-hours"\nperiod = "day"\n{BASIS}\nleast = 3\npercent = 50\n'


def test_a_pack_switches_unit_rules_on_with_basis_period_and_parameters() -> None:
    (made,) = in_force(GOOD)
    assert (made.name, made.period, made.basis) == ("outside-hours", "day", "《真实性规则》")
    assert made.parameters == (3, 50)
    assert in_force("") == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "outside-hours"', 'name = "inside-hours"', "unit_rule[0].name"),
        ('period = "day"', 'period = "decade"', "unit_rule[0].period"),
        (BASIS, "", "unit_rule[0].basis"),
        ("least = 3", "", "unit_rule[0].least"),
        ("percent = 50", "percent = 101", "unit_rule[0].percent"),
        ("percent = 50", "percent = 50\nmost = 1", "unit_rule[0].most"),
    ],
)
def test_what_a_pack_may_not_say_is_refused_by_its_key(old: str, new: str, key: str) -> None:
    with pytest.raises(PackInvalid) as refused:
        in_force(GOOD.replace(old, new))
    assert f"'{key}'" in str(refused.value)


def test_every_unit_rule_says_what_it_means_in_both_languages_and_what_its_parameters_are() -> None:
    for name, made in UNIT_RULES.items():
        assert made.name == name
        assert made.meaning
        assert made.meaning_en
        assert made.parameters


def test_spans_that_wake_a_rule_begin_no_later_than_what_it_reads() -> None:
    for each in (BULK, SLOW, OUTSIDE, CARDS, SILENT):
        period = period_of(each.period, WEEK)
        spans = UNIT_RULES[each.name].wakes(period, each.parameters, calendar())
        assert min(span.from_us for span in spans) <= period.start_us
