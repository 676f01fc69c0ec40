"""Where each limit of a clock came from, and on which basis: for people who ask why it is so."""

from typing import Literal, NamedTuple

from ledger.case_events import CaseAccepted
from ledger.findings import LimitName
from processors.supervision.limits import GrantedLimit
from processors.supervision.pack import DefaultLimit
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.verdict import ClockVerdict

RULE_OF: dict[str, str] = {rule.clock: name for name, rule in TIME_RULES.items()}
"""The time rule that watches a kind of clock."""


class Origin(NamedTuple):
    """Where a limit came from.

    Attributes:
        place: the source's declaration, the catalogue, the pack's default, or the statutory limit
            where that cut a promise nobody at the source had made.
        basis: of the limit, where the pack grants it; else of the rule that watches it.
    """

    place: Literal["source", "catalogue", "pack", "statute"]
    basis: str


def origin_of(clock: ClockVerdict, limit: GrantedLimit) -> Origin:
    """Return where a limit of a clock came from."""
    rule = RULE_OF[clock.kind]
    if limit.declared_us is not None or clock.kind == "special-procedure":
        return Origin("source", _watched_by(clock, rule, limit.name))
    if clock.kind == "stage":
        fact = None if clock.facts is None else clock.facts.acceptance
        told = fact is not None and getattr(fact.fact, "stage_limits", None) is not None
        place: Literal["source", "catalogue"] = "source" if told else "catalogue"
        return Origin(place, _watched_by(clock, rule, limit.name))
    if clock.kind == "handling":
        return _of_handling(clock, limit, rule)
    return _of_pack(clock, rule, limit.name, None)


def _of_handling(clock: ClockVerdict, limit: GrantedLimit, rule: str) -> Origin:
    accepted = clock.entry if isinstance(clock.entry, CaseAccepted) else None
    matter = clock.law.matter
    kind = None if accepted is None else accepted.handling_type
    if kind is None and matter is not None:
        kind = matter.handling_type
    field = f"{limit.name}_limit"
    if accepted is not None and getattr(accepted, field, None) is not None:
        return Origin("source", _watched_by(clock, rule, limit.name))
    entered = None if matter is None else getattr(matter, field, None)
    default = _default(clock, rule, limit.name, kind)
    would_be = entered or (None if default is None else default.granted)
    if limit.name == "promised" and would_be != limit.granted:
        statutory = next((due.limit for due in clock.dues if due.limit.name == "statutory"), None)
        if statutory is not None:
            return Origin("statute", _of_handling(clock, statutory, rule).basis)
    if entered is not None:
        return Origin("catalogue", _watched_by(clock, rule, limit.name))
    return _of_pack(clock, rule, limit.name, kind)


def _of_pack(clock: ClockVerdict, rule: str, name: LimitName, kind: str | None) -> Origin:
    default = _default(clock, rule, name, kind)
    return Origin("pack", _watched_by(clock, rule, name) if default is None else default.basis)


def _default(
    clock: ClockVerdict, rule: str, name: LimitName, kind: str | None
) -> DefaultLimit | None:
    """Return the pack's default for a handling type, its own entry before `*`."""
    for wanted in (kind, "*"):
        for each in clock.law.pack.defaults:
            if (each.rule, each.limit, each.handling_type) == (rule, name, wanted):
                return each
    return None


def _watched_by(clock: ClockVerdict, rule: str, name: LimitName) -> str:
    """Return the basis of what follows the end of a limit, else that of its rule."""
    thresholds = sorted(clock.law.pack.by_rule.get(rule, ()), key=lambda each: abs(each.offset))
    own = [each.basis for each in thresholds if each.limit == name]
    return (own or [each.basis for each in thresholds] or [""])[0]
