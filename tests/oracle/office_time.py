"""Office time by the wall clock, counted day by day and span by span.

It stands apart because it is the oracle's only knowledge of calendars: plain days and hours, no
tables, no working-time space, nothing shared with the code that it checks.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]

DAY = timedelta(days=1)
NOTHING = timedelta(0)


class Office:
    """The office hours of one hall; instants are aware datetimes in UTC."""

    def __init__(
        self,
        *,
        zone: str,
        hours: tuple[tuple[time, time], ...],
        days_off: frozenset[date] = frozenset(),
        days_on: frozenset[date] = frozenset(),
    ) -> None:
        """Open Monday to Friday and on `days_on`, never on `days_off`."""
        self.zone = ZoneInfo(zone)
        self.hours = hours
        self.days_off = days_off
        self.days_on = days_on
        self.day_length = sum((_since_midnight(b) - _since_midnight(a) for a, b in hours), NOTHING)
        self._spans: dict[date, list[Span]] = {}
        self._midnights: dict[date, datetime] = {}

    def works(self, day: date) -> bool:
        """Tell whether `day` is a working day."""
        return day in self.days_on or (day.weekday() < 5 and day not in self.days_off)

    def spans(self, day: date) -> list[Span]:
        """Return the office hours of a local day; none on a day off."""
        if day not in self._spans:
            hours = self.hours if self.works(day) else ()
            self._spans[day] = [(self.at(day, a), self.at(day, b)) for a, b in hours]
        return self._spans[day]

    def at(self, day: date, wall: time) -> datetime:
        """Return the instant of a wall clock; one that never shows moves on by the gap."""
        return datetime.combine(day, wall, self.zone).astimezone(UTC)

    def midnight(self, day: date) -> datetime:
        """Return the instant at which a local day begins."""
        if day not in self._midnights:
            self._midnights[day] = self.at(day, time.min)
        return self._midnights[day]

    def close(self, day: date) -> datetime:
        """Return the instant at which the office closes on a working day."""
        return self.spans(day)[-1][1]

    def day_of(self, instant: datetime) -> date:
        """Return the local day that holds the instant."""
        return instant.astimezone(self.zone).date()

    def days_later(self, instant: datetime, days: int) -> datetime:
        """Return the same time of the local day, some natural days later or earlier."""
        if days == 0:
            return instant
        local = instant.astimezone(self.zone)
        return self.at(local.date() + days * DAY, local.time())

    def months_later(self, instant: datetime, months: int) -> datetime:
        """Return the same time of the corresponding day, some months later or earlier.

        A month without that day gives its last day (民法典 202).
        """
        if months == 0:
            return instant
        local = instant.astimezone(self.zone)
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        day = min(local.day, monthrange(year, month + 1)[1])
        return self.at(date(year, month + 1, day), local.time())

    def calendar_later(self, instant: datetime, amount: int, unit: str) -> datetime:
        """Return the instant some natural days or months later or earlier."""
        if unit == "month":
            return self.months_later(instant, amount)
        assert unit == "natural_day"
        return self.days_later(instant, amount)

    def working_day_after(self, day: date, count: int) -> date:
        """Return the count-th working day after `day`, or before it if negative."""
        while count:
            day += DAY if count > 0 else -DAY
            if self.works(day):
                count -= 1 if count > 0 else -1
        return day

    def spans_between(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the working spans between two instants."""
        day = self.day_of(start)
        while self.midnight(day) < end:
            for opens, closes in self.spans(day):
                a, b = max(opens, start), min(closes, end)
                if a < b:
                    yield a, b
            day += DAY

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two instants; nothing if `end` comes first."""
        return sum((b - a for a, b in self.spans_between(start, end)), NOTHING)

    def after_working(self, start: datetime, length: timedelta) -> datetime:
        """Return the first instant at which `length` has been worked since `start`."""
        day, left = self.day_of(start), length
        while left > NOTHING:
            for opens, closes in self.spans(day):
                a = max(opens, start)
                if a >= closes:
                    continue
                if left <= closes - a:
                    return a + left
                left -= closes - a
            day += DAY
        return start

    def opening_from(self, instant: datetime) -> datetime:
        """Return the instant itself while the office is open, else when it opens next."""
        day = self.day_of(instant)
        while True:
            for opens, closes in self.spans(day):
                if instant < closes:
                    return max(instant, opens)
            day += DAY

    def before_working(self, end: datetime, length: timedelta) -> datetime:
        """Return the first instant since which no more than `length` is worked until `end`."""
        day, left = self.day_of(end), length
        while True:
            for opens, closes in reversed(self.spans(day)):
                b = min(closes, end)
                if b <= opens:
                    continue
                if left < b - opens:
                    return b - left
                left -= b - opens
            day -= DAY


def _since_midnight(wall: time) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute)
