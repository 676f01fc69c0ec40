"""The unit rules: what no single case shows, judged over a department and a period."""

from typing import cast

from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules import (
    bulk_back_entry,
    card_accumulation,
    outside_hours,
    silent_department,
    slow_reporting,
)
from processors.supervision.unit_rules.periods import PERIODS, PeriodName
from processors.supervision.unit_rules.unit_rule import UnitRule, UnitRuleInForce

UNIT_RULES: dict[str, UnitRule] = {
    module.RULE.name: module.RULE
    for module in (
        bulk_back_entry,
        slow_reporting,
        outside_hours,
        card_accumulation,
        silent_department,
    )
}
"""Unit rules a pack may switch on, by name."""


def unit_rules_of(reader: PackReader) -> tuple[UnitRuleInForce, ...]:
    """Take the unit rules that a pack switches on: `[[unit_rule]]` name, basis, period, parameters.

    Raises:
        PackInvalid: naming the key, what was found and what was expected.
    """
    return tuple(_unit_rule(entry) for entry in reader.entries("unit_rule"))


def _unit_rule(entry: PackReader) -> UnitRuleInForce:
    name = entry.choice("name", tuple(UNIT_RULES))
    made = UnitRuleInForce(
        name=name,
        basis=entry.basis(),
        period=cast(PeriodName, entry.choice("period", PERIODS)),
        parameters=UNIT_RULES[name].read(entry),
    )
    entry.finish()
    return made
