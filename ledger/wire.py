"""The one codec: CloudEvents 1.0 JSON in structured mode to records and back.

Bytes are written once, at intake, and never re-encoded; everything else decodes them. This is the
only pure module that knows pydantic.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ledger.catalogue import (
    ENTRY_CLASSES,
    Entry,
    Kind,
    Published,
    kind_of,
    place_of,
    type_of_kind,
)
from ledger.catalogue_faults import Fault, entry_faults
from ledger.errors import EventInvalid, RecordUnreadable, UnknownType
from ledger.events import FACT_TYPES
from ledger.fact import Fact
from ledger.intake_rules import (
    OPTIONAL_ATTRIBUTES,
    check_envelope,
    check_numbers,
    check_of_type,
    check_subject,
    shown,
)
from ledger.record import AnyRecord, Record, instant

_PREFIX = b'{"specversion":"1.0","type":"'


@cache
def _reader(type_: str) -> Callable[[bytes], AnyRecord]:
    """Return what reads bytes as a record of a type; the validator itself, a wrapper spared."""
    return _adapter(type_).validator.validate_json


@cache
def _writer(type_: str) -> Callable[..., bytes]:
    """Return what writes a record of a type as bytes; the serializer itself, a wrapper spared."""
    return _adapter(type_).serializer.to_json


@cache
def _adapter(type_: str) -> TypeAdapter[AnyRecord]:
    fact_class = FACT_TYPES[type_]
    return TypeAdapter(Record[fact_class])  # type: ignore[valid-type]


@cache
def _fact_adapter(type_: str) -> TypeAdapter[Fact]:
    return TypeAdapter(FACT_TYPES[type_])


def decode(raw: bytes) -> AnyRecord:
    """Return the record that `raw`, bytes of the log, holds.

    Raises:
        RecordUnreadable: not JSON, not a known type, or not of that type's shape.
    """
    try:
        return _reader(type_of(raw))(raw)
    except (ValueError, KeyError) as error:
        raise _unreadable(raw, error) from error


RECENT_MAX = 4_096
"""Records of two full rounds: what supervision has decoded, the read models take over."""

decode_recent = lru_cache(maxsize=RECENT_MAX)(decode)
"""`decode` for loops that follow one log side by side; records are values and may be shared."""


def type_of(raw: bytes) -> str:
    """Return the type of a record without decoding the rest.

    Raises:
        RecordUnreadable: the bytes are no JSON object with a type.
    """
    try:
        if raw.startswith(_PREFIX):
            return raw[len(_PREFIX) : raw.index(b'"', len(_PREFIX))].decode()
        return str(from_json(raw)["type"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(raw, error) from error


def _unreadable(raw: bytes, error: Exception) -> RecordUnreadable:
    return RecordUnreadable(
        f"A record of {len(raw)} bytes cannot be read: {_first_line(error)}.",
        hint="If it is in the log: `hall check` names it, and `hall skip` passes over it.",
    )


def encode(record: AnyRecord) -> bytes:
    """Return the bytes of a record made here (findings, ticks, markers, imports)."""
    body = _writer(record.type)(record, exclude_none=True)
    return b'{"specversion":"1.0",' + body[1:]


def fact_to_bytes(fact: Fact) -> bytes:
    """Return the JSON object of a fact as bytes, absent fields left out."""
    return _fact_adapter(fact.TYPE).dump_json(fact, exclude_none=True)


def fact_from_bytes(type_: str, raw: bytes) -> Fact:
    """Return the fact that `fact_to_bytes` gave the bytes of."""
    return _fact_adapter(type_).validate_json(raw)


def stamp(raw: bytes, recorded_us: int) -> bytes:
    """Return unstamped bytes with `recordedtime` set (documented CloudEvents extension)."""
    return raw[:-1] + stamp_suffix(recorded_us)


def stamp_suffix(recorded_us: int) -> bytes:
    """Return what replaces the closing brace of unstamped bytes when they are stamped."""
    return f',"recordedtime":"{_rfc3339(recorded_us)}"}}'.encode()


def _rfc3339(us: int) -> str:
    return instant(us).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_json(body: bytes) -> Any:
    """Return the JSON value of `body`.

    Raises:
        EventInvalid: the text is not JSON; says where.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise EventInvalid("(body)", str(error), "JSON text", reason="malformed-json") from error


def accept(
    event: Any, allowed: Collection[str] | None = None, timeline: str | None = None
) -> tuple[AnyRecord, bytes]:
    """Check one event as a source sent it; return its record and its bytes, both not yet stamped.

    Args:
        event: parsed JSON of one CloudEvent.
        allowed: wire types the sender may use; all known ones where absent.
        timeline: name of the import it belongs to; a sender cannot set it.

    Raises:
        EventInvalid: naming the field, what was found and what was expected.
        UnknownType: `type` is not one this ledger knows or this sender may use.
    """
    if not isinstance(event, dict):
        raise EventInvalid("(event)", type(event).__name__, "a JSON object")
    extensions = check_envelope(event)
    type_ = event["type"]
    if type_ not in FACT_TYPES or (allowed is not None and type_ not in allowed):
        raise UnknownType("type", repr(type_), "a type of the record table", reason="unknown-type")
    check_subject(type_, event["subject"])
    if timeline is not None:
        event = {**event, "timeline": timeline}
        extensions = {*extensions, "timeline"}
    if check_data := check_of_type(type_):
        check_data(event["data"], "data")
    try:
        raw = to_json(_ordered(event, extensions))
        record = _reader(type_)(raw)
    except ValidationError as error:
        check_numbers(event["data"], "data")
        raise _event_invalid(error) from None
    except ValueError as error:
        raise EventInvalid("(event)", _first_line(error), "text that UTF-8 can hold") from None
    if isinstance(record.data, Published):
        _check_published(record.data, record.subject, event["data"])
    return record, raw


def _check_published(published: Published, subject: str, data: Mapping[str, Any]) -> None:
    """Refuse what publishes neither an entry of the catalogue nor its withdrawal."""
    kind, code = place_of(subject)
    if published.TYPE != type_of_kind(kind) or not code:
        expected = published.TYPE.split(".")[2].removesuffix("-published")
        raise EventInvalid("subject", repr(subject), f"reference:{expected}:<code>")
    if published.withdrawn is not None:
        if published.withdrawn is not True or published.entry is not None:
            raise EventInvalid("data.withdrawn", shown(published.withdrawn), "an entry, or true")
        return
    if published.entry is None:
        expected = "an entry, or withdrawn: true"
        raise EventInvalid("data.entry", "nothing", expected, reason="missing-field")
    entry, faults = read_entry(kind, data["entry"], "data", "entry")
    if faults:
        raise _invalid(faults[0])
    if entry is not None and entry.code != code:
        raise EventInvalid("data.entry.code", repr(entry.code), f"the subject's code {code!r}")


def _ordered(event: Mapping[str, Any], extensions: Collection[str]) -> dict[str, Any]:
    ordered: dict[str, Any] = {
        "specversion": "1.0",
        "type": event["type"],
        "source": event["source"],
        "id": event["id"],
        "subject": event["subject"],
        "time": event["time"],
    }
    if extensions:
        named = [name for name in OPTIONAL_ATTRIBUTES if name in extensions]
        others = () if len(named) == len(extensions) else event
        for name in (*named, *others):
            if name in extensions:
                ordered[name] = event[name]
    ordered["data"] = event["data"]
    return ordered


def _event_invalid(error: ValidationError, *within: str) -> EventInvalid:
    return _invalid(_faults(error, within)[0])


def _invalid(fault: Fault) -> EventInvalid:
    return EventInvalid(fault.field, fault.found, fault.expected, reason=fault.reason)


def _faults(error: ValidationError, within: tuple[str, ...]) -> list[Fault]:
    return [_fault(each, within) for each in error.errors(include_url=False)]


def _fault(each: Any, within: tuple[str, ...]) -> Fault:
    where = ".".join(str(part) for part in (*within, *each["loc"])) or "(event)"
    if each["type"] in ("missing", "missing_keyword_only_argument"):
        return Fault(where, "nothing", "a value", "missing-field")
    if each["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return Fault(where, "this field", "only fields of the type", "unknown-field")
    return Fault(where, shown(each.get("input")), each["msg"])


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def same_content(left: bytes, right: bytes) -> bool:
    """Whether two records of one identity say the same: type, time and data alike."""
    a, b = decode(left), decode(right)
    return a.type == b.type and a.time == b.time and a.data == b.data


def merged(fact: Fact, replacement: Mapping[str, Any]) -> Fact:
    """Return `fact` with the fields of an amendment merged over its own (更正).

    Raises:
        EventInvalid: the result is not a value of that type that intake would take.
    """
    if check_data := check_of_type(fact.TYPE):
        check_data(replacement, "replacement")
    adapter = _fact_adapter(fact.TYPE)
    old = adapter.dump_python(fact, mode="json", exclude_none=True)
    kept = {key: value for key, value in {**old, **replacement}.items() if value is not None}
    try:
        return adapter.validate_json(to_json(kept))
    except ValidationError as error:
        raise _event_invalid(error, "replacement") from None


def fact_to_json(fact: Fact) -> dict[str, Any]:
    """Return the JSON object of a fact, absent fields left out."""
    adapter = _fact_adapter(fact.TYPE)
    return cast(dict[str, Any], adapter.dump_python(fact, mode="json", exclude_none=True))


def to_text(value: object) -> str:
    """Return compact JSON text of plain values; one spelling for all that is stored or shown."""
    return to_bytes(value).decode()


def to_bytes(value: object) -> bytes:
    """Return what `to_text` does as bytes."""
    return to_json(value)


@cache
def _entry_adapter(kind: Kind) -> TypeAdapter[Entry]:
    return TypeAdapter(ENTRY_CLASSES[kind])


def read_entry(kind: Kind, value: object, *within: str) -> tuple[Entry | None, list[Fault]]:
    """Return the entry of the catalogue that parsed JSON holds, or everything wrong with it.

    Args:
        within: where the value stands; the faults' fields begin with it.
    """
    try:
        entry = _entry_adapter(kind).validate_json(to_json(value))
    except ValidationError as error:
        return None, _faults(error, within)
    faults = [
        fault._replace(field=".".join((*within, fault.field))) for fault in entry_faults(entry)
    ]
    return (None if faults else entry), faults


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """Return the JSON object of an entry, absent fields left out."""
    adapter = _entry_adapter(kind_of(entry))
    return cast(dict[str, Any], adapter.dump_python(entry, mode="json", exclude_none=True))
