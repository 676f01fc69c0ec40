"""Publishing a catalogue: what of a file is new, and its records to every partition of the log.

An entry that would say what is said already is not published again, so that the same file twice
adds nothing. A record's identity follows from what it says and from when, so that publishing again
after half of the partitions were reached completes the others.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import tzinfo
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from ledger.catalogue import LATEST, Catalogue, Entry, Kind, kind_of, subject_of, type_of_kind
from ledger.identifiers import name_uuid
from ledger.log import Entry as LogEntry
from ledger.log import EventLog, Position
from ledger.reading import SCAN_BATCH, read_records
from ledger.record import AnyRecord, instant
from ledger.wire import accept, entry_to_json, to_bytes

SOURCE = "/catalogue"
_REFERENCE = b'"type":"hall.reference.'

Action = Literal["added", "changed", "withdrawn"]


class Change(NamedTuple):
    """What publishing one entry does; `entry` is None for a withdrawal."""

    action: Action
    kind: Kind
    code: str
    entry: Entry | None


def reference_records(log: EventLog, partition: int) -> list[tuple[Position, AnyRecord]]:
    """Return the reference records of a partition, skipped ones left out.

    Raises:
        RecordUnreadable: one of them cannot be read and is not skipped; says where it lies.
    """
    found: list[tuple[Position, AnyRecord]] = []
    offset, end = 0, log.ends()[partition]
    while offset < end:
        batch = log.read(partition, offset, SCAN_BATCH)
        for position, raw in batch:
            if _REFERENCE not in raw[:64]:
                continue
            (read,) = read_records(log, partition, position.offset, 1)
            if read.record is not None:
                found.append((position, read.record))
        offset += len(batch)
    return found


def published(log: EventLog) -> list[Catalogue]:
    """Return what each partition's log has published so far."""
    found = []
    for partition in range(log.partitions):
        catalogue = Catalogue()
        for position, record in reference_records(log, partition):
            catalogue.apply(record, position.offset)
        found.append(catalogue)
    return found


def changes(
    known: Sequence[Catalogue],
    entries: Iterable[Entry],
    effective_us: int,
    withdraw: Collection[Kind] = (),
) -> list[Change]:
    """Return what has to be published so that the entries govern from an instant on.

    Args:
        known: what each partition has published; none where there is no log yet.
        entries: each of another kind or code.
        effective_us: the instant, µs since the epoch.
        withdraw: kinds of which every entry in force that is not among the entries is withdrawn.
    """
    found: list[Change] = []
    wanted: set[tuple[Kind, str]] = set()
    for entry in entries:
        kind = kind_of(entry)
        wanted.add((kind, entry.code))
        standing = [_standing(each, kind, entry.code, effective_us) for each in known]
        if not standing or any(each != entry for each in standing):
            action: Action = "changed" if any(standing) else "added"
            found.append(Change(action, kind, entry.code, entry))
    for kind in withdraw:
        codes = {code for each in known for code in each.in_force(kind, LATEST, effective_us)}
        found.extend(
            Change("withdrawn", kind, code, None)
            for code in sorted(codes)
            if (kind, code) not in wanted
        )
    return found


def _standing(catalogue: Catalogue, kind: Kind, code: str, time_us: int) -> Entry | None:
    versions = catalogue.versions_of(kind).get(code)
    return None if versions is None else versions.at(LATEST, time_us)


def publish(
    log: EventLog,
    known: Sequence[Catalogue],
    wanted: Iterable[Change],
    effective_us: int,
    zone: tzinfo,
) -> int:
    """Append the changes to every partition in one call; return how many the log took as new.

    Args:
        known: what each partition has published, by which the changes were found.
        wanted: the changes.
        effective_us: the instant they govern from; also the `time` of the records.
        zone: the hall's, in which that instant is written.

    Raises:
        LogUnavailable: the log took nothing, or not all of it; publishing again completes it.
    """
    entries = []
    for change in wanted:
        id_ = _free_id(known, change, effective_us)
        event = _event(change, id_, instant(effective_us, zone).isoformat())
        record, raw = accept(event)
        entries.append(LogEntry(record.subject, record.source, record.id, raw))
    return sum(answer.outcome == "appended" for answer in log.append(entries))


def _event(change: Change, id_: str, effective: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": type_of_kind(change.kind),
        "source": SOURCE,
        "id": id_,
        "subject": subject_of(change.kind, change.code),
        "time": effective,
        "data": {"effective_from": effective, **_says(change)},
    }


def _says(change: Change) -> dict[str, Any]:
    if change.entry is None:
        return {"withdrawn": True}
    return {"entry": entry_to_json(change.entry)}


def _free_id(known: Sequence[Catalogue], change: Change, effective_us: int) -> str:
    """Return the id of a publication; what was superseded and is said again gets another one."""
    content = sha256(to_bytes(_says(change))).hexdigest()
    superseded = {name for each in known for name in _superseded(each, change)}
    occurrence = 0
    while True:
        parts = [subject_of(change.kind, change.code), effective_us, content, occurrence]
        id_ = name_uuid(parts)
        if f"{SOURCE}#{id_}" not in superseded:
            return id_
        occurrence += 1


def _superseded(catalogue: Catalogue, change: Change) -> set[str]:
    """Return the publications of an entry that a later one of the same instant has replaced."""
    last: dict[int, str] = {}
    names: set[str] = set()
    for version in catalogue.versions_of(change.kind).get(change.code, ()):
        names.add(version.name)
        last[version.effective_us] = version.name
    return names - set(last.values())
