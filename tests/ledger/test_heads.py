"""The head of a record says what decoding it says."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import wire
from ledger.heads import as_bytes, head_of

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
ANY_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
)


def event(**attributes: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": "/halls/1",
        "id": "1",
        "subject": "C-1",
        "time": "2018-10-15T10:00:00+08:00",
        "data": {"actor_ref": '","subject":"C-2","timeline":"x'},
        **attributes,
    }


def test_a_head_names_type_and_subject_and_no_timeline_of_a_live_record() -> None:
    _, raw = wire.accept(event(subject="案件-1"))
    assert head_of(raw) == (b"hall.case.urged.v1", "案件-1".encode(), None)


def test_a_head_names_the_timeline_of_an_import() -> None:
    _, raw = wire.accept(event(), timeline="evidence/receipt@1")
    head = head_of(wire.stamp(raw, 0))
    assert head is not None
    assert head.timeline == as_bytes("evidence/receipt@1")


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_whatever_the_texts_hold_the_head_is_what_decoding_says(
    source: str, id_: str, subject: str
) -> None:
    raw = json.dumps(event(source=source, id=id_, subject=subject)).encode()
    made = wire.encode(wire.decode(raw))
    head = head_of(made)
    assert head is not None
    assert (head.type, head.subject) == (b"hall.case.urged.v1", as_bytes(subject))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_head_of_every_type_written_here_is_what_decoding_says(path: Path) -> None:
    record = wire.decode(path.read_bytes())
    head = head_of(wire.encode(record))
    assert head is not None
    timeline = None if record.timeline is None else as_bytes(record.timeline)
    assert head == (record.type.encode(), as_bytes(record.subject), timeline)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"not JSON",
        json.dumps(event()).encode(),
        b'{"type":"hall.case.urged.v1","specversion":"1.0","source":"s","id":"1","subject":"C-1"}',
    ],
)
def test_bytes_of_another_form_have_no_head_here(raw: bytes) -> None:
    assert head_of(raw) is None
