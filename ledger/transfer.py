"""A log as lines of text, and such lines read again: moving a hall from one edition to another.

The first line says which log it was and the last one how many records there are, with a digest of
everything before it; between them each record is a line of its own, byte for byte. Several
partitions are merged by when the ledger learned of a record, without reordering any partition, and
the copies of a reference record fold into one. What speaks of a partition itself does not move: a
marker is written anew for the partitions that the records come to lie in, and a record that an
operator had skipped stays behind in a line of its own.

It stands apart from the commands because it must not know files: lines go out and come in.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from ledger import wire
from ledger.errors import EventInvalid, ImportInvalid, RecordUnreadable
from ledger.events import CARD_TYPES, JUDGED_TYPES
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Entry, EventLog, digest, is_reference
from ledger.merging import Identity, merged
from ledger.reading import Read, read_record, read_records
from ledger.record import AnyRecord, Record, micros
from ledger.system_events import ClockReached, LogSkipped, SupervisionJudged

VERSION = 1
READ_BATCH = 2_000
MOVES = JUDGED_TYPES | CARD_TYPES | {ClockReached.TYPE}
"""Types that move a case: what a marker speaks of."""

_MARK = b'{"hall-log":'
_MARKER = SupervisionJudged.TYPE.encode()
_HEAD_BYTES = 80


# --- out of a log ------------------------------------------------------------------------------


@dataclass(slots=True)
class Export:
    """The lines of a log, up to where it ended when this began; and what was done, as it goes on.

    Attributes:
        total: records of the log, for a progress bar.
        read: records read so far.
        records: lines that hold a record.
        folded: further copies of reference records.
        about_partitions: markers and skips, which speak of places in this log alone.
        left_out: records that an operator had skipped.
        judged: how many lines lie before the first record whose findings may not all be there.
        sha256: of all lines but the last.
    """

    log: EventLog
    ends: Mapping[int, int] = field(init=False)
    total: int = field(init=False)
    read: int = 0
    records: int = 0
    folded: int = 0
    about_partitions: int = 0
    left_out: int = 0
    judged: int = 0
    sha256: str = ""

    def __post_init__(self) -> None:
        """Look where the log ends now."""
        self.ends = self.log.ends()
        self.total = sum(self.ends.values())

    def lines(self) -> Iterator[bytes]:
        """Give the lines, each with its end.

        Raises:
            RecordUnreadable: a record cannot be read and is not skipped; names its place.
        """
        hash_ = sha256()
        markers = {number: last_marker(self.log, number, end) for number, end in self.ends.items()}
        for value in self._body(markers):
            line = value + b"\n"
            hash_.update(line)
            yield line
        self.sha256 = hash_.hexdigest()
        last = max(filter(None, markers.values()), key=lambda each: each.time, default=None)
        yield _line(
            "end",
            records=self.records,
            judged=self.judged,
            marker=None if last is None else wire.encode(last).decode(),
            sha256=self.sha256,
        )

    def _body(self, markers: Mapping[int, AnyRecord | None]) -> Iterator[bytes]:
        partitions = len(self.ends)
        head = _line("begin", version=VERSION, identity=self.log.identity, partitions=partitions)
        yield head.removesuffix(b"\n")
        judged_up_to = {number: _upto(marker) for number, marker in markers.items()}
        references: set[Identity] = set()
        all_judged = True
        for read in merged([_partition(self.log, *each) for each in self.ends.items()]):
            self.read += 1
            record = read.record
            if record is None:
                self.left_out += 1
                yield _left_out(read)
                continue
            if isinstance(record.data, SupervisionJudged | LogSkipped):
                self.about_partitions += 1
                continue
            if is_reference(record.subject):
                identity = (record.subject, record.source, record.id)
                if identity in references:
                    self.folded += 1
                    continue
                references.add(identity)
            if (
                record.type in MOVES
                and read.position.offset >= judged_up_to[read.position.partition]
            ):
                all_judged = False
            self.judged += all_judged
            self.records += 1
            yield _record_line(read.raw)


def _partition(log: EventLog, partition: int, end: int) -> Iterator[Read]:
    offset = 0
    while offset < end:
        batch = read_records(log, partition, offset, min(READ_BATCH, end - offset))
        yield from batch
        offset += len(batch)


def last_marker(log: EventLog, partition: int, end: int) -> AnyRecord | None:
    """Return the last marker of a partition, looking from an end backwards; None without one."""
    while end > 0:
        start = max(0, end - READ_BATCH)
        for place, raw in reversed(log.read(partition, start, end - start)):
            if _MARKER in raw[:_HEAD_BYTES]:
                record = read_record(log, place, raw).record
                if record is not None and isinstance(record.data, SupervisionJudged):
                    return record
        end = start
    return None


def _upto(marker: AnyRecord | None) -> int:
    return marker.data.upto if marker and isinstance(marker.data, SupervisionJudged) else 0


def _line(what: str, **values: Any) -> bytes:
    return wire.to_bytes({"hall-log": what, **values}) + b"\n"


def _record_line(raw: bytes) -> bytes:
    """Return a record as a line; one that would be more than a line is packed into one."""
    if b"\n" not in raw and not raw.startswith(_MARK):
        return raw
    return _line("record", base64=b64encode(raw).decode()).removesuffix(b"\n")


def _left_out(read: Read) -> bytes:
    line = _line(
        "left-out",
        partition=read.position.partition,
        offset=read.position.offset,
        sha256=digest(read.raw),
        base64=b64encode(read.raw).decode(),
    )
    return line.removesuffix(b"\n")


# --- into a log --------------------------------------------------------------------------------


class Checked(NamedTuple):
    """What the lines of a log say, all of them having been looked at.

    Attributes:
        identity: of the log that they were taken from.
        judged: as in `Export`.
        marker: the newest marker of that log; None where it was never judged.
        longest: bytes of the longest record, and its line.
    """

    identity: str
    records: int
    left_out: int
    judged: int
    marker: AnyRecord | None
    longest: tuple[int, int]
    sha256: str


def check(lines: Iterable[bytes]) -> Checked:
    """Look at every line, before anything is written.

    Raises:
        ImportInvalid: no such file, one that is cut off or altered, or a line that holds no record;
            names the line.
    """
    hash_ = sha256()
    begun: Mapping[str, Any] | None = None
    ended: Mapping[str, Any] | None = None
    records = left_out = 0
    longest = (0, 0)
    for number, line in enumerate(lines, 1):
        if ended is not None:
            raise _invalid(number, "more lines", "the end of the file")
        control = _control(line, number)
        if begun is None:
            begun = _begun(control, number)
        elif control is not None and control.get("hall-log") == "end":
            ended = control
            continue
        elif control is not None and control.get("hall-log") == "left-out":
            left_out += 1
        else:
            raw = raw_of(line)
            _check_record(raw, number)
            records += 1
            longest = max(longest, (len(raw), number))
        hash_.update(line)
    if begun is None or ended is None:
        raise ImportInvalid(
            f"The file ends after {records} records without its last line.",
            hint="It was cut off; export the log again.",
        )
    found = (records, hash_.hexdigest())
    if found != (ended.get("records"), ended.get("sha256")):
        raise ImportInvalid(
            f"The file holds {found[0]} records with SHA-256 {found[1]}, expected "
            f"{ended.get('records')} with {ended.get('sha256')}.",
            hint="It was altered after it was written; export the log again.",
        )
    marker = ended.get("marker")
    return Checked(
        identity=str(begun["identity"]),
        records=records,
        left_out=left_out,
        judged=int(ended.get("judged", 0)),
        marker=None if marker is None else wire.decode(str(marker).encode()),
        longest=longest,
        sha256=found[1],
    )


def _begun(control: Mapping[str, Any] | None, number: int) -> Mapping[str, Any]:
    if control is None or control.get("hall-log") != "begin":
        raise _invalid(number, "another line", "the first line of an exported log")
    if control.get("version") != VERSION:
        raise _invalid(number, f"version {control.get('version')!r}", f"version {VERSION}")
    return control


def _control(line: bytes, number: int) -> Mapping[str, Any] | None:
    """Return what a line says that is about the log; None for one that is a record."""
    if not line.startswith(_MARK):
        return None
    try:
        control = wire.parse_json(line)
    except EventInvalid as error:
        raise _invalid(number, error.message, "one line of JSON") from error
    return control if isinstance(control, dict) else None


def _check_record(raw: bytes, number: int) -> None:
    try:
        wire.decode(raw)
    except RecordUnreadable as error:
        raise _invalid(number, error.message, "a record") from error


def _invalid(number: int, found: str, expected: str) -> ImportInvalid:
    return ImportInvalid(
        f"line {number}: found {found}, expected {expected}.",
        hint="Such a file is written by `hall export log`.",
        line=number,
    )


def raw_of(line: bytes) -> bytes:
    """Return the record that a line holds."""
    if not line.startswith(_MARK):
        return line.removesuffix(b"\n")
    return b64decode(str(wire.parse_json(line)["base64"]))


def entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Give the records of lines that were checked, as they are to be appended."""
    for line in lines:
        if line.startswith(_MARK) and wire.parse_json(line)["hall-log"] != "record":
            continue
        raw = raw_of(line)
        record = wire.decode(raw)
        # One that others wrote without a stamp keeps having none.
        recorded_us = micros(record.recordedtime) if record.recordedtime else 0
        yield Entry(record.subject, record.source, record.id, raw, recorded_us)


def marker_of(told: AnyRecord, partition: int, upto: int) -> Entry:
    """Return a marker for a partition of another log, with the versions that an old one names."""
    assert isinstance(told.data, SupervisionJudged)
    time: datetime = told.time
    record: AnyRecord = Record(
        type=SupervisionJudged.TYPE,
        source=SUPERVISION_SOURCE,
        id=f"{partition}:{upto}",
        subject=f"partition:{partition}",
        time=time,
        data=SupervisionJudged(
            upto=upto,
            engine=told.data.engine,
            packs=told.data.packs,
            calendars=told.data.calendars,
        ),
        recordedtime=told.recordedtime or time,
    )
    recorded_us = micros(told.recordedtime or time)
    return Entry(record.subject, record.source, record.id, wire.encode(record), recorded_us)
