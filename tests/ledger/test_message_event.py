"""What a message of a topic holds: an event in either mode of the Kafka binding, or a fault."""

import json
from typing import Any

import pytest

from ledger import wire
from ledger.errors import EventInvalid
from ledger.message_event import ATTRIBUTES_MAX, event_in

DATA = {"actor_ref": "officer-1", "text": "催办"}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "hall.case.urged.v1",
    "source": "/halls/430100/approval",
    "id": "7",
    "subject": "办件-1",
    "time": "2026-11-24T11:00:00+08:00",
    "data": DATA,
}
VALUE = json.dumps(EVENT).encode()
ATTRIBUTES = [(f"ce_{name}", value.encode()) for name, value in EVENT.items() if name != "data"]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", b"application/cloudevents+json")],
        [("Content-Type", b"application/CloudEvents+JSON; charset=UTF-8")],
        [("content-type", b"application/json")],
        [("traceparent", b"\xff"), ("x", None)],
        [("content-type", b"application/cloudevents+json"), ("ce_id", b"of another mode")],
    ],
)
def test_a_structured_message_is_its_event(headers: list[tuple[str, bytes | None]]) -> None:
    assert event_in(VALUE, headers) == EVENT


@pytest.mark.parametrize("declared", [None, b"application/json", b"application/json;charset=utf-8"])
def test_a_binary_message_has_its_attributes_in_headers(declared: bytes | None) -> None:
    headers = [*ATTRIBUTES, *([("content-type", declared)] if declared else [])]
    found = event_in(json.dumps(DATA).encode(), headers)
    assert found == EVENT
    assert wire.accept(found)[1] == wire.accept(EVENT)[1]


def test_extensions_of_a_binary_message_are_taken_with_it() -> None:
    headers = [*ATTRIBUTES, ("ce_correlationid", b"batch-1"), ("ce_partitionkey", b"x")]
    found = event_in(json.dumps(DATA).encode(), headers)
    assert (found["correlationid"], found["partitionkey"]) == ("batch-1", "x")


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (None, [], "no-value"),
        (b"", [], "malformed-json"),
        (b"{not json", [], "malformed-json"),
        (b"\xff\xfe", [], "malformed-json"),
        (VALUE, [("content-type", b"text/plain")], "content-type"),
        (VALUE, [("content-type", b"application/cloudevents-batch+avro")], "content-type"),
        (b"<urged/>", [*ATTRIBUTES, ("content-type", b"application/xml")], "content-type"),
        (b"{", ATTRIBUTES, "malformed-json"),
        (b"{}", [*ATTRIBUTES, ("ce_x", b"\xff")], "shape"),
        (
            b"{}",
            [*ATTRIBUTES, *((f"ce_x{number}", b"x") for number in range(ATTRIBUTES_MAX))],
            "too-many-attributes",
        ),
    ],
)
def test_what_holds_no_event_is_refused_with_its_reason(
    value: bytes | None, headers: list[tuple[str, bytes | None]], reason: str
) -> None:
    with pytest.raises(EventInvalid) as refused:
        event_in(value, headers)
    assert refused.value.reason == reason


def test_a_binary_message_that_lacks_an_attribute_is_refused_by_the_check_of_events() -> None:
    headers = [each for each in ATTRIBUTES if each[0] != "ce_subject"]
    with pytest.raises(EventInvalid) as refused:
        wire.accept(event_in(json.dumps(DATA).encode(), headers))
    assert (refused.value.field, refused.value.reason) == ("subject", "missing-field")
