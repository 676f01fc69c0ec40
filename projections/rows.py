"""What projections read and change: tables described as data, and the rows of one batch.

It stands apart from SQL on purpose: projections see subjects, rows and counters; a store turns what
they changed into statements. Three forms of table are enough, and each is loaded in one way:

- `rows`: mutable rows whose key begins with the subject; all rows of the batch's subjects are
  loaded at once;
- `entries`: one immutable row a record, written and never read back;
- `counters`: sums by key; only differences are collected, so nothing has to be loaded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, Literal, NamedTuple, cast

Key = tuple[Any, ...]
Row = dict[str, Any]
Form = Literal["rows", "entries", "counters"]


class Column(NamedTuple):
    """One column; its comment is a line of the data dictionary.

    Attributes:
        blank: value of a new row: None, or 0 for counts and flags.
    """

    name: str
    kind: Literal["text", "integer"]
    comment: str
    blank: int | None = None


def text(name: str, comment: str) -> Column:
    """Return a column of text."""
    return Column(name, "text", comment)


def integer(name: str, comment: str) -> Column:
    """Return a column of whole numbers; instants end in `_us`, in µs since the Unix epoch."""
    return Column(name, "integer", comment)


def count(name: str, comment: str) -> Column:
    """Return a column of a count or of a flag (1 yes, 0 no), 0 in a new row."""
    return Column(name, "integer", comment, 0)


class Index(NamedTuple):
    """An index over columns, limited to the rows for which the SQL text `where` holds."""

    columns: tuple[str, ...]
    where: str = ""


@dataclass(frozen=True, kw_only=True)
class TableShape:
    """One table of a projection.

    Attributes:
        key: names of its key columns; `rows` begin with `subject`.
    """

    name: str
    form: Form
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of stored rows."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def sums(self) -> tuple[str, ...]:
        """Columns beyond the key: of counters, those that are summed."""
        return tuple(name for name in self.names if name not in self.key)

    @cached_property
    def _blank(self) -> Row:
        return {column.name: column.blank for column in self.columns}

    def blank(self, **values: Any) -> Row:
        """Return a new row: counts 0, everything else absent unless given."""
        return {**self._blank, **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChanges:
    """What one batch did to one table: whole rows to write (in column order) and keys to remove."""

    shape: TableShape
    written: Sequence[Key]
    removed: Sequence[Key] = ()


class RowTable:
    """The rows of the batch's subjects in one table of form `rows`."""

    __slots__ = ("_changed", "_groups", "shape", "wanted")

    def __init__(self, shape: TableShape) -> None:
        """Begin with nothing loaded."""
        self.shape = shape
        self.wanted: set[str] = set()
        self._groups: dict[str, dict[Key, Row]] = {}
        self._changed: dict[Key, None] = {}

    def load(self, found: Iterable[Sequence[Any]]) -> None:
        """Take the stored rows of all wanted subjects, each in column order."""
        groups: dict[str, dict[Key, Row]] = {subject: {} for subject in self.wanted}
        names, key_of = self.shape.names, itemgetter(*self.shape.key)
        for values in found:
            row = dict(zip(names, values, strict=True))
            found_key = key_of(row)
            key = found_key if isinstance(found_key, tuple) else (found_key,)
            groups[key[0]][key] = row
        self._groups = groups

    def of(self, subject: str) -> Mapping[Key, Row]:
        """Return the rows of a subject by key; the subject must have been asked for."""
        return self._groups[subject]

    def get(self, *key: Any) -> Row | None:
        """Return one row or None; its subject must have been asked for."""
        return self._groups[key[0]].get(key)

    def put(self, row: Row, *key: Any) -> None:
        """Take a new or a changed row."""
        self._groups[key[0]][key] = row
        self._changed[key] = None

    def remove(self, *key: Any) -> None:
        """Remove a row; nothing happens if there is none."""
        if self._groups[key[0]].pop(key, None) is not None:
            self._changed[key] = None

    def changes(self) -> TableChanges:
        """Return what changed since loading."""
        values = cast("itemgetter[Key]", itemgetter(*self.shape.names))
        written: list[Key] = []
        removed: list[Key] = []
        for key in self._changed:
            row = self._groups[key[0]].get(key)
            if row is None:
                removed.append(key)
            else:
                written.append(values(row))
        return TableChanges(shape=self.shape, written=written, removed=removed)


class EntryTable:
    """New rows of one table of form `entries`."""

    __slots__ = ("add", "shape", "written")

    def __init__(self, shape: TableShape) -> None:
        """Begin with none; `add` takes one row in column order."""
        self.shape = shape
        self.written: list[Key] = []
        self.add = self.written.append

    def changes(self) -> TableChanges:
        """Return what was added."""
        return TableChanges(shape=self.shape, written=self.written)


class CounterTable:
    """Differences to sums in one table of form `counters`."""

    __slots__ = ("_place", "_sums", "shape")

    def __init__(self, shape: TableShape) -> None:
        """Begin with no difference."""
        self.shape = shape
        self._place = {name: place for place, name in enumerate(shape.sums)}
        self._sums: dict[Key, list[int]] = {}

    def add(self, key: Key, name: str, amount: int = 1) -> None:
        """Add to one sum. A key once touched stays as a row, even if its sums return to 0."""
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0] * len(self._place)
        sums[self._place[name]] += amount

    def changes(self) -> TableChanges:
        """Return the differences as rows in column order (key columns come first).

        Two owners add to the same sums: in one order, so that neither waits for the other in turn.
        """
        ordered = sorted(self._sums.items(), key=lambda each: str(each[0]))
        return TableChanges(shape=self.shape, written=[(*key, *sums) for key, sums in ordered])


class Rows:
    """All tables of one batch by name; made anew for each batch."""

    __slots__ = ("counters", "entries", "tables")

    def __init__(self, shapes: Iterable[TableShape]) -> None:
        """Make an empty batch over these tables."""
        self.tables: dict[str, RowTable] = {}
        self.entries: dict[str, EntryTable] = {}
        self.counters: dict[str, CounterTable] = {}
        for shape in shapes:
            if shape.form == "rows":
                self.tables[shape.name] = RowTable(shape)
            elif shape.form == "entries":
                self.entries[shape.name] = EntryTable(shape)
            else:
                self.counters[shape.name] = CounterTable(shape)

    def changes(self) -> list[TableChanges]:
        """Return what the batch changed; tables it left alone are absent."""
        changes = [
            *(table.changes() for table in self.tables.values()),
            *(table.changes() for table in self.entries.values()),
            *(table.changes() for table in self.counters.values()),
        ]
        return [change for change in changes if change.written or change.removed]
