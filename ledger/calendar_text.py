"""A calendar as one canonical text, as it is published in the log, and back.

Equal calendars have equal texts, byte for byte, and the text alone makes the calendar again:
nothing of the files or tables it once came from is needed.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from ledger.errors import CalendarInvalid, EventInvalid
from ledger.wire import parse_json, to_text
from ledger.work_calendar import CalendarSpec, DayRule, OfficeHours, Spans

T = TypeVar("T")


def calendar_to_text(spec: CalendarSpec) -> str:
    """Return a calendar as compact JSON, its days in order; what a day does not say is left out."""
    return to_text(
        {
            "name": spec.name,
            "version": spec.version,
            "zone": spec.zone,
            "working_weekdays": sorted(spec.working_weekdays),
            "office_hours": [_hours_to_json(hours) for hours in spec.office_hours],
            "days": {str(day): _rule_to_json(spec.days[day]) for day in sorted(spec.days)},
            "expected_days": {str(day): name for day, name in sorted(spec.expected_days.items())},
            "yearly_holidays": {
                f"{month:02}-{day:02}": name
                for (month, day), name in sorted(spec.yearly_holidays.items())
            },
            "published_years": sorted(spec.published_years),
            "standard_day_us": spec.standard_day_us,
        }
    )


def calendar_from_text(text: str) -> CalendarSpec:
    """Return the calendar that `calendar_to_text` wrote.

    Raises:
        CalendarInvalid: the text is no calendar; names the key, what was found and what was
            expected.
    """
    try:
        found = parse_json(text.encode())
    except EventInvalid as error:
        raise _invalid("(text)", text[:80], "JSON text") from error
    table = _Table("", found)
    spec = CalendarSpec(
        name=table.take("name", _text),
        version=table.take("version", _text),
        zone=table.take("zone", _text),
        working_weekdays=frozenset(table.take("working_weekdays", _list(_whole))),
        office_hours=tuple(table.take("office_hours", _list(_hours))),
        days=table.take("days", _map(_day, _rule)),
        expected_days=table.take("expected_days", _map(_day, _text)),
        yearly_holidays=table.take("yearly_holidays", _map(_month_day, _text)),
        published_years=frozenset(table.take("published_years", _list(_whole))),
        standard_day_us=table.take("standard_day_us", _whole_or_none),
    )
    table.finish()
    return spec


def _hours_to_json(hours: OfficeHours) -> dict[str, Any]:
    return {
        "since": str(hours.since),
        "default": hours.default,
        "by_weekday": {str(day): hours.by_weekday[day] for day in sorted(hours.by_weekday)},
    }


def _rule_to_json(rule: DayRule) -> dict[str, Any]:
    said: dict[str, Any] = {"working": rule.working}
    if rule.name:
        said["name"] = rule.name
    if rule.hours is not None:
        said["hours"] = rule.hours
    return said


class _Table:
    """A JSON object whose keys are taken one by one; a key left over is an error."""

    def __init__(self, key: str, found: object) -> None:
        if not isinstance(found, dict):
            raise _invalid(key or "(text)", found, "an object")
        self._key, self._left = key, dict(found)

    def take(self, name: str, read: Callable[[str, object], T]) -> T:
        if name not in self._left:
            raise _invalid(f"{self._key}{name}", None, "a value")
        return read(f"{self._key}{name}", self._left.pop(name))

    def take_if(self, name: str, read: Callable[[str, object], T], default: T) -> T:
        return self.take(name, read) if name in self._left else default

    def finish(self) -> None:
        for name, value in self._left.items():
            raise _invalid(f"{self._key}{name}", value, "no such key")


def _text(key: str, found: object) -> str:
    if not isinstance(found, str):
        raise _invalid(key, found, "text")
    return found


def _whole(key: str, found: object) -> int:
    if type(found) is not int:
        raise _invalid(key, found, "a whole number")
    return found


def _whole_or_none(key: str, found: object) -> int | None:
    return None if found is None else _whole(key, found)


def _truth(key: str, found: object) -> bool:
    if not isinstance(found, bool):
        raise _invalid(key, found, "true or false")
    return found


def _day(key: str, found: object) -> date:
    try:
        return date.fromisoformat(_text(key, found))
    except ValueError as error:
        raise _invalid(key, found, "a day such as 2027-03-03") from error


def _month_day(key: str, found: object) -> tuple[int, int]:
    month, _, day = _text(key, found).partition("-")
    if not (month.isdecimal() and day.isdecimal()):
        raise _invalid(key, found, "month and day such as 10-01")
    return int(month), int(day)


def _weekday(key: str, found: object) -> int:
    if found not in ("0", "1", "2", "3", "4", "5", "6"):
        raise _invalid(key, found, "0 (Monday) to 6 (Sunday)")
    return int(_text(key, found))


def _list(read: Callable[[str, object], T]) -> Callable[[str, object], list[T]]:
    def read_all(key: str, found: object) -> list[T]:
        if not isinstance(found, list):
            raise _invalid(key, found, "a list")
        return [read(f"{key}[{number}]", each) for number, each in enumerate(found)]

    return read_all


K = TypeVar("K")


def _map(
    read_key: Callable[[str, object], K], read: Callable[[str, object], T]
) -> Callable[[str, object], Mapping[K, T]]:
    def read_all(key: str, found: object) -> Mapping[K, T]:
        if not isinstance(found, dict):
            raise _invalid(key, found, "an object")
        return {
            read_key(f"{key}.{name}", name): read(f"{key}.{name}", value)
            for name, value in found.items()
        }

    return read_all


def _spans(key: str, found: object) -> Spans:
    spans = _list(_list(_whole))(key, found)
    for span in spans:
        if len(span) != 2:
            raise _invalid(key, span, "a start and an end, in minutes")
    return tuple((start, end) for start, end in spans)


def _hours(key: str, found: object) -> OfficeHours:
    table = _Table(f"{key}.", found)
    hours = OfficeHours(
        since=table.take("since", _day),
        default=table.take("default", _spans),
        by_weekday=table.take("by_weekday", _map(_weekday, _spans)),
    )
    table.finish()
    return hours


def _rule(key: str, found: object) -> DayRule:
    table = _Table(f"{key}.", found)
    rule = DayRule(
        working=table.take("working", _truth),
        name=table.take_if("name", _text, ""),
        hours=table.take_if("hours", _spans, None),
    )
    table.finish()
    return rule


def _invalid(key: str, found: object, expected: str) -> CalendarInvalid:
    shown = "nothing" if found is None else repr(found)[:80]
    return CalendarInvalid(
        f"Reading a published calendar, {key}: found {shown}, expected {expected}.",
        hint="The text is not one that this program publishes.",
        key=key,
        found=shown,
        expected=expected,
    )
