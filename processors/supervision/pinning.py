"""Pinning: which published version governs what a fact opened, and when a case is planned anew.

Among the publications that lie before the opening fact in the log, for a name, it is the one with
the greatest (effective_from, log order) that was in force at the fact's time. Only a new calendar
moves what is open: each open case is planned anew by a tick of its own, and issued cards stand.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ledger.case import Known
from ledger.work_calendar import WorkCalendar
from processors.supervision.law import Law, Laws
from processors.supervision.pack import Pack
from processors.supervision.publications import Publications
from processors.supervision.state import HANDLING, CaseState


class Configured(NamedTuple):
    """Packs and calendars as configured: they govern what no publication does.

    Attributes:
        pack, calendar: name of the one that governs.
        follows: whether a publication may name another one, as it may for live cases.
    """

    packs: Mapping[str, Pack]
    calendars: Mapping[str, WorkCalendar]
    pack: str
    calendar: str
    follows: bool


class Pinned:
    """The law by what a partition has published.

    Most questions are about an opener that was asked for just now, or about one that came after the
    newest versions took effect: those are answered from what is remembered.
    """

    __slots__ = ("_configured", "_last", "_newest", "_published", "_replanned_us")

    def __init__(
        self, published: Publications, configured: Configured, replanned_us: int | None
    ) -> None:
        """Bind cases to the publications of their partition.

        Args:
            published: what the partition has published.
            configured: what governs where nothing was published.
            replanned_us: `due_at` of the cases' last re-plan; None for those that never were.
        """
        self._published = published
        self._configured = configured
        self._replanned_us = replanned_us
        self._last: tuple[Known | None, int, Law | None] = (None, -1, None)
        self._newest: tuple[int, Law | None] = (-1, None)

    def of(self, opener: Known) -> Law:
        """Return the law in force when a fact opened a cycle."""
        published = self._published
        last, generation, law = self._last
        if last is opener and generation == published.generation and law is not None:
            return law
        generation = published.generation
        if (
            opener.order > published.settled_order
            and opener.time_us >= published.settled_us
            and self._replanned_us is None
        ):
            known, law = self._newest
            if known != generation or law is None:
                law = self._law(opener)
                self._newest = (generation, law)
        else:
            law = self._law(opener)
        if published.catalogue.matters:
            code = getattr(opener.fact, "matter", None)
            if code is not None:
                matter = published.catalogue.matter(code, opener.order, opener.time_us)
                law = Law(law.pack, law.calendar, matter)
        self._last = (opener, generation, law)
        return law

    def _law(self, opener: Known) -> Law:
        pack = self._pack(opener.order, opener.time_us)
        return Law(pack, self._calendar(pack, opener))

    def _pack(self, order: int, time_us: int) -> Pack:
        published, configured = self._published, self._configured
        name = configured.pack
        if configured.follows and published.pack_names.all:
            name = published.pack_names.at(order, time_us) or name
        editions = published.packs.get(name)
        found = None if editions is None else editions.at(order, time_us)
        if found is None:
            found = configured.packs.get(name)
        if found is None and editions is not None:
            found = editions.earliest
        assert found is not None, "a pack governs where it is configured or published"
        return found

    def _calendar(self, pack: Pack, opener: Known) -> WorkCalendar:
        published, configured = self._published, self._configured
        order, time_us = opener.order, opener.time_us
        name = pack.calendar
        if name is None:
            name = configured.calendar
            if published.calendar_names.all:
                name = published.calendar_names.at(order, time_us) or name
        editions = published.calendars.get(name)
        found = None
        if editions is not None:
            replanned_us = self._replanned_us
            if replanned_us is None or opener.recorded_us > replanned_us:
                found = editions.at(order, time_us)
            else:
                found = editions.known_at(replanned_us)
        if found is None:
            found = configured.calendars.get(name)
        if found is None and editions is not None:
            found = editions.earliest
        assert found is not None, "a pack is published after the calendar it names"
        return found


def is_open(state: CaseState) -> bool:
    """Whether a new calendar may move a case: it waits for an instant, or is being handled."""
    if state.next_tick_us is not None:
        return True
    return any(
        kind == HANDLING and (part, cycle) not in state.settled
        for part, kind, cycle in state.limits
    )


def next_replan(state: CaseState, published: Publications, laws: Laws, order: int) -> int | None:
    """Return the instant at which a new calendar plans a case anew; None if none does.

    It lies after everything the case knows of, and may lie in the future: a calendar may be
    published before it is in force. A case that is not open, or began later in the log, is not
    planned anew.

    Args:
        state: the case.
        published: what its partition has published.
        laws: the case's.
        order: only what lies before it in the log is published.
    """
    if published.last_replan_us <= state.now_us or not state.facts or not is_open(state):
        return None
    name = laws.of_case(state.facts).calendar.spec.name
    editions = published.calendars.get(name)
    if editions is None:
        return None
    began = min(known.order for known in state.facts)
    coming = (us for us, at in editions.replans if us > state.now_us and began < at < order)
    return next(coming, None)
