"""The XES reader: typed values, bounds, and a line in every complaint."""

import gzip
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from consoles.importing import xes
from consoles.importing.xes import Trace, read_traces
from ledger.errors import ImportInvalid

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n'
TRACE = """<trace>
<string key="concept:name" value="case-1"/>
<date key="deadline" value="2011-12-06T13:41:31.788+01:00"/>
<event>
<string key="org:group" value="Group 1"/>
<date key="time:timestamp" value="2011-10-11T13:45:40.276+02:00"/>
</event>
</trace>
"""
LOG = HEAD + TRACE + "</log>\n"


def read(folder: Path, text: str | bytes, name: str = "log.xes") -> list[Trace]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_traces(path))


def complaint(folder: Path, text: str | bytes) -> ImportInvalid:
    with pytest.raises(ImportInvalid) as caught:
        read(folder, text)
    assert caught.value.details["file"] == "log.xes"
    assert "log.xes" in str(caught.value)
    return caught.value


def with_attribute(attribute: str) -> str:
    """A log whose first event holds one more attribute, on line 8."""
    return LOG.replace('value="Group 1"/>\n', f'value="Group 1"/>\n{attribute}', 1)


def test_a_trace_comes_with_its_name_its_events_and_the_lines_they_begin_on(tmp_path: Path) -> None:
    (trace,) = read(tmp_path, LOG)
    assert (trace.name, trace.file, trace.line) == ("case-1", "log.xes", 3)
    assert [event.line for event in trace.events] == [6]
    assert trace.events[0].attributes["org:group"] == "Group 1"


def test_a_date_keeps_its_milliseconds_and_its_offset(tmp_path: Path) -> None:
    (trace,) = read(tmp_path, LOG)
    summer = timezone(timedelta(hours=2))
    at = trace.events[0].attributes["time:timestamp"]
    assert isinstance(at, datetime)
    assert at == datetime(2011, 10, 11, 13, 45, 40, 276_000, tzinfo=summer)
    assert at.utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ('<int key="x" value="-7"/>', -7),
        ('<boolean key="x" value="true"/>', True),
        ('<boolean key="x" value="false"/>', False),
        ('<float key="x" value="2.3832541524E7"/>', "2.3832541524E7"),
        ('<id key="x" value="0e9b"/>', "0e9b"),
        ('<string key="x" value="补正 &amp; 更正"/>', "补正 & 更正"),
        (
            '<date key="x" value="2011-10-11T11:45:40Z"/>',
            datetime(2011, 10, 11, 11, 45, 40, 0, UTC),
        ),
    ],
)
def test_an_attribute_has_the_type_that_its_tag_names(
    tmp_path: Path, attribute: str, expected: object
) -> None:
    (trace,) = read(tmp_path, with_attribute(attribute))
    value = trace.events[0].attributes["x"]
    assert value == expected
    assert type(value) is type(expected)


def test_nested_attributes_lists_and_what_belongs_to_the_log_itself_are_passed_by(
    tmp_path: Path,
) -> None:
    nested = (
        '<string key="x" value="kept"><int key="org:group" value="8"><id key="y" value="1"/></int>'
        '</string><list key="z"><values><event/><int key="x" value="1"/></values></list>'
    )
    of_the_log = (
        '<global scope="event"><date key="time:timestamp" value="never"/></global>'
        '<float key="mean" value="4.13"><float key="a" value="1.0"/></float>'
    )
    text = with_attribute(nested).replace("<trace>", f"{of_the_log}<trace>")
    (trace,) = read(tmp_path, text)
    assert len(trace.events) == 1
    assert set(trace.events[0].attributes) == {"org:group", "x", "time:timestamp"}
    assert trace.events[0].attributes["x"] == "kept"


def test_a_gzipped_log_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(LOG.encode())) == read(tmp_path, LOG)


def test_a_log_with_a_prefix_or_without_a_namespace_reads_the_same(tmp_path: Path) -> None:
    bare = LOG.replace(' xmlns="http://www.xes-standard.org/"', "")
    prefixed = LOG.replace("<log xmlns", "<x:log xmlns:x").replace("</log", "</x:log")
    for tag in ("trace", "event", "string", "date"):
        prefixed = prefixed.replace(f"<{tag}", f"<x:{tag}").replace(f"</{tag}", f"</x:{tag}")
    assert read(tmp_path, bare) == read(tmp_path, prefixed) == read(tmp_path, LOG)


def test_a_log_in_another_encoding_reads_the_same(tmp_path: Path) -> None:
    text = with_attribute('<string key="clerk" value="Chloé"/>')
    latin = text.replace("UTF-8", "windows-1252").encode("windows-1252")
    assert read(tmp_path, latin) == read(tmp_path, text)


def test_traces_are_given_before_the_file_has_been_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    names = [f"case-{index}" for index in range(5_000)]
    body = "".join(TRACE.replace("case-1", name) for name in names)
    path.write_text(f"{HEAD}{body}<broken")
    traces = read_traces(path)
    assert [next(traces).name for _ in range(4_900)] == names[:4_900]
    with pytest.raises(ImportInvalid):
        list(traces)


@pytest.mark.parametrize(
    ("attribute", "found"),
    [
        ('<date key="x" value="2011-10-11T13:45:40"/>', "'2011-10-11T13:45:40' as the date 'x'"),
        ('<date key="x" value="2011-10-11T13:45:40+00:19:32"/>', "as the date 'x'"),
        ('<date key="x" value="yesterday"/>', "'yesterday' as the date 'x'"),
        ('<int key="x" value="1.5"/>', "'1.5' as the int 'x'"),
        ('<int key="x" value="²"/>', "'²' as the int 'x'"),
        ('<boolean key="x" value="yes"/>', "'yes' as the boolean 'x'"),
        ('<string key="x"/>', "<string key='x'> without a value"),
        ('<string value="x"/>', "<string> without a key"),
        ('<string key="org:group" value="Group 2"/>', "a second 'org:group'"),
        ('<colour key="x" value="red"/>', "<colour key='x'>, which is no attribute of XES"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named_with_its_line(
    tmp_path: Path, attribute: str, found: str
) -> None:
    error = complaint(tmp_path, with_attribute(attribute))
    assert found in str(error)
    assert error.details["line"] == 8


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        (LOG.replace("</event>", "</evnt>"), 9, "mismatched tag"),
        (LOG[: LOG.index("<event>")], 6, "no element found"),
        ("", 1, "no element found"),
        ("case,activity,time\n1,a,2011\n", 1, "syntax error"),
        ("<html><body/></html>", 1, "<html> where <log> was expected"),
        (LOG.replace('key="concept:name"', 'key="name"'), 3, "a trace without a 'concept:name'"),
        (LOG.replace('"case-1"', '""'), 3, "a trace without a 'concept:name'"),
        (LOG.replace("UTF-8", "klingon"), 1, "klingon"),
        (LOG.replace("<log", "<!DOCTYPE log>\n<log", 1), 2, "a document type (log)"),
    ],
)
def test_a_damaged_log_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, found: str
) -> None:
    error = complaint(tmp_path, text)
    assert found in str(error)
    assert error.details["line"] == line


def test_entities_are_refused_before_they_can_expand(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE log [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><log>&b;</log>'
    assert "document type" in str(complaint(tmp_path, bomb))


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_gzipped_log_that_was_cut_off_is_refused(tmp_path: Path, kept: float) -> None:
    whole = gzip.compress((HEAD + TRACE * 2_000 + "</log>").encode())
    assert "unreadable file" in str(complaint(tmp_path, whole[: int(len(whole) * kept)]))


def test_a_gzipped_log_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(LOG.encode()))
    whole[-8] ^= 1  # the checksum in the gzip trailer (RFC 1952 §2.3.1)
    assert "unreadable file" in str(complaint(tmp_path, bytes(whole)))


def test_a_gzipped_log_with_a_block_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    header = gzip.compress(b"")[:10]
    reserved_block = b"\x07" * 16  # block type 3 (RFC 1951 §3.2.3)
    assert "unreadable file" in str(complaint(tmp_path, header + reserved_block))


def test_a_file_that_is_not_there_is_an_error_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(ImportInvalid, match=r"absent\.xes"):
        list(read_traces(tmp_path / "absent.xes"))


def test_a_trace_at_the_bound_of_events_is_read_and_one_past_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xes, "EVENTS_PER_TRACE_MAX", 3)
    bound = LOG.replace("</trace>", "<event/><event/></trace>")
    assert len(read(tmp_path, bound)[0].events) == 3
    past = bound.replace("</trace>", "<event/></trace>")
    assert "more than 3 events" in str(complaint(tmp_path, past))


def test_an_element_at_the_bound_of_attributes_is_read_and_one_past_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xes, "ATTRIBUTES_PER_ELEMENT_MAX", 3)
    bound = with_attribute('<int key="a" value="1"/>')
    assert len(read(tmp_path, bound)[0].events[0].attributes) == 3
    past = with_attribute('<int key="a" value="1"/><int key="b" value="1"/>')
    assert "more than 3 attributes" in str(complaint(tmp_path, past))


def test_an_endless_tag_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    endless = f'{HEAD}<trace><string key="x" value="{"a" * (4 * xes.TOKEN_BYTES_MAX)}'
    error = complaint(tmp_path, gzip.compress(endless.encode()))
    assert f"more than {xes.TOKEN_BYTES_MAX} bytes" in str(error)
