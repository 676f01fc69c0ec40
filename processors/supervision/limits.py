"""Where limits come from: the source at acceptance, then the catalogue of that day, then the pack.

A promise that the source did not make itself never reaches beyond the statutory limit.
"""

from typing import NamedTuple

from ledger.case_events import CaseAccepted
from ledger.fact import Limit
from ledger.findings import LimitName
from ledger.record import micros
from processors.supervision.clock import CaseClock, Reach
from processors.supervision.law import Law

_RULE = "handling-limit"


class GrantedLimit(NamedTuple):
    """A limit of one clock: a span, or an instant that the source declared.

    Attributes:
        unit: the unit its thresholds, its credits and its durations are measured in.
        later_dues: (at, due) of declared instants that took its place, in order of `at`.
    """

    name: LimitName
    granted: Limit | None
    declared_us: int | None
    unit: str
    later_dues: tuple[tuple[int, int], ...] = ()

    def reach(self, clock: CaseClock, offset: int) -> Reach:
        """Return when the limit plus `offset` of its units is used up."""
        if self.granted is not None:
            reach = clock.reach(self.granted, offset)
        else:
            assert self.declared_us is not None
            reach = clock.reach_declared(self.declared_us, self.unit, offset)
        for at_us, due_us in self.later_dues:
            if reach.effective_us is not None and at_us <= reach.effective_us:
                moved = clock.reach_declared(due_us, self.unit, offset)
                reach = moved._replace(at_opening=reach.at_opening or moved.at_opening)
        return reach


def declared(name: LimitName, due_us: int, law: Law) -> GrantedLimit:
    """Return a limit that is an instant the source declared."""
    return GrantedLimit(name, None, due_us, law.pack.declared_unit)


def granted(name: LimitName, span: Limit) -> GrantedLimit:
    """Return a limit that is a span of time."""
    return GrantedLimit(name, span, None, span.unit)


def by_default(rule: str, name: LimitName, law: Law) -> list[GrantedLimit]:
    """Return the limit that the pack grants a clock by default, if any."""
    span = law.pack.default_limit(rule, name)
    return [] if span is None else [granted(name, span)]


def limits_of(accepted: CaseAccepted | None, law: Law, opened_us: int) -> list[GrantedLimit]:
    """Return the promised and the statutory limit of a handling cycle, those that exist.

    Args:
        accepted: its acceptance; None where it is only deemed accepted so far.
    """
    pack, matter = law.pack, law.matter
    kind = None if accepted is None else accepted.handling_type
    if kind is None and matter is not None:
        kind = matter.handling_type
    promised_by_source = None if accepted is None else accepted.promised_limit
    statutory = None if accepted is None else accepted.statutory_limit
    if statutory is None and matter is not None:
        statutory = matter.statutory_limit
    if statutory is None:
        statutory = pack.default_limit(_RULE, "statutory", kind)
    found: list[GrantedLimit] = []
    if accepted is not None and accepted.promised_due is not None:
        found.append(declared("promised", micros(accepted.promised_due), law))
    elif promised_by_source is not None:
        found.append(granted("promised", promised_by_source))
    else:
        promised = None if matter is None else matter.promised_limit
        if promised is None:
            promised = pack.default_limit(_RULE, "promised", kind)
        if promised is not None:
            found.append(granted("promised", _cut(promised, statutory, law, opened_us)))
    if statutory is not None:
        found.append(granted("statutory", statutory))
    return found


def declares_promise(accepted: CaseAccepted) -> bool:
    """Whether the source made the promise itself."""
    return accepted.promised_due is not None or accepted.promised_limit is not None


def bare_clock(law: Law, opened_us: int) -> CaseClock:
    """Return a clock that nothing has moved."""
    pack = law.pack
    return CaseClock(law.calendar, opened_us, (), pack.counting, pack.day_end == "midnight")


def _cut(promised: Limit, statutory: Limit | None, law: Law, opened_us: int) -> Limit:
    """Return a promise of the catalogue or pack, or the statutory limit if that ends before it."""
    if statutory is None:
        return promised
    if promised.unit == statutory.unit and promised.unit not in ("natural_day", "month"):
        return promised if promised.amount <= statutory.amount else statutory
    bare = bare_clock(law, opened_us)
    ends, at_law = bare.reach(promised, 0), bare.reach(statutory, 0)
    assert ends.effective_us is not None
    assert ends.due_us is not None
    assert at_law.effective_us is not None
    assert at_law.due_us is not None
    beyond = ends.effective_us > at_law.effective_us or ends.due_us > at_law.due_us
    return statutory if beyond else promised
