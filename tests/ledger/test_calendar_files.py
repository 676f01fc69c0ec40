from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ledger.drivers.calendar_files import content_digest, load_calendar, load_calendars
from ledger.errors import CalendarInvalid
from ledger.work_calendar import CalendarSpec, DayRule, OfficeHours, WorkCalendar

HOUR_US = 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHINA = WorkCalendar(load_calendar("cn"))
COUNTY = WorkCalendar(load_calendar("example-county"))

MAKEUP_WORKDAYS = {
    2023: ["01-28", "01-29", "04-23", "05-06", "06-25", "10-07", "10-08"],
    2024: ["02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12"],
    2025: ["01-26", "02-08", "04-27", "09-28", "10-11"],
    2026: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}
HOLIDAYS = {
    2023: "01-01…01-02 01-21…01-27 04-05…04-05 04-29…05-03 06-22…06-24 09-29…10-06 12-30…12-31",
    2024: "01-01…01-01 02-10…02-17 04-04…04-06 05-01…05-05 06-10…06-10 09-15…09-17 10-01…10-07",
    2025: "01-01…01-01 01-28…02-04 04-04…04-06 05-01…05-05 05-31…06-02 10-01…10-08",
    2026: "01-01…01-03 02-15…02-23 04-04…04-06 05-01…05-05 06-19…06-21 09-25…09-27 10-01…10-07",
}


def us(text: str) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return (local - EPOCH) // timedelta(microseconds=1)


def wall(t_us: int) -> str:
    local = (EPOCH + timedelta(microseconds=t_us)).astimezone(ZoneInfo("Asia/Shanghai"))
    return local.replace(tzinfo=None).isoformat(" ")


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("year", "count"), [(2023, 249), (2024, 251), (2025, 248), (2026, 248)])
def test_working_days_of_a_published_year_are_counted_as_the_notice_says(
    year: int, count: int
) -> None:
    assert sum(CHINA.is_working_day(day) for day in days_of(year)) == count
    assert CHINA.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == count


@pytest.mark.parametrize("year", MAKEUP_WORKDAYS)
def test_working_weekend_days_are_exactly_the_makeup_workdays(year: int) -> None:
    worked = [day for day in days_of(year) if day.weekday() > 4 and CHINA.is_working_day(day)]
    assert [f"{day:%m-%d}" for day in worked] == MAKEUP_WORKDAYS[year]


@pytest.mark.parametrize("year", HOLIDAYS)
def test_weekdays_off_are_exactly_those_within_the_holidays(year: int) -> None:
    spans = [span.split("…") for span in HOLIDAYS[year].split()]
    for day in days_of(year):
        if day.weekday() < 5:
            inside = any(first <= f"{day:%m-%d}" <= last for first, last in spans)
            assert CHINA.is_working_day(day) != inside, day


@pytest.mark.parametrize(
    ("working_days", "used_up"),
    [(4, "2018-10-19 10:00:00"), (7, "2018-10-24 10:00:00"), (10, "2018-10-29 10:00:00")],
)
def test_hunan_working_days_from_monday_morning_are_used_up_to_the_second(
    working_days: int, used_up: str
) -> None:
    assert CHINA.standard_day_us == 7 * HOUR_US
    w_us = CHINA.worked_us(us("2018-10-15 10:00")) + working_days * CHINA.standard_day_us
    assert wall(CHINA.first_instant(w_us)) == used_up
    assert CHINA.last_instant(w_us) == CHINA.first_instant(w_us)


def test_statutory_days_do_not_count_the_day_of_acceptance_and_end_at_the_close() -> None:
    last_day = CHINA.nth_working_day_after(date(2018, 10, 15), 7)
    assert wall(CHINA.close_of(last_day)) == "2018-10-24 17:00:00"
    assert wall(CHINA.midnight_after(last_day)) == "2018-10-25 00:00:00"


def test_long_holiday_is_one_plateau_and_the_makeup_saturday_works_usual_hours() -> None:
    w_us = CHINA.worked_us(us("2026-09-30 17:00"))
    assert wall(CHINA.last_instant(w_us)) == "2026-10-08 09:00:00"
    assert CHINA.next_working_day(date(2026, 10, 9)) == date(2026, 10, 10)
    assert wall(CHINA.close_of(date(2026, 10, 10))) == "2026-10-10 17:00:00"


def test_limit_of_45_working_days_that_reaches_2027_is_computed_and_provisional() -> None:
    start_us = us("2026-11-23 10:00")
    due_us = CHINA.first_instant(CHINA.worked_us(start_us) + 45 * CHINA.standard_day_us)
    assert wall(due_us) == "2027-01-26 10:00:00"
    assert CHINA.provisional_from(start_us, due_us)
    assert not CHINA.provisional_from(start_us, us("2026-12-31 17:00"))


@pytest.mark.parametrize("day", ["01-01", "02-05", "02-08", "04-05", "06-09", "09-15", "10-01"])
def test_holidays_of_2027_that_the_law_names_are_days_off(day: str) -> None:
    assert not CHINA.is_working_day(date.fromisoformat(f"2027-{day}"))


def test_other_weekdays_of_2027_work_and_no_weekend_does() -> None:
    worked = [day for day in days_of(2027) if CHINA.is_working_day(day)]
    weekdays_off = 7  # of 13 named days, six of them on weekends
    assert len(worked) == 261 - weekdays_off
    assert all(day.weekday() < 5 for day in worked)


def test_days_remaining_count_down_to_the_first_unpublished_day() -> None:
    assert CHINA.days_remaining(us("2026-12-31 23:00")) == 1
    assert CHINA.days_remaining(us("2025-12-31 12:00")) == 366
    assert CHINA.days_remaining(us("2027-01-01 00:00")) == 0


def test_dutch_weekdays_say_that_nobody_published_their_holidays() -> None:
    calendar = WorkCalendar(load_calendar("nl-weekdays"))
    assert calendar.spec.zone == "Europe/Amsterdam"
    assert calendar.standard_day_us == 8 * HOUR_US
    assert calendar.provisional_from(us("2011-05-05 12:00"), us("2011-05-06 12:00"))
    assert calendar.days_remaining(us("2011-05-05 12:00")) == 0


def test_overlay_changes_its_own_days_and_leaves_the_others() -> None:
    assert not COUNTY.is_working_day(date(2026, 4, 20))
    assert CHINA.is_working_day(date(2026, 4, 20))
    assert COUNTY.is_working_day(date(2026, 10, 10)), "the national make-up workday stays"
    assert wall(COUNTY.close_of(date(2026, 12, 31))) == "2026-12-31 12:00:00"


def test_overlay_changes_office_hours_between_two_dates() -> None:
    closes = {
        "2026-05-29": "17:00:00",
        "2026-06-01": "18:00:00",
        "2026-06-05": "17:30:00",
        "2026-10-08": "17:00:00",
    }
    for day, close in closes.items():
        assert wall(COUNTY.close_of(date.fromisoformat(day))) == f"{day} {close}"
    assert COUNTY.standard_day_us == 7 * HOUR_US


def test_hours_without_a_first_day_replace_all_inherited_ones(tmp_path: Path) -> None:
    text = 'extends = "example-county"\n[[office_hours]]\ndefault = ["10:00-15:00"]'
    write(tmp_path, "village", text)
    calendar = WorkCalendar(load_calendar("village", tmp_path))
    assert wall(calendar.close_of(date(2026, 6, 5))) == "2026-06-05 15:00:00"


def test_halls_name_their_calendar() -> None:
    calendars = load_calendars()
    assert calendars.halls["example-county"] == "example-county"
    assert {"cn", "nl-weekdays", "example-county"} <= set(calendars.specs)


NOTICE_2027 = """
extends = "cn"
[[years]]
year = 2027
holidays = [{ from = 2026-12-31, to = 2027-01-02, name = "元旦" },
            { from = 2027-02-05, to = 2027-02-11, name = "春节" }]
workdays = [2027-02-13]
"""


def test_notice_publishes_a_later_year_and_replaces_what_was_expected(tmp_path: Path) -> None:
    write(tmp_path, "cn-2027", NOTICE_2027)
    calendar = WorkCalendar(load_calendar("cn-2027", tmp_path))
    assert not calendar.provisional_from(us("2026-12-01 09:00"), us("2027-12-31 17:00"))
    assert calendar.provisional_from(us("2027-12-31 17:00"), us("2028-01-01 00:00"))
    assert not calendar.is_working_day(date(2026, 12, 31)), "the notice arranges the day before"
    assert not calendar.is_working_day(date(2027, 2, 11))
    assert calendar.is_working_day(date(2027, 2, 13))
    assert calendar.is_working_day(date(2027, 4, 5)), "expected, but not in the notice"


def test_local_calendar_extends_another_local_calendar(tmp_path: Path) -> None:
    write(tmp_path, "cn-2027", NOTICE_2027)
    text = 'extends = "cn-2027"\nworking_weekdays = ["tue"]\n[[office_hours]]\ndefault = '
    write(tmp_path, "town", text + '["10:00-24:00"]')
    calendar = WorkCalendar(load_calendar("town", tmp_path))
    assert calendar.next_working_day(date(2027, 2, 11)) == date(2027, 2, 13)
    assert calendar.next_working_day(date(2027, 2, 13)) == date(2027, 2, 16)
    assert wall(calendar.close_of(date(2027, 2, 16))) == "2027-02-17 00:00:00"


def test_calendars_of_equal_content_have_equal_versions(tmp_path: Path) -> None:
    write(tmp_path, "one", 'extends = "cn"\n[days]\n2026-03-03 = { working = false }\n')
    write(tmp_path, "two", '# the same\nextends="cn"\ndays.2026-03-03.working = false\n')
    write(tmp_path, "other", 'extends = "cn"\n[days]\n2026-03-04 = { working = false }\n')
    specs = load_calendars(tmp_path).specs
    assert specs["one"].version == specs["two"].version
    assert len({specs[name].version for name in ("one", "other", "cn")}) == 3


def test_version_is_a_label_and_a_digest_of_the_content(tmp_path: Path) -> None:
    write(tmp_path, "labelled", 'extends = "cn"\nversion = "county-3"\n')
    labelled, base = load_calendar("labelled", tmp_path), load_calendar("cn")
    assert content_digest(labelled) == content_digest(base)
    assert labelled.version == f"county-3+{content_digest(base)[:12]}"
    assert base.version.endswith(labelled.version.removeprefix("county-3"))


def test_every_part_of_the_content_enters_the_digest() -> None:
    hours = (OfficeHours(default=((540, 1020),)),)
    base = CalendarSpec(name="x", version="1", zone="Asia/Shanghai", office_hours=hours)
    changes: dict[str, object] = {
        "zone": "Europe/Amsterdam",
        "working_weekdays": frozenset({1}),
        "office_hours": (OfficeHours(default=((540, 1020),), by_weekday={1: ((540, 600),)}),),
        "days": {date(2026, 3, 3): DayRule(working=True, hours=((540, 600),))},
        "expected_days": {date(2027, 2, 5): "春节"},
        "yearly_holidays": {(1, 1): "元旦"},
        "published_years": frozenset({2026}),
        "standard_day_us": HOUR_US,
    }
    digests = {content_digest(_changed(base, key, value)) for key, value in changes.items()}
    assert len({*digests, content_digest(base)}) == len(changes) + 1
    assert set(changes) | {"name", "version"} == set(CalendarSpec.__dataclass_fields__)


def _changed(spec: CalendarSpec, key: str, value: object) -> CalendarSpec:
    fields = {name: getattr(spec, name) for name in CalendarSpec.__dataclass_fields__}
    return CalendarSpec(**{**fields, key: value})


WRONG = {
    "zone": ('zone = "Asia/Nowhere"', "zone", "Asia/Nowhere", "IANA zone"),
    "key": ('zoom = "x"', "zoom", "x", "one of the keys"),
    "syntax": ('version = "1"\nzone = ', "syntax", "line 3", "TOML"),
    "tables": ('tables = "moon"', "tables", "moon", "chinesecalendar"),
    "weekday": ('working_weekdays = ["Mon"]', "working_weekdays[0]", "Mon", "mon"),
    "standard day": ("standard_day_minutes = 7.0", "standard_day_minutes", "7.0", "whole number"),
    "span": (
        'office_hours = [{ default = ["9-12"] }]',
        "office_hours[0].default[0]",
        "9-12",
        "09:00-12:00",
    ),
    "past midnight": (
        'office_hours = [{ default = ["20:00-24:30"] }]',
        "office_hours",
        "((1200, 1470),)",
        "00:00–24:00",
    ),
    "no default": ("office_hours = [{}]", "office_hours[0].default", "nothing", "a value"),
    "hours twice": (
        'office_hours = [{ default = ["09:00-12:00"] }, { default = ["09:00-13:00"] }]',
        "office_hours[1]",
        "default",
        "another day",
    ),
    "month": (
        'yearly_holidays = [{ month = 13, day = 1, name = "x" }]',
        "yearly_holidays[0].month",
        "13",
        "from 1 to 12",
    ),
    "day in quotes": (
        'expected_holidays = [{ from = "2027-01-01", name = "x" }]',
        "expected_holidays[0].from",
        "2027-01-01",
        "without quotes",
    ),
    "holiday backwards": (
        'expected_holidays = [{ from = 2027-01-02, to = 2027-01-01, name = "x" }]',
        "expected_holidays[0]",
        "from",
        "within 62 days",
    ),
    "year": ("years = [{ year = 9999, holidays = [] }]", "years[0].year", "9999", "1969 to 2200"),
    "other year": (
        "years = [{ year = 2027, holidays = [], workdays = [2029-01-01] }]",
        "years[0]",
        "2029",
        "days of 2027",
    ),
    "both": (
        'years = [{ year = 2027, holidays = [{ from = 2027-05-01, name = "x" }], '
        "workdays = [2027-05-01] }]",
        "years[0].workdays[0]",
        "2027-05-01",
        "not also a holiday",
    ),
    "day": ("days = { monday = { working = true } }", "days.monday", "working", "2027-03-03"),
    "day twice": ("[days]\n2026-03-03.working = true\n2026-03-03.working = true", "syntax", "", ""),
    "truth": ('[days]\n2026-03-03.working = "yes"', "days.2026-03-03.working", "yes", "true or"),
    "name": ("[days]\n2026-03-03 = {working=true, name=3}", "days.2026-03-03.name", "3", "a text"),
    "list": ('halls = "430101"', "halls", "430101", "a list"),
}


@pytest.mark.parametrize(("text", "key", "found", "expected"), WRONG.values(), ids=WRONG)
def test_bad_file_is_refused_with_file_key_found_and_expected(
    tmp_path: Path, text: str, key: str, found: str, expected: str
) -> None:
    path = write(tmp_path, "bad", f'extends = "cn"\n{text}\n')
    with pytest.raises(CalendarInvalid) as caught:
        load_calendars(tmp_path)
    details = caught.value.details
    assert (details["file"], details["key"]) == (str(path), key)
    assert found in str(details["found"])
    assert expected in str(details["expected"])
    assert str(path) in str(caught.value)
    assert key in str(caught.value)


def test_file_on_its_own_needs_a_zone_office_hours_and_a_version(tmp_path: Path) -> None:
    lines = [
        'zone = "Asia/Shanghai"',
        'version = "1"',
        'office_hours = [{default=["09:00-12:00"]}]',
    ]
    for left_out in range(3):
        text = "\n".join(line for n, line in enumerate(lines) if n != left_out)
        write(tmp_path, "alone", text)
        with pytest.raises(CalendarInvalid) as caught:
            load_calendar("alone", tmp_path)
        assert caught.value.details["key"] == lines[left_out].split(" ")[0]
    write(tmp_path, "alone", "\n".join(lines))
    assert load_calendar("alone", tmp_path).version.startswith("1+")


def test_calendars_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "one", 'extends = "two"')
    write(tmp_path, "two", 'extends = "one"')
    with pytest.raises(CalendarInvalid, match="without a circle"):
        load_calendar("one", tmp_path)


def test_unknown_calendar_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(CalendarInvalid, match="'moon': found no such file, expected one of cn"):
        load_calendar("moon")


def test_name_of_a_shipped_calendar_is_not_taken_over(tmp_path: Path) -> None:
    write(tmp_path, "cn", 'extends = "nl-weekdays"')
    with pytest.raises(CalendarInvalid, match="a name that no shipped calendar has"):
        load_calendars(tmp_path)


def test_hall_is_claimed_by_one_calendar_only(tmp_path: Path) -> None:
    write(tmp_path, "second", 'extends = "cn"\nhalls = ["example-county"]')
    with pytest.raises(CalendarInvalid, match="'example-county' does not already claim"):
        load_calendars(tmp_path)


def test_missing_folder_unreadable_text_and_huge_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarInvalid, match="a folder of calendar files"):
        load_calendars(tmp_path / "absent")
    (tmp_path / "bad.toml").write_bytes(b'version = "\xff"')
    with pytest.raises(CalendarInvalid, match="a readable file in UTF-8"):
        load_calendars(tmp_path)
    (tmp_path / "bad.toml").write_bytes(b"#" * (512 * 1024 + 1))
    with pytest.raises(CalendarInvalid, match="at most 524288"):
        load_calendars(tmp_path)


LUNCH_DAY = OfficeHours(default=((540, 720), (780, 1020)))
SHORT_SUMMER = OfficeHours(since=date(2026, 6, 1), default=((540, 900),))
CLOSED_WITH_HOURS = {date(2026, 3, 3): DayRule(working=False, hours=((540, 600),))}


def build(key: str, value: object) -> WorkCalendar:
    base = CalendarSpec(name="x", version="1", zone="Asia/Shanghai", office_hours=(LUNCH_DAY,))
    return WorkCalendar(_changed(base, key, value))


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("zone", "Asia/Nowhere", "zone"),
        ("zone", "../etc/passwd", "zone"),
        ("working_weekdays", frozenset({7}), "working_weekdays"),
        ("office_hours", (), "office_hours"),
        ("office_hours", (OfficeHours(default=()),), "office_hours"),
        ("office_hours", (OfficeHours(default=((-60, 540),)),), "office_hours"),
        ("office_hours", (LUNCH_DAY, LUNCH_DAY), "office_hours"),
        ("office_hours", (LUNCH_DAY, SHORT_SUMMER), "standard_day_us"),
        ("days", CLOSED_WITH_HOURS, "days.2026-03-03.hours"),
        ("standard_day_us", 0, "standard_day_us"),
    ],
)
def test_values_that_make_no_calendar_are_refused_by_key(
    key: str, value: object, named: str
) -> None:
    with pytest.raises(CalendarInvalid) as caught:
        build(key, value)
    assert caught.value.details["key"] == named
