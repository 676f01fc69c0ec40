"""The HTTP application of one hall: routes in order, errors in one shape, one broadcaster.

It stands apart from the routes as the only place that knows them all, and from `serve.py`, which
knows sockets and threads.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from consoles.api import card_acts, docs, figures, health, live_route, reading
from consoles.api.body import HASHED_MAX_FACTOR, Gate
from consoles.api.counters import Counters
from consoles.api.events_openapi import EVENTS_PATH
from consoles.api.events_route import EventsEndpoint
from consoles.api.feed import HallFeed
from consoles.api.hall_port import HallPort
from consoles.api.headers import SecureHeaders
from consoles.api.intake import Intake
from consoles.api.live import Live
from consoles.api.problems import error_of_status, language, problem_response
from consoles.api.refusals import Failed, ParameterInvalid
from ledger.errors import HallError

logger = logging.getLogger(__name__)


_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def create_app(hall: HallPort, *, pages: bool = True) -> FastAPI:
    """Return the application that serves `hall`.

    Args:
        hall: the composed hall; kept as `app.state.hall`, where pages find it.
        pages: whether to mount the pages beside the API.
    """
    app = FastAPI(
        title="hall-ledger",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        telemetry=_NO_TELEMETRY,
    )
    counters = Counters()
    settings = hall.settings
    gate = Gate(settings.max_in_flight, settings.max_body_bytes * HASHED_MAX_FACTOR)
    intake = Intake(hall.log, hall.dead_letters, counters)
    app.state.hall = hall
    app.state.counters = counters
    app.state.gate = gate
    app.state.intake = intake
    app.state.feed = HallFeed(hall)
    app.state.live = Live(app.state.feed, counters, clients_max=settings.max_live_clients)
    endpoint = EventsEndpoint(
        intake,
        hall.readers,
        gate,
        counters,
        body_max=settings.max_body_bytes,
        events_max=settings.max_batch_events,
    )
    app.router.routes.insert(0, Route(EVENTS_PATH, endpoint, methods=["POST"]))
    for module in (reading, card_acts, figures, live_route, health, docs):
        app.include_router(module.router)
    if pages:
        _mount_pages(app)
    _answer_errors(app)
    app.add_middleware(SecureHeaders)
    return app


def _mount_pages(app: FastAPI) -> None:
    from consoles.pages.routes import mount

    mount(app)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: Live = app.state.live
    task = asyncio.create_task(live.run(), name="live-broadcaster")
    try:
        yield
    finally:
        live.close()
        await task


def _answer_errors(app: FastAPI) -> None:
    """Give every error the one shape of `problems.py`, or its page where a browser asked."""

    def answer(request: Request, error: HallError) -> Response:
        app.state.counters.problems[error.code] += 1
        return problem_response(error, language(request))

    async def hall_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HallError)
        return answer(request, error)

    def page_or_problem(request: Request, error: HallError) -> Response:
        page: Callable[[Request, HallError], Response | None]
        page = getattr(app.state, "error_page", lambda *_: None)
        return page(request, error) or answer(request, error)

    async def bare_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found = error_of_status(error.status_code, request.method, request.url.path)
        response = page_or_problem(request, found)
        response.headers.update(error.headers or {})
        return response

    async def bad_parameter(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
        found = repr(first.get("input"))[:60]
        return page_or_problem(request, ParameterInvalid(name, found, first["msg"]))

    async def defect(request: Request, error: Exception) -> Response:
        kind = type(error).__name__
        return answer(request, Failed(f"{request.method} {request.url.path}: found a {kind}."))

    app.add_exception_handler(HallError, hall_error)
    app.add_exception_handler(HTTPException, bare_status)
    app.add_exception_handler(RequestValidationError, bad_parameter)
    app.add_exception_handler(Exception, defect)
