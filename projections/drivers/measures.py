"""Counts of the read models, by hall and department, for metrics: asked for at every scrape.

They stand apart from the readers because they answer for all halls at once and from few statements,
each over an index.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Engine, select, text

from ledger.record import instant
from projections.drivers.sql_tables import REBUILDS


class Cases(NamedTuple):
    """Cases of one phase, hall, department and highest card (0 none … 3 red).

    Attributes:
        is_live: False for imported ones, which live on their own time.
    """

    phase: str
    hall: str
    department: str
    is_live: bool
    level: int
    cases: int


class LiveCards(NamedTuple):
    """Live cards of one hall, department and level that are the highest of their clock.

    Attributes:
        unsigned: those of them that nobody has signed.
    """

    hall: str
    department: str
    level: str
    cards: int
    unsigned: int


class HallDay(NamedTuple):
    """What one hall counted on one local day; names as in `efficiency_days` and `card_days`."""

    hall: str
    accepted: int = 0
    completed: int = 0
    promised_completed: int = 0
    promised_on_time: int = 0
    working_us: int = 0
    warning_issued: int = 0
    yellow_issued: int = 0
    red_issued: int = 0


class LastRebuild(NamedTuple):
    """How the last rebuild of one kind (`check` or `replace`) ended.

    Attributes:
        differences: rows that differed, as far as they were told; None where none were compared.
    """

    kind: str
    finished_us: int
    records: int
    differences: int | None


class Measures:
    """Counts what the projections wrote."""

    def __init__(self, engine: Engine, zone: tzinfo) -> None:
        """Bind to the database of the read models and to the hall's zone."""
        self._engine = engine
        self._zone = zone

    def cases(self) -> Sequence[Cases]:
        """Return all cases, in groups; the order of the groups is that of the index."""
        columns = "phase, hall, department, timeline, level"
        sql = f"SELECT {columns}, COUNT(*) FROM cases GROUP BY {columns}"  # noqa: S608
        return [
            Cases(phase or "", hall or "", department or "", timeline is None, level, count)
            for phase, hall, department, timeline, level, count in self._rows(sql)
        ]

    def live_cards(self) -> Sequence[LiveCards]:
        """Return the cards that stand as the highest of their clock."""
        sql = (
            "SELECT COALESCE(hall, ''), COALESCE(department, ''), level, COUNT(*), "
            "CAST(SUM(CASE WHEN state = 'issued' THEN 1 ELSE 0 END) AS BIGINT) FROM cards "
            "WHERE live = 1 AND is_highest = 1 GROUP BY hall, department, level"
        )
        return [LiveCards(*row) for row in self._rows(sql)]

    def day(self, now_us: int) -> Sequence[HallDay]:
        """Return what was counted on the local day of an instant, by hall."""
        day = instant(now_us, self._zone).date().isoformat()
        halls: dict[str, HallDay] = {}
        for table, names in _DAY_SUMS.items():
            sums = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in names)
            sql = f"SELECT hall, {sums} FROM {table} WHERE day = :day GROUP BY hall"  # noqa: S608
            for hall, *counts in self._rows(sql, day=day):
                values = dict(zip(names, counts, strict=True))
                halls[hall] = halls.get(hall, HallDay(hall))._replace(**values)
        return list(halls.values())

    def rebuilds(self) -> Sequence[LastRebuild]:
        """Return the last rebuild of each kind."""
        with self._engine.begin() as connection:
            return [LastRebuild(*row) for row in connection.execute(select(REBUILDS))]

    def _rows(self, sql: str, **values: Any) -> Sequence[Any]:
        with self._engine.begin() as connection:
            return connection.execute(text(sql), values).all()


_DAY_SUMS = {
    "efficiency_days": HallDay._fields[1:6],
    "card_days": HallDay._fields[6:],
}
