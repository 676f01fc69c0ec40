"""A light load generator: keep-alive connections that send prepared requests one after another.

It stands apart and runs in a process of its own, so that what it costs is not the server's; it
parses no more of an answer than its status and length.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

DEPARTMENTS = [f"D{n:03d}" for n in range(40)]


def event(number: int, chance: random.Random) -> dict[str, object]:
    """Return an acceptance as a source system sends it; about 500 bytes of JSON."""
    return {
        "specversion": "1.0",
        "id": f"a-{number:09d}",
        "source": "/halls/430100/approval",
        "type": "hall.case.accepted.v1",
        "subject": f"430100-2026-{chance.getrandbits(48):012x}",
        "time": "2026-11-24T09:00:00.000000+08:00",
        "data": {
            "matter": f"M{chance.randrange(300):04d}",
            "hall": "430100",
            "department": chance.choice(DEPARTMENTS),
            "window": f"W{chance.randrange(60):02d}",
            "clerk_ref": f"c-{chance.randrange(200):04d}",
            "channel": "window",
            "handling_type": "promised",
            "promised_limit": {"amount": 5, "unit": "working_day"},
            "statutory_limit": {"amount": 20, "unit": "working_day"},
        },
    }


def requests(batch: int, count: int, seed: int) -> list[bytes]:
    """Return `count` prepared requests of `batch` events each (1: a single event, not an array)."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        events = [event(number * batch + k, chance) for k in range(batch)]
        body = json.dumps(events if batch > 1 else events[0], separators=(",", ":")).encode()
        made.append(
            b"POST /api/v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
    return made


class Connection(asyncio.Protocol):
    """One connection that always has one request under way until the requests run out."""

    def __init__(self, work: Iterator[bytes], until: float, latencies: list[float]) -> None:
        """Take requests from `work` until the instant `until`; note seconds in `latencies`."""
        self._work = work
        self._until = until
        self._latencies = latencies
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of one; send the next request after a whole one."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"content-length: ")
        length = int(self._buffer[at + 16 : self._buffer.index(b"\r\n", at)])
        if len(self._buffer) < head + 4 + length:
            return
        if self._buffer[9:11] != b"20" or self._buffer[9:12] == b"207":
            self.done.set_exception(RuntimeError(self._buffer[:600].decode("utf-8", "replace")))
            self._transport.close()
            return
        self._buffer = b""
        self._latencies.append(time.perf_counter() - self._sent_at)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if the server hung up first."""
        if not self.done.done():
            self.done.set_exception(exc or RuntimeError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._work, None)
        if request is None or time.perf_counter() > self._until:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


async def load(port: int, work: list[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Send `work` over `connections` for at most `seconds`; return counts and latencies in ms."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    pending = iter(work)
    started = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: Connection(pending, started + seconds, latencies), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    took = time.perf_counter() - started
    ordered = sorted(latencies)
    return {
        "requests": len(ordered),
        "seconds": took,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000,
        "max_ms": ordered[-1] * 1000,
    }


def main(arguments: list[str]) -> None:
    """Run as `python -m bench.http_load PORT BATCH COUNT CONNECTIONS SECONDS SEED`."""
    port, batch, count, connections = (int(text) for text in arguments[:4])
    seconds, seed = float(arguments[4]), int(arguments[5])
    work = requests(batch, count, seed)
    result = uvloop.run(load(port, work, connections, seconds))
    print(json.dumps({**result, "events": result["requests"] * batch}))


if __name__ == "__main__":
    main(sys.argv[1:])
