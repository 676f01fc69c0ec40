"""A case that cannot be judged is suspended, loudly, and no other; released, it is judged again.

A limit of 100,000 working days ends beyond the years a calendar knows, so judging it raises: a
value does here what a faulty rule would do.
"""

from ledger.findings import CardIssued, CaseUnjudged
from ledger.record import AnyRecord
from processors.supervision.step import step
from tests.golden.language import accepted, amended, completed, fact, policy, told

ENDLESS = "100000 working_day"
LATE = "2018-11-05 09:00:00"


def unjudgeable(subject: str = "C-1") -> AnyRecord:
    return accepted(promised=ENDLESS, subject=subject)


def mended(when: str = "2018-10-16 10:00:00") -> AnyRecord:
    limit = {"amount": 7, "unit": "working_day"}
    return amended(unjudgeable(), when, replacement={"promised_limit": limit})


def released(when: str) -> AnyRecord:
    return fact("released", when, actor_ref="P-1")


def test_a_case_that_cannot_be_judged_is_suspended_with_the_error_code_only() -> None:
    found = told([unjudgeable()])
    assert found.of(CaseUnjudged) == [CaseUnjudged(error="policy.outside-calendar")]
    assert len(found.records) == 1


def test_no_other_case_is_suspended() -> None:
    found = told([unjudgeable("C-2"), accepted()])
    assert found.cards == told([accepted()]).cards
    assert [r.subject for r in found.records if isinstance(r.data, CaseUnjudged)] == ["C-2"]


def test_a_suspended_case_takes_its_facts_and_says_nothing_of_them() -> None:
    done = completed("2018-10-17 10:00:00")
    found = told([unjudgeable(), mended(), done])
    assert len(found.records) == 1
    state, _ = step(None, unjudgeable(), 0, policy())
    state, emitted = step(state, done, 1, policy())
    assert (len(state.facts), emitted, state.next_tick_us) == (2, [], None)


def test_a_released_case_is_judged_again_on_all_its_facts() -> None:
    found = told([unjudgeable(), mended(), released("2018-10-17 10:00:00")])
    assert found.cards == told([accepted()]).cards


def test_a_card_that_fell_due_while_suspended_is_issued_at_the_release() -> None:
    found = told([unjudgeable(), mended(), released(LATE)])
    assert found.cards == ["red 2018-10-29 10:00:00"]
    assert found.detected == [f"red {LATE}"]


def test_a_release_that_does_not_help_is_followed_by_another_suspension() -> None:
    found = told([unjudgeable(), released("2018-10-16 10:00:00")])
    assert len(found.of(CaseUnjudged)) == 2
    assert len({record.id for record in found.records}) == 2


def test_a_case_may_be_suspended_released_and_suspended_again() -> None:
    worse = amended(
        unjudgeable(),
        "2018-10-18 10:00:00",
        replacement={"statutory_limit": {"amount": 100_000, "unit": "working_day"}},
    )
    found = told([unjudgeable(), mended(), released("2018-10-17 10:00:00"), worse])
    assert len(found.of(CaseUnjudged)) == 2


def test_a_fact_from_the_future_is_named_even_if_it_came_while_suspended() -> None:
    future = fact("urged", "2018-10-20 10:00:00", "2018-10-16 11:00:00", actor_ref="A-1")
    found = told([unjudgeable(), mended(), future, released("2018-10-17 10:00:00")])
    assert "future-time" in found.anomalies


def test_what_came_while_suspended_takes_back_the_cards_it_would_have_prevented() -> None:
    case = accepted()
    endless = {"statutory_limit": {"amount": 100_000, "unit": "working_day"}}
    broken = amended(case, "2018-10-25 10:00:00", replacement=endless)
    done = completed("2018-10-18 10:00:00", "2018-10-25 11:00:00")
    undone = amended(broken, "2018-10-25 12:00:00", void=True)
    found = told([case, broken, done, undone, released("2018-10-25 13:00:00")])
    assert found.rescinded == [
        f"warning late_evidence {done.id}",
        f"yellow late_evidence {done.id}",
    ]
    assert found.standing == []
    assert "verdict-differs" not in found.anomalies


def test_what_overtaken_ticks_led_to_stands_when_the_record_cannot_be_judged() -> None:
    case = accepted()
    endless = {"statutory_limit": {"amount": 100_000, "unit": "working_day"}}
    found = told([case, amended(case, "2018-10-25 10:00:00", replacement=endless)])
    assert [card.level for card in found.of(CardIssued)] == ["warning", "yellow"]
    assert len(found.of(CaseUnjudged)) == 1


def test_a_release_that_failed_does_not_hide_the_evidence_that_came_before_it() -> None:
    case = accepted()
    endless = {"statutory_limit": {"amount": 100_000, "unit": "working_day"}}
    broken = amended(case, "2018-10-25 10:00:00", replacement=endless)
    done = completed("2018-10-18 10:00:00", "2018-10-25 11:00:00")
    failed = released("2018-10-25 11:30:00")
    undone = amended(broken, "2018-10-25 12:00:00", void=True)
    found = told([case, broken, done, failed, undone, released("2018-10-25 13:00:00")])
    assert found.rescinded == [
        f"warning late_evidence {done.id}",
        f"yellow late_evidence {done.id}",
    ]
