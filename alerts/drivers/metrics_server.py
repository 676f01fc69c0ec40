"""`/metrics`, `/healthz` and `/readyz` of a worker, which has no other HTTP surface.

A server of the standard library in threads of its own: it answers while the loops are at work, and
whatever it meets it leaves them alone.
"""

import json
import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from alerts.drivers.prometheus import CONTENT_TYPE, Exporter
from alerts.readiness import Readiness
from ledger.errors import SettingInvalid

logger = logging.getLogger(__name__)

ANSWERS_MAX = 8
"""Answers under way; a connection beyond them is closed at once."""
REQUEST_SECONDS_MAX = 10
JSON = "application/json"

Answer = tuple[int, str, bytes]
"""Status, media type, body."""


class MetricsServer:
    """A server that answers until it is closed."""

    def __init__(self, server: "_Server") -> None:
        """Answer from now on; made by `serve_metrics`."""
        self._server = server
        self._thread = Thread(target=server.serve_forever, name="hall-metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it answers, e.g. `http://127.0.0.1:9101`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve_metrics(
    exporter: Exporter, host: str, port: int, ready: Callable[[], Readiness]
) -> MetricsServer:
    """Answer on an address until the server is closed.

    Args:
        exporter: whose text `/metrics` is.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        ready: asked at each `/readyz`; an error that it raises is the reason for 503.

    Raises:
        SettingInvalid: the address cannot be listened on.
    """
    try:
        return MetricsServer(_Server(exporter, host, port, ready))
    except OSError as error:
        raise SettingInvalid(
            f"Listening for metrics on {host}:{port}: {error.strerror or error}.",
            hint="Choose another port, or 0 for a free one.",
        ) from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, exporter: Exporter, host: str, port: int, ready: Callable[[], Readiness]
    ) -> None:
        self._exporter = exporter
        self._ready = ready
        self._free = BoundedSemaphore(ANSWERS_MAX)
        super().__init__((host, port), _Handler)

    def answer(self, path: str) -> Answer:
        """Return the answer to a GET of a path."""
        if path == "/metrics":
            return 200, CONTENT_TYPE, self._exporter.text()
        if path == "/healthz":
            return 200, JSON, _json({"status": "ok"})
        if path == "/readyz":
            return self._readyz()
        return 404, JSON, _json({"code": "request.not-found", "status": 404})

    def _readyz(self) -> Answer:
        try:
            found = self._ready()
        except Exception as error:  # noqa: BLE001 - whatever it is, readiness must say it
            found = Readiness(reasons=(str(error) or type(error).__name__,))
        said = {**found.details, "ready": found.is_ready, "reasons": list(found.reasons)}
        return 200 if found.is_ready else 503, JSON, _json(said)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - base class
        logger.debug("An answer to %s was not finished.", client_address)


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS_MAX
    server: _Server

    def do_GET(self) -> None:
        try:
            status, media_type, body = self.server.answer(self.path.partition("?")[0])
        except Exception:
            logger.exception("Answering %s failed.", self.path)
            status, media_type = 500, JSON
            body = _json({"code": "request.failed", "status": 500})
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep no log of requests."""


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
