"""Lets rebuilt tables take the place of the live ones, in the caller's transaction.

SQLite's one lock keeps everyone out meanwhile. On PostgreSQL each table has its own: writers are
held by the table of positions, which they all touch first, and readers only at the very end. Nobody
who reads has to wait for long, or is ever chosen to break a deadlock: the rebuild gives way after
half a second, sooner than PostgreSQL looks for one, and tries again.
"""

from time import sleep

from sqlalchemy import Connection, inspect, text

from ledger.errors import DatabaseUnavailable
from projections.drivers.grants import give, grants_on
from projections.drivers.read_schema import ReadSchema
from projections.drivers.sql_store import SqlStore
from projections.drivers.sql_tables import REBUILD_SUFFIX
from projections.drivers.views import VIEWS, create_views, drop_views

_GIVES_WAY_AFTER = "500ms"
_PAUSE_SECONDS = 0.5
_TRIES = 240
_REPLACED = "__replaced"
_NOT_WON = frozenset({"40P01", "55P03"})
"""A deadlock, and a lock that was not won in time."""


def hold_writers(connection: Connection) -> None:
    """Let nobody commit a batch of read models until the transaction ends; PostgreSQL only."""
    connection.exec_driver_sql("LOCK TABLE reader_positions IN SHARE ROW EXCLUSIVE MODE")


def exchange_tables(connection: Connection, live: SqlStore, generation: int) -> None:
    """Let the rebuilt tables take the names of the live ones, which are dropped.

    Whoever was granted something on a table keeps it. On PostgreSQL the views stay, and with them
    what analysts have built on them, as long as their columns do.
    """
    names = [shape.name for shape in live.shapes]
    if connection.dialect.name == "postgresql":
        _exchange_under_views(connection, names, live.schema)
    else:
        drop_views(connection)
        for name in names:
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
            _rename(connection, f"{name}{REBUILD_SUFFIX}", name)
        create_views(connection, live.schema.zone)
    live.schema.write_versions(connection, generation)


def _exchange_under_views(connection: Connection, names: list[str], schema: ReadSchema) -> None:
    inspector = inspect(connection)
    there = set(inspector.get_table_names()).intersection(names)
    views = {view.name for view in VIEWS}.intersection(inspector.get_view_names())
    _hold_readers(connection, [*sorted(views), *sorted(there)])
    grants = grants_on(connection, names)
    for name in there:
        _rename(connection, name, name + _REPLACED)
    for name in names:
        _rename(connection, f"{name}{REBUILD_SUFFIX}", name)
    create_views(connection, schema.zone)
    for name in there:
        connection.execute(text(f"DROP TABLE {name}{_REPLACED}"))
    give(connection, grants)


def _rename(connection: Connection, name: str, to: str) -> None:
    connection.execute(text(f"ALTER TABLE {name} RENAME TO {to}"))


def _hold_readers(connection: Connection, names: list[str]) -> None:
    """Win the locks of tables and views, giving way to those who hold one."""
    for _ in range(_TRIES):
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_GIVES_WAY_AFTER}'")
                connection.exec_driver_sql(
                    f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE"
                )
        except DatabaseUnavailable as error:
            if error.details["sqlstate"] not in _NOT_WON:
                raise
            sleep(_PAUSE_SECONDS)
        else:
            return
    raise DatabaseUnavailable(
        "Exchanging the read models: somebody has been reading a table or view all the time.",
        hint="Look for long queries in pg_stat_activity and end them, then run it again.",
    )
