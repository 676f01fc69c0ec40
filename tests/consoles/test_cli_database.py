"""`hall database apply|check`, and the whole of a hall whose database is PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from ledger.drivers.sql_engine import open_engine
from tests.consoles.commands import DONE, Ran, acceptance, hall, jsonl
from tests.services.databases import on_postgresql, url_in

TABLES = {
    *("case_states", "supervision_positions", "unit_facts", "unit_ticks", "publications"),
    *("cases", "case_limits", "cards", "card_days", "case_history", "case_cycles"),
    *("efficiency_days", "hall_days", "reader_positions", "projection_versions", "zone_offsets"),
}
VIEWS = {"v_cases", "v_cards", "v_efficiency_daily"}


@pytest.fixture
def settings(dialect: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a hall: an empty data folder, an empty database."""
    (tmp_path / "hall").mkdir()
    found = {"HALL_DATA": str(tmp_path / "hall")}
    return {**found, "HALL_DATABASE": url_in(tmp_path)} if on_postgresql() else found


@pytest.fixture
def states(settings: dict[str, str]) -> Iterator[Engine]:
    """The database of states, to be changed behind the hall's back."""
    in_folder = f"sqlite:///{settings['HALL_DATA']}/state.sqlite"
    engine = open_engine(settings.get("HALL_DATABASE", in_folder))
    yield engine
    engine.dispose()


@pytest.fixture
def reads(settings: dict[str, str]) -> Iterator[Engine]:
    in_folder = f"sqlite:///{settings['HALL_DATA']}/read.sqlite"
    engine = open_engine(settings.get("HALL_DATABASE", in_folder))
    yield engine
    engine.dispose()


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def apply(settings: dict[str, str]) -> Ran:
    return hall("database", "apply", "--json", env=settings)


def faults(settings: dict[str, str]) -> list[str]:
    """What `check` finds; its exit code says whether there is anything."""
    ran = hall("database", "check", "--json", env=settings)
    found: list[str] = ran.json()["faults"]
    assert ran.code == (1 if found else 0)
    return found


def test_an_empty_database_lacks_everything_and_one_command_makes_it(
    settings: dict[str, str],
) -> None:
    assert {f"table {name}: missing" for name in TABLES} <= set(faults(settings))
    ran = apply(settings)
    assert ran.code == 0
    made = set(ran.json()["made"])
    assert {f"table {name}" for name in TABLES} <= made
    assert {f"view {name}" for name in VIEWS} <= made
    assert "index case_states_due" in made
    assert faults(settings) == []


def test_applying_again_makes_nothing_and_says_so(settings: dict[str, str]) -> None:
    apply(settings)
    assert apply(settings).json() == {"made": [], "faults": []}
    assert hall("database", "apply", env=settings).out == "nothing to make\n"
    assert hall("database", "check", env=settings).out == "complete\n"


def test_an_index_and_a_view_that_are_gone_are_named_and_made_again(
    settings: dict[str, str], states: Engine, reads: Engine
) -> None:
    apply(settings)
    execute(states, "DROP INDEX case_states_due")
    execute(reads, "DROP VIEW v_cards", "DROP INDEX ix_cards_0_g1")
    lacking = {"index case_states_due", "index ix_cards_0_g1", "view v_cards"}
    assert set(faults(settings)) == {f"{name}: missing" for name in lacking}
    assert lacking <= set(apply(settings).json()["made"])
    assert faults(settings) == []


def test_states_of_another_shape_are_made_anew_with_their_positions(
    settings: dict[str, str], states: Engine
) -> None:
    apply(settings)
    execute(
        states,
        "INSERT INTO supervision_positions VALUES (0, '5', 7, 'log', 'x', 3)",
        "ALTER TABLE case_states DROP COLUMN suspended",
    )
    assert faults(settings) == ["column case_states.suspended: missing"]
    assert "table supervision_positions" in apply(settings).json()["made"]
    assert faults(settings) == []
    with states.connect() as connection:
        assert not connection.execute(text("SELECT * FROM supervision_positions")).all()


def test_read_models_of_another_version_are_left_for_a_rebuild(
    settings: dict[str, str], reads: Engine
) -> None:
    apply(settings)
    execute(reads, "UPDATE projection_versions SET version = 1 WHERE projection = 'efficiency'")
    ran = apply(settings)
    assert ran.code == 1
    assert "hall rebuild" in ran.json()["faults"][0]
    assert "efficiency 1" in faults(settings)[0]
    assert hall("rebuild", env=settings).code == 0
    assert faults(settings) == []


def test_read_models_that_lost_a_table_are_not_given_an_empty_one(
    settings: dict[str, str], reads: Engine
) -> None:
    apply(settings)
    execute(reads, "DROP TABLE hall_days")
    ran = apply(settings)
    assert ran.code == 1
    assert "have lost the rows of hall_days" in ran.json()["faults"][0]
    assert "hall_days" not in inspect(reads).get_table_names()
    assert hall("rebuild", env=settings).code == 0
    assert faults(settings) == []


def test_a_hall_imports_judges_answers_and_rebuilds_on_either(
    settings: dict[str, str], tmp_path: Path
) -> None:
    apply(settings)
    file = jsonl(tmp_path, acceptance(), DONE)
    assert hall("import", "jsonl", file, "--as-if-live", env=settings).code == 0
    levels = [card["level"] for card in hall("cards", "--json", env=settings).lines()]
    assert sorted(levels) == ["red", "warning", "yellow"]
    assert hall("rebuild", "--check", "--json", env=settings).json()["identical"]
    assert hall("rebuild", env=settings).code == 0
    assert hall("rebuild", "--check", "--json", env=settings).json()["identical"]
    assert hall("check", env=settings).code == 0
    assert faults(settings) == []


def test_a_hall_does_not_start_on_a_server_without_its_tables(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "hall").mkdir()
    settings = {"HALL_DATA": str(tmp_path / "hall"), "HALL_DATABASE": database_url}
    ran = hall("check", env=settings)
    assert ran.code == 2
    assert "[database.schema-other]" in ran.err
    assert "hall database apply" in ran.err
    apply(settings)
    assert hall("check", env=settings).code == 0


def test_a_server_that_is_not_there_is_an_error_that_may_pass(tmp_path: Path) -> None:
    (tmp_path / "hall").mkdir()
    for command in (("database", "check"), ("database", "apply"), ("check",)):
        ran = hall(
            *command,
            env={
                "HALL_DATA": str(tmp_path / "hall"),
                "HALL_DATABASE": "postgresql://hall:secret@127.0.0.1:1/hall",
            },
        )
        assert ran.code == 3
        assert "[database.unavailable]" in ran.err
        assert "secret" not in ran.err


@pytest.mark.parametrize("url", ["mysql://h/d", "postgresql+psycopg2://h/d", "nonsense"])
def test_another_kind_of_database_is_refused(url: str, tmp_path: Path) -> None:
    ran = hall("database", "check", env={"HALL_DATA": str(tmp_path), "HALL_DATABASE": url})
    assert ran.code == 2
    assert "[settings.invalid]" in ran.err
