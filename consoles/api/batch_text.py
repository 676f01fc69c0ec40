"""The events of a body: parsed by the codec, in steps where the body is long.

It stands apart from the route because it is bounded work on text, and nothing else.
"""

import asyncio
from collections.abc import Collection
from typing import Any

from consoles.api import elements
from consoles.api.refusals import TooManyEvents
from ledger import wire
from ledger.errors import EventInvalid

SPLIT_BYTES = 256 * 1024
"""A longer batch is parsed element by element, so that other connections are served in between."""
_STEP_CHARACTERS = 32 * 1024


async def parsed(body: bytes, events_max: int) -> tuple[list[Any], bool]:
    """Return the values of a body, and whether it was a batch.

    Raises:
        EventInvalid: not JSON, or neither an object nor an array.
        TooManyEvents: an array of more than `events_max`.
    """
    if len(body) > SPLIT_BYTES and body.lstrip(b" \t\r\n")[:1] == b"[":
        value = await _split(body, events_max)
    else:
        value = wire.parse_json(body)
    if isinstance(value, dict):
        return [value], False
    if not isinstance(value, list):
        raise EventInvalid("(body)", type(value).__name__, "an event or an array of events")
    if len(value) > events_max:
        raise _too_many(f"{len(value)} events", events_max)
    return value, True


async def originals(body: bytes, wanted: Collection[int]) -> dict[int, bytes]:
    """Return the bytes of the wanted elements of a body that was parsed as an array."""
    text = body.decode()
    found: dict[int, bytes] = {}
    step = _STEP_CHARACTERS
    for index, (begin, end) in enumerate(elements.spans(text)):
        if index in wanted:
            found[index] = text[begin:end].encode()
        if end > step:
            step = end + _STEP_CHARACTERS
            await asyncio.sleep(0)
    return found


async def _split(body: bytes, events_max: int) -> Any:
    """Parse a long array in steps; what cannot be split is left to the codec to name."""
    values: list[Any] = []
    step = _STEP_CHARACTERS
    try:
        text = body.decode()
        for begin, end in elements.spans(text):
            if len(values) == events_max:
                raise _too_many(f"more than {events_max} events", events_max)
            values.append(wire.parse_json(text[begin:end].encode()))
            if end > step:
                step = end + _STEP_CHARACTERS
                await asyncio.sleep(0)
    except ValueError:
        return wire.parse_json(body)
    return values


def _too_many(found: str, events_max: int) -> TooManyEvents:
    return TooManyEvents(
        f"batch: found {found}, expected at most {events_max}; nothing was taken.",
        field="(body)",
        limit=events_max,
    )
