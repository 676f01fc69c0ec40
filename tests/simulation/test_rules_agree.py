"""The core and the oracle name the same breaches of rules, at the same instants, on the same facts.

It stands apart from `test_oracle_agrees.py` because rules are computed by another part of the
oracle; the histories and the settings (HALL_ORACLE_HISTORIES, HALL_ORACLE_SEED) are the same.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ledger.findings import AnomalyFound, CaseUnjudged
from ledger.record import micros
from processors.simulate import simulate
from processors.supervision.rules import RULES
from tests.oracle.breaches import rule_findings
from tests.oracle.handling_limit import DesignSilent
from tests.oracle.offices import OFFICES
from tests.simulation.histories import History, draw
from tests.simulation.test_oracle_agrees import (
    FIRST_SEED,
    HISTORIES,
    pack_table,
    policy,
    records_of,
)

Identity = tuple[str, str]
Named = tuple[str, str | None, Identity | None, tuple[Identity, ...], datetime]
SHOWN_MAX = 5


def by_core(history: History) -> list[Named]:
    """Return the breaches the core names: rule, part, cycle, evidence, instant."""
    found: list[Named] = []
    ruling = policy(history.pack, history.calendar)
    for record in simulate(records_of(history), ruling, micros(history.until)):
        data = record.data
        assert not isinstance(data, CaseUnjudged), data
        if isinstance(data, AnomalyFound) and data.rule in RULES:
            evidence = tuple((each.source, each.id) for each in data.evidence)
            at = record.time.astimezone(UTC)
            found.append((data.rule, data.part, _identity(data.cycle), evidence, at))
    return found


def _identity(cycle: str | None) -> Identity | None:
    if cycle is None:
        return None
    source, _, id_ = cycle.rpartition("#")
    return source, id_


def by_oracle(history: History) -> list[Named]:
    entry = history.catalogue[0][2] if history.catalogue else None
    found = rule_findings(
        history.log, pack_table(history.pack), OFFICES[history.calendar], history.until, entry
    )
    return [
        (each["rule"], each["part"], each["cycle"], tuple(each["evidence"]), each["at"])
        for each in found
    ]


@dataclass(slots=True)
class Agreement:
    """What came of comparing all histories."""

    differences: list[str] = field(default_factory=list)
    silent: int = 0
    named: Counter[str] = field(default_factory=Counter)

    def add(self, history: History) -> None:
        try:
            expected = by_oracle(history)
        except DesignSilent:
            self.silent += 1
            return
        found = by_core(history)
        self.named.update(rule for rule, *_ in expected)
        if sorted(map(repr, found)) != sorted(map(repr, expected)):
            self.differences.append(
                f"seed {history.seed}, pack {history.pack}: core alone "
                f"{sorted(set(found) - set(expected), key=repr)}, oracle alone "
                f"{sorted(set(expected) - set(found), key=repr)}"
            )


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    compared = Agreement()
    for seed in range(FIRST_SEED, FIRST_SEED + HISTORIES):
        history = draw(seed)
        is_case = history.log[0]["type"].startswith("hall.case.")
        if is_case and len(history.catalogue) <= 1:
            compared.add(history)
    print(f"{HISTORIES} histories from seed {FIRST_SEED}: {len(compared.differences)} differ")
    return compared


def test_the_core_names_the_breaches_that_the_oracle_names(agreement: Agreement) -> None:
    """Rule by rule and history by history; the oracle has its own reading of every rule."""
    shown = "\n".join(agreement.differences[:SHOWN_MAX])
    assert not agreement.differences, f"{len(agreement.differences)} differ:\n{shown}"


def test_every_rule_is_broken_in_some_history(agreement: Agreement) -> None:
    """An agreement about rules that nobody breaks would prove nothing."""
    never = RULES.keys() - agreement.named.keys()
    assert not never, f"of {HISTORIES} histories from seed {FIRST_SEED}: {agreement.named}"
