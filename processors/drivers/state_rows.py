"""The tables of supervision in SQL, and the statements that move many states at once.

They stand apart from what is done with them because their form is a matter of measurement. Python's
sqlite3 gives up the interpreter lock at every row it steps over and has to win it back beside other
threads, so SQLite is handed 64 rows a statement and answers with one. Only a state whose tick has
moved touches the index of due instants: leaving that index alone makes a row two to four times
cheaper, more so the more cases there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from json import dumps, loads
from typing import NamedTuple

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
    select,
    update,
)

SUBJECTS_PER_QUERY = 250
ROWS_PER_STATEMENT = 64

METADATA = MetaData()

CASE_STATES = Table(
    "case_states",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column(
        "tick_us", BigInteger, comment="instant of the next tick; null for a case that is not open"
    ),
    Column("ticked_live", Boolean, nullable=False, comment="false: lives on an import's time"),
    Column("timeline", String),
    Column("suspended", Boolean, nullable=False),
)
Index("case_states_due", CASE_STATES.c.partition, CASE_STATES.c.tick_us)

POSITIONS = Table(
    "supervision_positions",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("form", String, nullable=False, comment="form and versions; others are read anew"),
    Column("next_offset", BigInteger, nullable=False),
    Column("log_identity", String, nullable=False),
    Column("last_sha256", String, nullable=False),
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
_CONFLICT = "ON CONFLICT (partition, subject) DO UPDATE SET"
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


def put_off(connection: Connection, partition: int, until: Mapping[str, int | None]) -> None:
    """Let cases wait for other instants than their rows say."""
    columns = CASE_STATES.c
    for subject, tick_us in until.items():
        named = (columns.partition == partition, columns.subject == subject)
        connection.execute(update(CASE_STATES).where(*named).values(tick_us=tick_us))


def wake_open(connection: Connection, partition: int, tick_us: int) -> None:
    """Let every open live case of a partition wait for an instant, or for less."""
    columns = CASE_STATES.c
    later = (columns.partition == partition, columns.tick_us > tick_us, columns.ticked_live)
    connection.execute(update(CASE_STATES).where(*later).values(tick_us=tick_us))


class Statements:
    """The statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        """Write the SQL texts once."""
        self._sqlite = dialect.name == "sqlite"
        mark = "?" if dialect.paramstyle == "qmark" else "%s"
        row = f"({', '.join([mark] * len(StateRow._fields))})"
        if self._sqlite:
            values = ", ".join([row] * ROWS_PER_STATEMENT)
            source = f"SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"  # noqa: S608
        else:
            source = f"VALUES {row}"
        insert = f"INSERT INTO case_states ({_COLUMNS}) {source} {_CONFLICT}"
        self._write = {True: f"{insert} {_OF_ALL}", False: f"{insert} {_OF_STATE}"}
        self._mark = mark

    def load(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield subject and state of the cases that have one."""
        load = self._load_joined if self._sqlite else self._load_rows
        for start in range(0, len(subjects), SUBJECTS_PER_QUERY):
            yield from load(connection, partition, subjects[start : start + SUBJECTS_PER_QUERY])

    def write(self, connection: Connection, rows: Sequence[StateRow], *, tick_moved: bool) -> None:
        """Insert rows, or let them take the place of those that are there.

        Args:
            rows: each case at most once.
            tick_moved: False where at most the state differs from the row that is there.
        """
        sql = self._write[tick_moved]
        if rows and not self._sqlite:
            connection.exec_driver_sql(sql, list(rows))
            return
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            chunk = rows[start : start + ROWS_PER_STATEMENT]
            unused = (None,) * (len(StateRow._fields) * (ROWS_PER_STATEMENT - len(chunk)))
            connection.exec_driver_sql(sql, (*chain.from_iterable(chunk), *unused))

    def _load_joined(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        """Read one row of concatenations and cut it: SQLite is asked once, not once a case."""
        sql = (
            "SELECT json_group_array(subject), json_group_array(length(state)), "
            "CAST(group_concat(state, '') AS BLOB) FROM case_states "
            "WHERE partition = ? AND subject IN (SELECT value FROM json_each(?))"
        )
        asked = (partition, dumps(subjects, ensure_ascii=False))
        names, lengths, joined = connection.exec_driver_sql(sql, asked).one()
        stops = accumulate(loads(lengths), initial=0)
        for name, (start, stop) in zip(loads(names), pairwise(stops), strict=True):
            yield name, joined[start:stop]

    def _load_rows(
        self, connection: Connection, partition: int, subjects: Sequence[str]
    ) -> Iterator[tuple[str, bytes]]:
        marks = ", ".join([self._mark] * len(subjects))
        sql = (
            f"SELECT subject, state FROM case_states WHERE partition = {self._mark} "  # noqa: S608
            f"AND subject IN ({marks})"
        )
        yield from connection.exec_driver_sql(sql, (partition, *subjects))
