"""A small hall with its pages behind a real server, on a clock set by hand."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from consoles.api.app import create_app
from consoles.api.serve import running
from consoles.bootstrap import open_hall
from consoles.clock import VirtualClock
from consoles.hall import Hall
from consoles.settings import Settings
from ledger.record import micros
from tests.consoles.commands import wait_until

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
"""Tuesday 2026-11-24, 09:30 in the hall."""
NAMES = {
    ("department", "SCJ", "zh"): "市场监督管理局",
    ("department", "SCJ", "en"): "Administration for Market Regulation",
}
_BROWSER = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@dataclass(slots=True)
class Site:
    """A hall with its pages; `get` asks as a browser does."""

    hall: Hall
    url: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=_BROWSER | headers, timeout=20)

    def head(self, path: str) -> httpx.Response:
        return httpx.head(f"{self.url}{path}", headers=_BROWSER, timeout=20)

    def post(self, what: str, subject: str, when: str, **data: Any) -> str:
        """Report one fact at a local time of the hall; its id."""
        id_ = str(next(self._numbers))
        event = {
            "specversion": "1.0",
            "id": id_,
            "source": "/halls/430121/approval",
            "type": f"hall.{what}.v1",
            "subject": subject,
            "time": f"{when}+08:00",
            "data": data,
        }
        answer = httpx.post(f"{self.url}/api/v1/events", json=event, timeout=20)
        assert answer.status_code in (200, 201), answer.text
        return id_

    def accept(self, case: str, when: str, due: str, **more: Any) -> str:
        """Report an acceptance with a promised due instant."""
        facts = {"matter": "M1", "department": "SCJ", "handling_type": "promised", **more}
        return self.post("case.accepted", case, when, promised_due=f"{due}+08:00", **facts)

    def cards(self, subject: str, level: str = "yellow", number: int = 1) -> list[dict[str, Any]]:
        """Wait for so many cards of a subject."""

        def there() -> bool:
            return len(self.hall.readers.cards(subject=subject, level=level).items) >= number

        wait_until(there, f"{number} {level} card of {subject}")
        return list(self.hall.readers.cards(subject=subject, level=level).items)

    def settled(self) -> None:
        """Wait until all that was reported is judged and folded."""

        def still() -> bool:
            status = self.hall.status()
            return not status["supervision_lag"] and not status["projection_lag"]

        wait_until(still, "all is judged")


@contextmanager
def pages_site(folder: Path, **settings: Any) -> Iterator[Site]:
    """Serve an empty hall at `NOW`."""
    hall = open_hall(
        Settings(data=folder / "hall", name="长河县政务服务中心", **settings),
        role="supervise",
        clock=lambda _: VirtualClock(micros(NOW), speed=1),
        names=NAMES,
    )
    try:
        hall.engine.start()
        with running(create_app(hall), port=0) as served:
            yield Site(hall, served.url)
    finally:
        hall.close()
