"""Whether a body is declared as JSON.

It stands apart because every way in asks it, and because a browser sends no JSON to another site
without asking first: so no foreign page can post a fact.
"""

from starlette.types import Scope

from consoles.api.refusals import MediaTypeUnsupported

MEDIA_TYPES = frozenset(
    {b"application/json", b"application/cloudevents+json", b"application/cloudevents-batch+json"}
)


def check_media_type(scope: Scope) -> None:
    """Refuse a body that is not declared as JSON in UTF-8.

    Raises:
        MediaTypeUnsupported: naming what was declared.
    """
    declared = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            declared = value
    if declared in MEDIA_TYPES:
        return
    media, _, parameters = declared.lower().partition(b";")
    charset = parameters.strip().removeprefix(b"charset=").strip(b'"')
    if media.strip() not in MEDIA_TYPES or charset not in (b"", b"utf-8"):
        raise MediaTypeUnsupported(
            f"Content-Type: found {declared.decode('latin-1') or 'nothing'}, expected "
            "application/json, application/cloudevents+json or "
            "application/cloudevents-batch+json, in UTF-8.",
            field="Content-Type",
        )
