"""Makes the read models anew from the log, compares them with the live ones, and exchanges the two.

The new rows grow in tables of their own while the live ones go on being read and written. Only the
last step makes writers wait: it applies what has come meanwhile, compares, and exchanges, all in
one transaction. Nothing is sent or issued by a rebuild: projections only read.

On PostgreSQL nobody waits for a mere check, which looks at one snapshot, and readers wait only for
the exchange itself (`exchange.py`).
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, delete, text

from ledger.drivers.sql_engine import unhurried, writing
from ledger.log import ANSWERS_REPEATS, EventLog, check_position
from projections.case_history import CASE_HISTORY
from projections.drivers.exchange import exchange_tables, hold_writers
from projections.drivers.projector import Projector
from projections.drivers.sql_store import READER, SqlStore
from projections.drivers.sql_tables import READER_POSITIONS, REBUILD_SUFFIX, ReadTables
from projections.projection import Projection
from projections.rows import TableShape

BATCH = 10_000
DIFFERENCES_MAX = 20
_READER = READER + REBUILD_SUFFIX
_P = READER_POSITIONS.c


class Difference(NamedTuple):
    """One place where live and rebuilt rows differ.

    Attributes:
        column: empty where the whole row is missing on one side, which is then None.
    """

    table: str
    key: tuple[Any, ...]
    column: str
    live: Any
    rebuilt: Any


class Rebuilt(NamedTuple):
    """What a rebuild found.

    Attributes:
        records: how many were read.
        rows: how many rows each table has.
        differences: the first of them; empty if live and rebuilt rows are identical.
    """

    records: int
    rows: Mapping[str, int]
    differences: Sequence[Difference]

    @property
    def identical(self) -> bool:
        """Whether the live rows were what the log says."""
        return not self.differences


class Rebuild:
    """One rebuild of all projections beside the live ones."""

    def __init__(
        self, engine: Engine, log: EventLog, projections: Sequence[Projection], zone: tzinfo
    ) -> None:
        """Bind it; `check` or `replace` runs it."""
        self._writer = writing(engine)
        self._postgresql = engine.dialect.name == "postgresql"
        self._log = log
        self._live = SqlStore(engine, projections, zone)
        self._fresh = SqlStore(
            engine, projections, zone, reader=_READER, suffix=REBUILD_SUFFIX, as_json=False
        )
        self._projector = Projector(log, self._fresh)

    def check(self, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """Rebuild as far as the live rows have read, compare row by row, drop the new rows.

        Args:
            progress: told how many records were read, and of how many.

        Raises:
            LogMismatch: the live rows belong to another log.
        """
        return self._run(progress, compare=True, exchange=False)

    def replace(
        self, progress: Callable[[int, int], None] | None = None, *, compare: bool = False
    ) -> Rebuilt:
        """Rebuild and let the new rows take the place of the live ones in one transaction.

        An owner of a partition that is at work then loses it (PartitionLost) and has to claim it
        again.

        Args:
            progress: told how many records were read, and of how many.
            compare: tell what differed; refused where the live rows are of another version.
        """
        return self._run(progress, compare=compare, exchange=True)

    def _run(
        self, progress: Callable[[int, int], None] | None, *, compare: bool, exchange: bool
    ) -> Rebuilt:
        if compare:
            self._live.prepare()
        generation = self._live.prepare_own() + 1
        repeats = ANSWERS_REPEATS not in self._log.capabilities
        tables = self._fresh.create_empty(generation, {CASE_HISTORY.name} if repeats else set())
        try:
            records = self._fill(self._targets(to_end=not compare), progress)
            if exchange:
                self._finish_tables(tables)
            with self._last_step(exchange=exchange) as connection:
                records += self._catch_up(connection)
                differences = self._differences(connection) if compare else []
                rows = {each.name: _row_count(connection, each) for each in self._live.shapes}
                if exchange:
                    exchange_tables(connection, self._live, generation)
                    self._live.take_positions(connection, self._fresh.positions_in(connection))
        finally:
            with self._writer.begin() as connection:
                tables.metadata.drop_all(connection)
                connection.execute(delete(READER_POSITIONS).where(_P.reader == _READER))
        return Rebuilt(records, rows, differences)

    def _finish_tables(self, tables: ReadTables) -> None:
        """Make the indexes of the new rows, and let PostgreSQL learn what is in them."""
        with self._writer.begin() as connection:
            unhurried(connection)
            for index in tables.indexes:
                index.create(connection, checkfirst=True)
            if self._postgresql:
                for table in tables.metadata.sorted_tables:
                    connection.exec_driver_sql(f"ANALYZE {table.name}")

    @contextmanager
    def _last_step(self, *, exchange: bool) -> Iterator[Connection]:
        """Yield a transaction in which the live rows stand still."""
        engine = self._writer
        if self._postgresql and not exchange:
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            unhurried(connection)
            if self._postgresql and exchange:
                hold_writers(connection)
            yield connection

    def _targets(self, *, to_end: bool) -> dict[int, int]:
        """Return how far to read each partition: to its end, or as far as the live rows.

        Either way the live rows must be of this log.
        """
        live, ends = self._live.positions(), self._log.ends()
        for position in live.values():
            check_position(self._log, position)
        if to_end:
            return ends
        reached = {partition: position.next_offset for partition, position in live.items()}
        return {partition: reached.get(partition, 0) for partition in sorted(ends)}

    def _fill(self, targets: Mapping[int, int], progress: Callable[[int, int], None] | None) -> int:
        total = sum(targets.values())
        records = 0
        self._projector.claim(sorted(targets))
        with _collecting_rarely():
            for partition, target in targets.items():
                while count := self._projector.step(partition, BATCH, until=target):
                    records += count
                    if progress is not None:
                        progress(records, total)
        return records

    def _catch_up(self, connection: Connection) -> int:
        """Apply what the live rows have read meanwhile; they stand still from here on."""
        records = 0
        for partition, position in self._live.positions_in(connection).items():
            while count := self._projector.step(
                partition, BATCH, until=position.next_offset, within=connection
            ):
                records += count
        return records

    def _differences(self, connection: Connection) -> list[Difference]:
        found: list[Difference] = []
        for shape in self._live.shapes:
            if len(found) < DIFFERENCES_MAX:
                found.extend(_differing(connection, shape))
        return found[:DIFFERENCES_MAX]


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let the cycle collector rest: a batch is a third slower if its short-lived values wake it."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 10, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _row_count(connection: Connection, shape: TableShape) -> int:
    sql = text(f"SELECT COUNT(*) FROM {shape.name}{REBUILD_SUFFIX}")  # noqa: S608
    return int(connection.execute(sql).scalar_one())


def _differing(connection: Connection, shape: TableShape) -> Iterator[Difference]:
    """Yield the differences of one table, in order of its key."""
    live = _only_in(connection, shape, shape.name, shape.name + REBUILD_SUFFIX)
    rebuilt = _only_in(connection, shape, shape.name + REBUILD_SUFFIX, shape.name)
    for key in sorted({*live, *rebuilt}, key=repr)[:DIFFERENCES_MAX]:
        ours, theirs = live.get(key), rebuilt.get(key)
        if ours is None or theirs is None:
            # The other side may have a row of this key beyond the number that was read.
            ours = ours or _row(connection, shape, shape.name, key)
            theirs = theirs or _row(connection, shape, shape.name + REBUILD_SUFFIX, key)
        if ours is None or theirs is None:
            yield Difference(shape.name, key, "", ours, theirs)
            continue
        for name in shape.sums:
            if ours[name] != theirs[name]:
                yield Difference(shape.name, key, name, ours[name], theirs[name])


def _only_in(
    connection: Connection, shape: TableShape, table: str, other: str
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the first rows that one table has and the other has not, by key."""
    columns = ", ".join(shape.names)
    sql = (
        f"SELECT {columns} FROM {table} EXCEPT SELECT {columns} FROM {other} "  # noqa: S608
        f"ORDER BY {', '.join(shape.key)} LIMIT {DIFFERENCES_MAX}"
    )
    rows = [dict(row._mapping) for row in connection.execute(text(sql))]
    return {tuple(row[name] for name in shape.key): row for row in rows}


def _row(
    connection: Connection, shape: TableShape, table: str, key: tuple[Any, ...]
) -> dict[str, Any] | None:
    tests = " AND ".join(f"{name} = :{name}" for name in shape.key)
    sql = text(f"SELECT {', '.join(shape.names)} FROM {table} WHERE {tests}")  # noqa: S608
    row = connection.execute(sql, dict(zip(shape.key, key, strict=True))).first()
    return None if row is None else dict(row._mapping)
