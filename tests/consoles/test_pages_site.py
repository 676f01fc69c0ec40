"""The pages as a running hall answers them: addresses, methods, names, cards of many clocks."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from consoles.catalogue.publishing import changes, publish, published
from consoles.hall import Hall
from consoles.pages.routes import router
from ledger.catalogue import Department, Entry, Matter
from ledger.record import micros
from tests.consoles.commands import wait_until
from tests.consoles.pages_site import NOW, Site, pages_site

CASE = "430121-2026-000101"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hall under the pack of Hunan: late cases, a complaint and a consultation unanswered."""
    with pages_site(tmp_path_factory.mktemp("pages")) as made:
        made.accept(CASE, "2026-11-12T10:00:00", "2026-11-23T10:00:00")
        made.accept("equal-1", "2026-11-12T10:00:00", "2026-11-23T17:00:00")
        made.accept("equal-2", "2026-11-12T10:00:00", "2026-11-23T17:00:00",
                    handling_type="special")  # fmt: skip
        made.accept("equal-3", "2026-11-12T10:00:00", "2026-11-23T17:00:00")
        due = {"department": "SCJ", "due": "2026-11-23T10:00:00+08:00"}
        made.post("complaint.filed", "TS-1", "2026-11-16T10:00:00", case=CASE, **due)
        made.post("complaint.accepted", "TS-1", "2026-11-16T11:00:00", **due)
        made.post("consultation.asked", "ZX-1", "2026-11-16T10:00:00", **due)
        for subject in (CASE, "equal-1", "equal-2", "equal-3", "TS-1", "ZX-1"):
            made.cards(subject)
        made.settled()
        yield made


def words(text: str) -> str:
    """The text of a page as a reader sees it, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def feed(text: str) -> list[str]:
    """The cards of the board, each as its words."""
    return [words(each) for each in re.findall(r'<li class="card .*?</li>', text, re.DOTALL)]


# --- addresses and methods ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/warnings", "/rules", "/screen/hall", "/efficiency", f"/cases/{CASE}", "/pulse",
     f"/cases/{CASE}/explanation", "/static/hall.css", "/nowhere", "/cases/nowhere"],
)  # fmt: skip
def test_head_is_answered_as_get_is_without_the_body(site: Site, path: str) -> None:
    got, head = site.get(path), site.head(path)
    assert head.status_code == got.status_code
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.content == b""
    assert got.content


def test_every_page_takes_get_and_head_and_nothing_else() -> None:
    assert {tuple(sorted(route.methods)) for route in router.routes} == {("GET", "HEAD")}  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/nowhere", "/cards", "/records/0", "/screen"])
def test_an_unknown_address_is_a_page_to_a_browser(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "这个地址没有页面" in answer.text
    assert "There is no page at this address" in site.get(f"{path}?lang=en").text


def test_an_unknown_address_is_a_problem_to_a_program_and_always_in_the_api(site: Site) -> None:
    for answer in (site.get("/nowhere", accept="*/*"), site.get("/api/v1/nowhere")):
        assert answer.status_code == 404
        assert answer.json()["code"] == "request.not-found"


def test_a_parameter_that_a_page_cannot_read_is_a_page_too(site: Site) -> None:
    answer = site.get("/efficiency?from=yesterday&lang=en")
    assert answer.status_code == 422
    assert "A parameter is not valid" in answer.text
    assert "yesterday" in answer.text


# --- the board ------------------------------------------------------------------------------------


def test_a_card_says_which_clock_it_is_about_and_links_to_its_rule(site: Site) -> None:
    by_subject = {
        subject: card
        for card in re.findall(r'<li class="card .*?</li>', site.get("/warnings").text, re.DOTALL)
        for subject in (CASE, "TS-1", "ZX-1")
        if f'/cases/{subject}"' in card
    }
    for subject, clock, number, rule in (
        (CASE, "办件", "办件号", "handling-limit"),
        ("TS-1", "投诉", "投诉号", "complaint-limit"),
        ("ZX-1", "咨询", "咨询号", "consultation-limit"),
    ):
        card = by_subject[subject]
        assert f'<span class="tag about">{clock}</span>' in card
        assert number in words(card)
        assert f'href="/rules?pack=hunan#{rule}"' in card


def test_a_special_case_stands_first_among_those_that_passed_at_one_instant(site: Site) -> None:
    equals = [card for card in feed(site.get("/warnings?level=yellow").text) if "equal-" in card]
    assert len(equals) == 3
    assert "equal-2" in equals[0]
    assert "特办" in equals[0]
    assert not any("特办" in card for card in equals[1:])


def test_no_english_board_shows_the_code_of_a_rule_instead_of_its_name(site: Site) -> None:
    for card in feed(site.get("/warnings?lang=en").text):
        assert not re.search(r"\b[a-z]+(-[a-z]+)*-limit\b", card)
        assert re.search(r"Handling|Answer to a consultation|Handling of a complaint", card)


# --- histories ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "zh", "en", "clock"),
    [("TS-1", "投诉经过", "Complaint replay", "投诉办理时限"),
     ("ZX-1", "咨询经过", "Consultation replay", "咨询答复时限")],
)  # fmt: skip
def test_a_complaint_and_a_consultation_have_a_history_of_their_own(
    site: Site, subject: str, zh: str, en: str, clock: str
) -> None:
    text = words(site.get(f"/cases/{subject}").text)
    assert zh in text
    assert clock in text
    assert "阶段" not in text  # a phase is of cases
    assert en in words(site.get(f"/cases/{subject}?lang=en").text)


def test_a_case_shows_its_clock_its_card_and_its_findings_by_name(site: Site) -> None:
    case = "430121-2026-000301"
    site.accept(case, "2026-11-20T10:00:00", "2026-12-10T10:00:00")
    stop = site.post("case.clock-stopped", case, "2026-11-20T11:00:00", procedure="testing")
    url = f"/cases/{case}"
    wait_until(lambda: "特别程序未书面告知申请人" in site.get(url).text, "the finding")
    text = site.get(url).text
    assert f"特别程序开始（停表） #{stop}" in text
    assert 'href="/rules#stop-without-notice"' in text
    assert "停表中" in words(text)
    assert "没有异常" not in text
    english = words(site.get(f"{url}?lang=en").text)
    assert "a special procedure without a written notice to the applicant" in english


def test_deemed_acceptance_is_named_under_the_statute(tmp_path: Path) -> None:
    with pages_site(tmp_path, pack="statutory") as site:
        site.post("case.received", "C-1", "2026-11-02T10:00:00", matter="M1", department="SCJ")
        wait_until(lambda: "视为受理" in site.get("/cases/C-1").text, "deemed acceptance")
        text = words(site.get("/cases/C-1").text)
        assert "自收件之日（11-02 10:00:00）起视为受理" in text
        assert "补正告知时限" in text
        english = words(site.get("/cases/C-1?lang=en").text)
        assert "Deemed accepted from its receipt on (11-02 10:00:00)" in english


# --- names and rules ------------------------------------------------------------------------------


def put(hall: Hall, since: datetime, *entries: Entry) -> None:
    """Publish entries of the catalogue as `hall catalogue publish` does."""
    known, since_us = published(hall.log), micros(since)
    publish(hall.log, known, changes(known, entries, since_us), since_us, hall.settings.zone)


def test_names_come_from_the_catalogue_where_it_publishes_one(tmp_path: Path) -> None:
    with pages_site(tmp_path) as site:
        hall = site.hall
        assert hall.name_of("department", "SCJ", "zh") == "市场监督管理局"
        assert hall.name_of("matter", "M1", "zh") is None
        licence = Matter(code="M1", name="食品经营许可", name_en="Food business licence",
                         department="SCJ")  # fmt: skip
        put(hall, NOW - timedelta(days=4), Department(code="SCJ", name="市监局"), licence)
        put(hall, NOW + timedelta(days=4), Matter(code="M2", name="后施行", department="SCJ"))

        wait_until(lambda: hall.name_of("matter", "M1", "zh") == "食品经营许可", "the name")
        assert hall.name_of("department", "SCJ", "zh") == "市监局"
        assert hall.name_of("matter", "M1", "en") == "Food business licence"
        assert hall.name_of("matter", "M2", "zh") is None  # not in force yet
        # The catalogue has no English name: the configured English one, not the Chinese one.
        assert hall.name_of("department", "SCJ", "en") == "Administration for Market Regulation"


def test_the_rules_in_force_are_those_that_the_ledger_has_published(site: Site) -> None:
    assert site.hall.pack_in_force().name == "hunan"
    assert set(site.hall.packs()) >= {"hunan", "statutory", "chengdu"}
    text = site.get("/rules").text
    assert "现行规则包" in text
    assert site.hall.pack_in_force().version in text
    other = site.get("/rules?pack=statutory&lang=en").text
    assert "Not in force" in other
    assert "Administrative Licensing Law" in other
    assert "没有名为“nothing”的规则包" in site.get("/rules?pack=nothing").text
