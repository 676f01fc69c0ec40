"""What the pages say, from values to values; the browser tests show that it is drawn."""

import re
import string
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from consoles.pages import texts
from consoles.pages.efficiency_table import COLUMNS, definitions, efficiency_table, hours, percent
from consoles.pages.record_names import FIELDS, NAMES
from consoles.pages.texts import SENTENCES, choose_lang
from consoles.pages.times import read_instant
from consoles.pages.view_models import (
    ROLLING,
    card_view,
    figures,
    lamps,
    limit_view,
    rolling,
    standing,
    trend,
)
from ledger.events import FACT_TYPES
from tests.consoles.page_rows import CASE, CLERK, HOUR, RESCINDED, at, card_row, reader

PAGES = Path(texts.__file__).parent
STATIC = PAGES / "static"

# --- Sentences, names, times -------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(SENTENCES))
def test_each_sentence_exists_in_both_languages_with_the_same_places_to_fill(key: str) -> None:
    zh, en = SENTENCES[key]
    assert zh
    assert en or key == "screen.since"  # English needs no word after the time

    def places(sentence: str) -> set[str]:
        return {field for _, field, *_ in string.Formatter().parse(sentence) if field}

    assert places(zh) == places(en)
    assert not re.search("[\u4e00-\u9fff]", en)


def test_every_type_of_record_that_the_ledger_knows_has_a_name() -> None:
    assert set(NAMES) == set(FACT_TYPES)


def test_every_field_that_a_timeline_names_is_a_field_of_some_fact() -> None:
    classes: list[Any] = list(FACT_TYPES.values())
    known = {field.name for cls in classes for field in fields(cls)}
    assert set(FIELDS) <= known


@pytest.mark.parametrize(
    ("query", "cookies", "lang"),
    [
        ({}, {}, "zh"),
        ({"lang": "en"}, {}, "en"),
        ({}, {"hall_lang": "en"}, "en"),
        ({"lang": "zh"}, {"hall_lang": "en"}, "zh"),
        ({"lang": "fr"}, {"hall_lang": "<script>"}, "zh"),
    ],
)
def test_the_language_is_asked_for_or_remembered_or_chinese(
    query: Mapping[str, str], cookies: Mapping[str, str], lang: str
) -> None:
    assert choose_lang(query, cookies) == lang


def test_times_are_the_halls_and_name_the_year_only_where_it_is_another() -> None:
    times = reader().times
    assert times.stamp(at("24T09:31:02")) == "11-24 09:31:02"
    assert times.stamp(read_instant("2025-12-31T16:00:00Z")) == "01-01 00:00:00"
    assert times.stamp(read_instant("2025-12-31T15:59:59Z")) == "2025-12-31 23:59:59"
    assert times.stamp(None) == "—"
    assert times.long_day(date(2026, 11, 24)) == "2026年11月24日 星期二"
    assert reader("en").times.long_day(date(2026, 11, 24)) == "Tuesday, 24 November 2026"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-24", "2026-11-24T09:00:00"])
def test_a_time_without_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"offset|isoformat"):
        read_instant(text)


def test_a_plus_that_a_browser_left_unescaped_is_still_read() -> None:
    assert read_instant("2026-11-24T09:00:00 08:00") == at("24T09:00:00")


def test_spans_leave_out_what_is_nought() -> None:
    times = reader().times
    assert times.span(2 * HOUR + 5_000_000) == "2 小时 5 秒"
    assert times.span(0) == "0 秒"
    assert times.wall_span(26 * HOUR) == "1 天 2 小时"
    assert reader("en").times.granted(1, "working_day") == "1 working day"


# --- Cards, limits, screen -----------------------------------------------------------------------


def test_a_card_is_told_with_level_department_matter_time_and_who_answers() -> None:
    card = card_view(card_row(), reader())
    assert (card.level_name, card.department, card.matter) == (
        "黄牌", "市场监督管理局", "公司设立登记",
    )  # fmt: skip
    assert (card.effective, card.responsible) == ("11-24 09:31:02", f"{CLERK} · 审查")
    assert not card.struck


def test_a_code_without_a_published_name_is_shown_as_it_is() -> None:
    assert card_view(card_row(matter="M999", department=None), reader()).matter == "M999"
    assert card_view(card_row(department=None), reader("en")).department == "Not stated"


@pytest.mark.parametrize("state", ["rescinded", "revoked"])
def test_a_card_taken_back_stays_on_the_page_struck_through(state: str) -> None:
    assert card_view(card_row(state=state, live=0), reader()).struck


def test_a_rescinded_card_says_why_and_when() -> None:
    card = card_view(RESCINDED, reader())
    assert (card.rescinded_at, card.rescinded_why) == (
        "11-24 09:55:00", "迟到的证据表明当时未超限",
    )  # fmt: skip


def test_the_version_of_a_card_changes_with_its_state() -> None:
    assert card_view(card_row(), reader()).version != card_view(RESCINDED, reader()).version


def limit_row(**changes: Any) -> dict[str, Any]:
    return {
        "subject": CASE,
        "clock": "handling",
        "handling_type": "promised",
        "department": "SCJ",
        "matter": "M7",
        "next_us": at("24T10:31:00"),
        "next_level": "yellow",
        "promised_due_us": at("24T10:31:00"),
        "statutory_due_us": at("30T10:31:00"),
        "applied_due_us": None,
        "stopped": 0,
        "provisional": 0,
        **changes,
    }


def test_a_limit_tells_the_next_level_its_instant_and_how_long_is_left() -> None:
    limit = limit_view(limit_row(), reader())
    assert (limit.level_name, limit.when) == ("黄牌", "11-24 10:31:00")
    assert limit.dues == "承诺时限 11-24 10:31 · 法定时限 11-30 10:31"
    assert limit.to_go == "距到限 18 分 55 秒"


def test_a_limit_that_has_passed_says_so_instead_of_a_negative_time() -> None:
    assert limit_view(limit_row(next_us=at("24T10:00:00")), reader()).to_go == "已到限"


def test_the_public_screen_tells_neither_case_nor_card_nor_person() -> None:
    told = repr([asdict(line) for line in rolling([card_row(), RESCINDED], reader())])
    for secret in (CASE, CLERK, card_row()["card_id"]):
        assert secret not in told
    assert "市场监督管理局" in told


def test_the_screen_rolls_a_fixed_number_of_lines_that_can_be_told_apart() -> None:
    rows = [card_row(effective_us=at("24T09:00:00") + place) for place in range(40)]
    lines = rolling(rows, reader())
    assert len(lines) == ROLLING
    assert len({line.key for line in lines}) == ROLLING


def test_a_department_keeps_its_place_whatever_its_lamp_shows() -> None:
    dark = [{"department": code, "level": None} for code in ("SCJ", "BDC")]
    lit = [{"department": code, "level": "red"} for code in ("BDC", "SCJ")]
    assert [lamp.name for lamp in lamps(dark, reader())] == [
        lamp.name for lamp in lamps(lit, reader())
    ]
    assert {lamp.word for lamp in lamps(dark, reader())} == {"正常"}


def test_counters_stand_in_the_screens_order_and_are_nought_when_nothing_was_counted() -> None:
    shown = figures({"accepted": 1486}, reader())
    assert [figure.name for figure in shown] == [
        "今日取号", "今日受理", "今日办结", "在办", "临期", "超期", "停表",
    ]  # fmt: skip
    assert [figure.value for figure in shown][:3] == ["0", "1,486", "0"]
    assert [figure.key for figure in standing({}, reader())] == ["red", "yellow", "warning"]


def test_the_trends_highest_bar_fills_the_picture_and_an_empty_day_has_none() -> None:
    bars, top = trend([("2026-11-23", 40, 20), ("2026-11-24", 0, 0)])
    assert top == 40
    assert bars[0].accepted_height == 2 * bars[0].completed_height > 0
    assert bars[1].accepted_height == 0
    assert trend([]) == ([], 0)


# --- Efficiency ----------------------------------------------------------------------------------


def efficiency_row(department: str, **changes: Any) -> dict[str, Any]:
    return {
        "department": department,
        "accepted": 12,
        "completed": 10,
        "open": 3,
        "promised_completed": 10,
        "promised_on_time": 9,
        "warning": 1,
        "yellow": 1,
        "red": 0,
        "taken_back": 1,
        "working_us": 50 * HOUR,
        "p90_us": 8 * HOUR,
        **changes,
    }


def test_a_row_of_the_table_follows_its_definitions() -> None:
    table = efficiency_table([efficiency_row("SCJ")], [], [], 8 * HOUR, reader())
    assert dict(zip(COLUMNS, table.rows[0], strict=True)) == {
        "department": "市场监督管理局", "accepted": "12", "completed": "10", "open": "3",
        "on_time_rate": "90.0%", "warning": "1", "yellow": "1", "red": "0", "taken_back": "1",
        "mean": "5.0", "p90": "8.0",
    }  # fmt: skip


def test_the_total_weighs_cases_not_departments_and_takes_p90_from_all_cases() -> None:
    slow = efficiency_row("BDC", completed=30, promised_completed=30, promised_on_time=30,
                          working_us=30 * HOUR)  # fmt: skip
    total = efficiency_table([efficiency_row("SCJ"), slow], [], [], 6 * HOUR, reader()).total
    assert total[4] == "97.5%"
    assert total[-2:] == ["2.0", "6.0"]


def test_a_ratio_without_cases_is_a_dash_and_one_late_case_never_rounds_to_all() -> None:
    assert percent(0, 0) == percent(None, None) == "—"
    assert percent(99_999, 100_000) == "99.9%"
    assert percent(3, 3) == "100.0%"
    assert hours(None) == "—"


def test_the_plot_adds_departments_of_a_day_and_leaves_out_a_rate_without_cases() -> None:
    days = [
        {"day": "2026-11-24", "accepted": 2, "completed": 4, "promised_completed": 4,
         "promised_on_time": 3},
        {"day": "2026-11-24", "accepted": 1, "completed": 0, "promised_completed": 0,
         "promised_on_time": 0},
        {"day": "2026-11-23", "accepted": 5, "completed": 0, "promised_completed": 0,
         "promised_on_time": 0},
    ]  # fmt: skip
    shown = ["2026-11-22", "2026-11-23", "2026-11-24"]
    plot = efficiency_table([], days, shown, None, reader()).plot
    assert plot["days"] == shown
    assert plot["accepted"] == [0, 5, 3]
    assert plot["on_time_rate"] == [None, None, 75.0]


def test_every_figure_of_the_table_has_a_definition() -> None:
    named = "".join(name for name, _ in definitions(reader()))
    for column in COLUMNS[1:]:
        assert SENTENCES[f"figure.{column}"][0] in named


# --- Files ---------------------------------------------------------------------------------------


def test_every_vendored_file_is_the_one_the_notice_names() -> None:
    notice = (STATIC / "NOTICE").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", notice, re.MULTILINE))
    named = {name: digest for digest, name in listed.items()}
    there = {
        str(path.relative_to(STATIC))
        for folder in ("fonts", "vendor")
        for path in (STATIC / folder).rglob("*")
        if path.is_file()
    }
    assert set(named) == there
    for name, digest in named.items():
        assert sha256((STATIC / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("path", sorted(PAGES.glob("templates/*.html")), ids=lambda p: p.name)
def test_no_template_needs_what_the_content_policy_refuses(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|https?://", text)
    for opening in re.findall(r"<script[^>]*>", text):
        assert "src=" in opening or 'type="application/json"' in opening


def test_own_styles_and_scripts_name_nothing_outside() -> None:
    own = [*STATIC.glob("*.css"), *STATIC.glob("js/*.js"), STATIC / "fonts" / "noto-sans-sc.css"]
    assert len(own) > 6
    for path in own:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?://|@import|url\((?!\./files/)(?!#)", text), path.name
