"""What tests may count on from the PostgreSQL they are given."""

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.services.postgres import PostgresServer


def answer(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def test_a_database_is_empty_and_a_test_s_own(postgres: PostgresServer, database_url: str) -> None:
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert answer(database_url, tables) == 0
    answer(database_url, "CREATE TABLE mine (id int)")
    assert answer(database_url, tables) == 1
    other = postgres.new_database()
    assert answer(postgres.url_of(other), tables) == 0
    postgres.drop_database(other)


def test_a_killed_server_starts_again_with_what_was_committed(
    postgres: PostgresServer, database_url: str
) -> None:
    answer(database_url, "CREATE TABLE kept AS SELECT 7 AS id")
    postgres.kill()
    with pytest.raises(OperationalError):
        answer(database_url, "SELECT id FROM kept")
    postgres.start()
    assert answer(database_url, "SELECT id FROM kept") == 7
    postgres.stop()
    postgres.start()
    assert answer(database_url, "SELECT id FROM kept") == 7


def test_connections_to_a_database_can_be_cut(postgres: PostgresServer, database_url: str) -> None:
    address = database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE never_committed (id int)")
        postgres.disconnect(address.rpartition("/")[2])
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert answer(database_url, "SELECT to_regclass('never_committed')") is None
