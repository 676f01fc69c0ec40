"""How a worked example of a rule is told: one rule listed with its usual parameters, facts by hand.

It stands apart because every file of worked examples of rules uses it. Breaches are read by the
names of the facts shown, in order: `"a d"` is one by the facts `a` and `d`.
"""

from typing import Any

from tests.oracle.breaches import WAITING, breaches, rule_findings
from tests.oracle.breaches_case import Breach
from tests.oracle.known_history import Event, instant
from tests.oracle.offices import OFFICES
from tests.oracle.worked_example import UNTIL, span, wall

DAY = span("1 working_day")
PLAIN: dict[str, Any] = {
    "counting": "working_seconds",
    "closes": ["completed"],
    "report_grace_seconds": 5,
    "future_tolerance_seconds": 300,
}
# A receipt without answer counts as accepted after five working days.
DEEMING: dict[str, Any] = PLAIN | {
    "counting": "statutory_day",
    "deemed_acceptance": True,
    "threshold": [
        {"rule": "correction-notice-limit", "level": "red", "limit": "statutory", "offset": 0}
    ],
    "default_limit": [
        {
            "rule": "correction-notice-limit",
            "limit": "statutory",
            "granted": span("5 working_day"),
        }
    ],
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "outcome-without-reason": {"outcomes": ["deleted", "returned", "voided"]},
    "repeated-correction-notice": {"most": 1},
    "correction-to-and-fro": {"rounds": 2},
    "instant-completion": {"minutes": 5},
    "stop-near-limit": {"percent": 80},
    "resumed-after-promise": {"within": DAY},
    "repeated-transfer": {"times": 3},
    "rating-says-overdue": {"statutory_tags": ["over-statute"], "promised_tags": ["over-promise"]},
    **{name: {"wait": DAY} for name in WAITING},
}


def listing(name: str, table: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**(table or PLAIN), "rule": [{"name": name, **PARAMETERS.get(name, {})}]}


def all_of(
    name: str,
    *log: Event,
    matter: dict[str, Any] | None = None,
    table: dict[str, Any] | None = None,
) -> list[Breach]:
    return breaches(log, listing(name, table), OFFICES["cn"], matter)


def shown(
    name: str,
    *log: Event,
    matter: dict[str, Any] | None = None,
    table: dict[str, Any] | None = None,
) -> list[str]:
    """Return the evidence of each breach as the names of its facts."""
    found = all_of(name, *log, matter=matter, table=table)
    return [" ".join(id_ for _, id_ in each.evidence) for each in found]


def told(
    name: str,
    *log: Event,
    table: dict[str, Any] | None = None,
) -> list[tuple[str, str]]:
    """Return evidence and judged instant of each finding."""
    found = rule_findings(log, listing(name, table), OFFICES["cn"], instant(UNTIL))
    return [
        (" ".join(id_ for _, id_ in each["evidence"]), f"{wall(each['at'])}.{each['at']:%f}")
        for each in found
    ]
