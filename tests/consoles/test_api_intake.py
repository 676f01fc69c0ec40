"""`POST /events` over a real socket: what is taken, what is refused, what of that is kept."""

import copy
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.consoles.api_hall import (
    Served,
    SmallSettings,
    accepted_event,
    open_small,
    served,
)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    with served(open_small(tmp_path)) as it:
        yield it


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the many ways to be bad; its tests look only at what they added themselves."""
    with served(open_small(tmp_path_factory.mktemp("hall"))) as it:
        yield it


def letters(api: Served, after: int = 0) -> list[tuple[str, bytes]]:
    return [(each.reason, each.raw) for each in api.hall.dead_letters.list(after, 1_000)]


def letters_so_far(api: Served) -> int:
    return sum(api.hall.dead_letters.counts().values())


def changed(path: str, value: Any) -> dict[str, Any]:
    """An acceptance with one value set, or removed where `value` is the ellipsis."""
    event = copy.deepcopy(accepted_event())
    *parents, last = path.split(".")
    inner: Any = event
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return event


# --- What is taken -------------------------------------------------------------------------------


def test_an_event_is_answered_with_its_position_once_it_is_in_the_log(api: Served) -> None:
    first = api.post(accepted_event())
    assert (first.status, first.json()) == (
        201,
        {
            "outcome": "appended",
            "duplicate": False,
            "position": {"partition": 0, "offset": 0},
        },
    )
    (record,) = api.hall.records()
    assert (record.subject, record.id) == ("case-1", "a-1")
    assert record.recordedtime is not None


def test_the_same_event_again_is_answered_with_the_first_position(api: Served) -> None:
    api.post(accepted_event())
    again = api.post(accepted_event())
    assert (again.status, again.json()["duplicate"]) == (200, True)
    assert again.json()["position"] == {"partition": 0, "offset": 0}
    assert len(api.hall.records()) == 1
    assert letters(api) == []


@pytest.mark.parametrize(
    "media_type",
    [
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
    ],
)
def test_cloudevents_media_types_are_json(api: Served, media_type: str) -> None:
    assert api.post([accepted_event()], Content_Type=media_type).status == 200


def test_a_batch_is_answered_event_by_event_in_order(api: Served) -> None:
    answer = api.post([accepted_event(f"a-{n}", f"case-{n}") for n in range(3)])
    body = answer.json()
    assert answer.status == 200
    assert [item["index"] for item in body["results"]] == [0, 1, 2]
    assert [item["position"]["offset"] for item in body["results"]] == [0, 1, 2]
    assert (body["appended"], body["repeated"], body["refused"]) == (3, 0, 0)


def test_an_empty_batch_takes_nothing_and_is_no_error(api: Served) -> None:
    answer = api.post([])
    assert (answer.status, answer.json()["results"]) == (200, [])


def test_chinese_text_comes_back_byte_for_byte(api: Served) -> None:
    body = json.dumps(changed("data.matter", "公司设立登记"), ensure_ascii=False).encode()
    assert api.post(body).status == 201
    ((_, raw),) = api.hall.log.read(0, 0, 1)
    assert "公司设立登记".encode() in raw


# --- What is refused -----------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown type": (changed("type", "hall.case.vanished.v1"), "type"),
    "a finding, which no source may send": (changed("type", "hall.finding.limits-set.v1"), "type"),
    "missing field": (changed("data.matter", ...), "matter"),
    "unknown field": (changed("data.colour", "red"), "colour"),
    "missing data": (changed("data", ...), "data"),
    "data not an object": (changed("data", [1]), "data"),
    "float": (changed("data.promised_limit", {"amount": 5.5, "unit": "working_day"}), "amount"),
    "time without offset": (changed("time", "2026-11-23T09:00:00"), "time"),
    "time that is no instant": (changed("time", "2026-11-31T09:00:00+08:00"), "time"),
    "a year 9999": (changed("time", "9999-11-23T09:00:00+08:00"), "time"),
    "due in a year 9999": (changed("data.promised_due", "9999-01-01T00:00:00Z"), "promised_due"),
    "recordedtime from outside": (changed("recordedtime", "2026-11-23T09:00:00Z"), "recordedtime"),
    "no subject": (changed("subject", ""), "subject"),
    "a reserved subject": (changed("subject", "partition:0"), "subject"),
    "the source of supervision": (changed("source", "/supervision"), "source"),
    "another specversion": (changed("specversion", "0.3"), "specversion"),
}
FLOAT_MONEY = {
    **accepted_event("f-1"),
    "type": "hall.case.fee-charged.v1",
    "data": {"amount": 120.5},
}
BAD["float money"] = (FLOAT_MONEY, "amount")


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_bad_event_is_a_problem_that_names_the_field_and_is_kept(
    lasting: Served, kind: str
) -> None:
    event, field = BAD[kind]
    body = json.dumps(event).encode()
    before, end = letters_so_far(lasting), lasting.hall.log.ends()
    answer = lasting.post(body)
    problem = answer.json()
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] in ("ledger.event-invalid", "ledger.unknown-type")
    assert field in problem["field"]
    assert problem["detail"]
    assert [raw for _, raw in letters(lasting, before)] == [body]
    assert lasting.hall.log.ends() == end


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_bad_event_among_good_ones_is_the_only_one_left_out(lasting: Served, kind: str) -> None:
    event, field = BAD[kind]
    original = json.dumps(event, indent=1)
    good = [accepted_event(f"{kind} {n}") for n in range(2)]
    body = f"[ {json.dumps(good[0])} ,\n {original} , {json.dumps(good[1])}]".encode()
    before = letters_so_far(lasting)
    answer = lasting.post(body)
    results = answer.json()["results"]
    assert answer.status == 207
    assert [item["outcome"] for item in results] == ["appended", "refused", "appended"]
    assert field in results[1]["field"]
    assert results[1]["index"] == 1
    assert [record.id for record in lasting.hall.records()[-2:]] == [each["id"] for each in good]
    assert [raw for _, raw in letters(lasting, before)] == [original.encode()]


def test_a_refused_event_of_a_batch_names_its_record(api: Served) -> None:
    answer = api.post([accepted_event("good"), changed("time", "yesterday")])
    assert answer.json()["results"][1]["record"] == {
        "source": "/halls/430100/approval",
        "id": "a-1",
    }


def test_things_that_are_no_events_at_all_are_refused_one_by_one(api: Served) -> None:
    answer = api.post([None, 1, "text", [], accepted_event()])
    assert answer.status == 207
    assert answer.json()["refused"] == 4
    assert sorted(raw for _, raw in letters(api)) == sorted([b"null", b"1", b'"text"', b"[]"])


def test_a_batch_of_which_nothing_can_be_taken_is_a_problem(api: Served) -> None:
    answer = api.post([changed("time", "x"), changed("data", ...)])
    problem = answer.json()
    assert (answer.status, problem["code"]) == (400, "request.events-refused")
    assert [item["index"] for item in problem["results"]] == [0, 1]
    assert len(letters(api)) == 2


def test_other_content_under_a_known_identity_has_no_effect_and_is_kept(api: Served) -> None:
    api.post(accepted_event())
    other = changed("data.matter", "M2")
    single = api.post(other)
    assert (single.status, single.json()["code"]) == (409, "ledger.identity-conflict")
    assert single.json()["position"] == {"partition": 0, "offset": 0}
    batch = api.post([other, accepted_event("a-2")])
    assert batch.status == 207
    assert [item["outcome"] for item in batch.json()["results"]] == ["conflict", "appended"]
    assert [reason for reason, _ in letters(api)] == ["ledger.identity-conflict"] * 2
    assert [record.id for record in api.hall.records()] == ["a-1", "a-2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"specversion":"1.0",}',
        b"[{}, {]",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'"\xed\xa0\x80"',
        b"[" * 100_000,
        b"nonsense",
    ],
)
def test_malformed_json_is_kept_whole(lasting: Served, body: bytes) -> None:
    before = letters_so_far(lasting)
    answer = lasting.post(body)
    problem = answer.json()
    assert (answer.status, problem["code"]) == (400, "ledger.event-invalid")
    assert (problem["reason"], problem["field"]) == ("malformed-json", "(body)")
    assert letters(lasting, before) == [("malformed-json", body)]


def test_json_that_is_neither_event_nor_batch_is_kept_whole(api: Served) -> None:
    answer = api.post(b" 42 ")
    assert (answer.status, answer.json()["field"]) == (400, "(body)")
    assert [raw for _, raw in letters(api)] == [b" 42 "]


def test_a_body_that_is_not_declared_as_json_is_refused_unread(api: Served) -> None:
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json;charset=gbk",
    ):
        answer = api.post(accepted_event(), Content_Type=media_type)
        assert (answer.status, answer.json()["code"]) == (415, "request.media-type-unsupported")
    assert api.hall.records() == []


# --- Bounds --------------------------------------------------------------------------------------


def padded(size: int) -> bytes:
    """An acceptance in a body of exactly `size` bytes."""
    body = json.dumps(accepted_event()).encode()
    return body + b" " * (size - len(body))


def test_a_body_at_the_bound_is_taken_and_one_byte_more_leaves_only_its_hash(api: Served) -> None:
    bound = SmallSettings().max_body_bytes
    assert api.post(padded(bound)).status == 201
    body = padded(bound + 1)
    answer = api.post(body)
    problem = answer.json()
    assert (answer.status, problem["code"]) == (413, "request.body-too-large")
    assert problem["limit"] == bound
    (letter,) = api.hall.dead_letters.list()
    assert (letter.raw, letter.sha256) == (b"", hashlib.sha256(body).hexdigest())
    assert letter.reason == "body-too-large"


def test_ten_megabytes_are_refused_and_the_server_goes_on(api: Served) -> None:
    body = padded(10_000_000)
    assert api.post(body).status == 413
    assert api.hall.dead_letters.list()[0].sha256 == hashlib.sha256(body).hexdigest()
    assert api.post(accepted_event()).status == 201


def test_a_body_in_chunks_without_length_is_bounded_too(api: Served) -> None:
    chunk = b" " * 65_536
    answer = api.ask(
        "POST",
        "/api/v1/events",
        iter([chunk] * 200),
        {"Content-Type": "application/json"},
    )
    assert answer.status == 413
    (letter,) = api.hall.dead_letters.list()
    assert letter.sha256 == hashlib.sha256(chunk * 200).hexdigest()


def test_as_many_events_as_the_bound_are_taken_and_one_more_takes_none(tmp_path: Path) -> None:
    with served(open_small(tmp_path, SmallSettings(max_batch_events=3))) as api:
        events = [accepted_event(f"a-{n}") for n in range(4)]
        assert api.post(events[:3]).status == 200
        body = json.dumps(events).encode()
        answer = api.post(body)
        assert (answer.status, answer.json()["code"]) == (413, "request.too-many-events")
        assert len(api.hall.records()) == 3
        assert letters(api) == [("too-many-events", body)]


def test_ten_thousand_events_in_one_batch_lose_no_good_one_and_keep_every_bad_one(
    api: Served,
) -> None:
    events = [accepted_event(f"a-{n}", f"case-{n}") for n in range(10_000)]
    bad = list(range(0, 10_000, 100))
    for index in bad:
        events[index]["time"] = "2026-11-23T09:00:00"
    answer = api.post(events)
    results = answer.json()["results"]
    assert answer.status == 207
    assert [item["index"] for item in results if item["outcome"] == "refused"] == bad
    assert len(api.hall.records()) == 9_900
    kept = [json.loads(letter.raw)["id"] for letter in api.hall.dead_letters.list(limit=1_000)]
    assert sorted(kept) == sorted(f"a-{index}" for index in bad)


def test_a_long_batch_one_past_the_bound_takes_none(api: Served) -> None:
    events = [accepted_event(f"a-{n}", f"case-{n}") for n in range(10_001)]
    answer = api.post(events)
    assert (answer.status, answer.json()["code"]) == (413, "request.too-many-events")
    assert api.hall.records() == []


def test_a_long_batch_with_an_error_at_its_end_is_kept_whole(api: Served) -> None:
    body = json.dumps([accepted_event(f"a-{n}") for n in range(3_000)]).encode()[:-1] + b",]"
    answer = api.post(body)
    assert (answer.status, answer.json()["reason"]) == (400, "malformed-json")
    assert letters(api) == [("malformed-json", body)]
    assert api.hall.records() == []


def test_beyond_the_requests_under_way_the_answer_is_busy_and_nothing_is_taken(
    tmp_path: Path,
) -> None:
    with served(open_small(tmp_path, SmallSettings(max_in_flight=0))) as api:
        answer = api.post(accepted_event())
        assert (answer.status, answer.json()["code"]) == (429, "request.busy")
        assert answer.headers["retry-after"] == "1"
        assert api.hall.records() == []


def test_while_the_log_cannot_be_reached_nothing_is_taken_and_a_retry_is_asked_for(
    tmp_path: Path,
) -> None:
    with served(open_small(tmp_path)) as api:
        api.hall.log.close()
        for body in (accepted_event(), [accepted_event()], [accepted_event(), 1], b"{"):
            answer = api.post(body)
            assert (answer.status, answer.json()["code"]) == (503, "ledger.unavailable")
            assert answer.headers["retry-after"] == "1"


def test_every_outcome_is_counted(api: Served) -> None:
    api.post([accepted_event(), accepted_event(), changed("data.matter", "M2"), 1])
    api.post(b"{")
    text = api.get("/metrics").body.decode()
    for outcome in ("appended", "repeated", "conflict", "refused"):
        assert f'hall_http_events_total{{outcome="{outcome}"}} 1' in text
    assert 'hall_http_problems_total{code="ledger.event-invalid"} 1' in text
    assert "hall_build_info 1" in text
    assert "hall_http_intake_in_flight 0" in text
    assert "hall_http_intake_held_bytes 0" in text


def test_a_single_refused_event_is_named_by_its_source_and_id(api: Served) -> None:
    bad = changed("time", "2026-11-24T09:00:00")
    answer = api.post(bad)
    assert answer.status == 400
    assert answer.json()["record"] == {"source": bad["source"], "id": bad["id"]}
