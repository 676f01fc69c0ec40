"""What the reading routes answer, from records in a real log folded by real drivers."""

import base64
import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from consoles.api import shown
from consoles.api.csv_text import csv_bytes, harmless
from consoles.api.figure_names import CSV_COLUMNS
from consoles.api.parameters import instant_us
from consoles.api.refusals import ParameterInvalid
from projections.drivers.views import V_EFFICIENCY_DAILY
from tests.consoles.api_hall import Served, accepted_event, open_small, served
from tests.projections.records import (
    HOUR_US,
    ZONE,
    accepted,
    at,
    card,
    completed,
    limits,
    rescinded,
    settled,
)

SECRETS = ("case-1", "case-2", "clerk:1")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One case open with a yellow and a rescinded card, one completed; times are of Monday."""
    hall = open_small(tmp_path_factory.mktemp("hall"))
    hall.add(
        accepted(at(-6)),
        limits(at(-6)),
        card(at(-1), "yellow"),
        card(at(-2), "warning", card_id="card-early"),
        rescinded(at(0), "card-early"),
        accepted(at(0, 1), subject="case-2", department="=D2"),
        limits(at(0, 1), subject="case-2", department="=D2"),
        completed(at(0, 2), subject="case-2"),
        settled(at(0, 1), at(0, 2), subject="case-2", department="=D2", working_us=HOUR_US),
    )
    with served(hall) as it:
        yield it


def items(api: Served, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/api/v1/cards{query}").json()["items"]
    return found


def ids(api: Served, query: str = "") -> list[str]:
    return [item["card_id"] for item in items(api, query)]


# --- Cards ---------------------------------------------------------------------------------------


def test_cards_come_newest_first_with_times_in_the_zone_of_the_hall(api: Served) -> None:
    newest, older = items(api)
    assert (newest["card_id"], newest["level"], newest["case"]) == (
        "card-yellow",
        "yellow",
        "case-1",
    )
    assert newest["effective_at"] == at(-1).isoformat()
    assert newest["effective_at"].endswith("+08:00")
    assert newest["used_us"] == 40 * HOUR_US
    assert newest["position"] == {"partition": 0, "offset": 2}
    assert (older["state"], older["live"]) == ("rescinded", False)
    assert older["rescinded_at"] == at(0).isoformat()


def test_no_instant_of_a_card_or_a_limit_is_left_in_microseconds(api: Served) -> None:
    limit = api.get("/api/v1/warnings").json()["nearest_limits"][0]
    for values in (*items(api), limit):
        assert {name for name in values if name.endswith("_us")} <= shown.DURATIONS
        assert not {"partition", "log_offset", "changed_offset", "subject"} & set(values)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?level=yellow", ["card-yellow"]),
        ("?level=red", []),
        ("?state=rescinded", ["card-early"]),
        ("?live=true", ["card-yellow"]),
        ("?live=false", ["card-early"]),
        ("?department=D1", ["card-yellow", "card-early"]),
        ("?department=D9", []),
        ("?hall=H1&level=warning", ["card-early"]),
        ("?case=case-1", ["card-yellow", "card-early"]),
        ("?case=case-2", []),
        ("?department=D1%27%20OR%201=1--", []),
    ],
)
def test_cards_are_filtered(api: Served, query: str, expected: list[str]) -> None:
    assert ids(api, query) == expected


def test_pages_follow_one_another_without_a_gap_while_new_cards_come(tmp_path: Path) -> None:
    hall = open_small(tmp_path)
    hall.add(*(card(at(0, n), card_id=f"card-{n}") for n in range(7)))
    with served(hall) as api:
        seen, query = [], "?limit=3"
        for page_number in range(4):
            page = api.get(f"/api/v1/cards{query}").json()
            seen += [item["card_id"] for item in page["items"]]
            hall.add(card(at(1, page_number), card_id=f"new-{page_number}"))
            if page["next"] is None:
                break
            query = f"?limit=3&after={page['next']}"
        assert seen == [f"card-{n}" for n in reversed(range(7))]


def test_one_card_and_why_it_was_issued(api: Served) -> None:
    assert api.get("/api/v1/cards/card-yellow").json() == items(api)[0]
    why = api.get("/api/v1/cards/card-yellow/explanation").json()
    assert why["card_id"] == "card-yellow"


# --- Cases ---------------------------------------------------------------------------------------


def test_a_case_is_given_as_it_had_happened_and_as_it_was_known(api: Served) -> None:
    whole = api.get("/api/v1/cases/case-2").json()["timeline"]
    assert len(whole) == 4
    earlier = at(0, 1).isoformat().replace("+", "%2B")
    cut = api.get(f"/api/v1/cases/case-2?as_of={earlier}").json()["timeline"]
    assert len(cut) == 2
    assert api.get(f"/api/v1/cases/case-2?known_at={earlier}").json()["timeline"] == cut
    unescaped = earlier.replace("%2B", "+")
    assert api.get(f"/api/v1/cases/case-2?as_of={unescaped}").json()["timeline"] == cut


def test_before_a_case_began_there_is_nothing_of_it(api: Served) -> None:
    assert api.get("/api/v1/cases/case-2?as_of=1999-01-01T00:00:00Z").status == 404


def test_the_clocks_of_a_case_are_explained_now_or_as_of_an_instant(api: Served) -> None:
    path = "/api/v1/cases/case-2/explanation"
    assert api.get(path).json() == {"case": "case-2", "as_of": None, "clocks": []}
    at_us = api.get(f"{path}?as_of=2030-01-01T00:00:00%2B08:00").json()["as_of"]
    assert at_us == 1_893_427_200_000_000
    assert api.get(f"{path}?as_of=1999-01-01T00:00:00Z").status == 404
    assert api.get(f"{path}?as_of=soon").json()["field"] == "as_of"
    assert api.get("/api/v1/cases/none/explanation").status == 404


def test_a_case_id_may_hold_slashes_and_chinese(tmp_path: Path) -> None:
    hall = open_small(tmp_path)
    hall.add(accepted(at(0), subject="湘政/2026/7"))
    with served(hall) as api:
        path = "/api/v1/cases/%E6%B9%98%E6%94%BF%2F2026%2F7"
        assert api.get(path).json()["case"] == "湘政/2026/7"
        assert api.get(f"{path}/explanation").json()["case"] == "湘政/2026/7"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:00:00",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00x",
        "now",
        "1",
        "\uff12026-11-23T09:00:00Z",
    ],
)
def test_an_instant_without_offset_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ParameterInvalid) as caught:
        instant_us("as_of", text)
    assert caught.value.details["field"] == "as_of"


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T09:00:00+08:00", "2026-11-23T01:00:00Z", "2026-11-23T09:00:00 08:00"],
)
def test_an_instant_is_read_with_its_offset(text: str) -> None:
    expected = datetime(2026, 11, 23, 9, tzinfo=ZONE).timestamp() * 1_000_000
    assert instant_us("as_of", text) == expected


# --- Figures -------------------------------------------------------------------------------------


def test_efficiency_gives_the_rows_of_the_view(api: Served) -> None:
    answer = api.get("/api/v1/efficiency/daily?from=2026-11-23&to=2026-11-23").json()
    rows = {row["department"]: row for row in answer["items"]}
    assert set(rows["=D2"]) == {column.name for column in V_EFFICIENCY_DAILY.columns}
    assert (rows["=D2"]["completed"], rows["=D2"]["mean_working_us"]) == (1, HOUR_US)
    assert rows["D1"]["warning_rescinded"] == 1
    narrowed = api.get("/api/v1/efficiency/daily?from=2026-11-23&to=2026-11-23&department=D1")
    assert [row["department"] for row in narrowed.json()["items"]] == ["D1"]


def test_the_summary_gives_the_range_as_a_whole_by_department_and_in_total(api: Served) -> None:
    answer = api.get("/api/v1/efficiency/summary?from=2026-11-22&to=2026-11-24").json()
    rows = {row["department"]: row for row in answer["items"]}
    assert (answer["from"], answer["to"]) == ("2026-11-22", "2026-11-24")
    assert set(rows) == {"=D2", "D1"}
    assert [rows["D1"][name] for name in ("open", "accepted", "p90_working_us")] == [1, 0, None]
    assert (rows["=D2"]["completed"], rows["=D2"]["p90_working_hours"]) == (1, 1.0)
    assert (answer["total"]["open"], answer["total"]["yellow_issued"]) == (1, 1)
    narrowed = api.get("/api/v1/efficiency/summary?department=%3DD2").json()
    assert [row["department"] for row in narrowed["items"]] == ["=D2"]
    refused = api.get("/api/v1/efficiency/summary?from=2026-11-24&to=2026-11-22")
    assert (refused.status, refused.json()["code"]) == (422, "request.parameter-invalid")


def test_without_a_range_the_last_thirty_days_are_given(api: Served) -> None:
    answer = api.get("/api/v1/efficiency/daily").json()
    assert (answer["from"], answer["to"]) == ("2026-10-25", "2026-11-23")


def test_the_csv_has_the_columns_of_the_view_and_harmless_cells(api: Served) -> None:
    path = "/api/v1/efficiency/daily?from=2026-11-23&to=2026-11-23"
    by_query, by_header = api.get(f"{path}&format=csv"), api.get(path, Accept="text/csv")
    assert by_query.body == by_header.body
    assert by_query.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_query.headers["content-disposition"].startswith("attachment; filename=")
    assert by_query.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(by_query.body.decode("utf-8-sig"))))
    assert {row["部门"] for row in rows} == {"D1", "'=D2"}
    (second,) = (row for row in rows if row["部门"] == "'=D2")
    assert (second["办结数"], second["平均办理工作时长(小时)"]) == ("1", "1.0")
    english = api.get(f"{path}&format=csv&lang=en").body.decode("utf-8-sig")
    assert english.startswith("Day,Hall,Department,Accepted,Completed,")


def test_the_csv_heads_every_column_of_the_view_and_no_other() -> None:
    assert set(CSV_COLUMNS) == {column.name for column in V_EFFICIENCY_DAILY.columns}


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\tx", "\r=x", "|x", "%x", " =1", "\uff1d1", "\uff20x"]
)
def test_text_that_a_spreadsheet_would_run_is_disarmed(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert csv_bytes(["a"], [[cell]]).decode("utf-8-sig").splitlines()[1].lstrip('"')[0] == "'"


@pytest.mark.parametrize("cell", ["市场监督管理局", "D-1", "", 5, -5, 1.5, None])
def test_plain_cells_stay_as_they_are(cell: str | int | float | None) -> None:
    assert harmless(cell) == cell


def test_the_screen_of_the_hall_shows_no_case_and_no_person(api: Served) -> None:
    answer = api.get("/api/v1/hall/screen")
    screen = answer.json()
    assert screen["counters"]["completed"] == 1
    assert screen["generated"] is True
    assert screen["as_of"] == screen["now"] == at(hours=3).isoformat()
    assert [each["level"] for each in screen["cards"]] == ["yellow", "warning"]
    for secret in (*SECRETS, "card-yellow"):
        assert secret not in answer.body.decode()


def test_the_instant_of_the_screen_stands_still_while_the_read_models_lag(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as api:
        hall = api.hall
        before = api.get("/api/v1/hall/screen").json()["as_of"]
        api.post(accepted_event())
        hall.clock_us += 60_000_000
        assert api.get("/api/v1/hall/screen").json()["as_of"] == before
        hall.projector.catch_up()
        after = api.get("/api/v1/hall/screen").json()
        assert after["as_of"] == after["now"] != before


def test_the_instant_of_the_screen_stands_still_while_the_hall_is_not_ready(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as api:
        before = api.get("/api/v1/hall/screen").json()["as_of"]
        api.hall.ready = False
        api.hall.clock_us += 60_000_000
        answer = api.get("/api/v1/hall/screen").json()
        assert (answer["as_of"], answer["ready"]) == (before, False)


def test_the_instant_moves_on_under_a_stream_that_never_pauses(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as api:
        seen = [api.get("/api/v1/hall/screen").json()["as_of"]]
        for number in range(4):
            api.hall.projector.catch_up()
            api.post(accepted_event(f"a-{number}"))
            api.hall.clock_us += 1_000_000
            seen.append(api.get("/api/v1/hall/screen").json()["as_of"])
        assert seen == sorted(seen)
        assert seen[-1] > seen[0]


def test_the_console_has_the_nearest_limits_and_the_newest_cards(api: Served) -> None:
    answer = api.get("/api/v1/warnings").json()
    (nearest,) = answer["nearest_limits"]
    assert (nearest["case"], nearest["next_level"]) == ("case-1", "red")
    assert nearest["next_at"] == at(14).isoformat()
    assert answer["counts"]["yellow_live"] == 1
    assert [each["card_id"] for each in answer["cards"]] == ["card-yellow", "card-early"]


# --- Operation -----------------------------------------------------------------------------------


def test_dead_letters_are_listed_by_page_with_their_reasons(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as api:
        for body in (b"{", b"[1]", b'{"a":1}'):
            api.post(body)
        first = api.get("/api/v1/dead-letters?limit=2").json()
        assert [item["reason"] for item in first["items"]] == ["malformed-json", "shape"]
        assert first["items"][0]["size"] == 1
        assert first["items"][0]["source"] == "http:127.0.0.1"
        assert "raw_base64" not in first["items"][0]
        assert sum(first["counts"].values()) == 3
        rest = api.get(f"/api/v1/dead-letters?limit=2&raw=true&after={first['next']}").json()
        assert [base64.b64decode(item["raw_base64"]) for item in rest["items"]] == [b'{"a":1}']
        assert rest["next"] is None


def test_health_is_always_told_and_readiness_with_its_reasons(tmp_path: Path) -> None:
    with served(open_small(tmp_path)) as api:
        assert api.get("/healthz").json() == {"status": "ok"}
        assert api.get("/readyz").json()["ready"] is True
        api.hall.ready = False
        answer = api.get("/readyz")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert api.get("/healthz").status == 200


def test_the_description_lists_every_route_of_the_design(api: Served) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]
    assert {
        "/api/v1/events",
        "/api/v1/cases/{case_id}",
        "/api/v1/cases/{case_id}/explanation",
        "/api/v1/cards",
        "/api/v1/cards/{card_id}",
        "/api/v1/cards/{card_id}/explanation",
        "/api/v1/cards/{card_id}/{action}",
        "/api/v1/efficiency/daily",
        "/api/v1/efficiency/summary",
        "/api/v1/hall/screen",
        "/api/v1/warnings",
        "/api/v1/dead-letters",
        "/api/v1/live",
        "/metrics",
        "/healthz",
        "/readyz",
    } <= set(paths)
    page = api.get("/api/docs").body.decode()
    assert all(path in page for path in paths)
    assert 'id="request.busy"' in page
    assert "http://" not in page
    assert "https://" not in page


def test_nothing_asked_for_is_echoed_as_markup(api: Served) -> None:
    for path in ("/%3Cscript%3E", "/api/v1/cards/%3Cscript%3E", "/api/docs?lang=%3Cscript%3E"):
        answer = api.get(path)
        media = answer.headers["content-type"]
        assert b"<script>" not in answer.body or media == "application/problem+json"
