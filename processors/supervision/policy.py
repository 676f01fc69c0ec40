"""Which packs and calendars govern the cases of a ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.work_calendar import WorkCalendar
from processors.supervision.law import Law, Laws
from processors.supervision.pack import Pack
from processors.supervision.pinning import Configured, Pinned, next_replan
from processors.supervision.publications import Publications
from processors.supervision.state import CaseState

EVIDENCE = "evidence/"
"""Prefix of the timeline of an import as evidence only: no cards before its records came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which pack and calendar govern a case.

    Attributes:
        packs, calendars: as configured; they govern what was opened before any was published.
        profiles: pack name by import profile; a timeline is `<profile>@<file hash>`.
        published: what the partition of the cases has published; None where that does not matter.
        tells_limits: whether limits and settlements are findings; for a question about cards they
            are noted in the state alone.
    """

    packs: Mapping[str, Pack]
    default_pack: str
    calendars: Mapping[str, WorkCalendar]
    default_calendar: str
    profiles: Mapping[str, str] = field(default_factory=dict)
    published: Publications | None = None
    tells_limits: bool = True
    _laws: dict[tuple[str | None, int | None], Laws] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def pack_for(self, timeline: str | None) -> Pack:
        """Return the configured pack of live cases, or of the import that a case belongs to."""
        return self.packs[self._named(timeline) or self.default_pack]

    def _named(self, timeline: str | None) -> str | None:
        """Return the pack that an import's profile names; None for live cases and most imports."""
        if timeline is None:
            return None
        return self.profiles.get(timeline.removeprefix(EVIDENCE).rpartition("@")[0])

    def calendar_for(self, pack: Pack) -> WorkCalendar:
        """Return the configured calendar a pack counts by."""
        return self.calendars[pack.calendar or self.default_calendar]

    def laws(self, timeline: str | None, replans: Sequence[int] = ()) -> Laws:
        """Return what governs the cycles of a case.

        Args:
            timeline: the case's.
            replans: `due_at` of the ticks by which it was planned anew.
        """
        key = (timeline, max(replans) if replans else None)
        known = self._laws.get(key)
        if known is None:
            known = self._laws[key] = self._laws_of(*key)
        return known

    def laws_of(self, state: CaseState) -> Laws:
        """Return what governs the cycles of a case as it stands."""
        return self.laws(state.timeline, state.replans)

    def next_replan(self, state: CaseState, order: int) -> int | None:
        """Return the instant at which a new calendar plans a case anew; None if none does.

        Args:
            state: the case.
            order: only what lies before it in the log is published.
        """
        published = self.published
        if published is None or published.last_replan_us <= state.now_us:
            return None
        if lives_on_import_time(state.timeline):
            return None
        return next_replan(state, published, self.laws_of(state), order)

    def _laws_of(self, timeline: str | None, replanned_us: int | None) -> Laws:
        pack = self.pack_for(timeline)
        standing = Law(pack, self.calendar_for(pack))
        if self.published is None:
            return Laws(standing)
        named = self._named(timeline)
        configured = Configured(
            self.packs,
            self.calendars,
            named or self.default_pack,
            self.default_calendar,
            follows=named is None,
        )
        return Laws(standing, Pinned(self.published, configured, replanned_us).of)


def lives_on_import_time(timeline: str | None) -> bool:
    """Whether a case lives on the time of its import, which no live clock may move."""
    return timeline is not None and not timeline.startswith(EVIDENCE)
