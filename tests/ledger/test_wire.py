"""The codec: what is written comes back, every sample decodes, and content is compared."""

import types
import typing
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import wire
from ledger.case_events import (
    CaseAccepted,
    CaseAmended,
    CaseCompleted,
    CaseRated,
    FeePaid,
    StageFinished,
)
from ledger.errors import EventInvalid, RecordUnreadable
from ledger.events import FACT_TYPES, SOURCE_TYPES
from ledger.fact import Fact, Limit, Money
from ledger.intake_rules import OWN_ATTRIBUTES
from ledger.record import AnyRecord, Record, instant, micros

SAMPLES = Path(__file__).parent / "samples"
NOON_US = micros(datetime(2026, 11, 24, 4, tzinfo=UTC))

# --- values of every type, built from the classes ------------------------------------------------

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-(2**53), 2**53)
ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-840, 840))
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=ZONES)  # noqa: DTZ001
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
AMOUNTS = st.decimals(-(10**9), 10**9, places=2).map(str)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values that the wire contract allows for a type hint."""
    plain = {str: TEXT, int: INTEGERS, bool: st.booleans(), datetime: INSTANTS, Any: JSON}
    plain[type(None)] = st.none()
    args = get_args(hint)
    if hint in plain:
        return plain[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(args)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*map(values_of, args))
    if get_origin(hint) is tuple:
        return st.lists(values_of(args[0]), max_size=3).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(TEXT, values_of(args[1]), max_size=3)
    assert is_dataclass(hint), hint
    return instances_of(typing.cast(type, hint))


def instances_of(cls: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    parts = {field.name: values_of(hints[field.name]) for field in fields(cls)}
    if cls is Limit:
        parts["amount"] = st.integers(0, 100_000)
    if "amount" in parts and hints["amount"] is str:
        parts["amount"] = AMOUNTS
    if cls is CaseAmended:
        return st.builds(cls, **{**parts, "replacement": st.just({"a": [1]}), "void": st.none()})
    return st.builds(cls, **parts)


def records_of(type_: str) -> st.SearchStrategy[AnyRecord]:
    return st.builds(
        Record,
        type=st.just(type_),
        source=PRINTABLE,
        id=PRINTABLE,
        subject=PRINTABLE,
        time=INSTANTS,
        timeline=st.none() | PRINTABLE,
        causationid=st.none() | PRINTABLE,
        correlationid=st.none() | PRINTABLE,
        data=instances_of(FACT_TYPES[type_]),
        recordedtime=st.none() | INSTANTS,
    )


RECORDS = st.sampled_from(sorted(FACT_TYPES)).flatmap(records_of)


@given(record=RECORDS)
def test_what_is_encoded_decodes_to_the_same_record(record: AnyRecord) -> None:
    raw = wire.encode(record)
    assert wire.decode(raw) == record
    assert wire.type_of(raw) == record.type
    assert wire.encode(wire.decode(raw)) == raw


@given(record=RECORDS.filter(lambda record: record.recordedtime is None))
def test_a_stamp_is_added_and_nothing_else(record: AnyRecord) -> None:
    raw = wire.encode(record)
    stamped = wire.stamp(raw, NOON_US)
    assert stamped.startswith(raw[:-1])
    again = wire.decode(stamped)
    assert again.recordedtime == instant(NOON_US)
    assert (again.data, again.time, again.name) == (record.data, record.time, record.name)


@pytest.mark.parametrize("type_", sorted(FACT_TYPES))
def test_every_type_has_a_sample_that_decodes_for_ever(type_: str) -> None:
    raw = (SAMPLES / f"{type_}.json").read_bytes().rstrip(b"\n")
    record = wire.decode(raw)
    assert record.type == type_
    assert type(record.data) is FACT_TYPES[type_]
    assert micros(record.time) == micros(datetime(2026, 11, 24, 1, tzinfo=UTC))
    assert record.recordedtime is not None
    assert wire.decode(wire.encode(record)) == record


def test_samples_of_every_version_ever_written_still_decode() -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        assert wire.decode(path.read_bytes().rstrip(b"\n")).name.endswith("#sample-1")


@given(record=st.sampled_from(sorted(SOURCE_TYPES)).flatmap(records_of))
def test_intake_takes_every_value_of_every_type_that_sources_may_send(record: AnyRecord) -> None:
    sent = wire.parse_json(wire.encode(record))
    for name in OWN_ATTRIBUTES:
        sent.pop(name, None)
    sent["subject"] = "unit:zjj" if record.type.startswith("hall.unit.") else "case-1"
    again, raw = wire.accept(sent, SOURCE_TYPES)
    assert again.data == record.data
    assert wire.decode(raw) == again


# --- reading, comparing, merging -----------------------------------------------------------------


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


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b'"text"',
        b'{"specversion":"1.0","type":"hall',
        b'{"specversion":"1.0","type":"hall.case.vanished.v1"}',
        b'{"specversion":"1.0","type":"hall.case.rated.v1","data":{"score":9}}',
    ],
)
def test_bytes_that_are_no_record_are_unreadable_and_the_error_says_what_to_do(raw: bytes) -> None:
    with pytest.raises(RecordUnreadable, match=f"A record of {len(raw)} bytes") as caught:
        wire.decode(raw)
    assert "hall skip" in caught.value.hint


def test_a_record_in_another_order_of_attributes_is_read_too() -> None:
    record, raw = wire.accept(accepted())
    shuffled = wire.to_text(dict(reversed(wire.parse_json(raw).items()))).encode()
    assert wire.decode(shuffled) == record
    assert wire.type_of(shuffled) == record.type
    assert wire.same_content(shuffled, raw)


def test_content_is_type_time_and_data() -> None:
    raw = wire.accept(accepted())[1]
    for same in ({"time": "2026-11-24T01:00:00Z"}, {"correlationid": "b"}, {"ext": 1}):
        assert wire.same_content(raw, wire.accept({**accepted(), **same})[1])
    assert wire.same_content(wire.stamp(raw, NOON_US), raw)
    for other in (accepted(hall="1"), {**accepted(), "time": "2026-11-24T09:00:01+08:00"}):
        assert not wire.same_content(raw, wire.accept(other)[1])
    started = event("hall.case.stage-started.v1", {"stage": "s"})
    finished = event("hall.case.stage-finished.v1", {"stage": "s"})
    assert not wire.same_content(wire.accept(started)[1], wire.accept(finished)[1])


def test_an_amendment_replaces_the_fields_it_names_and_keeps_the_rest() -> None:
    old = StageFinished(stage="审查", department="住建局", clerk_ref="c-1")
    new = wire.merged(old, {"department": "城管局", "result": "通过"})
    assert new == StageFinished(stage="审查", department="城管局", clerk_ref="c-1", result="通过")


def test_an_amendment_removes_a_field_by_null_and_reaches_nested_values() -> None:
    old = CaseCompleted(outcome="granted", reason="x", fee=Money(amount="1.00"))
    new = wire.merged(old, {"reason": None, "fee": {"amount": "2.00", "currency": "CNY"}})
    assert new == CaseCompleted(outcome="granted", fee=Money(amount="2.00"))


@pytest.mark.parametrize(
    ("replacement", "field", "reason"),
    [
        ({"score": 7}, "replacement.score", "shape"),
        ({"score": True}, "replacement.score", "shape"),
        ({"colour": "red"}, "replacement.colour", "unknown-field"),
        ({"score": None}, "replacement.score", "missing-field"),
    ],
)
def test_an_amendment_that_makes_no_value_names_the_field(
    replacement: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(EventInvalid) as caught:
        wire.merged(CaseRated(score=1), replacement)
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize("text", ["2026-12-01T09:00:00", "9999-01-01T00:00:00Z", "1795482000"])
def test_an_amendment_holds_instants_to_the_rules_of_intake(text: str) -> None:
    old = CaseAccepted(matter="m-1", department="住建局")
    with pytest.raises(EventInvalid) as caught:
        wire.merged(old, {"promised_due": text})
    assert caught.value.field == "replacement.promised_due"


def test_the_json_of_a_fact_has_only_what_is_there() -> None:
    paid: Fact = FeePaid(amount="120.00")
    assert wire.fact_to_json(paid) == {"amount": "120.00"}
    assert wire.to_text(["a", None, {"受理": 1}]) == '["a",null,{"受理":1}]'
