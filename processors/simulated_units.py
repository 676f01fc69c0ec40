"""Units in a simulation: their rows in memory, and their ticks and findings when a period closes.

It does in memory, with one partition, what `unit_rows.py` and `unit_clock.py` do with SQL.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ledger.catalogue import LATEST
from ledger.log import Position
from ledger.record import AnyRecord
from ledger.work_calendar import WorkCalendar
from processors.supervision.pack import Pack
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.unit_facts import ROW_TYPES, UNIT_GRACE_US, unit_facts_of
from processors.supervision.unit_rules import UNIT_RULES
from processors.supervision.unit_rules.periods import period_holding
from processors.supervision.unit_rules.unit_rule import ACCEPTED, COMPLETED, Span, UnitFact
from processors.supervision.units import (
    judge_unit,
    next_close,
    unit_law,
    unit_tick,
    wakes,
)

_PARTITION = 0
_RECORDED = (ACCEPTED, COMPLETED)
"""Kinds of rows that no time alone can add to."""


class Rows:
    """Rows of units in order of kind, unit and instant; of one place a kind and unit has one."""

    def __init__(self) -> None:
        """Begin without any."""
        self._rows: dict[str, dict[str, list[UnitFact]]] = {}

    def add(self, row: UnitFact) -> None:
        """Take in a row; one whose place is taken changes nothing."""
        rows = self._rows.setdefault(row.kind, {}).setdefault(row.unit, [])
        place = row[:5]
        number = bisect_left(rows, place)
        if number == len(rows) or rows[number][:5] != place:
            rows.insert(number, row)

    def read(self, span: Span, upto: Mapping[int, int]) -> list[UnitFact]:
        """Return the rows of a span that lie below the offset named for their partition."""
        units = [span.unit or ""]
        if span.elsewhere:
            units = sorted(self._rows.get(span.kind, {}).keys() - set(units))
        found = (
            row
            for unit in units
            for row in sorted(self._between(span, unit), key=lambda row: row.order)
            if row.offset < upto.get(row.partition, 0)
            and (span.about is None or row.about in span.about)
        )
        return list(islice(found, span.most))

    def awake(self, spans: Iterable[Span]) -> list[str]:
        """Return the units that have rows in any of some spans, in order of their codes."""
        return sorted(
            {
                unit
                for span in set(spans)
                for unit in self._rows.get(span.kind, {})
                if self._between(span, unit)
            }
        )

    def _between(self, span: Span, unit: str) -> list[UnitFact]:
        rows = self._rows.get(span.kind, {}).get(unit, [])
        since, until = (
            bisect_left(rows, (span.kind, unit, at_us)) for at_us in (span.from_us, span.until_us)
        )
        return rows[since:until]


class SimulatedUnits:
    """What an owner of one partition that is never late would write about units."""

    def __init__(self) -> None:
        """Begin before the first record."""
        self._rows = Rows()
        self._after_us: int | None = None
        self._last_us = 0
        self._known: tuple[Pack, WorkCalendar, int, int] | None = None
        self.is_out_of_order = False

    def take(
        self,
        record: AnyRecord,
        offset: int,
        before: CaseState | None = None,
        after: CaseState | None = None,
    ) -> None:
        """Take in the rows of a record; a finding's need no states.

        Time begins with the first row. From the first record on that was recorded before a close
        that is over, no unit is judged: what was judged without it cannot be trusted any more.

        Args:
            record: no repeat.
            offset: where it would lie.
            before, after: its case without and with it.
        """
        if record.type not in ROW_TYPES:
            return
        for row in unit_facts_of(record, Position(_PARTITION, offset), before, after):
            if self._after_us is None:
                self._after_us = row.at_us
            elif row.at_us < self._after_us and row.kind in _RECORDED:
                self.is_out_of_order = True
            self._last_us = max(self._last_us, row.at_us)
            self._rows.add(row)

    def next_close(self, policy: Policy, now_us: int) -> int | None:
        """Return the next close whose tick is not after an instant; None if there is none.

        Args:
            policy: with what has been published; the pack in force at the instant says which
                closes there are, as with an owner that has slept until then.
            now_us: the instant.
        """
        if self._after_us is None or self.is_out_of_order:
            return None
        pack, calendar, _ = unit_law(policy, LATEST, now_us)
        if not pack.unit_rules:
            return None
        known = self._known
        if known is None or known[0] is not pack or known[1:3] != (calendar, self._after_us):
            close_us = next_close(pack.unit_rules, self._after_us, calendar)
            assert close_us is not None, "there are rules"
            known = self._known = (pack, calendar, self._after_us, close_us)
        return known[3] if known[3] + UNIT_GRACE_US < now_us else None

    def looks_at_cards(self, policy: Policy, close_us: int, now_us: int) -> bool:
        """Whether a rule that a close is judged by looks at what time alone can bring."""
        pack, calendar, _ = unit_law(policy, LATEST, now_us)
        return _has_cards(wakes(pack.unit_rules, close_us, calendar))

    def judge(self, policy: Policy, close_us: int, offset: int, now_us: int) -> Iterator[AnyRecord]:
        """Yield the ticks of a close, in order of the units' codes, then what each finds.

        Args:
            policy: with what has been published.
            close_us: the close; nothing before it is left to judge.
            offset: where the first tick would lie; the judgement reads rows below it.
            now_us: up to where time runs; closes for which no unit can have rows are passed.
        """
        pack, calendar, _ = unit_law(policy, LATEST, now_us)
        units = self._rows.awake(wakes(pack.unit_rules, close_us, calendar))
        self._after_us = close_us
        if not units and self._is_quiet(pack, calendar, close_us):
            self._after_us = max(close_us, now_us - UNIT_GRACE_US - 1)
        ticks = [unit_tick(unit, close_us, {_PARTITION: offset}, calendar) for unit in units]
        yield from ticks
        pack, calendar, _ = unit_law(policy, offset, close_us - 1)
        place = offset + len(ticks)
        for tick in ticks:
            for made in judge_unit(tick, pack.unit_rules, calendar, self._rows.read):
                self.take(made, place)
                place += 1
                yield made

    def _is_quiet(self, pack: Pack, calendar: WorkCalendar, close_us: int) -> bool:
        """Whether no close from this one on looks at any row there is, or that time can bring."""
        for rule in pack.unit_rules:
            period = period_holding(rule.period, close_us - 1, calendar)
            spans = UNIT_RULES[rule.name].wakes(period, rule.parameters, calendar)
            if not spans or _has_cards(spans):
                return False
            if min(span.from_us for span in spans) <= self._last_us:
                return False
        return True


def _has_cards(spans: Iterable[Span]) -> bool:
    return any(span.kind not in _RECORDED for span in spans)
