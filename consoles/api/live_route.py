"""`GET /live`: the stream of cards and counters as server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from consoles.api.live import Live, View
from consoles.api.parameters import choice

router = APIRouter(tags=["live"])

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_LAST_ID_MAX = 4_096


@router.get("/api/v1/live", summary="实时流 · cards and counters as server-sent events")
@router.get("/live", include_in_schema=False)
async def live(
    request: Request,
    after: Annotated[str | None, Query(max_length=_LAST_ID_MAX)] = None,
    view: str | None = None,
    last_event_id: Annotated[str | None, Header(max_length=_LAST_ID_MAX)] = None,
) -> Response:
    """Stream `card`, `counters` and `reset` events; ids are positions and resume the stream.

    `after` does what `Last-Event-ID` does, for a page that was rendered at that position.
    `view=screen` leaves out case numbers and references, for public screens. After `reset`
    a client fetches anew what it shows.
    """
    chosen: View = "screen" if choice("view", view, ("full", "screen")) == "screen" else "full"
    broadcaster: Live = request.app.state.live
    broadcaster.admit()
    return StreamingResponse(
        broadcaster.stream(last_event_id or after, chosen),
        media_type="text/event-stream",
        headers=_HEADERS,
    )
