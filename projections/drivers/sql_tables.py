"""The tables in SQL: those of the projections, made from their shapes, and the store's own three.

A rebuild fills the same tables under a suffix and then takes the live ones' place; names of indexes
carry the generation, because SQLite keeps them unique in a file and does not rename them with their
table.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from projections.rows import TableShape

REBUILD_SUFFIX = "__rebuild"
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases compare and sort by its bytes."""
_ROOM_FOR_CHANGES = {"fillfactor": 85, "autovacuum_vacuum_scale_factor": 0.05}
"""On PostgreSQL a changed row that fits its page again leaves the indexes alone."""


class ReadTables(NamedTuple):
    """The projections' tables of one generation."""

    metadata: MetaData
    indexes: Sequence[Index]


def read_tables(shapes: Iterable[TableShape], suffix: str = "", generation: int = 1) -> ReadTables:
    """Return the tables of these shapes; indexes are apart, so that a rebuild makes them last."""
    metadata = MetaData()
    indexes: list[Index] = []
    for shape in shapes:
        table = _table(metadata, shape, suffix, generation)
        indexes.extend(_indexes(shape, table, generation))
    return ReadTables(metadata, indexes)


def _table(metadata: MetaData, shape: TableShape, suffix: str, generation: int) -> Table:
    columns = [
        Column(
            column.name,
            TEXT if column.kind == "text" else BigInteger(),
            autoincrement=False,
            nullable=column.name not in shape.key,
            comment=column.comment,
        )
        for column in shape.columns
    ]
    return Table(
        shape.name + suffix,
        metadata,
        *columns,
        PrimaryKeyConstraint(*shape.key, name=f"pk_{shape.name}_g{generation}"),
        comment=shape.comment,
        sqlite_with_rowid=False,
        postgresql_with={} if shape.form == "entries" else _ROOM_FOR_CHANGES,
    )


def _indexes(shape: TableShape, table: Table, generation: int) -> list[Index]:
    made = []
    for number, index in enumerate(shape.indexes):
        where = text(index.where) if index.where else None
        name = f"ix_{shape.name}_{number}_g{generation}"
        made.append(
            Index(
                name,
                *(table.c[column] for column in index.columns),
                sqlite_where=where,
                postgresql_where=where,
            )
        )
        table.indexes.discard(made[-1])
    return made


OWN = MetaData()

READER_POSITIONS = Table(
    "reader_positions",
    OWN,
    Column("reader", TEXT, primary_key=True, comment="Name of the reader"),
    Column("partition", BigInteger(), primary_key=True, autoincrement=False, comment="Partition"),
    Column("next_offset", BigInteger(), nullable=False, comment="First offset not yet read"),
    Column("log_identity", TEXT, nullable=False, comment="Which log was read"),
    Column("last_sha256", TEXT, nullable=False, comment="Digest of the last record read"),
    Column("epoch", BigInteger(), nullable=False, comment="Raised by each new owner"),
    comment="How far each reader has read each partition; committed with its rows.",
)

PROJECTION_VERSIONS = Table(
    "projection_versions",
    OWN,
    Column("projection", TEXT, primary_key=True, comment="Name of the projection"),
    Column("version", BigInteger(), nullable=False, comment="Version its rows were made by"),
    Column(
        "generation", BigInteger(), nullable=False, comment="How often the rows were rebuilt, + 1"
    ),
    Column("zone", TEXT, nullable=False, comment="Zone whose local days it counts by"),
    comment="Which version of each projection the stored rows belong to.",
)

ZONE_OFFSETS = Table(
    "zone_offsets",
    OWN,
    Column("from_us", BigInteger(), primary_key=True, autoincrement=False, comment="From instant"),
    Column("offset_s", BigInteger(), nullable=False, comment="Seconds east of UTC"),
    Column("suffix", TEXT, nullable=False, comment="The offset as ISO 8601 writes it"),
    comment="Offsets of the hall's zone, by which views show local time.",
)

REBUILDS = Table(
    "remade",
    OWN,
    Column("kind", Text(), primary_key=True, comment="check or replace"),
    Column("finished_us", BigInteger(), nullable=False, comment="When it ended"),
    Column("records", BigInteger(), nullable=False, comment="Records it read"),
    Column(
        "differences", BigInteger(), comment="Rows that differed, as far as told; absent if unasked"
    ),
    comment="How the last rebuild of each kind ended.",
)
