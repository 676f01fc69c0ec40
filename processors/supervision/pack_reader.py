"""Reads one TOML table key by key; an error names the file, the line, the key and what was found.

It stands apart from `pack_text.py` so that rules can read their own parameters with it.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, cast, get_args

from ledger.errors import PackInvalid
from ledger.fact import Limit, Unit
from ledger.legal_basis import LegalBasis
from ledger.record import micros

_REQUIRED: Any = object()


class PackReader:
    """Takes keys out of one TOML table; what is left over at `finish` is an error."""

    def __init__(self, file: str, text: str, path: str, table: object) -> None:
        """Read `table`, which lies at `path` (empty, or ending in a dot) of a file's text."""
        self._file, self._text, self._path = file, text, path
        if not isinstance(table, dict):
            raise self.wrong("", table, "a table")
        self._table = dict(table)

    def wrong(self, key: str, found: object, expected: str) -> PackInvalid:
        """Return the error that says what was found at a key of this table."""
        path = (self._path + key).rstrip(".")
        line = line_of(self._text, path)
        shown = "nothing" if found is None else repr(found)
        return PackInvalid(
            f"{self._file}, line {line}: key {path!r}: found {shown}, expected {expected}.",
            hint="Correct the pack; it was not loaded.",
            file=self._file,
            line=line,
            key=path,
        )

    def _take(self, key: str, kind: type, default: Any, expected: str) -> Any:
        value = self._table.pop(key, None)
        if value is None:
            if default is _REQUIRED:
                raise self.wrong(key, None, expected)
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, value, expected)
        return value

    def has(self, key: str) -> bool:
        """Whether a key is there and not taken yet."""
        return key in self._table

    def text(self, key: str, default: Any = _REQUIRED) -> Any:
        """Take a text."""
        return self._take(key, str, default, "text")

    def switch(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        return cast(bool, self._take(key, bool, default, "true or false"))

    def number(self, key: str) -> int | None:
        """Take a whole number that may be absent."""
        return cast(int | None, self._take(key, int, None, "a whole number"))

    def whole(self, key: str, least: int = 0) -> int:
        """Take a whole number of at least `least`."""
        value = cast(int, self._take(key, int, _REQUIRED, "a whole number"))
        if value < least:
            raise self.wrong(key, value, f"at least {least}")
        return value

    def instant(self, key: str) -> int | None:
        """Take an instant with offset, in µs."""
        value = self._take(key, datetime, None, "an instant with offset")
        if value is not None and value.tzinfo is None:
            raise self.wrong(key, value, "an instant with offset")
        return None if value is None else micros(value)

    def choice(self, key: str, names: Sequence[str], default: Any = _REQUIRED) -> str:
        """Take one of some names."""
        value = self._take(key, str, default, f"one of {', '.join(names)}")
        if value not in names:
            raise self.wrong(key, value, f"one of {', '.join(names)}")
        return cast(str, value)

    def names(self, key: str, known: Sequence[str]) -> list[str]:
        """Take a list, not empty, of some names."""
        value = self.texts(key)
        for name in value:
            if name not in known:
                raise self.wrong(key, name, f"one of {', '.join(known)}")
        return value

    def texts(self, key: str) -> list[str]:
        """Take a list of texts, not empty."""
        value = cast(list[object], self._take(key, list, _REQUIRED, "a list of texts"))
        if not value or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, value, "a list of texts, not empty")
        return cast(list[str], value)

    def span(self, key: str) -> Limit:
        """Take a span of time: `{ amount, unit }`."""
        entry = self.entry(key)
        made = entry.limit()
        entry.finish()
        return made

    def limit(self) -> Limit:
        """Take the amount and the unit of this table."""
        amount = self.whole("amount")
        return Limit(amount=amount, unit=cast(Unit, self.choice("unit", get_args(Unit))))

    def basis(self) -> str:
        """Take the legal basis: instrument and article, paragraph, item or clause."""
        entry = self.entry("basis")
        basis = LegalBasis(
            instrument=entry.text("instrument"),
            article=entry.number("article"),
            paragraph=entry.number("paragraph"),
            item=entry.number("item"),
            clause=entry.text("clause", None),
        )
        entry.finish()
        return str(basis)

    def entries(self, key: str) -> "list[PackReader]":
        """Take a list of tables that may be absent."""
        values = self._take(key, list, [], "a list of tables")
        return [
            PackReader(self._file, self._text, f"{self._path}{key}[{number}].", value)
            for number, value in enumerate(values)
        ]

    def entry(self, key: str) -> "PackReader":
        """Take a table."""
        value = self._take(key, dict, _REQUIRED, "a table")
        return PackReader(self._file, self._text, f"{self._path}{key}.", value)

    def finish(self) -> None:
        """Refuse a key that nobody took.

        Raises:
            PackInvalid: naming the first such key.
        """
        for key, value in self._table.items():
            raise self.wrong(key, value, "no such key")


def line_of(text: str, path: str) -> int:
    """Return the line of a TOML text at which a key is, or the table that it is missing from.

    Args:
        path: as `threshold[2].basis.article`; lists of tables are counted from 0.
    """
    lines = text.splitlines()
    start, stop, best = 0, len(lines), 1
    for step in path.split("."):
        name, _, number = step.partition("[")
        header = _header(lines, name, int(number.rstrip("]")) if number else None)
        if header is not None and start == 0 and stop == len(lines):
            start, best = header + 1, header + 1
            stop = next((n for n in range(start, len(lines)) if lines[n].startswith("[")), stop)
            continue
        if start == 0 and best == 1:
            stop = next((n for n, line in enumerate(lines) if line.startswith("[")), stop)
        found = next((n for n in range(start, stop) if _assigns(lines[n], name)), None)
        if found is not None:
            best, start, stop = found + 1, found, found + 1
    return best


def _header(lines: Sequence[str], name: str, number: int | None) -> int | None:
    """Return the index of the header of a table, or of the one with this number in a list."""
    wanted = f"[{name}]" if number is None else f"[[{name}]]"
    places = [n for n, line in enumerate(lines) if line.split("#")[0].strip() == wanted]
    place = number or 0
    return places[place] if place < len(places) else None


def _assigns(line: str, name: str) -> bool:
    """Whether a line gives a value to a name, by itself or in an inline table."""
    words = line.replace("{", " ").replace(",", " ").split("#")[0].split()
    return any(word == name and after == "=" for word, after in pairwise(words))
