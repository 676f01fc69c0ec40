"""How many rows enter and leave PostgreSQL at once: as arrays of one statement, or by COPY.

Measured with PostgreSQL 15 and psycopg 3.3, rows a second of one upsert:

| rows | 7 columns, 1.5 KB | 34 columns | 55 columns | 8 columns |
| --- | --- | --- | --- | --- |
| 10, executemany / arrays | 8,000 / 11,100 | 1,800 / 10,300 | 1,600 / 4,300 | 8,200 / 13,200 |
| 100, executemany / arrays / COPY | 7,400 / 28,300 / 21,100 | 1,400 / 34,400 / 20,100 | \
1,700 / 12,300 / 15,700 | 15,900 / 35,200 / 24,100 |
| 400, arrays / COPY | 30,500 / 24,500 | 26,400 / 39,500 | 14,900 / 23,100 | 70,500 / 56,400 |
| 2,000, executemany / arrays / COPY | 14,800 / 49,500 / 43,200 | 1,900 / 32,400 / 47,800 | \
1,800 / 24,800 / 47,500 | 14,300 / 91,200 / 111,500 |

An array costs by the value, in this process. COPY costs two milliseconds at the beginning, and each
row as much as six values of an array, since it goes through a temporary table. So rows and columns
decide: states always go as arrays, wide rows by COPY from some hundred on. The temporary table
lives as long as its connection: one for each batch would leave dead rows in the catalogue.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ledger.drivers.sql_errors import unavailable

COPY_FROM_VALUES = 5_000
"""Values from which COPY is the faster way, those that a row costs by COPY taken off."""
COPY_ROW_VALUES = 6


class BulkInsert:
    """An INSERT of many rows into one table."""

    def __init__(self, table: str, types: Mapping[str, str], on_conflict: str) -> None:
        """Write the SQL texts once.

        Args:
            table: its name.
            types: PostgreSQL's type of each column, in the order in which rows have them; names
                are taken as they are.
            on_conflict: what follows `ON CONFLICT`.
        """
        names = ", ".join(types)
        into = f"INSERT INTO {table} ({names})"
        conflict = f"ON CONFLICT {on_conflict}"
        staging = f"staging_{table}"
        self._width = len(types)
        self._types = list(types.values())
        self._arrays = f"{into} SELECT * FROM {_unnested(types.values())} {conflict}"  # noqa: S608
        self._stage = (
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} (LIKE {table}); TRUNCATE {staging}"
        )
        self._copy = f"COPY {staging} ({names}) FROM STDIN (FORMAT BINARY)"
        self._unstage = f"{into} SELECT {names} FROM {staging} {conflict}"  # noqa: S608

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows in the caller's transaction; the order is theirs."""
        if not rows:
            return
        if len(rows) * (self._width - COPY_ROW_VALUES) < COPY_FROM_VALUES:
            connection.exec_driver_sql(self._arrays, _columns(rows))
            return
        connection.exec_driver_sql(self._stage)
        with _driver_cursor(connection) as cursor, cursor.copy(self._copy) as copy:
            copy.set_types(self._types)
            for row in rows:
                copy.write_row(row)
        connection.exec_driver_sql(self._unstage)


class BulkDelete:
    """A DELETE of many rows of one table by key."""

    def __init__(self, table: str, key: Mapping[str, str]) -> None:
        """Write the SQL text once; `key` maps names of key columns to PostgreSQL's types."""
        self._sql = (
            f"DELETE FROM {table} WHERE ({', '.join(key)}) IN "  # noqa: S608 - names only
            f"(SELECT * FROM {_unnested(key.values())})"
        )

    def run(self, connection: Connection, keys: Sequence[Sequence[Any]]) -> None:
        """Delete the rows that have one of these keys."""
        if keys:
            connection.exec_driver_sql(self._sql, _columns(keys))


def read_rows(connection: Connection, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return what a query gives, read in PostgreSQL's binary form: half the cost of bytes as text.

    Args:
        connection: to PostgreSQL.
        sql: with `%s` for each value.
        values: lists are arrays.
    """
    with _driver_cursor(connection) as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(sql, values, binary=True).fetchall()
    return rows


def _unnested(types: Iterable[str]) -> str:
    return f"unnest({', '.join(f'%b::{each}[]' for each in types)})"


def _columns(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True)))


@contextmanager
def _driver_cursor(connection: Connection) -> Iterator[Any]:
    """Yield a cursor of the driver; its errors are the ledger's, as those of the engine are."""
    driver: Any = connection.connection
    try:
        with driver.cursor() as cursor:
            yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        lost = connection.dialect.is_disconnect(error, driver.dbapi_connection, None)
        found = unavailable(error, disconnected=lost)
        if lost:
            connection.invalidate(error)
        raise (found or DBAPIError(None, None, error)) from error
