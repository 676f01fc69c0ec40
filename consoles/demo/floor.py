"""The hall floor: tickets drawn at the machine, and who is at work.

It stands apart from the cases because other systems report it: the ticket machine and the
attendance reader know windows, and nothing of limits.
"""

from collections.abc import Iterator
from datetime import date, time

from consoles.demo.course import Frame
from consoles.demo.dice import Dice
from consoles.demo.facts import Pen, Sending
from consoles.demo.town import HALL, Town
from consoles.demo.workday import MINUTE_US, SECOND_US, local, local_us

DOORS_OPEN = time(8, 40)
_ABANDONED_PER_MILLE = 45
_STATUSES = ("present", "late", "on_leave", "absent")
_STATUS_WEIGHTS = (960, 18, 20, 2)


def ticket(seed: int, frame: Frame, received_us: int, serial: int) -> list[Sending]:
    """Return the queue ticket of somebody whose case is received at a window."""
    dice = Dice(seed, "ticket", frame.number)
    pen = _ticket_pen(seed, received_us, serial)
    called_us = received_us - dice.between(10, 60) * SECOND_US
    drawn_us = called_us - dice.between(1, 18) * MINUTE_US
    served_us = received_us + dice.between(4, 20) * MINUTE_US
    known = {"hall": HALL, "matter": frame.matter.code}
    _write(pen, "ticket-drawn", _after_doors(drawn_us), known)
    _write(pen, "called", _after_doors(called_us), {**known, "window": frame.window})
    _write(pen, "served", served_us, {**known, "window": frame.window, "case": frame.number})
    return pen.sent


def abandoned_ticket(seed: int, frame: Frame, drawn_us: int, serial: int) -> list[Sending]:
    """Return, now and then, the ticket of somebody else who waited and left."""
    dice = Dice(seed, "abandoned", frame.number)
    if not dice.happens(_ABANDONED_PER_MILLE):
        return []
    pen = _ticket_pen(seed, drawn_us, serial)
    called_us = drawn_us + dice.between(6, 25) * MINUTE_US
    known = {"hall": HALL, "matter": frame.matter.code}
    _write(pen, "ticket-drawn", drawn_us, known)
    _write(pen, "called", called_us, {**known, "window": frame.window})
    _write(pen, "abandoned", called_us + 2 * MINUTE_US, {**known, "window": frame.window})
    return pen.sent


def attendance(seed: int, day: date, town: Town) -> Iterator[Sending]:
    """Yield who of the windows' first clerks is at work on `day`, department by department."""
    opening_us = local_us(day, time(9))
    for department in town.departments:
        dice = Dice(seed, "attendance", day.isoformat(), department.code)
        pen = Pen(subject=f"unit:{department.code}", stem=f"{seed}-{day:%Y%m%d}-{department.code}")
        for clerk in department.clerks[::2]:
            status = dice.weighted(_STATUSES, _STATUS_WEIGHTS)
            minutes = dice.between(1, 25) if status != "present" else -dice.between(1, 18)
            at_us = opening_us + minutes * MINUTE_US + dice.below(60) * SECOND_US
            data = {"clerk_ref": clerk, "status": status}
            yield pen.write("unit.attendance-noted", at_us, data, system="attendance")


def _ticket_pen(seed: int, us: int, serial: int) -> Pen:
    number = f"{HALL}-Q{local(us):%Y%m%d}-{serial:04d}"
    return Pen(subject=number, stem=f"{seed}-{number}")


def _write(pen: Pen, what: str, time_us: int, data: dict[str, str]) -> None:
    pen.write(f"queue.{what}", time_us, data, system="queue")


def _after_doors(us: int) -> int:
    """Return `us`, or the opening of the doors on its day where it lies before."""
    return max(us, local_us(local(us).date(), DOORS_OPEN))
