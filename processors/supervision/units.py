"""Unit rules across cases: when a unit's period is judged, and what is found.

A unit is a department by its code. Each owner of a partition writes rows for the acceptances,
completions and cards it reads (`unit_facts.py`); after a period's close the owner of `unit:<code>`
appends a tick that says up to where every partition may be read, and reading that tick back the
rules are judged on those rows alone. So it may run late, after a restart or twice, and finds the
same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from ledger.case import Known
from ledger.errors import HallError
from ledger.fact import Fact
from ledger.findings import AnomalyFound, CaseUnjudged
from ledger.identifiers import finding_id, tick_id
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.reading import Read
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached
from ledger.work_calendar import WorkCalendar
from processors.supervision.law import Law
from processors.supervision.policy import Policy
from processors.supervision.unit_facts import UNIT, UNIT_GRACE_US
from processors.supervision.unit_rules import UNIT_RULES
from processors.supervision.unit_rules.periods import Period, period_before, period_holding
from processors.supervision.unit_rules.unit_rule import (
    EVIDENCE_MAX,
    Found,
    Span,
    UnitFact,
    UnitPeriod,
    UnitRuleInForce,
)

_WHAT: Literal["unit"] = "unit"
_KEPT_LONGER_US = 40 * 86_400_000_000

RowsBelow = Callable[[Span, Mapping[int, int]], Sequence[UnitFact]]
"""Gives the rows of a span that lie below the offset named for their partition."""


@dataclass(slots=True)
class UnitBatch:
    """What the records of a batch say of units.

    Attributes:
        ticks: unit and close of each unit's tick that was judged.
        kept_from_us: rows of their units before it are looked at no more.
    """

    rows: list[UnitFact] = field(default_factory=list)
    ticks: list[tuple[str, int]] = field(default_factory=list)
    kept_from_us: int = 0


def unit_law(policy: Policy, order: int, at_us: int) -> Law:
    """Return the pack and calendar in force for units at an instant.

    Args:
        order: only what lies before it in the partition is published.
    """
    asked = Known(at_us, 0, order, at_us, SUPERVISION_SOURCE, "", Fact())
    return policy.laws(None).of(asked)


# --- when ------------------------------------------------------------------------------------


def next_close(
    rules: Iterable[UnitRuleInForce], after_us: int, calendar: WorkCalendar
) -> int | None:
    """Return the first instant after another at which a period of some rule closes."""
    closes = (period_holding(rule.period, after_us, calendar).close_us for rule in rules)
    return min(closes, default=None)


def wakes(rules: Iterable[UnitRuleInForce], close_us: int, calendar: WorkCalendar) -> list[Span]:
    """Return the spans in which a unit must have rows for a close to be ticked for it."""
    return [
        span
        for rule, period in _closing(rules, close_us, calendar)
        for span in UNIT_RULES[rule.name].wakes(period, rule.parameters, calendar)
    ]


def kept_from(rules: Iterable[UnitRuleInForce], close_us: int, calendar: WorkCalendar) -> int:
    """Return the instant before which no close from this one on looks at a row, with a margin."""
    last = [
        (rule, period_before(period_holding(rule.period, close_us, calendar), calendar))
        for rule in rules
    ]
    starts = [period.start_us for _, period in last]
    for rule, period in last:
        spans = UNIT_RULES[rule.name].wakes(period, rule.parameters, calendar)
        starts.extend(span.from_us for span in spans)
    return min(starts, default=close_us) - _KEPT_LONGER_US


def unit_tick(
    unit: str, close_us: int, upto: Mapping[int, int], calendar: WorkCalendar
) -> AnyRecord:
    """Return the tick of a unit for the periods that close at an instant.

    Args:
        upto: the next offset of each partition the judgement may read.
    """
    zone = ZoneInfo(calendar.spec.zone)
    subject = UNIT + unit
    return Record(
        type=ClockReached.TYPE,
        source=SUPERVISION_SOURCE,
        id=tick_id(subject, _WHAT, close_us),
        subject=subject,
        time=instant(close_us + UNIT_GRACE_US + 1, zone),
        data=ClockReached(
            what=_WHAT,
            due_at=instant(close_us, zone),
            upto={str(partition): offset for partition, offset in sorted(upto.items())},
        ),
    )


# --- what ------------------------------------------------------------------------------------


def is_unit_tick(record: AnyRecord) -> bool:
    """Whether a record is the tick of a unit."""
    return isinstance(record.data, ClockReached) and record.data.what == _WHAT


def ticked(record: AnyRecord) -> tuple[str, int]:
    """Return the unit of a unit's tick and the close it stands for."""
    assert isinstance(record.data, ClockReached)
    return record.subject.removeprefix(UNIT), micros(record.data.due_at)


def judgeable(records: Sequence[Read], reached: Mapping[int, int]) -> Sequence[Read]:
    """Return the records of a batch before the first unit tick whose rows are not all there yet.

    Args:
        reached: the next offset of each partition up to which rows are committed.
    """
    for number, read in enumerate(records):
        if read.record is not None and is_unit_tick(read.record):
            upto = upto_of(read.record)
            if any(reached[each] < offset for each, offset in upto.items() if each in reached):
                return records[:number]
    return records


def upto_of(tick: AnyRecord) -> dict[int, int]:
    """Return the next offset of each partition that a unit's tick lets be read."""
    assert isinstance(tick.data, ClockReached)
    return {int(partition): offset for partition, offset in (tick.data.upto or {}).items()}


def judge_unit(
    tick: AnyRecord,
    rules: Iterable[UnitRuleInForce],
    calendar: WorkCalendar,
    rows_below: RowsBelow,
) -> Iterator[AnyRecord]:
    """Yield the findings of a unit's tick: at most one for each rule whose period closes at it.

    A rule that fails is named by its error's code, as a case would be, and the others go on.
    """
    unit, close_us = ticked(tick)
    rows = _Reading(rows_below, upto_of(tick), unit)
    for rule, period in _closing(rules, close_us, calendar):
        try:
            looked_at = UnitPeriod(unit, period, rows, calendar)
            found = UNIT_RULES[rule.name].judge(looked_at, rule.parameters)
        except Exception as error:  # a rule that fails stops no other and no case
            if rows.failed:
                raise
            code = error.code if isinstance(error, HallError) else type(error).__name__
            yield _finding(tick, CaseUnjudged(error=code), rule.name)
            continue
        if found is not None:
            yield _named(tick, rule.name, period, found, calendar)


class _Reading:
    """Reads rows for one tick; remembers whether reading failed, which is no rule's fault."""

    def __init__(self, rows_below: RowsBelow, upto: Mapping[int, int], unit: str) -> None:
        self._rows_below = rows_below
        self._upto = upto
        self._unit = unit
        self.failed = False

    def __call__(self, span: Span) -> Sequence[UnitFact]:
        self.failed = True
        asked = span if span.unit is not None else span._replace(unit=self._unit)
        rows = self._rows_below(asked, self._upto)
        self.failed = False
        return rows


def _closing(
    rules: Iterable[UnitRuleInForce], close_us: int, calendar: WorkCalendar
) -> Iterator[tuple[UnitRuleInForce, Period]]:
    """Yield the rules whose period closes at an instant, with it."""
    for rule in rules:
        period = period_holding(rule.period, close_us - 1, calendar)
        if period.close_us == close_us:
            yield rule, period


def _named(
    tick: AnyRecord, rule: str, period: Period, found: Found, calendar: WorkCalendar
) -> AnyRecord:
    cited = tuple(row.identity for row in found.evidence[:EVIDENCE_MAX])
    start = instant(period.start_us, ZoneInfo(calendar.spec.zone)).isoformat(timespec="minutes")
    data = AnomalyFound(rule=rule, detail=f"{period.name}={start} {found.detail}", evidence=cited)
    return _finding(tick, data, rule, *(f"{each.source}#{each.id}" for each in cited))


def _finding(tick: AnyRecord, data: Fact, rule: str, *evidence: str) -> AnyRecord:
    """Return a finding on the unit, caused by its tick and named as the findings of cases are."""
    return Record(
        type=data.TYPE,
        source=SUPERVISION_SOURCE,
        id=finding_id(
            data.TYPE, tick.subject, None, rule, None, None, None, tick.name, list(evidence)
        ),
        subject=tick.subject,
        time=tick.time,
        causationid=tick.name,
        data=data,
    )
