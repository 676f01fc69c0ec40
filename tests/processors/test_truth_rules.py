"""What no single golden history says of rules on parts, speed, transfers and acceptances."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.case_events import CaseCompleted, DecisionMade
from ledger.record import AnyRecord
from processors.supervision.pack_text import parse_pack
from tests.golden.language import (
    PACK_TEXT,
    accepted,
    fact,
    later,
    told,
)
from tests.processors.rule_packs import (
    BASIS,
    FRI,
    MON,
    RATING,
    THU,
    TUE,
    WAIT,
    WED,
    dispatched,
    done,
    named,
    pack,
    replied,
)


@pytest.mark.parametrize(
    ("joint", "expected"),
    [
        ([dispatched(MON), dispatched(TUE, "water"), done()], ["to-fire to-water done"]),
        ([dispatched(MON), done(WED, "part", part="fire"), done()], []),
        ([dispatched(MON), replied(TUE), dispatched(WED, id_="again"), done()], ["again done"]),
        ([dispatched(MON), dispatched(TUE, id_="again"), done()], ["to-fire done"]),
        ([done(), dispatched(later(FRI, seconds=1))], []),
        ([done(), dispatched(FRI)], ["to-fire done"]),
        ([dispatched(MON), done(THU), done(FRI, "twice")], ["to-fire done"]),
        ([dispatched(MON), dispatched(MON, "water"), replied(TUE, "water"), done()],
         ["to-fire done"]),
    ],
    ids=["two", "completed itself", "asked again", "asked twice", "asked after",
         "asked at the same instant", "done twice",
         "answer of another"],
)  # fmt: skip
def test_the_answers_that_a_joint_case_lacks(joint: list[AnyRecord], expected: list[str]) -> None:
    assert named([accepted(), *joint], "completed-before-parts") == expected
    assert named(joint, "completed-before-parts") == expected


def test_a_reopened_whole_needs_the_answers_to_what_it_asked_since() -> None:
    first = [accepted(), dispatched(MON), done(TUE)]
    again = [accepted(WED), done(FRI, "second")]
    rule = "completed-before-parts"
    assert named([*first, *again], rule) == ["to-fire done"]
    asked = dispatched(THU, id_="again")
    assert named([*first, again[0], asked, again[1]], rule) == ["to-fire done", "again second"]


def test_a_reply_is_put_right_by_a_dispatch_of_its_own_part_only() -> None:
    rule = f"reply-without-dispatch|{WAIT}"
    assert named([accepted(), replied(TUE), dispatched(TUE, "water")], rule) == ["from-fire"]
    assert named([accepted(), replied(TUE), dispatched(later(TUE, hours=2))], rule) == []


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        ("promised", "granted", ["begun done"]),
        ("promised", "forwarded", ["begun done"]),
        ("promised", "refused", []),
        ("promised", "withdrawn", []),
        ("immediate", "granted", []),
        (None, "granted", []),
    ],
)
def test_only_a_normal_completion_of_a_case_that_needs_handling_is_an_instant_one(
    kind: str | None, outcome: str, expected: list[str]
) -> None:
    history = [accepted(handling_type=kind, id_="begun"), done(MON, outcome=outcome)]
    assert named(history, "instant-completion|minutes = 5\n") == expected


def test_a_completion_before_its_acceptance_is_no_instant_one() -> None:
    history = [done(later(MON, seconds=-1)), accepted(handling_type="promised")]
    assert named(history, "instant-completion|minutes = 5\n") == []


def moved(when: str, one: str | None, other: str | None, id_: str) -> AnyRecord:
    return fact("transferred", when, from_department=one, to_department=other, id_=id_)


def to_and_fro(days: Sequence[str], one: str, other: str | None) -> list[AnyRecord]:
    ways = [(one, other), (other, one)]
    return [moved(at, *ways[n % 2], f"{other}-{n}") for n, at in enumerate(days)]


def test_transfers_are_counted_by_pair_of_departments_and_cycle() -> None:
    rule = "repeated-transfer|times = 3\n"
    days = [MON, TUE, WED, THU]
    four = [accepted(), *to_and_fro(days, "D-1", "D-2")]
    assert named(four, rule) == ["D-2-0 D-2-1 D-2-2"]
    same_way = [moved(at, "D-1", "D-2", at) for at in days[:3]]
    assert named([accepted(), *same_way], rule) == [f"{MON} {TUE} {WED}"]
    pairs = [*to_and_fro(days[:3], "D-1", "D-2"), *to_and_fro(days[:3], "D-1", "D-3")]
    assert sorted(named([accepted(), *pairs], rule)) == [
        "D-2-0 D-2-1 D-2-2",
        "D-3-0 D-3-1 D-3-2",
    ]
    two_cycles = [accepted(), *to_and_fro(days[:2], "D-1", "D-2"), done(TUE), accepted(WED)]
    assert named([*two_cycles, *to_and_fro([THU, FRI], "D-1", "D-2")], rule) == []
    for nobody in ("", "  ", None, "D-1"):
        for one, other in (("D-1", nobody), (nobody, "D-1")):
            lost = [moved(at, one, other, at) for at in days]
            assert named([accepted(), *lost], rule) == []


AROUND = {
    "certificate": {"what": "certificate-issued"},
    "delivery": {"what": "delivered"},
    "fee": {"what": "fee-paid", "amount": "1.00"},
    "rating": {"what": "rated", "score": 1},
}


@pytest.mark.parametrize("kind", AROUND)
def test_an_acceptance_of_any_part_is_one(kind: str) -> None:
    shown = fact(**AROUND[kind], when=TUE, id_="shown")  # type: ignore[arg-type]
    rule = f"{kind}-without-acceptance|{WAIT}"
    assert named([shown], rule) == ["shown"]
    assert named([accepted(part="fire"), shown], rule) == []
    again = fact(**AROUND[kind], when=WED, id_="again")  # type: ignore[arg-type]
    assert named([shown, again], rule) == ["shown"]


def test_a_deemed_acceptance_is_one() -> None:
    received = fact("received", "2018-10-08 10:00:00", matter="M-1")
    shown = fact("delivered", "2018-10-22 10:00:00", id_="shown")
    rule = f"delivery-without-acceptance|{WAIT}"
    text = PACK_TEXT + (
        '\n[[threshold]]\nrule = "correction-notice-limit"\nlevel = "red"\nlimit = "statutory"\n'
        f'offset = 0\n{BASIS}\n[[default_limit]]\nrule = "correction-notice-limit"\n'
        f'limit = "statutory"\ngranted = {{ amount = 5, unit = "working_day" }}\n{BASIS}'
        f'\n[[rule]]\nname = "delivery-without-acceptance"\n{BASIS}{WAIT}'
    )
    deemed = parse_pack(
        text.replace("\n[[level]]", "\ndeemed_acceptance = true\n[[level]]", 1), "a"
    )
    assert told([received, shown], deemed).anomalies == []
    assert named([received, shown], rule) == ["shown"]


def rated(when: str, *tags: str, score: int = 5, **more: Any) -> AnyRecord:
    return fact("rated", when, score=score, tags=list(tags), id_=when, **more)


def test_a_rating_is_compared_with_the_limit_that_its_tag_speaks_of() -> None:
    begun = accepted(promised="2 working_day", statutory="4 working_day")
    between = later(WED, seconds=1)
    assert named([begun, rated(WED, "超承诺")], RATING) == [WED]
    assert named([begun, rated(between, "超承诺")], RATING) == []
    assert named([begun, rated(between, "超法定")], RATING) == [between]
    assert named([begun, rated(between, "超法定", "超承诺")], RATING) == [between]
    assert named([begun, rated(between, "排队久")], RATING) == []
    assert named([begun, rated(between)], RATING) == []
    assert named([begun, rated(between, "超法定", score=3)], RATING) == []
    assert named([begun, rated(between, "超法定", score=4)], RATING) == [between]


def test_a_limit_that_lies_after_the_completion_has_not_passed() -> None:
    begun = accepted(promised="2 working_day", statutory="4 working_day")
    after = "2018-11-01 10:00:00"
    assert named([begun, done(WED), rated(after, "超承诺")], RATING) == [after]
    assert named([begun, done(later(WED, seconds=1)), rated(after, "超承诺")], RATING) == []


def test_a_limit_missed_in_any_part_bears_a_rating_out() -> None:
    parts = [accepted(part=part, id_=part, promised=f"{n} working_day") for part, n in
             (("fire", 2), ("water", 9))]  # fmt: skip
    assert named([*parts, rated(THU, "超承诺")], RATING) == []
    assert named([parts[1], rated(THU, "超承诺")], RATING) == [THU]


def test_where_no_limit_is_known_none_was_missed() -> None:
    assert named([rated(THU, "超法定")], RATING) == [THU]
    assert named([accepted(statutory=None), rated(THU, "超法定")], RATING) == [THU]


def test_a_rating_is_borne_out_only_by_what_had_passed_when_it_was_given() -> None:
    begun = accepted(promised="2 working_day", statutory="4 working_day")
    late = done(later(WED, seconds=1))
    assert named([begun, late, rated(WED, "超承诺", recorded=FRI)], RATING) == [WED]


def test_a_part_decided_where_decisions_close_has_answered() -> None:
    using = pack("completed-before-parts")
    deciding = replace(using, closes=frozenset({DecisionMade, CaseCompleted}))
    decided = fact("decided", WED, part="fire", outcome="granted")
    whole = [accepted(), accepted(part="fire", id_="fire"), dispatched(TUE)]
    assert "completed-before-parts" not in told([*whole, decided, done()], deciding).anomalies
    assert "completed-before-parts" in told([*whole, decided, done()], using).anomalies
