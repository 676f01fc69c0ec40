"""The live console: cards arrive by themselves, are explained, and are struck if taken back."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

pytestmark = pytest.mark.browser


def open_console(site: Any, page: Page, query: str = "") -> None:
    page.goto(f"{site.url}/warnings{query}")
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")


def test_a_new_card_comes_onto_the_page_by_itself(site: Any, page: Page, seen: Any) -> None:
    open_console(site, page)
    site.accept("430121-2026-000201", "2026-11-13T10:00:00", "2026-11-24T09:10:00", "ZJJ")
    card = site.card_of("430121-2026-000201")
    page.wait_for_selector(f"#card-{card}")
    expect(page.locator(".feed > li").first).to_have_id(f"card-{card}")
    expect(page.locator("[data-speaker]")).to_contain_text("黄牌")
    assert seen.errors == []


def test_a_level_is_told_by_shape_and_word_beside_its_colour(quiet_site: Any, page: Page) -> None:
    open_console(quiet_site, page)
    chip = page.locator(".card .level").first
    expect(chip).to_have_text("黄牌")
    expect(chip.locator("svg rect")).to_be_visible()


def test_a_card_that_late_evidence_takes_back_is_struck_through_with_its_reason(
    site: Any, page: Page
) -> None:
    open_console(site, page)
    site.post("completed", "430121-2026-000101", "2026-11-20T10:00:00", outcome="granted")
    card = page.locator(f"#card-{site.card_of('430121-2026-000101')}")
    expect(card).to_have_class(re.compile("is-rescinded"))
    expect(card).to_contain_text("迟到的证据表明当时未超限")
    struck = "getComputedStyle(document.querySelector('.is-rescinded .level')).textDecorationLine"
    assert page.evaluate(struck) == "line-through"


def test_the_explanation_opens_beside_the_feed_under_an_address_of_its_own(
    quiet_site: Any, page: Page
) -> None:
    card = quiet_site.card_of("430121-2026-000101")
    open_console(quiet_site, page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog")
    expect(panel.get_by_text("逐段明细")).to_be_visible()
    expect(panel.get_by_text("湖南省电子监察规则说明").first).to_be_visible()
    expect(page).to_have_url(re.compile(f"/cards/{card}$"))
    lines = panel.locator(".statement tbody tr:visible").count()
    assert lines > 5
    panel.get_by_label("逐段显示").check()
    assert panel.locator(".statement tbody tr:visible").count() > lines
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page).to_have_url(re.compile("/warnings$"))


def test_each_line_of_the_explanation_leads_to_its_record(quiet_site: Any, page: Page) -> None:
    page.goto(f"{quiet_site.url}/cards/{quiet_site.card_of('430121-2026-000101')}")
    page.locator(".statement tbody a:visible").first.click()
    assert '"hall.case.accepted.v1"' in page.content()


def test_the_filter_narrows_the_feed_and_survives_news(site: Any, page: Page) -> None:
    open_console(site, page, "?department=ZJJ")
    expect(page.locator("[data-empty]")).to_be_visible()
    site.accept("430121-2026-000202", "2026-11-13T10:00:00", "2026-11-24T09:10:00", "ZJJ")
    card = site.card_of("430121-2026-000202")
    expect(page.locator(f"#card-{card}")).to_be_visible()
    assert page.locator(".feed > li").count() == 1
    expect(page.locator("[data-empty]")).to_be_hidden()


def test_the_nearest_limit_stands_beside_the_feed(quiet_site: Any, page: Page) -> None:
    open_console(quiet_site, page)
    nearest = page.locator("[data-part=limits] li").first
    expect(nearest).to_contain_text("430121-2026-000102")
    expect(nearest).to_contain_text("距到限")


def test_the_console_comes_back_by_itself_after_the_server_was_gone(site: Any, page: Page) -> None:
    open_console(site, page)
    site.stop()
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "waiting")
    site.start()
    site.accept("430121-2026-000203", "2026-11-13T10:00:00", "2026-11-24T09:10:00")
    card = site.card_of("430121-2026-000203")
    expect(page.locator(f"#card-{card}")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-link]")).to_have_attribute("data-link", "live")


def test_eight_tabs_of_one_browser_all_stay_live(site: Any, context: BrowserContext) -> None:
    tabs = [context.new_page() for _ in range(8)]
    for tab in tabs:
        open_console(site, tab)
    site.accept("430121-2026-000204", "2026-11-13T10:00:00", "2026-11-24T09:10:00")
    card = site.card_of("430121-2026-000204")
    for tab in tabs:
        expect(tab.locator(f"#card-{card}")).to_be_visible()
    tabs[0].close()  # the tab that read the stream for all
    site.accept("430121-2026-000205", "2026-11-13T10:00:00", "2026-11-24T09:10:00")
    card = site.card_of("430121-2026-000205")
    for tab in tabs[1:]:
        expect(tab.locator(f"#card-{card}")).to_be_visible()
