"""Intake: what may not come in is refused with the field's name and a stable reason."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger import wire
from ledger.case_events import CaseAccepted
from ledger.errors import EventInvalid, UnknownType
from ledger.events import SOURCE_TYPES
from ledger.record import micros


def event(type_: str, data: object, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": type_,
        "source": "/halls/430100/approval",
        "id": "1",
        "subject": "case-1",
        "time": "2026-11-24T09:00:00+08:00",
        "data": data,
        **changes,
    }


def accepted(**data: Any) -> dict[str, Any]:
    return event("hall.case.accepted.v1", {"matter": "m-1", "department": "住建局", **data})


def refusal(sent: Any, allowed: frozenset[str] | None = None) -> EventInvalid:
    with pytest.raises(EventInvalid) as caught:
        wire.accept(sent, allowed)
    assert caught.value.hint
    assert caught.value.details["field"] == caught.value.field
    return caught.value


def test_an_event_is_written_in_the_canonical_order_whatever_its_own() -> None:
    sent = accepted(chargeable=True)
    sent |= {"zeta": 1, "correlationid": "b-7", "datacontenttype": "application/json"}
    backwards = dict(reversed(sent.items()))
    _, raw = wire.accept(backwards)
    assert list(wire.parse_json(raw)) == [
        *("specversion", "type", "source", "id", "subject", "time", "correlationid"),
        *("datacontenttype", "zeta", "data"),
    ]
    assert raw.startswith(b'{"specversion":"1.0","type":"hall.case.accepted.v1","source":')
    assert wire.parse_json(raw) == sent


def test_what_intake_and_the_ledger_write_has_one_order() -> None:
    record, raw = wire.accept(accepted(promised_limit={"amount": 5, "unit": "working_day"}))
    assert wire.encode(record) == raw
    assert record.recordedtime is None


def test_instants_may_be_written_in_any_zone_and_to_the_nanosecond() -> None:
    for text in ("2026-11-24T01:00:00Z", "2026-11-24t09:00:00.000000999+08:00"):
        record, raw = wire.accept({**accepted(promised_due=text), "time": text})
        assert isinstance(record.data, CaseAccepted)
        assert micros(record.time) == micros(datetime(2026, 11, 24, 1, tzinfo=UTC))
        assert record.data.promised_due == record.time
        assert text.encode() in raw


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1}}', b'{"a":NaN}', b'{"a":Infinity}', b"\xff"])
def test_malformed_json_says_where(body: bytes) -> None:
    with pytest.raises(EventInvalid) as caught:
        wire.parse_json(body)
    assert (caught.value.field, caught.value.reason) == ("(body)", "malformed-json")
    assert "line 1" in str(caught.value)


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"specversion": "0.3"}, "specversion", "shape"),
    ({"specversion": None}, "specversion", "shape"),
    ({"id": ""}, "id", "shape"),
    ({"id": 7}, "id", "shape"),
    ({"id": "x" * 257}, "id", "shape"),
    ({"id": "a\nb"}, "id", "shape"),
    ({"source": "/supervision"}, "source", "shape"),
    ({"source": None}, "source", "shape"),
    ({"subject": "a\0b"}, "subject", "shape"),
    ({"subject": "unit:zjj"}, "subject", "shape"),
    ({"subject": "reference:hall:1"}, "subject", "shape"),
    ({"subject": "partition:0"}, "subject", "shape"),
    ({"type": "hall.case.vanished.v1"}, "type", "unknown-type"),
    ({"type": "hall.case.accepted.v2"}, "type", "unknown-type"),
    ({"type": ["hall.case.accepted.v1"]}, "type", "shape"),
    ({"time": "2026-11-24T09:00:00"}, "time", "shape"),
    ({"time": "2026-11-24"}, "time", "shape"),
    ({"time": "2026-11-24 09:00:00+08:00"}, "time", "shape"),
    ({"time": "2026-02-30T09:00:00+08:00"}, "time", "shape"),
    ({"time": "2026-11-24T09:00:00+25:00"}, "time", "shape"),
    ({"time": "9999-01-01T00:00:00Z"}, "time", "shape"),
    ({"time": "1969-12-31T23:59:59Z"}, "time", "shape"),
    ({"time": "2200-01-01T00:00:00Z"}, "time", "shape"),
    ({"time": 1795482000}, "time", "shape"),
    ({"time": None}, "time", "shape"),
    ({"recordedtime": "2026-11-24T09:00:00Z"}, "recordedtime", "shape"),
    ({"recordedtime": None}, "recordedtime", "shape"),
    ({"Bad": "x"}, "Bad", "shape"),
    ({"bad_name": "x"}, "bad_name", "shape"),
    ({"x" * 33: "x"}, "x" * 33, "shape"),
    ({"ext": 1.5}, "ext", "shape"),
    ({"ext": None}, "ext", "shape"),
    ({"ext": {"a": 1}}, "ext", "shape"),
    ({"ext": 2**53 + 1}, "ext", "long-number"),
    ({"timeline": 5}, "timeline", "shape"),
    ({"data": None}, "data", "shape"),
    ({"data": []}, "data", "shape"),
    ({"data": "text"}, "data", "shape"),
    ({"data": {"matter": "m"}}, "data.department", "missing-field"),
]


@pytest.mark.parametrize(("changes", "field", "reason"), REFUSED)
def test_a_wrong_envelope_names_its_field(changes: dict[str, Any], field: str, reason: str) -> None:
    error = refusal({**accepted(), **changes})
    assert (error.field, error.reason) == (field, reason)
    assert isinstance(error, UnknownType) == (reason == "unknown-type")


WRONG_DATA: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "red"}, "data.colour", "unknown-field"),
    ({"hall": 430100}, "data.hall", "shape"),
    ({"chargeable": "yes"}, "data.chargeable", "shape"),
    ({"chargeable": 1}, "data.chargeable", "shape"),
    ({"handling_type": "slow"}, "data.handling_type", "shape"),
    ({"promised_limit": {"amount": 5.0, "unit": "hour"}}, "data.promised_limit.amount", "float"),
    ({"promised_limit": {"amount": "5", "unit": "hour"}}, "data.promised_limit.amount", "shape"),
    ({"promised_limit": {"amount": 5, "unit": "week"}}, "data.promised_limit.unit", "shape"),
    ({"promised_limit": {"amount": -1, "unit": "hour"}}, "data.promised_limit", "shape"),
    ({"promised_limit": {"amount": 100_001, "unit": "hour"}}, "data.promised_limit", "shape"),
    (
        {"stage_limits": {"审查": {"amount": 1.5, "unit": "hour"}}},
        "data.stage_limits.审查.amount",
        "float",
    ),
    (
        {"materials": {"required": 2**53 + 1, "submitted": 1}},
        "data.materials.required",
        "long-number",
    ),
    ({"materials": {"required": 10**30, "submitted": 1}}, "data.materials.required", "long-number"),
    ({"promised_due": "2026-11-24T09:00:00"}, "data.promised_due", "shape"),
    ({"promised_due": "2026-11-24 09:00:00+08:00"}, "data.promised_due", "shape"),
    ({"promised_due": "1795482000"}, "data.promised_due", "shape"),
    ({"promised_due": 1795482000}, "data.promised_due", "shape"),
    ({"promised_due": "9999-12-31T23:59:59Z"}, "data.promised_due", "shape"),
    (
        {"missing_materials": {"items": [], "due": "9999-12-31T23:59:59Z"}},
        "data.missing_materials.due",
        "shape",
    ),
    ({"missing_materials": {"items": "照片"}}, "data.missing_materials.items", "shape"),
]


@pytest.mark.parametrize(("data", "field", "reason"), WRONG_DATA)
def test_wrong_data_names_its_field(data: dict[str, Any], field: str, reason: str) -> None:
    error = refusal(accepted(**data))
    assert (error.field, error.reason) == (field, reason)


@pytest.mark.parametrize(
    ("type_", "data", "field", "reason"),
    [
        ("hall.case.fee-paid.v1", {"amount": 120.0}, "data.amount", "float"),
        ("hall.case.fee-paid.v1", {"amount": 120}, "data.amount", "shape"),
        ("hall.case.fee-paid.v1", {"amount": "1.2e3"}, "data", "shape"),
        ("hall.case.fee-paid.v1", {"amount": "1" * 19}, "data", "shape"),
        ("hall.case.rated.v1", {"score": 6}, "data.score", "shape"),
        ("hall.case.rated.v1", {"score": 1.0}, "data.score", "shape"),
        ("hall.case.rated.v1", {"score": True}, "data.score", "shape"),
    ],
)
def test_money_and_scores_are_taken_as_they_are_meant(
    type_: str, data: dict[str, Any], field: str, reason: str
) -> None:
    error = refusal(event(type_, data))
    assert (error.field, error.reason) == (field, reason)


@pytest.mark.parametrize(
    ("replacement", "field", "reason"),
    [
        ({"x": 1.5}, "data.replacement.x", "float"),
        ({"x": [{"y": [0, 2**53 + 1]}]}, "data.replacement.x[0].y[1]", "long-number"),
    ],
)
def test_free_form_fields_are_walked_to_the_bottom(
    replacement: dict[str, Any], field: str, reason: str
) -> None:
    amends = {"source": "/halls/430100/approval", "id": "0"}
    data = {"amends": amends, "reason": "录入错误", "replacement": replacement}
    error = refusal(event("hall.case.amended.v1", data))
    assert (error.field, error.reason) == (field, reason)


def test_an_integer_of_53_bits_is_the_longest() -> None:
    record, _ = wire.accept(accepted(materials={"required": 2**53, "submitted": 0}))
    assert isinstance(record.data, CaseAccepted)
    assert record.data.materials is not None
    assert record.data.materials.required == 2**53


def test_text_that_utf_8_cannot_hold_is_refused() -> None:
    assert refusal(accepted(hall="\ud800")).field == "(event)"


@pytest.mark.parametrize("sent", [None, 1, "text", [accepted()]])
def test_an_event_that_is_no_object_is_refused(sent: object) -> None:
    assert refusal(sent).field == "(event)"


@pytest.mark.parametrize("name", sorted(accepted()))
def test_each_required_attribute_is_missed_by_name(name: str) -> None:
    sent = accepted()
    del sent[name]
    assert refusal(sent).field == name


def test_a_sender_may_send_only_what_it_is_allowed() -> None:
    finding = event("hall.finding.deemed-accepted.v1", {"effective_at": "2026-11-24T09:00:00Z"})
    assert wire.accept(finding)[0].type == finding["type"]
    assert refusal(finding, SOURCE_TYPES).reason == "unknown-type"


@pytest.mark.parametrize(
    ("type_", "data", "subject"),
    [
        ("hall.unit.attendance-noted.v1", {"status": "late"}, "unit:zjj"),
        (
            "hall.reference.hall-published.v1",
            {"effective_from": "2026-01-01T00:00:00Z", "withdrawn": True},
            "reference:hall:1",
        ),
        (
            "hall.log.skipped.v1",
            {"partition": 0, "offset": 1, "sha256": "", "actor_ref": "a", "reason": "b"},
            "partition:0",
        ),
    ],
)
def test_each_family_has_its_own_subjects(type_: str, data: dict[str, Any], subject: str) -> None:
    assert wire.accept(event(type_, data, subject=subject))[0].subject == subject
    assert refusal(event(type_, data, subject="case-1")).field == "subject"


def test_tickets_and_card_acts_do_not_use_the_subjects_of_the_log() -> None:
    act = {"card_id": "c", "actor_ref": "a"}
    for type_, data in (("hall.queue.called.v1", {}), ("hall.card.signed.v1", act)):
        for subject in ("partition:0", "reference:hall:1"):
            assert refusal(event(type_, data, subject=subject)).field == "subject"
    of_unit = event("hall.card.signed.v1", act, subject="unit:zjj")
    assert wire.accept(of_unit)[0].subject == "unit:zjj"
