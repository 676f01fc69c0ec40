"""Which cards stand: levels, thresholds before limits, late evidence, re-opening, parts."""

import pytest

from ledger.record import AnyRecord
from tests.golden.language import (
    accepted,
    amended,
    completed,
    extended,
    fact,
    local,
    local_pack,
    resumed,
    stopped,
    told,
)

WARNING, YELLOW, RED = (
    "warning 2018-10-19 10:00:00",
    "yellow 2018-10-24 10:00:00",
    "red 2018-10-29 10:00:00",
)
LATE = "2018-11-05 09:00:00"

# --- levels ------------------------------------------------------------------------------------


def test_each_level_is_issued_once_and_lower_ones_that_stand_remain() -> None:
    assert told([accepted()]).standing == [WARNING, YELLOW, RED]


def test_a_promise_equal_to_the_statute_gives_red_only() -> None:
    case = accepted(promised="10 working_day")
    assert told([case]).cards == ["warning 2018-10-24 10:00:00", RED]


def test_a_promise_longer_than_the_statute_gives_no_yellow_below_the_red() -> None:
    case = accepted(promised="12 working_day")
    assert told([case]).cards == ["warning 2018-10-26 10:00:00", RED]


def test_several_levels_passed_at_one_judged_instant_give_the_highest_only() -> None:
    late = fact("urged", LATE, actor_ref="A-1")
    late_acceptance = fact(
        "accepted",
        "2018-10-15 10:00:00",
        LATE,
        matter="M-1",
        department="D-1",
        promised_limit="7 working_day",
        statutory_limit="10 working_day",
    )
    found = told([late, late_acceptance])
    assert found.cards == [RED]
    assert found.detected == [f"red {LATE}"]


def test_of_two_moved_cards_only_the_higher_comes_back() -> None:
    one_day = stopped("2018-10-16 10:00:00", "1 working_day", recorded=LATE)
    found = told([accepted(), one_day])
    assert sorted(each.split()[0] for each in found.rescinded) == ["red", "warning", "yellow"]
    assert found.standing == ["red 2018-10-30 10:00:00"]


def test_a_card_that_comes_back_is_another_occurrence_with_another_id() -> None:
    one_day = stopped("2018-10-16 10:00:00", "1 working_day", recorded=LATE)
    reds = [card.card_id for card in told([accepted(), one_day]).issued if card.level == "red"]
    assert len(set(reds)) == 2


# --- thresholds before limits ------------------------------------------------------------------


def test_a_warning_already_reached_at_the_opening_is_not_issued() -> None:
    case = accepted(promised="3 working_day")
    assert told([case]).cards == ["yellow 2018-10-18 10:00:00", RED]


def test_a_warning_already_reached_at_the_opening_is_not_issued_after_an_extension() -> None:
    case = accepted(promised="3 working_day")
    longer = extended("2018-10-16 10:00:00", "5 working_day")
    assert told([case, longer]).cards == [
        "yellow 2018-10-25 10:00:00",
        "red 2018-11-05 10:00:00",
    ]


def test_a_warning_of_a_clock_known_to_have_closed_is_not_issued() -> None:
    done = completed("2018-10-23 10:00:00", "2018-10-23 10:00:00")
    late_acceptance = fact(
        "accepted",
        "2018-10-15 10:00:00",
        "2018-10-24 09:00:00",
        matter="M-1",
        department="D-1",
        promised_limit="7 working_day",
    )
    assert told([done, late_acceptance]).cards == []


def test_chengdus_yellow_is_not_issued_where_it_was_reached_at_the_opening() -> None:
    case = accepted(promised="1 working_day", statutory=None)
    assert told([case], "chengdu").cards == ["red 2018-10-16 17:00:00"]


def test_chengdus_yellow_is_not_issued_once_the_clock_is_known_to_have_closed() -> None:
    done = completed("2018-10-24 09:00:00")
    assert told([accepted(), done], "chengdu").cards == ["yellow 2018-10-23 17:00:00"]
    late_acceptance = fact(
        "accepted",
        "2018-10-15 10:00:00",
        "2018-10-24 09:00:01",
        matter="M-1",
        department="D-1",
        promised_limit="7 working_day",
    )
    assert told([done, late_acceptance], "chengdu").cards == []


def test_a_warning_before_a_limit_that_rolls_is_issued_when_it_is_not_reached_at_the_opening() -> (
    None
):
    # Thursday and three natural days is a Sunday, so the limit ends at Monday's close.
    case = accepted("2018-10-18 10:00:00", promised="3 natural_day", statutory=None)
    found = told([case], local_pack())
    assert found.cards == ["warning 2018-10-19 17:00:00", "yellow 2018-10-22 17:00:00"]


# --- what comes after a crossing ---------------------------------------------------------------


@pytest.mark.parametrize(
    "after",
    [
        stopped("2018-10-24 10:00:01", "3 working_day"),
        extended("2018-10-24 10:00:01", "5 working_day"),
    ],
    ids=["stop", "extension"],
)
def test_a_stop_or_extension_after_a_crossing_does_not_undo_it(after: AnyRecord) -> None:
    assert YELLOW in told([accepted(), after]).standing


@pytest.mark.parametrize(
    "before",
    [
        stopped("2018-10-24 10:00:00", "3 working_day"),
        extended("2018-10-24 10:00:00", "5 working_day"),
    ],
    ids=["stop", "extension"],
)
def test_what_happens_at_the_very_instant_is_in_time(before: AnyRecord) -> None:
    assert YELLOW not in told([accepted(), before]).cards


def test_an_extension_moves_promised_and_statutory_limit_alike() -> None:
    found = told([accepted(), extended("2018-10-16 10:00:00", "2 working_day")], until=None)
    assert found.dues == "2018-10-26 10:00:00 / 2018-10-31 10:00:00"


def test_an_open_stop_without_applied_time_holds_every_threshold() -> None:
    found = told([accepted(), stopped("2018-10-16 10:00:00", None)])
    assert found.cards == []
    assert found.anomalies == ["stop-without-limit"]
    assert found.dues == "none / none"


def test_a_resumption_lets_the_clock_run_again() -> None:
    case = [accepted(), stopped("2018-10-16 10:00:00", None), resumed("2018-10-17 10:00:00")]
    assert told(case).cards == [
        "warning 2018-10-22 10:00:00",
        "yellow 2018-10-25 10:00:00",
        "red 2018-10-30 10:00:00",
    ]


def test_a_resumption_later_than_the_applied_time_gives_no_more_credit() -> None:
    case = [accepted(), stopped("2018-10-16 10:00:00"), resumed("2018-10-26 10:00:00")]
    assert told(case).standing == [
        "warning 2018-10-24 10:00:00",
        "yellow 2018-10-29 10:00:00",
        "red 2018-11-01 10:00:00",
    ]


def test_an_early_resumption_gives_back_the_days_not_used() -> None:
    case = [accepted(), stopped("2018-10-16 10:00:00"), resumed("2018-10-17 10:00:00")]
    assert told(case).standing == [
        "warning 2018-10-22 10:00:00",
        "yellow 2018-10-25 10:00:00",
        "red 2018-10-30 10:00:00",
    ]


def test_a_stop_ends_at_the_completion() -> None:
    found = told([accepted(), stopped("2018-10-16 10:00:00"), completed("2018-10-17 10:00:00")])
    (settled,) = found.settled
    assert [clock.stopped_us for clock in settled.clocks] == [7 * 3_600_000_000] * 2


# --- late evidence -----------------------------------------------------------------------------


def test_a_late_known_completion_rescinds_the_cards_it_would_have_prevented() -> None:
    done = completed("2018-10-24 10:00:00", LATE)
    found = told([accepted(), done])
    assert found.cards == [WARNING, YELLOW, RED]
    assert found.rescinded == [f"yellow late_evidence {done.id}", f"red late_evidence {done.id}"]
    assert found.standing == [WARNING]


def test_the_lateness_is_itself_an_anomaly_for_each_card_it_took_back() -> None:
    found = told([accepted(), completed("2018-10-24 10:00:00", LATE)])
    assert found.anomalies == ["late-evidence", "late-evidence"]


def test_a_late_known_completion_after_the_crossing_rescinds_nothing() -> None:
    assert told([accepted(), completed("2018-10-30 10:00:00", LATE)]).rescinded == []


def test_a_late_known_stop_moves_the_cards() -> None:
    stop = stopped("2018-10-16 10:00:00", recorded="2018-10-25 10:00:00")
    found = told([accepted(), stop])
    assert found.rescinded == [
        f"warning late_evidence {stop.id}",
        f"yellow late_evidence {stop.id}",
    ]
    assert found.standing == [
        "warning 2018-10-24 10:00:00",
        "yellow 2018-10-29 10:00:00",
        "red 2018-11-01 10:00:00",
    ]


def test_a_card_that_late_evidence_shows_to_have_been_due_has_its_true_effective_at() -> None:
    resumption = resumed("2018-10-17 10:00:00", LATE)
    found = told([accepted(), stopped("2018-10-16 10:00:00", None), resumption])
    assert found.cards == ["red 2018-10-30 10:00:00"]
    assert found.detected == [f"red {LATE}"]


def test_an_amendment_rescinds_and_says_so() -> None:
    case = accepted(promised="1 working_day")
    change = amended(
        case, LATE, replacement={"promised_limit": {"amount": 90, "unit": "working_day"}}
    )
    found = told([case, change])
    assert found.rescinded == [f"yellow amendment {change.id}"]
    assert found.anomalies == []


def test_the_fact_that_overtook_a_tick_may_be_cited_for_the_tick_s_card() -> None:
    done = completed("2018-10-19 09:00:00", "2018-10-19 11:00:00")
    found = told([accepted(), done], until=None)
    assert found.detected == ["warning 2018-10-19 10:00:05.000001"]
    assert found.rescinded == [f"warning late_evidence {done.id}"]


def test_a_completion_that_comes_back_from_the_dead_restores_the_cards() -> None:
    done = completed("2018-10-18 10:00:00")
    found = told([accepted(), done, amended(done, LATE, void=True)])
    assert found.cards == [RED]
    assert found.detected == [f"red {LATE}"]


# --- cycles ------------------------------------------------------------------------------------


def test_reopening_starts_a_new_cycle_and_keeps_the_old_verdict() -> None:
    case = [accepted(), completed("2018-10-26 10:00:00"), accepted("2018-11-05 10:00:00")]
    found = told(case)
    assert found.standing == [
        WARNING,
        YELLOW,
        "warning 2018-11-09 10:00:00",
        "yellow 2018-11-14 10:00:00",
        "red 2018-11-19 10:00:00",
    ]
    assert found.rescinded == []
    assert len({card.cycle for card in found.issued}) == 2


def test_a_case_completed_before_its_acceptance_has_no_card_from_a_counted_limit() -> None:
    found = told([completed("2018-10-12 10:00:00"), accepted()])
    assert found.cards == []
    assert [clock.on_time for clock in found.settled[0].clocks] == [True, True]


def test_a_case_completed_before_its_acceptance_but_after_its_declared_instant_has_a_card() -> None:
    case = accepted(promised=None, promised_due="2018-10-01T10:00:00+08:00")
    found = told([completed("2018-10-12 10:00:00"), case])
    assert found.cards == ["yellow 2018-10-01 10:00:00"]
    assert [(clock.limit, clock.on_time) for clock in found.settled[0].clocks] == [
        ("promised", False),
        ("statutory", True),
    ]


def test_a_declared_instant_stands_where_the_acceptance_was_recorded_after_it() -> None:
    case = accepted(promised=None, promised_due="2018-10-01T10:00:00+08:00")
    found = told([case], until=None)
    assert found.cards == ["yellow 2018-10-01 10:00:00"]
    assert found.detected == ["yellow 2018-10-15 10:00:00"]


def test_a_declared_instant_wins_over_a_promised_limit() -> None:
    case = accepted(promised_due="2018-10-22T10:00:00+08:00")
    assert told([case]).cards[:2] == ["warning 2018-10-17 10:00:00", "yellow 2018-10-22 10:00:00"]


# --- parts -------------------------------------------------------------------------------------


def test_each_part_of_a_joint_case_has_its_clock() -> None:
    parts = [
        accepted(part="fire", id_="f", promised="5 working_day"),
        accepted(part="water", id_="w", promised="7 working_day"),
        completed("2018-10-16 10:00:00", part="fire"),
    ]
    found = told(parts)
    assert {card.part for card in found.issued} == {"water"}
    assert found.cards == [WARNING, YELLOW, RED]


def test_the_levels_of_one_part_do_not_hide_those_of_another() -> None:
    parts = [accepted(part="fire", id_="f"), accepted(part="water", id_="w")]
    found = told(parts)
    assert found.cards == [WARNING] * 2 + [YELLOW] * 2 + [RED] * 2
    assert len({card.card_id for card in found.issued}) == 6


# --- settlement --------------------------------------------------------------------------------


def test_a_completed_case_is_settled_with_what_each_limit_used() -> None:
    (settled,) = told([accepted(), completed("2018-10-25 10:00:00")]).settled
    hour_us = 3_600_000_000
    assert [(c.limit, c.used_us, c.overdue_us, c.on_time) for c in settled.clocks] == [
        ("promised", 56 * hour_us, 7 * hour_us, False),
        ("statutory", 56 * hour_us, 0, True),
    ]
    assert settled.working_us == 56 * hour_us
    assert local(settled.completed_at) == "2018-10-25 10:00:00"


def test_a_case_is_settled_again_when_a_later_fact_changes_it_and_only_then() -> None:
    done = completed("2018-10-25 10:00:00")
    urged = fact("urged", "2018-10-26 09:00:00", actor_ref="A-1")
    late_stop = stopped("2018-10-16 10:00:00", "1 working_day", recorded=LATE)
    found = told([accepted(), done, urged, late_stop])
    assert [clock.overdue_us == 0 for each in found.settled for clock in each.clocks] == [
        False,
        True,
        True,
        True,
    ]


def test_the_card_says_what_was_known_when_it_was_issued() -> None:
    case = [accepted(hall="H-1", clerk_ref="K-1"), stopped("2018-10-16 10:00:00", "1 working_day")]
    moved = fact("transferred", "2018-10-18 10:00:00", to_clerk="K-2", to_department="D-2")
    card = told([*case, moved]).issued[1]
    hour_us = 3_600_000_000
    assert card.level == "yellow"
    assert (card.responsible.department, card.responsible.clerk_ref) == ("D-1", "K-2")
    assert (card.hall, card.matter, card.rule, card.clock) == (
        "H-1",
        "M-1",
        "handling-limit",
        "handling",
    )
    assert card.snapshot.stopped_us == 7 * hour_us
    assert card.snapshot.used_us == 49 * hour_us + 5_000_001
    assert card.snapshot.overdue_us == 5_000_001
    assert [each.id for each in card.evidence] == [record.id for record in case]
    assert (card.pack, card.pack_version[:8], card.calendar_version != "") == (
        "hunan",
        "2018-10+",
        True,
    )


def test_a_running_stop_without_a_length_says_no_end_whatever_an_earlier_stop_said() -> None:
    records = [
        accepted(),
        stopped("2018-10-16 10:00:00"),
        resumed("2018-10-16 11:00:00"),
        stopped("2018-10-17 10:00:00", applied=None),
    ]
    last = told(records).limits[-1]
    assert last.stopped
    assert last.stop_until is None
