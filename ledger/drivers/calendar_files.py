"""Calendars from files: the shipped ones, a hall's own, and the holidays that a package compiles.

It stands apart because it reads files and installed data; what comes out are `CalendarSpec` values.
A calendar is one TOML file, named by its stem, and may extend another: what it says is laid over
what it extends, day by day (`ledger/calendars/cn.toml` explains every key). Its version is a label,
the file's own or that of the tables it stands on, and a digest of all that entered: equal content
has equal versions, and a comment changes none.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import chinese_calendar

from ledger.errors import CalendarInvalid
from ledger.work_calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    MINUTE_US,
    CalendarSpec,
    DayRule,
    OfficeHours,
    Spans,
)

SHIPPED = Path(__file__).resolve().parent.parent / "calendars"
_FILE_BYTES_MAX = 512 * 1024  # what a published calendar may weigh in the log
_SPAN_DAYS_MAX = 62
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendars:
    """All calendars of an installation, by name, and the name of the one each hall keeps.

    Attributes:
        effective_from: first day on which one is to govern, of those whose own file says so.
    """

    specs: Mapping[str, CalendarSpec]
    halls: Mapping[str, str]
    effective_from: Mapping[str, date]


def load_calendars(folder: Path | None = None) -> Calendars:
    """Read the shipped calendars and those of a local folder.

    Raises:
        CalendarInvalid: naming the file, the line or key, what was found and what was expected;
            also where two files have one name or claim one hall.
    """
    paths = _paths(folder)
    halls: dict[str, str] = {}
    effective: dict[str, date] = {}
    for name, path in paths.items():
        entries = _read(path)
        if "effective_from" in entries:
            effective[name] = entries["effective_from"].day()
        for item in entries.get("halls", _Value(path, "halls", [])).items():
            if item.text() in halls:
                raise item.wrong(f"a hall that {halls[item.text()]!r} does not already claim")
            halls[item.text()] = name
    specs = {name: _spec(name, paths) for name in paths}
    return Calendars(specs=specs, halls=halls, effective_from=effective)


def load_calendar(name: str, folder: Path | None = None) -> CalendarSpec:
    """Read one calendar, shipped or of a local folder, with what it extends.

    Raises:
        CalendarInvalid: as `load_calendars`, and where no calendar has the name.
    """
    return _spec(name, _paths(folder))


@dataclass(frozen=True, slots=True)
class _Value:
    """A value in a file that knows where it stands."""

    path: Path
    key: str
    found: object

    def wrong(self, expected: str) -> CalendarInvalid:
        return _invalid(self.path, self.key, shorten(str(self.found), 80), expected)

    def text(self) -> str:
        if not isinstance(self.found, str) or not self.found.strip():
            raise self.wrong("a text")
        return self.found

    def whole(self, low: int, high: int) -> int:
        if type(self.found) is not int or not low <= self.found <= high:
            raise self.wrong(f"a whole number from {low} to {high}")
        return self.found

    def boolean(self) -> bool:
        if not isinstance(self.found, bool):
            raise self.wrong("true or false")
        return self.found

    def day(self) -> date:
        day = self.found
        if isinstance(day, datetime) or not isinstance(day, date):
            raise self.wrong("a date such as 2027-01-01, without quotes")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self.wrong(f"a date of the years {FIRST_YEAR}–{LAST_YEAR}")
        return day

    def items(self) -> list["_Value"]:
        if not isinstance(self.found, list):
            raise self.wrong("a list")
        return [_Value(self.path, f"{self.key}[{n}]", item) for n, item in enumerate(self.found)]

    def entries(self) -> dict[str, "_Value"]:
        if not isinstance(self.found, dict):
            raise self.wrong("a table")
        prefix = f"{self.key}." if self.key else ""
        return {key: _Value(self.path, prefix + key, found) for key, found in self.found.items()}

    def table(self, *required: str, optional: Sequence[str] = ()) -> dict[str, "_Value"]:
        entries = self.entries()
        for key, value in entries.items():
            if key not in required and key not in optional:
                raise value.wrong(f"one of the keys {', '.join((*required, *optional))}")
        for key in required:
            if key not in entries:
                raise _invalid(self.path, f"{self.key}.{key}", "nothing", "a value")
        return entries

    def spans(self) -> Spans:
        found = []
        for item in self.items():
            match = _SPAN.fullmatch(item.text())
            if match is None:
                raise item.wrong("a span such as 09:00-12:00")
            start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
            found.append((start_hour * 60 + start_minute, end_hour * 60 + end_minute))
        return tuple(found)


def _invalid(path: Path, key: str, found: object, expected: str) -> CalendarInvalid:
    return CalendarInvalid(
        f"calendar file {path}, {key}: found {found!s}, expected {expected}.",
        hint="Correct the file and start again; cn.toml explains the keys.",
        file=str(path),
        key=key,
        found=str(found),
        expected=expected,
    )


def _paths(folder: Path | None) -> dict[str, Path]:
    if folder is not None and not folder.is_dir():
        raise _invalid(folder, "folder", "nothing there", "a folder of calendar files")
    paths = {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}
    for path in sorted(folder.glob("*.toml")) if folder is not None else ():
        if path.stem in paths:
            raise _invalid(path, "name", path.stem, "a name that no shipped calendar has")
        paths[path.stem] = path
    return paths


def _read(path: Path) -> dict[str, _Value]:
    try:
        content = path.read_bytes()
        if len(content) > _FILE_BYTES_MAX:
            raise _invalid(path, "size", f"{len(content)} bytes", f"at most {_FILE_BYTES_MAX}")
        found = tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        raise _invalid(path, "syntax", error, "TOML") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, "file", error, "a readable file in UTF-8") from error
    return _Value(path, "", found).table(optional=("extends", "halls", "effective_from", *_LAYERS))


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What the files of a chain have said so far."""

    label: str = ""
    zone: str = ""
    working_weekdays: frozenset[int] = frozenset(range(5))
    standard_day_us: int | None = None
    office_hours: dict[date, OfficeHours] = field(default_factory=dict)
    yearly_holidays: dict[tuple[int, int], str] = field(default_factory=dict)
    expected_days: dict[date, str] = field(default_factory=dict)
    days: dict[date, DayRule] = field(default_factory=dict)
    published_years: set[int] = field(default_factory=set)


def _spec(name: str, paths: Mapping[str, Path]) -> CalendarSpec:
    if name not in paths:
        known = ", ".join(paths)
        message = f"calendar {name!r}: found no such file, expected one of {known}."
        raise CalendarInvalid(message, key="calendar", found=name, expected=known)
    path, draft = paths[name], _draft(name, paths, ())
    for key, text in (("zone", draft.zone), ("version", draft.label)):
        if not text:
            raise _invalid(path, key, "nothing", "a value, here or in what the file extends")
    try:
        spec = CalendarSpec(
            name=name,
            version="",
            zone=draft.zone,
            working_weekdays=draft.working_weekdays,
            office_hours=tuple(hours for _, hours in sorted(draft.office_hours.items())),
            days=draft.days,
            expected_days=draft.expected_days,
            yearly_holidays=draft.yearly_holidays,
            published_years=frozenset(draft.published_years),
            standard_day_us=draft.standard_day_us,
        )
    except CalendarInvalid as error:
        key, found, expected = (str(error.details[part]) for part in ("key", "found", "expected"))
        raise _invalid(path, key, found, expected) from error
    return replace(spec, version=f"{draft.label}+{content_digest(spec)[:12]}")


def _draft(name: str, paths: Mapping[str, Path], chain: tuple[str, ...]) -> _Draft:
    entries, draft = _read(paths[name]), _Draft()
    if "extends" in entries:
        base = entries["extends"].text()
        if base not in paths or base in (*chain, name):
            others = sorted(paths.keys() - {*chain, name})
            raise entries["extends"].wrong(f"one of {', '.join(others)}, without a circle")
        draft = _draft(base, paths, (*chain, name))
    for key, lay in _LAYERS.items():
        if key in entries:
            lay(draft, entries[key])
    return draft


def _lay_tables(draft: _Draft, value: _Value) -> None:
    if value.found != "chinesecalendar":
        raise value.wrong("'chinesecalendar', the only tables there are")
    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    for day, name in chinese_calendar.holidays.items():
        draft.days[day] = DayRule(working=False, name=names[name])
        draft.published_years.add(day.year)
    for day, name in chinese_calendar.workdays.items():
        draft.days[day] = DayRule(working=True, name=f"{names[name]}调休上班")
    draft.label = chinese_calendar.__version__


def _lay_version(draft: _Draft, value: _Value) -> None:
    draft.label = value.text()


def _lay_zone(draft: _Draft, value: _Value) -> None:
    draft.zone = value.text()
    try:
        ZoneInfo(draft.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise value.wrong("an IANA zone such as Asia/Shanghai") from error


def _lay_working_weekdays(draft: _Draft, value: _Value) -> None:
    for item in value.items():
        if item.found not in _WEEKDAYS:
            raise item.wrong(f"one of {', '.join(_WEEKDAYS)}")
    draft.working_weekdays = frozenset(_WEEKDAYS.index(item.text()) for item in value.items())


def _lay_standard_day(draft: _Draft, value: _Value) -> None:
    draft.standard_day_us = value.whole(1, 1440) * MINUTE_US


def _lay_office_hours(draft: _Draft, value: _Value) -> None:
    """Hours without `since` begin afresh; hours with it are added to what is inherited."""
    seen: set[date] = set()
    for item in value.items():
        keys = item.table("default", optional=("since", *_WEEKDAYS))
        since = keys["since"].day() if "since" in keys else date.min
        if since in seen:
            raise item.wrong("office hours that begin on another day than those before")
        seen.add(since)
        if since == date.min:
            draft.office_hours.clear()
        draft.office_hours[since] = OfficeHours(
            since=since,
            default=keys["default"].spans(),
            by_weekday={n: keys[d].spans() for n, d in enumerate(_WEEKDAYS) if d in keys},
        )


def _lay_yearly(draft: _Draft, value: _Value) -> None:
    for item in value.items():
        keys = item.table("month", "day", "name")
        month_day = keys["month"].whole(1, 12), keys["day"].whole(1, 31)
        draft.yearly_holidays[month_day] = keys["name"].text()


def _lay_expected(draft: _Draft, value: _Value) -> None:
    for item in value.items():
        draft.expected_days.update(_named_days(item))


def _named_days(value: _Value) -> Iterator[tuple[date, str]]:
    keys = value.table("from", "name", optional=("to",))
    first, last = keys["from"].day(), keys.get("to", keys["from"]).day()
    if not 0 <= (last - first).days < _SPAN_DAYS_MAX:
        raise value.wrong(f"an end within {_SPAN_DAYS_MAX} days of the beginning")
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number), keys["name"].text()


def _lay_years(draft: _Draft, value: _Value) -> None:
    """A year's notice; it also arranges days of the years beside it, around New Year."""
    for item in value.items():
        keys = item.table("year", "holidays", optional=("workdays",))
        year = keys["year"].whole(FIRST_YEAR, LAST_YEAR)
        rules: dict[date, DayRule] = {}
        for holiday in keys["holidays"].items():
            for day, name in _named_days(holiday):
                rules[day] = DayRule(working=False, name=name)
        for workday in keys["workdays"].items() if "workdays" in keys else ():
            if workday.day() in rules:
                raise workday.wrong("a day that is not also a holiday")
            rules[workday.day()] = DayRule(working=True, name="调休上班")
        if any(abs(day.year - year) > 1 for day in rules):
            raise item.wrong(f"days of {year} or close to it")
        draft.days.update(rules)
        draft.published_years.add(year)


def _lay_days(draft: _Draft, value: _Value) -> None:
    for text, item in value.entries().items():
        try:
            day = _Value(item.path, item.key, date.fromisoformat(text)).day()
        except ValueError as error:
            raise item.wrong("a day as key, such as 2027-03-03") from error
        keys = item.table("working", optional=("name", "hours"))
        draft.days[day] = DayRule(
            working=keys["working"].boolean(),
            name=keys["name"].text() if "name" in keys else "",
            hours=keys["hours"].spans() if "hours" in keys else None,
        )


# In this order a file's keys are laid over what it extends: its own days come last.
_LAYERS: dict[str, Callable[[_Draft, _Value], None]] = {
    "tables": _lay_tables,
    "version": _lay_version,
    "zone": _lay_zone,
    "working_weekdays": _lay_working_weekdays,
    "standard_day_minutes": _lay_standard_day,
    "office_hours": _lay_office_hours,
    "yearly_holidays": _lay_yearly,
    "expected_holidays": _lay_expected,
    "years": _lay_years,
    "days": _lay_days,
}


def content_digest(spec: CalendarSpec) -> str:
    """Return the SHA-256, as hex, of all that a calendar says, its name and version aside."""
    content = json.dumps(_plain(replace(spec, name="", version="")), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return sorted(value)
        case date():
            return value.isoformat()
        case _ if is_dataclass(value):
            return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
        case _:
            return value
