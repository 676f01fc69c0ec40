"""What the pages need of a hall beyond what the HTTP surface needs.

It stands apart so that the composed hall, and the halls of tests, are checked against it by type.
"""

from datetime import date
from typing import Protocol

from consoles.api.hall_port import HallPort
from consoles.pages.texts import Lang


class PagesHall(HallPort, Protocol):
    """A hall whose codes have names and whose days are working days or not."""

    def is_working_day(self, day: date) -> bool:
        """Return whether the hall's calendar works on a local day."""
        ...

    def name_of(self, kind: str, code: str, lang: Lang) -> str | None:
        """Return the published name of a `department` or `matter`, or None where none is known."""
        ...
