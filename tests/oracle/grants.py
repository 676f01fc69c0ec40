"""What limits a clock has: declared by the source, else by the catalogue, else the pack's default.

It stands apart because where a limit comes from has nothing to do with how it is counted.
"""

from dataclasses import replace
from typing import Any

from tests.oracle.handling_clock import Clock
from tests.oracle.handling_limit import DesignSilent, Grant, plain_end
from tests.oracle.known_history import Cycle, instant
from tests.oracle.laws import Law
from tests.oracle.other_clocks import RULES, Running

LIMITS = ("promised", "statutory")
LIMIT_OF = {
    "special-procedure": "applied",
    "pre-review": "promised",
    "correction-notice": "statutory",
    "certificate": "promised",
    "delivery": "statutory",
    "stage": "promised",
    "part-reply": "promised",
    "missing-materials": "promised",
    "consultation": "promised",
    "complaint": "promised",
}
"""The one limit of every kind of clock but handling, which has both."""


def handling_type_of(cycle: Cycle, law: Law) -> str | None:
    """Return the handling type of a cycle, None if nobody said it.

    Raises:
        DesignSilent: only the catalogue says it.
    """
    said: str | None = cycle.said.get("handling_type")
    if said is None and law.matter.get("handling_type"):
        raise DesignSilent("handling type that only the catalogue says")
    return said


def grants_of(cycle: Cycle, law: Law, clock: Clock) -> dict[str, Grant]:
    """Return the limits of a handling cycle by name; `clock` is its handling clock.

    A promise that the source did not declare itself ends no later than the statutory limit.

    Raises:
        DesignSilent: the cut promise has thresholds in a unit that is no longer its own.
    """
    grants = {limit: grant for limit in LIMITS if (grant := _grant(cycle, law, limit))}
    declares = cycle.said.get("promised_due") or cycle.said.get("promised_limit")
    if len(grants) < 2 or declares:
        return grants
    promised, statutory = (plain_end(clock, grants[limit]) for limit in LIMITS)
    if (promised.due > statutory.due) != (promised.effective > statutory.effective):
        raise DesignSilent("promise that ends with the statutory limit or after it, by the moment")
    if promised.due > statutory.due:
        if grants["promised"].unit != grants["statutory"].unit and any(
            row["limit"] == "promised" and row["offset"]
            for row in law.thresholds(RULES["handling"])
        ):
            raise DesignSilent("unit of a threshold of a promise that was cut")
        grants["promised"] = grants["statutory"]
    return grants


def grant_of(running: Running) -> Grant | None:
    """Return the limit of a clock beside handling; None if it has none."""
    law = running.law
    if running.due:
        unit = law.pack.get("declared_unit", "working_day")
        return Grant(amount=0, unit=unit, declared=instant(running.due))
    span = running.span
    if span is None and running.kind not in ("stage", "missing-materials"):
        of_type = handling_type_of(running.cycle, law) if running.cycle else None
        span = law.default_limit(RULES[running.kind], LIMIT_OF[running.kind], of_type)
    return _spanned(span) if span else None


def redeclared(grant: Grant, due: str, law: Law) -> Grant:
    """Return a limit whose due instant people have replaced."""
    unit = grant.unit if grant.declared else law.pack.get("declared_unit", "working_day")
    return replace(grant, amount=0, unit=unit, declared=instant(due))


def _grant(cycle: Cycle, law: Law, limit: str) -> Grant | None:
    said = cycle.said
    if limit == "promised" and said.get("promised_due"):
        unit = law.pack.get("declared_unit", "working_day")
        return Grant(amount=0, unit=unit, declared=instant(said["promised_due"]))
    span = said.get(f"{limit}_limit") or law.matter.get(f"{limit}_limit")
    if not span:
        of_type = handling_type_of(cycle, law)
        span = law.default_limit(RULES["handling"], limit, of_type)
    return _spanned(span) if span else None


def _spanned(span: dict[str, Any]) -> Grant:
    return Grant(amount=span["amount"], unit=span["unit"])
