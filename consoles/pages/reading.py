"""What the pages ask of a hall's read models, in their own words.

It stands apart so that view models see plain rows of one shape, and so that what is dear to ask and
slow to change (thirty days by department) is asked once for all open screens.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from consoles.api.freshness import Freshness
from consoles.api.hall_port import HallPort
from consoles.api.live_place import Place, place_text
from consoles.pages.view_models import special_first
from ledger.findings import LEVELS

Row = Mapping[str, Any]
KEPT_SECONDS = 10.0
"""How long figures of past days are kept; everything else is read anew each time."""

_COUNTERS = {
    "tickets": "tickets_drawn",
    "accepted": "accepted",
    "completed": "completed",
    "open": "open",
    "due_soon": "due_soon",
    "overdue": "overdue",
    "stopped": "stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencyFigures:
    """Figures of a range of days.

    Attributes:
        departments: a row a department over the whole range.
        daily: rows by day, for the plot.
        p90_us: of all departments together.
    """

    departments: Sequence[Row]
    daily: Sequence[Row]
    p90_us: int | None


class Reading:
    """The questions of the pages; safe for many threads."""

    def __init__(self, hall: HallPort) -> None:
        """Bind to a hall."""
        self._hall = hall
        self._lock = threading.Lock()
        self._freshness = Freshness(hall)
        self._kept: tuple[float, tuple[str, str], Sequence[Row]] | None = None

    def as_of_us(self) -> int | None:
        """Return the hall's instant up to which all was counted; None before any."""
        return self._freshness.look()[0]

    def position(self) -> str:
        """Return the place in the log that the read models have reached, as the stream names it."""
        place = Place(offsets=self._hall.readers.positions())
        return place_text(self._hall.log.identity, place)

    def counters(self) -> Mapping[str, int]:
        """Return today's counters under the names of the pages."""
        found = self._hall.readers.hall_counters(self._hall.now_us())
        return {name: int(found[column] or 0) for name, column in _COUNTERS.items()}

    def standing(self) -> Mapping[str, int]:
        """Return how many cards stand as the highest of their clock, by level."""
        counts: dict[str, int] = {}
        for (_, level), number in self._hall.readers.cards_by_level_and_hall().items():
            counts[level] = counts.get(level, 0) + number
        return counts

    def cards(self, level: str | None, department: str | None, limit: int) -> Sequence[Row]:
        """Return the newest cards, those taken back among them, special cases first of equals."""
        page = self._hall.readers.cards(level=level, department=department, limit=limit)
        return special_first(page.items)

    def card(self, card_id: str) -> Row | None:
        """Return one card or None."""
        return self._hall.readers.card(card_id)

    def nearest(self, number: int) -> Sequence[Row]:
        """Return the clocks whose next level comes first."""
        return self._hall.readers.nearest_limits(self._hall.now_us(), number)

    def lamps(self, days: tuple[date, date]) -> Sequence[Row]:
        """Return each department with the highest level standing on its open cases, or None.

        Args:
            days: departments that counted anything on these days have a lamp even without a case
                open, so that the matrix does not change its shape during a day.
        """
        codes = {str(row["department"]): 0 for row in self.daily(*days) if row["department"]}
        for row in self._hall.readers.department_lamps():
            code = str(row["department"] or "")
            if code:
                codes[code] = max(codes.get(code, 0), int(row["level"] or 0))
        names = (None, *LEVELS)
        return [{"department": code, "level": names[level]} for code, level in codes.items()]

    def daily(self, first: date, last: date) -> Sequence[Row]:
        """Return figures by day and department, at most `KEPT_SECONDS` old."""
        asked = (first.isoformat(), last.isoformat())
        with self._lock:  # one asks, the others wait for its answer
            now = time.monotonic()
            if self._kept and self._kept[1] == asked and now - self._kept[0] < KEPT_SECONDS:
                return self._kept[2]
            rows = self._hall.readers.efficiency_daily(*asked)
            self._kept = (now, asked, rows)
            return rows

    def trend(self, first: date, last: date) -> Sequence[tuple[str, int, int]]:
        """Return (day, accepted, completed) for each day from `first` to `last`."""
        sums = {day: [0, 0] for day in days_between(first, last)}
        for row in self.daily(first, last):
            sums[str(row["day"])][0] += int(row["accepted"] or 0)
            sums[str(row["day"])][1] += int(row["completed"] or 0)
        return [(day, accepted, completed) for day, (accepted, completed) in sums.items()]

    def efficiency(self, first: date, last: date) -> EfficiencyFigures:
        """Return the figures of a range of days."""
        asked = (first.isoformat(), last.isoformat())
        summary = self._hall.readers.efficiency_summary(*asked)
        return EfficiencyFigures(
            departments=[_figures(row) for row in summary.departments],
            daily=self._hall.readers.efficiency_daily(*asked),
            p90_us=summary.total["p90_working_us"],
        )


def days_between(first: date, last: date) -> list[str]:
    """Return every day from `first` to `last`, both included, as ISO text."""
    ordinals = range(first.toordinal(), last.toordinal() + 1)
    return [date.fromordinal(ordinal).isoformat() for ordinal in ordinals]


def _figures(row: Row) -> Row:
    """Return a department's figures under the names of the pages."""
    return {
        **row,
        **{level: row[f"{level}_issued"] for level in LEVELS},
        "taken_back": sum(
            row[f"{level}_{what}"] for level in LEVELS for what in ("rescinded", "revoked")
        ),
        "p90_us": row["p90_working_us"],
    }
