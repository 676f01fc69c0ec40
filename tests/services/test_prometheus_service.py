"""What tests may count on from the Prometheus and the Alertmanager they are given."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.prometheus import AlertmanagerServer, PrometheusServer, Sample
from tests.services.service_process import ServiceFailed

SCRAPES_ITSELF = """
global: {{scrape_interval: 200ms, evaluation_interval: 200ms}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: itself
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]
"""
RULES = """
groups:
  - name: up
    rules:
      - {record: "itself:up:sum", expr: "sum(up)"}
      - {alert: Alive, expr: "itself:up:sum > 0", labels: {level: info}}
"""
ROUTES = """
route: {receiver: nobody}
receivers: [{name: nobody}]
"""


def test_it_scrapes_itself_records_alerts_and_tells(
    prometheus: Callable[[Path], PrometheusServer],
    alertmanager: Callable[[Path], AlertmanagerServer],
    tmp_path: Path,
) -> None:
    (tmp_path / "alertmanager.yml").write_text(ROUTES, "utf-8")
    told = alertmanager(tmp_path)
    (tmp_path / "prometheus.yml").write_text("global: {}", "utf-8")
    server = prometheus(tmp_path)
    assert server.query("1 + 1") == [Sample({}, 2)]
    (tmp_path / "rules.yml").write_text(RULES, "utf-8")
    settings = SCRAPES_ITSELF.format(port=server.port, alertmanager=told.port)
    (tmp_path / "prometheus.yml").write_text(settings, "utf-8")
    server.reload()
    (recorded,) = server.wait_for("itself:up:sum == 1")
    assert recorded.labels == {"__name__": "itself:up:sum"}
    (firing,) = server.wait_for('ALERTS{alertstate="firing"}')
    assert firing.labels["alertname"] == "Alive"
    assert [target["health"] for target in server.targets()] == ["up"]
    assert {rule["name"]: rule["health"] for rule in server.rules()} == {
        "itself:up:sum": "ok",
        "Alive": "ok",
    }
    server.wait_for("prometheus_notifications_sent_total > 0")
    assert [alert["labels"]["alertname"] for alert in told.alerts()] == ["Alive"]


def test_an_expression_it_refuses_is_an_error(
    prometheus: Callable[[Path], PrometheusServer], tmp_path: Path
) -> None:
    (tmp_path / "prometheus.yml").write_text("global: {}", "utf-8")
    server = prometheus(tmp_path)
    with pytest.raises(ServiceFailed, match="parse error"):
        server.query("sum(")
