"""What a partition has published, kept beside its states: an owner need not read all of its log.

A row is the record as it lies in the log. Rows are no truth: where states are read again from the
log, so are they.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Table,
    delete,
    select,
)

from ledger.drivers.sql_engine import asking
from ledger.errors import RecordUnreadable
from ledger.log import EventLog, Position, ReaderPosition
from ledger.reading import SCAN_BATCH, Read, is_skipped, placed, read_record
from processors.drivers.state_rows import METADATA
from processors.supervision.publications import Publications, is_publication
from processors.supervision.state import CaseState

PUBLICATIONS = Table(
    "publications",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("record", LargeBinary, nullable=False),
)

_REFERENCE = b'"type":"hall.reference.'
_HEAD_BYTES = 80

Row = tuple[int, bytes]
"""Offset and bytes of a publication."""


class Publishing(NamedTuple):
    """What a batch told of publications, and by them of what cases wait for.

    Attributes:
        waits_until: gives the instant at which time alone moves a case.
        rows: the publications of the batch.
        replans: instants from which new calendars among them plan open cases anew.
    """

    waits_until: Callable[[CaseState], int | None]
    rows: Sequence[Row] = ()
    replans: Sequence[int] = ()


SILENT = Publishing(lambda state: state.next_tick_us)
"""Nothing was ever published."""


class PublicationRows:
    """Publications of all partitions in one database."""

    def __init__(self, engine: Engine) -> None:
        """Bind the table, which is made with those of the states."""
        self._engine = asking(engine)

    def write(self, connection: Connection, partition: int, rows: Sequence[Row]) -> None:
        """Insert rows in the caller's transaction; those that are there stay."""
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        sql = (
            f"INSERT INTO publications VALUES ({mark}, {mark}, {mark}) "  # noqa: S608 - marks only
            "ON CONFLICT DO NOTHING"
        )
        if rows:
            connection.exec_driver_sql(sql, [(partition, offset, raw) for offset, raw in rows])

    def forget(self, connection: Connection, partition: int) -> None:
        """Drop what a partition's log gave; it is read again."""
        connection.execute(delete(PUBLICATIONS).where(PUBLICATIONS.c.partition == partition))

    def read(self, partition: int, from_offset: int = 0) -> list[Row]:
        """Return the publications of a partition from an offset on, in log order."""
        query = (
            select(PUBLICATIONS.c.offset, PUBLICATIONS.c.record)
            .where(PUBLICATIONS.c.partition == partition, PUBLICATIONS.c.offset >= from_offset)
            .order_by(PUBLICATIONS.c.offset)
        )
        with self._engine.connect() as connection:
            return [(row.offset, row.record) for row in connection.execute(query)]


def published_before(
    log: EventLog, rows: PublicationRows, position: ReaderPosition
) -> tuple[Publications, list[Row]]:
    """Return what a partition has published, and rows to be kept where none are.

    An owner that begins at the beginning reads the log to its end, for what the first publication
    says may govern what lies before it.

    Raises:
        RecordUnreadable: a publication that cannot be used and is not skipped.
    """
    partition = position.partition
    if position.next_offset > 0:
        return published_by(log, partition, rows.read(partition)), []
    found = list(references(log, partition, 0))
    return published_by(log, partition, found), found


def published_by(log: EventLog, partition: int, rows: Iterable[Row]) -> Publications:
    """Return what rows of a partition publish.

    Raises:
        RecordUnreadable: one of them cannot be used and is not skipped.
    """
    published = Publications()
    for offset, raw in rows:
        take(log, [read_record(log, Position(partition, offset), raw)], published)
    return published


def references(log: EventLog, partition: int, from_offset: int) -> Iterable[Row]:
    """Yield the reference records of a partition from an offset on; hardly any is decoded."""
    offset, end = from_offset, log.ends()[partition]
    while offset < end:
        batch = log.read(partition, offset, SCAN_BATCH)
        for position, raw in batch:
            if _REFERENCE in raw[:_HEAD_BYTES]:
                yield position.offset, raw
        offset += len(batch)


def take(
    log: EventLog, records: Iterable[Read], published: Publications
) -> tuple[list[Read], list[Row]]:
    """Take in the publications among records; return the records, and the rows of those taken.

    One whose content cannot be used stops the partition as a record that cannot be read does: what
    lies before it is returned; one that an operator has skipped is passed over.

    Raises:
        RecordUnreadable: the first record is such a one.
    """
    taken: list[Read] = []
    rows: list[Row] = []
    for read in records:
        position, raw, record = read
        if record is not None and is_publication(record):
            try:
                published.apply(record, position.offset)
                rows.append((position.offset, raw))
            except RecordUnreadable as error:
                if is_skipped(log, position, raw):
                    taken.append(Read(position, raw, None))
                    continue
                if taken:
                    break
                raise placed(error, position, raw) from error
        taken.append(read)
    return taken, rows
