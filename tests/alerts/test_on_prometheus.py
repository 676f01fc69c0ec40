"""Every expression, on a real Prometheus that scrapes a real hall and a worker's small server.

The hall is `hall serve` with cases at every risk, and sources that send good, repeated and bad
events all the while. Nothing here waits for an alert to fire: that is proved by promtool's clock.
"""

import json
import math
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.alert_rules import ALERTS
from alerts.dashboards import dashboards
from alerts.metrics import METRICS
from alerts.prometheus_files import FOLDER
from alerts.recordings import RECORDINGS
from tests.conftest import Need
from tests.consoles.commands import (
    ROOT,
    Server,
    acceptance,
    environment,
    event,
    hall,
    serving,
    wait_until,
    working_days,
)
from tests.services.prometheus import PrometheusServer, Sample

pytestmark = pytest.mark.slow

ZONE = ZoneInfo("Asia/Shanghai")
WITHIN_S = 60
HALL, DEPARTMENT = "430100", "D-1"
QUIET = {"HallCalendarEnds", "HallCalendarEndsNow", "HallDeadLetters", "HallDeadLettersRising"}
"""What may fire: the year's notice may not be out yet, and bad events are sent on purpose."""


def local(days: float = 0) -> str:
    """An instant so many days ago, as sources write it."""
    return (datetime.now(ZONE) - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


def accepted(case: str, days: float, **more: Any) -> dict[str, Any]:
    return acceptance(local(days), subject=case, id=f"a-{case}", hall=HALL, **more)


def completed(case: str) -> dict[str, Any]:
    return event("completed", local(), subject=case, id=f"c-{case}", outcome="granted")


STANDING = (
    accepted("normal", 0.001),
    accepted("yellow", 20, promised_limit=working_days(3), statutory_limit=working_days(60)),
    accepted("red", 120),
)


@contextmanager
def sources(server: Server) -> Iterator[None]:
    """Sources that go on sending: a case opened and completed, a repeat, an event that is bad."""
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            case = f"case-{number}"
            server.post([accepted(case, 0.0005), completed(case), completed(case)])
            with suppress(urllib.error.HTTPError):
                server.post({"specversion": "1.0", "id": f"bad-{number}"})
            stop.wait(0.5)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        stop.set()
        sending.join()


@contextmanager
def worker() -> Iterator[str]:
    """A process that serves a worker's metrics; its address."""
    command = [sys.executable, "-m", "tests.alerts.small_worker"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def configured(folder: Path, api: str, of_worker: str) -> Path:
    """The files that are shipped, scraping every second what the targets name."""
    shutil.copytree(ROOT / FOLDER, folder)
    path = folder / "prometheus.yml"
    path.write_text(path.read_text("utf-8").replace('"10s"', '"1s"'), "utf-8")
    for name, url in (("api", api), ("workers", of_worker)):
        targets = json.dumps([{"targets": [url.removeprefix("http://")]}])
        (folder / "targets" / f"{name}.yml").write_text(targets, "utf-8")
    (folder / "targets" / "alertmanagers.yml").write_text("[]", "utf-8")
    return folder


@dataclass(frozen=True)
class Watched:
    """A hall and the Prometheus that watches it."""

    hall: Server
    prometheus: PrometheusServer

    def ask(self, expression: str) -> list[Sample]:
        """What an expression gives, as soon as it gives a number."""
        return self.prometheus.wait_for(expression, _has_number, WITHIN_S)


def _has_number(samples: list[Sample]) -> bool:
    return any(not math.isnan(each.value) for each in samples)


@pytest.fixture(scope="module")
def watched(need: Need, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    if shutil.which("prometheus") is None:
        need("prometheus", "no prometheus on PATH (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("watched")
    data = folder / "hall"
    with serving("--data", data, "serve", "--port", 0) as server:
        server.post(list(STANDING))
        wait_until(lambda: len(server.json("/api/v1/cards?live=true")["items"]) >= 2, "cards stand")
        assert hall("--data", data, "rebuild", "--check").code == 0
        with sources(server), worker() as url:
            files = configured(folder / "prometheus", server.url, url)
            with PrometheusServer(files) as prometheus:
                yield Watched(server, prometheus)


def put_in(expression: str) -> str:
    """An expression with its variables put in as Grafana does."""
    return (
        expression.replace("$__rate_interval", "30s")
        .replace("$hall", ".*")
        .replace("$instance", ".*")
    )


PANELS = [
    pytest.param(target["expr"], id=f"{board['uid']}: {panel['title']} {target['refId']}")
    for board in dashboards()
    for panel in board["panels"]
    for target in panel.get("targets", ())
]


def test_both_processes_are_scraped(watched: Watched) -> None:
    (both,) = watched.prometheus.wait_for("sum(up) == 2", timeout_seconds=WITHIN_S)
    assert both.value == 2
    assert all(each["lastError"] == "" for each in watched.prometheus.targets())


@pytest.mark.parametrize("expression", PANELS)
def test_every_panel_shows_something(watched: Watched, expression: str) -> None:
    assert watched.ask(put_in(expression))


@pytest.mark.parametrize("record", [each.record for each in RECORDINGS])
def test_every_recording_has_series(watched: Watched, record: str) -> None:
    assert watched.ask(record)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_can_be_asked_and_what_it_reads_is_there(watched: Watched, alert: Any) -> None:
    watched.prometheus.query(alert.expr)
    known = {metric.name for metric in METRICS} | {each.record for each in RECORDINGS} | {"up"}
    bare = re.sub(r'"[^"]*"', "", alert.expr)
    for name in known & set(re.findall(r"[\w:]+", bare)):
        assert watched.ask(name), name


def test_every_rule_is_healthy_on_the_server(watched: Watched) -> None:
    watched.ask("level:cards:sum")
    rules = watched.prometheus.rules()
    assert len(rules) == len(RECORDINGS) + len(ALERTS)
    assert {rule["health"] for rule in rules} == {"ok"}


def test_every_metric_of_the_table_is_there(watched: Watched) -> None:
    for metric in METRICS:
        suffix = "_count" if metric.kind == "histogram" else ""
        assert watched.ask(metric.name + suffix), metric.name


def test_every_variable_has_values(watched: Watched) -> None:
    for board in dashboards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
                assert found is not None
                assert watched.ask(f"count by ({found[2]}) ({found[1]})")


def test_the_figures_are_those_of_the_hall(watched: Watched) -> None:
    open_cases = watched.ask("hall_risk:cases_open:max")
    standing = {each.labels["risk"]: each.value for each in open_cases}
    assert {each.labels["hall"] for each in open_cases} == {HALL}
    assert (standing["yellow"], standing["red"]) == (1, 1)
    assert standing["normal"] >= 1
    cards = {each.labels["level"]: each.value for each in watched.ask("level:cards:sum")}
    assert cards == {"warning": 0, "yellow": 1, "red": 1}
    (ratio,) = watched.ask("hall:today_on_time:ratio")
    assert ratio.value == 1
    outcomes = watched.ask("rate(hall_http_events_total[30s]) > 0")
    assert {each.labels["outcome"] for each in outcomes} >= {"appended", "repeated", "refused"}


def test_a_hall_that_is_well_raises_no_alert(watched: Watched) -> None:
    watched.ask("level:cards:sum")
    firing = watched.prometheus.query('ALERTS{alertstate="firing"}')
    assert {each.labels["alertname"] for each in firing} <= QUIET


def test_a_hall_has_few_series(watched: Watched) -> None:
    series = watched.ask("sum(scrape_samples_scraped)")
    assert series[0].value < 1_000
