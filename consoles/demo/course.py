"""The course of one case: when it is received, accepted, stopped and completed.

It stands apart from the telling (`story.py`) because the opening stock plans some courses by hand,
so that their limits run out at chosen instants, and tells them in the same words as all others.
"""

from dataclasses import dataclass
from enum import Enum

from consoles.demo.dice import PER_MILLE, Dice
from consoles.demo.town import Limit, Matter
from consoles.demo.workday import (
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    WORKING_DAY_US,
    HallTime,
    whole_seconds,
)

WARNING_UNITS = 3
"""How many units before the promised limit the province warns; quiet cases end well before."""


class Pace(Enum):
    """How long a case takes, beside its limits."""

    QUIET = "quiet"
    WARNED = "warned"
    PAST_PROMISE = "past_promise"
    PAST_STATUTE = "past_statute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Who brings what, where: what is known of a case when it arrives.

    Attributes:
        number: the case id.
        clerk: opaque code of the clerk at the window.
        channel: `window`, `online`, `mobile` or `kiosk`.
    """

    number: str
    matter: Matter
    window: str
    clerk: str
    applicant: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A special procedure (特别程序): its span in µs, and how long was applied for."""

    begins_us: int
    resumes_us: int
    procedure: str
    applied: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The milestones of one case, in µs; absent where they do not happen.

    Attributes:
        ends_us: completion, or the refusal to accept where nothing was accepted.
    """

    received_us: int
    pre_reviewed_us: int | None = None
    correction_asked_us: int | None = None
    corrected_us: int | None = None
    accepted_us: int | None = None
    stop: Stop | None = None
    ends_us: int
    outcome: str = "granted"
    pace: Pace = Pace.QUIET


_OUTCOMES = {
    "granted": 944,
    "refused": 14,
    "returned": 12,
    "withdrawn": 10,
    "correction_lapsed": 7,
    "voided": 5,
    "other": 4,
    "forwarded": 2,
    "deleted": 2,
}

_STOPS: dict[str, tuple[int, str]] = {
    "review": (8, "other"),
    "site": (110, "inspection"),
    "testing": (350, "testing"),
    "appraisal": (300, "appraisal"),
    "expert": (280, "expert_review"),
    "publicity": (500, "publicity"),
    "hearing": (400, "hearing"),
    "joint": (80, "expert_review"),
}
_STOP_LENGTHS = ((3, 30, 75), (5, 15, 35), (10, 30, 60))
"""Working days applied for, and the share of them used, in per cent from and to."""

_UNITS_US = {"working_day": WORKING_DAY_US, "working_hour": HOUR_US}
_SLOW_PER_MILLE = 12
_SLOW_SHORT_PER_MILLE = 5


def pace_of(matter: Matter, dice: Dice) -> Pace:
    """Return how long a newly arrived case will take: quiet, but for about one in two hundred."""
    limit = matter.promised_limit
    if matter.handling_type == "immediate" or limit.unit != "working_day":
        return Pace.QUIET
    if limit.amount <= WARNING_UNITS:
        late = limit.amount < matter.statutory_limit.amount and dice.happens(_SLOW_SHORT_PER_MILLE)
        return Pace.PAST_PROMISE if late else Pace.QUIET
    if not dice.happens(_SLOW_PER_MILLE):
        return Pace.QUIET
    return dice.weighted((Pace.WARNED, Pace.PAST_PROMISE, Pace.PAST_STATUTE), (76, 21, 3))


def plan(frame: Frame, received_us: int, pace: Pace, hours: HallTime, dice: Dice) -> Course:
    """Return the course of a case that arrives at `received_us`."""
    matter = frame.matter
    ready_us, pre_reviewed_us = _first_look(frame, received_us, hours, dice)
    asked_us = corrected_us = None
    if matter.handling_type != "immediate" and dice.happens(55):
        asked_us = ready_us
        corrected_us = hours.after(asked_us, _of(dice, 1 * HOUR_US, 3 * WORKING_DAY_US))
        ready_us = hours.after(corrected_us, _of(dice, 5 * MINUTE_US, 40 * MINUTE_US))
    if dice.happens(5):
        return Course(
            received_us=received_us,
            pre_reviewed_us=pre_reviewed_us,
            correction_asked_us=asked_us,
            corrected_us=corrected_us,
            ends_us=ready_us,
        )
    stop = _stop(matter, ready_us, pace, hours, dice)
    ends_us = hours.after(ready_us, _work(matter, pace, dice))
    if stop is not None:
        ends_us = hours.after(ends_us, hours.worked(stop.begins_us, stop.resumes_us))
    return Course(
        received_us=received_us,
        pre_reviewed_us=pre_reviewed_us,
        correction_asked_us=asked_us,
        corrected_us=corrected_us,
        accepted_us=ready_us,
        stop=stop,
        ends_us=ends_us,
        outcome=_outcome(matter, dice),
        pace=pace,
    )


def free_us(matter: Matter) -> int | None:
    """Return the working time a case may take without any card; nothing for natural days."""
    limit = matter.promised_limit
    if limit.unit not in _UNITS_US:
        return None
    warned = limit.amount - WARNING_UNITS
    return (warned if warned > 0 else limit.amount) * _UNITS_US[limit.unit]


def _first_look(
    frame: Frame, received_us: int, hours: HallTime, dice: Dice
) -> tuple[int, int | None]:
    """Return when somebody could accept it, and when an on-line form was looked at."""
    if frame.channel == "window":
        return hours.after(received_us, _of(dice, 2 * MINUTE_US, 15 * MINUTE_US)), None
    reviewed_us = hours.after(received_us, _of(dice, 8 * MINUTE_US, 4 * HOUR_US))
    return hours.after(reviewed_us, _of(dice, 2 * MINUTE_US, 50 * MINUTE_US)), reviewed_us


def _work(matter: Matter, pace: Pace, dice: Dice) -> int:
    """Return the working time from acceptance to completion, special procedures apart."""
    if matter.handling_type == "immediate":
        return _of(dice, 3 * MINUTE_US, 25 * MINUTE_US)
    promised, statutory = matter.promised_limit, matter.statutory_limit
    quiet_us = free_us(matter)
    if quiet_us is None:
        # A weekend runs in full against natural days and not at all against the work.
        return _of(dice, WORKING_DAY_US // 2, (promised.amount - WARNING_UNITS) * HOUR_US * 3 // 2)
    one_us = _UNITS_US[promised.unit]
    promised_us = promised.amount * one_us
    match pace:
        case Pace.QUIET:
            return _of(dice, quiet_us * 35 // 100, quiet_us * 90 // 100)
        case Pace.WARNED:
            return _of(dice, quiet_us + one_us // 4, promised_us - one_us // 4)
        case Pace.PAST_PROMISE:
            room_us = min((statutory.amount - promised.amount) * one_us * 8 // 10, 2 * one_us)
            return promised_us + _of(dice, one_us // 10, max(one_us // 5, room_us))
        case Pace.PAST_STATUTE:
            return statutory.amount * one_us + _of(dice, one_us // 5, 2 * one_us)


def _stop(matter: Matter, accepted_us: int, pace: Pace, hours: HallTime, dice: Dice) -> Stop | None:
    per_mille, procedure = _STOPS.get(matter.flow, (0, "other"))
    limit = matter.promised_limit
    if limit.unit != "working_day" or limit.amount < 5 or not dice.happens(per_mille):
        return None
    days, low, high = dice.pick(_STOP_LENGTHS)
    # A slow case stops early: what lies before its first threshold delays, and forgives nothing.
    begins_us = hours.after(accepted_us, _of(dice, HOUR_US, WORKING_DAY_US * 3 // 2))
    lasts_us = days * WORKING_DAY_US * dice.between(low, high) // 100
    if pace is Pace.QUIET:
        begins_us = min(begins_us, hours.after(accepted_us, _quiet_start(limit.amount)))
    return Stop(
        begins_us=begins_us,
        resumes_us=hours.after(begins_us, whole_seconds(lasts_us)),
        procedure=procedure,
        applied=Limit(amount=days, unit="working_day"),
    )


def _quiet_start(days: int) -> int:
    """Return how much work surely lies before the completion of a quiet case."""
    return whole_seconds((days - WARNING_UNITS) * WORKING_DAY_US // 5)


def _outcome(matter: Matter, dice: Dice) -> str:
    if matter.handling_type == "reported":
        return "forwarded"
    if matter.handling_type == "immediate" and not dice.happens(PER_MILLE // 50):
        return "granted"
    return dice.weighted(tuple(_OUTCOMES), tuple(_OUTCOMES.values()))


def _of(dice: Dice, low_us: int, high_us: int) -> int:
    """Return a span between two, in whole seconds."""
    low, high = low_us // SECOND_US, high_us // SECOND_US
    return dice.between(low, max(low, high)) * SECOND_US
