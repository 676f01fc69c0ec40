"""A catalogue's files: what is written is read again, and each bad cell is named with its place."""

import csv
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consoles.catalogue.csv_file import read_csv, write_csv
from consoles.catalogue.json_file import read_json, write_json
from consoles.catalogue.loaded import Loaded
from ledger.catalogue import Department, Entry, FeeRule, Kind, Matter, Stage, Window
from ledger.catalogue_faults import entry_faults
from ledger.errors import ImportInvalid
from ledger.fact import Limit
from tests.consoles.catalogues import catalogues

KINDS: list[Kind] = ["hall", "department", "window", "matter"]


@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_a_csv_is_read_as_it_was_written_and_written_again_the_same(
    kind: Kind, data: st.DataObject
) -> None:
    entries = data.draw(catalogues(kind))
    assert not any(map(entry_faults, entries))
    written = write_csv(entries, kind)
    loaded = read_csv(written, kind)
    assert (loaded.errors, loaded.rows) == ([], len(entries))
    assert loaded.entries == sorted(entries, key=lambda each: each.code)
    assert write_csv(reversed(entries), kind) == written


@given(entries=catalogues(*KINDS))
def test_a_json_file_is_read_as_it_was_written_and_written_again_the_same(
    entries: list[Entry],
) -> None:
    written = write_json(entries)
    loaded = read_json(written)
    assert (loaded.errors, set(loaded.entries)) == ([], set(entries))
    assert write_json(loaded.entries) == written
    assert list(loaded.kinds) == KINDS


def test_no_cell_is_a_formula_and_an_apostrophe_is_no_loss() -> None:
    names = ["=1+1", "+86", "-x", "@SUM", "'=1", "''", "\uff1d1"]
    stage = (Stage(name="=1"),)
    entries: list[Entry] = [
        Matter(code=f"{number}", name=name, department="=D", stages=stage)
        for number, name in enumerate(names)
    ]
    written = write_csv(entries, "matter")
    for row in list(csv.reader(written.decode("utf-8-sig").splitlines()))[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in row)
    assert read_csv(written, "matter").entries == entries


# --- a table as a clerk writes it ----------------------------------------------------------------

CHINESE = (
    "事项编码,事项名称,部门,办件类型,法定时限,承诺时限,环节,"
    "是否免费,收费金额,收费依据,必备材料,是否出证,是否进厅,窗口可决定\n"
    "M-1,食品经营许可,SCJ,承诺件,20个工作日,7 工作日,审查=2个工作日；现场核查；决定=1工作小时,"
    '否,120.00,价费字1号,"申请表；\n身份证",是,是,否\n'
    "M-2,公司设立登记,SCJ,即办,,即办,,是,,,,,,\n"
    ",,,,,,,,,,,,,\n"
    "M-3,户口迁移,GAJ,,2个月,30个自然日,受理\\;登记,,,,,,,\n"
)


def days(amount: int) -> Limit:
    return Limit(amount=amount, unit="working_day")


EXPECTED = [
    Matter(
        code="M-1",
        name="食品经营许可",
        department="SCJ",
        handling_type="promised",
        statutory_limit=days(20),
        promised_limit=days(7),
        stages=(
            Stage(name="审查", limit=days(2)),
            Stage(name="现场核查"),
            Stage(name="决定", limit=Limit(amount=1, unit="working_hour")),
        ),
        fee=FeeRule(free=False, amount="120.00", basis="价费字1号"),
        mandatory_materials=("申请表", "身份证"),
        issues_certificate=True,
    ),
    Matter(
        code="M-2",
        name="公司设立登记",
        department="SCJ",
        handling_type="immediate",
        promised_limit=days(0),
        fee=FeeRule(free=True),
    ),
    Matter(
        code="M-3",
        name="户口迁移",
        department="GAJ",
        statutory_limit=Limit(amount=2, unit="month"),
        promised_limit=Limit(amount=30, unit="natural_day"),
        stages=(Stage(name="受理;登记"),),
    ),
]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_chinese_headers_and_cells_are_read(mark: bytes, ends: str) -> None:
    loaded = read_csv(mark + CHINESE.replace("\n", ends).encode(), "matter")
    assert loaded.errors == []
    assert loaded.entries == EXPECTED
    assert list(loaded.places.values()) == ["line 2", "line 4", "line 6"]


def test_departments_and_windows_have_tables_of_their_own() -> None:
    offices = read_csv("部门编码,部门名称,大厅\nSCJ,市场监管局,H-1\n".encode(), "department")
    assert offices.entries == [Department(code="SCJ", name="市场监管局", hall="H-1")]
    windows = read_csv(b"code,name,hall,department\nW-1,one,H-1,\n", "window")
    assert windows.entries == [Window(code="W-1", name="one", hall="H-1")]


def test_columns_that_a_table_goes_on_with_blank_are_passed_over() -> None:
    loaded = read_csv(b"code,name,department,,\nM-1,a,SCJ,,\nM-2,b,SCJ\n", "matter")
    assert loaded.errors == []
    assert [entry.code for entry in loaded.entries] == ["M-1", "M-2"]


# --- errors --------------------------------------------------------------------------------------


def told(loaded: Loaded) -> list[tuple[str, str, str]]:
    return [(error.place, error.column, error.found) for error in loaded.errors]


def of_row(header: str, cells: str) -> Loaded:
    head = f"code,name,department,{header}\nM-0,good,SCJ\n"
    return read_csv(f"{head}M-1,事项,SCJ,{cells}\n".encode(), "matter")


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("promised_limit", "20日", "20个工作日"),
        ("promised_limit", "20", "20 working_day"),
        ("promised_limit", "working_day", "20 working_day"),
        ("promised_limit", "-1 hour", "20 working_day"),
        ("promised_limit", "100001 hour", "outside 0 … 100000"),
        ("handling_type", "马上办", "'immediate'"),
        ("stages", "审查=2=3", "'\\='"),
        ("stages", "审查=两天", "20个工作日"),
        ("stages", "=2 hour", "one line"),
        ("stages", "a; b; a", "each once"),
        ("stages", "a\\n", "a backslash only before"),
        ("mandatory_materials", "a;b;a", "each once"),
        ("in_hall", "maybe", "true or false"),
        ("fee_amount", "12元", "a value"),
        ("fee_free", "也许", "true or false"),
        ("name_en", "x" * 1_001, "1 to 1000"),
    ],
)
def test_a_bad_cell_is_named_with_line_and_column(column: str, cell: str, expected: str) -> None:
    loaded = of_row(column, f'"{cell}"')
    assert [entry.code for entry in loaded.entries] == ["M-0"]
    assert (loaded.rows, loaded.bad) == (2, 1)
    error = loaded.errors[0]
    assert error.line == 3
    assert error.column == (column if column != "fee_amount" else "fee_free")
    assert expected in error.expected


def test_every_error_of_a_row_is_named() -> None:
    loaded = of_row("promised_limit,stages,in_hall,fee_amount", "20日,a=1=2,x,12元")
    assert told(loaded) == [
        ("line 3", "promised_limit", "'20日'"),
        ("line 3", "stages", "'a=1=2'"),
        ("line 3", "in_hall", "'x'"),
        ("line 3", "fee_free", "nothing"),
    ]
    assert str(loaded.errors[2]) == "line 3, in_hall: found 'x', expected true or false (是, 否)"


def test_a_blank_cell_that_is_needed_is_named() -> None:
    loaded = read_csv(b"code,name,department\n,a,SCJ\nM-1,,\n", "matter")
    assert [(place, column) for place, column, _ in told(loaded)] == [
        ("line 2", "code"),
        ("line 3", "name"),
        ("line 3", "department"),
    ]


def test_cells_beyond_the_header_are_named() -> None:
    loaded = read_csv(b"code,name,department\nM-1,a,SCJ,more\n", "matter")
    assert told(loaded) == [("line 2", "(row)", "4 cells")]


def test_a_line_is_where_its_row_begins() -> None:
    text = 'code,name,department,mandatory_materials\nM-1,a,SCJ,"x\ny\nz"\n\nM-2,b,SCJ,"p\np"\n'
    loaded = read_csv(text.encode(), "matter")
    assert told(loaded) == [("line 6", "mandatory_materials", "'p\\np'")]


def test_rows_of_one_code_are_all_bad() -> None:
    table = b"code,name,department\nM-1,a,SCJ\nM-2,b,SCJ\nM-1,c,SCJ\nM-1,a,SCJ\n"
    loaded = read_csv(table, "matter")
    assert [entry.code for entry in loaded.entries] == ["M-2"]
    assert (loaded.rows, loaded.bad) == (4, 3)
    assert [error.place for error in loaded.errors] == ["line 2", "line 4", "line 5"]
    assert "line 4" in loaded.errors[0].expected


def test_a_quote_that_never_ends_is_named_and_the_rows_before_it_are_kept() -> None:
    loaded = read_csv(b'code,name,department\nM-1,a,SCJ\nM-2,"b,SCJ\nM-3,c,SCJ\n', "matter")
    assert [entry.code for entry in loaded.entries] == ["M-1"]
    assert [(place, column) for place, column, _ in told(loaded)] == [("line 3", "(row)")]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "lacks code, name, department"),
        (b"code,name\n", "lacks department"),
        (b"code,name,department,promise\n", "'promise'"),
        (b"code,name,department,code\n", "'code' twice"),
        ("code,事项编码,name,department\n".encode(), "'事项编码' twice"),
        (b"code,,name,department\n", "''"),
        (b'"code,name\n', "header cannot be read"),
        ("code,name,department\nM-1,a,SCJ\nM-2,名,SCJ\n".encode("gbk"), "Line 3"),
    ],
)
def test_a_file_whose_columns_cannot_be_told_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ImportInvalid, match=message):
        read_csv(raw, "matter")


def as_json(**lists: Any) -> bytes:
    return json.dumps(lists, ensure_ascii=False).encode()


def test_bad_entries_of_a_json_file_are_named_with_list_index_and_field() -> None:
    good = {"code": "M-1", "name": "a", "department": "SCJ"}
    stages = [{"name": "x"}, {"name": "y", "limit": {"amount": 1, "unit": "week"}}]
    raw = as_json(
        departments=[{"code": "SCJ", "name": "局"}, 7],
        matters=[good, {**good, "code": "M-2", "stages": stages, "colour": 1}, good],
    )
    loaded = read_json(b"\xef\xbb\xbf" + raw)
    assert loaded.entries == [Department(code="SCJ", name="局")]
    assert (loaded.rows, loaded.bad) == (5, 4)
    assert {(place, column) for place, column, _ in told(loaded)} == {
        ("departments[1]", "(entry)"),
        ("matters[1]", "stages.1.limit.unit"),
        ("matters[1]", "colour"),
        ("matters[0]", "code"),
        ("matters[2]", "code"),
    }
    assert loaded.kinds == ("department", "matter")
    assert loaded.errors[0].line is None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[]", "found list|Found list"),
        (b"{", "no JSON"),
        (as_json(matter=[]), "'matter'"),
        (as_json(matters={}), "matters: found an object"),
    ],
)
def test_a_json_file_without_lists_of_entries_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ImportInvalid, match=message):
        read_json(raw)
