"""The units of systemd: understood by systemd itself, known to `hall`, and never given up."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Need
from tests.deploy.compose_file import ROOT
from tests.deploy.known_to_hall import refusal_of_command, refusal_of_settings

FOLDER = ROOT / "deploy" / "systemd"
INSTANCES = {
    "hall-api@.service": ("8787",),
    "hall-worker@.service": ("supervise", "project", "intake"),
}
UNITS = [(unit, instance) for unit, instances in INSTANCES.items() for instance in instances]
EXPOSURE_MAX = 20
"""Tenths, as `systemd-analyze security` counts from 0 (shut) to 100 (open)."""


def settings_of(unit: str, instance: str) -> dict[str, list[str]]:
    """The lines of the section [Service] by their names, for one instance."""
    text = (FOLDER / unit).read_text("utf-8").replace("%i", instance).replace("%H", "this-host")
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"(?m)^(\w+)=(.*)$", text.partition("[Service]")[2]):
        found.setdefault(name, []).append(value)
    return found


def environment_of(unit: str, instance: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in settings_of(unit, instance)["Environment"])


def test_there_are_no_other_units() -> None:
    assert {path.name for path in FOLDER.glob("*.service")} == set(INSTANCES)


@pytest.mark.parametrize(("unit", "instance"), UNITS)
def test_a_unit_runs_a_command_that_hall_knows(unit: str, instance: str) -> None:
    (command,) = settings_of(unit, instance)["ExecStart"]
    program, *words = shlex.split(command.replace("${ROLE}", instance))
    assert program == "/opt/hall/bin/hall"
    assert refusal_of_command(words) == ""


@pytest.mark.parametrize(("unit", "instance"), UNITS)
def test_a_unit_sets_what_hall_knows(unit: str, instance: str) -> None:
    assert refusal_of_settings(environment_of(unit, instance)) == ""


def test_the_example_of_the_common_settings_is_known_to_hall() -> None:
    lines = (FOLDER / "hall.env.example").read_text("utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert refusal_of_settings(dict(pairs)) == ""


@pytest.mark.parametrize(("unit", "instance"), UNITS)
def test_a_unit_is_always_started_again_and_logs_in_as_its_role(unit: str, instance: str) -> None:
    settings = settings_of(unit, instance)
    account = {"8787": "intake"}.get(instance, instance)
    assert settings["Restart"] == ["always"]
    assert environment_of(unit, instance)["HALL_KAFKA_USER"] == account
    assert settings["LoadCredential"] == [f"kafka-password:/etc/hall/secrets/{account}.password"]
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.read(FOLDER / unit)
    assert parsed["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.fixture
def installed(tmp_path: Path, need: Need) -> list[Path]:
    """One file an instance, whose program is one that this machine has."""
    if shutil.which("systemd-analyze") is None:
        need("systemd", "no systemd-analyze on PATH (Debian: apt-get install systemd)")
    files = []
    for unit, instance in UNITS:
        text = (FOLDER / unit).read_text("utf-8").replace("/opt/hall/bin/hall", sys.executable)
        files.append(tmp_path / unit.replace("@", f"@{instance}"))
        files[-1].write_text(text, "utf-8")
    return files


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_systemd_understands_every_line(installed: list[Path]) -> None:
    run = analyze("verify", "--man=no", *installed)
    # Keys of systemd 254, which an older one names and passes over.
    newer = re.compile("Unknown key '(RestartSteps|RestartMaxDelaySec)' in section .Service.")
    told = [line for line in run.stderr.splitlines() if line and not newer.search(line)]
    assert (run.returncode, told) == (0, [])


def test_a_process_of_ours_can_do_little_beyond_its_work(installed: list[Path]) -> None:
    for path in installed:
        run = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", path)
        assert run.returncode == 0, run.stdout[-200:] + run.stderr
