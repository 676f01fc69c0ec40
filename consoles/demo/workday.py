"""The hall's working day: office hours, and when people come.

It stands apart because everything in the demo is placed by it, while what a working day *is* comes
from outside: the composition root passes the calendar by which cases are judged, so that story and
judgement never disagree about a holiday.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol

from consoles.demo.dice import Dice
from consoles.demo.town import ZONE

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
WORKING_DAY_US = 7 * HOUR_US
DAYS_MAX = 2_000
"""Days a search through the calendar may take; a calendar without working days is a mistake."""

OFFICE_HOURS = ((time(9), time(12)), (time(13), time(17)))
ARRIVALS_A_DAY = 270

_SLOT_MINUTES = 30
_FIRST_SLOT = time(9)
_SLOT_WEIGHTS = (11, 14, 14, 12, 9, 5, 1, 1, 5, 8, 9, 8, 7, 5, 4, 2)
"""Demand by half-hour from 9:00: a busy morning, almost nobody at lunch, a quiet last hour."""
_WEEKDAY_PERCENT = (112, 104, 100, 96, 88, 60, 60)


class WorkingInstantBefore(Protocol):
    """Goes back through working time."""

    def __call__(self, us: int, working_us: int, /) -> int:
        """Return the instant from which `working_us` of working time remain until `us`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HallTime:
    """What the demo needs to know of the working calendar.

    Attributes:
        is_working_day: whether the hall works on a day.
        working_instant_before: goes back through working time by the judging calendar itself.
    """

    is_working_day: Callable[[date], bool]
    working_instant_before: WorkingInstantBefore
    _spans: dict[date, tuple[tuple[int, int], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def spans(self, day: date) -> tuple[tuple[int, int], ...]:
        """Return the office hours of `day` in µs; none where the hall is closed."""
        found = self._spans.get(day)
        if found is None:
            hours = OFFICE_HOURS if self.is_working_day(day) else ()
            found = tuple((local_us(day, start), local_us(day, end)) for start, end in hours)
            self._spans[day] = found
        return found

    def after(self, us: int, working_us: int) -> int:
        """Return the instant when `working_us` of office time have passed since `us`.

        With nothing to pass, it is `us` itself in office hours and the next opening outside them.
        """
        day = local_day(us)
        for _ in range(DAYS_MAX):
            for start, end in self.spans(day):
                begin = max(us, start)
                if begin < end and working_us < end - begin:
                    return begin + working_us
                working_us -= max(0, end - begin)
            day += timedelta(days=1)
        raise ValueError(f"No working day found in {DAYS_MAX} days before {day}.")

    def worked(self, since_us: int, until_us: int) -> int:
        """Return the office time between two instants, in µs; 0 where they are reversed."""
        day, last = local_day(since_us), local_day(until_us)
        total = 0
        while day <= last:
            for start, end in self.spans(day):
                total += max(0, min(end, until_us) - max(start, since_us))
            day += timedelta(days=1)
        return total

    def between(self, since_us: int, until_us: int, per_cent: int) -> int:
        """Return the instant at which `per_cent` of the office time between two has passed."""
        passed = self.worked(since_us, until_us) * per_cent // 100
        return min(self.after(since_us, whole_seconds(passed)), until_us)

    def working_days_before(self, day: date, count: int) -> list[date]:
        """Return the last `count` working days before `day`, latest first."""
        found: list[date] = []
        for back in range(1, DAYS_MAX):
            if len(found) == count:
                break
            earlier = day - timedelta(days=back)
            if self.is_working_day(earlier):
                found.append(earlier)
        return found


class WorkingTable(Protocol):
    """The part of the ledger's working calendar that `hall_time` reads."""

    def is_working_day(self, day: date, /) -> bool:
        """Return whether `day` is worked."""

    def worked_us(self, t: int, /) -> int:
        """Return the working time from the calendar's origin up to `t`."""

    def last_instant(self, w: int, /) -> int:
        """Return the last instant at which `w` of working time have passed."""


def hall_time(calendar: WorkingTable) -> HallTime:
    """Return the demo's view of the calendar by which cases are judged."""
    return HallTime(
        is_working_day=calendar.is_working_day,
        working_instant_before=lambda us, working_us: calendar.last_instant(
            calendar.worked_us(us) - working_us
        ),
    )


def arrivals(seed: int, day: date, hours: HallTime) -> list[int]:
    """Return the instants, in order, at which people or their forms arrive on `day`."""
    if not hours.is_working_day(day):
        return []
    dice = Dice(seed, "arrivals", day.isoformat())
    count = ARRIVALS_A_DAY * _WEEKDAY_PERCENT[day.weekday()] * dice.between(92, 108) // 10_000
    opening = local_us(day, _FIRST_SLOT)
    slots = range(len(_SLOT_WEIGHTS))
    return sorted(
        opening
        + dice.weighted(slots, _SLOT_WEIGHTS) * _SLOT_MINUTES * MINUTE_US
        + dice.below(_SLOT_MINUTES * 60) * SECOND_US
        for _ in range(count)
    )


def is_open(us: int) -> bool:
    """Return whether `us` lies in office hours, were its day a working day."""
    clock = local(us).time()
    edges = [edge for span in OFFICE_HOURS for edge in span]
    return bisect_right(edges, clock) % 2 == 1


def local(us: int) -> datetime:
    """Return an instant on the county's wall clock."""
    return datetime.fromtimestamp(us // SECOND_US, tz=ZONE)


def local_day(us: int) -> date:
    """Return the county's date at an instant."""
    return local(us).date()


def local_us(day: date, clock: time) -> int:
    """Return the instant at which the county's clock shows `clock` on `day`."""
    return int(datetime.combine(day, clock, tzinfo=ZONE).timestamp()) * SECOND_US


def whole_seconds(us: int) -> int:
    """Return `us` without its fraction of a second; source systems report whole seconds."""
    return us // SECOND_US * SECOND_US
