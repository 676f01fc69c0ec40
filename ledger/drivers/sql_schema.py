"""Makes tables that are missing in a database, and says where those that are there differ."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Index, MetaData, Table, inspect
from sqlalchemy.engine import Inspector
from sqlalchemy.types import TypeEngine


def create_missing(
    connection: Connection, metadata: MetaData, indexes: Iterable[Index] = ()
) -> list[str]:
    """Create tables and indexes that are not there; return what was made, as `table cases`.

    Args:
        connection: in the caller's transaction.
        metadata: the tables; their own indexes come with them.
        indexes: more of them, kept apart from their tables.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    made: list[str] = []
    for table in metadata.sorted_tables:
        if table.name not in there:
            table.create(connection)
            made.append(f"table {table.name}")
            made.extend(f"index {index.name}" for index in table.indexes)
    apart = [each for each in indexes if each.table is not None and each.table.name not in there]
    absent = [index for index, _ in _absent_indexes(inspector, metadata, indexes, there)]
    for index in (*apart, *absent):
        index.create(connection)
        made.append(f"index {index.name}")
    return made


def schema_faults(
    connection: Connection, metadata: MetaData, indexes: Iterable[Index] = ()
) -> list[str]:
    """Return what is missing or differs, a sentence each; nothing if all is as declared.

    Columns and indexes that nobody asked for are let be.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    found = [f"table {name}: missing" for name in sorted(metadata.tables.keys() - there)]
    for table in metadata.sorted_tables:
        if table.name in there:
            found.extend(_column_faults(connection, inspector, table))
    for _, name in _absent_indexes(inspector, metadata, indexes, there):
        found.append(f"index {name}: missing")
    return found


def _absent_indexes(
    inspector: Inspector, metadata: MetaData, indexes: Iterable[Index], there: set[str]
) -> Iterator[tuple[Index, str]]:
    """Yield the indexes that tables lack which were there before."""
    wanted = [*indexes, *(index for table in metadata.sorted_tables for index in table.indexes)]
    known: dict[str, set[str | None]] = {}
    for index in wanted:
        assert index.table is not None
        assert index.name is not None
        table = index.table.name
        if table in there and table not in known:
            known[table] = {each["name"] for each in inspector.get_indexes(table)}
        if index.name not in known.get(table, {index.name}):
            yield index, str(index.name)


def _column_faults(connection: Connection, inspector: Inspector, table: Table) -> Iterator[str]:
    stored = {column["name"]: column for column in inspector.get_columns(table.name)}
    for column in table.columns:
        found = stored.get(column.name)
        if found is None:
            yield f"column {table.name}.{column.name}: missing"
            continue
        ours, theirs = (_type_text(connection, each) for each in (column.type, found["type"]))
        if ours != theirs:
            yield f"column {table.name}.{column.name}: found {theirs}, expected {ours}"
    key = inspector.get_pk_constraint(table.name)["constrained_columns"]
    expected = [column.name for column in table.primary_key]
    if key != expected:
        yield f"table {table.name}: found the key {key}, expected {expected}"


def _type_text(connection: Connection, type_: TypeEngine[object]) -> str:
    return str(type_.compile(connection.dialect))
