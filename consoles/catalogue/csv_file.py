"""Catalogues as CSV (RFC 4180, UTF-8): one row per entry, the columns of `columns.py`."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from consoles.api.csv_text import BYTE_ORDER_MARK
from consoles.catalogue.cells import CellInvalid, shielded, unshielded
from consoles.catalogue.columns import COLUMNS, Column, column_at
from consoles.catalogue.loaded import Loaded, RowError, shown
from ledger.catalogue import Entry, Kind
from ledger.errors import ImportInvalid
from ledger.wire import entry_to_json, read_entry

Row = tuple[str, list[str]]
"""A row's place and its cells."""


def read_csv(raw: bytes, kind: Kind) -> Loaded:
    """Return the entries of one kind that a CSV file holds, and every error with its place.

    Raises:
        ImportInvalid: the file is no UTF-8, or its header does not say what the columns are.
    """
    rows = _rows(_decoded(raw))
    loaded = Loaded((kind,))
    columns = None
    try:
        _, header = next(rows, ("", []))
        columns = _columns(header, kind)
        for place, row in rows:
            _take(loaded, kind, columns, place, row)
    except _Broken as error:
        if columns is None:
            raise ImportInvalid(f"The header cannot be read: {error}.", line=1) from error
        loaded.refuse([error.row_error])
    return loaded


class _Broken(Exception):
    """The file stops being CSV; carries the error of its row."""

    def __init__(self, row_error: RowError) -> None:
        super().__init__(str(row_error))
        self.row_error = row_error


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ImportInvalid(
            f"Line {line}: found bytes that are no UTF-8.",
            hint="Save the table as «CSV UTF-8»; spreadsheets save GBK unless told otherwise.",
            line=line,
        ) from None


def _rows(text: str) -> Iterator[Row]:
    """Go through the rows that are not blank, each with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            expected = 'cells divided by commas, quoted by "'
            raise _Broken(RowError(f"line {line}", "(row)", str(error), expected)) from error
        cells = [unshielded(cell) for cell in row]
        if any(cells):
            yield f"line {line}", cells


def _columns(header: Sequence[str], kind: Kind) -> list[Column]:
    names = {
        name.casefold(): column for column in COLUMNS[kind] for name in (column.name, *column.also)
    }
    found: list[Column] = []
    named = len(header)
    while named and not header[named - 1]:
        named -= 1
    for name in header[:named]:
        column = names.get(name.casefold())
        if column is None or column in found:
            raise ImportInvalid(
                f"The header names {name!r}{' twice' if column else ''}; "
                f"the columns of a {kind} are {_told(kind)}.",
                line=1,
            )
        found.append(column)
    missing = [column.name for column in COLUMNS[kind] if column.needed and column not in found]
    if missing:
        raise ImportInvalid(
            f"The header lacks {', '.join(missing)}; the columns of a {kind} are {_told(kind)}.",
            line=1,
        )
    return found


def _told(kind: Kind) -> str:
    return ", ".join(f"{column.name} ({column.also[0]})" for column in COLUMNS[kind])


def _take(
    loaded: Loaded, kind: Kind, columns: Sequence[Column], place: str, row: Sequence[str]
) -> None:
    plain: dict[str, Any] = {}
    errors: list[RowError] = []
    if any(row[len(columns) :]):
        found = f"{len(row)} cells"
        errors.append(RowError(place, "(row)", found, f"at most {len(columns)}, as in the header"))
    unread: set[str] = set()
    for column, cell in zip(columns, row, strict=False):
        if not cell:
            continue
        try:
            column.put(plain, column.read(cell))
        except CellInvalid as error:
            unread.add(column.name)
            errors.append(RowError(place, column.name, shown(cell), error.expected))
    entry, faults = read_entry(kind, plain)
    cells = {column.name: cell for column, cell in zip(columns, row, strict=False)}
    for fault in faults:
        name = column_at(COLUMNS[kind], fault.field)
        if name not in unread:
            found = shown(cells[name]) if cells.get(name) else "nothing"
            errors.append(RowError(place, name, found, fault.expected))
    if entry is not None and not errors:
        loaded.take(entry, place)
    else:
        loaded.refuse(errors)


def write_csv(entries: Iterable[Entry], kind: Kind) -> bytes:
    """Return entries of one kind as CSV, with a byte order mark as spreadsheets need it.

    The same entries give the same bytes.
    """
    columns = COLUMNS[kind]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    for entry in sorted(entries, key=lambda each: each.code):
        plain = entry_to_json(entry)
        writer.writerow([_cell(column, plain) for column in columns])
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _cell(column: Column, plain: Mapping[str, Any]) -> str:
    value = column.value_in(plain)
    return "" if value is None else shielded(column.write(value))
