"""What reading a catalogue's file gives: its entries, each with its place, and what is wrong."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.catalogue import Entry, Kind, kind_of

SHOWN_MAX = 80


class RowError(NamedTuple):
    """What is wrong in one cell of a row, or in one field of an entry.

    Attributes:
        place: `line 5` of a CSV, `matters[3]` of a JSON file (from 0).
        column: header of the column, or path of the field.
        found, expected: for people.
    """

    place: str
    column: str
    found: str
    expected: str

    @property
    def line(self) -> int | None:
        """The line of a CSV that the row begins on."""
        head, _, number = self.place.partition(" ")
        return int(number) if head == "line" else None

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.place}, {self.column}: found {self.found}, expected {self.expected}"


@dataclass(slots=True)
class Loaded:
    """A file that was read.

    Attributes:
        kinds: the kinds of entries the file speaks of, though it may hold none of them.
        rows: how many entries it has, good and bad.
        bad: how many of them are bad.
        errors: everything wrong with those, in the order of the file.
        places: where each good entry stands, in the order of the file.
    """

    kinds: tuple[Kind, ...]
    rows: int = 0
    bad: int = 0
    errors: list[RowError] = field(default_factory=list)
    places: dict[Entry, str] = field(default_factory=dict)
    _first: dict[tuple[Kind, str], tuple[Entry, str]] = field(default_factory=dict)

    @property
    def entries(self) -> list[Entry]:
        """The good entries."""
        return list(self.places)

    def take(self, entry: Entry, place: str) -> None:
        """Keep a good entry; where several have one code, all of them are bad."""
        self.rows += 1
        key = (kind_of(entry), entry.code)
        first, first_place = self._first.setdefault(key, (entry, place))
        if first_place == place:
            self.places[entry] = place
            return
        if self.places.pop(first, None) is not None:
            self._refuse_repeated(entry.code, first_place, place)
        self._refuse_repeated(entry.code, place, first_place)

    def _refuse_repeated(self, code: str, place: str, other: str) -> None:
        self.bad += 1
        expected = f"each code once ({other} has it too)"
        self.errors.append(RowError(place, "code", repr(code), expected))

    def refuse(self, errors: list[RowError]) -> None:
        """Keep what is wrong with a row."""
        self.rows += 1
        self.bad += 1
        self.errors.extend(errors)


def shown(text: str) -> str:
    """Return a cell as a message shows it, cut short."""
    quoted = repr(text)
    return quoted if len(quoted) <= SHOWN_MAX else quoted[: SHOWN_MAX - 3] + "…"
