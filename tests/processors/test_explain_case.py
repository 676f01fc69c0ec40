"""Worked statements of every kind of clock: why its limits lie there, and what it counted."""

from dataclasses import replace
from typing import Any

import pytest

from processors.simulate import simulate
from processors.supervision.explain import (
    Breached,
    Statement,
    explain_card,
    explain_case,
)
from processors.supervision.publications import Publications
from tests.golden.language import (
    HOUR_US,
    accepted,
    amended,
    at,
    completed,
    extended,
    fact,
    local,
    policy,
    published,
    resumed,
    stopped,
    told,
)
from tests.processors.rule_packs import pack as small_pack
from tests.processors.statement_words import clocks, lines, notes

# --- how limits came to lie where they do ---------------------------------------------------------


@pytest.mark.basis("行政许可法", 42)
def test_an_extension_says_what_it_moved_and_which_limit_it_came_too_late_for() -> None:
    case = [accepted(), extended("2018-10-25 09:00:00", "2 working_day")]
    why = clocks(case, "2018-10-26 09:00:00")["handling"]
    late, moved = [each for each in why.notes if each.record.fact.TYPE.endswith("extended.v1")]
    assert (late.reason, late.limit) == ("extension-after-expiry", "promised")
    assert (moved.reason, moved.limit) == ("extended", "statutory")
    assert (local(moved.before_us), local(moved.after_us)) == (
        "2018-10-29 10:00:00",
        "2018-10-31 10:00:00",
    )


@pytest.mark.basis("行政许可法", 42)
def test_an_extension_that_the_law_does_not_allow_says_why_it_does_not_count() -> None:
    approved = {"approver_ref": "head-1", "reason": "complex"}
    case = [
        accepted(promised=None, statutory="20 working_day"),
        extended("2018-10-16 09:00:00", "5 working_day"),
        extended("2018-10-17 09:00:00", "12 working_day", **approved),
        extended("2018-10-18 09:00:00", "1 working_day", **approved),
    ]
    why = clocks(case, "2018-10-19 09:00:00", "statutory")["handling"]
    assert notes(why) == [
        "10-16 09:00:00 extension-without-approval",
        "10-17 09:00:00 extension-too-long",
        "10-17 09:00:00 extended statutory",
        "10-18 09:00:00 second-extension",
    ]
    assert why.limits[0].budget == 30


def test_a_declared_instant_is_a_note_and_the_sum_at_its_end_is_its_budget() -> None:
    due = "2018-10-16T15:00:00+08:00"
    case = [accepted(promised=None, statutory=None, promised_due=due)]
    why = clocks(case, "2018-10-16 10:00:00")["handling"]
    assert notes(why)[0] == "10-15 10:00:00 declared promised"
    assert why.limits[0].origin.place == "source"
    assert why.limits[0].origin.basis.endswith("超过承诺时限发黄牌")
    assert why.limits[0].budget == 11 * HOUR_US


@pytest.mark.parametrize(
    ("opened", "reason", "end"),
    [
        ("2018-10-15 10:00:00", "same-day", "2018-10-15 17:00:00"),
        ("2018-10-15 17:00:00", "next-working-day", "2018-10-16 17:00:00"),
        ("2018-10-20 10:00:00", "next-working-day", "2018-10-22 17:00:00"),
    ],
)
def test_an_immediate_case_ends_on_its_day_or_the_next_one_worked(
    opened: str, reason: str, end: str
) -> None:
    case = [accepted(opened, None, None, handling_type="immediate")]
    why = clocks(case, "2018-10-23 10:00:00")["handling"]
    note = next(each for each in why.notes if each.reason.endswith("day"))
    assert (note.reason, note.limit, local(note.after_us)) == (reason, "promised", end)
    assert note.basis == "《政务大厅办件分类》：即办件当场或当日办结"
    assert why.limits[0].origin.place == "pack"


def test_a_promise_of_the_pack_is_cut_to_the_statutory_limit() -> None:
    case = [accepted("2018-10-20 10:00:00", None, "4 hour", handling_type="immediate")]
    why = clocks(case, "2018-10-20 12:00:00")["handling"]
    assert notes(why) == ["10-20 10:00:00 promise-cut promised"]
    assert [line.origin.place for line in why.limits] == ["statute", "source"]


def test_a_limit_of_the_catalogue_says_so_and_is_that_of_its_cycle() -> None:
    matter = {"code": "M-1", "promised_limit": "3 working_day", "statutory_limit": "9 working_day"}
    log = [published(matter), accepted(promised=None, statutory=None)]
    publications = Publications()
    publications.apply(log[0], 0)
    using = replace(policy("hunan"), published=publications)
    (why,) = explain_case([(1, log[1])], using, at("2018-10-16 10:00:00"))
    assert [(line.origin.place, line.budget) for line in why.limits] == [
        ("catalogue", 21 * HOUR_US),
        ("catalogue", 63 * HOUR_US),
    ]
    ((granted, *_),) = [
        [line.origin for line in each.limits]
        for each in explain_case([(1, log[1])], policy("statutory"), at("2018-10-16 10:00:00"))
    ]
    assert granted == ("pack", "《行政许可法》第四十二条第一款")


# --- the other clocks -----------------------------------------------------------------------------


@pytest.mark.basis("行政许可法", 32)
def test_a_case_deemed_accepted_counts_from_its_receipt_and_says_so() -> None:
    case = [
        fact("received", "2018-10-15 10:00:00", matter="M-1", department="D-1"),
        accepted("2018-10-29 10:00:00"),
    ]
    why = clocks(case, "2018-10-30 10:00:00", "statutory")
    handling, notice = why["handling"], why["correction-notice"]
    assert notes(handling)[:2] == [
        "10-15 10:00:00 deemed-accepted",
        "10-24 17:00:00 limit-ends promised",
    ]
    assert "10-29 10:00:00 accepted-afterwards" in notes(handling)
    assert handling.notes[0].basis == "《行政许可法》第三十二条第一款第四项"
    assert handling.intervals[0].record.fact.TYPE == "hall.case.received.v1"
    assert (notice.used, notice.overdue, notice.limits[0].budget) == (10, 5, 5)
    assert notes(notice)[-1] == "10-29 10:00:00 closed"


def test_a_special_procedure_runs_against_the_time_applied_for_and_nothing_stops_it() -> None:
    case = [
        accepted(),
        stopped("2018-10-16 10:00:00", "1 working_day"),
        stopped("2018-10-16 11:00:00", "1 working_day"),
    ]
    why = clocks(case, "2018-10-17 11:00:00")["special-procedure"]
    assert {each.kind for each in why.intervals} == {"counted", "not_working"}
    assert (why.limit, why.used, why.overdue) == ("applied", 8 * HOUR_US, HOUR_US)
    assert why.intervals[0].record.fact.TYPE == "hall.case.clock-stopped.v1"


def test_a_stage_is_held_by_the_stops_of_its_cycle_and_names_its_limit() -> None:
    case = [
        accepted(stage_limits={"审查": "1 working_day"}),
        stopped("2018-10-15 11:00:00", "1 working_day"),
        fact("stage-started", "2018-10-15 14:00:00", stage="审查"),
        resumed("2018-10-15 16:00:00"),
        fact("stage-finished", "2018-10-16 10:00:00", stage="审查"),
    ]
    why = clocks(case, "2018-10-18 10:00:00")["stage"]
    assert lines(why) == [
        "stopped stop 10-15 14:00:00 … 10-15 16:00:00 = 0",
        "counted running 10-15 16:00:00 … 10-15 17:00:00 = 1",
        "not_working night 10-15 17:00:00 … 10-16 09:00:00 = 1",
        "counted running 10-16 09:00:00 … 10-16 10:00:00 = 2",
    ]
    assert why.limits[0].origin.place == "source"
    assert notes(why) == ["10-16 10:00:00 closed"]


@pytest.mark.parametrize(
    ("kind", "opening", "budget_hours", "place"),
    [
        ("pre-review", ("received", {"matter": "M-1", "channel": "online"}), 14, "pack"),
        ("part-reply", ("part-dispatched", {"part": "fire", "department": "D-2"}), 49, "pack"),
        (
            "part-reply",
            (
                "part-dispatched",
                {"part": "fire", "department": "D-2", "due": "2018-10-16T10:00:00+08:00"},
            ),
            7,
            "source",
        ),
        (
            "consultation",
            ("consultation.asked", {"due": "2018-10-15T15:00:00+08:00"}),
            4,
            "source",
        ),
    ],
)
def test_clocks_that_open_by_themselves_run_against_their_own_limit(
    kind: str, opening: tuple[str, dict[str, Any]], budget_hours: int, place: str
) -> None:
    what, data = opening
    case = [fact(what, "2018-10-15 10:00:00", **data)]
    why = clocks(case, "2018-10-15 12:00:00")[kind]
    assert lines(why) == ["counted running 10-15 10:00:00 … 10-15 12:00:00 = 2"]
    assert why.limits[0].budget == budget_hours * HOUR_US
    assert why.limits[0].origin.place == place


def test_certificate_and_delivery_clocks_run_on_after_the_completion() -> None:
    case = [accepted(), completed("2018-10-18 16:00:00", certificate_ref="CERT-1")]
    why = clocks(case, "2018-10-19 10:00:00")
    assert [why["certificate"].used, why["handling"].used] == [2 * HOUR_US, 26 * HOUR_US]
    assert why["certificate"].limits[0].budget == 21 * HOUR_US
    assert list(why) == ["certificate", "handling"]  # what runs comes before what is closed
    delivery = clocks(case, "2018-10-22 10:00:00", "statutory")["delivery"]
    assert lines(delivery) == [
        "excluded opening-day 10-18 16:00:00 … 10-19 00:00:00 = 0",
        "counted running 10-19 00:00:00 … 10-20 00:00:00 = 1",
        "not_working weekend 10-20 00:00:00 … 10-22 00:00:00 = 1",
        "counted running 10-22 00:00:00 … 10-22 10:00:00 = 2",
    ]
    assert delivery.limits[0].origin.basis == "《行政许可法》第四十四条"


def test_materials_still_owed_run_until_the_instant_declared() -> None:
    missing = {"items": ["x"], "due": "2018-10-16T12:00:00+08:00"}
    why = clocks([accepted(missing_materials=missing)], "2018-10-16 10:00:00")
    assert why["missing-materials"].limits[0].budget == 9 * HOUR_US
    assert notes(why["missing-materials"]) == ["10-15 10:00:00 declared promised"]


def test_a_complaint_extended_in_time_moves_its_due_instant_and_one_extended_late_does_not() -> (
    None
):
    def on(day: int) -> str:
        return f"2018-10-{day}T10:00:00+08:00"

    case = [
        fact("complaint.accepted", "2018-10-15 10:00:00", department="D-1", due=on(16)),
        fact("complaint.extended", "2018-10-15 11:00:00", due=on(17)),
        fact("complaint.extended", "2018-10-17 10:00:01", due=on(19)),
    ]
    why = clocks(case, "2018-10-18 10:00:00")["complaint"]
    assert notes(why) == [
        "10-15 10:00:00 declared promised",
        "10-15 11:00:00 due-moved promised",
        "10-17 10:00:00 limit-ends promised",
        "10-17 10:00:01 due-not-moved promised",
    ]
    assert why.overdue == 7 * HOUR_US


def test_a_cycle_closed_before_it_opened_counted_nothing_and_says_why() -> None:
    case = [accepted(), completed("2018-10-15 09:00:00", recorded="2018-10-15 10:00:00")]
    why = clocks(case, "2018-10-16 10:00:00")["handling"]
    assert (why.intervals, why.used) == ((), 0)
    assert notes(why) == ["10-15 10:00:00 closed-before-opening"]


# --- as of an instant; cards ----------------------------------------------------------------------


def test_a_case_is_read_as_of_an_instant_on_what_had_happened_by_then() -> None:
    case = [accepted(), stopped("2018-10-16 10:00:00"), completed("2018-10-19 10:00:00")]
    then = clocks(case, "2018-10-15 12:00:00")["handling"]
    assert (then.used, then.clock.closed_us, list(clocks(case, "2018-10-14 00:00:00"))) == (
        2 * HOUR_US,
        None,
        [],
    )
    assert clocks(case, "2018-11-15 12:00:00")["handling"].until_us == at("2018-10-19 10:00:00")


def test_amended_facts_are_explained_as_amended() -> None:
    opening = accepted()
    later = {"time": "2018-10-16T10:00:00+08:00"}
    case = [opening, amended(opening, "2018-10-17 10:00:00", replacement=later)]
    why = clocks(case, "2018-10-17 11:00:00")["handling"]
    assert local(why.opened_us) == "2018-10-16 10:00:00"


def test_every_card_of_every_clock_is_explained_by_its_own_clock() -> None:
    case = [
        accepted(stage_limits={"审查": "1 working_day"}),
        fact("stage-started", "2018-10-15 14:00:00", stage="审查"),
        stopped("2018-10-16 10:00:00", "4 working_day"),
    ]
    using = policy("hunan")
    made = [*case, *simulate(case, using, at("2018-12-01 00:00:00"))]
    issued = told(case, "hunan").issued
    assert {card.clock for card in issued} == {"handling", "stage", "special-procedure"}
    for card in issued:
        why = explain_card(list(enumerate(made)), card.card_id, using)
        assert isinstance(why, Statement)
        assert (why.clock.kind, why.card, why.reproduced) == (card.clock, card, True)
        assert why.used_us == card.snapshot.used_us


def test_a_card_of_a_rule_without_a_clock_shows_rule_law_and_facts() -> None:
    pack = small_pack('outcome-without-reason|outcomes = ["returned"]\ncard = "yellow"\n')
    case = [accepted(), completed("2018-10-16 10:00:00", outcome="returned")]
    (card,) = told(case, pack).issued
    why = explain_card(list(enumerate(case)), card.card_id, policy(pack))
    assert isinstance(why, Breached)
    assert why.reproduced
    assert [each.fact.TYPE for each in why.evidence] == ["hall.case.completed.v1"]
    assert (why.meaning, why.card.basis) == (
        "退回、作废、删除办结未注明理由",
        "《本地规则》第一条",
    )
