"""Time alone: a case of which nobody says anything more turns warning, yellow and red.

One case for every clock of both national packs, and for rules that wait. Their instants are worked
out by hand from the calendar of October 2018, and are the same whether time is simulated, passes in
a running process, in one that was down for days, or in one that has lost its states.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger import wire
from ledger.findings import AnomalyFound, CardIssued
from ledger.intake_rules import instant_from_text
from ledger.record import AnyRecord, micros
from processors.drivers.sql_state import SqlState
from processors.simulate import simulate
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.units import is_unit_tick
from tests.golden.language import at, local, policy, shipped_packs
from tests.processors.supervised import DAY_US, Owned, days, event, states_in

MON, TUE = "2018-10-15 10:00:00", "2018-10-16 10:00:00"
END_US = at("2018-12-24 10:00:00")
GRACE_US = 5_000_001
"""Five seconds for a fact to arrive, and one microsecond."""


class Silent(NamedTuple):
    """A case that falls silent.

    Attributes:
        told: all that is ever known of it, at once when it happens.
        turns: of one rule, each card's level and the instant at which it passes; a finding that is
            no card has the level `found`.
    """

    pack: str
    rule: str
    told: Sequence[dict[str, Any]]
    turns: Sequence[str]


def accepted(promised: int | None = 30, statutory: int | None = 60, **more: Any) -> dict[str, Any]:
    limits = {
        name: days(amount)
        for name, amount in (("promised_limit", promised), ("statutory_limit", statutory))
        if amount is not None
    }
    return event("accepted", MON, **{"matter": "M-1", "department": "D-1", **limits, **more})


def around(what: str, when: str, **data: Any) -> dict[str, Any]:
    """A fact of a complaint or a consultation."""
    return {**event(what, when, **data), "type": f"hall.{what}.v1"}


OWED = {"items": ["plan"], "due": "2018-10-22T10:00:00+08:00"}
DUE = "2018-10-24T10:00:00+08:00"
RECEIVED = {"matter": "M-1", "department": "D-1"}
BY_DUE = ["warning 2018-10-19 10:00:00", "yellow 2018-10-24 10:00:00", "red 2018-10-25 10:00:00"]
BY_WAIT = ["found 2018-10-16 10:00:00"]

CASES = (
    Silent(
        *("hunan", "handling-limit", [accepted(7, 10)]),
        ["warning 2018-10-19 10:00:00", "yellow 2018-10-24 10:00:00", "red 2018-10-29 10:00:00"],
    ),
    Silent(
        *("hunan", "special-procedure-limit"),
        [accepted(), event("clock-stopped", TUE, procedure="hearing", applied=days(5))],
        ["warning 2018-10-18 10:00:00", "yellow 2018-10-23 10:00:00", "red 2018-10-24 10:00:00"],
    ),
    Silent(
        *("hunan", "pre-review-limit", [event("received", MON, channel="online", **RECEIVED)]),
        ["warning 2018-10-17 10:00:00", "yellow 2018-10-22 10:00:00", "red 2018-10-24 10:00:00"],
    ),
    Silent(
        *("hunan", "certificate-limit"),
        [accepted(), event("completed", TUE, outcome="granted", certificate_ref="X-1")],
        ["yellow 2018-10-19 10:00:00"],
    ),
    Silent(
        *("hunan", "stage-limit"),
        [accepted(stage_limits={"review": days(2)}), event("stage-started", TUE, stage="review")],
        ["yellow 2018-10-18 10:00:00"],
    ),
    Silent(
        *("hunan", "part-reply-limit"),
        [accepted(), event("part-dispatched", TUE, part="fire", department="D-2")],
        ["yellow 2018-10-25 10:00:00"],
    ),
    Silent(
        *("hunan", "missing-materials-limit", [accepted(missing_materials=OWED)]),
        ["warning 2018-10-22 10:00:00"],
    ),
    Silent("hunan", "consultation-limit", [around("consultation.asked", MON, due=DUE)], BY_DUE),
    Silent(
        *("hunan", "complaint-limit"),
        [
            around("complaint.filed", "2018-10-15 09:30:00"),
            around("complaint.accepted", MON, due=DUE),
        ],
        BY_DUE,
    ),
    Silent(
        *("hunan", "delivery-without-acceptance", [event("delivered", MON)]),
        BY_WAIT,
    ),
    Silent(
        *("hunan", "certificate-without-acceptance", [event("certificate-issued", MON)]),
        BY_WAIT,
    ),
    Silent(*("hunan", "fee-without-acceptance", [event("fee-paid", MON, amount="5.00")]), BY_WAIT),
    Silent(*("hunan", "rating-without-acceptance", [event("rated", MON, score=1)]), BY_WAIT),
    Silent(
        *("hunan", "reply-without-dispatch"),
        [event("part-replied", MON, part="fire", department="D-2")],
        BY_WAIT,
    ),
    Silent("statutory", "handling-limit", [accepted(None, None)], ["red 2018-11-12 17:00:00"]),
    Silent(
        *("statutory", "correction-notice-limit", [event("received", MON, **RECEIVED)]),
        ["red 2018-10-22 17:00:00"],
    ),
    Silent(
        *("statutory", "handling-limit", [event("received", MON, **RECEIVED)]),
        ["red 2018-11-12 17:00:00"],
    ),
    Silent(
        *("statutory", "delivery-limit"),
        [accepted(), event("decided", TUE, outcome="granted")],
        ["red 2018-10-30 17:00:00"],
    ),
    Silent(
        *("statutory", "missing-materials-limit", [accepted(missing_materials=OWED)]),
        ["warning 2018-10-22 10:00:00"],
    ),
    Silent(
        *("chengdu", "handling-limit", [accepted(7)]),
        ["yellow 2018-10-23 17:00:00", "red 2018-10-24 17:00:00"],
    ),
)
each = pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{c.pack}-{c.rule}-{c.told[0]['type'].split('.')[2]}"
)


def turns(records: Sequence[AnyRecord], rule: str) -> list[str]:
    """What a rule found, in order, each detected by time alone: level and instant it passed.

    A finding that is no card was found at a tick, so it has passed grace and a microsecond before.
    """
    found: list[str] = []
    for record in records:
        data = record.data
        if isinstance(data, CardIssued) and data.rule == rule:
            assert micros(data.detected_at) == micros(record.time)
            assert micros(record.time) == micros(data.effective_at) + GRACE_US
            found.append(f"{data.level} {local(data.effective_at)}")
        elif isinstance(data, AnomalyFound) and data.rule == rule:
            found.append(f"found {local(micros(record.time) - GRACE_US)}")
    return found


def happened_us(told: dict[str, Any]) -> int:
    return micros(instant_from_text("time", told["time"]))


def simulated(case: Silent) -> list[AnyRecord]:
    records = []
    for told in case.told:
        _, raw = wire.accept(told)
        records.append(wire.decode(wire.stamp(raw, happened_us(told))))
    return list(simulate(records, policy(case.pack), END_US))


def as_findings(records: Sequence[AnyRecord]) -> dict[str, tuple[Any, ...]]:
    """Ticks and findings by id, as `Owned.findings` has them."""
    return {
        r.id: (r.type, r.subject, r.time, r.causationid, r.data)
        for r in records
        if not is_unit_tick(r)
    }


def lived(folder: Path, case: Silent) -> Owned:
    """A process that has taken in all that is ever said of a case."""
    folder.mkdir(exist_ok=True)
    owned = Owned(folder, using=policy(case.pack), start_us=happened_us(case.told[0]))
    for told in case.told:
        owned.now_us = happened_us(told)
        owned.put(told)
        owned.settle()
    return owned


def passes(case: Silent) -> list[int]:
    """The instants from which on each turn of a case is to be seen."""
    return [at(turn.partition(" ")[2]) + GRACE_US for turn in case.turns]


def test_every_clock_of_a_shipped_pack_has_a_case() -> None:
    for name in ("hunan", "statutory", "chengdu"):
        watched = set(shipped_packs()[name].by_rule)
        assert watched == {c.rule for c in CASES if c.pack == name} & set(TIME_RULES)


@each
def test_a_silent_case_turns_at_its_instants(case: Silent) -> None:
    assert turns(simulated(case), case.rule) == case.turns


@each
def test_a_running_process_sees_each_turn_at_its_instant_and_not_before(
    tmp_path: Path, case: Silent
) -> None:
    """Restarted before and after each turn: same instants, same ids, nothing else."""
    owned = lived(tmp_path, case)
    for number, passed_us in enumerate(passes(case)):
        owned.start()
        owned.until(passed_us - 1)
        assert turns(owned.records(), case.rule) == case.turns[:number]
        owned.start()
        owned.until(passed_us)
        assert turns(owned.records(), case.rule) == case.turns[: number + 1]
    owned.start()
    owned.until(END_US)
    assert owned.findings() == as_findings(simulated(case))


@each
def test_a_process_that_was_down_while_a_case_turned_finds_the_same_when_it_starts(
    tmp_path: Path, case: Silent
) -> None:
    """Down for a day over the first turn, then from there over all others and some weeks."""
    owned = lived(tmp_path, case)
    first_us, *_ = passes(case)
    owned.until(first_us - DAY_US // 2)
    owned.start()
    owned.until(first_us + DAY_US // 2)
    assert turns(owned.records(), case.rule)[:1] == case.turns[:1]
    owned.start()
    owned.until(END_US)
    assert turns(owned.records(), case.rule) == case.turns
    assert owned.findings() == as_findings(simulated(case))


@each
@pytest.mark.parametrize("stopped", [True, False], ids=["stopped in order", "killed"])
def test_a_process_that_lost_its_states_finds_the_same(
    tmp_path: Path, case: Silent, stopped: bool
) -> None:
    """Lost before the first turn, after each, and at the end: nothing is issued anew or missed."""
    owned = lived(tmp_path, case)
    for number, passed_us in enumerate([*passes(case), END_US]):
        if stopped:
            owned.owner.stop()
        states = SqlState(states_in(tmp_path, f"again-{number}"))
        owned.owner = owned.another(states)
        owned.until(passed_us + DAY_US)
    assert turns(owned.records(), case.rule) == case.turns
    assert owned.findings() == as_findings(simulated(case))
