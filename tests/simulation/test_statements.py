"""What must hold of every statement of intervals, on random histories and for every clock.

Lines abut from the opening to the reading; their sum is the time used; and read at the end of its
limit, a clock has used exactly what was granted, whatever stops and extensions came between.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import HallError
from ledger.findings import CardIssued
from ledger.record import AnyRecord
from processors.supervision.clock import HOUR_US, Extension
from processors.supervision.explain import Statement, explain_card, explain_case
from processors.supervision.intervals import Interval, intervals_of
from processors.supervision.policy import Policy
from processors.supervision.verdict import ClockVerdict, Due
from tests.golden.language import accepted, at, extended, local, resumed, stopped
from tests.simulation.full_packs import PACKS
from tests.simulation.said import GRID_US
from tests.simulation.strategies import histories
from tests.simulation.walk import UNTIL_US, Walk, often

packs = st.sampled_from(PACKS)
Log = list[tuple[int, AnyRecord]]
WORTH_US = {"working_hour": HOUR_US, "hour": HOUR_US, "minute": HOUR_US // 60}
OPENED_US = at("2018-10-15 09:00:00")
APPLIED = ("1 working_day", "1 working_day", "2 working_day", "2 natural_day", None)
UNITS = ("working_day", "working_day", "working_hour")
NOTICE_AT = "2018-09-01T09:00:00+08:00"
KINDS = ("counted", "stopped", "excluded", "not_working")


def told(records: Sequence[AnyRecord], pack: str) -> tuple[dict[str, Log], Policy]:
    """All records of each subject with their places, ticks and findings too, and what governs."""
    walk = Walk(pack)
    made = walk.all(records)
    found: dict[str, Log] = defaultdict(list)
    for order, record in enumerate([*records, *made]):
        found[record.subject].append((order, record))
    return found, walk.using


def statements(records: Sequence[AnyRecord], pack: str, at_us: int) -> list[Statement]:
    """Every clock of every case; one that nobody can judge has none."""
    cases, using = told(records, pack)
    found: list[Statement] = []
    for case in cases.values():
        try:
            found += explain_case(case, using, at_us)
        except HallError:
            continue
    return found


def spelled(intervals: list[Interval]) -> str:
    return "\n".join(
        f"{each.kind} {each.reason} {each.start_us} {each.end_us} {each.counted} {each.running}"
        for each in intervals
    )


@often
@given(histories(), packs, st.integers(0, 60))
def test_the_lines_of_every_clock_abut_and_add_up(
    records: list[AnyRecord], pack: str, days: int
) -> None:
    """From opening to reading no gap; each sum is the one before and what the line counts."""
    at_us = at("2018-09-28 10:00:00") + days * 24 * HOUR_US
    for statement in statements(records, pack, at_us):
        lines = statement.intervals
        assert bool(lines) == (statement.until_us > statement.opened_us)
        if not lines:
            continue
        assert (lines[0].start_us, lines[-1].end_us) == (statement.opened_us, statement.until_us)
        running = running_us = 0
        for line in lines:
            running += line.counted
            running_us += line.counted_us
            assert (line.running, line.running_us) == (running, running_us)
            assert line.start_us < line.end_us
            assert line.kind in KINDS
            assert line.counted == 0 or line.kind == "counted"
            assert line.basis
        assert all(left.end_us == right.start_us for left, right in pairwise(lines))
        assert statement.used == running
        assert statement.used_us == running_us


@often
@given(histories(), packs)
def test_a_clock_that_runs_by_the_second_counts_each_line_by_its_length(
    records: list[AnyRecord], pack: str
) -> None:
    """The sum of the counted lengths is the time used that the clock itself says."""
    for statement in statements(records, pack, UNTIL_US):
        if statement.measure == "working_days":
            continue
        for line in statement.intervals:
            length_us = line.end_us - line.start_us
            assert line.counted == (length_us if line.kind == "counted" else 0)
            assert line.counted == line.counted_us
        assert statement.used == statement.used_us
        assert statement.overdue == statement.overdue_us


@often
@given(histories(), packs)
def test_at_the_end_of_a_limit_exactly_what_was_granted_is_used(
    records: list[AnyRecord], pack: str
) -> None:
    """A span of working time or days, with the extensions that count, is the sum at its end."""
    for statement in statements(records, pack, UNTIL_US):
        clock = statement.clock
        for due in clock.dues:
            budget = granted_budget(clock, due)
            if budget is not None:
                assert due.effective_us is not None
                lines = intervals_of(clock, [due.limit], "law", due.effective_us)
                assert lines[-1].running == budget, spelled(lines)


def granted_budget(clock: ClockVerdict, due: Due) -> int | None:
    """What a limit granted, in the unit of its sum; None where that is no plain multiplication."""
    span, end_us = due.limit.granted, due.effective_us
    if span is None or end_us is None or span.amount == 0 or due.limit.later_dues:
        return None
    worth = WORTH_US.get(span.unit, 0)
    if span.unit == "working_day":
        by_days = clock.clock.counting == "statutory_day"
        worth = 1 if by_days else clock.law.calendar.standard_day_us
    longer = [
        move.by
        for move in clock.clock.moves
        if isinstance(move, Extension) and move.at_us <= end_us
    ]
    if not worth or any(by.unit != span.unit for by in longer):
        return None
    return worth * (span.amount + sum(by.amount for by in longer))


@st.composite
def stopped_cases(draw: st.DrawFn) -> list[AnyRecord]:
    """One case with stops that overlap, run out, go on too long, and extensions between them."""
    begun_us = OPENED_US + draw(st.integers(0, 5 * 48)) * GRID_US
    granted = f"{draw(st.integers(1, 8))} {draw(st.sampled_from(UNITS))}"
    case = [accepted(local(begun_us), granted, "12 working_day")]
    for _ in range(draw(st.integers(1, 3))):
        days, slot = draw(st.integers(0, 8)), draw(st.integers(0, 16))
        from_us = OPENED_US + (days * 48 + slot) * GRID_US
        applied = draw(st.sampled_from(APPLIED))
        case.append(stopped(local(from_us), applied, notice_at=NOTICE_AT))
        if draw(st.booleans()):
            until_us = from_us + draw(st.integers(1, 6 * 48)) * GRID_US
            case.append(resumed(local(until_us)))
    if draw(st.booleans()):
        longer_us = begun_us + draw(st.integers(0, 8 * 48)) * GRID_US
        case.append(extended(local(longer_us), "2 working_day", approver_ref="A", reason="r"))
    unique = {record.name: record for record in case}
    return sorted(unique.values(), key=lambda record: record.time)


@often
@given(stopped_cases(), packs)
def test_what_stops_leave_out_is_what_moves_the_end(records: list[AnyRecord], pack: str) -> None:
    """However stops overlap and outlast what was applied for, the sum at the end is the budget."""
    found = statements(records, pack, UNTIL_US)
    assert found
    for statement in found:
        for due in statement.clock.dues:
            budget = granted_budget(statement.clock, due)
            if budget is not None and due.effective_us is not None:
                lines = intervals_of(statement.clock, [due.limit], "law", due.effective_us)
                assert lines[-1].running == budget, spelled(lines)


@often
@given(histories(), packs)
def test_every_card_is_reproduced_and_states_what_its_statement_sums(
    records: list[AnyRecord], pack: str
) -> None:
    """The sum in time is the card's, and the limit has passed by what the card says."""
    cases, using = told(records, pack)
    for case in cases.values():
        for _, record in case:
            card = record.data
            if not isinstance(card, CardIssued):
                continue
            why = explain_card(case, card.card_id, using)
            assert why is not None
            assert why.reproduced
            if not isinstance(why, Statement):
                assert card.clock is None
                assert {known.id for known in why.evidence} == {each.id for each in card.evidence}
                continue
            assert why.used_us == card.snapshot.used_us
            assert why.stopped_us == card.snapshot.stopped_us
            assert why.overdue_us == card.snapshot.overdue_us
            assert sum(line.counted_us for line in why.intervals) == why.used_us
