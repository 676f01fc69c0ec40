"""What must hold of every history, however late, repeated, reordered or amended.

Each property is a sentence of the design. Hypothesis prints the history of a failure and how to
repeat it; HALL_PROPERTY_EXAMPLES sets how many histories each property tries.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import wire
from ledger.findings import AnomalyFound, CardIssued
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from processors.simulate import run_out, simulate
from processors.supervision.clock import CaseClock
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.state_codec import decode_state, encode_state
from processors.supervision.step import judged_step, step
from tests.golden.language import at, calendar, limit, local, policy, recorded_us
from tests.golden.owner import Owner, by_id
from tests.simulation.strategies import (
    GRID_US,
    LIMITS,
    PACKS,
    START_US,
    histories,
    lengthened,
    slots,
)

UNTIL_US = at("2018-12-20 00:00:00")
packs = st.sampled_from(PACKS)
EXAMPLES = int(os.environ.get("HALL_PROPERTY_EXAMPLES", "120"))
often = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
States = dict[str, CaseState]


def run(
    records: Iterable[AnyRecord], using: Policy, until_us: int | None = UNTIL_US
) -> list[AnyRecord]:
    return list(simulate(records, using, until_us))


def findings(records: Iterable[AnyRecord]) -> dict[str, list[bytes]]:
    """The bytes of all findings, by case, in order."""
    found: dict[str, list[bytes]] = {}
    for record in records:
        if not isinstance(record.data, ClockReached):
            found.setdefault(record.subject, []).append(wire.encode(record))
    return found


def ticks(records: Iterable[AnyRecord]) -> list[AnyRecord]:
    return [record for record in records if isinstance(record.data, ClockReached)]


# --- cutting, repeating, interleaving ----------------------------------------------------------


@often
@given(histories(), packs, st.data())
def test_a_prefix_followed_by_its_rest_gives_the_findings_of_the_whole(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Cut anywhere, encode and decode the states between, go on: same findings, same ids."""
    using = policy(pack)
    cut = data.draw(st.integers(0, len(records)))
    states: States = {}
    emitted: list[AnyRecord] = []
    for order, record in enumerate(records):
        if order == cut:
            states = {name: decode_state(encode_state(state)) for name, state in states.items()}
        stepped = step(states.get(record.subject), record, order, using)
        states[record.subject] = stepped.state
        emitted += stepped.records
    emitted += run_out(states, using, UNTIL_US, len(records))
    assert findings(emitted) == findings(run(records, using))


@often
@given(histories(), packs)
def test_the_short_cut_of_a_step_gives_what_judging_gives(
    records: list[AnyRecord], pack: str
) -> None:
    """A fact that moves no clock may be added without judging: same findings, same state."""
    using = policy(pack)
    states: States = {}
    for order, record in enumerate(records):
        before = states.get(record.subject) or CaseState(record.subject, record.timeline)
        stepped = step(before, record, order, using)
        judged = judged_step(before, record, order, using)
        assert stepped.records == judged.records
        assert encode_state(stepped.state) == encode_state(judged.state)
        states[record.subject] = stepped.state


@often
@given(histories(), packs, st.data())
def test_a_step_leaves_the_state_it_was_given_as_it_was(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """A state from which one future was tried gives another future as if nothing had been tried."""
    using = policy(pack)
    state: CaseState | None = None
    mine = [record for record in records if record.subject == records[0].subject]
    cut = data.draw(st.integers(0, len(mine) - 1))
    for order, record in enumerate(mine[: cut + 1]):
        state = step(state, record, order, using).state
    assert state is not None
    kept = encode_state(state)
    for order, record in enumerate(mine):
        step(state, record, order + len(mine), using)
    assert encode_state(state) == kept


@often
@given(histories(), packs, st.data())
def test_delivering_every_record_twice_changes_nothing(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """A repeat may come at any later place, and with another stamp."""
    using = policy(pack)
    whole = run(records, using)
    doubled = [(float(place), record) for place, record in enumerate(records)]
    for place, record in enumerate(records):
        later = data.draw(st.integers(place, len(records)))
        raw = wire.encode(record).rpartition(b',"recordedtime"')[0] + b"}"
        stamp_us = recorded_us(record) + data.draw(st.integers(0, 30)) * GRID_US
        doubled.append((later + 0.5, wire.decode(wire.stamp(raw, stamp_us))))
    twice = [record for _, record in sorted(doubled, key=lambda each: each[0])]
    assert run(twice, using) == whole


@often
@given(histories(), packs)
def test_each_case_is_judged_as_if_it_were_alone(records: list[AnyRecord], pack: str) -> None:
    """Six partitions give what one gives: nothing of another case enters a finding."""
    using = policy(pack)
    alone: dict[str, list[bytes]] = {}
    for subject in {record.subject for record in records}:
        alone |= findings(run([r for r in records if r.subject == subject], using))
    assert alone == findings(run(records, using))


# --- ticks -------------------------------------------------------------------------------------


@often
@given(histories(), packs, st.data())
def test_placing_a_tick_at_any_later_moment_changes_nothing(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """As after any downtime: past facts recorded after its instant, in any order, even twice."""
    using = policy(pack)
    whole = run(records, using)
    placed = [(float(place), record) for place, record in enumerate(records)]
    for tick in ticks(whole):
        earliest = _first_place(tick, records)
        for _ in range(data.draw(st.integers(0, 2))):
            place = data.draw(st.integers(earliest, len(records)))
            placed.append((place - 0.5, tick))
    log = [record for _, record in sorted(placed, key=lambda each: each[0])]
    again = run(log, using)
    assert findings(again) == findings(whole)
    fed = {tick.id for tick in ticks(log)}
    assert {tick.id for tick in ticks(again)} | fed == {tick.id for tick in ticks(whole)}


def _first_place(tick: AnyRecord, records: Sequence[AnyRecord]) -> int:
    """The first place at which the log lets a tick lie: behind all that was recorded before it."""
    before = [
        place
        for place, record in enumerate(records)
        if record.subject == tick.subject and recorded_us(record) < micros(tick.time)
    ]
    return before[-1] + 1 if before else 0


@often
@given(histories(), packs)
def test_a_tick_carries_its_due_instant_and_the_grace(records: list[AnyRecord], pack: str) -> None:
    """A tick's instant is due + grace + 1 µs, each comes once, and time never runs backwards."""
    using = policy(pack)
    grace_us = using.pack_for(None).report_grace_us
    found = run(records, using)
    assert len({tick.id for tick in ticks(found)}) == len(ticks(found))
    for tick in ticks(found):
        assert isinstance(tick.data, ClockReached)
        assert micros(tick.time) == micros(tick.data.due_at) + grace_us + 1
    for subject in {record.subject for record in found}:
        judged = [micros(record.time) for record in found if record.subject == subject]
        assert judged == sorted(judged)


@often
@given(histories(), packs)
def test_ticks_of_several_cases_come_in_order_of_time(records: list[AnyRecord], pack: str) -> None:
    """When time runs on after the last record, the earliest tick of all cases is the next."""
    trailing = run(records, policy(pack))[len(run(records, policy(pack), None)) :]
    instants = [micros(tick.time) for tick in ticks(trailing)]
    assert instants == sorted(instants)


# --- cards -------------------------------------------------------------------------------------


def _keys(states: States) -> list[tuple[Any, ...]]:
    return [
        (subject, *card[:5])
        for subject, state in states.items()
        for card in state.cards
        if card.standing
    ]


@often
@given(histories(), packs)
def test_at_most_one_card_of_a_level_lives_and_levels_only_rise(
    records: list[AnyRecord], pack: str
) -> None:
    """One live card per part, rule, clock, cycle and level; a new one is above all that stand."""
    using = policy(pack)
    states: States = {}
    for order, record in enumerate([*records, *ticks(run(records, using))]):
        before = states.get(record.subject)
        stepped = step(before, record, order, using)
        states[record.subject] = stepped.state
        keys = _keys(states)
        assert len(keys) == len(set(keys))
        issued = [made.data for made in stepped.records if isinstance(made.data, CardIssued)]
        assert len({card.card_id for card in issued}) == len(issued)
        for card in stepped.state.cards[len(before.cards) if before else 0 :]:
            above = [
                other
                for other in stepped.state.cards
                if other[:4] == card[:4] and other.standing and other.detected_us < card.detected_us
            ]
            assert all(other.rank < card.rank for other in above) or not card.standing


@often
@given(histories(), packs)
def test_every_id_is_given_once_and_a_card_bears_that_of_its_record(
    records: list[AnyRecord], pack: str
) -> None:
    """Ids name what a finding is about, so two findings never share one."""
    found = run(records, policy(pack))
    assert len({record.id for record in found}) == len(found)
    for record in found:
        if isinstance(record.data, CardIssued):
            assert record.id == record.data.card_id
            assert micros(record.data.detected_at) == micros(record.time)
            assert record.data.effective_at < record.data.detected_at


@often
@given(histories(), packs)
def test_no_history_makes_the_rules_disagree_with_themselves(
    records: list[AnyRecord], pack: str
) -> None:
    """Without another version, whatever takes a card back is a fact that can be cited."""
    found = run(records, policy(pack))
    rules = [r.data.rule for r in found if isinstance(r.data, AnomalyFound)]
    assert "verdict-differs" not in rules


# --- rebuilding --------------------------------------------------------------------------------


@often
@given(histories(), packs, st.data())
def test_a_state_rebuilt_at_any_cut_goes_on_to_the_same_findings(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Die between any two appends, with markers anywhere: the log ends with the same findings."""
    using = policy(pack)
    owner = Owner(using)
    for record in records:
        owner.take(record)
        act = data.draw(st.sampled_from(["read", "wait", "mark", "die", "die within", "tick"]))
        if act == "tick":
            owner.read()
            owner.tick(recorded_us(record))
        elif act == "die within":
            owner.read(dies_after=data.draw(st.integers(0, 3)))
        elif act != "wait":
            owner.read()
        if act == "mark":
            owner.mark()
        if act == "die":
            owner.start_again()
    owner.read()
    owner.tick(UNTIL_US)
    assert by_id(owner.log) == by_id(run(records, using))


# --- stops -------------------------------------------------------------------------------------


@pytest.mark.parametrize("granted", [*LIMITS, "declared"])
@settings(max_examples=EXAMPLES // 3)
@given(
    opened=slots,
    declared=slots,
    both=lengthened(),
    counting=st.sampled_from(["working_seconds", "statutory_day"]),
    offset=st.sampled_from([0, 0, -3, -1]),
    unit=st.sampled_from(["working_day", "natural_day"]),
)
def test_more_stop_time_never_makes_a_due_instant_earlier(
    granted: str, opened: int, declared: int, both: Any, counting: Any, offset: int, unit: str
) -> None:
    """A stop that lasts longer, or one stop more, moves every threshold later or not at all."""
    reached = []
    for moves in both:
        of = CaseClock(calendar(), START_US + opened * GRID_US, moves, counting, False)
        if granted == "declared":
            reach = of.reach_declared(START_US + declared * GRID_US, unit, offset)
        else:
            reach = of.reach(limit(granted), offset)
        reached.append(reach.effective_us)
    before, after = reached
    assert after is None or (before is not None and before <= after), (
        f"{local(before)} became {local(after)}"
    )
