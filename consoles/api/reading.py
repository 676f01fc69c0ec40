"""What can be read of cases and cards, the console's view of both, and the dead letters."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from consoles.api import shown
from consoles.api.hall_port import HallPort
from consoles.api.json_answer import json_answer
from consoles.api.live_place import Place, place_text
from consoles.api.parameters import choice, instant_us, page_limit
from consoles.api.refusals import NotFound, ParameterInvalid
from ledger.findings import LEVELS
from ledger.intake_rules import INTEGER_MAX
from ledger.log import DeadLetter

router = APIRouter(prefix="/api/v1")

NEAREST = 3
_TEXT_MAX = 256
Text = Annotated[str | None, Query(max_length=_TEXT_MAX)]


def hall_of(request: Request) -> HallPort:
    """Return the hall that the application serves."""
    hall: HallPort = request.app.state.hall
    return hall


def live_position(hall: HallPort) -> str:
    """Return the read models' place as text, for the stream to go on from."""
    return place_text(hall.log.identity, Place(offsets=dict(hall.readers.positions())))


@router.get("/cards", tags=["cards"], summary="牌的清单 · cards, newest first")
def cards(
    request: Request,
    *,
    level: str | None = None,
    state: Text = None,
    department: Text = None,
    hall: Text = None,
    live: bool | None = None,
    case: Text = None,
    after: Text = None,
    limit: int = 100,
) -> Response:
    """Return cards, newest first; `after` takes the `next` of the page before.

    `position` is where the stream at `/api/v1/live?after=` goes on from this answer.
    """
    served = hall_of(request)
    position = live_position(served)
    try:
        page = served.readers.cards(
            level=choice("level", level, LEVELS),
            state=state,
            department=department,
            hall=hall,
            live=live,
            subject=case,
            after=after,
            limit=page_limit(limit),
        )
    except ValueError:
        raise ParameterInvalid("after", repr(after), "the `next` of a page") from None
    zone = served.settings.zone
    items = [shown.row(card, zone) for card in page.items]
    return json_answer({"items": items, "next": page.next, "position": position})


@router.get("/cards/{card_id}", tags=["cards"], summary="一张牌 · one card")
def card(request: Request, card_id: str) -> Response:
    """Return one card as it stands."""
    hall = hall_of(request)
    found = hall.readers.card(card_id)
    if found is None:
        raise NotFound(f"card: found no card {card_id!r} in the ledger.")
    return json_answer(shown.row(found, hall.settings.zone))


@router.get(
    "/cards/{card_id}/explanation", tags=["cards"], summary="为什么有这张牌 · why this card"
)
def explanation(request: Request, card_id: str) -> Response:
    """Return the statement of intervals: what was counted, what not, and by which record."""
    found = hall_of(request).explain(card_id)
    if found is None:
        raise NotFound(f"card: found no card {card_id!r} in the ledger.")
    return json_answer(dict(found))


@router.get(
    "/cases/{case_id:path}/explanation",
    tags=["cases"],
    summary="逐钟计时说明 · every clock of a case, line by line",
)
def case_explanation(request: Request, case_id: str, as_of: Text = None) -> Response:
    """Return the statement of intervals of every clock of a case, the nearest limit first.

    Each line is counted, stopped, excluded or not_working, with the running sum, its reason, its
    record and its law. `as_of` reads the clocks at an instant, on what had happened by then.
    """
    found = hall_of(request).explain_case(case_id, instant_us("as_of", as_of))
    if found is None:
        raise NotFound(f"case: found nothing of {case_id!r} in the ledger up to this instant.")
    return json_answer(dict(found))


@router.get("/cases/{case_id:path}", tags=["cases"], summary="办件经过 · a case and its timeline")
def case(request: Request, case_id: str, as_of: Text = None, known_at: Text = None) -> Response:
    """Return a case as it had happened by `as_of`, as far as the ledger knew it by `known_at`."""
    hall = hall_of(request)
    as_of_us, known_at_us = instant_us("as_of", as_of), instant_us("known_at", known_at)
    found = hall.case_history(case_id, as_of_us, known_at_us)
    if found is None:
        raise NotFound(f"case: found nothing of {case_id!r} in the ledger up to these instants.")
    return json_answer(dict(found))


@router.get("/warnings", tags=["cards"], summary="预警台 · nearest limits and newest cards")
def warnings(request: Request, hall: Text = None, department: Text = None) -> Response:
    """Return the three nearest limits, the newest cards, and how many stand."""
    served = hall_of(request)
    zone, readers, now_us = served.settings.zone, served.readers, served.now_us()
    position = live_position(served)
    nearest = readers.nearest_limits(now_us, NEAREST, hall=hall, department=department)
    newest = readers.cards(hall=hall, department=department, limit=50).items
    return json_answer(
        {
            "now": shown.at(now_us, zone),
            "nearest_limits": [shown.row(each, zone) for each in nearest],
            "cards": [shown.row(each, zone) for each in newest],
            "counts": dict(readers.board_counts(hall=hall, department=department)),
            "position": position,
        }
    )


@router.get("/dead-letters", tags=["operation"], summary="死信 · what intake could not accept")
def dead_letters(
    request: Request,
    *,
    after: Annotated[int, Query(ge=0, le=INTEGER_MAX)] = 0,
    limit: int = 100,
    raw: bool = False,
) -> Response:
    """Return dead letters in order of arrival, and how many there are by reason.

    `raw=true` adds the original bytes in base64, for correction and sending again.
    """
    hall = hall_of(request)
    letters = hall.dead_letters.list(after, page_limit(limit))
    items = [_letter(hall, each, raw=raw) for each in letters]
    following = letters[-1].number if len(letters) == limit else None
    counts = dict(hall.dead_letters.counts())
    return json_answer({"items": items, "next": following, "counts": counts})


def _letter(hall: HallPort, letter: DeadLetter, *, raw: bool) -> dict[str, Any]:
    item: dict[str, Any] = {
        "number": letter.number,
        "received_at": shown.at(letter.received_us, hall.settings.zone),
        "source": letter.source,
        "reason": letter.reason,
        "detail": letter.detail,
        "sha256": letter.sha256,
        "size": len(letter.raw),
    }
    if raw:
        item["raw_base64"] = base64.b64encode(letter.raw).decode()
    return item
