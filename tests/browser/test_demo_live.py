"""The demo in real time: cards come onto an open page by themselves, and pages outlive the server.

How soon they come is printed here and measured by `make bench`; a loaded machine fails no test.
One demo runs at its own speed for as long as it takes: about two minutes of wall time.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from consoles.demo.town import start_instant
from ledger.case_events import ClockStopped
from ledger.findings import CardIssued, CardRescinded
from ledger.record import micros
from tests.consoles.commands import Server, hall, records, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SPEED = 60
WATCHED_S = 95.0
TWO_MINUTES_US = 120 * SPEED * 1_000_000
BY_ITSELF_S = 10.0
GRACE = timedelta(seconds=5, microseconds=1)
BROKEN = re.compile("is-broken")
SAMPLES = 20
CLOCK_ERROR_S = 0.25

# Notes when each card first stands in the feed, by the clock of the machine.
WATCH = """
window.appeared = {};
const note = () => {
  for (const card of document.querySelectorAll('.feed > li[id^="card-"]')) {
    window.appeared[card.id.slice(5)] ??= Date.now();
  }
};
new MutationObserver(note).observe(document, { childList: true, subtree: true });
"""


class Clocks(NamedTuple):
    """The hall's clock beside the machine's, read at one moment."""

    hall: datetime
    machine_s: float

    def machine(self, at: datetime) -> float:
        """When the machine's clock shows what the hall's shows as `at`."""
        return self.machine_s + (at - self.hall).total_seconds() / SPEED


def clocks(server: Server) -> Clocks:
    """Read both clocks, by the quickest of several answers."""
    found: list[tuple[float, Clocks]] = []
    for _ in range(SAMPLES):
        before_s = time.time()
        now = datetime.fromisoformat(server.json("/api/v1/warnings")["now"])
        took_s = time.time() - before_s
        found.append((took_s, Clocks(now, before_s + took_s / 2)))
    took_s, best = min(found)
    assert took_s < CLOCK_ERROR_S
    return best


class Seen(NamedTuple):
    """A card and when it came onto the open page."""

    card: dict[str, Any]
    appeared_s: float

    @property
    def by_time_alone(self) -> bool:
        """Whether a tick brought it, and no fact."""
        return self.at("detected_at") == self.at("effective_at") + GRACE

    def at(self, name: str) -> datetime:
        return datetime.fromisoformat(self.card[name])


def watched(server: Server, page: Page) -> list[Seen]:
    """Watch the open console; the cards that came while it was watched."""
    page.add_init_script(WATCH)
    page.goto(f"{server.url}/warnings")
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")
    there = set(page.evaluate("Object.keys(window.appeared)"))
    page.wait_for_timeout(WATCHED_S * 1_000)
    appeared = page.evaluate("window.appeared")
    cards = {card["card_id"]: card for card in server.json("/api/v1/cards?limit=500")["items"]}
    return [Seen(cards[id_], ms / 1_000) for id_, ms in appeared.items() if id_ not in there]


def show_delays(what: str, delays: list[float]) -> None:
    print(f"{what}: {', '.join(f'{delay:.3f}' for delay in sorted(delays))} s")


@pytest.fixture
def screen(context: BrowserContext) -> Iterator[Page]:
    """A second tab, for the public screen."""
    opened = context.new_page()
    yield opened
    opened.close()


def test_the_demo_shows_cards_greys_without_its_server_and_recovers(
    tmp_path: Path, page: Page, screen: Page
) -> None:
    folder = tmp_path / "hall"
    demo = ["--data", folder, "demo", "--no-browser"]
    with serving(*demo, "--port", 0) as server:
        port = server.url.rpartition(":")[2]
        before = clocks(server)
        seen = [each for each in watched(server, page) if each.at("detected_at") >= before.hall]
        after = clocks(server)
        check_delays(seen, before)
        drift_s = after.machine_s - before.machine(after.hall)
        assert abs(drift_s) < CLOCK_ERROR_S, "the hall's clock does not run at its speed"
        screen.goto(f"{server.url}/screen/hall")
        expect(screen.locator("[data-link]")).to_have_attribute("data-link", "live")
        expect(screen.locator("html")).not_to_have_class(BROKEN)
        assert server.end().code == 0
    check_greyed(screen)
    with serving(*demo, "--port", port) as server:
        expect(screen.locator("html")).not_to_have_class(BROKEN, timeout=20_000)
        expect(screen.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=20_000)
        expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=20_000)
        assert server.end().code == 0
    check_first_two_minutes(folder)
    checked = hall("--data", folder, "rebuild", "--check", "--json")
    assert (checked.code, checked.json()["identical"]) == (0, True)


def check_delays(seen: list[Seen], by: Clocks) -> None:
    """From a tick's instant, and from a card's recording, to the card on the open page."""
    of_ticks = [each for each in seen if each.by_time_alone]
    since_tick = [each.appeared_s - by.machine(each.at("detected_at")) for each in of_ticks]
    since_recorded = [each.appeared_s - by.machine(each.at("recorded_at")) for each in seen]
    show_delays("from a tick's instant to the page", since_tick)
    show_delays("from recordedtime to the page", since_recorded)
    assert len(of_ticks) >= 2
    assert min(since_tick) > -CLOCK_ERROR_S
    assert max(*since_tick, *since_recorded) <= BY_ITSELF_S


def check_greyed(screen: Page) -> None:
    expect(screen.locator("html")).to_have_class(BROKEN, timeout=10_000)
    expect(screen.get_by_text(re.compile(r"数据中断\s+\d\d:\d\d\s+起"))).to_be_visible()


def check_first_two_minutes(folder: Path) -> None:
    """At its own speed the demo shows each of these within two minutes of its start."""
    end_us = start_instant() + TWO_MINUTES_US
    told = [
        record.data
        for record in records(folder)
        if record.recordedtime is not None and micros(record.recordedtime) <= end_us
    ]
    levels = {data.level for data in told if isinstance(data, CardIssued)}
    assert levels == {"warning", "yellow", "red"}
    assert any(isinstance(data, ClockStopped) for data in told)
    assert any(isinstance(data, CardRescinded) for data in told)
