"""What the pages need of a hall beyond what the HTTP surface needs.

It stands apart so that the composed hall, and the halls of tests, are checked against it by type.
"""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from consoles.api.hall_port import HallPort
from consoles.pages.texts import Lang
from processors.supervision.pack import Pack


class PagesHall(HallPort, Protocol):
    """A hall whose codes have names, whose days are worked or not, and whose rules are said."""

    def is_working_day(self, day: date) -> bool:
        """Return whether the hall's calendar works on a local day."""
        ...

    def name_of(self, kind: str, code: str, lang: Lang) -> str | None:
        """Return the published name of a `department` or `matter`, or None where none is known."""
        ...

    def pack_in_force(self) -> Pack:
        """Return the pack that governs live cases opened now."""
        ...

    def packs(self) -> Mapping[str, Pack]:
        """Return the packs that are known by name."""
        ...
