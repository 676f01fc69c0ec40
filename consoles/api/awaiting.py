"""Read your writes: a sender may ask that its events be in the read models before it is answered.

`Prefer: wait=N` (RFC 7240, section 4.3) waits at most N seconds. If the read models have passed
every event by then, the answer is the ordinary one; if not, it is 202 with the same body. Either
way the events are durable, and `Preference-Applied` says that the wish was heeded.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from starlette.responses import Response
from starlette.types import Scope

from ledger.log import Position

WAIT_MAX_S = 30
LOOK_EVERY_S = 0.03

_WAIT = re.compile(rb"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})", re.IGNORECASE)


class Reading(Protocol):
    """Who knows how far the read models are."""

    def positions(self) -> Mapping[int, int]:
        """Return the next offset of each partition."""
        ...


def asked_to_wait(scope: Scope) -> int:
    """Return how many seconds the sender is willing to wait, bounded; 0 where it asks for none."""
    for name, value in scope["headers"]:
        if name == b"prefer" and (found := _WAIT.search(value)):
            return min(int(found[1]), WAIT_MAX_S)
    return 0


async def awaited(
    response: Response, places: Iterable[Position], readers: Reading, seconds: int
) -> Response:
    """Hold an answer back until the read models have passed some places, at most so long.

    Args:
        response: what would be answered without waiting.
        places: where the events lie.
        readers: who knows how far the read models are.
        seconds: the longest wait.
    """
    last: dict[int, int] = {}
    for partition, offset in places:
        last[partition] = max(offset, last.get(partition, -1))
    until = time.monotonic() + seconds
    while not _passed(await asyncio.to_thread(readers.positions), last):
        if time.monotonic() >= until:
            response.status_code = 202
            break
        await asyncio.sleep(LOOK_EVERY_S)
    response.headers["preference-applied"] = f"wait={seconds}"
    return response


def _passed(positions: Mapping[int, int], last: Mapping[int, int]) -> bool:
    return all(positions.get(partition, 0) > offset for partition, offset in last.items())
