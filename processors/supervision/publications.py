"""What a partition's log has published so far: packs, calendars and the catalogue, by log order.

Only what lies before a record in its partition may govern it, so every question names an order, and
what is published later does no harm by being known already. A text is read once, by its SHA-256.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection
from functools import lru_cache
from hashlib import sha256
from typing import Any, Generic, NamedTuple, TypeVar

from ledger.calendar_text import calendar_from_text, calendar_to_text
from ledger.catalogue import LATEST, Catalogue, Published, Version, Versions
from ledger.errors import PolicyError, RecordUnreadable
from ledger.identifiers import name_uuid
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import CalendarPublished, PackPublished
from ledger.work_calendar import CalendarSpec, WorkCalendar
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack

SOURCE = "/publications"
BEGINNING_US = 0
"""1970-01-01: the first version of a name governs from here on, whenever it was published."""
TEXTS_KEPT = 64
"""Packs and calendars that were read are kept by their text; a ledger has a few a year."""

T = TypeVar("T")


def pack_record(pack: Pack, effective_us: int, *, governs: bool) -> AnyRecord:
    """Return the record that publishes a pack; the same whoever makes it, and whenever.

    Args:
        pack: as it was read; its text is what is published.
        effective_us: since when it governs what is opened then.
        governs: whether it governs live cases from then on.
    """
    said = PackPublished(**_said(pack.version, pack.text, effective_us, governs=governs))
    return _record(said, f"reference:pack:{pack.name}", effective_us)


def calendar_record(spec: CalendarSpec, effective_us: int, *, governs: bool) -> AnyRecord:
    """Return the record that publishes a calendar; arguments as for a pack.

    `governs` is whether the packs that name no calendar count by it from then on.
    """
    text = calendar_to_text(spec)
    said = CalendarPublished(**_said(spec.version, text, effective_us, governs=governs))
    return _record(said, f"reference:calendar:{spec.name}", effective_us)


def text_sha256(text: str) -> str:
    """Return the SHA-256 under which a text is published, as hex."""
    return sha256(text.encode()).hexdigest()


def _said(version: str, text: str, effective_us: int, *, governs: bool) -> dict[str, Any]:
    return {
        "version": version,
        "effective_from": instant(effective_us),
        "sha256": text_sha256(text),
        "content": text,
        "governs": governs or None,
    }


def _record(said: PackPublished | CalendarPublished, subject: str, effective_us: int) -> AnyRecord:
    return Record(
        type=said.TYPE,
        source=SOURCE,
        id=name_uuid([subject, effective_us, said.sha256, said.governs]),
        subject=subject,
        time=instant(effective_us),
        data=said,
    )


def is_publication(record: AnyRecord) -> bool:
    """Whether a record may publish something that judgements rest on."""
    return isinstance(record.data, PackPublished | CalendarPublished | Published)


class Edition(NamedTuple):
    """One publication of a text as it lies in the log.

    Attributes:
        order, recorded_us: where and when the ledger took it.
        effective_us: since when it governs what is opened then.
        governs: it governs, from then on, live cases for which no other name is asked.
    """

    order: int
    recorded_us: int
    effective_us: int
    name: str
    sha256: str
    governs: bool
    record: AnyRecord

    @property
    def due_us(self) -> int:
        """Return the instant from which it is both published and in force."""
        return max(self.recorded_us, self.effective_us)


class Editions(Generic[T]):
    """All publications of one name.

    Attributes:
        earliest: the first edition's value; `first` too, if it holds from the beginning of time.
        replans: instants at which open cases are planned by another edition, each after all that
            was recorded before it; with its order.
    """

    __slots__ = ("_recorded", "_versions", "all", "earliest", "first", "replans")

    def __init__(self) -> None:
        """Begin with none."""
        self._versions: Versions[T] = Versions()
        self._recorded: list[int] = []
        self.all: list[Edition] = []
        self.earliest: T | None = None
        self.first: T | None = None
        self.replans: list[tuple[int, int]] = []

    def add(self, edition: Edition, value: T) -> None:
        """Add a publication; one that is there counts once."""
        if any(each.record.name == edition.record.name for each in self.all):
            return
        named = Version(edition.order, edition.effective_us, edition.record.name, value)
        self._versions.add(named)
        before = self.all[-1].sha256 if self.all else None
        if not self.all:
            self.earliest = value
        if not self.all and edition.effective_us <= BEGINNING_US:
            self.first = value
        elif edition.sha256 != before:
            self.replans.append((edition.due_us + 1, edition.order))
            self.replans.sort()
        self.all.append(edition)
        self._recorded.append(edition.recorded_us)

    def at(self, order: int, time_us: int) -> T | None:
        """Return what governs a case opened at an instant by a fact of a log order.

        The first edition, if it holds from the beginning of time, says what was configured when
        publishing began, and governs what nothing else does.
        """
        found = self._versions.at(order, time_us)
        return self.first if found is None else found

    def known_at(self, us: int) -> T | None:
        """Return what had been published, and was in force, at an instant."""
        place = bisect_right(self._recorded, us)
        order = self.all[place].order if place < len(self.all) else LATEST
        return self.at(order, us)


class Publications:
    """What one partition's log has published so far.

    Attributes:
        packs, calendars: by name.
        pack_names, calendar_names: which name governs live cases, where that was ever published.
        generation: how many publications were taken in.
        settled_order, settled_us: after both the newest pack and calendar of every name governs.
        last_replan_us: greatest instant at which any calendar plans open cases anew; 0 for none.
    """

    __slots__ = (
        "calendar_names",
        "calendars",
        "catalogue",
        "generation",
        "last_replan_us",
        "pack_names",
        "packs",
        "settled_order",
        "settled_us",
    )

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.packs: dict[str, Editions[Pack]] = {}
        self.calendars: dict[str, Editions[WorkCalendar]] = {}
        self.pack_names: Editions[str] = Editions()
        self.calendar_names: Editions[str] = Editions()
        self.catalogue = Catalogue()
        self.generation = 0
        self.settled_order = -1
        self.settled_us = BEGINNING_US
        self.last_replan_us = 0

    def apply(self, record: AnyRecord, order: int) -> bool:
        """Take in a record, in log order; whether it publishes something judgements rest on.

        Raises:
            RecordUnreadable: its content is not what its SHA-256 says, or cannot be used.
        """
        data = record.data
        if isinstance(data, PackPublished):
            edition = _edition(record, data, order)
            pack = _read(record, data, _pack)
            if pack.calendar is not None and pack.calendar not in self.calendars:
                raise _unreadable(
                    record, f"a pack that counts by {pack.calendar!r}", "that calendar before it"
                )
            self._take(self.packs, self.pack_names, edition, pack)
            return True
        if isinstance(data, CalendarPublished):
            edition = _edition(record, data, order)
            calendar = _read(record, data, _calendar)
            self._take(self.calendars, self.calendar_names, edition, calendar)
            replans = self.calendars[edition.name].replans
            self.last_replan_us = max(self.last_replan_us, *(us for us, _ in replans), 0)
            return True
        self.catalogue.apply(record, order)
        self.generation += isinstance(data, Published)
        return isinstance(data, Published)

    def replans_at(self, offsets: Collection[int]) -> list[int]:
        """Return the instants at which calendars published at some log orders plan cases anew."""
        return [
            tick_us
            for editions in self.calendars.values()
            for tick_us, order in editions.replans
            if order in offsets
        ]

    def without_packs(self) -> "Publications":
        """Return what is published but for packs; for asking what another pack would have done."""
        other = Publications()
        other.calendars = self.calendars
        other.calendar_names = self.calendar_names
        other.catalogue = self.catalogue
        other.generation = self.generation
        other.settled_order, other.settled_us = self.settled_order, self.settled_us
        other.last_replan_us = self.last_replan_us
        return other

    def _take(
        self,
        named: dict[str, Editions[T]],
        governing: Editions[str],
        edition: Edition,
        value: T,
    ) -> None:
        self.generation += 1
        self.settled_order = max(self.settled_order, edition.order)
        self.settled_us = max(self.settled_us, edition.effective_us)
        named.setdefault(edition.name, Editions()).add(edition, value)
        if edition.governs:
            governing.add(edition, edition.name)


def _edition(record: AnyRecord, data: PackPublished | CalendarPublished, order: int) -> Edition:
    return Edition(
        order,
        micros(record.recordedtime or record.time),
        micros(data.effective_from),
        record.subject.split(":", 2)[-1],
        data.sha256,
        data.governs is True,
        record,
    )


def _read(
    record: AnyRecord, data: PackPublished | CalendarPublished, read: Callable[[str], tuple[str, T]]
) -> T:
    """Return what a publication's content says, once it is proved to be what was published."""
    if data.content is None:
        raise _unreadable(record, "no content", "the text that its SHA-256 names")
    found = text_sha256(data.content)
    if found != data.sha256:
        raise _unreadable(record, f"content of SHA-256 {found}", f"that of {data.sha256}")
    try:
        version, value = read(data.content)
    except PolicyError as error:
        raise _unreadable(record, "content that cannot be used", error.message) from error
    if version != data.version:
        raise _unreadable(record, f"content of version {version!r}", repr(data.version))
    return value


@lru_cache(maxsize=TEXTS_KEPT)
def _pack(text: str) -> tuple[str, Pack]:
    pack = parse_pack(text, "a published pack")
    return pack.version, pack


@lru_cache(maxsize=TEXTS_KEPT)
def _calendar(text: str) -> tuple[str, WorkCalendar]:
    spec = calendar_from_text(text)
    return spec.version, WorkCalendar(spec)


def _unreadable(record: AnyRecord, found: str, expected: str) -> RecordUnreadable:
    return RecordUnreadable(
        f"The publication {record.id} of {record.subject}: found {found}, expected {expected}.",
        hint="Publish it again as it should be, then skip this record with `hall skip`.",
    )
