"""A client of the public intake: batches over one connection, repeated until they are answered.

It stands apart from the demo's stories because it is what any source system needs: repeats are
safe, since identity makes them so, and one bad answer never stops what follows.
"""

import http.client
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from consoles.demo.facts import Event

TIMEOUT_S = 30
ATTEMPTS_MAX = 40
WAIT_S_MAX = 5.0
_FIRST_WAIT_S = 0.1
_OK, _CLIENT_ERROR, _TOO_MANY, _SERVER_ERROR = 200, 400, 429, 500
_MEDIA_TYPE = "application/cloudevents-batch+json"


@dataclass(slots=True)
class Counts:
    """What became of the events sent so far.

    Attributes:
        accepted: appended by the ledger.
        duplicate: known to it already.
        rejected: refused; the ledger keeps them among its dead letters.
        given_up: never answered within the bound of attempts.
        retries: answers or failures after which a batch was sent again.
    """

    accepted: int = 0
    duplicate: int = 0
    rejected: int = 0
    given_up: int = 0
    retries: int = 0


class IntakeClient:
    """Sends to one server over one kept connection; used by one thread."""

    def __init__(self, base_url: str, stop: threading.Event) -> None:
        """Prepare to speak to `base_url`, e.g. `http://127.0.0.1:8765`; nothing is sent yet.

        Args:
            base_url: scheme `http`, host, port and, perhaps, a path before `/api`.
            stop: ends every wait at once.
        """
        parts = urlsplit(base_url)
        self._path = parts.path.rstrip("/")
        self._stop = stop
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=TIMEOUT_S
        )
        self.counts = Counts()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def post(self, events: Sequence[Event]) -> None:
        """Send `events` as one batch, again and again until answered or the bound is reached.

        A batch that is refused as a whole, without a word on its events, is sent in halves, so that
        one bad event costs no good one.
        """
        body = json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._answered("POST", "/api/v1/events", body)
        if answer is None:
            self.counts.given_up += len(events)
            return
        status, value = answer
        if self._count(value):
            return
        if status < _CLIENT_ERROR:
            self.counts.accepted += len(events)
        elif len(events) > 1:
            middle = len(events) // 2
            self.post(events[:middle])
            self.post(events[middle:])
        else:
            self.counts.rejected += 1

    def get(self, path: str) -> Any:
        """Return the JSON value at `path`, or nothing where there is none to be had now."""
        try:
            status, _, value = self._request("GET", path, None)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None
        return value if status == _OK else None

    def _count(self, value: Any) -> bool:
        """Count what an answer says of each event; return whether it says so."""
        if not isinstance(value, dict):
            return False
        found = [value.get(name) for name in ("appended", "repeated", "refused")]
        numbers = [number for number in found if isinstance(number, int)]
        if len(numbers) < len(found):
            return False
        self.counts.accepted += numbers[0]
        self.counts.duplicate += numbers[1]
        self.counts.rejected += numbers[2]
        return True

    def _answered(self, method: str, path: str, body: bytes) -> tuple[int, Any] | None:
        """Return a final answer; nothing where none came in `ATTEMPTS_MAX`, or at a stop."""
        wait_s = _FIRST_WAIT_S
        for _ in range(ATTEMPTS_MAX):
            asked_s: float | None = None
            try:
                status, asked_s, value = self._request(method, path, body)
                if status != _TOO_MANY and status < _SERVER_ERROR:
                    return status, value
            except (OSError, http.client.HTTPException):
                self._connection.close()
            self.counts.retries += 1
            if self._stop.wait(min(wait_s if asked_s is None else asked_s, WAIT_S_MAX)):
                return None
            wait_s = min(2 * wait_s, WAIT_S_MAX)
        return None

    def _request(self, method: str, path: str, body: bytes | None) -> tuple[int, float | None, Any]:
        """Return status, seconds to wait as the server asks, and the JSON value of the answer.

        Raises:
            OSError, http.client.HTTPException: no answer came.
        """
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = _MEDIA_TYPE
        self._connection.request(method, self._path + path, body, headers)
        response = self._connection.getresponse()
        text = response.read()
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        return response.status, _seconds(response.getheader("Retry-After")), value


def _seconds(text: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header; nothing for the form that is a date."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return float(text)
