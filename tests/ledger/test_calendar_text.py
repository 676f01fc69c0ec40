"""A calendar as text: what comes back is the calendar, and equal calendars have equal texts."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ledger.calendar_text import calendar_from_text, calendar_to_text
from ledger.drivers.calendar_files import content_digest, load_calendars
from ledger.errors import CalendarInvalid
from ledger.work_calendar import CalendarSpec, DayRule, OfficeHours

SHIPPED = load_calendars().specs

SMALL = CalendarSpec(
    name="office",
    version="1",
    zone="Asia/Shanghai",
    office_hours=(
        OfficeHours(default=((540, 720), (780, 1020)), by_weekday={4: ((540, 720),)}),
        OfficeHours(since=date(2027, 5, 1), default=((480, 720), (840, 1080))),
    ),
    days={
        date(2027, 2, 5): DayRule(working=False, name="春节"),
        date(2027, 2, 4): DayRule(working=True, hours=((540, 720),)),
    },
    expected_days={date(2028, 4, 4): "清明节"},
    yearly_holidays={(10, 1): "国庆节", (1, 1): "元旦"},
    published_years=frozenset({2026, 2027}),
    standard_day_us=7 * 3_600_000_000,
)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_calendar_comes_back_as_it_was(name: str) -> None:
    spec = SHIPPED[name]
    again = calendar_from_text(calendar_to_text(spec))
    assert again == spec
    assert content_digest(again) == content_digest(spec)
    assert calendar_to_text(again) == calendar_to_text(spec)


def test_what_a_text_says_does_not_depend_on_the_order_in_which_days_were_laid() -> None:
    turned = replace(
        SMALL,
        days=dict(reversed(list(SMALL.days.items()))),
        yearly_holidays=dict(reversed(list(SMALL.yearly_holidays.items()))),
    )
    assert calendar_to_text(turned) == calendar_to_text(SMALL)
    assert calendar_from_text(calendar_to_text(turned)) == SMALL


@pytest.mark.parametrize("seed", range(20))
def test_generated_calendars_come_back(seed: int) -> None:
    print("seed", seed)
    dice = random.Random(seed)
    days = {
        date(2027, 1, 1) + timedelta(days=dice.randrange(365)): DayRule(
            working=True,
            name=dice.choice(["", "运动会", "停电"]),
            hours=dice.choice([None, ((540, 540 + dice.randrange(1, 400)),)]),
        )
        for _ in range(dice.randrange(30))
    }
    spec = replace(SMALL, days=days, working_weekdays=frozenset(dice.sample(range(7), 5)))
    assert calendar_from_text(calendar_to_text(spec)) == spec


def test_any_difference_makes_another_text() -> None:
    others = [
        replace(SMALL, days={**SMALL.days, date(2027, 2, 6): DayRule(working=False)}),
        replace(SMALL, published_years=frozenset({2026})),
        replace(SMALL, standard_day_us=None, office_hours=SMALL.office_hours[:1]),
        replace(SMALL, version="2"),
    ]
    assert len({calendar_to_text(each) for each in (SMALL, *others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('"zone":"Asia/Shanghai"', '"zone":8', "zone"),
        ('"published_years":[2026,2027]', '"published_years":[2026,"2027"]', "published_years[1]"),
        ('"working":false,"name":"春节"', '"working":0,"name":"春节"', "days.2027-02-05.working"),
        ('"2027-02-05"', '"2027-02-30"', "days.2027-02-30"),
        ('"10-01"', '"October"', "yearly_holidays.October"),
        ('[780,1020]', "[780]", "office_hours[0].default"),
        ('"name":"office",', '"name":"office","note":1,', "note"),
        ('"name":"office",', "", "name"),
        ("[540,720]", "[720,540]", "office_hours"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_calendar_is_refused_with_the_key_named(
    old: str, new: str, key: str
) -> None:
    text = calendar_to_text(SMALL)
    assert old in text
    with pytest.raises(CalendarInvalid) as refused:
        calendar_from_text(text.replace(old, new))
    assert refused.value.details["key"] == key


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(CalendarInvalid):
        calendar_from_text("cn 2027")
