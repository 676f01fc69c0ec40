"""The fold of a case's facts: cycles, disorder, amendments; no limits and no calendar."""

from collections.abc import Sequence

import pytest

from ledger.case import CaseView, Disorder, Known, fold, with_amendments
from ledger.case_events import CaseAccepted, CaseCompleted, DecisionMade
from ledger.events import RANK
from ledger.record import AnyRecord, micros
from tests.golden.language import (
    accepted,
    amended,
    at,
    completed,
    extended,
    fact,
    local,
    resumed,
    stopped,
)

COMPLETED = frozenset({CaseCompleted})
DECIDED = frozenset({CaseCompleted, DecisionMade})


def known(records: Sequence[AnyRecord]) -> list[Known]:
    """Records in log order as the ledger knows them, sorted."""
    return sorted(
        Known(
            micros(record.time),
            RANK[type(record.data)],
            order,
            micros(record.recordedtime or record.time),
            record.source,
            record.id,
            record.data,
        )
        for order, record in enumerate(records)
    )


def folded(*records: AnyRecord, closes: frozenset[type] = COMPLETED) -> CaseView:
    facts, _ = with_amendments(known(records))
    return fold(facts, closes)


def rules(disorder: Sequence[Disorder]) -> list[str]:
    return [each.rule for each in disorder]


def stage(when: str) -> AnyRecord:
    return fact("stage-started", when, stage="review")


# --- cycles ------------------------------------------------------------------------------------


def test_an_acceptance_opens_a_cycle_that_bears_its_name() -> None:
    record = accepted()
    view = folded(record)
    assert [cycle.opener.name for cycle in view.cycles] == [record.name]
    assert view.disorder == []


def test_the_first_completion_closes_the_cycle() -> None:
    done = completed("2018-10-17 10:00:00")
    (cycle,) = folded(accepted(), done).cycles
    assert cycle.closer is not None
    assert cycle.completion is not None
    assert cycle.closer.name == cycle.completion.name == done.name


def test_a_completion_before_the_first_acceptance_closes_that_acceptances_cycle() -> None:
    early = completed("2018-10-12 10:00:00")
    (cycle,) = folded(early, accepted()).cycles
    assert cycle.closer is not None
    assert cycle.closer.name == early.name


def test_of_several_completions_before_the_acceptance_the_first_counts() -> None:
    first = completed("2018-10-11 10:00:00")
    view = folded(completed("2018-10-12 10:00:00"), first, accepted())
    assert [c.closer.name for c in view.cycles if c.closer] == [first.name]
    assert "repeated-completion" in rules(view.disorder)


def test_an_acceptance_after_an_accepted_and_completed_cycle_opens_another() -> None:
    again = accepted("2018-11-05 09:00:00")
    view = folded(accepted(), completed("2018-10-17 10:00:00"), again)
    assert [cycle.closer is None for cycle in view.cycles] == [False, True]
    assert view.cycles[1].opener.name == again.name
    assert view.disorder == []


def test_an_acceptance_after_an_orphan_completion_is_no_reopening() -> None:
    assert len(folded(completed("2018-10-12 10:00:00"), accepted()).cycles) == 1


def test_a_further_acceptance_in_an_open_cycle_is_an_anomaly_and_changes_nothing() -> None:
    first, again = accepted(), accepted("2018-10-16 10:00:00")
    view = folded(first, again)
    assert [cycle.opener.name for cycle in view.cycles] == [first.name]
    assert rules(view.disorder) == ["repeated-acceptance"]
    assert [each.name for each in view.disorder[0].evidence] == [first.name, again.name]


def test_a_further_completion_of_a_closed_cycle_is_an_anomaly_and_changes_nothing() -> None:
    done = completed("2018-10-17 10:00:00")
    view = folded(accepted(), done, completed("2018-10-18 10:00:00", outcome="refused"))
    assert [c.closer.name for c in view.cycles if c.closer] == [done.name]
    assert "repeated-completion" in rules(view.disorder)


def test_stage_facts_open_nothing() -> None:
    view = folded(stage("2018-10-15 10:00:00"))
    assert view.cycles == []
    assert rules(view.disorder) == ["handling-without-acceptance"]


def test_a_completion_without_an_acceptance_is_itself_a_finding() -> None:
    view = folded(completed("2018-10-15 10:00:00"))
    assert view.cycles == []
    assert rules(view.disorder) == ["handling-without-acceptance"]


def test_a_receipt_alone_is_in_order() -> None:
    assert folded(fact("received", "2018-10-15 10:00:00", matter="M-1")).disorder == []


def test_a_late_known_acceptance_takes_the_orphans_place() -> None:
    view = folded(completed("2018-10-17 10:00:00"), accepted())
    assert [cycle.closer is None for cycle in view.cycles] == [False]
    assert view.disorder == []


def test_the_first_of_decision_and_completion_closes_where_the_pack_says_so() -> None:
    decided = fact("decided", "2018-10-16 10:00:00", outcome="granted")
    done = completed("2018-10-17 10:00:00")
    (statutory,) = folded(accepted(), decided, done, closes=DECIDED).cycles
    (hunan,) = folded(accepted(), decided, done).cycles
    assert statutory.closer is not None
    assert hunan.closer is not None
    assert (statutory.closer.name, hunan.closer.name) == (decided.name, done.name)
    assert statutory.completion is not None
    assert statutory.completion.name == done.name


def test_facts_of_one_instant_are_taken_in_the_order_of_their_families() -> None:
    when = "2018-10-15 10:00:00"
    view = folded(completed(when), resumed(when), stopped(when), accepted(when))
    (cycle,) = view.cycles
    assert view.disorder == []
    assert cycle.closer is not None
    assert [stop.resume is not None for stop in cycle.stops] == [True]


def test_facts_of_one_instant_and_family_are_taken_in_log_order() -> None:
    when = "2018-10-15 10:00:00"
    first, second = accepted(when, id_="b"), accepted(when, id_="a")
    assert folded(first, second).cycles[0].opener.id == "b"


# --- after the completion ----------------------------------------------------------------------


def test_handling_after_the_completion_is_an_anomaly_named_once() -> None:
    done = completed("2018-10-17 10:00:00")
    view = folded(accepted(), done, stage("2018-10-18 10:00:00"), stage("2018-10-19 10:00:00"))
    assert rules(view.disorder) == ["event-after-completion"]
    assert view.disorder[0].evidence[0].name == done.name


def test_what_happens_at_the_instant_of_the_completion_is_not_after_it() -> None:
    view = folded(accepted(), completed("2018-10-17 10:00:00"), stage("2018-10-17 10:00:00"))
    assert view.disorder == []


@pytest.mark.parametrize("what", ["delivered", "certificate-issued"])
def test_delivery_and_certificate_belong_after_the_completion(what: str) -> None:
    view = folded(accepted(), completed("2018-10-17 10:00:00"), fact(what, "2018-10-18 10:00:00"))
    assert view.disorder == []


def test_handling_of_a_reopened_case_is_not_after_the_first_completion() -> None:
    view = folded(
        accepted(),
        completed("2018-10-17 10:00:00"),
        accepted("2018-11-05 09:00:00"),
        stage("2018-11-06 09:00:00"),
    )
    assert view.disorder == []


# --- stops -------------------------------------------------------------------------------------


def resumptions(*records: AnyRecord) -> list[str]:
    """Each stop as `start>resumption` by day of the month."""
    (cycle,) = folded(accepted(), *records).cycles
    return [
        f"{local(stop.start.time_us)[8:10]}>"
        f"{local(stop.resume.time_us)[8:10] if stop.resume else ''}"
        for stop in cycle.stops
    ]


def test_a_resumption_closes_the_latest_open_stop_that_began_before_it() -> None:
    stops = stopped("2018-10-16 10:00:00"), stopped("2018-10-17 10:00:00")
    assert resumptions(*stops, resumed("2018-10-18 10:00:00")) == ["16>", "17>18"]
    both = (resumed("2018-10-18 10:00:00"), resumed("2018-10-19 10:00:00"))
    assert resumptions(*stops, *both) == ["16>19", "17>18"]


def test_a_resumption_prefers_a_stop_before_it_to_one_of_the_same_instant() -> None:
    stops = stopped("2018-10-16 10:00:00"), stopped("2018-10-17 10:00:00")
    assert resumptions(*stops, resumed("2018-10-17 10:00:00")) == ["16>17", "17>"]


def test_a_resumption_closes_a_stop_of_the_same_instant_failing_one_before() -> None:
    stop = stopped("2018-10-17 10:00:00")
    assert resumptions(stop, resumed("2018-10-17 10:00:00")) == ["17>17"]


def test_a_resumption_closes_also_a_stop_whose_applied_time_has_run_out() -> None:
    stop = stopped("2018-10-16 10:00:00", "1 working_day")
    assert resumptions(stop, resumed("2018-10-26 10:00:00")) == ["16>26"]


def test_a_resumption_that_closes_no_stop_is_an_anomaly() -> None:
    view = folded(accepted(), resumed("2018-10-17 10:00:00"))
    assert rules(view.disorder) == ["resumption-without-stop"]


def test_a_stop_that_says_no_length_is_an_anomaly() -> None:
    view = folded(accepted(), stopped("2018-10-16 10:00:00", None))
    assert rules(view.disorder) == ["stop-without-limit"]


# --- amendments --------------------------------------------------------------------------------

NOON = "2018-10-20 12:00:00"
EVENING = "2018-10-20 18:00:00"
NIGHT = "2018-10-20 23:00:00"


def live(*records: AnyRecord) -> list[str]:
    """Ids of what is in effect besides the amendments themselves."""
    facts, _ = with_amendments(known(records))
    return [each.id for each in facts if each.fact.TYPE != "hall.case.amended.v1"]


def matter_of(*records: AnyRecord) -> str:
    facts, _ = with_amendments(known(records))
    return next(each.fact.matter for each in facts if isinstance(each.fact, CaseAccepted))


def unusable(*records: AnyRecord) -> list[str]:
    _, disorder = with_amendments(known(records))
    return [each.evidence[0].id for each in disorder if each.rule == "amendment-unusable"]


def test_a_replacement_is_merged_over_the_old_fields() -> None:
    record = accepted(hall="H-1")
    facts, _ = with_amendments(
        known([record, amended(record, NOON, replacement={"matter": "M-2", "hall": None})])
    )
    replaced = facts[0].fact
    assert isinstance(replaced, CaseAccepted)
    assert (replaced.matter, replaced.hall, replaced.department) == ("M-2", None, "D-1")


def test_a_replacement_may_move_the_instant_and_the_fact_keeps_its_identity_and_place() -> None:
    record = accepted()
    moved = amended(record, NOON, replacement={"time": "2018-10-12T09:00:00+08:00"})
    facts, _ = with_amendments(known([record, moved]))
    assert (facts[0].time_us, facts[0].name) == (at("2018-10-12 09:00:00"), record.name)
    assert facts[0].order == 0
    assert facts[0].recorded_us == at("2018-10-15 10:00:00")


def test_facts_are_sorted_by_their_amended_instants() -> None:
    record, done = accepted(), completed("2018-10-17 10:00:00")
    moved = amended(done, NOON, replacement={"time": "2018-10-12T09:00:00+08:00"})
    assert live(record, done, moved) == [done.id, record.id]


def test_a_void_record_counts_as_never_made() -> None:
    record, done = accepted(), completed("2018-10-17 10:00:00")
    assert live(record, done, amended(done, NOON, void=True)) == [record.id]


def test_amendments_apply_in_log_order_whatever_their_time() -> None:
    record = accepted()
    first = amended(record, EVENING, replacement={"matter": "first"})
    second = amended(record, NOON, replacement={"matter": "second"})
    assert matter_of(record, first, second) == "second"
    assert matter_of(record, second, first) == "first"


def test_an_amendment_whose_target_is_absent_waits_for_it() -> None:
    record = accepted()
    change = amended(record, NOON, replacement={"matter": "M-2"})
    assert live(change) == []
    assert matter_of(change, record) == "M-2"


def test_an_amendment_of_a_voided_record_is_without_effect() -> None:
    record = accepted()
    void = amended(record, NOON, void=True)
    assert live(record, void, amended(record, EVENING, replacement={"matter": "M-2"})) == []


def test_voiding_a_void_restores_the_live_set() -> None:
    record, done = accepted(), completed("2018-10-17 10:00:00")
    void = amended(done, NOON, void=True)
    assert live(record, done, void, amended(void, EVENING, void=True)) == live(record, done)


def test_voiding_a_replacement_restores_the_fields() -> None:
    record = accepted()
    change = amended(record, NOON, replacement={"matter": "M-2"})
    assert matter_of(record, change, amended(change, EVENING, void=True)) == "M-1"


def test_an_amended_amendment_applies_as_amended() -> None:
    record = accepted()
    change = amended(record, NOON, replacement={"matter": "M-2"})
    better = amended(change, EVENING, replacement={"replacement": {"matter": "M-3"}})
    assert matter_of(record, change, better) == "M-3"


def test_a_chain_of_voids_is_undone_one_by_one() -> None:
    record = accepted()
    one = amended(record, NOON, void=True)
    two = amended(one, EVENING, void=True)
    three = amended(two, NIGHT, void=True)
    assert live(record, one, two) == [record.id]
    assert live(record, one, two, three) == []


def test_an_amendment_of_an_amendment_that_is_absent_waits_for_it() -> None:
    record = accepted()
    void = amended(record, NOON, void=True)
    restored = amended(void, EVENING, void=True)
    assert live(record, restored, void) == [record.id]


@pytest.mark.parametrize(
    "replacement",
    [
        {"no_such_field": "x"},
        {"department": 5},
        {"department": None},
        {"promised_limit": {"amount": -1, "unit": "working_day"}},
        {"time": "2018-10-12T09:00:00"},
        {"time": "2018-02-30T09:00:00+08:00"},
        {"time": 5},
        {"promised_due": "2018-11-01T09:00:00"},
        {"promised_due": "9999-11-01T09:00:00+08:00"},
    ],
    ids=str,
)
def test_a_replacement_that_gives_no_valid_fact_is_an_anomaly_and_changes_nothing(
    replacement: dict[str, object],
) -> None:
    record = accepted()
    change = amended(record, NOON, replacement=replacement)
    assert unusable(record, change) == [change.id]
    assert with_amendments(known([record, change]))[0][0] == known([record])[0]


def test_an_unusable_amendment_leaves_the_others_in_effect() -> None:
    record = accepted()
    bad = amended(record, NOON, replacement={"no_such_field": "x"})
    assert matter_of(record, bad, amended(record, EVENING, replacement={"matter": "M-2"})) == "M-2"


def test_an_amended_extension_is_an_extension_still() -> None:
    record, longer = accepted(), extended("2018-10-16 10:00:00", "1 working_day")
    change = amended(longer, NOON, replacement={"by": {"amount": 2, "unit": "working_day"}})
    (cycle,) = folded(record, longer, change).cycles
    assert [each.fact.by.amount for each in cycle.extensions] == [2]  # type: ignore[attr-defined]
