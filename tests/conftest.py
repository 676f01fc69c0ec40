"""What a machine may lack (real data, a browser), asked for in one place.

It stands apart because a skip is a decision: without the thing a test is skipped with its reason,
and a name in HALL_REQUIRE (comma list) turns that skip into a failure, so that CI cannot pass by
skipping.
"""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn, Protocol

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
REQUIRABLE = frozenset(
    {"browser", "disk", "faketime", "kafka", "postgres", "prometheus", "real-data", "systemd"}
)

pytest_plugins = ["tests.services.fixtures", "tests.services.databases"]

# Two shared cores stall at any moment: an example's duration proves nothing. The rest of the
# profile is hypothesis's own choice for this place (in CI it derandomises).
settings.register_profile("hall", deadline=None, print_blob=True)
settings.load_profile("hall")


class Need(Protocol):
    """Ends the running test because the machine lacks something."""

    def __call__(self, name: str, reason: str) -> NoReturn:
        """Skip with `reason`, or fail with it where HALL_REQUIRE holds `name`."""
        ...


def required_names() -> frozenset[str]:
    """The names that HALL_REQUIRE says must not be skipped."""
    listed = os.environ.get("HALL_REQUIRE", "").split(",")
    return frozenset(name.strip() for name in listed if name.strip())


def pytest_configure() -> None:
    """Refuse a misspelt requirement, which would otherwise require nothing."""
    unknown = required_names() - REQUIRABLE
    if unknown:
        known = ", ".join(sorted(REQUIRABLE))
        raise pytest.UsageError(f"HALL_REQUIRE names {', '.join(sorted(unknown))}; known: {known}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what needs brokers come last: a cluster and its workers cost all others time."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if "faults" in item.path.parts:
        return 2
    return int(bool({"kafka", "kafka_cluster"} & set(getattr(item, "fixturenames", ()))))


def skip_or_fail(name: str, reason: str) -> NoReturn:
    """Skip the running test with `reason`, or fail it where HALL_REQUIRE holds `name`."""
    assert name in REQUIRABLE, f"{name!r} is not a name that HALL_REQUIRE knows"
    if name in required_names():
        pytest.fail(f"HALL_REQUIRE forbids skipping {name}: {reason}", pytrace=False)
    pytest.skip(f"{name}: {reason}")


@pytest.fixture(scope="session")
def need() -> Need:
    """Call it with a name and a reason when something is missing."""
    return skip_or_fail


@pytest.fixture
def real_data(request: pytest.FixtureRequest) -> Path:
    """The folder of real data, with the files that `@pytest.mark.real_data(...)` names."""
    folder = (ROOT / os.environ.get("HALL_REAL_DATA", "../shared/data")).resolve()
    marker = request.node.get_closest_marker("real_data")
    names = marker.args if marker and marker.args else ("receipt.xes.gz",)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        skip_or_fail("real-data", f"{', '.join(missing)} not in {folder} (HALL_REAL_DATA)")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium, for `playwright…launch(executable_path=chromium)`."""
    if importlib.util.find_spec("playwright") is None:
        skip_or_fail("browser", "the package playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        skip_or_fail("browser", "no chromium on PATH (Debian: apt-get install chromium)")
    return path
