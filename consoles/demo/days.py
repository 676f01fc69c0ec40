"""A day of the hall: the cases that arrive on it, and everything the sources will say about them.

It stands apart from the endless stream because the opening stock asks the same days of the past
which of their cases are still open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time

from consoles.demo import floor
from consoles.demo.course import Course, Frame, Pace, pace_of, plan
from consoles.demo.dice import Dice
from consoles.demo.facts import Pen, Sending
from consoles.demo.mishaps import Mishaps
from consoles.demo.story import Teller
from consoles.demo.town import HALL, Matter, Town
from consoles.demo.workday import MINUTE_US, HallTime, arrivals, is_open, local_us

_CHANNELS = ("window", "online", "mobile", "kiosk")
_CHANNEL_WEIGHTS = (60, 22, 14, 4)
_BULK_PER_MILLE = 400
_ABANDONED_SERIAL = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """One seeded hall: everything that its days follow from."""

    seed: int
    town: Town
    hours: HallTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A case on its arrival, with the course it is going to take."""

    serial: int
    frame: Frame
    course: Course


def case_number(day: date, serial: int) -> str:
    """Return the case id: division code, day of receipt, serial number of the day."""
    return f"{HALL}-{day:%Y%m%d}-{serial:04d}"


def arriving(hall: Hall, day: date, *, quiet: bool = False) -> Iterator[Arrival]:
    """Yield the cases that arrive on `day`, in order.

    Args:
        hall: the seeded hall.
        day: none arrive on a day that is not worked.
        quiet: whether all of them go well, as those of the weeks before the demo do.
    """
    weights = [matter.weight for matter in hall.town.matters]
    for serial, received_us in enumerate(arrivals(hall.seed, day, hall.hours), start=1):
        number = case_number(day, serial)
        dice = Dice(hall.seed, "case", number)
        matter = dice.weighted(hall.town.matters, weights)
        channel = dice.weighted(_CHANNELS, _CHANNEL_WEIGHTS)
        if not is_open(received_us):
            channel = "online"
        frame = frame_of(hall, number, matter, channel, dice)
        pace = pace_of(matter, dice)
        course = plan(frame, received_us, Pace.QUIET if quiet else pace, hall.hours, dice)
        yield Arrival(serial=serial, frame=frame, course=course)


def frame_of(hall: Hall, number: str, matter: Matter, channel: str, dice: Dice) -> Frame:
    """Return a case at one of the windows of the matter's department."""
    department = hall.town.department(matter.department)
    counter = dice.below(len(department.windows))
    return Frame(
        number=number,
        matter=matter,
        window=department.windows[counter],
        clerk=department.clerks[2 * counter + dice.below(2)],
        applicant=f"applicant:{dice.token(12)}",
        channel=channel,
    )


def told(hall: Hall, frame: Frame, course: Course, *, mishaps: bool = True) -> list[Sending]:
    """Return everything that the sources report of one case, with or without their mishaps."""
    dice = Dice(hall.seed, "told", frame.number)
    pen = Pen(subject=frame.number, stem=f"{hall.seed}-{frame.number}")
    sendings = Teller(
        town=hall.town, frame=frame, course=course, hours=hall.hours, dice=dice, pen=pen
    ).tell()
    if not mishaps:
        return sendings
    return Mishaps(hours=hall.hours, dice=dice, pen=pen).befall(sendings)


def whole_day(hall: Hall, day: date) -> Iterator[Sending]:
    """Yield all that the hall's sources will ever send about what begins on `day`."""
    if not hall.hours.is_working_day(day):
        return
    yield from floor.attendance(hall.seed, day, hall.town)
    slow_reporter = _bulk_department(hall, day)
    for arrival in arriving(hall, day):
        frame, received_us = arrival.frame, arrival.course.received_us
        sendings = told(hall, frame, arrival.course)
        if frame.matter.department == slow_reporter:
            sendings = _in_bulk(sendings, day)
        yield from sendings
        if frame.channel == "window":
            yield from floor.ticket(hall.seed, frame, received_us, arrival.serial)
            other = _ABANDONED_SERIAL + arrival.serial
            yield from floor.abandoned_ticket(hall.seed, frame, received_us, other)


def _bulk_department(hall: Hall, day: date) -> str | None:
    """Return the department that, on some days, enters its day's work after closing time."""
    dice = Dice(hall.seed, "bulk", day.isoformat())
    if not dice.happens(_BULK_PER_MILLE):
        return None
    return dice.pick(hall.town.departments).code


def _in_bulk(sendings: list[Sending], day: date) -> list[Sending]:
    """Return the reports with those of the day's own facts sent together in the evening."""
    closing_us, evening_us = local_us(day, time(17)), local_us(day, time(17, 40))
    return [
        each.sent_at(evening_us + number % 20 * MINUTE_US) if each.time_us < closing_us else each
        for number, each in enumerate(sendings)
    ]
