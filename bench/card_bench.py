"""Seconds until a card is on the page: from the fact that shows it, and from its instant alone.

A whole hall runs in a process of its own; this one listens to the live stream that the pages listen
to, and posts. The two processes share the machine's clock, so instants can be compared.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import Row
from bench.http_bench import server

GRACE_S = 5.0
"""`report_grace_seconds` of the pack of three levels; a tick's instant is the due one plus it."""
_PATIENCE_S = 30.0


class Page:
    """A listener of the live stream that notes when each case's first card came."""

    def __init__(self, port: int) -> None:
        """Open the stream."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
        self._connection.request("GET", "/api/v1/live")
        self._stream = self._connection.getresponse()
        self._came: dict[str, float] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, name="bench-page", daemon=True).start()

    def came(self, case: str) -> float:
        """Return the instant at which a case's card came, in seconds; waits for it.

        Raises:
            TimeoutError: none came.
        """
        with self._news:
            if not self._news.wait_for(lambda: case in self._came, _PATIENCE_S):
                raise TimeoutError(f"No card of {case} within {_PATIENCE_S} s.")
            return self._came[case]

    def _listen(self) -> None:
        event = ""
        for line in self._stream:
            if line.startswith(b"event: "):
                event = line[7:].strip().decode()
            elif line.startswith(b"data: ") and event == "card":
                with self._news:
                    self._came.setdefault(json.loads(line[6:])["case"], time.time())
                    self._news.notify_all()


def until_the_page(folder: Path, *, posted: int = 40, awaited: int = 20) -> list[Row]:
    """Post facts that show a card at once, and facts whose limit passes by time alone."""
    place = folder / "cards"
    place.mkdir()
    with _page(place) as (post, page):
        by_fact = []
        for number in range(posted):
            case = f"430100-20261124-{number:04d}"
            begun = time.time()
            post(_acceptance(case, promised_due=begun - 86_400))
            by_fact.append(page.came(case) - begun)
        due_at: dict[str, float] = {}
        for number in range(awaited):
            case = f"430100-20261125-{number:04d}"
            due_at[case] = time.time() + 1.0
            post(_acceptance(case, promised_due=due_at[case]))
            time.sleep(0.05)
        by_time = [page.came(case) - due - GRACE_S for case, due in due_at.items()]
    return [
        Row("from POST to the card on the live stream, p50", _percentile(by_fact, 50), "s"),
        Row("… p99", _percentile(by_fact, 99), "s", 1.0, at_most=True),
        Row("from a tick's instant to the card, p50", _percentile(by_time, 50), "s"),
        Row("… p99", _percentile(by_time, 99), "s", 2.0, at_most=True),
    ]


@contextmanager
def _page(folder: Path) -> Iterator[tuple[Callable[[dict[str, Any]], None], Page]]:
    with server(folder, "hall") as port:
        page = Page(port)
        sender = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)

        def post(event: dict[str, Any]) -> None:
            headers = {"Content-Type": "application/json"}
            sender.request("POST", "/api/v1/events", json.dumps(event), headers)
            answer = sender.getresponse()
            told = answer.read()
            if answer.status >= http.client.MULTIPLE_CHOICES:
                raise RuntimeError(told.decode())

        try:
            yield post, page
        finally:
            sender.close()


def _acceptance(case: str, *, promised_due: float) -> dict[str, Any]:
    """Return an acceptance of three days ago that declares when it is due."""
    accepted = datetime.now(UTC) - timedelta(days=3)
    return {
        "specversion": "1.0",
        "type": "hall.case.accepted.v1",
        "source": "/halls/430100/approval",
        "id": f"{case}-a",
        "subject": case,
        "time": accepted.isoformat(),
        "data": {
            "matter": "M0001",
            "hall": "430100",
            "department": "D001",
            "handling_type": "promised",
            "promised_due": datetime.fromtimestamp(promised_due, UTC).isoformat(),
        },
    }


def _percentile(values: list[float], rank: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * rank // 100)]
