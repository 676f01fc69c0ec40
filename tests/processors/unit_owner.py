"""An owner whose pack has unit rules, and what it found about units.

It stands apart because the tests of ticks and those of what is found tell the same histories.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger.findings import AnomalyFound
from ledger.record import AnyRecord
from ledger.system_events import ClockReached
from processors.supervision.policy import Policy
from processors.supervision.unit_rules.unit_rule import (
    UNIT_KINDS,
    Span,
    UnitRuleInForce,
)
from tests.golden.language import at, handling_only, local, policy
from tests.processors.supervised import Owned, accepted, completed, states_in
from tests.processors.unit_periods import rule

EVER_US = 2**62
BULK = rule("bulk-back-entry", "day", 'least = 4\ndelay = { amount = 1, unit = "working_day" }')
CARDS = rule("card-accumulation", "day", 'cards = 3\nlevel = "yellow"')
SILENT = rule("silent-department", "week", "usual = 1\nperiods = 2")
OUTSIDE = rule("outside-hours", "day", "least = 1\npercent = 1")
MONDAY, TUESDAY = "2018-10-15 10:00:00", "2018-10-16 00:00:00"
GRACE_OVER = "2018-10-16 00:01:00.000001"
PARTITIONS = 2


def using(*rules: UnitRuleInForce) -> Policy:
    return policy(replace(handling_only(), unit_rules=rules))


def owned(folder: Path, *rules: UnitRuleInForce, **more: Any) -> Owned:
    folder.mkdir(exist_ok=True)
    start_us = more.pop("start_us", at(MONDAY))
    return Owned(
        folder, using=using(*rules), start_us=start_us, **{"partitions": PARTITIONS, **more}
    )


def of_units(owner: Owned) -> list[AnyRecord]:
    return [record for record in owner.records() if record.subject.startswith("unit:")]


def found(owner: Owned) -> list[str]:
    """Each finding on a unit: unit, rule and detail, in order of its judged instant."""
    named = [
        (record.time, record.subject, record.data)
        for record in of_units(owner)
        if isinstance(record.data, AnomalyFound)
    ]
    named.sort(key=lambda each: each[:2])
    return [f"{subject} {data.rule} {data.detail}" for _, subject, data in named]


def ticks(owner: Owned) -> list[str]:
    made = [(r.data.due_at, r.subject) for r in of_units(owner) if isinstance(r.data, ClockReached)]
    return [f"{subject} {local(due_at)}" for due_at, subject in sorted(made)]


def identities(owner: Owned) -> dict[str, object]:
    """Findings on units by id; a tick's `upto` says where the log stood, so ticks are left out."""
    findings = [r for r in of_units(owner) if not isinstance(r.data, ClockReached)]
    return {r.id: (r.time, r.causationid, r.data) for r in findings}


def typed_in(owner: Owned, count: int, department: str = "D-1", first: int = 0) -> None:
    """Cases of last week, recorded now with their completions."""
    for number in range(first, first + count):
        subject = f"{number}@{department}"
        opened = {**accepted("2018-10-09 10:00:00", subject)}
        opened["data"] = {**opened["data"], "department": department}
        owner.put(opened, completed("2018-10-10 10:00:00", subject))


def without_states(owner: Owned, folder: Path) -> None:
    """Start again with nothing but the log."""
    owner._engine = states_in(folder, "again")
    owner.start()


def rows(owner: Owned) -> dict[str, list[tuple[object, ...]]]:
    """Rows of the unit by kind, without where they lie: markers move offsets."""
    ends = owner.log.ends()
    return {
        kind: sorted(
            (row.at_us, row.happened_us, row.subject, row.source, row.id, row.about)
            for row in owner.states.units.rows(Span(kind, 0, EVER_US, unit="D-1"), ends)
        )
        for kind in UNIT_KINDS
    }
