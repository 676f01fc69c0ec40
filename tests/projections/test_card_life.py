from typing import Any

import pytest

from ledger import card_events as acts
from ledger.card_life import MOVES
from ledger.fact import Fact
from projections import card_life
from projections.board_tables import CARDS
from projections.rows import Row

WHO: dict[str, Any] = {"card_id": "k", "actor_ref": "officer:1"}


def card(level_code: int = 2, state: str = "issued") -> Row:
    waiting = state == "waiting"
    return CARDS.blank(
        subject="c",
        card_id="k",
        level_code=level_code,
        standing=0 if waiting else level_code,
        state=state,
        live=1,
    )


def run(row: Row, *facts: Fact) -> list[bool]:
    return [card_life.act(row, fact, n) for n, fact in enumerate(facts, start=1)]


def decided(decision: Any) -> Fact:
    return acts.CardAppealDecided(**WHO, decision=decision)


def test_a_card_is_signed_then_explained_then_closed_and_keeps_the_instants() -> None:
    row = card()

    legal = run(row, acts.CardSigned(**WHO), acts.CardExplained(**WHO), acts.CardClosed(**WHO))

    assert legal == [True, True, True]
    assert row["state"] == "closed"
    assert (row["signed_us"], row["explained_us"], row["closed_us"]) == (1, 2, 3)
    assert (row["live"], row["standing"]) == (1, 2)


def test_the_first_legal_act_wins() -> None:
    row = card()

    assert run(row, acts.CardSigned(**WHO), acts.CardSigned(**WHO)) == [True, False]
    assert row["signed_us"] == 1


def test_a_card_that_nobody_signed_or_explained_cannot_be_closed() -> None:
    row = card()

    assert run(row, acts.CardClosed(**WHO)) == [False]
    assert row["state"] == "issued"


def test_a_revoked_card_no_longer_stands_and_takes_no_further_act() -> None:
    row = card()

    legal = run(row, acts.CardAppealed(**WHO), decided("revoked"), acts.CardSigned(**WHO))

    assert legal == [True, True, False]
    assert (row["state"], row["live"], row["standing"]) == ("revoked", 0, 0)


def test_a_downgraded_red_card_stands_as_a_yellow_one() -> None:
    row = card(level_code=3)

    assert run(row, acts.CardAppealed(**WHO), decided("downgraded")) == [True, True]
    assert (row["live"], row["standing"], row["level_code"]) == (1, 2, 3)


def test_an_upheld_card_goes_on_standing() -> None:
    row = card()

    run(row, acts.CardAppealed(**WHO), decided("upheld"))

    assert (row["state"], row["standing"], row["decision"]) == ("upheld", 2, "upheld")


def test_an_appeal_cannot_be_decided_before_it_is_made() -> None:
    assert run(card(), decided("revoked")) == [False]


def test_a_warning_cannot_be_appealed() -> None:
    assert run(card(level_code=1), acts.CardAppealed(**WHO)) == [False]


def test_a_waiting_card_stands_only_once_a_person_confirms_it() -> None:
    row = card(state="waiting")

    assert run(row, acts.CardSigned(**WHO), acts.CardConfirmed(**WHO)) == [False, True]
    assert (row["state"], row["standing"], row["confirmed_us"]) == ("issued", 2, 2)


def test_rectification_is_ordered_before_it_is_done_and_leaves_the_state() -> None:
    row = card()

    legal = run(
        row,
        acts.CardRectified(**WHO),
        acts.RectificationOrdered(**WHO),
        acts.CardRectified(**WHO),
        acts.CardSuperintended(**WHO),
        acts.HeldAccountable(**WHO, measure="talk"),
    )

    assert legal == [False, True, True, True, True]
    assert (row["state"], row["rectification"], row["superintended"], row["measure"]) == (
        "issued",
        "rectified",
        1,
        "talk",
    )


@pytest.mark.parametrize("state", ["issued", "signed", "explained", "appealed", "closed"])
def test_supervision_may_rescind_a_live_card_in_any_state(state: str) -> None:
    row = card(state=state)

    assert card_life.rescind(row, "late_evidence", 9)
    assert (row["state"], row["live"], row["standing"]) == ("rescinded", 0, 0)
    assert (row["rescinded_us"], row["rescind_reason"]) == (9, "late_evidence")


@pytest.mark.parametrize("decision", ["revoked", "downgraded"])
def test_what_people_have_decided_is_not_rescinded_afterwards(decision: str) -> None:
    row = card()
    run(row, acts.CardAppealed(**WHO), decided(decision))

    assert not card_life.rescind(row, "late_evidence", 9)
    assert row["state"] == decision


def test_a_card_is_rescinded_once() -> None:
    row = card()

    assert card_life.rescind(row, "late_evidence", 9)
    assert not card_life.rescind(row, "amendment", 10)
    assert row["rescinded_us"] == 9


def test_every_move_of_the_life_of_a_card_leaves_its_instant_in_the_row() -> None:
    for kind, move in MOVES.items():
        for state in move.legal_in:
            row = card(state=state)
            assert run(row, kind(**WHO)) == [True], (kind, state)
            assert row["state"] == move.state
            assert [name for name in row if name.endswith("_us") and row[name] == 1]
