"""The rule of HALL_REQUIRE, proved on runs of pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ABSENT = """
import pytest

@pytest.mark.real_data("receipt.xes.gz", "no-such-file.gz")
def test_that_reads_a_file_nobody_has(real_data):
    raise AssertionError("not reached")
"""

SERVICES = """
def test_that_needs_a_broker(kafka):
    raise AssertionError("not reached")

def test_that_needs_brokers(kafka_cluster):
    raise AssertionError("not reached")

def test_that_needs_prometheus(prometheus):
    raise AssertionError("not reached")
"""


def run_with(
    tmp_path: Path, required: str, source: str = ABSENT, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run tests that need what is missing, with HALL_REQUIRE set to `required`."""
    test_file = tmp_path / "test_absent.py"
    test_file.write_text(source, encoding="utf-8")
    environment = os.environ | {"HALL_REQUIRE": required, "HALL_REAL_DATA": str(tmp_path)}
    environment |= environ
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
    command += ["-p", "tests.conftest", "-p", "no:cacheprovider", str(test_file)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_what_is_missing_is_skipped_with_its_reason(tmp_path: Path) -> None:
    run = run_with(tmp_path, "browser")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 skipped" in run.stdout
    assert "receipt.xes.gz, no-such-file.gz not in" in run.stdout


def test_what_is_missing_though_required_fails_with_its_reason(tmp_path: Path) -> None:
    run = run_with(tmp_path, "browser, real-data")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "HALL_REQUIRE forbids skipping real-data" in run.stdout


def test_services_that_a_machine_lacks_are_skipped_with_their_packages(tmp_path: Path) -> None:
    run = run_with(tmp_path, "", SERVICES, PATH=str(tmp_path), HALL_TEST_KAFKA="")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 skipped" in run.stdout
    assert "kafka: no java on PATH (Debian: apt-get install openjdk-17-jre-headless)" in run.stdout
    assert "prometheus: no prometheus on PATH (Debian: apt-get install prometheus)" in run.stdout


def test_services_that_are_required_may_not_be_missing(tmp_path: Path) -> None:
    required = "kafka,postgres,prometheus"
    run = run_with(tmp_path, required, SERVICES, PATH=str(tmp_path), HALL_TEST_KAFKA="")
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout.count("HALL_REQUIRE forbids skipping kafka: no java") >= 2
    assert "HALL_REQUIRE forbids skipping prometheus: no prometheus" in run.stdout


def test_a_misspelt_requirement_is_refused(tmp_path: Path) -> None:
    run = run_with(tmp_path, "real_data")
    assert run.returncode == 4, run.stdout + run.stderr
    known = "browser, disk, faketime, kafka, postgres, prometheus, real-data, systemd"
    assert f"HALL_REQUIRE names real_data; known: {known}" in run.stderr
