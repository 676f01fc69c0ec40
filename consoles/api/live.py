"""One broadcaster for all open streams of a process: server-sent events, resumed by position.

It stands apart from the feed (what happened) and the route (how it is asked for): here are only
clients, their bounded queues, and one task that looks for news, however many clients there are.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, Protocol

from consoles.api.counters import Counters
from consoles.api.live_place import Place, parse_place, place_text
from consoles.api.refusals import Busy

logger = logging.getLogger(__name__)

View = Literal["full", "screen"]
VIEWS: tuple[View, ...] = ("full", "screen")

POLL_S = 0.1
COUNTERS_EVERY_S = 1.0
COUNTERS_AT_REST_EVERY_S = 5.0
PING_AFTER_S = 10.0
RETRY_MS = 2_000
QUEUE_MAX = 256
GAP_MAX = 20_000
"""Records between a client's place and the present beyond which it is told to fetch anew."""


class News(NamedTuple):
    """One message.

    Attributes:
        event: its name, `card` or `counters`.
        full: its data as JSON.
        public: what of its data a public screen may show.
        place: who has seen this message has seen everything before this place.
    """

    event: str
    full: bytes
    public: bytes
    place: Place


class Feed(Protocol):
    """Where news comes from; called off the event loop, one call at a time."""

    @property
    def identity(self) -> str:
        """The log's identity; a place of another log resumes nothing."""
        ...

    def here(self) -> Place:
        """Return up to where the read models have applied the log."""
        ...

    def between(self, begin: Place, end: Place) -> Sequence[News]:
        """Return what happened to cards from `begin` up to `end`."""
        ...

    def counters(self, place: Place) -> News:
        """Return the counters as they stand, told at `place`."""
        ...


class _Client:
    """One open stream: a bounded queue of frames; `behind` once it overflowed."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_MAX)
        self.behind = False

    def put(self, frame: bytes | None) -> None:
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.behind = True

    def drain(self) -> None:
        with suppress(asyncio.QueueEmpty):
            while True:
                self.queue.get_nowait()
        self.behind = False


class Live:
    """The broadcaster."""

    def __init__(
        self, feed: Feed, counters: Counters, *, clients_max: int, poll_s: float = POLL_S
    ) -> None:
        """Broadcast what `feed` tells to at most `clients_max` streams."""
        self._feed = feed
        self._counted = counters
        self._clients_max = clients_max
        self._poll_s = poll_s
        self._clients: set[_Client] = set()
        self._place: Place | None = None
        self._told_place: Place | None = None
        self._told_at = 0.0
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    def wake(self) -> None:
        """Look for news now; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def close(self) -> None:
        """End every stream and the task; called on the event loop."""
        self._closing = True
        for client in self._clients:
            client.drain()
            client.put(None)
        self._wake.set()

    async def run(self) -> None:
        """Look for news until closed; a failure is told in the journal and tried again."""
        self._loop = asyncio.get_running_loop()
        while not self._closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll_s if self._clients else None)
            self._wake.clear()
            if not self._clients or self._closing:
                continue
            try:
                async with self._lock:
                    await self._tell_counters(await self._advance())
            except Exception:
                # Streams stay open and silent, so that every page greys; nothing looks healthy.
                logger.exception("The live feed failed; trying again in a second.")
                await asyncio.sleep(1.0)

    async def _advance(self) -> Place:
        """Tell every client what happened to cards since the last look, under the lock."""
        place = await asyncio.to_thread(self._feed.here)
        begin = self._place
        if begin is not None and self._clients and place != begin:
            distance = place.distance_from(begin)
            if distance is None or distance > GAP_MAX:
                self._broadcast_reset()
            else:
                for news in await asyncio.to_thread(self._feed.between, begin, place):
                    self._broadcast(news)
        self._place = place
        return place

    async def _tell_counters(self, place: Place) -> None:
        age = time.monotonic() - self._told_at
        if age < (COUNTERS_EVERY_S if place != self._told_place else COUNTERS_AT_REST_EVERY_S):
            return
        self._broadcast(await asyncio.to_thread(self._feed.counters, place))
        self._told_place, self._told_at = place, time.monotonic()

    def _broadcast(self, news: News) -> None:
        frames = {view: self._frame_of(news, view) for view in VIEWS}
        for client in self._clients:
            client.put(frames[client.view])

    def _broadcast_reset(self) -> None:
        for client in self._clients:
            client.behind = True
            client.put(b"")

    def admit(self) -> None:
        """Refuse one stream too many.

        Raises:
            Busy: `clients_max` streams are open.
        """
        if len(self._clients) >= self._clients_max:
            raise Busy(f"{len(self._clients)} streams are open, the bound is {self._clients_max}.")

    async def stream(self, last_id: str | None, view: View) -> AsyncIterator[bytes]:
        """Yield the frames of one client until it goes or the server stops.

        Args:
            last_id: the id of the last event the client has; what came after it is sent first.
            view: `screen` leaves out what a public screen must not show.
        """
        client = _Client(view)
        yield f"retry: {RETRY_MS}\n\n".encode()
        try:
            for missed in await self._join(client, last_id):
                yield missed
            while not self._closing and (frame := await self._next(client)) is not None:
                yield frame
        finally:
            self._clients.discard(client)

    async def _join(self, client: _Client, last_id: str | None) -> list[bytes]:
        """Add a client at the present place; return what it missed, then the counters."""
        async with self._lock:
            place = await self._advance()
            missed = await self._missed(last_id, place, client.view)
            counters = await asyncio.to_thread(self._feed.counters, place)
            self._clients.add(client)
        self._wake.set()
        return [*missed, self._frame_of(counters, client.view)]

    async def _missed(self, last_id: str | None, place: Place, view: View) -> list[bytes]:
        if not last_id:
            return []
        begin = parse_place(self._feed.identity, last_id)
        distance = None if begin is None else place.distance_from(begin)
        if begin is None or distance is None or distance > GAP_MAX:
            return [self._reset_frame(place)]
        news = await asyncio.to_thread(self._feed.between, begin, place)
        return [self._frame_of(item, view) for item in news]

    async def _next(self, client: _Client) -> bytes | None:
        try:
            frame = await asyncio.wait_for(client.queue.get(), PING_AFTER_S)
        except TimeoutError:
            return b": ping\n\n"
        if client.behind and frame is not None:
            client.drain()
            assert self._place is not None
            return self._reset_frame(self._place)
        return frame

    def _reset_frame(self, place: Place) -> bytes:
        self._counted.streams_cut += 1
        return _frame("reset", b"{}", place_text(self._feed.identity, place))

    def _frame_of(self, news: News, view: View) -> bytes:
        data = news.full if view == "full" else news.public
        return _frame(news.event, data, place_text(self._feed.identity, news.place))


def _frame(event: str, data: bytes, id_: str) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id_.encode(), event.encode(), data)
