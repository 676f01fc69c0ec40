"""The clocks and the findings of a case as its page says them, from findings to values."""

from typing import Any

from consoles.pages.case_findings import clocks_said, deemed_us, findings_said
from consoles.pages.frame import TEMPLATES
from consoles.pages.replay import replay_view
from consoles.pages.texts import Lang
from tests.consoles.page_rows import at, reader

NOW = at("24T10:12:05")
OPENED = "2026-11-12T10:00:00+08:00"


def entry(kind: str, offset: int, id_: str = "", source: str = "/a", **data: Any) -> dict[str, Any]:
    return {
        "type": f"hall.{kind}.v1",
        "source": source,
        "id": id_ or str(offset),
        "time": OPENED,
        "recordedtime": OPENED,
        "position": {"partition": 0, "offset": offset},
        "data": data,
    }


def day(number: int) -> str:
    return f"2026-11-{number:02}T10:00:00+08:00"


def limits(
    offset: int, clock: str = "handling", cycle: str = "/a#1", **data: Any
) -> dict[str, Any]:
    return entry("finding.limits-set", offset, clock=clock, cycle=cycle, opened_at=OPENED, **data)


def level(name: str, number: int, limit: str = "promised") -> dict[str, str]:
    return {"rule": "r", "level": name, "limit": limit, "effective_at": day(number)}


def said(*entries: dict[str, Any], at_us: int = NOW, lang: Lang = "zh") -> Any:
    return clocks_said(entries, entries, at_us, reader(lang))


HANDLING = limits(
    2, promised_due=day(26), statutory_due=day(30),
    thresholds=[level("yellow", 26), level("red", 30, "statutory")],
)  # fmt: skip
STAGE = limits(4, "stage", "/a#3", promised_due=day(25), thresholds=[level("yellow", 25)])
STARTED = entry("case.stage-started", 3, stage="审查")


def test_each_clock_says_its_limits_and_what_comes_next_the_nearest_first() -> None:
    stage, handling = said(HANDLING, STARTED, STAGE)
    assert (stage.name, stage.state_name) == ("环节时限 · 审查", "计时中")
    assert [(limit.name, limit.due) for limit in handling.limits] == [
        ("承诺时限", "11-26 10:00:00"), ("法定时限", "11-30 10:00:00"),
    ]  # fmt: skip
    assert (handling.next_name, handling.next_at) == ("黄牌", "11-26 10:00:00")
    assert [limit.nearest for clock in (stage, handling) for limit in clock.limits] == [
        True, False, False,
    ]  # fmt: skip
    assert (stage.nearest, handling.nearest) == (True, False)


def test_the_stage_and_the_clock_have_english_names() -> None:
    stage, handling = said(HANDLING, STARTED, STAGE, lang="en")
    assert (stage.name, handling.name) == ("Stage · Review", "Handling")


def test_a_limit_that_has_passed_says_so_and_the_nearest_is_the_next_one_ahead() -> None:
    stage, handling = said(HANDLING, STARTED, STAGE, at_us=at("25T10:00:01"))
    assert stage.limits[0].passed
    assert not stage.nearest
    assert handling.limits[0].nearest
    assert not said(HANDLING, STARTED, STAGE, at_us=at("25T10:00:00"))[0].limits[0].passed


def test_the_last_limits_set_of_a_clock_in_the_order_of_the_log_are_shown() -> None:
    later = limits(9, promised_due=day(27), thresholds=[level("yellow", 27)])
    (clock,) = said(later, HANDLING)
    assert [limit.due for limit in clock.limits] == ["11-27 10:00:00"]


def test_a_stopped_clock_has_no_due_instant_and_is_never_the_nearest() -> None:
    (clock,) = said(limits(2, stopped=True))
    assert (clock.state, clock.limits, clock.next_at, clock.nearest) == ("stopped", [], "", False)
    view = replay_view("c", {"timeline": [limits(2, stopped=True)]}, None, (None, None), reader())
    assert view.clocks == []  # nothing was known at the moment asked for
    whole = {"timeline": [limits(2, stopped=True)]}
    text = TEMPLATES.get_template("_case_state.html").render(
        t=reader().t, replay=replay_view("c", whole, whole, (None, None), reader())
    )
    assert "停表中，不推算到限时间" in text


def test_closed_clocks_follow_the_open_ones_with_the_instant_of_their_close() -> None:
    stage = limits(5, "stage", "/a#3", promised_due=day(25), closed_at=day(20))
    handling, closed = said(HANDLING, STARTED, stage)
    assert (handling.state, closed.state) == ("running", "closed")
    assert (closed.closed, closed.nearest, closed.next_at) == ("11-20 10:00:00", False, "")


def test_a_settlement_closes_the_handling_clock_with_the_limits_it_settled() -> None:
    settled = entry(
        "finding.case-settled", 8, cycle="/a#1", accepted_at=OPENED, completed_at=day(23),
        clocks=[{"clock": "handling", "limit": "promised", "due_at": day(28)}],
    )  # fmt: skip
    (clock,) = said(HANDLING, settled)
    assert (clock.state, clock.closed) == ("closed", "11-23 10:00:00")
    assert [limit.due for limit in clock.limits] == ["11-28 10:00:00", "11-30 10:00:00"]
    (again,) = said(HANDLING, settled, limits(9, promised_due=day(28)))
    assert again.state == "running"  # late evidence opened it again


def test_withdrawn_limits_end_a_clock_as_if_it_had_never_been() -> None:
    assert said(HANDLING, limits(9, withdrawn=True)) == []


def test_parts_and_cycles_are_clocks_of_their_own() -> None:
    part = limits(5, part="SCJ", promised_due=day(28))
    second = limits(6, cycle="/a#5", promised_due=day(29))
    assert [clock.name for clock in said(HANDLING, part, second)] == [
        "办件时限", "办件时限（联办单位：市场监督管理局）", "办件时限",
    ]  # fmt: skip


def test_a_finding_is_named_and_cites_its_records_where_they_lie() -> None:
    stop = entry("case.clock-stopped", 3, "s-1", procedure="testing")
    evidence = [{"source": "/a", "id": "s-1"}, {"source": "/elsewhere", "id": "7"}]
    anomaly = entry("finding.anomaly-found", 4, rule="stop-without-notice", evidence=evidence)
    (found,) = findings_said([anomaly], [stop, anomaly], reader())
    assert found.name == "特别程序未书面告知申请人（无书面告知的停表）"
    assert found.rule_url == "/rules#stop-without-notice"
    assert found.cites == [("特别程序开始（停表） #s-1", "/records/0/3"), ("/elsewhere #7", "")]
    (english,) = findings_said([anomaly], [stop, anomaly], reader("en"))
    assert english.name == "a special procedure without a written notice to the applicant"


def test_deemed_acceptance_stands_until_it_is_withdrawn() -> None:
    deemed = entry("finding.deemed-accepted", 4, cycle="/a#1", effective_at=OPENED)
    withdrawn = entry(
        "finding.deemed-accepted", 6, cycle="/a#1", effective_at=OPENED, withdrawn=True
    )
    assert deemed_us([deemed]) == at("12T10:00:00")
    assert deemed_us([withdrawn, deemed]) is None
    assert deemed_us([]) is None

    def shown(*entries: dict[str, Any]) -> Any:
        whole = {"timeline": list(entries)}
        return replay_view("c", whole, whole, (None, None), reader())

    assert ("视为受理", "自收件之日（11-12 10:00:00）起视为受理：逾期未告知补正") in shown(
        deemed
    ).facts
    assert "视为受理" not in dict(shown(deemed, withdrawn).facts)
    assert [each.name for each in shown(deemed, withdrawn).moments] == [
        "视为受理", "视为受理（收回）",
    ]  # fmt: skip
