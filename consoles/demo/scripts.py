"""The few cases of the opening stock whose limits run out while one watches.

They stand apart because they are placed, not drawn: each is accepted just so long before a chosen
instant that time alone carries it over a threshold there. They are posted as facts like all others;
whether a card follows is for supervision to find out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from consoles.demo.course import WARNING_UNITS, Course, Pace, Stop
from consoles.demo.days import Hall, case_number, frame_of, told
from consoles.demo.dice import Dice
from consoles.demo.facts import Sending
from consoles.demo.town import Limit, Matter
from consoles.demo.workday import (
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    WORKING_DAY_US,
    local_day,
)

_SERIALS = (400, 899)
_APPLIED = Limit(amount=3, unit="working_day")
_LATE_TYPES = tuple(
    f"hall.case.{what}.v1"
    for what in (
        "clock-stopped",
        "decided",
        "completed",
        "certificate-issued",
        "delivered",
        "rated",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One placed case.

    Attributes:
        crosses: the threshold that time carries it over: `warning`, `yellow` or `red`.
        day: working days after the first one.
        minutes: from which to which minute of office time of that day it crosses.
        then: what else is to happen: it `ends` soon; it `stops` minutes later; a fact of yesterday
            is `uploaded-late`; a warning `grows` past the promise; a red card has `grown` from a
            yellow one that stood; it `stood` already, crossed `days_over` working days ago.
    """

    crosses: str
    day: int = 0
    minutes: tuple[int, int] = (0, 0)
    then: str = "ends"
    days_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A placed case as it will be reported, and the instant at which it crosses, in µs."""

    script: Script
    number: str
    crosses_us: int
    sendings: tuple[Sending, ...]


FIRST_MORNING = (
    Script(crosses="warning", minutes=(4, 7), then="stops"),
    Script(crosses="yellow", minutes=(8, 12), then="uploaded-late"),
    Script(crosses="yellow", minutes=(16, 22)),
    Script(crosses="red", minutes=(27, 38)),
    Script(crosses="warning", minutes=(46, 58)),
    Script(crosses="red", minutes=(70, 84), then="grown"),
)
LATER = (
    Script(crosses="warning", minutes=(130, 160)),
    Script(crosses="yellow", minutes=(200, 225)),
    Script(crosses="warning", minutes=(285, 320), then="grows"),
    Script(crosses="warning", minutes=(365, 395)),
    Script(crosses="yellow", day=1, minutes=(20, 120)),
    Script(crosses="warning", day=1, minutes=(200, 380)),
    Script(crosses="warning", day=2, minutes=(20, 150), then="grows"),
    Script(crosses="yellow", day=2, minutes=(220, 380)),
    Script(crosses="warning", day=3, minutes=(40, 170)),
    Script(crosses="warning", day=4, minutes=(60, 360), then="grows"),
    Script(crosses="warning", day=5, minutes=(30, 380)),
)
STANDING = (
    Script(crosses="yellow", then="stood", days_over=2),
    Script(crosses="red", then="stood", days_over=1),
)


def placed(hall: Hall, start_us: int) -> Iterator[Placed]:
    """Yield the placed cases of a demo that starts at `start_us`, an opening of the hall."""
    numbers: set[str] = set()
    departments: set[str] = set()
    for index, script in enumerate((*FIRST_MORNING, *LATER, *STANDING)):
        dice = Dice(hall.seed, "script", index)
        matter = _matter(hall, script, departments, dice)
        departments.add(matter.department)
        placing = _Placing(hall=hall, start_us=start_us, script=script, matter=matter, dice=dice)
        crosses_us = placing.crossing()
        course = placing.course(crosses_us)
        number = _number(course.received_us, numbers, dice)
        sendings = told(hall, frame_of(hall, number, matter, "window", dice), course, mishaps=False)
        if script.then == "uploaded-late":
            sendings = _uploaded_late(sendings, start_us, dice)
        yield Placed(script=script, number=number, crosses_us=crosses_us, sendings=tuple(sendings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placing:
    """Works out the course by which one case does what its script says."""

    hall: Hall
    start_us: int
    script: Script
    matter: Matter
    dice: Dice

    def crossing(self) -> int:
        """Return the instant at which time alone carries the case over its threshold."""
        hours, script = self.hall.hours, self.script
        if script.then == "stood":
            back_us = script.days_over * WORKING_DAY_US + self._minutes(30, 330)
            return hours.working_instant_before(self.start_us, back_us)
        low, high = script.minutes
        into_us = self.dice.between(low * 60, high * 60) * SECOND_US
        return hours.after(self.start_us, script.day * WORKING_DAY_US + into_us)

    def course(self, crosses_us: int) -> Course:
        """Return the whole course of a case that crosses at `crosses_us`."""
        accepted_us = self._accepted(crosses_us)
        warned = self.script.crosses == "warning"
        course = Course(
            received_us=accepted_us - self.dice.between(45, 170) * SECOND_US,
            accepted_us=accepted_us,
            ends_us=self._end(crosses_us),
            pace=Pace.WARNED if warned else Pace.PAST_PROMISE,
        )
        if self.script.then == "stops":
            return self._stopping(course, crosses_us)
        if self.script.then == "uploaded-late":
            return self._innocent(course)
        return course

    def _accepted(self, crosses_us: int) -> int:
        promised, statutory = self.matter.promised_limit, self.matter.statutory_limit
        days = {
            "warning": promised.amount - WARNING_UNITS,
            "yellow": promised.amount,
            "red": statutory.amount,
        }[self.script.crosses]
        return self.hall.hours.working_instant_before(crosses_us, days * WORKING_DAY_US)

    def _end(self, crosses_us: int) -> int:
        after = self.hall.hours.after
        if self.script.then == "stood":
            return after(self.start_us, self._minutes(100, 600))
        if self.script.then == "grows":
            return after(crosses_us, WARNING_UNITS * WORKING_DAY_US + self._minutes(60, 300))
        if self.script.crosses == "warning":
            return after(crosses_us, self._minutes(120, 960))
        return after(crosses_us, self._minutes(60, 300))

    def _stopping(self, course: Course, crosses_us: int) -> Course:
        """Return the course with a special procedure that begins minutes after the crossing."""
        stop = self._stop(crosses_us + self.dice.between(420, 660) * SECOND_US, "expert_review")
        ends_us = self.hall.hours.after(stop.resumes_us, 4 * HOUR_US)
        return replace(course, stop=stop, ends_us=ends_us)

    def _innocent(self, course: Course) -> Course:
        """Return the course of a case that was completed, or stopped, the day before."""
        hours = self.hall.hours
        before_us = hours.working_instant_before(self.start_us, self._minutes(20, 90))
        if self.dice.happens(500):
            return replace(course, ends_us=before_us, pace=Pace.QUIET)
        stop = self._stop(before_us, "inspection")
        ends_us = hours.after(stop.resumes_us, 15 * MINUTE_US)
        return replace(course, stop=stop, ends_us=ends_us, pace=Pace.QUIET)

    def _stop(self, begins_us: int, procedure: str) -> Stop:
        resumes_us = self.hall.hours.after(begins_us, 2 * WORKING_DAY_US)
        return Stop(
            begins_us=begins_us, resumes_us=resumes_us, procedure=procedure, applied=_APPLIED
        )

    def _minutes(self, low: int, high: int) -> int:
        return self.dice.between(low, high) * MINUTE_US


def _matter(hall: Hall, script: Script, departments: set[str], dice: Dice) -> Matter:
    """Return a matter whose limits let such a case cross nothing else unseen before."""
    fits = _FITS.get(script.then, _FITS[script.crosses])
    found = [
        matter
        for matter in hall.town.matters
        if matter.handling_type == "promised"
        and matter.promised_limit.unit == "working_day"
        and fits(script, matter.promised_limit.amount, matter.statutory_limit.amount)
    ]
    fresh = [matter for matter in found if matter.department not in departments]
    return dice.pick(fresh or found)


_FITS: dict[str, Callable[[Script, int, int], bool]] = {
    # A warning precedes the promise by three units, and its case was accepted before the demo.
    "warning": lambda script, promised, statutory: (
        WARNING_UNITS + script.day < promised <= 15 and promised < statutory
    ),
    "grows": lambda script, promised, statutory: (
        WARNING_UNITS + script.day < promised <= 15 and promised + 2 < statutory
    ),
    # A promise of three units or fewer has no warning that would have stood before.
    "yellow": lambda script, promised, statutory: (
        script.day < promised <= WARNING_UNITS and promised + 2 < statutory
    ),
    # Where promise and statute agree there is no yellow card before the red one.
    "red": lambda _, promised, statutory: promised == statutory <= WARNING_UNITS,
    "grown": lambda _, promised, statutory: 3 <= statutory - promised <= 10 and statutory <= 15,
    "stood": lambda script, promised, statutory: (
        statutory <= 20 and statutory - promised > script.days_over + 3
    ),
}


def _uploaded_late(sendings: list[Sending], start_us: int, dice: Dice) -> list[Sending]:
    """Return the reports with those of yesterday's last facts sent half an hour into the demo."""
    upload_us = start_us + dice.between(24 * 60, 34 * 60) * SECOND_US
    return [
        each.sent_at(max(each.at_us, upload_us)) if each.type in _LATE_TYPES else each
        for each in sendings
    ]


def _number(received_us: int, taken: set[str], dice: Dice) -> str:
    """Return a case id of the day of receipt that no other placed case has."""
    while True:
        number = case_number(local_day(received_us), dice.between(*_SERIALS))
        if number not in taken:
            taken.add(number)
            return number
