"""How far the read models have come, asked by many at once: what was written can be read."""

from collections.abc import Mapping, Sequence
from threading import Lock
from time import monotonic, sleep

from sqlalchemy import Engine, select

from ledger.log import Position
from projections.drivers.sql_store import READER
from projections.drivers.sql_tables import READER_POSITIONS

LOOK_EVERY_SECONDS = 0.02
"""However many wait, the database is asked no more often."""


class Progress:
    """Positions of a reader, as they were a moment ago at most; for any number of threads."""

    def __init__(self, engine: Engine, reader: str = READER) -> None:
        """Bind to the database of the read models; nothing is asked yet."""
        self._engine = engine
        columns = READER_POSITIONS.c
        self._query = select(columns.partition, columns.next_offset).where(columns.reader == reader)
        self._looking = Lock()
        self._looked_at = float("-inf")
        self._known: Mapping[int, int] = {}

    def reached(self, *places: Position) -> bool:
        """Whether the records at these places have been applied.

        Raises:
            DatabaseUnavailable: the database cannot answer.
        """
        return self._have_passed(places, -1)

    def wait_for(self, *places: Position, seconds: float) -> bool:
        """Wait until the records at these places have been applied; whether they were in time.

        Raises:
            DatabaseUnavailable: the database cannot answer.
        """
        until = monotonic() + seconds
        while not self._have_passed(places, max(0.0, until - monotonic())):
            left = until - monotonic()
            if left <= 0:
                return False
            sleep(min(LOOK_EVERY_SECONDS, left))
        return True

    def _have_passed(self, places: Sequence[Position], patience_s: float) -> bool:
        known = self._positions(patience_s)
        return all(known.get(place.partition, 0) > place.offset for place in places)

    def _positions(self, patience_s: float) -> Mapping[int, int]:
        """Return the positions; of those who ask at once, one asks the database for all.

        Args:
            patience_s: how long to wait for the one who asks; below 0 as long as it takes. What was
                known before is the answer where that is too long.
        """
        if not self._looking.acquire(timeout=patience_s):
            return self._known
        try:
            if monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
                with self._engine.connect() as connection:
                    rows = connection.execute(self._query)
                    self._known = {row.partition: row.next_offset for row in rows}
                self._looked_at = monotonic()
            return self._known
        finally:
            self._looking.release()
