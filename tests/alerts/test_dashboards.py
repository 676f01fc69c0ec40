"""The dashboards: what Grafana requires of the JSON, and what we require of every panel."""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from alerts.alert_rules import ALERTS
from alerts.boards.grafana_json import COLUMNS, DATASOURCE, NO_VALUE, SCHEMA_VERSION
from alerts.dashboards import DASHBOARDS, FOLDER_UID, dashboards, grafana_files
from alerts.metrics import METRICS
from alerts.recordings import RECORDINGS
from tests.consoles.commands import ROOT

Json = dict[str, Any]
BOARDS = pytest.mark.parametrize("board", dashboards(), ids=[each.uid for each in DASHBOARDS])
COUNTERS = {metric.name for metric in METRICS if metric.kind == "counter"}
TYPES = {"row", "stat", "timeseries", "bargauge", "table", "state-timeline"}
UNITS = {"none", "percentunit", "s", "bytes", "cps"}


def panels(board: Json) -> list[Json]:
    """The panels that show something; headings left out."""
    return [each for each in board["panels"] if each["type"] != "row"]


def queries(board: Json) -> Iterator[tuple[str, Json]]:
    for panel in panels(board):
        for target in panel["targets"]:
            yield panel["title"], target


def test_the_files_are_those_that_the_code_makes() -> None:
    for name, text in grafana_files().items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name}: run `make docs`"


def test_a_dashboard_file_holds_the_dashboard() -> None:
    files = grafana_files()
    for board in dashboards():
        assert json.loads(files[f"deploy/grafana/dashboards/{board['uid']}.json"]) == board


def test_addresses_and_titles_are_unique_and_addresses_are_such_as_grafana_takes() -> None:
    uids = [board["uid"] for board in dashboards()]
    titles = [board["title"] for board in dashboards()]
    assert len({*uids}) == len({*titles}) == len(uids) == 2
    for uid in (*uids, FOLDER_UID):
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", uid)


@BOARDS
def test_a_dashboard_is_of_the_first_schema_and_no_copy_of_a_server_s(board: Json) -> None:
    assert board["schemaVersion"] == SCHEMA_VERSION
    assert board["id"] is None
    assert "version" not in board
    assert not {"spec", "apiVersion", "elements"} & set(board)
    assert board["editable"] is False
    assert {"from", "to"} == set(board["time"])


@BOARDS
def test_panels_have_ids_of_their_own(board: Json) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    assert {panel["type"] for panel in board["panels"]} <= TYPES


@BOARDS
def test_panels_lie_on_the_grid_without_overlap_under_their_headings(board: Json) -> None:
    taken: set[tuple[int, int]] = set()
    bottom = 0
    for panel in board["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        lines = range(place["y"], place["y"] + place["h"])
        cells = set(itertools.product(columns, lines))
        assert cells
        assert columns.start >= 0
        assert columns.stop <= COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            assert place["y"] >= bottom
            assert place["w"] == COLUMNS
        bottom = max(bottom, lines.stop)


@BOARDS
def test_every_panel_says_what_it_shows_first_in_chinese_then_in_english(board: Json) -> None:
    for panel in board["panels"]:
        assert re.fullmatch(r"[\u4e00-\u9fff]+ [A-Z][A-Za-z ,]+", panel["title"])
    assert re.fullmatch(r"[\u4e00-\u9fff]+ [A-Z][a-z ]+", board["title"])
    for panel in panels(board):
        assert re.match(r"[\u4e00-\u9fff]", panel["description"])
        assert panel["description"].endswith(".")


@BOARDS
def test_every_panel_has_a_unit_thresholds_and_a_word_for_no_data(board: Json) -> None:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"] == NO_VALUE
        assert defaults["unit"] in UNITS or defaults["unit"].startswith("suffix:")
        steps = [step["value"] for step in defaults["thresholds"]["steps"]]
        assert steps[0] is None
        assert steps[1:] == sorted(steps[1:])


@BOARDS
def test_a_colour_that_means_something_comes_with_a_sign_and_a_word(board: Json) -> None:
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        for mapping in defaults["mappings"]:
            for shown in mapping["options"].values():
                assert re.fullmatch(r"[✓✕] [\u4e00-\u9fff]+ [a-z]+", shown["text"])
        for override in panel["fieldConfig"]["overrides"]:
            values = {each["id"]: each["value"] for each in override["properties"]}
            if "color" in values:
                assert re.fullmatch(r"\W [\u4e00-\u9fff]+ [a-z]+", values["displayName"])


@BOARDS
def test_two_levels_of_one_panel_differ_in_colour_sign_and_line(board: Json) -> None:
    for panel in panels(board):
        seen = [
            {each["id"]: json.dumps(each["value"]) for each in override["properties"]}
            for override in panel["fieldConfig"]["overrides"]
        ]
        for name in ("displayName", "color", "custom.lineStyle"):
            values = [each[name] for each in seen if name in each]
            assert len(values) == len(set(values))


@BOARDS
def test_every_query_has_its_name_and_the_chosen_data_source(board: Json) -> None:
    for panel in panels(board):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert refs == list("ABCDEFGH"[: len(refs)])
        assert panel["datasource"] == DATASOURCE
        for target in panel["targets"]:
            assert target["datasource"] == DATASOURCE
            assert target["instant"] != target["range"]
            assert target["legendFormat"]


@BOARDS
def test_every_variable_that_is_used_exists_and_every_one_that_exists_is_used(
    board: Json,
) -> None:
    known = {each["name"] for each in board["templating"]["list"]}
    text = json.dumps([panel["targets"] for panel in panels(board)])
    used = set(re.findall(r"\$\{?(\w+)", text)) - {"__rate_interval"}
    assert used == known


@BOARDS
def test_a_counter_stands_inside_a_rate_and_a_rate_has_its_range(board: Json) -> None:
    for title, target in queries(board):
        for name in COUNTERS & set(re.findall(r"\w+", target["expr"])):
            assert re.search(rf"(rate|increase)\({name}(\{{[^}}]*\}})?\[", target["expr"]), title
        assert not re.search(r"rate\([^)]*\[\d", target["expr"].replace("_bucket[1h]", "")), title


@BOARDS
def test_every_query_speaks_of_metrics_and_recordings_that_exist(board: Json) -> None:
    known = {metric.name for metric in METRICS} | {each.record for each in RECORDINGS}
    known |= {"hall_ingest_delay_seconds_bucket"}
    for title, target in queries(board):
        bare = re.sub(r'"[^"]*"', "", target["expr"])
        named = set(re.findall(r"\w+:\w+:\w+|\b(?:hall|process)_\w+\b(?!:)", bare))
        assert named <= known, title


def test_what_api_nodes_export_alike_is_never_added_up_over_nodes() -> None:
    alike = {metric.name for metric in METRICS if metric.by == "hall"}
    alike -= {"hall_clock_difference_seconds"}
    for board in dashboards():
        for title, target in queries(board):
            for name in alike & set(re.findall(r"\w+", target["expr"])):
                joined = rf"(max|min)( by \([a-z, ]+\))? ?\({name}"
                assert re.search(joined, target["expr"]), title


def test_every_metric_of_ours_is_shown_recorded_or_watched() -> None:
    said = "\n".join(
        [
            *(target["expr"] for board in dashboards() for _, target in queries(board)),
            *(each.expr for each in RECORDINGS),
            *(each.expr for each in ALERTS),
        ]
    )
    told = set(re.findall(r"\w+", said.replace("_bucket", "")))
    unused = {metric.name for metric in METRICS if metric.name.startswith("hall_")} - told
    assert unused == {
        "hall_cases",
        "hall_rebuild_last_records",
        "hall_supervision_last_tick_poll_timestamp_seconds",
    }


def test_grafana_provisions_itself_from_files_that_lie_where_they_are_looked_for() -> None:
    files = grafana_files()
    provider = files["deploy/grafana/provisioning/dashboards/hall.yml"]
    source = files["deploy/grafana/provisioning/datasources/hall.yml"]
    assert 'path: "/etc/hall/dashboards"' in provider
    assert f'folderUid: "{FOLDER_UID}"' in provider
    assert 'url: "${PROMETHEUS_URL}"' in source
    assert "isDefault: true" in source
