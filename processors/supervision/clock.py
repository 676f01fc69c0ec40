"""The case clock (办件计时): when a budget of time is used up.

Everything is integer microseconds. Working budgets are computed in working-time space W(t) of the
calendar and inverted only for instants; natural ones on the time line itself. Two policies exist:
`working_seconds` counts office hours from the instant of acceptance, `statutory_day` counts whole
working days after the day of acceptance.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

from ledger.fact import Limit
from ledger.work_calendar import WorkCalendar

HOUR_US = 3_600_000_000
_NATURAL_US = {"hour": HOUR_US, "minute": HOUR_US // 60}
WORKING_UNITS = ("working_day", "working_hour")


class StopSpan(NamedTuple):
    """A span in which the clock stands still.

    Attributes:
        end_us: earliest of resumption, start + applied, and closing; None while open without a cap.
        days: the most working days it may take out of a `statutory_day` count, where it was applied
            for in days; None for no such cap.
    """

    start_us: int
    end_us: int | None
    days: int | None = None


class Extension(NamedTuple):
    """A limit made longer (延期), from the instant it was granted."""

    at_us: int
    by: Limit


Move = StopSpan | Extension


class Reach(NamedTuple):
    """When a budget is used up.

    Attributes:
        effective_us: last moment at which nothing more is used; what is later is over. None while
            an open stop without a cap holds the clock.
        due_us: first such moment, shown to people.
        at_opening: the threshold lies before its limit and was reached when the clock opened.
    """

    effective_us: int | None
    due_us: int | None
    at_opening: bool


@dataclass(slots=True)
class CaseClock:
    """One clock of a case: when it opened and what moved it.

    Attributes:
        moves: stops and extensions in order of their start.
        counting, midnight: the pack's policy for working days.
    """

    calendar: WorkCalendar
    opened_us: int
    moves: Sequence[Move]
    counting: Literal["working_seconds", "statutory_day"]
    midnight: bool = False
    _opened_w: int | None = None

    def reach(self, granted: Limit, offset: int) -> Reach:
        """Return when `granted` plus `offset` of its units is used up."""
        if granted.unit not in WORKING_UNITS:
            return self._reach_natural(granted, offset)
        if granted.amount == 0 and granted.unit == "working_day":
            return self.reach_declared(self._same_day_us(), granted.unit, offset)
        if granted.unit == "working_day" and self.counting == "statutory_day":
            return self._reach_days(granted.amount, offset)
        return self._reach_working(granted, offset)

    def reach_declared(self, due_us: int, unit: str, offset: int) -> Reach:
        """Return when an instant that the source declared, moved by stops, passes.

        It is never clamped to the opening and never rolls; `unit` is that of `offset` and decides
        how a stop is credited. With a credit in working time it ends at the plateau's last moment.
        """
        credit = 0
        covered = self.opened_us
        later: list[Limit] = []
        reached = self._shifted(due_us, unit, offset)
        at_opening = offset < 0 and reached <= self.opened_us
        ahead = list(self.moves)
        while (move := self._next_move(ahead, covered, reached, unit)) is not None:
            ahead.remove(move)
            if isinstance(move, Extension):
                later.append(move.by)
            elif move.end_us is None:
                return Reach(None, None, at_opening)
            elif move.end_us > covered:
                start = max(move.start_us, covered)
                credit += self._measure(move.end_us, unit) - self._measure(start, unit)
                covered = move.end_us
            end = self._all_lengthened(self._credited(due_us, unit, credit), later)
            reached = self._shifted(end, unit, offset)
        return Reach(reached, reached, at_opening)

    def _next_move(
        self, ahead: Sequence[Move], covered: int, reached: int, unit: str
    ) -> Move | None:
        """Return the next move of an instant that passes when it says, None if it passes first.

        A stop that has held no working time up to just after the instant does not move it.
        """
        for move in ahead:
            if move[0] > reached:
                return None
            if isinstance(move, Extension) or unit not in WORKING_UNITS:
                return move
            worked = self.calendar.worked_us
            start = max(move.start_us, covered)
            if start > reached or worked(reached + 1) != worked(start):
                return move
        return None

    def used(self, unit: str, until_us: int) -> tuple[int, int]:
        """Return (used, stopped) from the opening to an instant, in the time of `unit`."""
        if until_us <= self.opened_us:
            return 0, 0
        total = self._measure(until_us, unit) - self._measure(self.opened_us, unit)
        stopped = self._stopped(unit, self.opened_us, until_us)
        return total - stopped, stopped

    def overdue(self, unit: str, end_us: int | None, until_us: int) -> int:
        """Return the counted time from the end of a limit to an instant; 0 if not over."""
        if end_us is None or until_us <= end_us:
            return 0
        total = self._measure(until_us, unit) - self._measure(end_us, unit)
        return total - self._stopped(unit, end_us, until_us)

    def _reach_working(self, granted: Limit, offset: int) -> Reach:
        calendar = self.calendar
        unit_us = calendar.standard_day_us if granted.unit == "working_day" else HOUR_US
        opened_w = self._opened_w
        if opened_w is None:
            opened_w = self._opened_w = calendar.worked_us(self.opened_us)
        target = opened_w + (granted.amount + offset) * unit_us
        at_opening = offset < 0 and target <= opened_w
        seconds = self.counting == "working_seconds"
        used_up = calendar.last_instant if seconds else calendar.first_instant
        reached = used_up(target)
        covered = self.opened_us
        later: list[Limit] = []
        for move in self.moves:
            if move[0] > reached:
                break
            if isinstance(move, Extension):
                if move.by.unit in WORKING_UNITS:
                    target += self._working_us(move.by)
                else:
                    later.append(move.by)
            elif move.end_us is None:
                return Reach(None, None, at_opening)
            elif move.end_us > covered:
                start = max(move.start_us, covered)
                target += calendar.worked_us(move.end_us) - calendar.worked_us(start)
                covered = move.end_us
            reached = self._all_lengthened(used_up(target), later)
        if offset:
            return Reach(reached, reached, at_opening)
        due = calendar.first_instant(target)
        if later:
            due = self._all_lengthened(due, later)
        return Reach(reached, max(due, self.opened_us), at_opening)

    def _reach_natural(self, granted: Limit, offset: int) -> Reach:
        credit = 0
        covered = self.opened_us
        later: list[Limit] = []
        end = self._natural_end(granted, credit, later)
        reached = self._shifted(end, granted.unit, offset)
        at_opening = offset < 0 and reached <= self.opened_us
        for move in self.moves:
            if move[0] > reached:
                break
            if isinstance(move, Extension):
                later.append(move.by)
            elif move.end_us is None:
                return Reach(None, None, at_opening)
            elif move.end_us > covered:
                credit += move.end_us - max(move.start_us, covered)
                covered = move.end_us
            end = self._natural_end(granted, credit, later)
            reached = self._shifted(end, granted.unit, offset)
        return Reach(reached, reached, at_opening)

    def _same_day_us(self) -> int:
        """Return the close of the opening day or, opened after it or on a day off, the next one."""
        calendar = self.calendar
        day = calendar.local_day(self.opened_us)
        if calendar.is_working_day(day) and self.opened_us < calendar.close_of(day):
            return calendar.close_of(day)
        return calendar.close_of(calendar.next_working_day(day))

    def _natural_end(self, granted: Limit, credit: int, later: Sequence[Limit]) -> int:
        """Return the end of a natural limit; days roll to the close of the next working day."""
        if granted.unit in _NATURAL_US:
            end = self.opened_us + granted.amount * _NATURAL_US[granted.unit] + credit
            return self._all_lengthened(end, later)
        unit, amount = granted.unit, granted.amount
        plain = end = _days_or_months_later(self.calendar, self.opened_us, amount, unit)
        if unit == "month" and later:  # months are added to months, so that no short one cuts them
            amount += sum(by.amount for by in later if by.unit == unit)
            later = [by for by in later if by.unit != unit]
            end = _days_or_months_later(self.calendar, self.opened_us, amount, unit)
        return self._rolled(plain, self._all_lengthened(end + credit, later))

    def _rolled(self, plain_us: int, end_us: int) -> int:
        """Return where the end of a natural-day limit rolls to.

        On a day off it rolls to the close of the next working day. One that a credit has moved past
        such a day is not earlier than that: time not counted never makes a case due earlier.
        """
        calendar = self.calendar
        day = calendar.local_day(end_us)
        if not calendar.is_working_day(day):
            return calendar.close_of(calendar.next_working_day(day))
        eve = day - timedelta(days=1)
        if eve >= calendar.local_day(plain_us) and not calendar.is_working_day(eve):
            return max(end_us, calendar.close_of(day))
        return end_us

    def _reach_days(self, amount: int, offset: int) -> Reach:
        calendar = self.calendar
        first = calendar.local_day(self.opened_us)
        number = amount + offset
        at_opening = offset < 0 and number <= 0
        taken: set[date] = set()
        later: list[Limit] = []
        open_from: int | None = None
        reached = self._end_of_day(first, number, taken)
        for move in self.moves:
            if move[0] > reached:
                break
            if isinstance(move, Extension):
                if move.by.unit == "working_day":
                    number += move.by.amount
                else:
                    later.append(move.by)
            elif move.end_us is not None:
                taken |= self._days_taken(move, first)
            elif open_from is None:
                open_from = max(move.start_us, self.opened_us)
            reached = self._all_lengthened(self._end_of_day(first, number, taken), later)
            if open_from is not None and calendar.segments(open_from, reached):
                return Reach(None, None, at_opening)
        return Reach(reached, reached, at_opening)

    def _end_of_day(self, first: date, number: int, taken: set[date]) -> int:
        """Return the end of the Nth working day after `first`, days in `taken` not counted."""
        calendar = self.calendar
        if number <= 0:
            day = calendar.nth_working_day_after(first, number)
            if not calendar.is_working_day(day):
                return calendar.midnight_after(day)
        else:
            day = calendar.nth_working_day_after(first, number)
            passed = sum(1 for each in taken if each <= day)
            while calendar.working_days_between(first, day) - passed < number:
                day = calendar.next_working_day(day)
                passed += day in taken
        return calendar.midnight_after(day) if self.midnight else calendar.close_of(day)

    def _days_taken(self, stop: StopSpan, first: date) -> set[date]:
        """Return the working days after `first` that a stop touches, up to its cap."""
        calendar = self.calendar
        assert stop.end_us is not None
        taken: set[date] = set()
        spans = calendar.segments(max(stop.start_us, self.opened_us), stop.end_us)
        for start_us, _ in spans:
            day = calendar.local_day(start_us)
            if day > first and (stop.days is None or day in taken or len(taken) < stop.days):
                taken.add(day)
        return taken

    def _used_up(self, worked_us: int) -> int:
        """Return the last moment at which no more working time is used.

        Only seconds have plateaus; where days are counted, a span of working time ends at its first
        moment, as the days themselves do.
        """
        if self.counting == "statutory_day":
            return self.calendar.first_instant(worked_us)
        return self.calendar.last_instant(worked_us)

    def _measure(self, at_us: int, unit: str) -> int:
        return self.calendar.worked_us(at_us) if unit in WORKING_UNITS else at_us

    def _stopped(self, unit: str, from_us: int, until_us: int) -> int:
        """Return the time of the united stops between two instants."""
        total = 0
        covered = max(from_us, self.opened_us)
        for move in self.moves:
            if isinstance(move, Extension):
                continue
            end = until_us if move.end_us is None else min(move.end_us, until_us)
            start = max(move.start_us, covered)
            if end > start:
                total += self._measure(end, unit) - self._measure(start, unit)
                covered = end
        return total

    def _working_us(self, span: Limit) -> int:
        unit_us = self.calendar.standard_day_us if span.unit == "working_day" else HOUR_US
        return span.amount * unit_us

    def _credited(self, due_us: int, unit: str, credit: int) -> int:
        if not credit:
            return due_us
        if unit not in WORKING_UNITS:
            return due_us + credit
        return self._used_up(self.calendar.worked_us(due_us) + credit)

    def _shifted(self, end_us: int, unit: str, offset: int) -> int:
        """Return the instant `offset` units after (before) an end."""
        if not offset:
            return end_us
        if unit in _NATURAL_US:
            return end_us + offset * _NATURAL_US[unit]
        if unit not in WORKING_UNITS:
            return _days_or_months_later(self.calendar, end_us, offset, unit)
        unit_us = self.calendar.standard_day_us if unit == "working_day" else HOUR_US
        return self._used_up(self.calendar.worked_us(end_us) + offset * unit_us)

    def _all_lengthened(self, end_us: int, later: Sequence[Limit]) -> int:
        for by in later:
            end_us = self._lengthened(end_us, by)
        return end_us

    def _lengthened(self, end_us: int, by: Limit) -> int:
        if not by.amount:
            return end_us
        if by.unit in WORKING_UNITS:
            return self._used_up(self.calendar.worked_us(end_us) + self._working_us(by))
        return self._shifted(end_us, by.unit, by.amount)


def stop_end(
    calendar: WorkCalendar,
    start_us: int,
    applied: Limit | None,
    resumed_us: int | None,
    closed_us: int | None,
) -> int | None:
    """Return when a stop ends: resumption, start + applied, or closing; None while open."""
    ends = [end for end in (resumed_us, closed_us) if end is not None]
    if applied is not None:
        if applied.unit in WORKING_UNITS:
            unit_us = calendar.standard_day_us if applied.unit == "working_day" else HOUR_US
            start_w = calendar.worked_us(start_us)
            ends.append(max(start_us, calendar.first_instant(start_w + applied.amount * unit_us)))
        elif applied.unit in _NATURAL_US:
            ends.append(start_us + applied.amount * _NATURAL_US[applied.unit])
        else:
            ends.append(_days_or_months_later(calendar, start_us, applied.amount, applied.unit))
    return max(start_us, min(ends)) if ends else None


def span_later(
    calendar: WorkCalendar,
    counting: Literal["working_seconds", "statutory_day"],
    from_us: int,
    span: Limit,
) -> int:
    """Return the last moment at which no more than a span of time has passed since an instant.

    Working days are standard days of working time. Where days are counted it is the first moment.
    """
    clock = CaseClock(calendar, from_us, (), counting)
    return clock._shifted(from_us, span.unit, span.amount)


def _days_or_months_later(calendar: WorkCalendar, t_us: int, number: int, unit: str) -> int:
    """Return the same local time some days or months later; a month too short ends on its last day.

    Source: 民法典 art. 202 (the corresponding day, else the last day of the month).
    """
    if unit == "month":
        day = calendar.local_day(t_us)
        months = day.year * 12 + day.month - 1 + number
        year, month = divmod(months, 12)
        last = monthrange(year, month + 1)[1]
        number = (date(year, month + 1, min(day.day, last)) - day).days
    return calendar.same_time_days_later(t_us, number)
