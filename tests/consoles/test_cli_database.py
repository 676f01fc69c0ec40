"""`hall database`: what it makes, what it finds, and that it may be run again."""

from pathlib import Path

from sqlalchemy import text

from ledger.drivers.sql_engine import open_engine
from tests.consoles.commands import hall


def test_tables_and_views_are_made_once_and_then_as_needed(database_url: str) -> None:
    env = {"HALL_DATABASE": database_url}
    assert hall("database", "check", env=env).code == 1
    made = hall("database", "apply", "--json", env=env).json()["made"]
    assert {"table case_states", "table cards", "view v_cards"} <= set(made)
    assert hall("database", "apply", "--json", env=env).json() == {"made": []}
    checked = hall("database", "check", "--json", env=env)
    assert (checked.code, checked.json()) == (0, {"as_needed": True, "faults": []})


def test_what_is_missing_is_named_and_made_again(database_url: str) -> None:
    env = {"HALL_DATABASE": database_url}
    assert hall("database", "apply", env=env).code == 0
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP VIEW v_cards"))
        connection.execute(text("DROP TABLE publications"))
    engine.dispose()
    checked = hall("database", "check", env=env)
    assert checked.code == 1
    assert "table publications: missing" in checked.out
    assert "view v_cards: missing" in checked.out
    assert hall("database", "apply", env=env).code == 0
    assert hall("database", "check", env=env).code == 0


def test_the_embedded_edition_needs_no_such_command(tmp_path: Path) -> None:
    ran = hall("database", "apply", env={"HALL_DATA": str(tmp_path)})
    assert ran.code == 2
    assert "HALL_DATABASE" in ran.err
