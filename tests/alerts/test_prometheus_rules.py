"""The rules of Prometheus: what promtool says of the files, and when each alert fires."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.alert_rules import ALERTS, alert_table, expressions
from alerts.metrics import METRICS
from alerts.prometheus_files import FOLDER, prometheus_files
from alerts.recordings import RECORDINGS
from alerts.yaml_text import yaml_text
from consoles.api.counters import Counters
from tests.alerts.alert_cases import CASES
from tests.alerts.promtool_tests import RECORDED, promtool_tests
from tests.alerts.test_metrics import figures, reading
from tests.conftest import Need
from tests.consoles.commands import ROOT


@pytest.fixture
def run(need: Need, tmp_path: Path) -> Path:
    """A folder with the files of Prometheus as the code makes them, and the targets beside."""
    for program in ("promtool", "amtool"):
        if shutil.which(program) is None:
            need("prometheus", f"no {program} on PATH (Debian: prometheus prometheus-alertmanager)")
    folder = tmp_path / "prometheus"
    shutil.copytree(ROOT / FOLDER, folder)
    for name, text in prometheus_files().items():
        (folder / Path(name).relative_to(FOLDER)).write_text(text, encoding="utf-8")
    return folder


def ran(folder: Path, *command: str) -> str:
    """Run a command in a folder; what it said, which must be nothing bad."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_files_are_those_that_the_code_makes() -> None:
    for name, text in prometheus_files().items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name}: run `make docs`"


def test_promtool_accepts_configuration_targets_and_rules(run: Path) -> None:
    said = ran(run, "promtool", "check", "config", "prometheus.yml")
    assert f"SUCCESS: {len(RECORDINGS)} rules found" in said
    assert f"SUCCESS: {len(ALERTS)} rules found" in said


def test_amtool_accepts_the_configuration_of_alertmanager(run: Path) -> None:
    ran(run, "amtool", "check-config", "alertmanager.yml")


def test_promtool_finds_nothing_amiss_with_names_and_helps_but_that_days_are_no_seconds(
    run: Path,
) -> None:
    exporter = reading(figures)
    exporter.role("supervise").observe_delay(1)
    text = exporter.text() + "\n".join([*Counters().lines(0, 0, 0), ""]).encode()
    command = ["promtool", "check", "metrics"]
    said = subprocess.run(command, input=text, capture_output=True, check=False)
    assert said.stderr.decode().splitlines() == [
        'hall_calendar_remaining_days use base unit "seconds" instead of "days"'
    ]


def test_every_alert_fires_when_it_should_and_not_when_not(run: Path) -> None:
    cases = yaml_text(promtool_tests())
    (run / "cases.yml").write_text(cases, encoding="utf-8")
    ran(run, "promtool", "test", "rules", "cases.yml")


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    names = {each.name for each in ALERTS}
    assert {case.alert for case in CASES if case.fires} == names
    assert {case.alert for case in CASES if not case.fires} == names


def test_every_case_of_a_recording_is_of_one_that_exists() -> None:
    assert {each.record for each in RECORDED} <= {each.record for each in RECORDINGS}


def test_every_expression_speaks_of_metrics_and_recordings_that_exist() -> None:
    known = {metric.name for metric in METRICS} | {each.record for each in RECORDINGS}
    known |= {"hall_ingest_delay_seconds_bucket"}
    for expression in expressions():
        bare = re.sub(r'"[^"]*"', "", expression)
        named = set(re.findall(r"\w+:\w+:\w+|\b(?:hall|process)_\w+\b(?!:)", bare))
        assert named <= known, expression


def test_alerts_say_in_both_languages_what_is_the_matter_and_what_to_do() -> None:
    for alert in ALERTS:
        assert re.search(r"[\u4e00-\u9fff]", alert.zh)
        assert not re.search(r"[\u4e00-\u9fff]", alert.en + alert.when + alert.then)
        assert alert.when.endswith(".")
        assert alert.then.endswith(".")
        assert re.fullmatch(r"Hall[A-Z]\w+", alert.name)


def test_an_alert_that_another_points_to_exists() -> None:
    names = {each.name for each in ALERTS}
    for alert in ALERTS:
        assert set(re.findall(r"\bHall[A-Z]\w+", alert.when + alert.then)) <= names


def test_the_table_of_alerts_in_operating_md_is_the_one_of_the_code() -> None:
    assert alert_table() in (ROOT / "OPERATING.md").read_text(encoding="utf-8")
