"""Reading a request's body up to a bound, and counting what is under way.

It stands apart because the bounds are the surface's only defence of memory: whatever a client
sends, at most `max_body_bytes` of it is kept, and at most `max_in_flight` requests are served at
once.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive

from consoles.api.refusals import BodyTimeout, Busy

BODY_TIMEOUT_S = 30.0
HASHED_MAX_FACTOR = 8
"""A body over the bound is still read, for its hash, up to this many times the bound."""


class ClientGone(Exception):
    """The client hung up before its body was whole: there is nobody to answer."""


class Oversized:
    """A body over the bound: its hash, and how much of it was read.

    Attributes:
        whole: False if reading stopped before the body's end; the hash is then of what was read.
    """

    __slots__ = ("sha256", "size", "whole")

    def __init__(self, sha256: str, size: int, *, whole: bool) -> None:
        """Keep what is left of the body."""
        self.sha256 = sha256
        self.size = size
        self.whole = whole


class Gate:
    """Counts requests and bytes under way and refuses beyond the bounds."""

    def __init__(self, requests_max: int, bytes_max: int) -> None:
        """Start empty; `bytes_max` bounds the bodies held together."""
        self.requests_max = requests_max
        self.bytes_max = bytes_max
        self.requests = 0
        self.bytes = 0

    @contextmanager
    def admitted(self) -> Iterator["Held"]:
        """Count one request while it is served.

        Raises:
            Busy: `requests_max` are under way.
        """
        if self.requests >= self.requests_max:
            raise Busy(f"{self.requests} requests are under way, the bound is {self.requests_max}.")
        self.requests += 1
        held = Held(self)
        try:
            yield held
        finally:
            self.requests -= 1
            self.bytes -= held.size


class Held:
    """The bytes that one admitted request holds."""

    __slots__ = ("_gate", "size")

    def __init__(self, gate: Gate) -> None:
        """Hold nothing yet."""
        self._gate = gate
        self.size = 0

    def more(self, size: int) -> None:
        """Count `size` bytes more.

        Raises:
            Busy: all bodies together would go over the bound.
        """
        gate = self._gate
        if gate.bytes + size > gate.bytes_max:
            raise Busy(f"{gate.bytes} bytes are under way, the bound is {gate.bytes_max}.")
        self._gate.bytes += size
        self.size += size

    def drop(self) -> None:
        """Stop counting what was held."""
        self._gate.bytes -= self.size
        self.size = 0


async def read_body(receive: Receive, held: Held, limit: int) -> bytes | Oversized:
    """Return the body, or what is left of one over `limit` bytes.

    Raises:
        BodyTimeout: it was not there after 30 seconds.
        Busy: too many bytes are under way.
        ClientGone: the client hung up.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    first: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(first) <= limit:
        held.more(len(first))
        return first
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read_on(receive, held, limit, first, message.get("more_body", False))
    except TimeoutError:
        raise BodyTimeout(f"The body was not whole after {BODY_TIMEOUT_S:g} seconds.") from None


async def _read_on(
    receive: Receive, held: Held, limit: int, first: bytes, more: bool
) -> bytes | Oversized:
    sha = hashlib.sha256(first)
    size = len(first)
    chunks = [first] if size <= limit else []
    held.more(size if chunks else 0)
    while more and size <= limit * HASHED_MAX_FACTOR:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        sha.update(chunk)
        if size > limit:
            chunks.clear()
            held.drop()
        else:
            held.more(len(chunk))
            chunks.append(chunk)
    if size > limit:
        return Oversized(sha.hexdigest(), size, whole=not more)
    return b"".join(chunks)
