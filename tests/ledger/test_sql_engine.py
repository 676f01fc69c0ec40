"""Engines for states and read models: which errors may pass, and what waits how long."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from ledger.drivers import sql_engine, sql_rows
from ledger.drivers.sql_engine import end_stopped, open_engine, unhurried, writing
from ledger.drivers.sql_rows import BulkDelete, BulkInsert, read_rows
from ledger.errors import DatabaseUnavailable, SettingInvalid


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(database_url, connections_max=2)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE things (id bigint PRIMARY KEY, name text)"))
    yield made
    made.dispose()


def test_a_lock_that_sqlite_does_not_give_may_be_asked_for_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite'}"
    engine, hasty = open_engine(url), open_engine(url)
    with hasty.connect() as waiting, writing(engine).begin():
        waiting.exec_driver_sql("PRAGMA busy_timeout = 1")
        with pytest.raises(DatabaseUnavailable, match="database is locked") as caught:
            waiting.exec_driver_sql("CREATE TABLE t (id)")
    assert caught.value.retryable
    engine.dispose()
    hasty.dispose()


def test_what_asking_again_does_not_mend_is_no_unavailability(
    tmp_path: Path, engine: Engine
) -> None:
    sqlite = open_engine(f"sqlite:///{tmp_path / 'x.sqlite'}")
    for opened, kind in ((sqlite, OperationalError), (engine, ProgrammingError)):
        with opened.begin() as connection, pytest.raises(kind):
            connection.exec_driver_sql("SELECT * FROM nowhere")
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO things VALUES (1, ''), (1, '')")
    sqlite.dispose()


@pytest.mark.parametrize(
    ("bound", "statement"),
    [
        ("statement_timeout", "SELECT pg_sleep(60)"),
        ("lock_timeout", "LOCK TABLE things"),
    ],
)
def test_a_wait_that_lasts_too_long_ends_and_may_be_tried_again(
    engine: Engine, bound: str, statement: str
) -> None:
    with engine.begin() as holding, engine.connect() as waiting:
        holding.exec_driver_sql("LOCK TABLE things")
        waiting.exec_driver_sql(f"SET {bound} = '50ms'")
        waiting.commit()
        with pytest.raises(DatabaseUnavailable, match="timeout"):
            waiting.exec_driver_sql(statement)
        waiting.invalidate()


def test_a_transaction_whose_owner_has_stopped_is_ended_and_gives_its_locks_back(
    engine: Engine,
) -> None:
    with engine.connect() as stopped:
        stopped.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
        stopped.exec_driver_sql("LOCK TABLE things")
        with engine.begin() as other:
            other.exec_driver_sql("LOCK TABLE things")
        with pytest.raises(DatabaseUnavailable):
            stopped.exec_driver_sql("SELECT 1")


def test_who_has_stopped_in_the_middle_of_a_statement_gives_its_locks_back_to_who_asks(
    engine: Engine,
) -> None:
    with engine.connect() as stopped:
        stopped.exec_driver_sql("INSERT INTO things VALUES (1, 'mine')")
        pgconn = stopped.connection.driver_connection.pgconn  # type: ignore[union-attr]
        pgconn.exec_(b"COPY things FROM STDIN")
        with engine.begin() as other:
            end_stopped(other, after_s=3_600)
            end_stopped(other, after_s=0)
            other.exec_driver_sql("INSERT INTO things VALUES (1, 'theirs')")
        stopped.invalidate()
    with engine.begin() as connection:
        assert read_rows(connection, "SELECT name FROM things", []) == [("theirs",)]


def test_a_deadlock_may_be_tried_again(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO things VALUES (1, ''), (2, '')")

    def update(first: int, second: int) -> str:
        try:
            with engine.begin() as connection:
                for number in (first, second):
                    sql = f"UPDATE things SET name = 'x' WHERE id = {number}"
                    connection.exec_driver_sql(sql)
                    both.wait(timeout=30)
        except DatabaseUnavailable as error:
            both.abort()
            return str(error.details["sqlstate"])
        except BrokenBarrierError:
            pass
        return "done"

    both = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        became = sorted(pool.map(update, (1, 2), (2, 1)))
    assert became == ["40P01", "done"]


def test_all_connections_in_use_is_an_unavailability(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_engine, "CONNECTION_WAIT_SECONDS", 0.05)
    small = open_engine(engine.url.render_as_string(hide_password=False), connections_max=1)
    with small.connect(), pytest.raises(DatabaseUnavailable, match="All 1 connections"):
        small.connect()
    small.dispose()


def test_a_transaction_that_moves_much_has_no_bound_and_waits_for_the_disk(engine: Engine) -> None:
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "synchronous_commit")
    with engine.begin() as connection:
        unhurried(connection)
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert found == ["0", "0", "on"]
    with engine.begin() as connection:
        after = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert after == ["1min", "10s", "off"]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://h/d", "postgresql+asyncpg://h/d"])
def test_a_url_of_another_database_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid, match="expected sqlite: or postgresql://"):
        open_engine(url)


def test_the_scheme_postgresql_alone_means_this_driver() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        engine = open_engine(f"{scheme}://hall@h/d")
        assert engine.url.drivername == "postgresql+psycopg"
        engine.dispose()


@pytest.fixture
def copying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let COPY be used for any number of rows."""
    monkeypatch.setattr(sql_rows, "COPY_ROW_VALUES", 0)
    monkeypatch.setattr(sql_rows, "COPY_FROM_VALUES", 0)


@pytest.mark.parametrize("how_many", [0, 1, 3_000])
@pytest.mark.parametrize("way", ["arrays", "copy"])
def test_rows_come_in_and_go_whichever_way_they_are_handed_over(
    engine: Engine, how_many: int, way: str, request: pytest.FixtureRequest
) -> None:
    """Twice in one transaction, so that nothing of a former batch is left over."""
    if way == "copy":
        request.getfixturevalue("copying")
    insert = BulkInsert(
        "things", {"id": "bigint", "name": "text"}, "(id) DO UPDATE SET name = excluded.name"
    )
    delete = BulkDelete("things", {"id": "bigint"})
    nothing: list[tuple[int, str | None]] = [(2**62 + n, None) for n in range(how_many)]
    texts = [(2**62 + n, f"a\tb\\N\n'\"{{}},办件 🏠 {n}") for n in range(how_many)]
    query = "SELECT id, name FROM things WHERE id = ANY(%s) ORDER BY id"
    ids = [[2**62 + n for n in range(how_many)]]
    for _ in range(2):
        with engine.begin() as connection:
            insert.run(connection, nothing)
            assert read_rows(connection, query, ids) == nothing
            insert.run(connection, texts)
            assert read_rows(connection, query, ids) == texts
            delete.run(connection, [(number,) for number in ids[0][1:]])
        with engine.begin() as connection:
            assert read_rows(connection, "SELECT id, name FROM things", []) == texts[:1]
            delete.run(connection, [(number,) for number in ids[0]])


def test_wide_rows_go_by_copy_from_some_hundred_on_and_narrow_ones_as_arrays(
    engine: Engine,
) -> None:
    columns = {f"c{n}": "bigint" for n in range(30)}
    with engine.begin() as connection:
        made = ", ".join(f"{name} bigint" for name in columns)
        connection.exec_driver_sql(f"CREATE TABLE wide ({made})")
        BulkInsert("wide", columns, "DO NOTHING").run(connection, [tuple(range(30))] * 100)
        narrow = BulkInsert("things", {"id": "bigint", "name": "text"}, "DO NOTHING")
        narrow.run(connection, [(n, "x") for n in range(3_000)])
        staged = (
            "SELECT relname::text FROM pg_class WHERE relname LIKE 'staging%' AND relkind = 'r'"
        )
        assert read_rows(connection, staged.replace("%", "%%"), []) == []
        BulkInsert("wide", columns, "DO NOTHING").run(connection, [tuple(range(30))] * 300)
        assert read_rows(connection, staged.replace("%", "%%"), []) == [("staging_wide",)]
        assert read_rows(connection, "SELECT count(*), sum(c29) FROM wide", []) == [(400, 29 * 400)]


def test_an_error_of_copy_is_told_as_one_of_a_statement(engine: Engine, copying: None) -> None:
    insert = BulkInsert("things", {"id": "bigint", "name": "text"}, "(id) DO NOTHING")
    rows = [(n, "NUL \0") for n in range(3)]
    with pytest.raises(DBAPIError, match="0x00"), engine.begin() as connection:
        insert.run(connection, rows)
    with engine.begin() as connection:
        insert.run(connection, [(1, "good")])
        assert read_rows(connection, "SELECT name FROM things", []) == [("good",)]
