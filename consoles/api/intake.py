"""Intake: events as sources sent them become records of the log, or dead letters with a reason.

It stands apart from the routes because every way in (single events, batches, acts on a card) must
check, append and refuse alike.
"""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from consoles.api.counters import Counters
from consoles.api.hall_port import AsyncLog
from ledger import intake_rules, wire
from ledger.errors import EventInvalid, IdentityConflict
from ledger.events import SOURCE_TYPES
from ledger.log import Appended, DeadLetters, Entry, Position

CHUNK_EVENTS = 50
"""Events checked between two looks at the other connections."""
LETTERS_AT_ONCE = 64


class Conflict(IdentityConflict):
    """An event whose identity already has other content; `position` is where that lies."""

    def __init__(self, entry: Entry, position: Position) -> None:
        """Say which identity, and where its first record is."""
        super().__init__(
            f"identity (subject {entry.subject!r}, source {entry.source!r}, id {entry.id!r}): "
            f"found another type, time or data in the record at {position.partition}:"
            f"{position.offset}, expected the same again or a new id.",
            hint="Send it under a new id, or send hall.case.amended.v1 to correct the first.",
            field="id",
            position=position._asdict(),
        )
        self.position = position


Refused = EventInvalid | Conflict
Result = Appended | Refused
"""What became of one event: its place in the log, or why it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One thing that could not be accepted, with its original bytes."""

    raw: bytes
    source: str
    reason: str
    detail: str
    sha256: str = ""


class Intake:
    """Checks events and appends them; keeps what it refuses."""

    def __init__(self, log: AsyncLog, dead_letters: DeadLetters, counters: Counters) -> None:
        """Write to `log` and `dead_letters`, count in `counters`."""
        self._log = log
        self._dead_letters = dead_letters
        self._counters = counters

    async def take(
        self, events: Sequence[Any], allowed: Collection[str] = SOURCE_TYPES
    ) -> list[Result]:
        """Append what is valid of `events`, in order; say for each what became of it.

        Args:
            events: parsed JSON values, one an event.
            allowed: the wire types that this way in may send.

        Raises:
            LogUnavailable: nothing was taken; the sender may repeat the whole.
        """
        checked: list[Entry | EventInvalid] = []
        for start in range(0, len(events), CHUNK_EVENTS):
            if start:
                await asyncio.sleep(0)
            checked += [_checked(event, allowed) for event in events[start : start + CHUNK_EVENTS]]
        entries = [item for item in checked if isinstance(item, Entry)]
        appended = await self._append(entries) if entries else []
        places = iter(appended)
        results = [_settled(item, places) if isinstance(item, Entry) else item for item in checked]
        self._count(results)
        return results

    async def _append(self, entries: Sequence[Entry]) -> list[Appended]:
        return await asyncio.wrap_future(self._log.append_async(entries))

    def _count(self, results: Sequence[Result]) -> None:
        outcomes = self._counters.events
        for result in results:
            if isinstance(result, Appended):
                outcomes[result.outcome] += 1
            else:
                outcomes["conflict" if isinstance(result, Conflict) else "refused"] += 1

    async def bury(self, letters: Sequence[Letter]) -> None:
        """Keep what was refused; durable on return, off the event loop.

        Raises:
            LogUnavailable: not all could be kept; the sender must not be told that they were.
        """
        if letters:
            await asyncio.to_thread(self._bury, letters)

    def _bury(self, letters: Sequence[Letter]) -> None:
        """Put side by side what came together: the store joins what waits into one write."""
        if len(letters) == 1:
            self._put(letters[0])
            return
        with ThreadPoolExecutor(min(len(letters), LETTERS_AT_ONCE)) as pool:
            for _ in pool.map(self._put, letters):
                pass  # a failure of any is raised here

    def _put(self, letter: Letter) -> None:
        self._dead_letters.put(
            letter.raw,
            source=letter.source,
            reason=letter.reason,
            detail=letter.detail,
            sha256=letter.sha256,
        )


def _checked(event: Any, allowed: Collection[str]) -> Entry | EventInvalid:
    try:
        record, raw = wire.accept(event, allowed)
    except EventInvalid as error:
        return error
    return Entry(record.subject, record.source, record.id, raw)


def _settled(entry: Entry, places: Iterator[Appended]) -> Result:
    place = next(places)
    return Conflict(entry, place.position) if place.outcome == "conflict" else place


def reason_of(error: Refused) -> str:
    """Return the stable word under which a refused event lies among the dead letters."""
    return error.reason if isinstance(error, EventInvalid) else error.code


def source_of(event: Any, client: str) -> str:
    """Return who sent an event: its own `source` where it names one, the client's address else."""
    named = event.get("source") if isinstance(event, dict) else None
    return named if isinstance(named, str) and 0 < len(named) <= intake_rules.TEXT_MAX else client
