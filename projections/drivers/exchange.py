"""Lets rebuilt tables take the place of the live ones, in the caller's transaction.

SQLite's one lock keeps everyone out meanwhile. On PostgreSQL each table has its own: writers are
held by the table of positions, which they all touch first, and readers only at the very end. Nobody
who reads has to wait for long, or is ever chosen to break a deadlock: the rebuild gives way after
half a second, sooner than PostgreSQL looks for one, and tries again.
"""

from time import sleep
from typing import NamedTuple

from sqlalchemy import Connection, inspect, text

from ledger.errors import DatabaseUnavailable
from projections.drivers.sql_store import SqlStore
from projections.drivers.sql_tables import REBUILD_SUFFIX
from projections.drivers.views import VIEWS, create_views, drop_views

_GIVES_WAY_AFTER = "500ms"
_PAUSE_SECONDS = 0.5
_TRIES = 240
_NOT_WON = frozenset({"40P01", "55P03"})
"""A deadlock, and a lock that was not won in time."""


class _Grant(NamedTuple):
    """A privilege that somebody has on a table or view."""

    name: str
    grantee: str
    privilege: str
    grantable: bool


def hold_writers(connection: Connection) -> None:
    """Let nobody commit a batch of read models until the transaction ends; PostgreSQL only."""
    connection.exec_driver_sql("LOCK TABLE reader_positions IN SHARE ROW EXCLUSIVE MODE")


def exchange_tables(connection: Connection, live: SqlStore, generation: int) -> None:
    """Drop the live tables, name the rebuilt ones as them, and make the views anew.

    Whoever was granted something on them keeps it.
    """
    names = [shape.name for shape in live.shapes]
    grants: list[_Grant] = []
    if connection.dialect.name == "postgresql":
        there = inspect(connection)
        views = [view.name for view in VIEWS if view.name in there.get_view_names()]
        _hold_readers(connection, [*views, *(n for n in names if n in there.get_table_names())])
        grants = _grants(connection, [*views, *names])
    drop_views(connection)
    for name in names:
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        connection.execute(text(f"ALTER TABLE {name}{REBUILD_SUFFIX} RENAME TO {name}"))
    create_views(connection, live.schema.zone)
    live.schema.write_versions(connection, generation)
    for grant in grants:
        _give(connection, grant)


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


def _grants(connection: Connection, names: list[str]) -> list[_Grant]:
    """Return what others than the owner may do with tables and views."""
    found = connection.exec_driver_sql(
        "SELECT c.relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, "
        "a.privilege_type, a.is_grantable FROM pg_class c "
        "CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) "
        "AND a.grantee <> c.relowner",
        (names,),
    )
    return [_Grant(*row) for row in found]


def _give(connection: Connection, grant: _Grant) -> None:
    option = " WITH GRANT OPTION" if grant.grantable else ""
    connection.exec_driver_sql(
        f"GRANT {grant.privilege} ON {grant.name} TO {grant.grantee}{option}"
    )
