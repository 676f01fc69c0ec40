"""A small real hall behind a real server, and a browser that may speak to nothing else.

The hall runs on a virtual clock from a working morning on, so that a test shows the same at night
and on Sundays. Nothing is stood in for: facts go in by HTTP, supervision and projections run as
they do in service.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from consoles.api.app import create_app
from consoles.api.serve import Running, running
from consoles.bootstrap import open_hall
from consoles.clock import VirtualClock
from consoles.hall import Hall
from consoles.pages.port import PagesHall
from consoles.settings import Settings
from ledger.record import micros

if TYPE_CHECKING:  # the package may be missing: then one test says so, and no other is collected
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Page,
        Request,
        WebError,
    )

collect_ignore_glob = [] if find_spec("playwright") else ["test_[!b]*.py"]

MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
"""Tuesday 2026-11-24, 09:30 in the hall."""
HALL = "430121"
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = {
    ("department", "SCJ", "zh"): "市场监督管理局",
    ("department", "SCJ", "en"): "Administration for Market Regulation",
    ("department", "ZJJ", "zh"): "住房和城乡建设局",
    ("department", "ZJJ", "en"): "Housing and Urban-Rural Development Bureau",
    ("matter", "M1", "zh"): "食品经营许可",
    ("matter", "M1", "en"): "Food business licence",
}


@dataclass(slots=True)
class Site:
    """A hall with its pages."""

    hall: Hall
    _server: ExitStack = field(default_factory=ExitStack)
    _running: Running | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        """Where it answers."""
        assert self._running is not None
        return self._running.url

    def start(self) -> None:
        """Serve; again on the same port after a stop."""
        port = self._running.port if self._running else 0
        self._running = self._server.enter_context(running(create_app(self.hall), port=port))

    def stop(self) -> None:
        """Stop the server; the hall behind it goes on."""
        self._server.close()

    def post(self, what: str, case: str, time_: str, **data: Any) -> None:
        """Report one fact of a case, as a source system would.

        Args:
            what: the type without family and version, e.g. `accepted`.
            case: the case id.
            time_: local time of the hall, e.g. `2026-11-12T10:00:00`.
            data: the fact.
        """
        event = {
            "specversion": "1.0",
            "id": str(next(self._numbers)),
            "source": f"/halls/{HALL}/approval",
            "type": f"hall.case.{what}.v1",
            "subject": case,
            "time": f"{time_}+08:00",
            "data": data,
        }
        answer = httpx.post(f"{self.url}/api/v1/events", json=event, timeout=10)
        assert answer.status_code in (200, 201), answer.text

    def accept(self, case: str, accepted: str, due: str, department: str = "SCJ") -> None:
        """Report an acceptance with a promised due instant, in local times of the hall."""
        self.post(
            "accepted",
            case,
            accepted,
            matter="M1",
            hall=HALL,
            department=department,
            handling_type="promised",
            clerk_ref="clerk:4301-017",
            promised_due=f"{due}+08:00",
        )

    def card_of(self, case: str, level: str = "yellow", within_s: float = 10.0) -> str:
        """Wait until the read model holds a card of a case; its id."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            for card in self.hall.readers.cards(subject=case, level=level).items:
                return str(card["card_id"])
            time.sleep(0.005)
        raise AssertionError(f"no {level} card of {case} within {within_s} s")


@contextmanager
def small_hall(folder: Path) -> Iterator[Site]:
    """Serve a hall with one standing yellow card, one running limit and one completed case."""
    hall = open_hall(
        Settings(data=folder, name="长河县政务服务中心"),
        role="supervise",
        clock=lambda _: VirtualClock(micros(MORNING), speed=1),
        generated=True,
        names=NAMES,
    )
    as_pages_need_it: PagesHall = hall
    assert as_pages_need_it.is_working_day(MORNING.date())
    made = Site(hall)
    try:
        hall.engine.start()
        made.start()
        made.accept("430121-2026-000101", "2026-11-12T10:00:00", "2026-11-23T10:00:00")
        made.accept("430121-2026-000102", "2026-11-20T10:00:00", "2026-11-27T10:00:00", "ZJJ")
        made.accept("430121-2026-000103", "2026-11-23T09:00:00", "2026-11-27T10:00:00")
        made.post("completed", "430121-2026-000103", "2026-11-23T16:00:00", outcome="granted")
        made.card_of("430121-2026-000101")
        yield made
    finally:
        made.stop()
        hall.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A small hall that the test may change."""
    with small_hall(tmp_path / "hall") as made:
        yield made


@pytest.fixture(scope="session")
def quiet_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small hall for tests that only look."""
    with small_hall(tmp_path_factory.mktemp("quiet") / "hall") as made:
        yield made


@pytest.fixture(scope="session")
def browser(chromium: str) -> "Iterator[Browser]":
    """The system's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


@dataclass(slots=True)
class Seen:
    """What a browser said and asked for while a test ran."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, context: "BrowserContext") -> None:
        """Note every error and every request that leaves this machine."""
        errors, outside = self.errors, self.outside

        def said(message: "ConsoleMessage") -> None:
            if message.type == "error":
                errors.append(message.text)

        def raised(error: "WebError") -> None:
            errors.append(str(error.error))

        def asked(request: "Request") -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:")):
                outside.append(request.url)

        context.on("console", said)
        context.on("weberror", raised)
        context.on("request", asked)


@pytest.fixture
def seen() -> Seen:
    """The notes of this test."""
    return Seen()


@pytest.fixture
def context(browser: "Browser", seen: Seen) -> "Iterator[BrowserContext]":
    """A browser without memory, of a visitor who lives in another zone than the hall."""
    made = browser.new_context(timezone_id="America/New_York", locale="en-US")
    made.set_default_timeout(10_000)
    seen.watch(made)
    yield made
    made.close()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    """One tab."""
    return context.new_page()
