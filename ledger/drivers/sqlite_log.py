"""The log in one SQLite file: durable, atomic, shared between processes.

It stands apart from the file and its statements because this is where the promises of the port are
kept: offsets and stamps are taken inside the write transaction, one writing thread joins concurrent
appends, and readers have connections of their own, so that they never hold up the writer.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import NamedTuple

from ledger.admission import Admission, Stored, Wanted, wanted
from ledger.drivers import sqlite_rows
from ledger.drivers.group_writer import GroupWriter
from ledger.drivers.sqlite_file import SqliteFile, transaction, translated
from ledger.errors import LedgerError, LogUnavailable
from ledger.log import (
    ANSWERS_REPEATS,
    ATOMIC,
    DURABLE,
    ORDERED_STAMPS,
    Appended,
    DeadLetter,
    Entry,
    Position,
)

logger = logging.getLogger(__name__)

JOINED_MAX = 2_000
WAITING_MAX = 20_000
PATIENCE_S = 10.0
CHECKPOINT_COMMITS = 500
"""Commits after which the write-ahead log begins anew, whatever its size: one that makes the file
longer costs 0.2 ms more than one that overwrites. Long batches reach the limit in pages first."""


class _Letter(NamedTuple):
    source: str
    reason: str
    detail: str
    sha256: str
    raw: bytes


class _Heads(NamedTuple):
    """Where the log stood after the last transaction; good until another connection writes."""

    version: int
    ends: dict[int, int]
    greatest_us: int


_Work = list[Wanted] | _Letter


def _nothing(_key: bytes) -> Stored | None:
    return None


class SqliteLog:
    """A log in a file that several threads and processes may append to and read."""

    capabilities = frozenset({ANSWERS_REPEATS, ATOMIC, DURABLE, ORDERED_STAMPS})

    def __init__(
        self,
        path: Path,
        partitions: int = 1,
        *,
        now: Callable[[], int],
        read_only: bool = False,
        size_max_bytes: int | None = None,
        waiting_max: int = WAITING_MAX,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Open the log, or make it.

        Args:
            path: the file; SQLite keeps `-wal` and `-shm` beside it.
            partitions: as many as it was made with.
            now: clock for stamps, in microseconds since the epoch.
            read_only: refuse appends, and make no file.
            size_max_bytes: refuse to let the file grow beyond it; unbounded where absent.
            waiting_max: records that may wait to be written.
            patience_s: seconds that an append waits for room among them, and for another process
                to let go of the file.

        Raises:
            LogMismatch: another partition count, or no log of this program.
            LogUnavailable: the file cannot be opened.
        """
        self._file = SqliteFile(path, partitions, read_only=read_only, patience_s=patience_s)
        self._now = now
        self._size_max_bytes = size_max_bytes
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._listeners: list[Callable[[], object]] = []
        self._connection: sqlite3.Connection | None = None
        self._heads: _Heads | None = None
        self._repeats_likely = False
        self._commits = 0
        self._writer: GroupWriter[_Work, list[Appended]] = GroupWriter(
            self._transact,
            joined_max=JOINED_MAX,
            waiting_max=waiting_max,
            patience_s=patience_s,
        )

    @property
    def identity(self) -> str:
        """UUID made with the file."""
        return self._file.identity

    @property
    def partitions(self) -> int:
        """How many partitions, fixed when the file was made."""
        return self._file.partitions

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append in order, all or nothing; on the disk on return.

        Raises:
            LogUnavailable: nothing of the call was taken.
            LogMismatch: a subject names a partition that is not there; nothing was taken.
        """
        self._check_writable()
        wishes = wanted(entries, self.partitions)
        return self._writer.call(wishes, len(wishes)) if wishes else []

    def append_async(self, entries: Sequence[Entry]) -> "Future[list[Appended]]":
        """Append as `append` does, without waiting for it.

        The future holds the answers or the error, also where there is no room. What is cancelled
        before its turn is not written.
        """
        done: Future[list[Appended]] = Future()
        try:
            self._check_writable()
            wishes = wanted(entries, self.partitions)
        except LedgerError as error:
            done.set_exception(error)
            return done
        if wishes:
            return self._writer.submit(wishes, len(wishes))
        done.set_result([])
        return done

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order."""
        assert 0 <= partition < self.partitions
        assert from_offset >= 0
        with self._reader() as connection:
            return sqlite_rows.read(connection, partition, from_offset, limit)

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        with self._reader() as connection:
            return sqlite_rows.ends(connection, self.partitions)[0]

    def on_append(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each commit of this process that added a record.

        It is called by the thread that wrote, before the callers are answered: it must be quick
        (set an event) and must not append. What another process appends is not announced.
        """
        self._listeners.append(listener)

    def close(self) -> None:
        """Write what waits and release the file; later calls raise LogUnavailable."""
        self._closed = True
        self._writer.close()
        if self._connection is not None:
            self._connection.close()
        while self._readers:
            self._readers.pop().close()

    def _check_writable(self) -> None:
        if self._file.read_only:
            raise LogUnavailable(
                f"Append to the log {self._file.path}: it was opened for reading only.",
                hint="Open it for writing.",
                reason="read-only",
            )

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that no other thread uses meanwhile."""
        if self._closed:
            raise LogUnavailable(f"Read the log {self._file.path}: it is closed.", reason="closed")
        with translated(self._file.path, "Read"):
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._file.reader()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._readers.append(connection)

    def _transact(self, works: Sequence[_Work]) -> list[list[Appended]]:
        with translated(self._file.path, "Append to"):
            if self._connection is None:
                self._connection = self._file.writer(self._size_max_bytes)
            try:
                admission, answers = self._write(self._connection, works, self._repeats_likely)
            except sqlite3.IntegrityError:  # an identity is there already, so look them all up
                admission, answers = self._write(self._connection, works, True)
            self._checkpoint_in_time(self._connection)
        self._repeats_likely = len(admission.rows) < sum(map(len, answers))
        if admission.rows:
            self._announce()
        return answers

    def _write(
        self, connection: sqlite3.Connection, works: Sequence[_Work], look_up: bool
    ) -> tuple[Admission, list[list[Appended]]]:
        """Write works in one transaction; without looking up, a known identity fails it whole."""
        heads, self._heads = self._heads, None
        with transaction(connection):
            version = sqlite_rows.changes_by_others(connection)
            if heads is None or heads.version != version:
                heads = _Heads(version, *sqlite_rows.ends(connection, self.partitions))
            admission = Admission(
                ends=dict(heads.ends),
                greatest_us=heads.greatest_us,
                now_us=self._now(),
                found=self._finder(connection, works) if look_up else _nothing,
            )
            answers: list[list[Appended]] = []
            for work in works:
                if isinstance(work, _Letter):
                    connection.execute(_PUT, (None, self._now(), *work))
                    answers.append([])
                else:
                    answers.append([admission.admit(wish) for wish in work])
            sqlite_rows.insert(connection, admission.rows)
        self._heads = _Heads(version, admission.ends, admission.greatest_us)
        return admission, answers

    def _finder(
        self, connection: sqlite3.Connection, works: Sequence[_Work]
    ) -> Callable[[bytes], Stored | None]:
        """Look up all identities of the works at once; others when they are asked for."""
        keys = [
            key
            for work in works
            if not isinstance(work, _Letter)
            for wish in work
            for _, key in wish.places
        ]
        asked, known = set(keys), sqlite_rows.find(connection, keys)

        def found(key: bytes) -> Stored | None:
            return known.get(key) if key in asked else sqlite_rows.find(connection, [key]).get(key)

        return found

    def _checkpoint_in_time(self, connection: sqlite3.Connection) -> None:
        """Let the write-ahead log begin anew before small commits have made it long."""
        self._commits = (self._commits + 1) % CHECKPOINT_COMMITS
        if self._commits == 0:
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except sqlite3.Error as error:  # the records are safe; the next checkpoint moves them
                logger.warning("Checkpoint of the log %s: %s", self._file.path, error)

    def _announce(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                logger.exception("A listener of the log %s failed.", self._file.path)


_PUT = "INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, ?)"
_LIST = "SELECT * FROM dead_letters WHERE number > ? ORDER BY number LIMIT ?"
_COUNTS = "SELECT reason, count(*) FROM dead_letters GROUP BY reason ORDER BY reason"


class SqliteDeadLetters:
    """Dead letters in the file of a log, written by its writer, so that the two never contend."""

    def __init__(self, log: SqliteLog) -> None:
        """Keep letters beside the records of `log`, and under its clock."""
        self._log = log

    def put(self, raw: bytes, *, source: str, reason: str, detail: str, sha256: str = "") -> None:
        """Keep one; on the disk on return. `sha256` is that of `raw` where it is not given.

        Raises:
            LogUnavailable: it was not kept.
        """
        self._log._check_writable()
        digest = sha256 or _sha256(raw).hexdigest()
        self._log._writer.call(_Letter(source, reason, detail, digest, raw), 1)

    def list(self, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Return letters in order of arrival, those after number `after`."""
        with self._log._reader() as connection:
            rows = connection.execute(_LIST, (after, limit)).fetchall()
        return [DeadLetter(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many letters there are by reason."""
        with self._log._reader() as connection:
            return dict(connection.execute(_COUNTS).fetchall())
