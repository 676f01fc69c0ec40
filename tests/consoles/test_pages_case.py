"""What the replay of a case and the explanation of a card say, from values to values."""

from collections.abc import Mapping
from typing import Any

import pytest

from consoles.pages.frame import TEMPLATES
from consoles.pages.replay import replay_view
from consoles.pages.statement import statement_view
from consoles.pages.texts import SENTENCES, Lang
from consoles.pages.view_models import card_view
from tests.consoles.page_rows import HOUR, at, card_row, reader

# --- Why this card -------------------------------------------------------------------------------


def part(kind: str, start: str, until: str, running_h: float, offset: int = 2) -> dict[str, Any]:
    return {
        "kind": kind,
        "from": f"2026-11-{start}+08:00",
        "until": f"2026-11-{until}+08:00",
        "length_us": at(until) - at(start),
        "running_us": int(running_h * HOUR),
        "record": {
            "type": "hall.case.accepted.v1" if kind != "stopped" else "hall.case.clock-stopped.v1",
            "source": "/halls/430121/approval",
            "id": "7701",
            "position": {"partition": 0, "offset": offset},
        },
    }


def explanation(**changes: Any) -> dict[str, Any]:
    """A promise of one working day, used up on the second morning at 11:00, with a stop."""
    return {
        "used_us": int(7.5 * HOUR),
        "stopped_us": 3 * HOUR,
        "overdue_us": int(0.5 * HOUR),
        "basis": "行政许可法第四十二条",
        "pack": "hunan",
        "pack_version": "2018-10",
        "calendar_version": "cn-2026.1",
        "reproduced": True,
        "limits": [
            {
                "limit": "promised",
                "granted": {"amount": 1, "unit": "working_day"},
                "granted_us": 7 * HOUR,
                "due_at": "2026-11-24T16:00:00+08:00",
            },
            {"limit": "statutory", "granted": None, "granted_us": None, "due_at": None},
        ],
        "intervals": [
            part("counted", "23T09:00:00", "23T12:00:00", 3),
            part("not_working", "23T12:00:00", "23T13:00:00", 3),
            part("counted", "23T13:00:00", "23T17:00:00", 7),
            part("not_working", "23T17:00:00", "24T09:00:00", 7),
            part("stopped", "24T09:00:00", "24T12:00:00", 7, offset=5),
            part("not_working", "24T12:00:00", "24T13:00:00", 7),
            part("counted", "24T13:00:00", "24T13:30:00", 7.5, offset=6),
        ],
        **changes,
    }


def statement(lang: Lang = "zh", **changes: Any) -> Any:
    who = reader(lang)
    return statement_view(card_view(card_row(), who), card_row(), explanation(**changes), who)


def test_the_running_sum_of_the_last_line_is_the_time_the_card_states() -> None:
    why = statement()
    assert why.lines[-1].running == why.total == "7 小时 30 分"


def test_one_line_is_marked_as_the_one_in_which_the_limit_was_passed() -> None:
    crossing = [line for line in statement().lines if line.crossing]
    assert [line.start for line in crossing] == ["11-24 13:00:00"]


def test_no_line_is_marked_where_the_limit_still_lies_ahead() -> None:
    assert not any(line.crossing for line in statement(overdue_us=0).lines)


def test_each_line_names_its_record_and_leads_to_it() -> None:
    lines = statement().lines
    assert {line.record for line in lines} == {"受理 #7701", "特别程序开始（停表） #7701"}
    assert lines[4].record_url == "/records/0/5"


def test_the_sentence_says_from_when_until_when_how_much_and_how_far_beyond() -> None:
    assert statement().sentence == (
        "自 11-23 09:00:00 起算，至 11-24 13:30:00，已计时 7 小时 30 分，停表 3 小时 未计入，"
        "超出时限 30 分，因此发黄牌。"
    )
    assert "beyond the limit" in statement("en").sentence


def test_a_statement_names_rule_law_pack_and_calendar() -> None:
    values = [value for _, value in statement().facts]
    for expected in ("办理时限", "行政许可法第四十二条", "hunan 2018-10", "cn-2026.1"):
        assert expected in values


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


# --- Replay --------------------------------------------------------------------------------------


def entry(
    type_: str, time: str, recorded: str = "", offset: int = 0, **data: Any
) -> dict[str, Any]:
    return {
        "type": type_,
        "time": f"2026-11-{time}+08:00",
        "recordedtime": f"2026-11-{recorded or time}+08:00",
        "position": {"partition": 0, "offset": offset},
        "data": data,
    }


TIMELINE = [
    entry("hall.case.accepted.v1", "12T10:00:00", offset=0, matter="M7", department="SCJ",
          promised_limit={"amount": 7, "unit": "working_day"}),
    entry("hall.case.clock-stopped.v1", "17T09:00:00", "24T09:55:00", 3, procedure="testing"),
    entry("hall.clock.reached.v1", "24T09:31:07", offset=1, due_at="2026-11-24T09:31:02+08:00"),
    entry("hall.finding.card-issued.v1", "24T09:31:07", offset=2, card_id="c1", level="yellow",
          effective_at="2026-11-24T09:31:02+08:00"),
    entry("hall.finding.card-rescinded.v1", "24T09:55:00", offset=4, card_id="c1",
          reason="late_evidence"),
]  # fmt: skip
HISTORY = {"timeline": TIMELINE, "state": {"phase": "stopped", "department": "SCJ"}}


def replay(
    shown: Mapping[str, Any] | None = HISTORY, asked: tuple[int | None, int | None] = (None, None)
) -> Any:
    return replay_view("a/b", HISTORY, shown, asked, reader())


def test_facts_findings_and_ticks_are_told_apart() -> None:
    assert [moment.family for moment in replay().moments] == [
        "fact", "fact", "tick", "finding", "finding",
    ]  # fmt: skip


def test_a_late_record_says_how_late_it_was() -> None:
    assert [moment.late for moment in replay().moments] == ["", "迟报 7 天 0 小时", "", "", ""]


def test_a_line_shows_names_for_codes_and_limits_in_words() -> None:
    assert (
        replay().moments[0].details
        == "事项 公司设立登记 · 部门 市场监督管理局 · 承诺时限 7 个工作日"
    )


def test_the_sliders_step_over_what_happened_and_over_what_was_known() -> None:
    happened, known = replay().sliders
    assert [moment["text"] for moment in happened.moments] == [
        "11-12 10:00:00", "11-17 09:00:00", "11-24 09:31:07", "11-24 09:55:00", "现在",
    ]  # fmt: skip
    assert [moment["text"] for moment in known.moments] == [
        "11-12 10:00:00", "11-24 09:31:07", "11-24 09:55:00", "现在",
    ]  # fmt: skip
    assert (happened.value, known.value) == (4, 3)


def test_a_moment_asked_for_by_address_becomes_a_step_of_its_slider() -> None:
    _, known = replay(asked=(None, at("20T08:00:00"))).sliders
    assert (known.text, known.value, known.last) == ("11-20 08:00:00", 1, 4)


def test_the_cards_shown_are_those_of_the_moments_shown() -> None:
    (now,) = replay().cards
    assert (now.struck, now.state) == (True, "已撤牌")
    (then,) = replay({"timeline": TIMELINE[2:4]}).cards
    assert (then.struck, then.state) == (False, "已发牌")
    assert replay(None).cards == []


def test_before_the_first_record_the_page_says_what_to_do() -> None:
    who = reader()
    text = TEMPLATES.get_template("_replay.html").render(t=who.t, replay=replay(None))
    assert SENTENCES["case.empty"][0] in text


def test_the_address_of_a_case_is_escaped() -> None:
    assert replay().url == "/cases/a%2Fb"


def test_what_a_source_sends_is_escaped_wherever_it_is_shown() -> None:
    evil = '<script>alert("x")</script>'
    who = reader()
    row = card_row(subject=evil, matter=evil, stage=evil, card_id=evil)
    feed = TEMPLATES.get_template("_feed.html").render(t=who.t, cards=[card_view(row, who)])
    why = statement_view(card_view(row, who), row, explanation(basis=evil), who)
    told = TEMPLATES.get_template("_statement.html").render(t=who.t, why=why)
    for text in (feed, told):
        assert evil not in text
        assert "<script" not in text
        assert "&lt;script" in text
