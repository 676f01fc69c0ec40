"""The oracle's rules by hand: each with a history that fires it and one that just does not.

Every example names the facts shown, in order: `"a d"` is one breach by acceptance and completion.
"""

from typing import Any

import pytest

from tests.oracle.breaches import RULES, breaches, rule_findings
from tests.oracle.breaches_example import DAY, PLAIN, all_of, listing, shown, told
from tests.oracle.known_history import Event, instant
from tests.oracle.offices import OFFICES
from tests.oracle.worked_example import (
    SOURCE,
    UNTIL,
    accepted,
    completed,
    event,
    pack_named,
    rfc,
)

# --- reasons, materials, 补正 --------------------------------------------------------------------


GRANTED = {"outcome": "granted", "part": "fire"}


@pytest.mark.parametrize(
    ("outcome", "reason", "expected"),
    [
        ("voided", None, ["d"]),
        ("returned", " \n", ["d"]),
        ("voided", "重复录入", []),
        ("refused", None, []),
    ],
)
def test_outcome_without_reason(outcome: str, reason: str | None, expected: list[str]) -> None:
    said = {"reason": reason} if reason is not None else {}
    done = completed("10-16 10:00:00", outcome, **said)
    assert shown("outcome-without-reason", accepted(), done) == expected


def test_a_breach_names_part_cycle_evidence_and_the_time_of_its_last_fact() -> None:
    done = completed("10-16 10:00:00", "voided", part="fire")
    again = event("d2", "completed", "10-17 10:00:00", outcome="voided", part="fire")
    first, repeated = all_of("outcome-without-reason", accepted(part="fire"), done, again)
    assert first[:4] == ("outcome-without-reason", "fire", None, ((SOURCE, "d"),))
    assert first.effective == instant(rfc("10-16 10:00:00"))
    assert repeated.evidence == ((SOURCE, "d2"),)
    free = accepted(part="fire", materials={"required": 1, "submitted": 0})
    (of_cycle,) = all_of("materials-incomplete", free, done | {"data": GRANTED})
    assert of_cycle[1:3] == ("fire", (SOURCE, "a"))


def test_the_whole_comes_before_its_parts_and_earlier_facts_first() -> None:
    log = [
        event("r1", "acceptance-refused", "10-15 09:00:00", part="fire"),
        event("r2", "acceptance-refused", "10-15 08:00:00", part="water"),
        event("r4", "acceptance-refused", "10-15 11:00:00"),
        event("r3", "acceptance-refused", "10-15 10:00:00"),
    ]
    assert shown("refusal-without-reason", *log) == ["r3", "r4", "r1", "r2"]


def test_refusal_without_reason() -> None:
    silent = event("r", "acceptance-refused", "10-15 10:00:00")
    spoken = event("r", "acceptance-refused", "10-15 10:00:00", reason="不属本机关职权")
    assert shown("refusal-without-reason", silent) == ["r"]
    assert shown("refusal-without-reason", spoken) == []


def test_materials_incomplete() -> None:
    one_short = accepted(materials={"required": 3, "submitted": 2})
    complete = accepted(materials={"required": 3, "submitted": 3})
    done, voided = completed("10-16 10:00:00"), completed("10-16 10:00:00", "voided")
    assert shown("materials-incomplete", one_short, done) == ["a d"]
    assert shown("materials-incomplete", one_short, voided) == []
    assert shown("materials-incomplete", one_short) == []
    assert shown("materials-incomplete", complete, done) == []


def test_materials_that_were_missing_and_came_before_the_completion() -> None:
    case = accepted(materials={"required": 3, "submitted": 2}, missing_materials={"items": ["3"]})
    done = completed("10-16 10:00:00")
    # At one instant the receipt comes before the completion, and before the acceptance.
    in_time = event("c", "correction-received", "10-16 10:00:00")
    late = event("c", "correction-received", "10-16 10:00:01")
    early = event("c", "correction-received", "10-15 10:00:00")
    assert shown("materials-incomplete", case, in_time, done) == []
    assert shown("materials-incomplete", case, late, done) == ["a d"]
    assert shown("materials-incomplete", case, early, done) == ["a d"]


def requested(id_: str, at: str, *items: str, **data: Any) -> Event:
    return event(id_, "correction-requested", at, items=list(items), **data)


def received(id_: str, at: str) -> Event:
    return event(id_, "correction-received", at)


def test_repeated_correction_notice() -> None:
    one, two = requested("q1", "10-12 10:00:00", "1"), requested("q2", "10-15 10:00:00", "2")
    three = requested("q3", "10-15 10:00:01", "3")
    # The second came in the very second of the acceptance, which is still before it.
    assert shown("repeated-correction-notice", one, two, accepted()) == ["q1 q2"]
    assert shown("repeated-correction-notice", one, accepted(), three) == []
    assert shown("repeated-correction-notice", one, three, two) == ["q1 q2"]
    in_another_part = requested("q2", "10-15 10:00:00", "2", part="fire")
    assert shown("repeated-correction-notice", one, in_another_part) == []


def test_correction_to_and_fro() -> None:
    log = [
        requested("q1", "10-15 09:00:00", "1"),
        requested("q1b", "10-15 10:00:00", "1"),
        received("c1", "10-15 11:00:00"),
        requested("q2", "10-16 09:00:00", "2"),
        received("c2", "10-16 10:00:00"),
        received("c2b", "10-16 11:00:00"),
        requested("q3", "10-17 09:00:00", "3"),
        requested("q4", "10-17 10:00:00", "4"),
    ]
    assert shown("correction-to-and-fro", *log) == ["q1 c1 q2 c2 q3"]
    assert shown("correction-to-and-fro", *log[:6]) == []


def test_correction_before_notice() -> None:
    came = received("c", "10-15 10:00:00")
    second_later = requested("q", "10-15 10:00:01", "1")
    # At one instant the request comes first.
    same = requested("q", "10-15 10:00:00", "1")
    assert shown("correction-before-notice", came, second_later) == ["c q"]
    assert shown("correction-before-notice", came, same) == []
    assert shown("correction-before-notice", came) == []


def test_correction_without_list() -> None:
    for items in ([], [" ", ""]):
        assert shown("correction-without-list", requested("q", "10-15 10:00:00", *items)) == ["q"]
    assert shown("correction-without-list", event("q", "correction-requested", "10-15 10:00:00"))
    assert shown("correction-without-list", requested("q", "10-15 10:00:00", " ", "身份证")) == []


# --- order of acceptance, handling and completion ------------------------------------------------


def test_completed_before_accepted() -> None:
    assert shown("completed-before-accepted", completed("10-15 09:59:59"), accepted()) == ["d a"]
    assert shown("completed-before-accepted", completed("10-15 10:00:00"), accepted()) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("transferred", {"to_department": "D-2"}),
        ("stage-started", {"stage": "审查"}),
        ("stage-finished", {"stage": "审查"}),
        ("clock-stopped", {"procedure": "hearing"}),
        ("clock-resumed", {}),
        ("extended", {"by": DAY}),
    ],
)
def test_handled_before_acceptance(kind: str, data: dict[str, Any]) -> None:
    second_early, same = (
        event("x", kind, f"10-15 {at}", **data) for at in ("09:59:59", "10:00:00")
    )
    found = all_of("handled-before-acceptance", second_early, accepted())
    assert [each.evidence for each in found] == [((SOURCE, "x"), (SOURCE, "a"))]
    assert [each.effective for each in found] == [instant(rfc("10-15 10:00:00"))]
    assert shown("handled-before-acceptance", same, accepted()) == []
    assert shown("handled-before-acceptance", second_early) == []


def transfer(id_: str, origin: str | None, target: str) -> Event:
    data = {"to_department": target} | ({"from_department": origin} if origin else {})
    return event(id_, "transferred", f"10-1{id_[-1]} 10:00:00", **data)


def test_repeated_transfer() -> None:
    case, one, two = accepted(), transfer("t5", "A", "B"), transfer("t6", "B", "A")
    assert shown("repeated-transfer", case, one, two, transfer("t7", "A", "B")) == ["t5 t6 t7"]
    assert shown("repeated-transfer", case, one, two, transfer("t7", "A", "C")) == []
    assert shown("repeated-transfer", case, one, two, transfer("t7", None, "B")) == []
    four = [transfer("t7", "A", "B"), transfer("t8", "B", "A")]
    assert shown("repeated-transfer", case, one, two, *four) == ["t5 t6 t7"]
    done, again = completed("10-16 12:00:00"), accepted("10-17 09:00:00", "a2")
    assert shown("repeated-transfer", case, one, two, done, again, *four) == []


# --- fees ----------------------------------------------------------------------------------------


def fee(amount: str, at: str = "10-15 11:00:00", **data: str) -> Event:
    return event("f", "fee-charged", at, amount=amount, **data)


FREE = {"code": "M", "fee": {"free": True}}
CHARGED = {"code": "M", "fee": {"free": False, "amount": "50", "currency": "CNY", "basis": "B-1"}}


def test_fee_though_free() -> None:
    free, by_catalogue = accepted(chargeable=False), accepted(matter="M")
    assert shown("fee-though-free", free, fee("0.01")) == ["a f"]
    assert shown("fee-though-free", free, fee("0.00")) == []
    assert (
        shown("fee-though-free", free, fee("0.01") | {"data": {"amount": "1", "part": "x"}}) == []
    )
    assert shown("fee-though-free", by_catalogue, fee("1"), matter=FREE) == ["a f"]
    assert shown("fee-though-free", by_catalogue, fee("1"), matter=FREE | {"code": "N"}) == []
    assert (
        shown("fee-though-free", accepted(matter="M", chargeable=True), fee("1"), matter=FREE) == []
    )
    done = completed("10-16 10:00:00", fee={"amount": "5", "currency": "CNY"})
    assert shown("fee-though-free", free, done) == ["a d"]


def test_fee_missing() -> None:
    case, done = accepted(chargeable=True), completed("10-16 10:00:00")
    assert shown("fee-missing", case, done) == ["a d"]
    assert shown("fee-missing", case, done, fee("5", "10-16 10:00:00")) == ["a d"]
    assert shown("fee-missing", case, done, fee("5", "10-16 09:59:59")) == []
    assert shown("fee-missing", case, completed("10-16 10:00:00", fee={"amount": "5"})) == []
    assert shown("fee-missing", case, completed("10-16 10:00:00", "refused")) == []
    assert shown("fee-missing", accepted(matter="M"), done, matter=CHARGED) == ["a d"]
    assert shown("fee-missing", accepted(matter="M"), done, matter=FREE) == []


@pytest.mark.parametrize(
    ("charged", "expected"),
    [
        (fee("50", basis="B-1", currency="CNY"), []),
        (fee("50.01", basis="B-1", currency="CNY"), ["a f"]),
        (fee("50.01", basis="B-1", currency="USD"), []),
        (fee("50", basis="B-2", currency="CNY"), ["a f"]),
        (fee("50", basis=" ", currency="CNY"), []),
    ],
)
def test_fee_other_than_basis(charged: Event, expected: list[str]) -> None:
    case = accepted(matter="M")
    assert shown("fee-other-than-basis", case, charged, matter=CHARGED) == expected
    done = completed("10-15 10:30:00")
    assert shown("fee-other-than-basis", case, done, charged, matter=CHARGED) == expected


# --- stages --------------------------------------------------------------------------------------

THREE = {"code": "M", "stages": [{"name": "初审"}, {"name": "审核"}, {"name": "决定"}]}


def begun(stage: str, id_: str, at: str) -> Event:
    return event(id_, "stage-started", f"10-15 {at}", stage=stage)


def ended(stage: str, id_: str, at: str) -> Event:
    return event(id_, "stage-finished", f"10-15 {at}", stage=stage)


def test_stage_count_differs() -> None:
    case, done = accepted(matter="M"), completed("10-16 10:00:00")
    two = [begun("初审", "s1", "11:00:00"), ended("审核", "s2", "12:00:00")]
    third = begun("决定", "s3", "14:00:00")
    twice = begun("初审", "s4", "15:00:00")
    assert shown("stage-count-differs", case, *two, twice, done, matter=THREE) == ["a d"]
    assert shown("stage-count-differs", case, *two, third, twice, done, matter=THREE) == []
    refused = completed("10-16 10:00:00", "refused")
    assert shown("stage-count-differs", case, *two, refused, matter=THREE) == []
    assert shown("stage-count-differs", case, *two, done) == []
    limited = accepted(stage_limits={"初审": DAY})
    assert shown("stage-count-differs", limited, *two, done) == ["a d"]


def test_stage_out_of_order() -> None:
    case = accepted(matter="M")
    one, two = begun("初审", "s1", "11:00:00"), begun("审核", "s2", "11:00:00")
    earlier, last = begun("审核", "s2", "10:59:59"), begun("决定", "s3", "10:30:00")
    assert shown("stage-out-of-order", case, one, earlier, matter=THREE) == ["s2 s1"]
    assert shown("stage-out-of-order", case, two, one, matter=THREE) == []
    # 初审 and 决定 are neighbours where 审核 was left out; each pair once.
    assert shown("stage-out-of-order", case, one, last, matter=THREE) == ["s3 s1"]
    assert shown("stage-out-of-order", case, one, earlier, last, matter=THREE) == ["s3 s2", "s2 s1"]


def test_a_stage_that_was_finished_before_it_was_started() -> None:
    start, finish = begun("审查", "s", "11:00:00"), ended("审查", "e", "10:59:59")
    assert shown("stage-out-of-order", accepted(), start, finish) == ["e s"]
    assert shown("stage-out-of-order", accepted(), finish) == []
    assert shown("stage-out-of-order", accepted(), start, ended("审查", "e", "11:00:00")) == []


# --- joint cases ---------------------------------------------------------------------------------

DISPATCHED = event("p", "part-dispatched", "10-15 11:00:00", part="fire", department="D-2")
WHOLE_DONE = completed("10-17 10:00:00")


def test_completed_before_parts() -> None:
    other = event("w", "part-dispatched", "10-15 11:30:00", part="water", department="D-3")
    found = all_of("completed-before-parts", accepted(), DISPATCHED, other, WHOLE_DONE)
    evidence = tuple((SOURCE, id_) for id_ in "pwd")
    at = instant(rfc("10-17 10:00:00"))
    assert found == [("completed-before-parts", None, (SOURCE, "a"), evidence, at)]
    for last_moment, expected in (("10-17 10:00:00", []), ("10-17 10:00:01", ["p d"])):
        reply = event("y", "part-replied", last_moment, part="fire")
        log = [accepted(), DISPATCHED, reply, WHOLE_DONE]
        assert shown("completed-before-parts", *log) == expected
    own = event("o", "completed", "10-17 09:00:00", outcome="granted", part="fire")
    fire = accepted("10-15 12:00:00", "f", part="fire")
    assert shown("completed-before-parts", accepted(), DISPATCHED, fire, own, WHOLE_DONE) == []
    assert shown("completed-before-parts", accepted(), DISPATCHED, fire, WHOLE_DONE) == ["p d"]
    # Completed before it was asked, it owes nothing.
    early = [accepted("10-15 10:00:00", "f", part="fire"), own | {"time": rfc("10-15 10:30:00")}]
    assert shown("completed-before-parts", accepted(), *early, DISPATCHED, WHOLE_DONE) == []


def test_reply_without_dispatch_waits_for_a_working_day() -> None:
    reply = event("y", "part-replied", "10-15 10:00:00", part="fire")
    assert told("reply-without-dispatch", reply) == [("y", "10-16 10:00:05.000001")]
    for recorded, expected in (
        ("10-16 10:00:05", []),
        ("10-16 10:00:05.000001", [("y", "10-16 10:00:05.000001")]),
    ):
        asked = event("p", "part-dispatched", "10-15 11:00:00", recorded, part="fire")
        assert told("reply-without-dispatch", reply, asked) == expected


# --- packs and naming ----------------------------------------------------------------------------


def test_only_rules_that_the_pack_lists_are_looked_at() -> None:
    silent = event("r", "acceptance-refused", "10-15 10:00:00")
    assert breaches([silent], PLAIN, OFFICES["cn"]) == []
    assert breaches([], listing("refusal-without-reason"), OFFICES["cn"]) == []


def test_every_rule_has_been_written_and_every_pack_names_only_these() -> None:
    assert len(RULES) == 35
    for name in ("hunan", "statutory", "chengdu"):
        assert {rule["name"] for rule in pack_named(name).get("rule", ())} <= set(RULES)


def test_an_anomaly_is_named_once_and_never_taken_back() -> None:
    silent = event("r", "acceptance-refused", "10-15 10:00:00")
    void = event("m", "amended", "10-15 11:00:00", amends={"source": SOURCE, "id": "r"}, void=True)
    name = "refusal-without-reason"
    assert told(name, silent, silent, void) == [("r", "10-15 10:00:00.000000")]
    assert shown(name, silent, void) == []


def test_a_finding_says_what_was_found_when() -> None:
    done = completed("10-15 10:01:00", recorded="10-15 12:00:00")
    case = accepted(handling_type="promised")
    pack = listing("instant-completion")
    assert rule_findings([case, done], pack, OFFICES["cn"], instant(UNTIL)) == [
        {
            "kind": "anomaly-found",
            "at": instant(rfc("10-15 12:00:00")),
            "rule": "instant-completion",
            "part": None,
            "cycle": (SOURCE, "a"),
            "evidence": ((SOURCE, "a"), (SOURCE, "d")),
        }
    ]


def test_a_rule_that_gives_cards_gives_no_finding() -> None:
    silent = event("r", "acceptance-refused", "10-15 10:00:00")
    pack = PLAIN | {"rule": [{"name": "refusal-without-reason", "card": "yellow"}]}
    assert rule_findings([silent], pack, OFFICES["cn"], instant(UNTIL)) == []
    assert len(breaches([silent], pack, OFFICES["cn"])) == 1
