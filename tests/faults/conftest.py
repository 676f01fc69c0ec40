"""The halls that faults happen to, and the report at the end of the run.

Most faults must leave a hall whole, so they happen to one hall, one after the other; one that a
failed test leaves behind is not used again. Faults that end a hall have one of their own.
"""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.scenario import FORM, LONG, PAGE, ROWS, table, write_page

if TYPE_CHECKING:
    from tests.faults.scenario import Standing

ROLES, NAMES = ("supervise", "project"), ("a", "b")


@pytest.fixture(scope="session")
def open_standing(
    kafka_cluster: Any, postgres: Any, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Callable[..., Standing]]":
    """Makes a hall with its workers; all end with the run."""
    from tests.faults.kafka_hall import KafkaHall
    from tests.faults.scenario import Standing

    halls: list[KafkaHall] = []
    names: list[str] = []

    def opened(**settings: object) -> Standing:
        names.append(postgres.new_database())
        hall = KafkaHall(
            tmp_path_factory.mktemp("hall"),
            bootstrap=kafka_cluster.bootstrap,
            topic=f"faults-{uuid.uuid4().hex[:8]}.ledger",
            database_url=postgres.url_of(names[-1]),
            **settings,
        )
        halls.append(hall)
        hall.prepare()
        for role in ROLES:
            for name in NAMES:
                hall.start(name, role)
        return Standing(hall)

    yield opened
    for hall in halls:
        hall.close()
    postgres.start()
    for name in names:
        postgres.drop_database(name)


@pytest.fixture(scope="session")
def _shared() -> "list[Standing]":
    return []


@pytest.fixture
def standing(open_standing: "Callable[..., Standing]", _shared: "list[Standing]") -> "Standing":
    """The hall that faults leave whole, two workers of each role."""
    if not _shared or _shared[-1].is_broken:
        if _shared:
            _shared[-1].hall.close()
        _shared.append(open_standing())
    return _shared[-1]


@pytest.fixture
def own_hall(open_standing: "Callable[..., Standing]") -> "Iterator[Standing]":
    """A hall that the test may leave in any state."""
    made = open_standing()
    yield made
    made.hall.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes long to the long form."""
    left = [each for each in items if FORM == "short" and each.get_closest_marker("long")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [each for each in items if each not in left]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the report of the faults that ran; the long form keeps it in OPERATING.md."""
    if not ROWS:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(table(row.text() for row in ROWS))
    if LONG:
        page = Path(PAGE)
        page.write_text(write_page(page.read_text("utf-8"), ROWS), "utf-8")
