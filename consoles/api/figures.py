"""Figures over many cases: efficiency by department and day, and the hall screen's counters."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from consoles.api.csv_text import csv_bytes
from consoles.api.feed import HallFeed
from consoles.api.figure_names import CSV_COLUMNS
from consoles.api.json_answer import json_answer
from consoles.api.parameters import DAYS_MAX, choice, day
from consoles.api.problems import Language, language
from consoles.api.reading import Text, hall_of
from consoles.api.refusals import ParameterInvalid
from ledger.record import instant

router = APIRouter(prefix="/api/v1", tags=["figures"])

_DEFAULT_DAYS = 30
_FILE_NAME = f"filename=efficiency-daily.csv; filename*=UTF-8''{quote('效能日报')}.csv"


@router.get("/efficiency/daily", summary="效能日报 · efficiency by department and day")
def efficiency_daily(
    request: Request,
    *,
    first: Annotated[str | None, Query(alias="from", max_length=32)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=32)] = None,
    department: Text = None,
    hall: Text = None,
    form: Annotated[str | None, Query(alias="format")] = None,
) -> Response:
    """Return rows of `v_efficiency_daily`, both days included; the last 30 days by default.

    JSON, or CSV by `format=csv` or `Accept: text/csv`; the data dictionary defines each column.
    """
    served = hall_of(request)
    as_csv = choice("format", form, ("json", "csv")) or _accepted(request)
    today = instant(served.now_us(), served.settings.zone).date()
    begin, end = _range(first, last, today)
    rows = served.readers.efficiency_daily(
        begin.isoformat(), end.isoformat(), department=department, hall=hall
    )
    if as_csv == "csv":
        return _csv(rows, language(request))
    return json_answer(
        {"from": begin.isoformat(), "to": end.isoformat(), "items": [dict(row) for row in rows]}
    )


@router.get(
    "/efficiency/summary", summary="效能汇总 · efficiency by department over a range of days"
)
def efficiency_summary(
    request: Request,
    *,
    first: Annotated[str | None, Query(alias="from", max_length=32)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=32)] = None,
    department: Text = None,
    hall: Text = None,
) -> Response:
    """Return the days from `from` to `to` as a whole: a row a department, and the total.

    Figures have the names of `v_efficiency_daily` and the range in the place of the day; mean and
    percentile are of all cases completed in the range, `working_us` is the sum of their working
    time, `open` what was open at the end of the last day.
    """
    served = hall_of(request)
    today = instant(served.now_us(), served.settings.zone).date()
    begin, end = _range(first, last, today)
    summary = served.readers.efficiency_summary(
        begin.isoformat(), end.isoformat(), department=department, hall=hall
    )
    return json_answer(
        {
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "items": summary.departments,
            "total": summary.total,
        }
    )


@router.get("/hall/screen", summary="大厅屏 · public counters of the hall")
def screen(request: Request) -> Response:
    """Return today's counters, lamps and rolling cards; no case number and no person is in them."""
    feed: HallFeed = request.app.state.feed
    return json_answer(feed.screen())


def _accepted(request: Request) -> str:
    accepts = request.headers.get("accept", "")
    return "csv" if accepts.split(",")[0].split(";")[0].strip() == "text/csv" else "json"


def _range(first: str | None, last: str | None, today: date) -> tuple[date, date]:
    end = day("to", last) or today
    begin = day("from", first) or end - timedelta(days=_DEFAULT_DAYS - 1)
    if not 0 <= (end - begin).days < DAYS_MAX:
        found = f"{begin.isoformat()} to {end.isoformat()}"
        raise ParameterInvalid("from", found, f"a range of 1 to {DAYS_MAX} days")
    return begin, end


def _csv(rows: Sequence[Mapping[str, Any]], lang: Language) -> Response:
    place = 0 if lang == "zh" else 1
    header = [names[place] for names in CSV_COLUMNS.values()]
    body = csv_bytes(header, ([row[name] for name in CSV_COLUMNS] for row in rows))
    return Response(
        body,
        media_type="text/csv",
        headers={"content-disposition": f"attachment; {_FILE_NAME}"},
    )
