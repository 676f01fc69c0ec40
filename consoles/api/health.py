"""Whether the hall lives, whether it is ready, and its metrics."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from consoles.api.counters import Counters
from consoles.api.json_answer import json_answer

router = APIRouter(tags=["operation"])

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz", summary="存活 · the process answers")
async def healthz() -> Response:
    """Answer 200 for as long as the process serves; says nothing about its parts."""
    return json_answer({"status": "ok"})


@router.get("/readyz", summary="就绪 · the hall can be relied on")
def readyz(request: Request) -> Response:
    """Answer lags, positions and reasons: 200 if the hall is ready, 503 if not."""
    status = request.app.state.hall.status()
    ready = bool(status.get("ready"))
    return Response(
        to_json(status),
        status_code=200 if ready else 503,
        media_type="application/json",
        headers=None if ready else {"retry-after": "1"},
    )


@router.get("/metrics", summary="指标 · Prometheus text format")
def metrics(request: Request) -> Response:
    """Return the hall's metrics, then what this surface counts of itself."""
    state = request.app.state
    counters: Counters = state.counters
    own = counters.lines(state.gate.requests, state.gate.bytes, state.live.streams)
    text = state.hall.metrics()
    return Response(text + ("\n".join(own) + "\n").encode(), media_type=_PROMETHEUS)
