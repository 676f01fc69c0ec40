"""Acts on a card become facts of its case, through the same intake as every other fact."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consoles.api.card_acts import ACTIONS
from ledger.card_events import CardAppealDecided, CardSigned
from ledger.events import CARD_TYPES
from tests.consoles.api_hall import Served, open_small, served
from tests.projections.records import accepted, at, card


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    hall = open_small(tmp_path)
    hall.add(accepted(at(-6)), card(at(-1), "red", card_id="card-1"))
    with served(hall) as it:
        yield it


SIGNED = {"actor_ref": "clerk:7", "text": "已收到"}


def test_every_act_of_the_record_table_has_a_path_but_issuing_by_hand() -> None:
    assert set(ACTIONS.values()) == CARD_TYPES - {"hall.card.issued-by-hand.v1"}
    assert {"signed", "explained", "appealed", "appeal-decided", "rectification-ordered"} <= set(
        ACTIONS
    )


def test_signing_is_a_fact_with_the_case_as_subject_at_the_hall_s_instant(api: Served) -> None:
    answer = api.post(SIGNED, path="/api/v1/cards/card-1/signed")
    assert answer.status == 201
    assert answer.json()["position"] == {"partition": 0, "offset": 2}
    record = api.hall.records()[-1]
    assert (record.type, record.subject) == ("hall.card.signed.v1", "case-1")
    assert record.data == CardSigned(card_id="card-1", actor_ref="clerk:7", text="已收到")
    assert record.time == at(hours=3)
    api.hall.projector.catch_up()
    assert api.get("/api/v1/cards/card-1").json()["state"] == "signed"


def test_an_act_sent_again_under_its_name_is_taken_once(api: Served) -> None:
    named = {**SIGNED, "id": "act-77"}
    first = api.post(named, path="/api/v1/cards/card-1/signed")
    api.hall.clock_us += 5_000_000
    again = api.post(named, path="/api/v1/cards/card-1/signed")
    assert (first.status, again.status) == (201, 200)
    assert again.json()["duplicate"] is True
    assert again.json()["position"] == first.json()["position"]
    assert len(api.hall.records()) == 3
    assert api.hall.dead_letters.list() == []


def test_another_act_under_a_known_name_is_a_conflict_and_kept(api: Served) -> None:
    api.post({**SIGNED, "id": "act-77"}, path="/api/v1/cards/card-1/signed")
    other = api.post({"actor_ref": "clerk:8", "id": "act-77"}, path="/api/v1/cards/card-1/signed")
    assert (other.status, other.json()["code"]) == (409, "ledger.identity-conflict")
    assert [each.reason for each in api.hall.dead_letters.list()] == ["ledger.identity-conflict"]


def test_a_decision_carries_its_own_fields(api: Served) -> None:
    body = {"actor_ref": "officer:1", "decision": "revoked", "text": "证据充分"}
    assert api.post(body, path="/api/v1/cards/card-1/appeal-decided").status == 201
    fact = api.hall.records()[-1].data
    assert isinstance(fact, CardAppealDecided)
    assert fact.decision == "revoked"


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("signed", {}, "actor_ref"),
        ("signed", {"actor_ref": 7}, "actor_ref"),
        ("signed", {"actor_ref": "c", "decision": "revoked"}, "decision"),
        ("appeal-decided", {"actor_ref": "c"}, "decision"),
        ("appeal-decided", {"actor_ref": "c", "decision": "forgotten"}, "decision"),
        ("rectification-ordered", {"actor_ref": "c", "due": "2026-11-30T17:00:00"}, "due"),
        ("signed", {"actor_ref": "c", "id": ""}, "id"),
        ("signed", {"actor_ref": "c", "id": 3}, "id"),
    ],
)
def test_a_bad_act_names_its_field_and_is_kept(
    api: Served, action: str, body: dict[str, object], field: str
) -> None:
    answer = api.post(body, path=f"/api/v1/cards/card-1/{action}")
    assert (answer.status, answer.json()["code"]) == (400, "ledger.event-invalid")
    assert field in answer.json()["field"]
    assert len(api.hall.records()) == 2
    assert len(api.hall.dead_letters.list()) == 1


def test_an_act_cannot_be_turned_to_another_card(api: Served) -> None:
    api.post({**SIGNED, "card_id": "card-2"}, path="/api/v1/cards/card-1/signed")
    assert api.hall.records()[-1].data == CardSigned(
        card_id="card-1", actor_ref="clerk:7", text="已收到"
    )


def test_an_act_on_no_card_is_no_fact(api: Served) -> None:
    answer = api.post(SIGNED, path="/api/v1/cards/card-9/signed")
    assert (answer.status, answer.json()["code"]) == (404, "request.not-found")
    assert len(api.hall.records()) == 2


def test_an_act_of_more_than_64_kib_is_refused(api: Served) -> None:
    answer = api.post({"actor_ref": "c", "text": "字" * 70_000}, path="/api/v1/cards/card-1/signed")
    assert (answer.status, answer.json()["code"]) == (413, "request.body-too-large")
