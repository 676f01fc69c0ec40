"""The dashboards that are shipped, and the files that Grafana provisions itself from.

They are committed under `deploy/grafana/`; a test compares the two. Pushing them through Grafana's
HTTP API is the second way (`hall grafana push`).
"""

import json
from collections.abc import Mapping

from alerts.boards.grafana_json import Json, dashboard_json
from alerts.boards.hall_overview import HALL_OVERVIEW
from alerts.boards.panels import Dashboard
from alerts.boards.processing_chain import PROCESSING_CHAIN
from alerts.yaml_text import Value, yaml_text

FOLDER = "deploy/grafana"
FOLDER_UID = "hall-ledger"
FOLDER_TITLE = "电子监察 hall-ledger"
DASHBOARDS: tuple[Dashboard, ...] = (HALL_OVERVIEW, PROCESSING_CHAIN)

_MADE = "Made by `make docs`; change alerts/boards/ instead."


def dashboards() -> list[Json]:
    """Return every dashboard as Grafana loads it."""
    return [dashboard_json(each) for each in DASHBOARDS]


def grafana_files() -> dict[str, str]:
    """Return the text of each file by its path in the repository."""
    files = {
        "provisioning/datasources/hall.yml": yaml_text(_datasources(), _MADE),
        "provisioning/dashboards/hall.yml": yaml_text(_providers(), _MADE),
    }
    for each in dashboards():
        name = f"dashboards/{each['uid']}.json"
        files[name] = json.dumps(each, ensure_ascii=False, indent=2) + "\n"
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _datasources() -> Mapping[str, Value]:
    """Return the data source: its address is taken from Grafana's environment."""
    return {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": "hall-prometheus",
                "type": "prometheus",
                "access": "proxy",
                "url": "${PROMETHEUS_URL}",
                "isDefault": True,
                "editable": False,
                "jsonData": {"httpMethod": "POST", "timeInterval": "10s"},
            }
        ],
    }


def _providers() -> Mapping[str, Value]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "hall-ledger",
                "orgId": 1,
                "folder": FOLDER_TITLE,
                "folderUid": FOLDER_UID,
                "type": "file",
                "disableDeletion": False,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": "/etc/hall/dashboards"},
            }
        ],
    }
