"""Rows of unit rules in words: what a department's records say, and what a rule finds in them.

It stands apart because each rule's tests and those of the mechanism tell the same kind of rows.
"""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules import UNIT_RULES, unit_rules_of
from processors.supervision.unit_rules.periods import PeriodName, period_holding
from processors.supervision.unit_rules.unit_rule import (
    COMPLETED,
    Found,
    Rows,
    Span,
    UnitFact,
    UnitPeriod,
    UnitRuleInForce,
)
from tests.golden.language import SOURCE, at, calendar

UNIT = "D-1"
_NUMBERS = count(1)
BASIS = 'basis = { instrument = "真实性规则" }'


def in_force(toml: str) -> tuple[UnitRuleInForce, ...]:
    """The unit rules of a pack's text."""
    reader = PackReader("test.toml", toml, "", tomllib.loads(toml))
    rules = unit_rules_of(reader)
    reader.finish()
    return rules


def rule(name: str, period: str, parameters: str) -> UnitRuleInForce:
    """One unit rule with its parameters as a pack writes them."""
    (made,) = in_force(
        f'[[unit_rule]]\nname = "{name}"\nperiod = "{period}"\n{BASIS}\n{parameters}\n'
    )
    return made


def row(
    recorded: str,
    happened: str | None = None,
    *,
    kind: str = COMPLETED,
    unit: str = UNIT,
    source: str = SOURCE,
    about: str = "",
    offset: int | None = None,
    partition: int = 0,
) -> UnitFact:
    """A row by the local times of its recording and of what it tells."""
    number = next(_NUMBERS) if offset is None else offset
    return UnitFact(
        kind, unit, at(recorded), partition, number, at(happened or recorded), f"C-{number}",
        source, f"r-{number}", about,
    )  # fmt: skip


def reading(rows: Sequence[UnitFact], unit: str = UNIT) -> Rows:
    """Rows in a list, read as SQL would give them."""

    def read(span: Span) -> list[UnitFact]:
        of = span.unit or unit
        found = [
            each
            for each in rows
            if each.kind == span.kind
            and (each.unit != of if span.elsewhere else each.unit == of)
            and span.from_us <= each.at_us < span.until_us
            and (span.about is None or each.about in span.about)
        ]
        found.sort(key=lambda each: each.order)
        return found if span.most is None else found[: span.most]

    return read


def judged(rule: UnitRuleInForce, rows: Sequence[UnitFact], within: str) -> Found | None:
    """What a rule finds in the period that holds a local time."""
    period = period_holding(rule.period, at(within), calendar())
    looked_at = UnitPeriod(UNIT, period, reading(rows), calendar())
    return UNIT_RULES[rule.name].judge(looked_at, rule.parameters)


def figures(found: Found | None) -> Mapping[str, str]:
    """The figures of a detail by name; none where nothing was found."""
    return {} if found is None else dict(part.split("=", 1) for part in found.detail.split(" "))


def period_of(name: PeriodName, local_time: str) -> Any:
    return period_holding(name, at(local_time), calendar())
