"""Publishing what is configured: packs and calendars into every partition of the log at the start.

What a partition's last publication already says is not published again. The first version of all
holds from the beginning of time, for it says what had been configured; a later one from now on, or
from the date its file gives. After a crash half of the way the next start completes it with the
very record that other partitions have.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

from ledger.calendar_text import calendar_to_text
from ledger.errors import RecordUnreadable
from ledger.log import Entry, EventLog, Position
from ledger.reading import read_record
from ledger.record import AnyRecord
from processors.drivers.publication_rows import references
from processors.drivers.sql_state import SqlState
from processors.loop import entry_of
from processors.supervision.policy import Policy
from processors.supervision.publications import (
    BEGINNING_US,
    Edition,
    Publications,
    calendar_record,
    pack_record,
    text_sha256,
)


class _Wanted(NamedTuple):
    """A text that is to be in force.

    Attributes:
        sha256: of the text.
        governs: whether it is to govern what names no other.
        effective_us: the instant its file asks for, if it does.
        record: makes the record that publishes it from an instant on.
    """

    kind: Literal["calendar", "pack"]
    name: str
    sha256: str
    governs: bool
    effective_us: int | None
    record: Callable[[int], AnyRecord]

    def editions(self, known: Publications) -> Sequence[Edition]:
        """Return what a partition has published under the name."""
        named = known.calendars if self.kind == "calendar" else known.packs
        return named[self.name].all if self.name in named else ()

    def governing(self, known: Publications) -> Sequence[Edition]:
        """Return what a partition has published to govern."""
        return (known.calendar_names if self.kind == "calendar" else known.pack_names).all


def publish_configured(
    log: EventLog,
    states: SqlState,
    policy: Policy,
    now_us: int,
    calendars_from: Mapping[str, int],
) -> int:
    """Publish the packs and calendars that may govern, where they differ from the last ones.

    Args:
        log: where to.
        states: of the owner, who has claimed every partition; they hold what it has read.
        policy: as configured.
        now_us: since when a changed text governs, if its file does not say.
        calendars_from: since when a calendar is to govern, where its file says so, by name.

    Returns:
        How many records were appended in all partitions.

    Raises:
        LogUnavailable: the log took nothing, or not all; the next start completes it.
    """
    known = [known_publications(log, states, partition) for partition in range(log.partitions)]
    entries = [
        entry
        for wanted in _wanted(policy, calendars_from)
        if (entry := _missing(wanted, known, now_us)) is not None
    ]
    before = sum(log.ends().values())
    if entries:
        log.append(entries)
    return sum(log.ends().values()) - before


def known_publications(log: EventLog, states: SqlState, partition: int) -> Publications:
    """Return what a partition has published up to its end, as far as it can be used.

    Args:
        log: where it is.
        states: what its owner keeps of it; the rest is read from the log.
        partition: which one.
    """
    published = Publications()
    rows = states.publications.read(partition)
    reached = states.positions().get(partition, 0)
    for offset, raw in (*rows, *references(log, partition, reached)):
        try:
            record = read_record(log, Position(partition, offset), raw).record
            if record is not None:
                published.apply(record, offset)
        except RecordUnreadable:
            continue  # it stops the partition where it is judged
    return published


def _wanted(policy: Policy, calendars_from: Mapping[str, int]) -> Iterable[_Wanted]:
    """Yield calendars before the packs that name them."""
    names = dict.fromkeys([policy.default_pack, *sorted(policy.profiles.values())])
    packs = [policy.packs[name] for name in names if name in policy.packs]
    own = sorted({pack.calendar for pack in packs if pack.calendar is not None})
    for name in dict.fromkeys([policy.default_calendar, *own]):
        governs = name == policy.default_calendar
        record = partial(calendar_record, policy.calendars[name].spec, governs=governs)
        sha256 = text_sha256(calendar_to_text(policy.calendars[name].spec))
        yield _Wanted("calendar", name, sha256, governs, calendars_from.get(name), record)
    for pack in packs:
        governs = pack.name == policy.default_pack
        record = partial(pack_record, pack, governs=governs)
        sha256 = text_sha256(pack.text)
        yield _Wanted("pack", pack.name, sha256, governs, pack.effective_from_us, record)


def _missing(wanted: _Wanted, known: Sequence[Publications], now_us: int) -> Entry | None:
    """Return what has to be appended so that every partition's last publication says the same."""
    standing = [_standing(wanted, each) for each in known]
    if all(standing):
        return None
    for record in standing:
        if record is not None:
            return entry_of(replace(record, recordedtime=None))
    if any(wanted.editions(each) or (wanted.governs and wanted.governing(each)) for each in known):
        return entry_of(
            wanted.record(now_us if wanted.effective_us is None else wanted.effective_us)
        )
    return entry_of(wanted.record(BEGINNING_US))


def _standing(wanted: _Wanted, known: Publications) -> AnyRecord | None:
    """Return the last publication of a partition if it says what is wanted."""
    editions, governing = wanted.editions(known), wanted.governing(known)
    if not editions or editions[-1].sha256 != wanted.sha256:
        return None
    if wanted.governs and (not governing or governing[-1].name != wanted.name):
        return None
    return editions[-1].record
