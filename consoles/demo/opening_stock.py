"""What the hall has on its desks when the demo begins: several hundred open cases.

It stands apart from the stream because it came in before the story begins: the open cases of the
past weeks, all far from their limits, and the few placed ones of `scripts.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consoles.demo.days import Hall, arriving, told
from consoles.demo.facts import Sending
from consoles.demo.scripts import Placed, placed
from consoles.demo.workday import local_day

WORKING_DAYS_BACK = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningStock:
    """The open cases of the start.

    Attributes:
        posted: facts of the past, each with the moment in which it was sent.
        later: what the same cases will still bring.
        placed: the cases placed so that they cross a threshold; the plan, never sent.
        cases: how many open cases there are.
    """

    posted: tuple[Sending, ...]
    later: tuple[Sending, ...]
    placed: tuple[Placed, ...]
    cases: int


def opening_stock(hall: Hall, start_us: int) -> OpeningStock:
    """Return the open cases of a hall at `start_us`, an opening of the hall."""
    scripted = tuple(placed(hall, start_us))
    reports: list[Sequence[Sending]] = [each.sendings for each in scripted]
    for day in reversed(hall.hours.working_days_before(local_day(start_us), WORKING_DAYS_BACK)):
        reports.extend(
            told(hall, arrival.frame, arrival.course)
            for arrival in arriving(hall, day, quiet=True)
            if arrival.course.ends_us > start_us
        )
    posted: list[Sending] = []
    later: list[Sending] = []
    for sendings in reports:
        for sending in sendings:
            if sending.at_us <= start_us:
                posted.append(sending)
            else:
                later.append(sending)
    return OpeningStock(
        posted=tuple(posted), later=tuple(later), placed=scripted, cases=len(reports)
    )
