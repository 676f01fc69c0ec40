"""The pages by address. Each route reads the read models once and renders one template.

Routes are plain functions: the framework runs them on worker threads, so that no query blocks the
event loop.
"""

from datetime import date, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from consoles.api.parameters import DAYS_MAX
from consoles.api.problems import problem_of
from consoles.pages.case_statement import case_statement
from consoles.pages.efficiency_table import COLUMNS, definitions, efficiency_table
from consoles.pages.frame import FOLDER, Visit
from consoles.pages.reading import Reading, days_between
from consoles.pages.replay import replay_view
from consoles.pages.rules_view import rules_view
from consoles.pages.screen import screen_view, trend_days
from consoles.pages.statement import statement_view
from consoles.pages.times import read_instant
from consoles.pages.view_models import FEED_MAX, card_view, figures, limit_view, standing
from ledger.errors import HallError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

page = partial(router.api_route, methods=["GET", "HEAD"])
"""Puts a page at its address; HEAD is answered as GET is, and the server leaves out the body."""

NEAREST = 3
RANGE_DAYS = 30
NOT_FOUND = 404
_LEVELS = ("red", "yellow", "warning")


def mount(app: FastAPI) -> None:
    """Put the pages and what they load beside the API of `app`."""
    app.state.pages_reading = Reading(app.state.hall)
    app.state.error_page = error_page
    app.include_router(router)
    app.mount("/static", Vendored(directory=FOLDER / "static"), name="static")


def error_page(request: Request, error: HallError) -> Response | None:
    """Return the page that tells a browser what was wrong with what it asked for.

    Returns:
        None for the API and for whoever does not ask for a page; they get the problem document.
    """
    asks = "text/html" in request.headers.get("accept", "")
    if not asks or request.method not in ("GET", "HEAD") or request.url.path.startswith("/api/"):
        return None
    visit = Visit(request)
    problem = problem_of(error, visit.reader.t.lang)
    values = {"title": problem["title"], "sentence": visit.reader.t("missing.page")}
    if problem["status"] != NOT_FOUND:
        values["sentence"] = f"{problem['detail']} {problem.get('hint', '')}".rstrip()
    return visit.page("missing.html", "", values, status=problem["status"])


class Vendored(StaticFiles):
    """Files of the pages: those named by version or slice are kept, others are asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with how long it may be kept."""
        answer = await super().get_response(path, scope)
        lasting = path.startswith(("fonts/files/", "vendor/"))
        answer.headers["Cache-Control"] = "public, max-age=31536000" if lasting else "no-cache"
        return answer


def reading_of(request: Request) -> Reading:
    """Return the questions of the pages to the hall of this application."""
    reading: Reading = request.app.state.pages_reading
    return reading


@page("/")
def start(request: Request) -> Response:
    """Show the start page by role with today's numbers."""
    visit = Visit(request)
    reading = reading_of(request)
    values = {
        "figures": figures(reading.counters(), visit.reader),
        "standing": standing(reading.standing(), visit.reader),
    }
    return visit.page("start.html", "start", values)


@page("/pulse")
def pulse(request: Request) -> Response:
    """Tell the hall's clock and day, as the masthead shows them."""
    frame = Visit(request).frame("")
    return JSONResponse({"clock": frame.clock, "day": frame.day, "day_kind": frame.day_kind})


@page("/warnings")
def warnings(
    request: Request, level: str = "", department: str = "", fragment: str = ""
) -> Response:
    """Show the live console; `fragment=live` gives only what moves."""
    visit = Visit(request)
    reading, reader = reading_of(request), visit.reader
    level = level if level in _LEVELS else ""
    position = reading.position()  # before the cards: what comes between is told by the stream
    values = {
        "cards": [
            card_view(row, reader)
            for row in reading.cards(level or None, department or None, FEED_MAX)
        ],
        "standing": standing(reading.standing(), reader),
        "limits": [limit_view(row, reader) for row in reading.nearest(NEAREST)],
    }
    if fragment == "live":
        return visit.page("_live.html", "warnings", values)
    codes = {row["department"] for row in reading.lamps(trend_days(reader.times.today()))}
    values |= {
        "level": level,
        "department": department,
        "departments": [
            (code, reader.named("department", code))
            for code in sorted(codes | ({department} - {""}))
        ],
        "position": position,
        "feed_max": FEED_MAX,
    }
    return visit.page("warnings.html", "warnings", values)


@page("/cards/{card_id}")
def card(request: Request, card_id: str, fragment: str = "") -> Response:
    """Show why a card was issued; `fragment=panel` gives it without what surrounds a page."""
    visit = Visit(request)
    row = reading_of(request).card(card_id)
    if row is None:
        return visit.missing("card", card_id)
    why = visit.hall.explain(card_id)
    view = statement_view(card_view(row, visit.reader), row, why, visit.reader)
    template = "_statement.html" if fragment == "panel" else "card.html"
    return visit.page(template, "warnings", {"why": view})


@page("/cases")
def find_case(id_: Annotated[str, Query(alias="id", max_length=200)] = "") -> Response:
    """Lead from the form of the start page to the case."""
    case = id_.strip()
    return RedirectResponse(f"/cases/{quote(case, safe='')}" if case else "/", status_code=303)


@page("/cases/{case_id:path}/explanation")
def case_clocks(request: Request, case_id: str, as_of: str = "") -> Response:
    """Show how every clock of a case stands, line by line, now or as of an instant."""
    visit = Visit(request)
    t = visit.reader.t
    try:
        as_of_us = read_instant(as_of) if as_of else None
    except ValueError:
        values = {"title": t("statement.title"), "sentence": t("case.bad_time", text=as_of)}
        return visit.page("missing.html", "", values, status=400)
    why = visit.hall.explain_case(case_id, as_of_us)
    if why is None:
        return visit.missing("case", case_id)
    return visit.page("clocks.html", "", {"statement": case_statement(why, visit.reader)})


@page("/cases/{case_id:path}")
def case(
    request: Request, case_id: str, as_of: str = "", known_at: str = "", fragment: str = ""
) -> Response:
    """Replay a case; `fragment=replay` gives only what the sliders change."""
    visit = Visit(request)
    t = visit.reader.t
    asked: list[int | None] = []
    for text in (as_of, known_at):
        try:
            asked.append(read_instant(text) if text else None)
        except ValueError:
            values = {"title": t("case.title"), "sentence": t("case.bad_time", text=text)}
            return visit.page("missing.html", "", values, status=400)
    whole = visit.hall.case_history(case_id)
    if whole is None:
        return visit.missing("case", case_id)
    shown = whole if asked == [None, None] else visit.hall.case_history(case_id, *asked)
    view = replay_view(case_id, whole, shown, (asked[0], asked[1]), visit.reader)
    template = "_replay.html" if fragment == "replay" else "case.html"
    return visit.page(template, "", {"replay": view})


@page("/records/{partition}/{offset}")
def record(request: Request, partition: int, offset: int) -> Response:
    """Give a record byte for byte as the log holds it."""
    visit = Visit(request)
    log = visit.hall.log
    there = 0 <= partition < log.partitions and 0 <= offset < log.ends().get(partition, 0)
    found = log.read(partition, offset, 1) if there else []
    if not found:
        return visit.missing("record", f"{partition}:{offset}")
    return Response(found[0][1], media_type="application/json")


@page("/screen/hall")
def hall_screen(request: Request, fragment: str = "", kiosk: str = "") -> Response:
    """Show the public screen; `fragment=frame` gives its parts for the next moment."""
    visit = Visit(request)
    view = screen_view(reading_of(request), visit.reader)
    template = "_frame.html" if fragment == "frame" else "screen_hall.html"
    return visit.page(template, "screen", {"screen": view, "kiosk": kiosk == "1"})


@page("/efficiency")
def efficiency(
    request: Request,
    from_: Annotated[date | None, Query(alias="from")] = None,
    to: date | None = None,
) -> Response:
    """Show figures by department for a range of days, by default the 30 days up to today."""
    visit = Visit(request)
    reading, reader = reading_of(request), visit.reader
    last = to or reader.times.today()
    first = from_ or last - timedelta(days=RANGE_DAYS - 1)
    notice = ""
    if first > last:
        first, last, notice = last, first, reader.t("efficiency.bad_range")
    first = max(first, last - timedelta(days=DAYS_MAX - 1))
    found = reading.efficiency(first, last)
    asked = {"from": first.isoformat(), "to": last.isoformat(), "lang": reader.t.lang}
    values = {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "notice": notice,
        "columns": COLUMNS,
        "table": efficiency_table(
            found.departments, found.daily, days_between(first, last), found.p90_us, reader
        ),
        "definitions": definitions(reader),
        "csv_url": f"/api/v1/efficiency/daily?{urlencode(asked | {'format': 'csv'})}",
    }
    return visit.page("efficiency.html", "efficiency", values)


@page("/rules")
def rules(request: Request, pack: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the rules of a pack, by default of the one in force; each rule has an anchor."""
    visit = Visit(request)
    in_force, known = visit.hall.pack_in_force(), visit.hall.packs()
    shown = in_force if pack in ("", in_force.name) else known.get(pack, in_force)
    asked = pack if pack not in ("", shown.name) else ""
    view = rules_view(shown, in_force, known.values(), visit.reader, asked)
    return visit.page("rules.html", "rules", {"rules": view})
