"""Headers that every answer carries: nothing from outside, nothing sniffed, live data not cached.

A plain ASGI wrapper, because the framework's own middleware class costs as much as a whole intake.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    b"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
_ALWAYS = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE = (b"cache-control", b"no-store")
_NAMES = frozenset(name for name, _ in (*_ALWAYS, _NO_STORE))


class SecureHeaders:
    """Adds the headers of this module to every HTTP answer that does not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers if name in _NAMES}
                headers.extend(pair for pair in _ALWAYS if pair[0] not in present)
                if b"cache-control" not in present:
                    headers.append(_NO_STORE)
            await send(message)

        await self._app(scope, receive, send_with_headers)
