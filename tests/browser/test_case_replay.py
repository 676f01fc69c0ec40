"""The replay of a case: what had happened by a moment, what was known by a moment."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CASE = "430121-2026-000101"


@pytest.fixture
def rescinded(site: Any) -> Any:
    """The yellow card was taken back by a completion that was reported late."""
    site.post("completed", CASE, "2026-11-20T10:00:00", outcome="granted")
    end = 200
    while site.hall.readers.card(site.card_of(CASE))["live"] and end:
        end -= 1
    return site


def test_the_sliders_show_what_had_happened_and_what_was_known(
    rescinded: Any, page: Page, seen: Any
) -> None:
    page.goto(f"{rescinded.url}/cases/{CASE}")
    moments = page.locator(".moment")
    expect(page.locator("[data-part=state]")).to_contain_text("已撤牌")
    whole = moments.count()
    known = page.get_by_label("已知晓到")
    known.focus()
    for _ in range(2):  # back before the ledger learned of the completion
        page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-part=state]")).not_to_contain_text("已撤牌")
    expect(page.locator("[data-part=state]")).to_contain_text("黄牌")
    assert moments.count() < whole
    page.keyboard.press("Home")
    expect(moments).not_to_have_count(whole)
    page.get_by_role("link", name="回到现在").click()
    expect(moments).to_have_count(whole)
    assert seen.errors == []


def test_what_the_sliders_show_has_an_address(rescinded: Any, page: Page) -> None:
    page.goto(f"{rescinded.url}/cases/{CASE}")
    page.get_by_label("已发生到").focus()
    page.keyboard.press("Home")
    expect(page.locator(".moment")).to_have_count(1)
    page.wait_for_url("**as_of=2026-11-12T10*")
    page.reload()
    expect(page.locator(".moment")).to_have_count(1)
    expect(page.locator("output").first).to_have_text("11-12 10:00:00")


def test_facts_findings_and_ticks_are_drawn_apart_and_a_late_one_is_marked(
    rescinded: Any, page: Page
) -> None:
    page.goto(f"{rescinded.url}/cases/{CASE}")
    for family in ("fact", "finding"):
        expect(page.locator(f".family-{family} .dot svg").first).to_be_visible()
    late = page.locator(".family-fact", has_text="办结").locator(".tag.late")
    expect(late).to_contain_text("迟报")


def test_the_raw_record_is_one_click_away(rescinded: Any, page: Page) -> None:
    page.goto(f"{rescinded.url}/cases/{CASE}")
    page.locator("details.raw summary").first.click()
    expect(page.locator("details.raw pre").first).to_contain_text('"type": "hall.case.accepted.v1"')


def test_a_time_that_cannot_be_read_is_said_to_be_so(site: Any, page: Page) -> None:
    answer = page.goto(f"{site.url}/cases/{CASE}?as_of=yesterday")
    assert answer is not None
    assert answer.status == 400
    expect(page.get_by_text("yesterday")).to_be_visible()
