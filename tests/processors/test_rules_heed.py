"""Facts that a rule does not heed need no judging; random histories compare."""

from random import Random
from typing import Any

from ledger.findings import AnomalyFound
from ledger.record import AnyRecord
from processors.supervision.collect import known_fact
from processors.supervision.policy import Policy
from processors.supervision.quiet import QUIET, changes_nothing
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import judged_step, step
from tests.golden.language import (
    fact,
    later,
    policy,
)
from tests.processors.rule_packs import MON, RATING, WAIT, WAITING, pack

ALL = (
    "completed-before-parts",
    f"reply-without-dispatch|{WAIT}",
    "instant-completion|minutes = 5\n",
    "repeated-transfer|times = 3\n",
    *(f"{name}|{WAIT}" for name in WAITING),
    RATING,
)


def quiet_history(random: Random) -> list[AnyRecord]:
    """Facts that these rules heed, in any order, some reported late."""
    drawn: list[AnyRecord] = []
    for number in range(random.randint(2, 9)):
        part = random.choice([None, "fire", "water"])
        what = random.choice(
            ["accepted", "completed", "part-dispatched", "part-replied", "transferred", "delivered",
             "certificate-issued", "fee-paid", "rated"],
        )  # fmt: skip
        data: dict[str, Any] = {"part": part}
        if what == "accepted":
            data |= {"matter": "M-1", "department": "D-1", "handling_type": "promised"}
        elif what == "completed":
            data |= {"outcome": "granted"}
        elif what.startswith("part-"):
            data |= {"part": part or "fire", "department": "D-2"}
        elif what == "transferred":
            data |= dict(zip(("from_department", "to_department"), random.sample("ABC", 2)))  # noqa: B905
        elif what == "fee-paid":
            data |= {"amount": "1.00"}
        elif what == "rated":
            data |= {"score": random.randint(1, 5), "tags": random.sample(["超法定", "超承诺"], 1)}
        when = later(MON, hours=random.randint(0, 60))
        recorded = later(MON, hours=60 + 2 * number)
        drawn.append(fact(what, when, random.choice([recorded, None]), id_=str(number), **data))
    return sorted(drawn, key=lambda record: record.recordedtime or record.time)


def is_short(state: CaseState, record: AnyRecord, order: int, using: Policy) -> bool:
    """Whether a step adds the record without judging."""
    law = using.laws(None).of_case(state.facts)
    known = known_fact(record, order, law.pack.future_tolerance_us)
    return type(record.data) in QUIET and changes_nothing(state, record, known, law)


def test_what_these_rules_do_not_heed_changes_nothing() -> None:
    """A fact added without judging gives what judging gives; the short cut is taken often."""
    using = policy(pack(*ALL))
    named_at_all = shortened = 0
    for seed in range(400):
        state: CaseState | None = None
        for order, record in enumerate(quiet_history(Random(seed))):
            stepped = step(state, record, order, using)
            judged = judged_step(state or CaseState("C-1"), record, order, using)
            assert stepped.records == judged.records, f"seed {seed}, record {order}"
            assert encode_state(stepped.state) == encode_state(judged.state), f"seed {seed}"
            named_at_all += any(isinstance(each.data, AnomalyFound) for each in stepped.records)
            shortened += state is not None and is_short(state, record, order, using)
            state = stepped.state
    assert named_at_all > 100
    assert shortened > 100
