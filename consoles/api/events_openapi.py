"""How `POST /events` and problem documents read in the OpenAPI description."""

from typing import Any

from ledger.events import SOURCE_TYPES

EVENTS_PATH = "/api/v1/events"

_PROBLEM = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "type", "source", "id", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "type": {"enum": sorted(SOURCE_TYPES)},
        "source": {"type": "string", "examples": ["/halls/430100/approval"]},
        "id": {"type": "string", "description": "with subject and source the event's identity"},
        "subject": {"type": "string", "description": "the case id"},
        "time": {"type": "string", "format": "date-time", "description": "with offset"},
        "data": {"type": "object", "description": "the fact; its fields follow from `type`"},
    },
}
_PLACED: dict[str, Any] = {
    "type": "object",
    "required": ["outcome", "duplicate", "position"],
    "properties": {
        "outcome": {"enum": ["appended", "repeated"]},
        "duplicate": {"type": "boolean"},
        "position": {
            "type": "object",
            "properties": {"partition": {"type": "integer"}, "offset": {"type": "integer"}},
        },
    },
}
_BATCH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "appended": {"type": "integer"},
        "repeated": {"type": "integer"},
        "refused": {"type": "integer"},
        "results": {
            "type": "array",
            "items": {"anyOf": [_PLACED, {"$ref": "#/components/schemas/Problem"}]},
        },
    },
}


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": _PROBLEM}


EVENTS_OPERATION: dict[str, Any] = {
    "tags": ["events"],
    "operationId": "post_events",
    "summary": "上报事件 · take one event or a batch",
    "description": (
        "CloudEvents 1.0 in structured JSON. The same event may be sent again at any time: the "
        "first of an identity counts. Of a batch the valid events are taken and the others are "
        "kept as dead letters; `results` says for each what became of it. With `Prefer: wait=N` "
        "(RFC 7240) the answer waits, at most N seconds, until the events can be read."
    ),
    "parameters": [
        {
            "name": "Prefer",
            "in": "header",
            "schema": {"type": "string", "examples": ["wait=5"]},
            "description": "`wait=N`, up to 30: answer once the read models have passed the events",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"anyOf": [_EVENT, {"type": "array", "items": _EVENT}]}},
            "application/cloudevents+json": {"schema": _EVENT},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _EVENT}},
        },
    },
    "responses": {
        "201": _answer("one event, appended", _PLACED),
        "200": _answer("one event, known already; or a batch, all taken", _BATCH),
        "202": _answer("taken, but not in the read models within the time given", _BATCH),
        "207": _answer("a batch, some events taken", _BATCH),
        "400": _problem("malformed, or no event could be taken; kept as dead letters"),
        "409": _problem("the identity exists with other content; the first counts"),
        "413": _problem("the body or the batch is too large; nothing was taken"),
        "415": _problem("not declared as JSON"),
        "429": _problem("too many requests under way"),
        "503": _problem("the log is unavailable; nothing was taken"),
    },
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable and listed at /api/docs.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "field": {"type": "string"},
        "index": {"type": "integer", "description": "place of the event in its batch"},
    },
}
