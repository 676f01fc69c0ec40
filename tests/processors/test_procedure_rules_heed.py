"""Facts that the rules on procedure do not heed need no judging; random histories compare."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ledger.findings import AnomalyFound
from ledger.record import AnyRecord
from processors.supervision.publications import Publications
from processors.supervision.state import CaseState
from processors.supervision.state_codec import encode_state
from processors.supervision.step import judged_step, step
from tests.golden.language import fact, later, policy, published
from tests.processors.rule_packs import MON, pack
from tests.processors.test_rules_heed import is_short

RULES = (
    'outcome-without-reason|outcomes = ["returned"]\n',
    "refusal-without-reason",
    "materials-incomplete",
    "fee-though-free",
    "fee-missing",
    "fee-other-than-basis",
    "result-before-application",
    "repeated-correction-notice|most = 1\n",
    "correction-to-and-fro|rounds = 1\n",
    "correction-before-notice",
    "correction-without-list",
    "completed-before-accepted",
    "handled-before-acceptance",
    "stage-count-differs",
    "stage-out-of-order",
    "promise-beyond-statute",
    "tolerance-beyond-promise",
)
HEEDING = (
    *("fee-though-free", "fee-other-than-basis", "repeated-correction-notice"),
    *("correction-to-and-fro", "correction-before-notice", "correction-without-list"),
    *("handled-before-acceptance", "stage-count-differs", "stage-out-of-order"),
)
QUIET_ONES = (
    *("correction-requested", "correction-received", "fee-charged", "fee-paid"),
    *("stage-started", "stage-finished", "transferred", "decided"),
)


def matter(random: Random) -> AnyRecord:
    """A version of the matter; each says something of stages and fees, or nothing."""
    entry: dict[str, Any] = {"code": "M-1"}
    if random.random() < 0.5:
        entry["stages"] = [{"name": name} for name in random.sample("xyz", 2)]
    if random.random() < 0.6:
        free = random.random() < 0.5
        entry["fee"] = {"free": free} | ({} if free else {"amount": "1.00", "basis": "B"})
    return published(entry, later(MON, hours=-random.randint(1, 9)))


def content(what: str, random: Random) -> dict[str, Any]:
    """What a fact says."""
    of: dict[str, dict[str, Any]] = {
        "accepted": {
            "matter": "M-1",
            "department": "D-1",
            "chargeable": random.choice([None, None, True, False]),
            "stage_limits": random.choice([None, {"x": "9 working_day", "y": "9 working_day"}]),
            "materials": random.choice([None, {"required": 1, "submitted": 0}]),
            "missing_materials": random.choice([None, {"items": ["x"]}]),
        },
        "completed": {"outcome": random.choice(["granted", "returned"])},
        "decided": {"outcome": "granted"},
        "correction-requested": {"items": random.choice([["x"], ["x"], [" "]])},
        "fee": {"amount": random.choice(["0", "1.00", "2.00"])},
        "stage": {"stage": random.choice("xyz")},
    }
    return of.get(what) or of.get(what.partition("-")[0], {})


def history(random: Random) -> list[AnyRecord]:
    """Facts that these rules heed, many of one instant, some reported late."""
    drawn = []
    kinds = ("accepted", "completed", *QUIET_ONES * 2)
    opening = ["accepted"] if random.random() < 0.8 else []
    for number, what in enumerate([*opening, *random.choices(kinds, k=random.randint(2, 8))]):
        when = later(MON, hours=number if random.random() < 0.7 else random.randint(0, 9))
        part = random.choice([None, None, None, "fire"])
        delayed = later(MON, hours=10 + number)
        recorded = delayed if random.random() < 0.3 else None
        data = content(what, random)
        drawn.append(fact(what, when, recorded, id_=str(number), part=part, **data))
    drawn.sort(key=lambda record: record.recordedtime or record.time)
    second = [matter(random)] if random.random() < 0.3 else []
    return [matter(random), *drawn[:2], *second, *drawn[2:]]


def compared(seeds: int, *rules: str) -> tuple[set[str], int]:
    """Step random histories with and without judging; what was named, and short cuts taken."""
    named: set[str] = set()
    shortened = 0
    for seed in range(seeds):
        publications = Publications()
        using = replace(policy(pack(*rules)), published=publications)
        state: CaseState | None = None
        for order, record in enumerate(history(Random(seed))):
            if publications.apply(record, order):
                continue
            stepped = step(state, record, order, using)
            judged = judged_step(state or CaseState("C-1"), record, order, using)
            assert stepped.records == judged.records, f"{rules}: seed {seed}, record {order}"
            assert encode_state(stepped.state) == encode_state(judged.state), f"seed {seed}"
            shortened += state is not None and is_short(state, record, order, using)
            found = (each.data for each in stepped.records)
            named |= {each.rule for each in found if isinstance(each, AnomalyFound)}
            state = stepped.state
    return named, shortened


def test_what_the_rules_on_procedure_do_not_heed_changes_nothing() -> None:
    """A fact added without judging gives what judging gives, with all rules on."""
    named, shortened = compared(300, *RULES)
    assert set(HEEDING) <= named
    assert shortened > 100


@pytest.mark.parametrize("name", HEEDING)
def test_what_one_rule_does_not_heed_changes_nothing(name: str) -> None:
    """Alone, so that no other rule makes the step judge."""
    named, shortened = compared(150, next(rule for rule in RULES if rule.startswith(name)))
    assert name in named
    assert shortened > 50
