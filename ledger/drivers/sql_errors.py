"""Turns what a database driver says when it cannot answer into the ledger's own error.

The one place for it: an engine asks here for every error of a statement, a connection or a commit,
and so does what speaks to a driver beside the engine (COPY).
"""

import sqlite3

from ledger.errors import DatabaseUnavailable

_MAY_PASS = frozenset({"08", "40", "53", "57", "58"})
"""Classes of SQLSTATE: connection, rollback, resources, operator's intervention, system."""
_MAY_PASS_TOO = frozenset({"25006", "25P03", "25P04", "55P03"})
"""Read-only after a fail-over, transactions ended for idling or lasting, locks not won."""
_SQLITE_MAY_PASS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_PRIMARY = 0xFF
"""The bits of SQLite's result code that say what failed; the others say where."""
_UNREACHED = frozenset({"OperationalError", "InterfaceError"})


def unavailable(error: BaseException, *, disconnected: bool = False) -> DatabaseUnavailable | None:
    """Return the error that a driver's error stands for if the same may succeed later, else None.

    Args:
        error: as sqlite3 or psycopg raised it.
        disconnected: the connection is known to be lost, whatever the error is.
    """
    if not (disconnected or _may_pass(error)):
        return None
    said = " ".join(str(error).split()) or type(error).__name__
    return DatabaseUnavailable(
        f"The database cannot answer: {said.removesuffix('.')}.",
        hint="It is asked again; if this lasts, look at the database, its disk and its own log.",
        sqlstate=getattr(error, "sqlstate", None),
    )


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & _PRIMARY in _SQLITE_MAY_PASS
    if not hasattr(error, "sqlstate"):
        return False
    state: str | None = error.sqlstate
    if state is None:  # the client's own words: it reached nobody, or nobody answered in time
        return any(base.__name__ in _UNREACHED for base in type(error).__mro__)
    return state[:2] in _MAY_PASS or state in _MAY_PASS_TOO
