"""Working time of a hall: instants to working microseconds and back, working days, office hours.

It stands apart because every limit, stop and card is measured here and nowhere else, and because it
is the one place where local wall-clock time (holidays, lunch, summer time) meets the core's integer
microseconds. W(t), the working time from a fixed origin up to t, comes from a table of edges that
grows by year; limits are arithmetic on W, and only instants for people are found by its inverse.

Local wall-clock time becomes an instant by one rule: a time that occurs twice (clocks go back) is
its first occurrence, a time that does not occur (clocks go forward) moves on by the gap's length.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.errors import CalendarInvalid, PolicyError

MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
# Intake takes 1970–2199; a year on each side because an offset or a limit may cross New Year.
FIRST_YEAR, LAST_YEAR = 1969, 2200
_ORIGIN_YEAR = 2020
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A day within the supported years, because a zone may begin them later or end them before UTC.
_FIRST_US = (date(FIRST_YEAR, 1, 2) - _EPOCH.date()).days * _DAY_US
_END_US = (date(LAST_YEAR, 12, 31) - _EPOCH.date()).days * _DAY_US

Spans = tuple[tuple[int, int], ...]
"""Office hours of a day: (start, end) in minutes after local midnight, 0–1440, ascending."""


class OutsideCalendar(PolicyError):
    """An instant, day or amount of working time that lies outside the supported years."""

    code = "policy.outside-calendar"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRule:
    """What is decided for one day: a holiday, a make-up workday, a local day, a half-day.

    A half-day (`working` with its own `hours`) counts as one when working days are counted.
    """

    working: bool
    name: str = ""
    hours: Spans | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours:
    """Office hours from a day on, with other hours for some weekdays (0 Monday … 6 Sunday)."""

    since: date = date.min
    default: Spans
    by_weekday: Mapping[int, Spans] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec:
    """Everything a calendar is made of, as plain values; the mappings are not to be changed.

    `days` always hold. `expected_days` and `yearly_holidays` (by month and day) hold only in years
    outside `published_years`: what the law names before the year's notice arranges it.
    `standard_day_us` is what one working day converts to under the `working_seconds` policy; where
    it is None, the length of the default office hours is taken, which then must never change.
    """

    name: str
    version: str
    zone: str
    working_weekdays: frozenset[int] = frozenset(range(5))
    office_hours: tuple[OfficeHours, ...]
    days: Mapping[date, DayRule] = field(default_factory=dict)
    expected_days: Mapping[date, str] = field(default_factory=dict)
    yearly_holidays: Mapping[tuple[int, int], str] = field(default_factory=dict)
    published_years: frozenset[int] = frozenset()
    standard_day_us: int | None = None

    def __post_init__(self) -> None:
        """Refuse values of which no calendar can be built.

        Raises:
            CalendarInvalid: naming the key, what was found and what was expected.
        """
        weekdays = self.working_weekdays
        self._require(weekdays and weekdays <= set(range(7)), "working_weekdays", weekdays, "0–6")
        since = [hours.since for hours in self.office_hours]
        ordered = since[:1] == [date.min] and since == sorted(set(since))
        self._require(ordered, "office_hours", since, "one set for all time, then later dates once")
        expected = "ascending spans within 00:00–24:00 of a working day"
        for hours in self.office_hours:
            for spans in (hours.default, *hours.by_weekday.values()):
                self._require(_are_spans(spans), "office_hours", spans, expected)
        for day, rule in self.days.items():
            fits = rule.hours is None or (rule.working and _are_spans(rule.hours))
            self._require(fits, f"days.{day}.hours", rule.hours, expected)
        same = len({_minutes(hours.default) for hours in self.office_hours}) == 1
        given = same if self.standard_day_us is None else self.standard_day_us > 0
        expected = "a length above 0, given where the default office hours change their length"
        self._require(given, "standard_day_us", self.standard_day_us, expected)

    def _require(self, holds: object, key: str, found: object, expected: str) -> None:
        if not holds:
            message = f"calendar {self.name!r}, {key}: found {found!s}, expected {expected}."
            raise CalendarInvalid(message, key=key, found=str(found), expected=expected)


def _are_spans(spans: Spans) -> bool:
    edges = [minute for span in spans for minute in span]
    return bool(edges) and edges == sorted(set(edges)) and edges[0] >= 0 and edges[-1] <= 1440


def _minutes(spans: Spans) -> int:
    return sum(end - start for start, end in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Whole local years in UTC microseconds, as sorted arrays.

    `edges` are: start of the first year, then start and end of every office span, then the end of
    the last year; so working time runs from an odd index to the next one. `worked` is W at each.
    `midnights` and `counted` (working days before) hold an entry for each day and one for the end;
    `closes` holds None for a day off.
    """

    years: range
    first_day: int
    edges: tuple[int, ...]
    worked: tuple[int, ...]
    midnights: tuple[int, ...]
    counted: tuple[int, ...]
    closes: tuple[int | None, ...]

    def shifted(self, worked_by: int, counted_by: int) -> "_Table":
        """Return the same years with another W and count of days at their start."""
        worked = tuple(value + worked_by for value in self.worked)
        counted = tuple(value + counted_by for value in self.counted)
        return replace(self, worked=worked, counted=counted)

    def followed_by(self, later: "_Table") -> "_Table":
        """Return both as one; `later` begins where this ends, in time, in W and in count."""
        return _Table(
            years=range(self.years.start, later.years.stop),
            first_day=self.first_day,
            edges=self.edges[:-1] + later.edges[1:],
            worked=self.worked[:-1] + later.worked[1:],
            midnights=self.midnights[:-1] + later.midnights,
            counted=self.counted[:-1] + later.counted,
            closes=self.closes + later.closes,
        )


class WorkCalendar:
    """The working time of a hall; immutable in meaning and safe to share between threads.

    Instants are integer microseconds since the Unix epoch, UTC; W is in working microseconds from
    New Year 2020, negative before. The table is filled on demand and swapped whole, so that two
    threads which extend it at once at worst do the same work twice. Every method raises
    `OutsideCalendar` where its argument or its answer lies outside the years 1970–2199 and the
    margin of a year around them.
    """

    __slots__ = ("_table", "spec", "standard_day_us", "zone")

    def __init__(self, spec: CalendarSpec) -> None:
        """Build the table of the origin year; raise `CalendarInvalid` if the zone is unknown."""
        self.spec = spec
        try:
            self.zone = ZoneInfo(spec.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            message = f"calendar {spec.name!r}, zone: found {spec.zone!r}, expected an IANA zone."
            raise CalendarInvalid(message, key="zone", found=spec.zone) from error
        default_us = _minutes(spec.office_hours[0].default) * MINUTE_US
        self.standard_day_us = default_us if spec.standard_day_us is None else spec.standard_day_us
        self._table = self._year(_ORIGIN_YEAR)

    def worked_us(self, t_us: int) -> int:
        """Return W(t). It never falls; only differences have a meaning."""
        table = self._table
        edges = table.edges
        if not edges[0] <= t_us < edges[-1]:
            table = self._covering(t_us, table)
            edges = table.edges
        index = bisect_right(edges, t_us) - 1
        if index & 1:
            return table.worked[index] + t_us - edges[index]
        return table.worked[index]

    def first_instant(self, w_us: int) -> int:
        """Return the first instant at which W is `w_us`: where a working budget is used up."""
        table = self._table
        while w_us <= table.worked[0]:
            table = self._earlier(table)
        while w_us > table.worked[-1]:
            table = self._later(table)
        index = bisect_left(table.worked, w_us)
        return table.edges[index] - (table.worked[index] - w_us)

    def last_instant(self, w_us: int) -> int:
        """Return the last instant at which W is `w_us`: one microsecond later more is used up.

        Inside office hours it equals `first_instant`; at a close it is the next opening.
        """
        table = self._table
        while w_us < table.worked[0]:
            table = self._earlier(table)
        while w_us >= table.worked[-1]:
            table = self._later(table)
        index = bisect_right(table.worked, w_us) - 1
        return table.edges[index] + (w_us - table.worked[index])

    def segments(self, from_us: int, until_us: int) -> list[tuple[int, int]]:
        """Return the working spans between two instants, clipped to them, in order of time."""
        table = self._covering(until_us, self._covering(from_us, self._table))
        edges = table.edges
        first = (bisect_right(edges, from_us) - 1) | 1
        clipped = (
            (max(edges[index], from_us), min(edges[index + 1], until_us))
            for index in range(first, bisect_left(edges, until_us), 2)
        )
        return [span for span in clipped if span[0] < span[1]]

    def local_day(self, t_us: int) -> date:
        """Return the hall's local day that holds the instant."""
        table = self._covering(t_us, self._table)
        return date.fromordinal(table.first_day + bisect_right(table.midnights, t_us) - 1)

    def is_working_day(self, day: date) -> bool:
        """Tell whether the day counts as a working day; a half-day does."""
        table = self._holding(day, self._table)
        return table.closes[day.toordinal() - table.first_day] is not None

    def midnight_after(self, day: date) -> int:
        """Return the instant at which the local day ends (24:00)."""
        table = self._holding(day, self._table)
        return table.midnights[day.toordinal() - table.first_day + 1]

    def close_of(self, day: date) -> int:
        """Return the instant at which the office closes on a day, which must be a working day."""
        table = self._holding(day, self._table)
        close_us = table.closes[day.toordinal() - table.first_day]
        assert close_us is not None, f"{day} is no working day of calendar {self.spec.name!r}"
        return close_us

    def next_working_day(self, day: date) -> date:
        """Return the first working day strictly after `day`."""
        return self.nth_working_day_after(day, 1)

    def nth_working_day_after(self, day: date, n: int) -> date:
        """Return the nth working day, `day` itself not counted; a negative `n` counts back.

        `n` = 0 gives `day`, whether it is a working day or not.
        """
        if n == 0:
            return day
        table = self._holding(day, self._table)
        before, ahead = (table.counted[day.toordinal() - table.first_day + i] for i in (0, 1))
        if n > 0:
            while ahead + n > table.counted[-1]:
                table = self._later(table)
            return date.fromordinal(table.first_day + bisect_left(table.counted, ahead + n) - 1)
        while before + n < table.counted[0]:
            table = self._earlier(table)
        return date.fromordinal(table.first_day + bisect_right(table.counted, before + n) - 1)

    def working_days_between(self, day: date, other: date) -> int:
        """Return how many working days lie after `day`, up to and with `other`.

        It inverts `nth_working_day_after` on working days; an earlier `other` gives a negative.
        """
        table = self._holding(other, self._holding(day, self._table))
        since, until = (date_.toordinal() - table.first_day + 1 for date_ in (day, other))
        return table.counted[until] - table.counted[since]

    def same_time_days_later(self, t_us: int, days: int) -> int:
        """Return the same local wall-clock time `days` natural days later (earlier if negative).

        0 days give `t_us` itself; the module's rule resolves times that occur twice or never.
        """
        if days == 0:
            return t_us
        if _FIRST_US <= t_us < _END_US and abs(days) <= 366 * (LAST_YEAR - FIRST_YEAR):
            local = (_EPOCH + timedelta(microseconds=t_us)).astimezone(self.zone)
            later_us = _instant(local + timedelta(days=days))
            if _FIRST_US <= later_us < _END_US:
                return later_us
        raise self._outside(f"the time {days} days after instant {t_us} µs")

    def provisional_from(self, from_us: int, until_us: int) -> bool:
        """Tell whether the span touches a local year whose holidays nobody has published."""
        first, last = sorted((self.local_day(from_us).year, self.local_day(until_us).year))
        return not self.spec.published_years.issuperset(range(first, last + 1))

    def days_remaining(self, t_us: int) -> int:
        """Return how many days, today included, are left before the first unpublished year.

        0 means that today itself is provisional.
        """
        today = self.local_day(t_us)
        year = today.year
        while year in self.spec.published_years:
            year += 1
        return max((date(year, 1, 1) - today).days, 0)

    def _covering(self, t_us: int, table: _Table) -> _Table:
        if not _FIRST_US <= t_us < _END_US:
            raise self._outside(f"instant {t_us} µs")
        while t_us < table.edges[0]:
            table = self._earlier(table)
        while t_us >= table.edges[-1]:
            table = self._later(table)
        return table

    def _holding(self, day: date, table: _Table) -> _Table:
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self._outside(f"day {day}")
        while day.year < table.years.start:
            table = self._earlier(table)
        while day.year >= table.years.stop:
            table = self._later(table)
        return table

    def _earlier(self, table: _Table) -> _Table:
        if table.years.start == FIRST_YEAR:
            raise self._outside("the answer")
        year = self._year(table.years.start - 1)
        year = year.shifted(table.worked[0] - year.worked[-1], table.counted[0] - year.counted[-1])
        self._table = table = year.followed_by(table)
        return table

    def _later(self, table: _Table) -> _Table:
        if table.years.stop > LAST_YEAR:
            raise self._outside("the answer")
        year = self._year(table.years.stop).shifted(table.worked[-1], table.counted[-1])
        self._table = table = table.followed_by(year)
        return table

    def _outside(self, what: str) -> OutsideCalendar:
        return OutsideCalendar(
            f"calendar {self.spec.name!r}: {what} lies outside {FIRST_YEAR}–{LAST_YEAR}.",
            hint="Check the limit and the times of the case.",
        )

    def _year(self, year: int) -> _Table:
        """Compute one local year; its W and its count of days begin at 0."""
        first_day = date(year, 1, 1).toordinal()
        end_day = date(year + 1, 1, 1).toordinal()
        dates = [date.fromordinal(ordinal) for ordinal in range(first_day, end_day + 1)]
        midnights = [_instant(self._wall(day, 0)) for day in dates]
        edges, closes = [midnights[0]], list[int | None]()
        for day, start_us, end_us in zip(dates, midnights, midnights[1:], strict=False):
            hours = self._hours_of(day) if start_us < end_us else ()  # a zone may skip a day
            for span in hours:
                if end_us - start_us == _DAY_US:  # no change of offset: spare the zone's arithmetic
                    edges += (start_us + span[0] * MINUTE_US, start_us + span[1] * MINUTE_US)
                    continue
                bounds = (_instant(self._wall(day, minute)) for minute in span)
                opens_us, close_us = (min(max(at, edges[-1], start_us), end_us) for at in bounds)
                edges += (opens_us, close_us) if opens_us < close_us else ()
            closes.append(edges[-1] if hours else None)
        edges.append(midnights[-1])
        lengths = (edges[n] - edges[n - 1] if n and n % 2 == 0 else 0 for n in range(len(edges)))
        return _Table(
            years=range(year, year + 1),
            first_day=first_day,
            edges=tuple(edges),
            worked=tuple(accumulate(lengths)),
            midnights=tuple(midnights),
            counted=tuple(accumulate((close is not None for close in closes), initial=0)),
            closes=tuple(closes),
        )

    def _hours_of(self, day: date) -> Spans:
        """Return the office hours of a day; a day off has none."""
        spec, rule = self.spec, self.spec.days.get(day)
        if rule is None:
            known = day in spec.expected_days or (day.month, day.day) in spec.yearly_holidays
            if day.weekday() not in spec.working_weekdays or (
                known and day.year not in spec.published_years
            ):
                return ()
        elif not rule.working or rule.hours is not None:
            return rule.hours or ()
        in_force = [hours for hours in spec.office_hours if hours.since <= day][-1]
        return in_force.by_weekday.get(day.weekday(), in_force.default)

    def _wall(self, day: date, minute: int) -> datetime:
        return datetime.combine(day, time.min, self.zone) + timedelta(minutes=minute)


def _instant(local: datetime) -> int:
    return (local - _EPOCH) // timedelta(microseconds=1)
