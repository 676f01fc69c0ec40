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

from ledger.errors import PartitionLost, ProjectionStale
from ledger.log import ReaderPosition
from projections.drivers.engine import writing
from projections.drivers.sql_tables import (
    OWN,
    PROJECTION_VERSIONS,
    READER_POSITIONS,
    ZONE_OFFSETS,
    ReadTables,
    create_indexes,
    read_tables,
)
from projections.drivers.statements import Statements
from projections.drivers.views import VIEWS_VERSION, create_views, drop_views, has_views
from projections.projection import Projection, all_shapes
from projections.rows import Rows, TableChanges
from projections.runner import Known

READER = "projections"
_VIEWS = "views"
_P = READER_POSITIONS.c


class SqlStore:
    """Rows and positions of one set of projections.

    Attributes:
        engine: where they are.
        shapes: the tables.
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
        self.zone = zone
        self.reader = reader
        self.suffix = suffix
        self._writer = writing(engine)
        self._statements = {
            shape.name: Statements(shape, shape.name + suffix, engine.dialect, as_json=as_json)
            for shape in self.shapes
        }

    def prepare(self) -> None:
        """Create tables and views where there are none.

        Raises:
            ProjectionStale: the stored rows belong to other versions, or to another zone.
        """
        with self._writer.begin() as connection:
            OWN.create_all(connection)
            generation, current = self._check_versions(connection)
            tables = read_tables(self.shapes, self.suffix, generation)
            tables.metadata.create_all(connection)
            create_indexes(connection, tables.indexes)
            if not has_views(connection) or not current:
                create_views(connection, self.zone)

    def prepare_own(self) -> int:
        """Create the store's own tables where there are none; return the live generation."""
        with self._writer.begin() as connection:
            OWN.create_all(connection)
            stored = connection.execute(select(PROJECTION_VERSIONS.c.generation)).scalars().all()
        return max(stored, default=1)

    def create_empty(self, generation: int) -> ReadTables:
        """Create the suffixed tables anew, without indexes, and forget their positions."""
        tables = read_tables(self.shapes, self.suffix, generation)
        with self._writer.begin() as connection:
            tables.metadata.drop_all(connection)
            tables.metadata.create_all(connection)
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
            row = connection.exec_driver_sql(sql, (self.reader, partition, log_identity)).one()
        return ReaderPosition(
            partition=partition,
            next_offset=row[0],
            log_identity=row[1],
            last_sha256=row[2],
            epoch=row[3],
        )

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
        with self._within(within, self.engine) as connection:
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
        with self._within(within, self.engine) as connection:
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
        """
        with self._within(within, self._writer) as connection:
            self._move(connection, position, next_offset, last_sha256)
            for change in changes:
                statements = self._statements[change.shape.name]
                statements.remove(connection, change.removed)
                statements.write(connection, change.written)
        return replace(position, next_offset=next_offset, last_sha256=last_sha256)

    def _move(
        self, connection: Connection, position: ReaderPosition, next_offset: int, last_sha256: str
    ) -> None:
        moved = connection.execute(
            update(READER_POSITIONS)
            .where(
                _P.reader == self.reader,
                _P.partition == position.partition,
                _P.next_offset == position.next_offset,
                _P.epoch == position.epoch,
            )
            .values(next_offset=next_offset, last_sha256=last_sha256)
        )
        if moved.rowcount == 0:
            raise PartitionLost(
                f"Partition {position.partition} of reader {self.reader!r} at offset "
                f"{position.next_offset}, epoch {position.epoch}, has another owner.",
                hint="Leave the partition; its owner goes on.",
                partition=position.partition,
                epoch=position.epoch,
            )

    def write_versions(self, connection: Connection, generation: int) -> None:
        """Note which versions the live rows belong to."""
        connection.execute(delete(PROJECTION_VERSIONS))
        rows = [
            {
                "projection": projection.name,
                "version": projection.version,
                "generation": generation,
                "zone": str(self.zone),
            }
            for projection in self.projections
        ]
        views = {
            "projection": _VIEWS,
            "version": VIEWS_VERSION,
            "generation": generation,
            "zone": str(self.zone),
        }
        connection.execute(insert(PROJECTION_VERSIONS), [*rows, views])

    def _check_versions(self, connection: Connection) -> tuple[int, bool]:
        """Return the generation of the stored rows, and whether their views are of this version."""
        zone = str(self.zone)
        stored = connection.execute(select(PROJECTION_VERSIONS)).all()
        if not stored:
            self.write_versions(connection, 1)
            return 1, False
        expected = {(each.name, each.version, zone) for each in self.projections}
        rows = {(row.projection, row.version, row.zone) for row in stored}
        views = {row for row in rows if row[0] == _VIEWS}
        found = rows - views
        if expected != found:
            other = ", ".join(f"{name} {version} ({of})" for name, version, of in found - expected)
            raise ProjectionStale(
                f"The read models were made by other versions: found {other or 'fewer'}.",
                hint="Run `hall rebuild`; it reads the log anew beside the old rows.",
                found=sorted(found),
                expected=sorted(expected),
            )
        generation = int(stored[0].generation)
        current = views == {(_VIEWS, VIEWS_VERSION, zone)}
        if not current:
            self.write_versions(connection, generation)
        return generation, current

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

    def drop_views_in(self, connection: Connection) -> None:
        """Drop the views, and what they know of the zone, before their tables are exchanged."""
        drop_views(connection)
        connection.execute(delete(ZONE_OFFSETS))

    def create_views_in(self, connection: Connection) -> None:
        """Create the views again."""
        create_views(connection, self.zone)

    @contextmanager
    def _within(self, open_already: Connection | None, engine: Engine) -> Iterator[Connection]:
        if open_already is not None:
            yield open_already
            return
        with engine.begin() as connection:
            yield connection


def _identities_in(connection: Connection, history: str, subjects: list[str]) -> list[Known]:
    if connection.dialect.name == "sqlite":
        sql = (
            "SELECT subject, identity FROM "  # noqa: S608
            f"{history} WHERE subject IN (SELECT value FROM json_each(?))"
        )
        parameters: tuple[str, ...] = (dumps(subjects),)
    else:
        marks = ", ".join(["%s"] * len(subjects))
        sql = f"SELECT subject, identity FROM {history} WHERE subject IN ({marks})"  # noqa: S608
        parameters = tuple(subjects)
    return [(row[0], row[1]) for row in connection.exec_driver_sql(sql, parameters)]
