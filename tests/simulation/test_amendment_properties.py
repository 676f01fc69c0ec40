"""What must hold of amendments (更正): one that is taken back leaves what there was before it."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.case_events import CaseAmended, CaseReleased
from ledger.events import CARD_TYPES, CASE_TYPES
from ledger.record import AnyRecord, micros
from processors.supervision.judge import judge
from tests.golden.language import SECOND_US, SOURCE, recorded_us
from tests.simulation.full_packs import PACKS
from tests.simulation.said import GRID_US, LIMIT_OF, SLOTS, START_US, limits, slots, text_of
from tests.simulation.strategies import histories, stamped
from tests.simulation.walk import Walk, often

packs = st.sampled_from(PACKS)
TOLERANCE_US = 120 * SECOND_US
"""How far ahead of its recording every pack lets a fact's time lie."""
Change = tuple[dict[str, Any], dict[str, Any]]
"""What an amendment says, and what one says that takes it back."""


@st.composite
def changes(draw: st.DrawFn, target: AnyRecord) -> Change:
    """An amendment of a fact and its inverse: that it is void, or all as it was."""
    amends = {"source": target.source, "id": target.id}
    name = LIMIT_OF.get(target.type.split(".")[2])
    void = {"amends": {"source": SOURCE, "id": "amendment"}, "void": True}
    kind = draw(st.sampled_from(["void", "time", "limit"]))
    if kind == "void":
        return {"amends": amends, "void": True}, void
    there: dict[str, Any]
    here: dict[str, Any]
    if kind == "limit" and name is not None:
        was = getattr(target.data, name)
        there = {name: None if was is None else {"amount": was.amount, "unit": was.unit}}
        here = {name: draw(limits)}
    else:
        there = {"time": text_of(_read_as_us(target))}
        here = {"time": text_of(START_US + draw(slots) * GRID_US)}
    back = {"amends": amends, "replacement": there}
    return {"amends": amends, "replacement": here}, draw(st.sampled_from([void, back]))


def _read_as_us(target: AnyRecord) -> int:
    """The time a fact is read as: one that lies too far after its recording is read as that."""
    time_us, learned_us = micros(target.time), recorded_us(target)
    return learned_us if time_us > learned_us + TOLERANCE_US else time_us


def _fact(what: str, id_: str, subject: str, when_us: int, data: dict[str, Any]) -> AnyRecord:
    event = {
        "specversion": "1.0",
        "type": f"hall.case.{what}.v1",
        "source": SOURCE,
        "id": id_,
        "subject": subject,
        "time": text_of(when_us),
        "data": data,
    }
    return stamped(event, when_us)


def _walked(records: list[AnyRecord], pack: str, last: list[AnyRecord]) -> Walk:
    walk = Walk(pack)
    walk.all([*records, *last], until_us=None)
    return walk


@often
@given(histories(), packs, st.data())
def test_an_amendment_and_its_inverse_leave_the_live_cards_and_the_limits_as_they_were(
    records: list[AnyRecord], pack: str, data: st.DataObject
) -> None:
    """Compared with a case to which nothing happened but that as much time went by."""
    records = [record for record in records if record.type not in CARD_TYPES]
    targets = [r for r in records if r.type in CASE_TYPES and r.type != CaseReleased.TYPE]
    assume(targets)
    target = data.draw(st.sampled_from(targets))
    amended = {
        (each.data.amends.source, each.data.amends.id)
        for each in records
        if isinstance(each.data, CaseAmended) and each.subject == target.subject
    }
    assume((target.source, target.id) not in amended and target.type != CaseAmended.TYPE)
    change, inverse = data.draw(changes(target))
    first_us = max(recorded_us(r) for r in records) + data.draw(st.integers(0, SLOTS)) * GRID_US
    second_us = first_us + data.draw(st.sampled_from([0, 0, 48, 480])) * GRID_US
    said = {"reason": "wrong"}
    changed = [
        _fact("amended", "amendment", target.subject, first_us, said | change),
        _fact("amended", "inverse", target.subject, second_us, said | inverse),
    ]
    quiet = [
        _fact("urged", f"urged-{n}", target.subject, us, {"actor_ref": "A-1"})
        for n, us in enumerate((first_us, second_us))
    ]
    walks = [_walked(records, pack, last) for last in (changed, quiet)]
    after, before = (walk.states[target.subject] for walk in walks)
    assume(not before.suspended and not after.suspended)
    live_after, live_before = (_live(walk, target.subject) for walk in walks)
    assert live_after == live_before
    assert after.limits == before.limits
    assert after.settled == before.settled
    assert sorted(map(str, after.deemed)) == sorted(map(str, before.deemed))
    assert after.next_tick_us == before.next_tick_us


def _live(walk: Walk, subject: str) -> dict[tuple[Any, ...], tuple[int, int]]:
    """The live card of each part, rule, clock and cycle: its level, and since when.

    Warnings before a limit are left out where their clock has closed since: they warn of nothing
    any more, and once taken back they are not issued again (design: nor is it once closed).
    """
    state = walk.states[subject]
    verdict = judge(state.facts, walk.using.laws_of(state), state.now_us)
    too_late = {
        (clock.part, mark.threshold.rule, clock.kind, clock.cycle, mark.threshold.rank)
        for clock in verdict.clocks
        for mark in clock.marks
        if not mark.issuable
    }
    live: dict[tuple[Any, ...], tuple[int, int]] = {}
    for card in state.cards:
        if not card.standing or card[:5] in too_late:
            continue
        if live.get(card[:4], (-1, 0))[0] < card.rank:
            live[card[:4]] = (card.rank, card.effective_us)
    return live
