"""Intake of the catalogue: a bad entry is refused with its field's path, a good one is a value."""

from typing import Any

import pytest

from ledger import wire
from ledger.catalogue import FeeRule, Hall, Matter, Published, Stage
from ledger.catalogue_faults import CODE_MAX, MATERIALS_MAX, STAGES_MAX, TEXT_MAX
from ledger.errors import EventInvalid
from ledger.fact import Limit

DAYS = {"amount": 5, "unit": "working_day"}
MATTER: dict[str, Any] = {
    "code": "M-1",
    "name": "食品经营许可",
    "name_en": "Food business licence",
    "department": "SCJ",
    "handling_type": "promised",
    "statutory_limit": {"amount": 20, "unit": "working_day"},
    "promised_limit": {"amount": 7, "unit": "working_day"},
    "stages": [{"name": "审查", "limit": DAYS}, {"name": "决定"}],
    "fee": {"free": False, "amount": "120.00", "basis": "价费字2020第1号"},
    "mandatory_materials": ["申请表", "身份证"],
    "issues_certificate": True,
    "window_decides": True,
}


def sent(entry: Any, kind: str = "matter", code: str = "M-1", **data: Any) -> dict[str, Any]:
    says = {"effective_from": "2026-11-24T00:00:00+08:00", "entry": entry, **data}
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/catalogue",
        "type": f"hall.reference.{kind}-published.v1",
        "subject": f"reference:{kind}:{code}",
        "time": "2026-11-24T00:00:00+08:00",
        "data": {name: value for name, value in says.items() if value is not None},
    }


def refused(event: dict[str, Any]) -> EventInvalid:
    with pytest.raises(EventInvalid) as caught:
        wire.accept(event)
    return caught.value


def test_an_entry_is_a_value_and_its_bytes_stay_as_they_were_sent() -> None:
    record, raw = wire.accept(sent(MATTER))
    assert isinstance(record.data, Published)
    assert record.data.entry == Matter(
        code="M-1",
        name="食品经营许可",
        name_en="Food business licence",
        department="SCJ",
        handling_type="promised",
        statutory_limit=Limit(amount=20, unit="working_day"),
        promised_limit=Limit(amount=7, unit="working_day"),
        stages=(Stage(name="审查", limit=Limit(amount=5, unit="working_day")), Stage(name="决定")),
        fee=FeeRule(free=False, amount="120.00", basis="价费字2020第1号"),
        mandatory_materials=("申请表", "身份证"),
        issues_certificate=True,
        window_decides=True,
    )
    assert wire.parse_json(raw)["data"]["entry"] == MATTER
    assert wire.decode(raw) == record


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("hall", {"code": "M-1", "name": "大厅", "zone": "Asia/Shanghai"}),
        ("department", {"code": "M-1", "name": "局", "hall": "H-1"}),
        ("window", {"code": "M-1", "name": "一号窗口", "hall": "H-1", "department": "SCJ"}),
        ("matter", {"code": "M-1", "name": "事项", "department": "SCJ"}),
    ],
)
def test_each_kind_is_taken_and_given_back(kind: str, entry: dict[str, Any]) -> None:
    record, _ = wire.accept(sent(entry, kind))
    assert isinstance(record.data, Published)
    assert record.data.entry is not None
    assert not isinstance(record.data.entry, dict)
    given = wire.entry_to_json(record.data.entry)
    assert {name: given[name] for name in entry} == entry
    missing = {name: value for name, value in entry.items() if name != "name"}
    assert refused(sent(missing, kind)).field == "data.entry.name"


def many(count: int, **more: Any) -> list[Any]:
    return [{"name": str(number), **more} for number in range(count)]


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"department": None}, "department", "shape"),
        ({"colour": "red"}, "colour", "unknown-field"),
        ({"promised_limit": {"amount": 5}}, "promised_limit.unit", "missing-field"),
        ({"promised_limit": {"amount": 5, "unit": "week"}}, "promised_limit.unit", "shape"),
        ({"promised_limit": {"amount": 5.0, "unit": "hour"}}, "promised_limit.amount", "shape"),
        ({"promised_limit": {"amount": -1, "unit": "hour"}}, "promised_limit", "shape"),
        ({"handling_type": "即办"}, "handling_type", "shape"),
        ({"in_hall": "true"}, "in_hall", "shape"),
        ({"stages": [{"name": "a"}, {"limit": DAYS}]}, "stages.1.name", "missing-field"),
        ({"stages": [{"name": "a"}, {"name": "a"}]}, "stages.1.name", "shape"),
        ({"stages": many(STAGES_MAX + 1)}, "stages", "shape"),
        ({"mandatory_materials": ["a", " "]}, "mandatory_materials.1", "shape"),
        ({"mandatory_materials": ["a", "b\nc"]}, "mandatory_materials.1", "shape"),
        ({"mandatory_materials": list(map(str, range(MATERIALS_MAX + 1)))}, "mandatory_materials",
         "shape"),
        ({"fee": {"amount": "1"}}, "fee.free", "missing-field"),
        ({"fee": {"free": True, "amount": "1"}}, "fee.amount", "shape"),
        ({"fee": {"free": False, "amount": "-1"}}, "fee.amount", "shape"),
        ({"fee": {"free": False, "amount": "12元"}}, "fee.amount", "shape"),
        ({"fee": {"free": False, "currency": "元"}}, "fee.currency", "shape"),
        ({"fee": {"free": False, "basis": ""}}, "fee.basis", "shape"),
        ({"name": " 食品"}, "name", "shape"),
        ({"name": "x" * (TEXT_MAX + 1)}, "name", "shape"),
        ({"name_en": ""}, "name_en", "shape"),
        ({"department": ""}, "department", "shape"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_refused_with_its_fields_path(
    change: dict[str, Any], field: str, reason: str
) -> None:
    why = refused(sent({**MATTER, **change}))
    assert (why.field, why.reason) == (f"data.entry.{field}", reason)


def test_the_bounds_themselves_are_taken() -> None:
    materials = list(map(str, range(MATERIALS_MAX)))
    most = {
        "stages": many(STAGES_MAX),
        "mandatory_materials": materials,
        "name": "x" * TEXT_MAX,
        "code": "c" * CODE_MAX,
        "fee": {"free": True, "amount": "0.00"},
    }
    wire.accept(sent({**MATTER, **most}, code="c" * CODE_MAX))
    longer = "c" * (CODE_MAX + 1)
    assert refused(sent({**MATTER, "code": longer}, code=longer)).field == "data.entry.code"


def test_a_zone_that_does_not_exist_is_refused() -> None:
    entry = {"code": "M-1", "name": "大厅", "zone": "Asia/Changhe"}
    assert refused(sent(entry, "hall")).field == "data.entry.zone"


def test_a_publication_holds_an_entry_or_withdraws_it() -> None:
    data = wire.accept(sent(None, withdrawn=True))[0].data
    assert isinstance(data, Published)
    assert (data.entry, data.withdrawn) == (None, True)
    assert refused(sent(None)).field == "data.entry"
    assert refused(sent(MATTER, withdrawn=True)).field == "data.withdrawn"
    assert refused(sent(None, withdrawn=False)).field == "data.withdrawn"


@pytest.mark.parametrize("subject", ["reference:hall:M-1", "reference:matter:", "reference:matter"])
def test_the_subject_names_kind_and_code(subject: str) -> None:
    assert refused({**sent(MATTER), "subject": subject}).field == "subject"
    assert refused(sent(MATTER, code="M-2")).field == "data.entry.code"


def test_an_entry_of_an_earlier_version_stays_readable() -> None:
    old = wire.accept(sent(None, withdrawn=True))[1].replace(
        b'"withdrawn":true', '"entry":{"name":"市住建局"}'.encode()
    )
    record = wire.decode(old)
    assert record.data == type(record.data)(
        effective_from=record.time,
        entry={"name": "市住建局"},  # type: ignore[call-arg]
    )


def test_reading_an_entry_names_everything_that_is_wrong_with_it() -> None:
    entry, faults = wire.read_entry("matter", {"code": 1, "promised_limit": 5, "fee": {}}, "here")
    assert entry is None
    fields = {"here.code", "here.name", "here.department", "here.promised_limit", "here.fee.free"}
    assert {fault.field for fault in faults} == fields
    assert wire.read_entry("hall", {"code": "1", "name": "大厅"}) == (
        Hall(code="1", name="大厅"),
        [],
    )
