"""Opens the database of the read models: SQLite or PostgreSQL, each in the way it writes best.

What is here can be made again from the log, so SQLite runs with `synchronous=NORMAL`: a power cut
may lose the last batches, never consistency, and their position with them.
"""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

_BUSY_MS = 30_000
_CACHE_KIB = 65_536


def open_engine(url: str) -> Engine:
    """Return an engine whose transactions are real ones in SQLite too (DDL included).

    Args:
        url: an SQLAlchemy URL, e.g. `sqlite:////var/lib/hall/read.sqlite`.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that will write: SQLite takes its lock at once."""
    return engine.execution_options(hall_writes=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late, or never
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={_BUSY_MS}",
        f"cache_size=-{_CACHE_KIB}",
        "wal_autocheckpoint=10000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hall_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
