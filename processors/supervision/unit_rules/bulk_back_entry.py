"""批量补录: many completions of one source and department recorded at once, long after they were.

Cases that are completed on paper and typed in afterwards look as if they had been supervised.
"""

from collections import defaultdict
from typing import NamedTuple

from ledger.fact import Limit
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.delay import later_than
from processors.supervision.unit_rules.periods import MINUTE_US, Period, local
from processors.supervision.unit_rules.unit_rule import (
    COMPLETED,
    Found,
    Span,
    UnitFact,
    UnitPeriod,
    UnitRule,
)


class _Parameters(NamedTuple):
    least: int
    delay: Limit


def _read(entry: PackReader) -> _Parameters:
    return _Parameters(entry.whole("least", 1), entry.span("delay"))


def _completions(period: Period, _parameters: object, _calendar: object) -> tuple[Span, ...]:
    return (Span(COMPLETED, period.start_us, period.close_us),)


def _judge(unit: UnitPeriod, parameters: _Parameters) -> Found | None:
    is_late = later_than(parameters.delay, unit.calendar)
    at_once: dict[tuple[str, int], list[UnitFact]] = defaultdict(list)
    for row in unit.rows(Span(COMPLETED, unit.period.start_us, unit.period.close_us)):
        if is_late(row):
            at_once[row.source, row.at_us // MINUTE_US].append(row)
    bulks = [rows for rows in at_once.values() if len(rows) >= parameters.least]
    if not bulks:
        return None
    bulks.sort(key=len, reverse=True)
    greatest = bulks[0]
    minute = local(greatest[0].at_us, unit.calendar)
    return Found(
        f"source={greatest[0].source} minute={minute:%Y-%m-%dT%H:%M} "
        f"completions={len(greatest)} bulks={len(bulks)}",
        [row for rows in bulks for row in rows],
    )


RULE = UnitRule(
    name="bulk-back-entry",
    meaning="批量补录：同一来源同一部门在同一分钟内集中补录办结",
    meaning_en="many completions of one source and department recorded late within one minute",
    judge=_judge,
    wakes=_completions,
    read=_read,
    parameters=(
        ("least", "completions recorded within one minute"),
        ("delay", "time from completion to recording beyond which one counts"),
    ),
)
