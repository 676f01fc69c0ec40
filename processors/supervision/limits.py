"""Where limits come from: the source at acceptance, then the catalogue of that day, then the pack.

A catalogue of matters (effective-dated records in the log) takes its place between the two when it
is published; until then a case has what its acceptance declares and what the pack grants by
default.
"""

from typing import NamedTuple

from ledger.case_events import CaseAccepted
from ledger.fact import Limit
from ledger.record import micros
from processors.supervision.clock import CaseClock, Reach
from processors.supervision.policy import LimitName, Pack


class GrantedLimit(NamedTuple):
    """A limit of one clock: a span, or an instant that the source declared.

    Attributes:
        unit: the unit its thresholds, its credits and its durations are measured in.
    """

    name: LimitName
    granted: Limit | None
    declared_us: int | None
    unit: str

    def reach(self, clock: CaseClock, offset: int) -> Reach:
        """Return when the limit plus `offset` of its units is used up."""
        if self.granted is not None:
            return clock.reach(self.granted, offset)
        assert self.declared_us is not None
        return clock.reach_declared(self.declared_us, self.unit, offset)


def limits_of(accepted: CaseAccepted, pack: Pack) -> list[GrantedLimit]:
    """Return the promised and the statutory limit of an acceptance, those that exist."""
    found: list[GrantedLimit] = []
    if accepted.promised_due is not None:
        declared = micros(accepted.promised_due)
        found.append(GrantedLimit("promised", None, declared, pack.declared_unit))
    else:
        promised = accepted.promised_limit or pack.default_limit("promised", accepted.handling_type)
        if promised is not None:
            found.append(GrantedLimit("promised", promised, None, promised.unit))
    statutory = accepted.statutory_limit or pack.default_limit("statutory", accepted.handling_type)
    if statutory is not None:
        found.append(GrantedLimit("statutory", statutory, None, statutory.unit))
    return found
