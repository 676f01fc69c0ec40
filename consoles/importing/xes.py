"""Streaming reader of XES event logs (IEEE 1849), plain or gzipped, in bounded memory.

It stands apart because it knows the format and nothing about halls: what an attribute means is said
by a profile (`profile.py`). It drives the XML parser itself, so that every complaint can name a
line, and because a log is outside data: document types (and with them entity expansion) are
refused, and what is held at once has stated bounds.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from xml.parsers import expat

from ledger.errors import ImportInvalid

Value = str | int | bool | datetime
"""A typed attribute: floats stay the text they were written as, dates are aware."""

NAME_KEY = "concept:name"
TIMESTAMP_KEY = "time:timestamp"

EVENTS_PER_TRACE_MAX = 100_000
ATTRIBUTES_PER_ELEMENT_MAX = 1_000
TOKEN_BYTES_MAX = 1 << 20
_CHUNK_BYTES = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"
_MINUTE = timedelta(minutes=1)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_COLLECTIONS = frozenset({"list", "container"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a trace.

    Attributes:
        attributes: the event's own attributes; those nested in them are not kept.
        line: where the event begins in the file, from 1.
    """

    attributes: Mapping[str, Value]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One case of the log, its events in file order (the order XES gives meaning to).

    Attributes:
        name: the trace's `concept:name`, never empty.
        attributes: the trace's own attributes, the name included.
        file: name of the file, for messages.
        line: where the trace begins in the file, from 1.
    """

    name: str
    attributes: Mapping[str, Value]
    events: tuple[Event, ...]
    file: str
    line: int


def invalid(file: str, line: int, found: str, hint: str = "") -> ImportInvalid:
    """Return the error for something found in a log that cannot be imported."""
    return ImportInvalid(
        f"Reading the XES log {file}, line {line}: found {found}.",
        hint=hint or "Nothing of this file was taken; repair it or fetch it again.",
        file=file,
        line=line,
        found=found,
    )


def read_traces(path: Path) -> Iterator[Trace]:
    """Yield the traces of a log one by one, holding one trace and one chunk of the file.

    Whether the file is gzipped is read from its first bytes, not from its name. A damaged file may
    give good traces before the error: a caller that takes all or nothing reads to the end first.

    Raises:
        ImportInvalid: naming file, line and what was found: not XML, not XES, cut off, a value that
            its type does not allow, or a bound of this module exceeded.
    """
    builder = _TraceBuilder(path.name)
    try:
        with _open(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                builder.feed(chunk)
                yield from builder.take()
            builder.close()
            yield from builder.take()
    except expat.ExpatError as error:
        raise invalid(path.name, error.lineno, expat.ErrorString(error.code)) from error
    except (OSError, EOFError, zlib.error) as error:
        raise invalid(path.name, builder.line, f"an unreadable file ({error})") from error


def _open(path: Path) -> BinaryIO:
    """Open a log for reading, through gzip where its first bytes say so."""
    with path.open("rb") as probe:
        is_gzipped = probe.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    return cast("BinaryIO", gzip.open(path, "rb")) if is_gzipped else path.open("rb")


class _TraceBuilder:
    """Collects parser events into traces; attributes of the log itself and nested ones pass by."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._bytes_fed = 0
        self._ready: list[Trace] = []
        self._is_inside_log = False
        self._depth_passed_by = 0
        self._trace: dict[str, Value] | None = None
        self._trace_line = 0
        self._events: list[Event] = []
        self._event: dict[str, Value] | None = None
        self._event_line = 0

    @property
    def line(self) -> int:
        """The line the parser has reached, from 1."""
        return self._parser.CurrentLineNumber

    def feed(self, chunk: bytes) -> None:
        """Parse one more chunk; finished traces wait for `take`."""
        self._parse(chunk, is_final=False)
        self._bytes_fed += len(chunk)
        if self._bytes_fed - self._parser.CurrentByteIndex > TOKEN_BYTES_MAX:
            raise self._invalid(f"a single tag or text of more than {TOKEN_BYTES_MAX} bytes")

    def close(self) -> None:
        """Tell the parser that the file has ended; an unfinished document is an error."""
        self._parse(b"", is_final=True)

    def take(self) -> list[Trace]:
        """Return the traces finished since the last call."""
        taken, self._ready = self._ready, []
        return taken

    def _parse(self, chunk: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(chunk, is_final)
        except (LookupError, ValueError) as error:
            # The parser raises these, and only these, for an encoding that it cannot map.
            raise self._invalid(f"an encoding that cannot be read ({error})") from error

    def _invalid(self, found: str, hint: str = "") -> ImportInvalid:
        return invalid(self._file, self.line, found, hint)

    def _refuse_doctype(self, name: str, *_: object) -> None:
        raise self._invalid(f"a document type ({name})", "XES has none; remove it from the file.")

    def _start(self, qualified: str, given: dict[str, str]) -> None:
        if self._depth_passed_by:
            self._depth_passed_by += 1
            return
        tag = qualified.rpartition(":")[2]
        if not self._is_inside_log:
            if tag != "log":
                raise self._invalid(f"<{tag}> where <log> was expected", "Is this an XES file?")
            self._is_inside_log = True
        elif self._trace is None:
            if tag == "trace":
                self._trace, self._trace_line, self._events = {}, self.line, []
            else:
                self._depth_passed_by = 1
        elif tag == "event" and self._event is None:
            self._event, self._event_line = {}, self.line
        else:
            self._depth_passed_by = 1
            self._add(self._trace if self._event is None else self._event, tag, given)

    def _add(self, element: dict[str, Value], tag: str, given: dict[str, str]) -> None:
        key = given.get("key")
        if tag in _COLLECTIONS:
            return
        if key is None or key in element:
            raise self._invalid(f"<{tag}> without a key" if key is None else f"a second {key!r}")
        if len(element) >= ATTRIBUTES_PER_ELEMENT_MAX:
            raise self._invalid(f"more than {ATTRIBUTES_PER_ELEMENT_MAX} attributes in one element")
        text = given.get("value")
        if text is None:
            raise self._invalid(f"<{tag} key={key!r}> without a value")
        value = _typed(tag, text)
        if value is None:
            raise self._invalid(*_complaint(tag, key, text))
        element[key] = value

    def _end(self, _: str) -> None:
        if self._depth_passed_by:
            self._depth_passed_by -= 1
        elif self._event is not None:
            if len(self._events) >= EVENTS_PER_TRACE_MAX:
                raise self._invalid(f"more than {EVENTS_PER_TRACE_MAX} events in one trace")
            self._events.append(Event(attributes=self._event, line=self._event_line))
            self._event = None
        elif self._trace is not None:
            self._finish_trace(self._trace)
            self._trace = None

    def _finish_trace(self, attributes: dict[str, Value]) -> None:
        name = attributes.get(NAME_KEY)
        if name is None or name == "":
            raise invalid(self._file, self._trace_line, f"a trace without a {NAME_KEY!r}")
        self._ready.append(
            Trace(
                name=str(name),
                attributes=attributes,
                events=tuple(self._events),
                file=self._file,
                line=self._trace_line,
            )
        )


def _typed(tag: str, text: str) -> Value | None:
    """Return an attribute's value in the type its tag names, or None if the text is not of it."""
    match tag:
        case "string" | "id":
            return text
        case "date":
            return _instant(text)
        case "int":
            return int(text) if _INTEGER.fullmatch(text.strip()) else None
        case "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
        case "float":
            return text
        case _:
            return None


def _instant(text: str) -> datetime | None:
    """Return an aware datetime, or None if the text is none or has no offset in whole minutes."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    offset = at.utcoffset()
    return None if offset is None or offset % _MINUTE else at


def _complaint(tag: str, key: str, text: str) -> tuple[str, str]:
    """Return what was found and what to do for an attribute that `_typed` could not read."""
    if tag not in ("date", "int", "boolean"):
        return f"<{tag} key={key!r}>, which is no attribute of XES", ""
    found = f"{text[:80]!r} as the {tag} {key!r}"
    if tag == "date":
        return found, "Dates are written as 2012-01-23T15:42:54.644+01:00, with their offset."
    return found, ""
