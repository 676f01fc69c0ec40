"""The file of the SQLite log: its tables, what guards them, how it is opened, what its errors mean.

It stands apart from the log so that the schema can be read as a page of its own, and so that native
errors are translated in exactly one place.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from ledger.drivers.group_writer import LOCKED
from ledger.errors import LogMismatch, LogUnavailable

APPLICATION_ID = 0x48414C4C
"""Marks the file as a hall ledger's (`HALL`) in its header."""

SCHEMA_VERSION = 1
OFFSET_BITS = 40
"""A record's place is `partition << 40 | offset`: each partition appends at its own end."""

PAGE_BYTES = 4096
WRITER_CACHE_KIB = 262_144
READER_CACHE_KIB = 16_384
CHECKPOINT_PAGES = 12_000
WAL_KEPT_BYTES = 128 * 1024 * 1024
_OPEN_PAUSE_S = 0.05

_TABLES = (
    """
    CREATE TABLE log (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        identity TEXT NOT NULL,
        partitions INTEGER NOT NULL CHECK (partitions > 0)
    ) STRICT
    """,
    """
    CREATE TABLE records (
        place INTEGER PRIMARY KEY,  -- partition << 40 | offset
        identity BLOB NOT NULL UNIQUE CHECK (length(identity) = 16),
        greatest_us INTEGER NOT NULL,  -- greatest stamp or tick of live records so far
        raw BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE dead_letters (
        number INTEGER PRIMARY KEY,
        received_us INTEGER NOT NULL,
        source TEXT NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        raw BLOB NOT NULL
    ) STRICT
    """,
    # INSERT OR REPLACE deletes without asking the delete triggers, so it is refused by its own; a
    # record beyond the end would leave a hole. 1099511627775 masks the offset.
    """
    CREATE TRIGGER records_only_at_the_end BEFORE INSERT ON records
    WHEN EXISTS (SELECT 1 FROM records WHERE place = NEW.place)
        OR EXISTS (SELECT 1 FROM records WHERE identity = NEW.identity)
        OR (NEW.place & 1099511627775 > 0
            AND NOT EXISTS (SELECT 1 FROM records WHERE place = NEW.place - 1))
    BEGIN SELECT RAISE(ABORT, 'records are appended at the end, once'); END
    """,
    """
    CREATE TRIGGER dead_letters_are_added BEFORE INSERT ON dead_letters
    WHEN EXISTS (SELECT 1 FROM dead_letters WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'dead_letters is append-only'); END
    """,
    """
    CREATE TRIGGER log_is_made_once BEFORE INSERT ON log
    WHEN EXISTS (SELECT 1 FROM log)
    BEGIN SELECT RAISE(ABORT, 'log is made once'); END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
        """
        for table in ("log", "records", "dead_letters")
        for verb in ("UPDATE", "DELETE")
    ),
)


class SqliteFile:
    """An existing or newly made log file; hands out connections to it.

    Attributes:
        identity: UUID made with the file.
        partitions: fixed when the file was made.
    """

    def __init__(self, path: Path, partitions: int, *, read_only: bool, patience_s: float) -> None:
        """Open the file, or make it unless `read_only`.

        Args:
            path: the file.
            partitions: as many as it was made with, or is to have.
            read_only: connections can only read.
            patience_s: seconds to wait while another process holds the file.

        Raises:
            LogMismatch: another partition count, another kind of file, or a newer version's.
            LogUnavailable: it cannot be opened.
        """
        self.path = path
        self.read_only = read_only
        self._patience_s = patience_s
        with translated(path, "Open"):
            connection = self._connect()
            try:
                if not read_only:
                    _make_if_new(connection, partitions, patience_s)
                self.identity, self.partitions = _described(connection, path)
            finally:
                connection.close()
        if self.partitions != partitions:
            raise LogMismatch(
                f"Open the log {path}: it was made with {self.partitions} partitions, "
                f"{partitions} were asked for.",
                hint="Set the count it was made with; for more, import its export into a new log.",
            )

    def writer(self, size_max_bytes: int | None) -> sqlite3.Connection:
        """Return a connection whose commits are on the disk when they return."""
        connection = self._connect()
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
        if size_max_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {max(size_max_bytes // PAGE_BYTES, 1)}")
        return connection

    def reader(self) -> sqlite3.Connection:
        """Return a connection that can only read, and never holds up the writer."""
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        return connection

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rwc"
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._patience_s,
            isolation_level=None,
            check_same_thread=False,
        )


def _make_if_new(connection: sqlite3.Connection, partitions: int, patience_s: float) -> None:
    assert partitions > 0
    if _pragma(connection, "application_id") == APPLICATION_ID:
        return
    if _pragma(connection, "schema_version") != 0:
        return
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    _switch_to_wal(connection, patience_s)
    with transaction(connection):
        if _pragma(connection, "schema_version") != 0:
            return
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO log VALUES (1, ?, ?)", (str(uuid4()), partitions))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _switch_to_wal(connection: sqlite3.Connection, patience_s: float) -> None:
    """Switch the journal; SQLite does not wait by itself when another process does the same."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_OPEN_PAUSE_S)
        else:
            return


def _described(connection: sqlite3.Connection, path: Path) -> tuple[str, int]:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise LogMismatch(
            f"Open the log {path}: it is another kind of database.", hint="Name another file."
        )
    version = _pragma(connection, "user_version")
    if version != SCHEMA_VERSION:
        raise LogMismatch(
            f"Open the log {path}: its format is {version}, this program knows {SCHEMA_VERSION}.",
            hint="Use the version of the program that wrote it, or a newer one.",
        )
    identity, partitions = connection.execute("SELECT identity, partitions FROM log").fetchone()
    return str(identity), int(partitions)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock from the first statement on; commit, or leave nothing behind."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back when the disk is full
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path, attempt: str) -> Iterator[None]:
    """Turn what SQLite says about the file into errors of the ledger.

    Raises:
        LogMismatch: the file is no database.
        LogUnavailable: locked too long, full, unreadable; `details["reason"]` tells which.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_NOTADB:
            raise LogMismatch(
                f"{attempt} the log {path}: it is not a database.", hint="Name another file."
            ) from error
        reason, hint = _REASONS.get(code, ("io", "Look at the disk and at the file's owner."))
        raise LogUnavailable(
            f"{attempt} the log {path}: SQLite says '{error}'.", hint=hint, reason=reason
        ) from error


_REASONS = {
    sqlite3.SQLITE_BUSY: (LOCKED, "Another process holds the file; the same call may be repeated."),
    sqlite3.SQLITE_LOCKED: (LOCKED, "Another connection holds a table; repeat the call."),
    sqlite3.SQLITE_FULL: ("full", "Make room on the disk; nothing of this call was taken."),
}
