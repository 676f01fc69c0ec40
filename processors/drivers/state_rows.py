"""The tables of supervision in SQL, and the statements that move many states at once.

They stand apart from what is done with them because their form is a matter of measurement. Python's
sqlite3 gives up the interpreter lock at every row it steps over and has to win it back beside other
threads, so SQLite is handed 64 rows a statement and answers with one. Only a state whose tick has
moved touches its index of due instants: leaving that index alone makes a row two to four times
cheaper, more so the more cases there are. PostgreSQL compares for itself, and keeps a page's room
for such rows (`fillfactor`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate, chain, pairwise
from json import dumps, loads
from typing import NamedTuple, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    select,
    update,
)

from ledger.drivers.sql_rows import BulkInsert, read_rows
from ledger.log import ReaderPosition

SUBJECTS_PER_QUERY = 250
ROWS_PER_STATEMENT = 64

METADATA = MetaData()
TEXT = String().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases compare and sort by its bytes."""

CASE_STATES = Table(
    "case_states",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column(
        "tick_us", BigInteger, comment="instant of the next tick; null for a case that is not open"
    ),
    Column("ticked_live", Boolean, nullable=False, comment="false: lives on an import's time"),
    Column("timeline", TEXT),
    Column("suspended", Boolean, nullable=False),
    postgresql_with={"fillfactor": 80, "autovacuum_vacuum_scale_factor": 0.05},
)
Index(
    "case_states_due",
    CASE_STATES.c.partition,
    CASE_STATES.c.tick_us,
    postgresql_where=CASE_STATES.c.ticked_live,
)

POSITIONS = Table(
    "supervision_positions",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("form", TEXT, nullable=False, comment="form and versions; others are read anew"),
    Column("next_offset", BigInteger, nullable=False),
    Column("log_identity", TEXT, nullable=False),
    Column("last_sha256", TEXT, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)


class StateRow(NamedTuple):
    """A row of `case_states`, in column order."""

    partition: int
    subject: str
    state: bytes
    tick_us: int | None
    ticked_live: bool
    timeline: str | None
    suspended: bool


_COLUMNS = ", ".join(StateRow._fields)
_KEY = "(partition, subject)"
_CONFLICT = f"ON CONFLICT {_KEY} DO UPDATE SET"
_OF_STATE = "state = excluded.state"
_OF_ALL = ", ".join(f"{name} = excluded.{name}" for name in StateRow._fields[2:])


def every_state(engine: Engine, partition: int) -> Iterator[bytes]:
    """Yield the states of a partition in order of their subjects, some at a time."""
    columns = CASE_STATES.c
    after = ""
    while True:
        query = (
            select(columns.subject, columns.state)
            .where(columns.partition == partition, columns.subject > after)
            .order_by(columns.subject)
            .limit(SUBJECTS_PER_QUERY)
        )
        with engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        yield from (row.state for row in rows)
        after = rows[-1].subject


def wake_open(connection: Connection, partition: int, tick_us: int) -> None:
    """Let every open live case of a partition wait for an instant, or for less."""
    columns = CASE_STATES.c
    later = (columns.partition == partition, columns.tick_us > tick_us, columns.ticked_live)
    connection.execute(update(CASE_STATES).where(*later).values(tick_us=tick_us))


Move = tuple[ReaderPosition, ReaderPosition]
"""A position as it was, and as it is to be."""


class Statements(Protocol):
    """The statements of one database that move many states."""

    def load(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield subject and state of the cases that have one."""
        ...

    def write(
        self, connection: Connection, moved: Sequence[StateRow], others: Sequence[StateRow]
    ) -> None:
        """Insert rows, or let them take the place of those that are there.

        Args:
            connection: in the caller's transaction.
            moved: rows that are new, or differ in more than their state.
            others: rows that differ at most in their state; no case is in both, or twice.
        """
        ...

    def move(self, connection: Connection, moves: Sequence[Move]) -> set[int]:
        """Move positions from what they were; return the partitions that stood there.

        Where a partition is not among them, another owner has moved its position since.
        """
        ...

    def put_off(
        self, connection: Connection, partition: int, until: Mapping[str, int | None]
    ) -> None:
        """Let cases wait for other instants than their rows say."""
        ...


def statements_of(dialect: Dialect) -> Statements:
    """Return the statements of a database."""
    return _Sqlite() if dialect.name == "sqlite" else _PostgreSql()


class _Sqlite:
    def __init__(self) -> None:
        row = f"({', '.join('?' * len(StateRow._fields))})"
        values = ", ".join([row] * ROWS_PER_STATEMENT)
        source = f"SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"  # noqa: S608
        insert = f"INSERT INTO case_states ({_COLUMNS}) {source} {_CONFLICT}"
        self._write_all = f"{insert} {_OF_ALL}"
        self._write_state = f"{insert} {_OF_STATE}"

    def load(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        """Read rows of concatenations and cut them: SQLite is asked once, not once a case."""
        sql = (
            "SELECT json_group_array(subject), json_group_array(length(state)), "
            "CAST(group_concat(state, '') AS BLOB) FROM case_states "
            "WHERE partition = ? AND subject IN (SELECT value FROM json_each(?))"
        )
        for start in range(0, len(subjects), SUBJECTS_PER_QUERY):
            some = subjects[start : start + SUBJECTS_PER_QUERY]
            asked = (partition, dumps(some, ensure_ascii=False))
            names, lengths, joined = connection.exec_driver_sql(sql, asked).one()
            stops = accumulate(loads(lengths), initial=0)
            for name, (begin, stop) in zip(loads(names), pairwise(stops), strict=True):
                yield name, joined[begin:stop]

    def write(
        self, connection: Connection, moved: Sequence[StateRow], others: Sequence[StateRow]
    ) -> None:
        _write_chunks(connection, self._write_all, moved)
        _write_chunks(connection, self._write_state, others)

    def move(self, connection: Connection, moves: Sequence[Move]) -> set[int]:
        columns = POSITIONS.c
        moved: set[int] = set()
        for old, new in moves:
            stands = (
                columns.partition == old.partition,
                columns.next_offset == old.next_offset,
                columns.epoch == old.epoch,
            )
            values = asdict(new)
            if connection.execute(update(POSITIONS).where(*stands).values(values)).rowcount == 1:
                moved.add(old.partition)
        return moved

    def put_off(
        self, connection: Connection, partition: int, until: Mapping[str, int | None]
    ) -> None:
        columns = CASE_STATES.c
        for subject, tick_us in until.items():
            named = (columns.partition == partition, columns.subject == subject)
            connection.execute(update(CASE_STATES).where(*named).values(tick_us=tick_us))


def _write_chunks(connection: Connection, sql: str, rows: Sequence[StateRow]) -> None:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        chunk = rows[start : start + ROWS_PER_STATEMENT]
        unused = (None,) * (len(StateRow._fields) * (ROWS_PER_STATEMENT - len(chunk)))
        connection.exec_driver_sql(sql, (*chain.from_iterable(chunk), *unused))


_MOVE = (
    "UPDATE supervision_positions AS held "
    "SET next_offset = moved.reached, last_sha256 = moved.last_sha256 "
    "FROM unnest(%b::integer[], %b::bigint[], %b::bigint[], %b::bigint[], %b::text[]) "
    "AS moved (partition, next_offset, epoch, reached, last_sha256) "
    "WHERE held.partition = moved.partition AND held.next_offset = moved.next_offset "
    "AND held.epoch = moved.epoch RETURNING held.partition"
)


class _PostgreSql:
    def __init__(self) -> None:
        types = ("integer", "text", "bytea", "bigint", "boolean", "text", "boolean")
        columns = dict(zip(StateRow._fields, types, strict=True))
        self._insert = BulkInsert("case_states", columns, f"{_KEY} DO UPDATE SET {_OF_ALL}")

    def load(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        sql = "SELECT subject, state FROM case_states WHERE partition = %s AND subject = ANY(%s)"
        yield from read_rows(connection, sql, (partition, list(subjects)))

    def write(
        self, connection: Connection, moved: Sequence[StateRow], others: Sequence[StateRow]
    ) -> None:
        self._insert.run(connection, [*moved, *others])

    def move(self, connection: Connection, moves: Sequence[Move]) -> set[int]:
        olds, news = zip(*moves, strict=True)
        values = (
            [old.partition for old in olds],
            [old.next_offset for old in olds],
            [old.epoch for old in olds],
            [new.next_offset for new in news],
            [new.last_sha256 for new in news],
        )
        return {row[0] for row in read_rows(connection, _MOVE, values)}

    def put_off(
        self, connection: Connection, partition: int, until: Mapping[str, int | None]
    ) -> None:
        sql = (
            "UPDATE case_states SET tick_us = later.tick_us "
            "FROM unnest(%b::text[], %b::bigint[]) AS later (subject, tick_us) "
            "WHERE partition = %b AND case_states.subject = later.subject"
        )
        connection.exec_driver_sql(sql, (list(until), list(until.values()), partition))
