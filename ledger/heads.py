"""The head of a record's bytes: type, subject and timeline, told without decoding the rest.

A loop that looks at every record of a long log and uses some of them asks here first: reading a
head costs a fifth of decoding the record. The codec writes all heads alike; bytes of another form
have no head here and must be decoded.
"""

import re
from typing import NamedTuple

from ledger.wire import to_text

_TEXT = rb'([^"\\]*(?:\\.[^"\\]*)*)'
_HEAD = re.compile(
    rb'\{"specversion":"1\.0","type":"([^"\\]*)","source":"[^"\\]*(?:\\.[^"\\]*)*",'
    rb'"id":"[^"\\]*(?:\\.[^"\\]*)*","subject":"' + _TEXT + rb'","time":"[^"\\]*"'
    rb'(?:,"timeline":"' + _TEXT + rb'")?'
)


class Head(NamedTuple):
    """What the beginning of a record says, as bytes of JSON text without the quotes.

    Attributes:
        timeline: None for live records.
    """

    type: bytes
    subject: bytes
    timeline: bytes | None


def head_of(raw: bytes) -> Head | None:
    """Return the head of a record; None where the bytes must be decoded to tell."""
    found = _HEAD.match(raw)
    return None if found is None else Head._make(found.groups())


def as_bytes(text: str) -> bytes:
    """Return a subject or timeline as a head holds it."""
    return to_text(text)[1:-1].encode()
