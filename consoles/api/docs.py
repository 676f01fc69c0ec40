"""The description of the interface: OpenAPI as JSON, and a plain local page that lists it.

The framework's own page loads its parts from outside, which a hall's network does not allow.
"""

import html
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from consoles.api.events_openapi import EVENTS_OPERATION, EVENTS_PATH, PROBLEM_SCHEMA
from consoles.api.json_answer import json_answer
from consoles.api.problems import KINDS, Language, language

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post")
_STYLE = """
body { font: 16px/1.5 "Noto Sans SC Variable", sans-serif;
  margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  color: #1b2430; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid #d5dbe3; }
code { font-family: ui-monospace, monospace; white-space: nowrap; }
:target { background: #fff3c4; }
"""
_TEXTS: dict[Language, dict[str, str]] = {
    "zh": {
        "title": "hall-ledger 接口说明",
        "json": "机器可读的 OpenAPI 描述：",
        "operations": "接口",
        "problems": "错误代码",
        "code": "代码",
        "status": "状态",
        "meaning": "含义",
    },
    "en": {
        "title": "hall-ledger interface",
        "json": "OpenAPI description for programs: ",
        "operations": "Operations",
        "problems": "Problem codes",
        "code": "Code",
        "status": "Status",
        "meaning": "Meaning",
    },
}


@router.get("/api/openapi.json")
def openapi(request: Request) -> Response:
    """Return the OpenAPI 3.1 description of the API."""
    return json_answer(describe(request))


@router.get("/api/docs.css")
def style() -> Response:
    """Return the page's style; the content policy allows none within the page."""
    return Response(_STYLE, media_type="text/css")


@router.get("/api/docs")
def page(request: Request) -> Response:
    """Return the page that lists operations and problem codes."""
    lang = language(request)
    text = _TEXTS[lang]
    operations = "".join(_operation_rows(describe(request)))
    problems = "".join(
        f'<tr id="{html.escape(code)}"><td><code>{html.escape(code)}</code></td>'
        f"<td>{kind.status}</td><td>{html.escape(kind.zh if lang == 'zh' else kind.en)}</td></tr>"
        for code, kind in sorted(KINDS.items())
    )
    body = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{text['title']}</title>"
        '<link rel="stylesheet" href="/static/fonts/noto-sans-sc.css">'
        '<link rel="stylesheet" href="/api/docs.css"></head><body>'
        '<p><a href="/">hall-ledger</a></p>'
        f"<h1>{text['title']}</h1>"
        f'<p>{text["json"]}<a href="/api/openapi.json">/api/openapi.json</a></p>'
        f"<h2>{text['operations']}</h2><table>{operations}</table>"
        f"<h2>{text['problems']}</h2><table><tr><th>{text['code']}</th>"
        f"<th>{text['status']}</th><th>{text['meaning']}</th></tr>{problems}</table>"
        "</body></html>"
    )
    return Response(body, media_type="text/html")


def describe(request: Request) -> dict[str, Any]:
    """Return the OpenAPI description, the intake included, which is no framework route."""
    app = request.app
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["paths"] = {EVENTS_PATH: {"post": EVENTS_OPERATION}, **document["paths"]}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    return document


def _operation_rows(document: dict[str, Any]) -> list[str]:
    rows = []
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                summary = html.escape(item[method].get("summary", ""))
                about = html.escape(item[method].get("description", ""))
                rows.append(
                    f"<tr><td><code>{method.upper()} {html.escape(path)}</code></td>"
                    f"<td><strong>{summary}</strong><br>{about}</td></tr>"
                )
    return rows
