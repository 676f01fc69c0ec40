"""`POST /api/v1/cards/{id}/{action}`: what a person does with a card becomes a fact of its case.

It stands apart because a page's button and an outside system take the same way, and that way is the
intake every other fact goes through.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from consoles.api import shown
from consoles.api.body import ClientGone, Oversized, read_body
from consoles.api.hall_port import HallPort
from consoles.api.intake import Conflict, Intake, Letter, Refused, reason_of
from consoles.api.json_answer import json_answer
from consoles.api.media_type import check_media_type
from consoles.api.refusals import BodyTimeout, BodyTooLarge, NotFound
from ledger import wire
from ledger.errors import EventInvalid
from ledger.events import CARD_TYPES
from ledger.log import Appended

router = APIRouter(tags=["cards"])

SOURCE = "/consoles"
BODY_MAX = 64 * 1024
_PREFIX, _SUFFIX = "hall.card.", ".v1"
ACTIONS = {
    type_.removeprefix(_PREFIX).removesuffix(_SUFFIX): type_
    for type_ in sorted(CARD_TYPES)
    if type_ != "hall.card.issued-by-hand.v1"
}
"""Action of the path → wire type of the fact it makes."""

_BODY_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["actor_ref"],
                    "properties": {
                        "actor_ref": {"type": "string", "description": "who acts, as a reference"},
                        "text": {"type": "string"},
                        "due": {"type": "string", "format": "date-time"},
                        "proof_ref": {"type": "string"},
                        "decision": {"enum": ["upheld", "downgraded", "revoked"]},
                        "measure": {"type": "string"},
                        "id": {
                            "type": "string",
                            "description": "name of the act; the same again is taken once",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/api/v1/cards/{card_id}/{action}",
    summary="牌的处置 · sign, explain, appeal, decide, close …",
    openapi_extra=_BODY_SCHEMA,
)
async def act(request: Request, card_id: str, action: str) -> Response:
    """Record an act on a card; answers its position as `POST /events` does.

    An act that is not legal in the card's state is recorded all the same, and has no effect.
    """
    state = request.app.state
    type_ = ACTIONS.get(action)
    if type_ is None:
        raise NotFound(f"action: found {action!r}, expected one of {', '.join(ACTIONS)}.")
    hall: HallPort = state.hall
    raw, values = await _body(request)
    card = await _card(hall, card_id)
    act_id = values.pop("id") if "id" in values else f"act-{uuid4()}"
    event = {
        "specversion": "1.0",
        "type": type_,
        "source": SOURCE,
        "id": act_id,
        "subject": card["subject"],
        "time": shown.at(hall.now_us(), hall.settings.zone),
        "data": {**values, "card_id": card_id},
    }
    intake: Intake = state.intake
    (result,) = await intake.take([event], CARD_TYPES)
    if not isinstance(result, Appended):
        same = await _same_act(hall, result, event)
        if same is None:
            await intake.bury([_letter(raw, result)])
            raise result
        result = same
    place = result.position
    return json_answer(
        {
            "outcome": result.outcome,
            "duplicate": result.outcome == "repeated",
            "position": {"partition": place.partition, "offset": place.offset},
            "id": act_id,
            "source": SOURCE,
        },
        status=201 if result.outcome == "appended" else 200,
    )


async def _body(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Return the body as it came and as an object."""
    check_media_type(request.scope)
    with request.app.state.gate.admitted() as held:
        try:
            body = await read_body(request.receive, held, BODY_MAX)
        except ClientGone:
            raise BodyTimeout("The client hung up before its body was whole.") from None
    if isinstance(body, Oversized):
        found = f"body: found {body.size} bytes, expected at most {BODY_MAX}."
        raise BodyTooLarge(found, field="(body)", limit=BODY_MAX)
    values = wire.parse_json(body)
    if not isinstance(values, dict):
        raise EventInvalid("(body)", type(values).__name__, "a JSON object")
    return body, values


async def _card(hall: HallPort, card_id: str) -> Mapping[str, Any]:
    card = await asyncio.to_thread(hall.readers.card, card_id)
    if card is None:
        raise NotFound(f"card: found no card {card_id!r} in the ledger.")
    return card


async def _same_act(hall: HallPort, refused: Refused, event: Mapping[str, Any]) -> Appended | None:
    """Return the place of an act that differs from `event` in its instant only: the same again."""
    if not isinstance(refused, Conflict):
        return None
    partition, offset = refused.position
    ((_, raw),) = await asyncio.to_thread(hall.log.read, partition, offset, 1)
    kept, sent = wire.decode(raw), wire.accept(event, CARD_TYPES)[0]
    if kept.type != sent.type or kept.data != sent.data:
        return None
    return Appended(refused.position, "repeated")


def _letter(raw: bytes, error: Refused) -> Letter:
    return Letter(raw=raw, source=SOURCE, reason=reason_of(error), detail=error.message)
