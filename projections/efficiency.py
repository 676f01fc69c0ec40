"""Efficiency (效能) by department and day: what was accepted, completed, and how well in time.

Legal figures are read from findings only. One row a cycle of a case keeps what was told last, and
the daily sums move with it: a verdict that a late fact changes leaves the day it was counted on and
enters another. Sums are of whole cases; parts of joint cases have rows and are not summed.
"""

from collections.abc import Sequence

from ledger.findings import CaseSettled, LimitsSet, SettledLimit
from ledger.record import micros
from projections.case_clocks import HANDLING
from projections.projection import LocalDays, Seen
from projections.rows import Index, Key, Row, Rows, TableShape, count, integer, text

CASE_CYCLES = TableShape(
    name="case_cycles",
    form="rows",
    comment="One row for each cycle of a case, from acceptance to completion, as last judged.",
    key=("subject", "part", "cycle"),
    columns=(
        text("subject", "Case id"),
        text("part", "Part of a joint case; empty for the case itself"),
        text("cycle", "source#id of the acceptance that opened it"),
        integer("partition", "Partition of the log"),
        text("hall", "Hall code; empty where none is known"),
        text("department", "Department code; empty where none is known"),
        text("matter", "Matter code"),
        integer("opened_us", "Acceptance (受理)"),
        text("accepted_day", "Local day of the acceptance"),
        integer("closed_us", "Completion (办结); absent while open"),
        text("completed_day", "Local day of the completion; absent while open"),
        text("outcome", "Outcome of the completion"),
        integer("working_us", "Working time from acceptance to completion, stops taken out"),
        integer("promised_on_time", "1 within the promised limit, 0 beyond, absent without one"),
        integer("statutory_on_time", "1 within the statutory limit, 0 beyond, absent without one"),
        text("timeline", "Name of the import; absent for live cases"),
    ),
    indexes=(Index(("completed_day", "hall", "department", "working_us"), "part = ''"),),
)

EFFICIENCY_DAYS = TableShape(
    name="efficiency_days",
    form="counters",
    comment="Sums over the cycles of cases by hall, department and local day.",
    key=("partition", "hall", "department", "day"),
    columns=(
        integer("partition", "Partition of the log"),
        text("hall", "Hall code; empty where none is known"),
        text("department", "Department code; empty where none is known"),
        text("day", "Local day of the hall"),
        count("accepted", "Cases accepted that day"),
        count("completed", "Cases completed that day"),
        count("promised_completed", "Of them, those with a promised limit"),
        count("promised_on_time", "Of them, those completed within it"),
        count("statutory_completed", "Completed with a statutory limit"),
        count("statutory_on_time", "Of them, those completed within it"),
        count("working_us", "Sum of the working time of those completed"),
    ),
    indexes=(Index(("day",)),),
)

_OPEN: Row = dict.fromkeys(
    (
        "closed_us",
        "completed_day",
        "outcome",
        "working_us",
        "promised_on_time",
        "statutory_on_time",
    )
)


class Efficiency:
    """Rows by cycle, sums by day."""

    name = "efficiency"
    version = 2
    shapes = (CASE_CYCLES, EFFICIENCY_DAYS)
    wants = frozenset({LimitsSet.TYPE, CaseSettled.TYPE})

    def __init__(self, days: LocalDays) -> None:
        """Take the days of the hall's zone."""
        self._days = days

    def ask(self, rows: Rows, seen: Seen) -> None:
        """Ask for the cycles of the case."""
        if getattr(seen.fact, "clock", HANDLING) == HANDLING:
            rows.tables["case_cycles"].wanted.add(seen.subject)

    def apply(self, rows: Rows, seen: Seen) -> None:
        """Take what a finding says of one cycle, and move the sums."""
        fact, table = seen.fact, rows.tables["case_cycles"]
        assert isinstance(fact, LimitsSet | CaseSettled)
        if isinstance(fact, LimitsSet) and fact.clock != HANDLING:
            return
        key = (seen.subject, fact.part or "", fact.cycle)
        old = table.get(*key)
        if old is not None:
            _count(rows, old, -1)
        if isinstance(fact, LimitsSet) and fact.withdrawn:
            table.remove(*key)
            return
        new = old or _new_cycle(key, seen)
        new.update(hall=fact.hall or "", department=fact.department or "", matter=fact.matter)
        if isinstance(fact, CaseSettled):
            self._settle(new, fact)
        else:
            self._open(new, fact)
        _count(rows, new, 1)
        table.put(new, *key)

    def _open(self, row: Row, fact: LimitsSet) -> None:
        """Open a cycle, or open it again: a settlement follows where it stays closed."""
        assert fact.opened_at is not None, "limits that are not withdrawn have an opening"
        row.update(_OPEN)
        row["opened_us"] = micros(fact.opened_at)
        row["accepted_day"] = self._days.of(row["opened_us"])

    def _settle(self, row: Row, fact: CaseSettled) -> None:
        opened_us, closed_us = micros(fact.accepted_at), micros(fact.completed_at)
        row.update(
            opened_us=opened_us,
            accepted_day=self._days.of(opened_us),
            closed_us=closed_us,
            completed_day=self._days.of(closed_us),
            outcome=fact.outcome,
            working_us=fact.working_us,
            promised_on_time=_on_time(fact.clocks, "promised"),
            statutory_on_time=_on_time(fact.clocks, "statutory"),
        )


def _new_cycle(key: Key, seen: Seen) -> Row:
    subject, part, cycle = key
    return CASE_CYCLES.blank(
        subject=subject,
        part=part,
        cycle=cycle,
        partition=seen.position.partition,
        timeline=seen.record.timeline,
    )


def _on_time(clocks: Sequence[SettledLimit], limit: str) -> int | None:
    """Return whether every handling limit of that name was kept; None if there is none."""
    kept = [each.on_time for each in clocks if each.clock == HANDLING and each.limit == limit]
    return int(all(kept)) if kept else None


def _count(rows: Rows, row: Row, sign: int) -> None:
    """Add or take away what one cycle counts for."""
    if row["part"] != "":
        return
    sums = rows.counters["efficiency_days"]
    place = (row["partition"], row["hall"], row["department"])
    sums.add((*place, row["accepted_day"]), "accepted", sign)
    if row["closed_us"] is None:
        return
    day = (*place, row["completed_day"])
    sums.add(day, "completed", sign)
    sums.add(day, "working_us", sign * row["working_us"])
    for limit in ("promised", "statutory"):
        kept = row[f"{limit}_on_time"]
        if kept is not None:
            sums.add(day, f"{limit}_completed", sign)
            sums.add(day, f"{limit}_on_time", sign * kept)
