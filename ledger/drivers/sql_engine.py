"""Opens the database of states and read models: SQLite or PostgreSQL, each as it works best.

What is kept there can be made again from the log, and each transaction holds the position up to
which it came. So neither database waits for the disk at a commit (`synchronous=NORMAL`,
`synchronous_commit=off`): a power cut may lose the last batches, never consistency, and their
position with them.

On PostgreSQL every wait has a bound: for a connection, a lock, a statement, an answer of the
network, and for a transaction whose owner has stopped and still holds its locks.
"""

from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from ledger.drivers.sql_errors import unavailable
from ledger.errors import DatabaseUnavailable, SettingInvalid

CONNECTIONS_MAX = 10
"""Connections of one process to PostgreSQL."""
CONNECTION_WAIT_SECONDS = 10
"""How long a thread waits for one of them."""
_RECYCLE_SECONDS = 3_600
_RESTED_SECONDS = 1.0
"""After so long in the pool a connection is asked first; in busy hours that would cost a third."""
_RESTS = "hall_rests"
_BUSY_MS = 30_000
_CACHE_KIB = 65_536

_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""Seconds, and milliseconds: a server that is gone is noticed within half a minute."""
_SESSION = {
    "timezone": "UTC",
    "statement_timeout": "60s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "10s",
    "synchronous_commit": "off",
    "client_min_messages": "warning",
    "jit": "off",
}
"""The lock is waited for longer than a stopped owner can hold it. JIT pays for no query of ours."""
STOPPED_SECONDS = 10
"""How long a statement may wait for its own rest, where others need what it holds."""
_END_STOPPED = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND datname = current_database() AND usename = current_user AND backend_xid IS NOT NULL "
    "AND state = 'active' AND wait_event = 'ClientRead' "
    "AND state_change < clock_timestamp() - make_interval(secs => %s)"
)
_UNHURRIED = {
    "statement_timeout": 0,
    "idle_in_transaction_session_timeout": 0,
    "synchronous_commit": "on",
}


def open_engine(
    url: str, *, application: str = "hall", connections_max: int = CONNECTIONS_MAX
) -> Engine:
    """Return an engine whose errors are the ledger's own where the same may succeed later.

    Args:
        url: `sqlite:///…`, `postgresql://…` or `postgresql+psycopg://…`; what a PostgreSQL URL says
            of timeouts or in `options` wins over what is set here.
        application: name under which the database lists its connections.
        connections_max: of this engine to PostgreSQL; more threads wait for one.

    Raises:
        SettingInvalid: the URL names no database of these, or its driver is not installed.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = _postgresql(parsed, application, connections_max)
    event.listen(engine, "handle_error", _translate)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the same engine for transactions that will write: SQLite takes its lock at once."""
    return engine.execution_options(hall_writes=True)


def asking(engine: Engine) -> Engine:
    """Return the same engine for questions of one statement each.

    PostgreSQL is asked outside a transaction, which saves two of three round trips.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def unhurried(connection: Connection) -> None:
    """Let a transaction that moves much take its time, and be on the disk when it is committed.

    The bounds on its statements and on pauses between them are lifted; PostgreSQL only.
    """
    if connection.dialect.name == "postgresql":
        for name, value in _UNHURRIED.items():
            connection.exec_driver_sql(f"SET LOCAL {name} = {value}")


def end_stopped(connection: Connection, after_s: float = STOPPED_SECONDS) -> None:
    """End sessions of this account that stopped in the middle of a statement and hold locks.

    PostgreSQL ends by itself whoever stops between two statements of a transaction. Of one that was
    sent in part it waits for the rest without a bound, and so would everybody who needs its locks.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_END_STOPPED, (after_s,))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed is None or parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        found = "no URL" if parsed is None else repr(parsed.drivername)
        raise SettingInvalid(
            f"database: found {found}, expected sqlite: or postgresql://user@host/database."
        )
    return parsed


def _postgresql(url: URL, application: str, connections_max: int) -> Engine:
    ours = {"application_name": application, **_NETWORK}
    asked = {name: value for name, value in ours.items() if name not in url.query}
    settings = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    theirs = url.query.get("options", ())
    options = " ".join((settings, theirs if isinstance(theirs, str) else " ".join(theirs)))
    try:
        engine = create_engine(
            url.difference_update_query(["options"]),
            connect_args={**asked, "options": options.strip()},
            poolclass=_Pool,
            pool_size=connections_max,
            max_overflow=0,
            pool_timeout=CONNECTION_WAIT_SECONDS,
            pool_recycle=_RECYCLE_SECONDS,
            pool_use_lifo=True,
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SettingInvalid(
            f"database: the driver of {url.render_as_string()} is not installed: {error}.",
            hint="Install the extra `kafka`: pip install hall-ledger[kafka].",
        ) from error
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", partial(_look_alive, engine.dialect))
    return engine


def _rest(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS] = monotonic()


def _look_alive(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Ask a connection that has rested whether it still stands; one that fell is replaced."""
    if monotonic() - record.info.get(_RESTS, 0.0) < _RESTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


class _Pool(QueuePool):
    """A pool that says in the ledger's words that all its connections stayed in use."""

    def connect(self) -> PoolProxiedConnection:
        """Return a connection, waiting for one within the bound."""
        try:
            return super().connect()
        except PoolTimeout as error:
            raise DatabaseUnavailable(
                f"All {self.size()} connections to the database were in use for "
                f"{CONNECTION_WAIT_SECONDS} s.",
                hint="It is asked again; fewer threads, or more connections, would not wait.",
            ) from error


def _translate(context: ExceptionContext) -> None:
    error = context.original_exception
    found = unavailable(error, disconnected=context.is_disconnect)
    if found is not None:
        raise found from error


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
