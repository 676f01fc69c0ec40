"""Tables as CSV that a spreadsheet opens without harm: byte order mark, quoted, formulas disarmed.

It stands apart because cells hold text that sources sent, and a spreadsheet would run some of it.
"""

import csv
import io
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = (*"=+-@|%\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that some spreadsheet reads as a formula; the last four are full width."""


Cell = str | int | float | None


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as UTF-8 CSV (RFC 4180) with a byte order mark, as Chinese needs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(cell) for cell in header])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def harmless(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell
