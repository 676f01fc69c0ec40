"""The files that Prometheus and Alertmanager are started with, made from the tables here.

They are committed under `deploy/prometheus/`, so that an installation copies and a reader reads
them; a test compares the two.
"""

from collections.abc import Mapping

from alerts.alert_rules import ALERTS, Alert
from alerts.recordings import RECORDINGS
from alerts.yaml_text import Value, yaml_text

FOLDER = "deploy/prometheus"
SCRAPE_SECONDS = 10
PAGE = "OPERATING.md, section Alerts"

_MADE = "Made by `make docs`; change the tables in alerts/ instead."


def prometheus_files() -> dict[str, str]:
    """Return the text of each file by its path in the repository."""
    files = {
        "prometheus.yml": yaml_text(scrape_configuration(), _MADE),
        "alertmanager.yml": yaml_text(alertmanager_configuration(), _MADE),
        "rules/recordings.yml": yaml_text(recording_rules(), _MADE),
        "rules/alerts.yml": yaml_text(alert_rules(), _MADE),
    }
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def scrape_configuration() -> Mapping[str, Value]:
    """Return `prometheus.yml`: who is watched stands in files of its own, `targets/*.yml`."""
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
        },
        "rule_files": ["rules/*.yml"],
        "alerting": {"alertmanagers": [{"file_sd_configs": _targets("alertmanagers")}]},
        "scrape_configs": [
            {"job_name": "hall-api", "file_sd_configs": _targets("api")},
            {"job_name": "hall-worker", "file_sd_configs": _targets("workers")},
        ],
    }


def _targets(name: str) -> Value:
    return [{"files": [f"targets/{name}.yml"]}]


def alertmanager_configuration() -> Mapping[str, Value]:
    """Return `alertmanager.yml`: one route, and what need not be said where more is known.

    The receiver only shows alerts in Alertmanager; an installation adds its own channel to it.
    """
    return {
        "route": {
            "receiver": "hall",
            "group_by": ["alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
        },
        "receivers": [{"name": "hall"}],
        "inhibit_rules": [
            _inhibits("HallPartitionStopped", "HallReaderStuck", "role", "partition"),
            _inhibits("HallReaderStuck", "HallReaderBehind", "role", "partition"),
            _inhibits("HallCalendarEndsNow", "HallCalendarEnds", "calendar"),
            _inhibits("HallDeadLettersRising", "HallDeadLetters"),
            _inhibits("HallTicksHeld", "HallTicksStopped"),
        ],
    }


def _inhibits(known: str, silenced: str, *equal: str) -> Value:
    return {
        "source_matchers": [f'alertname="{known}"'],
        "target_matchers": [f'alertname="{silenced}"'],
        "equal": list(equal),
    }


def recording_rules() -> Mapping[str, Value]:
    """Return the file of recording rules."""
    rules: list[Value] = [{"record": each.record, "expr": each.expr} for each in RECORDINGS]
    return {"groups": [{"name": "hall-recordings", "rules": rules}]}


def alert_rules() -> Mapping[str, Value]:
    """Return the file of alert rules."""
    return {"groups": [{"name": "hall-alerts", "rules": [_rule(each) for each in ALERTS]}]}


def _rule(alert: Alert) -> Value:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **({"for": alert.lasting} if alert.lasting else {}),
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": f"{alert.zh} · {alert.en}",
            "description": f"{alert.when} {alert.then}",
            "runbook": f"{PAGE}, {alert.name}",
        },
    }
