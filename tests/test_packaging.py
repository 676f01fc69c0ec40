"""The wheel carries exactly the five packages, all of their files, and a command that runs.

The tests of the tree run against the checkout and cannot see a packaging fault: here the wheel is
built, installed in a fresh environment and used outside the checkout.
"""

import json
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "processors", "projections", "alerts", "consoles")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command as a stranger to this checkout would; its standard output."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without reaching for anything outside."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment that holds the wheel.

    The dependencies are lent by the running environment through a path file, which brings no
    editable install with it; only our own distribution is installed.
    """
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=home)
    (site_packages,) = (home / "lib").glob("python3*/site-packages")
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "lent.pth").write_text("\n".join(lent) + "\n", encoding="utf-8")
    return home / "bin"


def test_the_wheel_holds_every_file_of_the_five_packages_and_nothing_else(wheel: Path) -> None:
    listed = run(
        *("git", "-c", "safe.directory=*", "ls-files", "-z"),
        *("--cached", "--others", "--exclude-standard", "--", *PACKAGES),
        cwd=ROOT,
    )
    expected = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected


def test_each_package_belongs_to_hall_ledger_alone(fresh: Path, tmp_path: Path) -> None:
    script = (
        "import importlib.metadata as m, json, sys;"
        "print(json.dumps({n: m.packages_distributions().get(n) for n in sys.argv[1:]}))"
    )
    owners = json.loads(run(fresh / "python", "-c", script, *PACKAGES, cwd=tmp_path))
    assert owners == {name: ["hall-ledger"] for name in PACKAGES}


def test_neither_tests_nor_deploy_are_importable_where_it_is_installed(
    fresh: Path, tmp_path: Path
) -> None:
    script = "import importlib.util as u; print(u.find_spec('tests'), u.find_spec('deploy'))"
    assert run(fresh / "python", "-c", script, cwd=tmp_path).split() == ["None", "None"]


def test_hall_says_its_version_outside_the_checkout(fresh: Path, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] in run(fresh / "hall", "--version", cwd=tmp_path)
