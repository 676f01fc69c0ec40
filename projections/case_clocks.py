"""The clocks of a case as findings tell them, and what the row of the case takes from them.

Findings are followed plainly: limits open a cycle or open it again, a settlement closes it, and
limits that are withdrawn end it as if it had never been. Stands apart from the facts that describe
a case, which change for other reasons.
"""

from collections.abc import Collection, Mapping

from ledger.findings import CaseSettled, LimitsSet
from ledger.record import micros
from projections.board_tables import CASE_LIMITS
from projections.projection import Seen, us_or_none
from projections.rows import Key, Row, Rows

HANDLING = "handling"
"""The clock from acceptance to completion; promised and statutory limits are two limits of it."""

AROUND = frozenset({"consultation", "complaint"})
"""Clocks of subjects that are no cases."""

_MAIN = ("", HANDLING)


def set_limits(rows: Rows, case: Row | None, fact: LimitsSet, seen: Seen) -> None:
    """Open a clock with its limits, change them, close it, or withdraw it.

    Args:
        case: the row of the case, changed in place; None for a complaint or a consultation.
    """
    table = rows.tables["case_limits"]
    key = (seen.subject, fact.part or "", fact.clock, fact.cycle)
    if fact.withdrawn:
        table.remove(*key)
        _mirror(case, key, table.of(seen.subject))
        return
    row = table.get(*key) or _new_clock(key, seen)
    row.update(
        opened_us=us_or_none(fact.opened_at),
        promised_due_us=us_or_none(fact.promised_due),
        statutory_due_us=us_or_none(fact.statutory_due),
        applied_due_us=us_or_none(fact.applied_due),
        stopped=int(fact.stopped),
        stop_until_us=us_or_none(fact.stop_until),
        provisional=int(fact.provisional),
        closed=int(fact.closed_at is not None),
        closed_us=us_or_none(fact.closed_at),
        outcome=None,
        **_thresholds(fact),
    )
    _put(rows, case, key, row, fact)


def settle(rows: Rows, case: Row, fact: CaseSettled, seen: Seen) -> None:
    """Close the clocks of a cycle.

    Args:
        case: the row of the case, changed in place.
    """
    for clock in {HANDLING: None, **{settled.clock: None for settled in fact.clocks}}:
        key = (seen.subject, fact.part or "", clock, fact.cycle)
        row = rows.tables["case_limits"].get(*key) or _new_clock(key, seen)
        row.update(
            opened_us=micros(fact.accepted_at),
            stopped=0,
            stop_until_us=None,
            closed=1,
            closed_us=micros(fact.completed_at),
            outcome=fact.outcome,
        )
        for settled in fact.clocks:
            if settled.clock == clock and settled.due_at is not None:
                row[f"{settled.limit}_due_us"] = micros(settled.due_at)
        _put(rows, case, key, row, fact)


def present_clocks(clocks: Mapping[Key, Row]) -> Collection[Row]:
    """Return the latest handling clock of the case itself, or of each part if there is no other."""
    if len(clocks) == 1:  # nearly every case
        return [row for row in clocks.values() if row["clock"] == HANDLING]
    latest: dict[str, Row] = {}
    for (_, part, clock, _), row in clocks.items():
        if clock == HANDLING and (part not in latest or _order(row) > _order(latest[part])):
            latest[part] = row
    main = latest.get("")
    return latest.values() if main is None else (main,)


def _order(row: Row) -> tuple[int, bool, str]:
    """Return what cycles of one part are ordered by: two that open at one instant differ too."""
    return row["opened_us"], not row["closed"], row["cycle"]


def _new_clock(key: Key, seen: Seen) -> Row:
    subject, part, clock, cycle = key
    return CASE_LIMITS.blank(
        subject=subject,
        part=part,
        clock=clock,
        cycle=cycle,
        partition=seen.position.partition,
        timeline=seen.record.timeline,
    )


def handling_clocks(rows: Rows, subject: str) -> Collection[Row]:
    """Return the clocks from acceptance to completion of a case and its parts."""
    clocks = rows.tables["case_limits"].of(subject)
    return [row for row in clocks.values() if row["clock"] == HANDLING]


def _put(rows: Rows, case: Row | None, key: Key, row: Row, fact: LimitsSet | CaseSettled) -> None:
    """Store a clock, and let the row of the case follow the main one."""
    row.update(
        hall=fact.hall,
        department=fact.department,
        matter=fact.matter,
        pack=fact.pack,
        pack_version=fact.pack_version,
        calendar_version=fact.calendar_version,
    )
    table = rows.tables["case_limits"]
    table.put(row, *key)
    _mirror(case, key, table.of(key[0]))


def _thresholds(fact: LimitsSet) -> dict[str, int | None]:
    """Return the first threshold instant of each level, under the names of their columns."""
    first: dict[str, int | None] = {"warning_us": None, "yellow_us": None, "red_us": None}
    for threshold in fact.thresholds:
        name, at = f"{threshold.level}_us", micros(threshold.effective_at)
        known = first[name]
        first[name] = at if known is None else min(known, at)
    return first


def _mirror(case: Row | None, changed: Key, clocks: Mapping[Key, Row]) -> None:
    """Copy what the latest main clock says into the row of the case, if a main clock changed."""
    if case is None or changed[1:3] != _MAIN:
        return
    cycles = [row for key, row in clocks.items() if key[1:3] == _MAIN]
    if not cycles:
        _forget(case, judged=any(row["clock"] == HANDLING for row in clocks.values()))
        return
    latest = max(cycles, key=_order)
    case["cycle"] = latest["cycle"]
    case["reopened"] = len(cycles) - 1
    case["accepted_us"] = latest["opened_us"]
    for name in ("promised_due_us", "statutory_due_us", "provisional"):
        case[name] = latest[name]
    case["completed_us"] = latest["closed_us"]
    case["outcome"] = latest["outcome"]
    for name in ("hall", "department", "matter"):
        case[name] = latest[name] or case[name]


def _forget(case: Row, *, judged: bool) -> None:
    """Let a case be what it was before its only acceptance.

    Args:
        judged: whether parts of it have clocks; if not, a completion that was told is shown.
    """
    case.update(
        cycle=None,
        reopened=0,
        accepted_us=None,
        promised_due_us=None,
        statutory_due_us=None,
        provisional=0,
        completed_us=None if judged else case["told_completed_us"],
        outcome=None if judged else case["told_outcome"],
    )
