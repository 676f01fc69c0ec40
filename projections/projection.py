"""What a projection is: a pure function from records to row changes, with a name and a version.

The protocol stands apart from the projections and from what runs them, so that a new read model is
one module and one line where the projections are listed.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import NamedTuple, Protocol

from ledger.fact import Fact
from ledger.log import Position
from ledger.record import AnyRecord, instant, micros
from projections.rows import Rows, TableShape

_QUARTER_HOUR_US = 900_000_000
_DAYS_REMEMBERED = 100_000


class Seen(NamedTuple):
    """A record at its place in the log, with what every projection asks of it.

    Attributes:
        fact: the record's `data`.
        time_us: when it happened.
        recorded_us: when the ledger learned it; `time_us` where a record carries no stamp.
        identity: 64-bit hash of (subject, source, id), compared only within one subject.
    """

    position: Position
    record: AnyRecord
    type: str
    subject: str
    fact: Fact
    time_us: int
    recorded_us: int
    identity: int


class Projection(Protocol):
    """A read model: disposable, rebuilt from the log when its meaning changes."""

    @property
    def name(self) -> str:
        """Stable name."""
        ...

    @property
    def version(self) -> int:
        """Raised with every change of meaning or shape; stored rows of another one are refused."""
        ...

    @property
    def shapes(self) -> tuple[TableShape, ...]:
        """The tables it alone writes."""
        ...

    @property
    def wants(self) -> frozenset[str]:
        """The record types it reads."""
        ...

    def ask(self, rows: Rows, seen: Seen) -> None:
        """Name the subjects whose rows `apply` will read, by adding to the tables' `wanted`."""
        ...

    def apply(self, rows: Rows, seen: Seen) -> None:
        """Change rows as the record says; called in log order within a subject."""
        ...


def us_or_none(at: datetime | None) -> int | None:
    """Return an aware instant in microseconds since the epoch, or None."""
    return None if at is None else micros(at)


class LocalDays:
    """Days of the hall's zone as ISO text.

    Every offset in use is a multiple of a quarter of an hour; so one quarter lies in one day.
    """

    def __init__(self, zone: tzinfo) -> None:
        """Remember the days of the quarters asked for, within a bound."""
        self.zone = zone

        @lru_cache(maxsize=_DAYS_REMEMBERED)
        def day_of_quarter(quarter: int) -> str:
            return instant(quarter * _QUARTER_HOUR_US, zone).date().isoformat()

        self._day_of_quarter = day_of_quarter

    def of(self, us: int) -> str:
        """Return the local day of an instant, e.g. `2026-11-24`."""
        return self._day_of_quarter(us // _QUARTER_HOUR_US)


def all_shapes(projections: Iterable[Projection]) -> tuple[TableShape, ...]:
    """Return the tables of all projections; their names must differ."""
    shapes = tuple(shape for projection in projections for shape in projection.shapes)
    assert len({shape.name for shape in shapes}) == len(shapes), "two projections write one table"
    return shapes
