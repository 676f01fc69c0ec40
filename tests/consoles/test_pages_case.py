"""What the replay of a case says, from values to values."""

from collections.abc import Mapping
from typing import Any

from consoles.pages.frame import TEMPLATES
from consoles.pages.replay import replay_view
from consoles.pages.statement import statement_view
from consoles.pages.texts import SENTENCES
from consoles.pages.view_models import card_view
from tests.consoles.page_rows import at, card_row, reader
from tests.consoles.statement_values import explanation

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
          rule="handling-limit",
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
