"""What Grafana reads of a dashboard: v1 JSON, which Grafana 10 to 13 load.

Only what the dashboards here need, with what they share decided once: a data source to choose, what
an empty panel says. Panels flow from left to right over 24 columns.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alerts.boards.panels import Dashboard, Panel, Query, Row, Text, Variable

SCHEMA_VERSION = 42
COLUMNS = 24
NO_VALUE = "无数据 no data"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
TAG = "hall-ledger"

Json = dict[str, Any]


def dashboard_json(dashboard: Dashboard) -> Json:
    """Return what Grafana loads."""
    return {
        "id": None,
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": dashboard.since, "to": "now"},
        "timepicker": {},
        "annotations": {"list": [_ANNOTATIONS]},
        "links": [_LINK],
        "templating": {
            "list": [_DATASOURCE_VARIABLE, *(_variable(each) for each in dashboard.variables)]
        },
        "panels": list(_panels(dashboard.rows)),
    }


_ANNOTATIONS: Json = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}
_LINK: Json = {
    "asDropdown": False,
    "icon": "external link",
    "includeVars": True,
    "keepTime": True,
    "tags": [TAG],
    "targetBlank": False,
    "title": "其他看板 other dashboards",
    "tooltip": "",
    "type": "dashboards",
    "url": "",
}
_DATASOURCE_VARIABLE: Json = {
    "current": {"selected": False, "text": "default", "value": "default"},
    "hide": 0,
    "includeAll": False,
    "label": "数据源 data source",
    "multi": False,
    "name": "datasource",
    "options": [],
    "query": "prometheus",
    "refresh": 1,
    "regex": "",
    "type": "datasource",
}


def _variable(variable: Variable) -> Json:
    return {
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": DATASOURCE,
        "definition": variable.values,
        "hide": 0,
        "includeAll": True,
        "label": variable.label,
        "multi": True,
        "name": variable.name,
        "options": [],
        "query": {"query": variable.values, "refId": "StandardVariableQuery"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "type": "query",
    }


def _panels(rows: Sequence[Row]) -> Iterator[Json]:
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {
            "collapsed": False,
            "gridPos": _place(0, top, COLUMNS, 1),
            "id": number,
            "panels": [],
            "title": row.title,
            "type": "row",
        }
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            place = _place(left, top, panel.width, panel.height)
            yield {"id": number, "gridPos": place, **_panel(panel)}
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _place(left: int, top: int, width: int, height: int) -> Json:
    return {"h": height, "w": width, "x": left, "y": top}


_TYPES = {
    "stat": "stat",
    "lines": "timeseries",
    "areas": "timeseries",
    "bars": "bargauge",
    "table": "table",
    "matrix": "table",
    "states": "state-timeline",
}
_NOW = frozenset({"stat", "bars", "table", "matrix"})
"""Kinds that show the present alone."""


def _panel(panel: Panel) -> Json:
    found: Json = {
        "type": _TYPES[panel.kind],
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(panel, *each) for each in zip(_REFS, panel.queries, strict=False)],
    }
    if panel.kind == "table":
        found["transformations"] = _joined(panel)
    if panel.kind == "matrix":
        matrix = {"columnField": panel.columns, "rowField": panel.rows, "valueField": "Value"}
        found["transformations"] = [{"id": "groupingToMatrix", "options": matrix}]
    return found


_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _target(panel: Panel, ref: str, query: Query) -> Json:
    is_now = panel.kind in _NOW
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "format": "table" if panel.kind in ("table", "matrix") else "time_series",
        "instant": is_now,
        "legendFormat": query.legend,
        "range": not is_now,
        "refId": ref,
    }


def _joined(panel: Panel) -> list[Json]:
    """Join the queries of a table by their labels, one column each under its legend."""
    names = {f"Value #{ref}": each.legend for ref, each in zip(_REFS, panel.queries, strict=False)}
    if len(panel.queries) == 1:
        names = {"Value": panel.queries[0].legend}
    organize = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": names}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organize}]


def _defaults(panel: Panel) -> Json:
    found: Json = {
        "color": {"mode": "palette-classic" if panel.kind in _CURVES else "thresholds"},
        "mappings": _mappings(panel.texts),
        "noValue": NO_VALUE,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for value, color in panel.steps],
        },
        "unit": panel.unit,
        "custom": _CUSTOM.get(panel.kind, {}),
    }
    bounds = {"decimals": panel.decimals, "min": panel.min, "max": panel.max}
    return found | {name: value for name, value in bounds.items() if value is not None}


def _mappings(texts: Sequence[Text]) -> list[Json]:
    options = {
        value: {"color": color, "index": number, "text": text}
        for number, (value, text, color) in enumerate(texts)
    }
    return [{"type": "value", "options": options}] if options else []


def _overrides(panel: Panel) -> list[Json]:
    found = []
    for named in panel.named:
        properties: Json = {"displayName": named.text}
        if named.color:
            properties["color"] = {"fixedColor": named.color, "mode": "fixed"}
        if named.dash and panel.kind in _CURVES:
            properties["custom.lineStyle"] = {"dash": list(named.dash), "fill": "dash"}
        if named.unit:
            properties["unit"] = named.unit
        found.append(
            {
                "matcher": {"id": "byName", "options": named.field},
                "properties": [{"id": name, "value": value} for name, value in properties.items()],
            }
        )
    return found


_CURVES = frozenset({"lines", "areas"})
_REDUCED: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_CURVE: Json = {
    "axisPlacement": "auto",
    "drawStyle": "line",
    "fillOpacity": 8,
    "lineInterpolation": "linear",
    "lineWidth": 2,
    "showPoints": "never",
    "spanNulls": False,
    "stacking": {"group": "A", "mode": "none"},
}
_CUSTOM: Mapping[str, Json] = {
    "lines": _CURVE,
    "areas": {**_CURVE, "fillOpacity": 40, "stacking": {"group": "A", "mode": "normal"}},
    "states": {"fillOpacity": 80, "lineWidth": 0},
    "table": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
    "matrix": {"align": "auto", "cellOptions": {"type": "color-text"}, "inspect": False},
}
_LEGEND: Json = {
    "calcs": ["lastNotNull", "max"],
    "displayMode": "table",
    "placement": "bottom",
    "showLegend": True,
}
_OVER_TIME: Json = {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
_TABLE: Json = {"cellHeight": "sm", "showHeader": True}
_OPTIONS: Mapping[str, Json] = {
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": _REDUCED,
        "textMode": "auto",
    },
    "lines": _OVER_TIME,
    "areas": _OVER_TIME,
    "bars": {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": _REDUCED,
        "showUnfilled": True,
        "valueMode": "text",
    },
    "table": _TABLE,
    "matrix": _TABLE,
    "states": {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    },
}
