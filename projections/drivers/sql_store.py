"""The rows of all projections in SQL, and how far they have read: one transaction a batch, fenced.

The first statement of each transaction moves the position by compare-and-set on (next offset,
epoch). If it moves nothing, another owner has the partition, and nothing of the batch is written.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import tzinfo
from json import dumps

from sqlalchemy import Connection, Engine, delete, insert, select, update

from ledger.drivers.sql_engine import asking, end_stopped, writing
from ledger.drivers.sql_rows import read_rows
from ledger.drivers.sql_schema import create_missing
from ledger.errors import PartitionLost
from ledger.log import ReaderPosition
from projections.drivers.read_schema import ReadSchema
from projections.drivers.sql_tables import OWN, READER_POSITIONS, ReadTables
from projections.drivers.statements import statements_of
from projections.projection import Projection, all_shapes
from projections.rows import Rows, TableChanges
from projections.runner import Known

READER = "projections"
Move = tuple[ReaderPosition, ReaderPosition]
"""A position as it was, and as it is to be."""
_P = READER_POSITIONS.c


class SqlStore:
    """Rows and positions of one set of projections.

    Attributes:
        engine: where they are.
        shapes: the tables.
        schema: the tables and views as a database holds them.
    """

    def __init__(
        self,
        engine: Engine,
        projections: Sequence[Projection],
        zone: tzinfo,
        *,
        reader: str = READER,
        suffix: str = "",
        as_json: bool = True,
    ) -> None:
        """Bind projections to an engine; `prepare` comes next.

        Args:
            engine: made by `open_engine`.
            projections: whose rows they are.
            zone: the hall's zone, by which days are counted and views show time.
            reader: name under which positions are kept.
            suffix: appended to the names of tables (a rebuild beside the live ones).
            as_json: whether SQLite is handed rows as JSON; right wherever other threads are busy.
        """
        self.engine = engine
        self.projections = tuple(projections)
        self.shapes = all_shapes(projections)
        self.schema = ReadSchema(projections, zone, suffix)
        self.reader = reader
        self.suffix = suffix
        self._writer = writing(engine)
        self._asking = asking(engine)
        self._statements = {
            shape.name: statements_of(shape, shape.name + suffix, engine.dialect, as_json=as_json)
            for shape in self.shapes
        }

    def prepare(self) -> None:
        """See that tables and views are there, of these versions; in SQLite what is absent is made.

        Raises:
            ProjectionStale: the stored rows belong to other versions, or to another zone, or some
                of their tables are gone.
            DatabaseSchemaOther: PostgreSQL has no tables yet, or views of another version.
        """
        if self.engine.dialect.name == "sqlite":
            with self._writer.begin() as connection:
                self.schema.create(connection)
        else:
            with self.engine.begin() as connection:
                self.schema.require(connection)

    def prepare_own(self) -> int:
        """Create the store's own tables where there are none; return the live generation."""
        with self._writer.begin() as connection:
            create_missing(connection, OWN)
            return self.schema.generation(connection)

    def create_empty(self, generation: int, indexed: Collection[str] = ()) -> ReadTables:
        """Create the suffixed tables anew and forget their positions.

        Args:
            generation: of the new tables.
            indexed: names, without suffix, of the tables whose indexes are made with them; those of
                the others cost less when the rows are there.
        """
        tables = self.schema.tables(generation)
        first = {name + self.suffix for name in indexed}
        with self._writer.begin() as connection:
            tables.metadata.drop_all(connection)
            tables.metadata.create_all(connection)
            for index in tables.indexes:
                if index.table is not None and index.table.name in first:
                    index.create(connection)
            connection.execute(delete(READER_POSITIONS).where(_P.reader == self.reader))
        return tables

    def claim(self, partition: int, log_identity: str) -> ReaderPosition:
        """Take a partition over: raise its epoch, so that a former owner can write no more."""
        sql = (
            "INSERT INTO reader_positions "
            "(reader, partition, next_offset, log_identity, last_sha256, epoch) "
            "VALUES (?, ?, 0, ?, '', 1) "
            "ON CONFLICT (reader, partition) DO UPDATE SET epoch = reader_positions.epoch + 1 "
            "RETURNING next_offset, log_identity, last_sha256, epoch"
        )
        if self.engine.dialect.paramstyle != "qmark":
            sql = sql.replace("?", "%s")
        with self._writer.begin() as connection:
            end_stopped(connection)
            row = connection.exec_driver_sql(sql, (self.reader, partition, log_identity)).one()
        return ReaderPosition(
            partition=partition,
            next_offset=row[0],
            log_identity=row[1],
            last_sha256=row[2],
            epoch=row[3],
        )

    def reread(self, position: ReaderPosition) -> ReaderPosition:
        """Return where an owned partition is, after a commit that was cut off.

        Whether that commit took effect or not, the owner goes on from here.

        Args:
            position: as it was before that commit.

        Raises:
            PartitionLost: another owner has claimed it since.
        """
        found = self.positions().get(position.partition)
        if found is None or found.epoch != position.epoch:
            raise self._lost(position)
        return found

    def positions(self) -> dict[int, ReaderPosition]:
        """Return how far each partition has been read."""
        with self.engine.begin() as connection:
            return self.positions_in(connection)

    def positions_in(self, connection: Connection) -> dict[int, ReaderPosition]:
        """Return the positions as a transaction sees them."""
        found = connection.execute(
            select(_P.partition, _P.next_offset, _P.log_identity, _P.last_sha256, _P.epoch)
            .where(_P.reader == self.reader)
            .order_by(_P.partition)
        )
        return {row.partition: ReaderPosition(**row._mapping) for row in found}

    def load(self, rows: Rows, within: Connection | None = None) -> None:
        """Load the rows of all subjects asked for; `within` an open transaction if given."""
        wanted = [table for table in rows.tables.values() if table.wanted]
        if not wanted:
            return
        with self._within(within, self._asking) as connection:
            for table in wanted:
                table.load(self._statements[table.shape.name].load(connection, table.wanted))

    def applied(
        self, identities: Collection[Known], within: Connection | None = None
    ) -> set[Known]:
        """Return those identities whose records were applied before."""
        if not identities:
            return set()
        subjects = sorted({subject for subject, _ in identities})
        found: set[Known] = set()
        history = "case_history" + self.suffix
        with self._within(within, self._asking) as connection:
            for start in range(0, len(subjects), 500):
                chunk = subjects[start : start + 500]
                found.update(_identities_in(connection, history, chunk))
        return found.intersection(identities)

    def commit(
        self,
        position: ReaderPosition,
        next_offset: int,
        last_sha256: str,
        changes: Iterable[TableChanges],
        within: Connection | None = None,
    ) -> ReaderPosition:
        """Write a batch and the position it leads to, both or neither.

        Args:
            position: as it was claimed, or as the last commit returned it.
            next_offset: the first offset that was not read.
            last_sha256: digest of the record before it.
            changes: what the batch did to each table.
            within: a transaction that is open already and that the caller ends.

        Raises:
            PartitionLost: another owner has claimed the partition since; nothing was written.
            DatabaseUnavailable: it may have been written or not; `reread` says so.
        """
        reached = replace(position, next_offset=next_offset, last_sha256=last_sha256)
        self.commit_together([(position, reached)], changes, within)
        return reached

    def commit_together(
        self,
        moves: Sequence[Move],
        changes: Iterable[TableChanges],
        within: Connection | None = None,
    ) -> None:
        """Write a batch of several partitions and the positions it leads to, all or nothing.

        Args:
            moves: each position as it was, and as it is to be; of different partitions.
            changes: what the batch did to each table.
            within: a transaction that is open already and that the caller ends.

        Raises:
            PartitionLost: another owner has claimed one since; nothing was written.
            DatabaseUnavailable: it may have been written or not; `reread` says so.
        """
        with self._within(within, self._writer) as connection:
            for old, new in sorted(moves, key=lambda move: move[0].partition):
                self._move(connection, old, new)
            for change in changes:
                statements = self._statements[change.shape.name]
                statements.remove(connection, change.removed)
                statements.write(connection, change.written)

    def _move(self, connection: Connection, old: ReaderPosition, new: ReaderPosition) -> None:
        moved = connection.execute(
            update(READER_POSITIONS)
            .where(
                _P.reader == self.reader,
                _P.partition == old.partition,
                _P.next_offset == old.next_offset,
                _P.epoch == old.epoch,
            )
            .values(next_offset=new.next_offset, last_sha256=new.last_sha256)
        )
        if moved.rowcount == 0:
            raise self._lost(old)

    def _lost(self, position: ReaderPosition) -> PartitionLost:
        return PartitionLost(
            f"Partition {position.partition} of reader {self.reader!r} at offset "
            f"{position.next_offset}, epoch {position.epoch}, has another owner.",
            hint="Leave the partition; its owner goes on.",
            partition=position.partition,
            epoch=position.epoch,
        )

    def take_positions(self, connection: Connection, reached: Mapping[int, ReaderPosition]) -> None:
        """Let live tables that were exchanged go on from where the new rows were read to."""
        epochs = {each.partition: each.epoch for each in self.positions_in(connection).values()}
        connection.execute(delete(READER_POSITIONS).where(_P.reader == self.reader))
        rows = [
            {**asdict(each), "reader": self.reader, "epoch": epochs.get(each.partition, 0) + 1}
            for each in reached.values()
        ]
        if rows:
            connection.execute(insert(READER_POSITIONS), rows)

    @contextmanager
    def _within(self, open_already: Connection | None, engine: Engine) -> Iterator[Connection]:
        if open_already is not None:
            yield open_already
            return
        with engine.begin() as connection:
            yield connection


def _identities_in(connection: Connection, history: str, subjects: list[str]) -> list[Known]:
    query = f"SELECT subject, identity FROM {history} WHERE subject "  # noqa: S608
    if connection.dialect.name == "postgresql":
        rows = read_rows(connection, query + "= ANY(%s)", [subjects])
    else:
        query += "IN (SELECT value FROM json_each(?))"
        rows = [tuple(row) for row in connection.exec_driver_sql(query, (dumps(subjects),))]
    return [(subject, identity) for subject, identity in rows]
