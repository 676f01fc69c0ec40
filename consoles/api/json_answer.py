"""Answers as compact JSON by our own encoder, for values that are already plain."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


def json_answer(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer that holds `value`, made of plain JSON values."""
    return Response(
        to_json(value), status_code=status, media_type="application/json", headers=headers
    )
