"""How real sources report: late, twice, in the wrong order, without a beginning, and corrected.

It stands apart from the stories so that they stay true: a mishap changes when a fact is sent, or
adds another fact, and never what happened.
"""

from dataclasses import dataclass

from consoles.demo.dice import Dice
from consoles.demo.facts import Event, Pen, Sending
from consoles.demo.town import HALL
from consoles.demo.workday import MINUTE_US, SECOND_US, HallTime

_ORPHAN_PER_MILLE = 2
_LATE_PER_MILLE = 30
_SWAP_PER_MILLE = 6
_AMENDED_PER_MILLE = 8
_DUPLICATE_PER_MILLE = 4
_MISSING_BY_AN_ORPHAN = ("received", "pre-reviewed", "accepted", "stage-started")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """What may go wrong with the reports of one case; each method returns the reports anew."""

    hours: HallTime
    dice: Dice
    pen: Pen

    def befall(self, sendings: list[Sending]) -> list[Sending]:
        """Return `sendings` as a real source would send them."""
        sendings = self._amend(sendings)
        if self.dice.happens(_ORPHAN_PER_MILLE):
            sendings = [each for each in sendings if not _lost(each)]
        if self.dice.happens(_LATE_PER_MILLE):
            sendings = self._delay_one(sendings)
        if self.dice.happens(_SWAP_PER_MILLE):
            sendings = self._swap_two(sendings)
        return self._repeat_some(sendings)

    def _delay_one(self, sendings: list[Sending]) -> list[Sending]:
        """Send one fact twenty minutes to six hours late, as after an outage."""
        unlucky = self.dice.below(len(sendings))
        delay_us = self.dice.between(20, 360) * MINUTE_US
        return [
            each.sent_at(each.at_us + delay_us) if number == unlucky else each
            for number, each in enumerate(sendings)
        ]

    def _swap_two(self, sendings: list[Sending]) -> list[Sending]:
        """Send a fact just after the one that followed it."""
        if len(sendings) < 2:
            return sendings
        first = self.dice.below(len(sendings) - 1)
        swapped = list(sendings)
        swapped[first] = sendings[first].sent_at(sendings[first + 1].at_us + SECOND_US)
        return swapped

    def _repeat_some(self, sendings: list[Sending]) -> list[Sending]:
        """Send a few facts a second time, byte for byte, some minutes later."""
        again = [
            each.sent_at(each.at_us + self.dice.between(1, 30) * MINUTE_US)
            for each in sendings
            if self.dice.happens(_DUPLICATE_PER_MILLE)
        ]
        return sendings + again

    def _amend(self, sendings: list[Sending]) -> list[Sending]:
        """Correct an earlier record (更正): replace what was wrong in it, or void it."""
        if not self.dice.happens(_AMENDED_PER_MILLE):
            return sendings
        finished = _of_type(sendings, "stage-finished")
        received = _of_type(sendings, "received")
        if finished and self.dice.happens(350):
            void: Event = {"void": True, "reason": "误操作，环节记录作废"}
            return [*sendings, self._amended(self.dice.pick(finished), void)]
        if received:
            right: Event = {"applicant_ref": f"applicant:{self.dice.token(12)}"}
            merge: Event = {"replacement": right, "reason": "申请人信息录入错误"}
            return [*sendings, self._amended(received[0], merge)]
        return sendings

    def _amended(self, wrong: Sending, correction: Event) -> Sending:
        time_us = self.hours.after(wrong.time_us, self.dice.between(10, 240) * MINUTE_US)
        amends: Event = {"source": wrong.event["source"], "id": wrong.event["id"]}
        approver = f"officer:{HALL[:4]}-{self.dice.between(1, 6):02d}"
        return self.pen.write(
            "case.amended", time_us, {"amends": amends, **correction, "approver_ref": approver}
        )


def _lost(sending: Sending) -> bool:
    return _what(sending) in _MISSING_BY_AN_ORPHAN


def _of_type(sendings: list[Sending], what: str) -> list[Sending]:
    return [each for each in sendings if _what(each) == what]


def _what(sending: Sending) -> str:
    return sending.type.removeprefix("hall.case.").removesuffix(".v1")
