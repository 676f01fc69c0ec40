"""Makes tables that are missing in a database, and says where those that are there differ."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Index, MetaData, Table, inspect
from sqlalchemy.types import TypeEngine


class _There:
    """What tables of some names a database has, asked for all of them at once."""

    def __init__(self, connection: Connection, metadata: MetaData) -> None:
        inspector = inspect(connection)
        names = list(metadata.tables)
        self.columns = _by_table(inspector.get_multi_columns(filter_names=names))
        self.keys = _by_table(inspector.get_multi_pk_constraint(filter_names=names))
        self.indexes = {
            table: {each["name"] for each in indexes}
            for table, indexes in _by_table(inspector.get_multi_indexes(filter_names=names)).items()
        }


def create_missing(
    connection: Connection, metadata: MetaData, indexes: Sequence[Index] = ()
) -> list[str]:
    """Create tables and indexes that are not there; return what was made, as `table cases`.

    Args:
        connection: in the caller's transaction.
        metadata: the tables; their own indexes come with them.
        indexes: more of them, kept apart from their tables.
    """
    there = _There(connection, metadata)
    made: list[str] = []
    for table in metadata.sorted_tables:
        if table.name not in there.columns:
            table.create(connection)
            made.append(f"table {table.name}")
            made.extend(f"index {index.name}" for index in table.indexes)
    for index, table_name in _named(indexes):
        if table_name not in there.columns:
            index.create(connection)
            made.append(f"index {index.name}")
    for index in _absent(there, metadata, indexes):
        index.create(connection)
        made.append(f"index {index.name}")
    return made


def schema_faults(
    connection: Connection, metadata: MetaData, indexes: Sequence[Index] = ()
) -> list[str]:
    """Return what is missing or differs, a sentence each; nothing if all is as declared.

    Columns and indexes that nobody asked for are let be.
    """
    there = _There(connection, metadata)
    found: list[str] = []
    for table in sorted(metadata.sorted_tables, key=lambda each: each.name):
        if table.name in there.columns:
            found.extend(_table_faults(connection, there, table))
        else:
            found.append(f"table {table.name}: missing")
    return found + [f"index {index.name}: missing" for index in _absent(there, metadata, indexes)]


def _absent(there: _There, metadata: MetaData, indexes: Sequence[Index]) -> Iterator[Index]:
    """Yield the indexes that tables lack which are there."""
    own = [index for table in metadata.sorted_tables for index in table.indexes]
    for index, table in _named([*indexes, *own]):
        if table in there.columns and index.name not in there.indexes.get(table, ()):
            yield index


def _named(indexes: Iterable[Index]) -> Iterator[tuple[Index, str]]:
    for index in indexes:
        assert index.table is not None
        yield index, index.table.name


def _table_faults(connection: Connection, there: _There, table: Table) -> Iterator[str]:
    stored = {column["name"]: column for column in there.columns[table.name]}
    for column in table.columns:
        found = stored.get(column.name)
        if found is None:
            yield f"column {table.name}.{column.name}: missing"
            continue
        ours, theirs = (_type_text(connection, each) for each in (column.type, found["type"]))
        if ours != theirs:
            yield f"column {table.name}.{column.name}: found {theirs}, expected {ours}"
    key = there.keys[table.name]["constrained_columns"]
    expected = [column.name for column in table.primary_key]
    if key != expected:
        yield f"table {table.name}: found the key {key}, expected {expected}"


def _type_text(connection: Connection, type_: TypeEngine[Any]) -> str:
    return str(type_.compile(connection.dialect))


def _by_table(found: Mapping[tuple[str | None, str], Any]) -> dict[str, Any]:
    return {table: value for (_, table), value in found.items()}
