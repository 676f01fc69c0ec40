"""迟报: a department's records reach the ledger too long after what they tell of."""

from itertools import chain
from typing import NamedTuple

from ledger.fact import Limit
from processors.supervision.pack_reader import PackReader
from processors.supervision.unit_rules.delay import later_than
from processors.supervision.unit_rules.periods import Period
from processors.supervision.unit_rules.unit_rule import (
    ACCEPTED,
    COMPLETED,
    Found,
    Span,
    UnitPeriod,
    UnitRule,
)

_PERCENT_MAX = 100


class _Parameters(NamedTuple):
    percentile: int
    delay: Limit
    least: int


def _read(entry: PackReader) -> _Parameters:
    percentile = entry.whole("percentile", 1)
    if percentile > _PERCENT_MAX:
        raise entry.wrong("percentile", percentile, "1 to 100")
    return _Parameters(percentile, entry.span("delay"), entry.whole("least", 1))


def _reports(period: Period, _parameters: object, _calendar: object) -> tuple[Span, ...]:
    return tuple(Span(kind, period.start_us, period.close_us) for kind in (ACCEPTED, COMPLETED))


def _judge(unit: UnitPeriod, parameters: _Parameters) -> Found | None:
    """Compare the percentile by nearest rank: the least delay that so many percent do not pass."""
    spans = _reports(unit.period, parameters, unit.calendar)
    rows = list(chain.from_iterable(map(unit.rows, spans)))
    is_late = later_than(parameters.delay, unit.calendar)
    late = [row for row in rows if is_late(row)]
    rank = -(-len(rows) * parameters.percentile // _PERCENT_MAX)
    if len(rows) < parameters.least or len(rows) - len(late) >= rank:
        return None
    return Found(f"records={len(rows)} late={len(late)}", late)


RULE = UnitRule(
    name="slow-reporting",
    meaning="迟报：部门当期受理、办结记录的入账延迟（分位值）超过限度",
    meaning_en="the delay of a department's records, at a percentile of a period, is too long",
    judge=_judge,
    wakes=_reports,
    read=_read,
    parameters=(
        ("percentile", "which percentile of the delays of acceptances and completions"),
        ("delay", "what it may not exceed"),
        ("least", "records below which nothing is said"),
    ),
)
