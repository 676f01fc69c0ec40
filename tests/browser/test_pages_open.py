"""Each page opens in both languages without an error or a request to the outside, and is drawn."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ledger.record import instant
from tests.golden.language import SHANGHAI

pytestmark = pytest.mark.browser

FONT = "Noto Sans SC"
PATHS = ("/", "/warnings", "/screen/hall", "/efficiency", "/cases/430121-2026-000101", "/cards/{}")


def address(site: Any, path: str, query: str = "") -> str:
    card = site.card_of("430121-2026-000101")
    return f"{site.url}{path.format(card)}{query}"


def fonts_of(page: Page, selector: str) -> set[tuple[str, bool]]:
    """The fonts that drew the text of an element: (family, whether the page brought it)."""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    node = tools.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    found = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    tools.detach()
    return {(font["familyName"], font["isCustomFont"]) for font in found}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_opens_without_an_error_and_without_a_request_to_the_outside(
    quiet_site: Any, page: Page, seen: Any, path: str, lang: str
) -> None:
    answer = page.goto(address(quiet_site, path, f"?lang={lang}"))
    assert answer is not None
    assert answer.status == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if lang == "zh" else "en")
    said = "数据由模拟器生成" if lang == "zh" else "Generated data"
    expect(page.get_by_text(said).first).to_be_visible()
    page.wait_for_timeout(300)  # scripts of the page have run and asked for what they need
    assert seen.errors == []
    assert seen.outside == []


@pytest.mark.parametrize("path", ["/warnings", "/screen/hall"])
def test_chinese_is_drawn_with_the_font_that_the_page_brings(
    quiet_site: Any, page: Page, path: str
) -> None:
    page.goto(address(quiet_site, path))
    page.evaluate("document.fonts.ready")
    (font,) = fonts_of(page, "h1")
    assert font[0].startswith(FONT)
    assert font[1]


def test_the_language_is_remembered_and_can_be_switched_on_every_page(
    quiet_site: Any, page: Page
) -> None:
    page.goto(address(quiet_site, "/warnings"))
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Live warnings")
    page.goto(address(quiet_site, "/efficiency"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Efficiency by department")
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("部门效能统计")


def test_times_are_the_halls_wherever_the_browser_is(quiet_site: Any, page: Page) -> None:
    page.goto(address(quiet_site, "/warnings"))
    shown = page.locator("[data-pulse-field=clock]")
    expect(shown).to_have_text(re.compile(r"\d\d:\d\d"))
    now = instant(quiet_site.hall.now_us(), SHANGHAI)
    minutes = {(now + timedelta(minutes=off)).strftime("%H:%M") for off in (-1, 0, 1)}
    assert shown.text_content() in minutes
    expect(page.locator(".card time").first).to_have_text("11-23 10:00:00")


def test_a_case_is_found_by_its_number_from_the_start_page(quiet_site: Any, page: Page) -> None:
    page.goto(address(quiet_site, "/"))
    page.get_by_label("办件号").fill("430121-2026-000101")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("430121-2026-000101")


@pytest.mark.parametrize("path", ["/cases/nowhere", "/cards/nowhere", "/records/0/999999"])
def test_what_is_not_there_says_so_and_what_to_do_next(
    quiet_site: Any, page: Page, path: str
) -> None:
    answer = page.goto(address(quiet_site, path))
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("没有找到")).to_be_visible()
    expect(page.get_by_role("link", name="返回首页")).to_be_visible()


def test_the_plot_of_the_efficiency_page_is_drawn_and_its_csv_can_be_had(
    quiet_site: Any, page: Page
) -> None:
    page.goto(address(quiet_site, "/efficiency"))
    expect(page.locator("[data-plot] canvas")).to_be_visible()
    row = page.get_by_role("row", name=re.compile("市场监督管理局"))
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")  # completed
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 CSV").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("path", ["/", "/warnings", "/efficiency", "/cases/430121-2026-000101"])
def test_a_page_fits_a_telephone_without_scrolling_sideways(
    quiet_site: Any, context: BrowserContext, path: str
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address(quiet_site, path))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


CONTRAST = """() => {
  const channels = (text) => text.match(/[0-9.]+/g).map(Number);
  const over = (top, under) => {
    const alpha = top[3] ?? 1;
    return [0, 1, 2].map((i) => top[i] * alpha + under[i] * (1 - alpha));
  };
  const light = (colour) => colour.reduce((sum, value, i) => {
    const part = value / 255;
    const linear = part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][i];
  }, 0);
  const ground = (node) => {
    const colour = channels(getComputedStyle(node).backgroundColor);
    if ((colour[3] ?? 1) === 1) return colour;
    return over(colour, node.parentElement ? ground(node.parentElement) : [255, 255, 255]);
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *:not(svg *)")) {
    const words = [...node.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!words || !node.getClientRects().length || node.matches(".skip")) continue;
    const under = ground(node);
    const ink = over(channels(getComputedStyle(node).color), under);
    const [high, low] = [light(ink), light(under)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) poor.push(`${node.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("path", PATHS)
def test_every_text_has_the_contrast_that_wcag_level_aa_asks_for(
    quiet_site: Any, page: Page, path: str
) -> None:
    page.goto(address(quiet_site, path))
    assert page.evaluate(CONTRAST) == []
