"""The public screen tells no case and no person, fills every wall, and greys when data stop."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from ledger.errors import LedgerError

pytestmark = pytest.mark.browser

WALLS = [(1280, 720), (1920, 1080), (3840, 2160), (3840, 1080)]
BROKEN = re.compile("is-broken")


def open_screen(site: Any, page: Page, query: str = "") -> None:
    page.goto(f"{site.url}/screen/hall{query}")
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")


def test_the_screen_tells_neither_case_nor_card_nor_clerk(site: Any, page: Page) -> None:
    bodies: list[str] = []

    def keep(answer: Response) -> None:
        if "fragment=frame" in answer.url:
            bodies.append(answer.text())

    page.on("response", keep)
    open_screen(site, page)
    site.accept("430121-2026-000301", "2026-11-13T10:00:00", "2026-11-24T09:10:00", "ZJJ")
    card = site.card_of("430121-2026-000301")
    expect(page.locator(".rolling li")).to_have_count(2)
    page.wait_for_timeout(500)
    assert bodies
    for text in (*bodies, page.content()):
        for secret in ("430121-2026-", "clerk:", card, site.card_of("430121-2026-000101")):
            assert secret not in text


def test_the_screen_shows_counters_lamps_and_day(quiet_site: Any, page: Page) -> None:
    open_screen(quiet_site, page)
    expect(page.locator("[data-figure=open]")).to_have_text("2")
    expect(page.locator(".lamp", has_text="市场监督管理局")).to_have_class(
        re.compile("lamp-yellow")
    )
    expect(page.locator("[data-part=day]")).to_have_text("2026年11月24日 星期二")
    expect(page.locator("[data-part=day-kind]")).to_have_text("工作日")
    expect(page.locator("[data-part=clock]")).to_have_text(re.compile(r"^(09|1\d):[0-5]\d$"))


def test_the_screen_greys_when_the_server_is_gone_and_recovers_by_itself(
    site: Any, page: Page
) -> None:
    open_screen(site, page)
    expect(page.locator("html")).not_to_have_class(BROKEN)
    site.stop()
    expect(page.locator("html")).to_have_class(BROKEN, timeout=8_000)
    expect(page.get_by_text(re.compile(r"数据中断\s+(09|1\d):[0-5]\d\s+起"))).to_be_visible()
    drained = "getComputedStyle(document.querySelector('.frame')).filter"
    assert "grayscale(1)" in page.evaluate(drained)
    site.start()
    expect(page.locator("html")).not_to_have_class(BROKEN, timeout=15_000)
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live", timeout=15_000)


def test_the_screen_greys_when_the_server_answers_but_its_data_stand_still(
    site: Any, page: Page
) -> None:
    page.clock.install()
    open_screen(site, page)
    site.hall.engine.stop()
    site.hall.engine.failure = LedgerError("The engine stopped, for this test.")
    page.wait_for_timeout(3_000)
    expect(page.locator("html")).not_to_have_class(BROKEN)
    page.clock.fast_forward(31_000)
    expect(page.locator("html")).to_have_class(BROKEN)
    site.hall.engine.failure = None
    page.clock.fast_forward(3_000)
    expect(page.locator("html")).not_to_have_class(BROKEN)


@pytest.mark.parametrize(("width", "height"), WALLS)
def test_the_screen_fills_a_wall_and_cuts_nothing_off(
    quiet_site: Any, page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    open_screen(quiet_site, page, "?kiosk=1")
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    cut = page.evaluate(
        """[...document.querySelectorAll(".panel, .counters div, .lamp, .rolling .what")]
        .filter((box) => box.scrollHeight > box.clientHeight + 1
          || box.scrollWidth > box.clientWidth + 1)
        .map((box) => box.textContent.trim())"""
    )
    assert cut == []


def test_the_kiosk_hides_controls_and_cursor(quiet_site: Any, page: Page) -> None:
    open_screen(quiet_site, page, "?kiosk=1")
    expect(page.locator(".controls")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).cursor") == "none"


def test_the_feed_never_grows(site: Any, page: Page) -> None:
    open_screen(site, page)
    for number in range(310, 320):
        site.accept(f"430121-2026-000{number}", "2026-11-13T10:00:00", "2026-11-24T09:10:00")
    site.card_of("430121-2026-000319")
    expect(page.locator(".rolling li")).to_have_count(6, timeout=30_000)
