"""What must hold of time: more of it that does not count never makes anything due earlier.

Of every clock alone, in every unit and under both ways of counting, and of cases with all their
clocks; and a promise nobody at the source made never reaches beyond the law.
"""

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ledger.findings import AnomalyFound, CardIssued, LimitsSet
from processors.supervision.clock import CaseClock
from processors.supervision.judge import Verdict, judge
from processors.supervision.limits import GrantedLimit, bare_clock, declares_promise
from processors.supervision.verdict import ClockVerdict
from tests.golden.language import SOURCE, calendar, limit, local
from tests.simulation.full_packs import PACKS, policy_of
from tests.simulation.said import GRID_US, LIMITS, SLOTS, START_US, matters, slots, spans, text_of
from tests.simulation.strategies import histories, lengthened, stamped
from tests.simulation.walk import EXAMPLES, UNTIL_US, Walk, often

packs = st.sampled_from(PACKS)
UNITS = ("working_day", "working_hour", "natural_day", "hour", "minute", "month")


def _not_earlier(before: int | None, after: int | None) -> bool:
    return after is None or (before is not None and before <= after)


# --- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("granted", [*LIMITS, "declared"])
@settings(max_examples=EXAMPLES // 3)
@given(
    opened=slots,
    declared=slots,
    both=lengthened(),
    counting=st.sampled_from(["working_seconds", "statutory_day"]),
    midnight=st.booleans(),
    offset=st.sampled_from([0, 0, -3, -1, 1, 5]),
    unit=st.sampled_from(UNITS),
)
def test_more_excluded_time_never_makes_a_threshold_earlier(
    granted: str,
    opened: int,
    declared: int,
    both: Any,
    counting: Any,
    midnight: bool,
    offset: int,
    unit: str,
) -> None:
    """A stop or an extension that is longer, or one more, moves each threshold later or not."""
    reached = []
    for moves in both:
        of = CaseClock(calendar(), START_US + opened * GRID_US, moves, counting, midnight)
        if granted == "declared":
            reach = of.reach_declared(START_US + declared * GRID_US, unit, offset)
        else:
            reach = of.reach(limit(granted), offset)
        reached.append(reach.effective_us)
    before, after = reached
    assert _not_earlier(before, after), f"{local(before)} became {local(after)}"


@settings(max_examples=EXAMPLES)
@given(
    opened=slots,
    dues=st.lists(st.tuples(slots, slots), max_size=3),
    later=slots,
    counting=st.sampled_from(["working_seconds", "statutory_day"]),
    offset=st.sampled_from([0, -3, 1]),
)
def test_a_later_due_instant_told_for_a_complaint_never_makes_a_threshold_earlier(
    opened: int, dues: list[tuple[int, int]], later: int, counting: Any, offset: int
) -> None:
    """The last extension of a complaint, told with a later due instant than before."""
    assume(dues)
    told = sorted((START_US + at * GRID_US, START_US + due * GRID_US) for at, due in dues)
    at_us, due_us = told[-1]
    longer = [*told[:-1], (at_us, due_us + (1 + later) * GRID_US)]
    of = CaseClock(calendar(), START_US + opened * GRID_US, (), counting)
    first_us = START_US + (opened + 96) * GRID_US
    before, after = (
        GrantedLimit("promised", None, first_us, "working_day", tuple(each)).reach(of, offset)
        for each in (told, longer)
    )
    assert _not_earlier(before.effective_us, after.effective_us)


# --- whole cases -------------------------------------------------------------------------------

Told = tuple[int, str, dict[str, Any]]
"""When, what, and what it says."""


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Told], list[Told]]:
    """A case with everything that counts, and the same with more time that does not."""
    stages = {"review": _json(draw(spans)), "sign": _json(draw(spans))}
    accepted: dict[str, Any] = {
        "matter": "M-1",
        "department": "D-1",
        "statutory_limit": _json(draw(spans)),
        "stage_limits": stages,
    }
    if draw(st.booleans()):
        accepted["promised_due"] = text_of(START_US + (48 * 5 + draw(slots)) * GRID_US)
    else:
        accepted["promised_limit"] = _json(draw(spans))
    opened = draw(st.integers(0, SLOTS // 4))
    plain: list[Told] = [(opened, "accepted", accepted)]
    for stage in draw(st.lists(st.sampled_from(["review", "sign"]), max_size=2, unique=True)):
        plain.append((opened + draw(st.integers(0, 300)), "stage-started", {"stage": stage}))
    stops: list[tuple[int, int, int, str]] = []
    for _ in range(draw(st.integers(0, 3))):
        begun = opened + draw(st.integers(0, 400))
        unit = draw(st.sampled_from(["working_day", "natural_day", "working_hour", "month"]))
        stops.append((begun, draw(st.integers(1, 200)), draw(st.integers(1, 4)), unit))
    extended = [
        (opened + draw(st.integers(0, 400)), _json(draw(spans)))
        for _ in range(draw(st.integers(0, 1)))
    ]
    before = [*plain, *_moved(stops, extended)]
    longer_stops, longer = list(stops), list(extended)
    what = draw(st.sampled_from(["applied", "resumed", "more", "extended"]))
    if what == "extended" and extended:
        begun, by = extended[0]
        longer[0] = (begun, {**by, "amount": by["amount"] + draw(st.integers(1, 3))})
    elif what == "more" or not stops:
        begun = opened + draw(st.integers(0, 400))
        length = draw(st.integers(1, 200))
        assume(not _crossed(stops, begun, begun + length))
        longer_stops.append((begun, length, 4, "working_day"))
    else:
        begun, length, applied, unit = stops[0]
        more = draw(st.integers(1, 50))
        if what != "applied":
            assume(not _within(stops[1:], begun + length, begun + length + more))
        longer_stops[0] = (
            (begun, length, applied + 1, unit)
            if what == "applied"
            else (begun, length + more, applied, unit)
        )
    after = [*plain, *_moved(longer_stops, longer)]
    if draw(st.integers(0, 3)) == 0:
        done = (opened + draw(st.integers(0, 600)), "completed", {"outcome": "granted"})
        before, after = [*before, done], [*after, done]
    return before, after


def _within(stops: list[tuple[int, int, int, str]], start: int, end: int) -> bool:
    """Whether a stop begins or ends in a span: a resumption moved past it would end another stop.

    None names its stop, and each ends the latest one that is open.
    """
    return any(start <= at <= end for begun, length, *_ in stops for at in (begun, begun + length))


def _crossed(stops: list[tuple[int, int, int, str]], start: int, end: int) -> bool:
    """Whether a stop of this span would be ended by another's resumption, or end another."""
    spans = [(begun, begun + length) for begun, length, *_ in stops]
    return any(
        not (until < start or begun > end)
        and not (begun < start and end < until)
        and not (start < begun and until < end)
        for begun, until in spans
    )


def _json(text: str) -> dict[str, Any]:
    granted = limit(text)
    return {"amount": granted.amount, "unit": granted.unit}


def _moved(
    stops: list[tuple[int, int, int, str]], extended: list[tuple[int, dict[str, Any]]]
) -> list[Told]:
    told: list[Told] = []
    for begun, length, applied, unit in stops:
        stop = {"procedure": "hearing", "notice_at": text_of(START_US + begun * GRID_US)}
        stop["applied"] = {"amount": applied, "unit": unit}  # type: ignore[assignment]
        told += [(begun, "clock-stopped", stop), (begun + length, "clock-resumed", {})]
    for begun, by in extended:
        told.append((begun, "extended", {"by": by, "approver_ref": "P-1", "reason": "complex"}))
    return told


def _judged(told: list[Told], pack: str) -> Verdict:
    """The verdict on a case of which everything is known."""
    walk = Walk(pack)
    numbered = sorted(enumerate(told), key=lambda each: each[1][0])
    for number, (slot, what, data) in numbered:
        event = {
            "specversion": "1.0",
            "type": f"hall.case.{what}.v1",
            "source": SOURCE,
            "id": f"{number}-{what}",
            "subject": "C-1",
            "time": text_of(START_US + slot * GRID_US),
            "data": data,
        }
        walk.take(stamped(event, START_US + slot * GRID_US))
    state = walk.states["C-1"]
    assert not state.suspended
    return judge(state.facts, walk.using.laws_of(state), UNTIL_US)


@often
@given(cases(), packs)
def test_more_excluded_time_never_makes_a_clock_of_a_case_due_earlier(
    both: tuple[list[Told], list[Told]], pack: str
) -> None:
    """A longer stop, one more, a longer extension: all handling and stage clocks, all thresholds.

    The clock of the stop itself is another matter: time applied for is its limit.
    """
    before, after = (_thresholds(_judged(told, pack)) for told in both)
    assert before.keys() <= after.keys()
    for key, reached in before.items():
        assert _not_earlier(reached, after[key]), (
            f"{key}: {local(reached)} became {local(after[key])}"
        )


def _thresholds(verdict: Verdict) -> dict[tuple[str, str, str, str, int], int | None]:
    return {
        (clock.kind, clock.cycle, mark.threshold.limit, mark.threshold.level,
         mark.threshold.offset): mark.effective_us
        for clock in verdict.clocks
        if clock.kind in ("handling", "stage")
        for mark in clock.marks
    }  # fmt: skip


# --- promises ----------------------------------------------------------------------------------


def _ends(clock: ClockVerdict) -> dict[str, int]:
    """When each limit of a clock ends that nothing has moved."""
    bare = bare_clock(clock.law, clock.opened_us)
    return {due.limit.name: due.limit.reach(bare, 0).effective_us or 0 for due in clock.dues}


@often
@given(histories(), packs)
def test_no_promise_reaches_beyond_the_law_unless_the_source_made_it_which_is_named(
    records: list[Any], pack: str
) -> None:
    """What catalogue or pack promises is cut; what the source promises is an anomaly."""
    walk = Walk(pack)
    walk.all(records, until_us=None)
    for state in walk.states.values():
        if state.suspended:
            continue
        laws = walk.using.laws_of(state)
        verdict = judge(state.facts, laws, UNTIL_US)
        named = {
            (breach.part, breach.cycle)
            for _, breach in verdict.breaches
            if breach.rule == "promise-beyond-statute"
        }
        for clock in verdict.clocks:
            ends = _ends(clock)
            if clock.kind != "handling" or len(ends) < 2:
                continue
            fact = None if clock.facts is None else clock.facts.acceptance
            declares = fact is not None and declares_promise(fact.fact)  # type: ignore[arg-type]
            beyond = ends["promised"] > ends["statutory"]
            assert declares or not beyond
            on = "promise-beyond-statute" in verdict.law.pack.rules
            assert ((clock.part, clock.cycle) in named) == (beyond and declares and on)


@pytest.mark.parametrize("pack", PACKS)
@settings(max_examples=EXAMPLES // 2)
@given(matter=matters("M-1"), promised=spans, statutory=spans, opened=slots, declares=st.booleans())
def test_a_catalogues_promise_ends_no_later_than_the_law_and_a_sources_is_found(
    pack: str, matter: dict[str, Any], promised: str, statutory: str, opened: int, declares: bool
) -> None:
    """The promise that the cases live by, as their limits are told."""
    entry = {**matter, "promised_limit": _json(promised), "statutory_limit": _json(statutory)}
    published = {
        "specversion": "1.0",
        "type": "hall.reference.matter-published.v1",
        "source": "/catalogue",
        "id": "1",
        "subject": "reference:matter:M-1",
        "time": text_of(START_US - GRID_US),
        "data": {"effective_from": text_of(START_US - GRID_US), "entry": entry},
    }
    accepted = {
        "specversion": "1.0",
        "type": "hall.case.accepted.v1",
        "source": SOURCE,
        "id": "1",
        "subject": "C-1",
        "time": text_of(START_US + opened * GRID_US),
        "data": {"matter": "M-1", "department": "D-1"}
        | ({"promised_limit": _json(promised)} if declares else {}),
    }
    walk = Walk(pack)
    walk.take(stamped(published, START_US - GRID_US))
    made = walk.take(stamped(accepted, START_US + opened * GRID_US))
    (told,) = (r.data for r in made if isinstance(r.data, LimitsSet) and r.data.clock == "handling")
    named = [r.data.rule for r in made if isinstance(r.data, AnomalyFound | CardIssued)]
    clock = bare_clock(
        walk.using.laws(None).of(walk.states["C-1"].facts[0]), START_US + opened * GRID_US
    )
    ends = [clock.reach(limit(text), 0).effective_us or 0 for text in (promised, statutory)]
    beyond = ends[0] > ends[1]
    on = "promise-beyond-statute" in policy_of(pack).pack_for(None).rules
    assert ("promise-beyond-statute" in named) == (declares and beyond and on)
    if not declares:
        assert told.promised_due is not None
        assert told.statutory_due is not None
        assert told.promised_due <= told.statutory_due
