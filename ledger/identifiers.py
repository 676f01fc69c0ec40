"""Identities that are computed, never drawn: UUIDv5 of a compact JSON array in one namespace."""

from hashlib import sha1
from uuid import UUID

from ledger.wire import to_bytes

NAMESPACE = UUID("6f0d3c52-8a4e-5f61-9d27-43b0c8e1a975")
"""Fixed for ever: another value would give every card another id."""

_NAMESPACE_BYTES = NAMESPACE.bytes


def name_uuid(parts: list[object]) -> str:
    """Return the UUIDv5 (RFC 9562 §5.5) of `parts` as compact JSON; absent parts are null."""
    name = _NAMESPACE_BYTES + to_bytes(parts)
    digest = bytearray(sha1(name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def finding_id(
    type_: str,
    subject: str,
    part: str | None,
    rule: str | None,
    clock: str | None,
    cycle: str | None,
    level: str | None,
    *last: object,
) -> str:
    """Return the id of a finding.

    Args:
        last: the occurrence of a card (how often it was rescinded before); for other findings their
            cause (`source#id`), for anomalies their evidence besides.
    """
    return name_uuid([type_, subject, part, rule, clock, cycle, level, *last])


def tick_id(subject: str, what: str, due_us: int) -> str:
    """Return the id of a tick: the same whoever writes it, and whenever."""
    return name_uuid([subject, what, due_us])
