"""Which versions govern a case: its law (pack, calendar, catalogue entry), pinned at an opening.

A cycle is judged by what was in force, and published, when it was opened; what is published later
never changes that by itself (`pinning.py`).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ledger.case import Known
from ledger.case_events import CaseAccepted
from ledger.catalogue import Matter
from ledger.work_calendar import WorkCalendar
from processors.supervision.pack import Pack


class Law(NamedTuple):
    """What one cycle is judged by.

    Attributes:
        matter: the catalogue's entry of its matter, where one is in force.
    """

    pack: Pack
    calendar: WorkCalendar
    matter: Matter | None = None


class Laws:
    """The law of every cycle of one case."""

    __slots__ = ("_pinned", "standing")

    def __init__(self, standing: Law, pinned: Callable[[Known], Law] | None = None) -> None:
        """Take the law where nothing is published, and what finds it where something is."""
        self.standing = standing
        self._pinned = pinned

    def of(self, opener: Known) -> Law:
        """Return the law of the cycle or clock that a fact opened."""
        return self.standing if self._pinned is None else self._pinned(opener)

    def of_case(self, facts: Sequence[Known]) -> Law:
        """Return the law of the case's fold: that of its first acceptance in log order.

        Of a case without one it is that of its first fact in log order.
        """
        if self._pinned is None or not facts:
            return self.standing
        first: Known | None = None
        accepted: Known | None = None
        for known in facts:
            if type(known.fact) is CaseAccepted:
                if accepted is None or known.order < accepted.order:
                    accepted = known
            elif first is None or known.order < first.order:
                first = known
        opener = accepted or first
        assert opener is not None
        return self.of(opener)
