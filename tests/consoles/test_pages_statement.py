"""What the statement of intervals of a card and of a case says, from values to values."""

import re
from typing import Any

import pytest

from consoles.pages.case_statement import case_statement
from consoles.pages.clock_view import ROWS_MAX, ClockView, clock_view
from consoles.pages.frame import TEMPLATES
from consoles.pages.law_names import basis_text, rule_name
from consoles.pages.statement import statement_view
from consoles.pages.texts import LANGS, SENTENCES, Lang, Texts
from consoles.pages.view_models import card_view
from processors.supervision.rules import ANOMALIES, RULES
from processors.supervision.time_rules import TIME_RULES
from tests.consoles.page_rows import card_row, reader
from tests.consoles.statement_values import ACCEPTED, explanation, limit, note, part


def statement(lang: Lang = "zh", **changes: Any) -> Any:
    who = reader(lang)
    return statement_view(card_view(card_row(), who), card_row(), explanation(**changes), who)


def clock(lang: Lang = "zh", **changes: Any) -> ClockView:
    return clock_view(explanation(**changes), reader(lang))


def test_the_running_sum_of_the_last_line_is_the_time_the_card_states() -> None:
    why = statement()
    assert why.lines[-1].running == "7 小时 30 分"
    assert why.total == "7 小时 30 分（合 1 个工作日 零 30 分）"


def test_one_line_is_marked_as_the_first_beyond_the_limit() -> None:
    crossing = [line for line in statement().lines if line.crossing]
    assert [line.start for line in crossing] == ["11-24 13:00:00"]


def test_no_line_is_marked_where_the_limit_still_lies_ahead() -> None:
    assert not any(line.crossing for line in statement(overdue=0).lines)


def test_each_line_names_its_record_and_its_law_and_leads_to_the_record() -> None:
    lines = statement().lines
    assert {line.record for line in lines} == {"受理 #7701", "特别程序开始（停表） #7701"}
    assert lines[4].record_url == "/records/0/5"
    assert {line.basis for line in lines} == {"《行政许可法》第四十二条"}
    assert {line.basis for line in statement("en").lines} == {
        "Administrative Licensing Law, art. 42"
    }


def test_notes_stand_among_the_lines_at_their_instant() -> None:
    rows = clock().rows
    assert [row.kind for row in rows][-2:] == ["note", "counted"]
    assert (rows[-2].start, rows[-2].reason) == ("11-24 13:00:00", "承诺时限届满")


def test_office_hours_that_follow_each_other_fold_into_one_row_with_the_same_sum() -> None:
    shown = clock()
    assert [(row.kind, row.start, row.end, row.length, row.running) for row in shown.folded] == [
        ("counted", "11-23 09:00:00", "11-23 17:00:00", "7 小时", "7 小时"),
        ("stopped", "11-24 09:00:00", "11-24 12:00:00", "3 小时", "7 小时"),
        ("note", "11-24 13:00:00", "", "", ""),
        ("counted", "11-24 13:00:00", "11-24 13:30:00", "30 分", "7 小时 30 分"),
    ]
    assert len(shown.rows) == 8


def test_a_clock_of_many_years_shows_its_folded_rows_only() -> None:
    spans = explanation()["intervals"][:4] * (ROWS_MAX // 4)
    shown = clock(intervals=spans)
    assert (shown.rows, len(shown.lines)) == ([], ROWS_MAX)
    assert 0 < len(shown.folded) < ROWS_MAX


def test_days_off_by_their_names_are_never_folded_away() -> None:
    day = part("not_working", "holiday", "23T17:00:00", "24T09:00:00", 7, day="国庆节")
    spans = explanation()["intervals"]
    shown = clock("en", intervals=[*spans[:3], day, *spans[4:]])
    assert "holiday · National Day" in [row.reason for row in shown.folded]


def test_where_days_are_counted_the_rows_and_the_total_are_days() -> None:
    days = [
        part("excluded", "opening-day", "23T09:00:00", "24T00:00:00", 0),
        part("counted", "running", "24T00:00:00", "26T00:00:00", 0),
    ]
    days[1] |= {"counted": 2, "running": 2}
    shown = clock(
        "en", measure="working_days", intervals=days, used=2, overdue=1, notes=[],
        limits=[limit("promised", "24T17:00:00", 7, budget=1)], until="2026-11-26T00:00:00+08:00",
    )  # fmt: skip
    assert [(row.start, row.end, row.length, row.running) for row in shown.rows] == [
        ("11-23 09:00:00", "11-23 24:00", "—", "0 working days"),
        ("11-24 00:00", "11-25 24:00", "2 working days", "2 working days"),
    ]
    assert (shown.total, shown.folded) == ("2 working days", [])
    assert "1 working day beyond the promised limit" in shown.sentence


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({}, "overdue", "超出承诺时限 30 分"),
        ({"closed_at": "2026-11-24T13:30:00+08:00"}, "late", "超出承诺时限"),
        ({"until": "2026-11-24T12:00:00+08:00"}, "running", "承诺时限至 11-24 13:00:00"),
        ({"limit": "statutory", "stopped": True}, "stopped", "目前停表"),
        (
            {
                "closed_at": "2026-11-24T12:00:00+08:00",
                "until": "2026-11-24T12:00:00+08:00",
            },
            "closed",
            "在承诺时限内结束",
        ),
        ({"overdue": 0}, "overdue", "承诺时限已到"),
    ],
)
def test_a_clock_says_in_a_sentence_how_it_stands(
    changes: dict[str, Any], state: str, words: str
) -> None:
    shown = clock(**changes)
    assert shown.state == state
    assert words in shown.sentence


def test_a_clock_that_counted_nothing_says_why() -> None:
    told = [note("closed-before-opening", "23T09:00:00")]
    assert "结束记录早于起算" in clock(intervals=[], notes=told).sentence


def test_the_sentence_says_from_when_until_when_how_much_and_how_far_beyond() -> None:
    assert statement().sentence == (
        "自 11-23 09:00:00 起算，至 11-24 13:30:00，已计时 7 小时 30 分（合 1 个工作日 零 30 分），"
        "停表 3 小时 未计入，超出时限 30 分，因此发黄牌。"
    )
    assert "beyond the limit" in statement("en").sentence


def test_a_statement_names_rule_law_pack_and_calendar_and_where_a_limit_came_from() -> None:
    values = [value for _, value in statement().facts]
    for expected in ("办件时限", "《行政许可法》第四十二条", "hunan 2018-10", "cn-2026.1"):
        assert expected in values
    assert "1 个工作日 · 11-24 13:00:00 · 规则包默认 · 《行政许可法》第四十二条" in values


def test_the_calendar_picture_is_without_gaps_and_the_budget_adds_up() -> None:
    shown = statement().picture
    for left, right in zip(shown.calendar, shown.calendar[1:], strict=False):
        assert right.x == pytest.approx(left.x + left.width, abs=0.05)
    assert shown.calendar[-1].x + shown.calendar[-1].width == pytest.approx(1000, abs=0.05)
    (mark,) = shown.marks  # a limit whose length is unknown has no place on the axis
    assert mark.x == pytest.approx(shown.within, abs=0.01)
    assert shown.within / shown.over == pytest.approx(14, rel=0.01)


def test_labels_of_the_picture_stay_inside_it() -> None:
    shown = statement().picture
    for label in (*shown.marks, *shown.ticks):
        assert 0 <= label.label_x <= 1000
        assert label.anchor in ("start", "middle", "end")


def test_a_card_issued_by_hand_has_no_intervals_and_says_so() -> None:
    who = reader()
    why = statement_view(card_view(card_row(), who), card_row(used_us=None), None, who)
    assert why.lines == []
    text = TEMPLATES.get_template("_statement.html").render(t=who.t, why=why)
    assert SENTENCES["why.none"][0] in text


def test_a_card_whose_rule_watches_no_clock_shows_its_meaning_and_the_facts() -> None:
    who = reader("en")
    row = card_row(rule="outcome-without-reason")
    meaning = {"zh": "未注明理由", "en": "a completion without a reason"}
    facts = [ACCEPTED | {"time": "2026-11-23T09:00:00+08:00"}]
    told = {**row, "meaning": meaning, "facts": facts, "intervals": [], "limits": []}
    why = statement_view(card_view(row, who), row, told, who)
    assert why.sentence == "Yellow card: a completion without a reason."
    text = TEMPLATES.get_template("_statement.html").render(t=who.t, why=why)
    assert "11-23 09:00:00" in text
    assert 'href="/records/0/2"' in text


# --- Every clock of a case ------------------------------------------------------------------------

ABOUT = {"hall": "H1", "department": "SCJ", "matter": "M7", "responsible": {"department": "SCJ"}}


def page(lang: Lang, *clocks: dict[str, Any], unjudged: str | None = None) -> str:
    who = reader(lang)
    told = {
        "case": "a/b",
        "as_of": "2026-11-24T13:30:00+08:00",
        "unjudged": unjudged,
        "clocks": [{"stage": None, **ABOUT, **each} for each in clocks],
    }
    frame = {"hall_name": "", "generated": False, "current": "", "links": (), "clock": "",
             "day": "", "day_kind": "", "other_lang_url": ""}  # fmt: skip
    template = TEMPLATES.get_template("clocks.html")
    return template.render(t=who.t, statement=case_statement(told, who), frame=frame)


def test_a_case_has_a_section_for_each_clock_in_the_order_given() -> None:
    text = page("zh", explanation(clock="stage", stage="审查"), explanation())
    assert text.index("环节时限 · 审查") < text.index("办件时限")
    assert text.count('class="sheet section clock"') == 2
    assert 'id="clock-2"' in text


def test_a_clock_with_limits_of_two_measures_says_which_is_which() -> None:
    text = page("en", explanation(), explanation(measure="wall_time"))
    assert "in office hours" in text
    assert "in natural time" in text
    assert "in office hours" not in page("en", explanation())


def test_the_english_page_keeps_no_chinese_where_a_translation_exists() -> None:
    spans = explanation()["intervals"]
    spans[0] |= {"reason": "makeup-workday", "day": "国庆节调休上班"}
    text = page("en", explanation(clock="stage", stage="审查", intervals=spans))
    body = text[text.index("<main") :]
    for name in ("公司设立登记", "市场监督管理局"):  # published in Chinese only
        body = body.replace(name, "")
    assert re.findall(r"[\u4e00-\u9fff]+", body) == []
    assert "Stage · Review" in body
    assert "worked for National Day" in body


def test_a_case_without_a_clock_says_what_to_do_and_one_that_cannot_be_judged_says_so() -> None:
    assert SENTENCES["statement.none"][0] in page("zh")
    assert "policy.outside-calendar" in page("zh", unjudged="policy.outside-calendar")


def test_a_statement_shows_nothing_of_a_source_unescaped() -> None:
    evil = "<script>alert(1)</script>"
    text = page("zh", explanation(clock="stage", stage=evil, opener=ACCEPTED | {"id": evil}))
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("《行政许可法》第三十二条第一款第四项", "Administrative Licensing Law, art. 32(1)(4)"),
        ("《民法典》第二百零一条第一款", "Civil Code, art. 201(1)"),
        ("《行政许可法》第四十二条", "Administrative Licensing Law, art. 42"),
        ("《某市办法》第三条", "《某市办法》第三条"),
        ("cn 2026.1", "cn 2026.1"),
    ],
)
def test_laws_have_their_english_names_and_articles(basis: str, expected: str) -> None:
    assert basis_text(basis, "en") == expected
    assert basis_text(basis, "zh") == basis


def test_every_rule_every_kind_and_every_reason_has_a_name_in_both_languages() -> None:
    for lang in LANGS:
        for rule in (*RULES, *TIME_RULES, *ANOMALIES):
            name = rule_name(rule, Texts(lang))
            assert name != rule
            assert (lang == "zh") == bool(re.search(r"[\u4e00-\u9fff]", name))
