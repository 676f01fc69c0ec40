"""Edges of the rules on procedure that no golden history shows: parts, ties, parameters."""

from typing import Any

import pytest

from ledger.errors import PackInvalid
from ledger.record import AnyRecord
from tests.golden.language import accepted, amended, extended, fact, published, resumed
from tests.processors.rule_packs import FRI, MON, THU, TUE, WED, done, named, pack, stop

NORMAL = ("granted", "forwarded", "other")
STAGES = {"review": "3 working_day", "decision": "3 working_day"}
OWED = {"items": ["licence"]}


def opened(when: str = MON, id_: str = "open", **more: Any) -> AnyRecord:
    return accepted(when, id_=id_, **more)


def asked(when: str, id_: str, **more: Any) -> AnyRecord:
    return fact("correction-requested", when, id_=id_, **{"items": ["form"], **more})


def got(when: str, id_: str = "got", **more: Any) -> AnyRecord:
    return fact("correction-received", when, id_=id_, **more)


def fee(when: str, amount: str, what: str = "fee-charged", **more: Any) -> AnyRecord:
    return fact(what, when, id_="fee", amount=amount, **more)


def stage(when: str, name: str, what: str = "started", **more: Any) -> AnyRecord:
    return fact(f"stage-{what}", when, id_=f"{name}-{what}", stage=name, **more)


def matter(**more: Any) -> AnyRecord:
    return published({"code": "M-1", **more})


def charging(**more: Any) -> AnyRecord:
    return matter(fee={"free": False, **more})


@pytest.mark.parametrize("outcome", [*NORMAL, "refused", "voided", "withdrawn"])
def test_only_a_normal_completion_needs_all_materials_stages_and_fees(outcome: str) -> None:
    entry = opened(materials={"required": 2, "submitted": 1}, chargeable=True, stage_limits=STAGES)
    rules = ("materials-incomplete", "fee-missing", "stage-count-differs")
    wanted = ["open done"] * 3 if outcome in NORMAL else []
    assert named([entry, done(outcome=outcome)], *rules) == wanted


@pytest.mark.parametrize(
    ("when", "part", "wanted"),
    [(WED, None, []), (FRI, None, ["open done"]), (WED, "fire", ["open done"])],
)
def test_what_is_owed_comes_in_for_its_part_before_the_completion(
    when: str, part: str | None, wanted: list[str]
) -> None:
    entry = opened(materials={"required": 2, "submitted": 1}, missing_materials=OWED)
    case = [entry, got(when, part=part), done(THU)]
    assert named(case, "materials-incomplete") == wanted


def test_corrections_do_not_excuse_materials_that_nobody_tolerated() -> None:
    entry = opened(materials={"required": 2, "submitted": 1})
    assert named([entry, got(WED), done(THU)], "materials-incomplete") == ["open done"]


def test_a_fee_that_the_completion_names_counts() -> None:
    paid = done(fee={"amount": "0.10"})
    assert named([opened(chargeable=False), paid], "fee-though-free") == ["open done"]
    assert named([opened(chargeable=True), paid], "fee-missing") == []


def test_the_first_charge_shows_that_a_free_case_was_charged() -> None:
    case = [opened(chargeable=False), fee(WED, "1"), done(THU, fee={"amount": "1"})]
    assert named(case, "fee-though-free") == ["open fee"]


@pytest.mark.parametrize("amount", ["0", "0.00", "-1.00", "-0"])
def test_nothing_and_less_is_no_charge(amount: str) -> None:
    paid = fee(TUE, amount, "fee-paid")
    assert named([opened(chargeable=False), paid], "fee-though-free") == []
    assert named([opened(chargeable=True), paid, done()], "fee-missing") == ["open done"]


def test_the_source_decides_before_the_catalogue_whether_a_case_is_chargeable() -> None:
    free = matter(fee={"free": True})
    assert named([free, opened(), fee(TUE, "1")], "fee-though-free") == ["open fee"]
    assert named([free, opened(chargeable=True), fee(TUE, "1")], "fee-though-free") == []
    assert named([charging(), opened(), done()], "fee-missing") == ["open done"]
    assert named([charging(), opened(chargeable=False), done()], "fee-missing") == []


@pytest.mark.parametrize(
    ("charged", "wanted"),
    [
        ({"amount": "10.01"}, ["open fee"]),
        ({"amount": "10.01", "currency": "EUR"}, []),
        ({"amount": "10.000"}, []),
        ({"amount": "1", "basis": "other"}, ["open fee"]),
        ({"amount": "1", "basis": " "}, []),
        ({"amount": "1", "basis": "rate "}, []),
        ({"amount": "10.01", "basis": "other"}, ["open fee"]),
    ],
)
def test_a_charge_is_held_against_the_catalogue(charged: Any, wanted: list[str]) -> None:
    case = [charging(amount="10.00", basis="rate"), opened(), fee(TUE, **charged)]
    assert named(case, "fee-other-than-basis") == wanted


def test_a_charge_belongs_to_the_cycle_opened_last_before_it() -> None:
    case = [charging(amount="10"), opened(), done(TUE), opened(WED, "again"), fee(THU, "11")]
    assert named(case, "fee-other-than-basis") == ["again fee"]
    early = [charging(amount="10"), opened(WED, "open"), fee(TUE, "11")]
    assert named(early, "fee-other-than-basis") == ["fee open"]


def test_a_result_before_the_stop_it_belongs_to() -> None:
    case = [opened(), resumed(TUE, id_="result"), stop(WED)]
    assert named(case, "result-before-application") == ["result stop"]
    assert named([*case, resumed(THU)], "result-before-application") == ["result stop"]
    known_at_once = [opened(), stop(WED, applied=None), resumed(THU), resumed(TUE, THU)]
    assert named(known_at_once, "result-before-application") == []


def test_only_requests_of_one_part_before_its_acceptance_are_counted() -> None:
    rule = "repeated-correction-notice|most = 1\n"
    first, other = asked(MON, "a"), asked(TUE, "b", part="fire")
    assert named([first, other], rule) == []
    assert named([first, other, asked(WED, "c")], rule) == ["a c"]
    assert named([opened(), asked(TUE, "a"), asked(WED, "b")], rule) == []
    twice = [asked(TUE, "a"), asked(TUE, "b"), opened(WED), asked(THU, "c")]
    assert named(twice, "repeated-correction-notice|most = 2\n") == []
    assert named(twice, rule) == ["a b"]


def test_a_round_of_corrections_is_a_request_and_what_came_in_upon_it() -> None:
    one = "correction-to-and-fro|rounds = 1\n"
    assert named([asked(MON, "a"), got(TUE), asked(WED, "b")], one) == ["a got b"]
    assert named([asked(MON, "a"), asked(TUE, "b"), asked(WED, "c")], one) == []
    doubled = [asked(MON, "a"), asked(TUE, "b"), got(WED), got(WED, "more"), asked(THU, "c")]
    assert named(doubled, one) == ["a got c"]
    assert named([got(MON), asked(TUE, "a"), asked(WED, "b")], one) == []
    assert named([asked(MON, "a"), got(TUE, part="fire"), asked(WED, "b")], one) == []


def test_each_correction_that_came_in_early_is_named_with_the_first_request() -> None:
    case = [got(MON, "x"), got(TUE, "y"), asked(WED, "a"), got(THU, "z"), asked(FRI, "b")]
    assert named(case, "correction-before-notice") == ["x a", "y a"]


def test_an_empty_list_lists_nothing() -> None:
    assert named([asked(MON, "a", items=[])], "correction-without-list") == ["a"]


def test_a_request_that_came_late_is_judged_too() -> None:
    late = fact("correction-requested", TUE, THU, id_="late", items=["form"])
    case = [asked(MON, "a"), asked(WED, "b", part="fire"), late]
    assert named(case, "repeated-correction-notice|most = 1\n") == ["a late"]
    fro = [asked(MON, "a"), asked(WED, "b"), fact("correction-received", TUE, THU, id_="got")]
    assert named(fro, "correction-to-and-fro|rounds = 1\n") == ["a got b"]


def test_the_first_handling_before_the_first_acceptance_is_named() -> None:
    late = [stage(MON, "review", recorded=THU), stop(TUE)]
    case = [opened(WED), *late]
    assert named(case, "handled-before-acceptance") == ["review-started open"]
    other = [opened(WED), stage(MON, "review", recorded=THU, part="fire")]
    assert named(other, "handled-before-acceptance") == []
    again = [opened(MON), done(TUE), stop(WED), opened(THU, "again")]
    assert named(again, "handled-before-acceptance") == []


def test_the_catalogue_defines_stages_before_the_acceptance_does() -> None:
    defined = matter(stages=[{"name": "review"}, {"name": "site"}, {"name": "decision"}])
    both = [stage(TUE, "review"), stage(WED, "decision")]
    case = [opened(stage_limits=STAGES), *both, done(FRI)]
    assert named(case, "stage-count-differs") == []
    assert named([defined, *case], "stage-count-differs") == ["open done"]
    assert named([opened(), *both, done(FRI)], "stage-count-differs") == []


def test_neighbours_among_the_stages_that_are_there_are_compared() -> None:
    names = ("a", "b", "c", "d")
    defined = matter(stages=[{"name": name} for name in names])
    a, c, d = stage(TUE, "a"), stage(WED, "c"), stage(MON, "d")
    rule = "stage-out-of-order"
    assert named([defined, opened(), a, c, d], rule) == ["d-started c-started"]
    assert named([defined, opened(), d, a, c], rule) == [
        "d-started a-started",
        "d-started c-started",
    ]
    backwards = [defined, opened(), stage(TUE, "c"), stage(WED, "b"), stage(THU, "a")]
    assert named(backwards, "stage-out-of-order") == ["c-started b-started", "b-started a-started"]


def test_a_stage_is_not_finished_before_it_is_started_whether_or_not_it_is_defined() -> None:
    rule = "stage-out-of-order"
    case = [opened(), stage(TUE, "x", "finished"), stage(WED, "x")]
    assert named(case, rule) == ["x-finished x-started"]
    assert named(case[:2], rule) == []
    assert named([opened(), stage(TUE, "x"), stage(TUE, "x", "finished")], rule) == []


@pytest.mark.parametrize(
    ("promised", "statutory", "wanted"),
    [
        ("10 working_day", "10 working_day", []),
        ("11 working_day", "10 working_day", ["open"]),
        ("5 natural_day", "6 working_day", []),
        ("9 natural_day", "6 working_day", ["open"]),
        ("13 natural_day", "12 natural_day", []),
        ("1 month", "30 working_day", []),
    ],
)
def test_a_promise_is_held_against_the_law_by_where_it_ends(
    promised: str, statutory: str, wanted: list[str]
) -> None:
    """From a Monday, 12 and 13 natural days end on a weekend and both roll to the next Monday."""
    case = [opened(promised=promised, statutory=statutory), done(TUE)]
    assert named(case, "promise-beyond-statute") == wanted


def test_what_moves_a_limit_does_not_excuse_the_promise() -> None:
    case = [opened(promised="11 working_day"), extended(TUE, "5 working_day"), done(WED)]
    assert named(case, "promise-beyond-statute") == ["open"]
    due = opened(promised=None, promised_due="2018-10-30T10:00:00+08:00")
    assert named([due, stop(TUE), done(WED)], "promise-beyond-statute") == ["open"]
    tolerance = {"items": ["licence"], "due": "2018-10-24T10:00:01+08:00"}
    entry = opened(missing_materials=tolerance)
    assert named([entry, stop(TUE), done(WED)], "tolerance-beyond-promise") == ["open"]


def test_a_promise_of_the_catalogue_is_not_the_source_s() -> None:
    given = matter(promised_limit="11 working_day")
    case = [given, opened(promised=None), done(TUE)]
    assert named(case, "promise-beyond-statute") == []


def test_tolerance_without_an_end_or_a_promise_is_in_order() -> None:
    tolerance = {"items": ["licence"], "due": "2019-10-24T10:00:01+08:00"}
    for entry in (
        opened(missing_materials=OWED),
        opened(promised=None, missing_materials=tolerance),
    ):
        assert named([entry, done(TUE)], "tolerance-beyond-promise") == []


def test_a_reason_given_by_an_amendment_in_the_same_step_counts() -> None:
    bare = fact("acceptance-refused", TUE, id_="no")
    assert named([bare], "refusal-without-reason") == ["no"]
    told = amended(bare, MON, replacement={"reason": "not ours"})
    assert named([told, bare], "refusal-without-reason") == []


@pytest.mark.parametrize(
    "rule",
    [
        "outcome-without-reason",
        'outcome-without-reason|outcomes = ["lost"]\n',
        "repeated-correction-notice|most = 0\n",
        "correction-to-and-fro|rounds = 0\n",
        "materials-incomplete|most = 1\n",
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(rule: str) -> None:
    with pytest.raises(PackInvalid, match=r"rule\[0\]"):
        pack(rule)
