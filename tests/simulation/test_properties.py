"""What must hold of every history, however late, repeated, reordered or amended.

Each property is a sentence of the design. Hypothesis prints the history of a failure and how to
repeat it; HALL_PROPERTY_EXAMPLES sets how many histories each property tries.
"""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger import wire
from ledger.findings import AnomalyFound, CardIssued, CardRescinded
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from processors.supervision.state import CaseState
from processors.supervision.state_codec import decode_state, encode_state
from processors.supervision.step import judged_step, step
from processors.supervision.ticks import limit_tick
from tests.golden.language import recorded_us
from tests.golden.owner import Owner, by_id
from tests.simulation.full_packs import PACKS, policy_of_cases
from tests.simulation.said import GRID_US, SLOTS, START_US
from tests.simulation.strategies import histories
from tests.simulation.walk import UNTIL_US, Walk, findings, of_cases, often, run, ticks

packs = st.sampled_from(PACKS)
logs = histories(new_calendars=True)
CALENDAR = "reference:calendar:cn"
RANK = {"warning": 0, "yellow": 1, "red": 2}

# --- cutting, repeating, interleaving ----------------------------------------------------------


@often
@given(logs, packs, st.data())
def test_a_prefix_followed_by_its_rest_gives_the_findings_of_the_whole(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Cut anywhere, encode and decode the states between, go on: same findings, same ids."""
    cut = data.draw(st.integers(0, len(records)))
    walk = Walk(pack)
    emitted = walk.all(records[:cut], until_us=None)
    walk.states = {name: decode_state(encode_state(s)) for name, s in walk.states.items()}
    emitted += walk.all(records[cut:])
    assert findings(emitted) == findings(run(records, pack))


@often
@given(logs, packs)
def test_the_short_cut_of_a_step_gives_what_judging_gives(
    records: list[AnyRecord], pack: str
) -> None:
    """A fact that moves no clock may be added without judging: same findings, same state."""
    walk = Walk(pack)
    for record in records:
        before = walk.states.get(record.subject) or CaseState(record.subject, record.timeline)
        made = walk.take(record)
        if record.subject not in walk.states:
            continue
        judged = judged_step(before, record, walk.order - 1, walk.using)
        assert made == judged.records
        assert encode_state(walk.states[record.subject]) == encode_state(judged.state)


@often
@given(logs, packs, st.data())
def test_a_step_leaves_the_state_it_was_given_as_it_was(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """A state from which one future was tried gives another future as if nothing had been tried."""
    walk = Walk(pack)
    moving = of_cases(records)
    mine = [record for record in moving if record.subject == moving[0].subject]
    cut = data.draw(st.integers(0, len(mine) - 1))
    walk.all([*[r for r in records if r not in moving], *mine[: cut + 1]], until_us=None)
    (state,) = walk.states.values()
    kept = encode_state(state)
    for order, record in enumerate(mine):
        step(state, record, order + walk.order, walk.using)
    assert encode_state(state) == kept


@often
@given(logs, packs, st.data())
def test_delivering_every_record_twice_changes_nothing(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """A repeat may come at any later place, and with another stamp."""
    whole = run(records, pack)
    doubled = [(float(place), record) for place, record in enumerate(records)]
    for place, record in enumerate(records):
        later = data.draw(st.integers(place, len(records)))
        raw = wire.encode(record).rpartition(b',"recordedtime"')[0] + b"}"
        stamp_us = recorded_us(record) + data.draw(st.integers(0, 30)) * GRID_US
        doubled.append((later + 0.5, wire.decode(wire.stamp(raw, stamp_us))))
    twice = [record for _, record in sorted(doubled, key=lambda each: each[0])]
    assert run(twice, pack) == whole


@often
@given(logs, packs)
def test_each_case_is_judged_as_if_it_were_alone(records: list[AnyRecord], pack: str) -> None:
    """Six partitions give what one gives: nothing of another case enters a finding."""
    alone: dict[str, list[bytes]] = {}
    moving = of_cases(records)
    for subject in {record.subject for record in moving}:
        mine = [r for r in records if r not in moving or r.subject == subject]
        alone |= findings(run(mine, pack))
    assert alone == findings(run(records, pack))


# --- ticks -------------------------------------------------------------------------------------


@often
@given(logs, packs, st.data())
def test_placing_a_tick_at_any_later_moment_changes_nothing(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """As after any downtime: past facts recorded after its instant, in any order, even twice."""
    whole = run(records, pack)
    placed = [(float(place), record) for place, record in enumerate(records)]
    for tick in ticks(whole):
        earliest = _first_place(tick.subject, micros(tick.time), records)
        for _ in range(data.draw(st.integers(0, 2))):
            place = data.draw(st.integers(earliest, len(records)))
            placed.append((place - 0.5, tick))
    log = [record for _, record in sorted(placed, key=lambda each: each[0])]
    again = run(log, pack)
    assert findings(again) == findings(whole)
    fed = {tick.id for tick in ticks(log)}
    assert {tick.id for tick in ticks(again)} | fed == {tick.id for tick in ticks(whole)}


def _first_place(subject: str, tick_us: int, records: Sequence[AnyRecord]) -> int:
    """The first place at which the log lets a tick lie: behind all that was recorded before it."""
    before = [
        place
        for place, record in enumerate(records)
        if record.subject in (subject, CALENDAR) and recorded_us(record) < tick_us
    ]
    return before[-1] + 1 if before else 0


@often
@given(logs, packs, st.data())
def test_a_tick_that_comes_too_early_or_for_nothing_changes_no_finding(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Another owner may tick for an instant that has moved since, or at which nothing passes."""
    using = policy_of_cases(pack)
    law = using.laws(None).standing
    placed = [(float(place), record) for place, record in enumerate(records)]
    for subject in {record.subject for record in of_cases(records)}:
        tick_us = START_US + data.draw(st.integers(0, 3 * SLOTS)) * GRID_US
        tick = limit_tick(subject, None, tick_us + law.pack.report_grace_us + 1, law)
        place = _first_place(subject, micros(tick.time), records)
        placed.append((place - 0.5, tick))
    log = [record for _, record in sorted(placed, key=lambda each: each[0])]
    assert findings(run(log, pack)) == findings(run(records, pack))


@often
@given(logs, packs)
def test_a_tick_carries_its_due_instant_and_the_grace(records: list[AnyRecord], pack: str) -> None:
    """A tick's instant is due + grace + 1 µs, each comes once, and time never runs backwards."""
    grace_us = policy_of_cases(pack).pack_for(None).report_grace_us
    found = run(records, pack)
    assert len({tick.id for tick in ticks(found)}) == len(ticks(found))
    for tick in ticks(found):
        assert isinstance(tick.data, ClockReached)
        waits_us = grace_us if tick.data.what == "limit" else 0
        assert micros(tick.time) == micros(tick.data.due_at) + waits_us + 1
    for subject in {record.subject for record in found}:
        judged = [micros(record.time) for record in found if record.subject == subject]
        assert judged == sorted(judged)


@often
@given(logs, packs)
def test_ticks_of_several_cases_come_in_order_of_time(records: list[AnyRecord], pack: str) -> None:
    """When time runs on after the last record, the earliest tick of all cases is the next."""
    trailing = run(records, pack)[len(run(records, pack, None)) :]
    instants = [micros(tick.time) for tick in ticks(trailing)]
    assert instants == sorted(instants)


# --- cards -------------------------------------------------------------------------------------


@often
@given(logs, packs)
def test_at_most_one_card_of_a_level_lives_and_levels_only_rise(
    records: list[AnyRecord], pack: str
) -> None:
    """One live card per case, part, rule, clock and cycle: one of a level, each above the others.

    At one judged instant a clock gives at most one card, above all of it that stand.
    """
    standing: dict[tuple[Any, ...], dict[str, int]] = {}
    key_of: dict[str, tuple[Any, ...]] = {}
    issued: set[tuple[Any, ...]] = set()
    for record in run(records, pack):
        card = record.data
        if isinstance(card, CardIssued):
            key = (record.subject, card.part, card.rule, card.clock, card.cycle)
            above = standing.setdefault(key, {})
            assert all(rank < RANK[card.level] for rank in above.values())
            assert (key, record.causationid) not in issued
            issued.add((key, record.causationid))
            above[card.card_id] = RANK[card.level]
            key_of[card.card_id] = key
        elif isinstance(card, CardRescinded):
            del standing[key_of[card.card_id]][card.card_id]


@often
@given(logs, packs)
def test_every_id_is_given_once_and_a_card_bears_that_of_its_record(
    records: list[AnyRecord], pack: str
) -> None:
    """Ids name what a finding is about, so two findings never share one."""
    found = run(records, pack)
    assert len({record.id for record in found}) == len(found)
    for record in found:
        if isinstance(record.data, CardIssued):
            assert record.id == record.data.card_id
            assert micros(record.data.detected_at) == micros(record.time)
            if record.data.clock is not None:
                assert record.data.effective_at < record.data.detected_at


@often
@given(histories(), packs)
def test_no_history_makes_the_rules_disagree_with_themselves(
    records: list[AnyRecord], pack: str
) -> None:
    """Without another version, whatever takes a card back is a fact that can be cited."""
    found = run(records, pack)
    rules = [r.data.rule for r in found if isinstance(r.data, AnomalyFound)]
    assert "verdict-differs" not in rules


# --- rebuilding --------------------------------------------------------------------------------


@often
@given(logs, packs, st.data())
def test_a_state_rebuilt_at_any_cut_goes_on_to_the_same_findings(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Die between any two appends, with markers anywhere: the log ends with the same findings."""
    owner = Owner(policy_of_cases(pack))
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
    assert by_id(owner.log) == by_id(run(records, pack))
