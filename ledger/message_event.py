"""The event that a message of a topic holds: the Kafka binding of CloudEvents, both its modes.

Structured: the value is the event as JSON. Binary: the attributes are headers `ce_…` and the value
is the data. It stands apart from the gateway because it is a matter of bytes, not of brokers; what
it returns is checked like any event that a source sends.
"""

from collections.abc import Sequence
from typing import Any

from ledger import wire
from ledger.errors import EventInvalid

STRUCTURED = "application/cloudevents+json"
ATTRIBUTES_MAX = 64

_PREFIX = "ce_"
_JSON = ("application/json", "text/json")
Headers = Sequence[tuple[str, bytes | None]]


def event_in(value: bytes | None, headers: Headers) -> Any:
    """Return the JSON value of the event in a message, not checked any further.

    A message that declares no content type and no attribute is taken as structured. The key says
    nothing: an event names its subject itself.

    Raises:
        EventInvalid: no value, not JSON, or attributes that are no text.
    """
    if value is None:
        raise EventInvalid("(value)", "null", "an event", reason="no-value")
    content_type = _content_type(headers)
    if content_type == STRUCTURED:
        return wire.parse_json(value)
    attributes = _attributes(headers)
    if "specversion" in attributes:
        return _binary(value, content_type, attributes)
    if content_type and not _is_json(content_type):
        raise EventInvalid("content-type", repr(content_type), STRUCTURED, reason="content-type")
    return wire.parse_json(value)


def _binary(value: bytes, content_type: str, attributes: dict[str, str]) -> dict[str, Any]:
    if content_type and not _is_json(content_type):
        raise EventInvalid(
            "content-type", repr(content_type), "data in application/json", reason="content-type"
        )
    return {**attributes, "data": wire.parse_json(value)}


def _content_type(headers: Headers) -> str:
    """Return what the first header of that name says, without its parameters."""
    for name, value in headers:
        if name.lower() == "content-type":
            declared = (value or b"").decode(errors="replace")
            return declared.partition(";")[0].strip().lower()
    return ""


def _is_json(content_type: str) -> bool:
    return content_type in _JSON or content_type.endswith("+json")


def _attributes(headers: Headers) -> dict[str, str]:
    """Return the attributes by name; the first of a name counts."""
    found: dict[str, str] = {}
    for name, value in headers:
        if not name.startswith(_PREFIX):
            continue
        attribute = name.removeprefix(_PREFIX)
        if len(found) == ATTRIBUTES_MAX:
            expected = f"at most {ATTRIBUTES_MAX} attributes"
            raise EventInvalid("(headers)", "more", expected, reason="too-many-attributes")
        try:
            found.setdefault(attribute, (value or b"").decode())
        except UnicodeDecodeError:
            raise EventInvalid(attribute, "other bytes", "text in UTF-8") from None
    return found
