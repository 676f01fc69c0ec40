"""What if one fact of one case were another: what is asked, what follows, what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger.errors import ImportInvalid
from ledger.record import AnyRecord
from processors.simulate import simulate
from processors.whatif import Until
from processors.whatif_case import CaseWhatIf, case_whatif, edited, read_edits
from tests.golden.language import (
    SOURCE,
    accepted,
    amended,
    at,
    completed,
    handling_only,
    local,
    policy,
    resumed,
    stopped,
)

END = at("2018-12-01 00:00:00")
LATE = completed("2018-10-25 10:00:00")
WARNING, YELLOW = "warning 2018-10-19 10:00:00", "yellow 2018-10-24 10:00:00"


def named(record: AnyRecord) -> dict[str, str]:
    return {"source": record.source, "id": record.id}


def asked(facts: Sequence[AnyRecord], *changes: dict[str, Any]) -> CaseWhatIf:
    told = list(enumerate([*facts, *simulate(facts, policy(), END)]))
    return case_whatif(told, read_edits(list(changes)), policy(), Until(END, {}), len(told))


def cards(found: CaseWhatIf) -> list[str]:
    shown = [f"{key.level} {local(card.effective_us)}" for key, card in found.would_be.items()]
    return sorted(shown, key=lambda each: each.partition(" ")[2])


def test_without_a_change_the_cards_are_those_recorded() -> None:
    told = list(enumerate([accepted(), *simulate([accepted()], policy(), END)]))
    found = case_whatif(told, [], policy(), Until(END, {}), len(told))
    assert found.was == found.would_be
    assert len(found.was) == 3
    assert [change.effect for change in found.changes] == ["unchanged"] * 3


def test_a_changed_limit_moves_every_card() -> None:
    change = {
        "change": named(accepted()),
        "data": {"promised_limit": {"amount": 8, "unit": "working_day"}},
    }
    found = asked([accepted(), LATE], change)
    assert cards(found) == ["warning 2018-10-22 10:00:00"]
    assert [(c.effect, c.key.level) for c in found.changes] == [
        ("gone", "yellow"),
        ("moved", "warning"),
    ]


def test_a_field_that_is_null_is_left_out() -> None:
    found = asked(
        [accepted(), LATE], {"change": named(accepted()), "data": {"promised_limit": None}}
    )
    assert found.was.keys() != found.would_be.keys()
    assert cards(found) == []


def test_a_fact_that_is_left_out_never_happened() -> None:
    stop, resume = stopped("2018-10-16 10:00:00"), resumed("2018-10-19 10:00:00")
    facts = [accepted(), stop, resume, completed("2018-10-26 10:00:00")]
    found = asked(facts, {"leave_out": named(stop)}, {"leave_out": named(resume)})
    assert [key.level for key in found.was] == ["warning"]
    assert cards(found) == [WARNING, YELLOW]


def test_a_completion_moved_to_before_the_limit_leaves_no_yellow_card() -> None:
    found = asked([accepted(), LATE], {"move": named(LATE), "time": "2018-10-24T10:00:00+08:00"})
    assert cards(found) == [WARNING]


def test_a_fact_moved_later_was_recorded_later_too() -> None:
    in_time = completed("2018-10-24 09:00:00")
    found = asked(
        [accepted(), in_time], {"move": named(in_time), "time": "2018-10-24T10:00:01+08:00"}
    )
    assert cards(found) == [WARNING, YELLOW]


def test_a_moved_fact_takes_its_place_among_the_others() -> None:
    first, stop, last = accepted(), stopped("2018-10-17 10:00:00"), LATE
    edits = read_edits({"move": named(stop), "time": "2018-10-26T10:00:00+08:00"})
    moved = edited([(3, first), (5, stop), (9, last)], edits)
    assert [(order, record.id) for order, record in moved] == [
        (3, first.id),
        (9, last.id),
        (9, stop.id),
    ]
    edits = read_edits({"move": named(last), "time": "2018-10-01T10:00:00+08:00"})
    moved = edited([(3, first), (5, stop), (9, last)], edits)
    assert [order for order, _ in moved] == [3, 3, 5]
    assert moved[0][1].id == last.id
    assert local(moved[0][1].recordedtime) == "2018-10-01 10:00:00"


def test_a_fact_keeps_the_delay_of_its_report_when_it_is_moved() -> None:
    late = completed("2018-10-23 10:00:00", "2018-10-23 16:00:00")
    edits = read_edits({"move": named(late), "time": "2018-10-22T10:00:00+08:00"})
    ((_, moved),) = edited([(0, late)], edits)
    assert local(moved.recordedtime) == "2018-10-22 16:00:00"


def test_an_amendment_can_be_left_out_like_any_other_fact() -> None:
    to_eight = {"promised_limit": {"amount": 8, "unit": "working_day"}}
    amendment = amended(accepted(), "2018-10-16 10:00:00", replacement=to_eight)
    found = asked([accepted(), amendment, LATE], {"leave_out": named(amendment)})
    assert cards(found) == [WARNING, YELLOW]
    assert [key.level for key in found.was] == ["warning"]


def test_changes_are_made_one_after_the_other() -> None:
    twice = [
        {"change": named(LATE), "data": {"outcome": "refused"}},
        {"change": named(LATE), "data": {"reason": "because"}},
    ]
    ((_, changed),) = edited([(0, LATE)], read_edits(twice))
    assert changed.data.outcome == "refused"  # type: ignore[attr-defined]
    assert changed.data.reason == "because"  # type: ignore[attr-defined]


WHO = {"source": SOURCE, "id": "x"}


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("text", "(file)"),
        ([], "(file)"),
        ({}, "(file)"),
        ({"data": {}}, "(file)"),
        ({"change": WHO, "leave_out": WHO}, "(file)"),
        ([{"leave_out": WHO}, 5], "[1]"),
        ({"leave_out": "x"}, "leave_out"),
        ({"leave_out": {"source": SOURCE}}, "leave_out.id"),
        ({"leave_out": {"source": 7, "id": "x"}}, "leave_out.source"),
        ({"leave_out": {**WHO, "offset": 3}}, "leave_out.offset"),
        ({"leave_out": WHO, "data": {}}, "data"),
        ({"change": WHO}, "data"),
        ({"change": WHO, "data": {}}, "data"),
        ({"change": WHO, "data": [1]}, "data"),
        ({"change": WHO, "data": {"a": 1}, "time": "x"}, "time"),
        ({"move": WHO}, "time"),
        ({"move": WHO, "time": 5}, "time"),
        ([{"move": WHO, "when": "x", "time": "x"}], "[0].when"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_field(value: object, field: str) -> None:
    with pytest.raises(ImportInvalid) as caught:
        read_edits(value)
    assert caught.value.details["field"] == field
    assert f"field {field!r}" in caught.value.message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leave_out": WHO}, "leave_out"),
        ({"move": named(LATE), "time": "2018-10-24"}, "time"),
        ({"move": named(LATE), "time": "2018-10-24T10:00:00"}, "time"),
        ({"change": named(LATE), "data": {"outcome": "maybe"}}, "data.outcome"),
        ({"change": named(LATE), "data": {"outcome": None}}, "data.outcome"),
        ({"change": named(LATE), "data": {"result": "x"}}, "data.result"),
        (
            {"change": named(accepted()), "data": {"promised_limit": {"amount": 1.5}}},
            "data.promised_limit.amount",
        ),
    ],
)  # fmt: skip
def test_a_change_that_makes_no_fact_is_refused_by_its_field(
    change: dict[str, Any], field: str
) -> None:
    told = [(0, accepted()), (1, LATE)]
    for edits, where in ((read_edits(change), ""), (read_edits([change]), "[0].")):
        with pytest.raises(ImportInvalid) as caught:
            edited(told, edits)
        assert caught.value.details["field"] == where + field


def test_a_fact_that_was_left_out_cannot_be_changed_any_more() -> None:
    edits = read_edits([{"leave_out": named(LATE)}, {"leave_out": named(LATE)}])
    with pytest.raises(ImportInvalid, match=r"\[1\]\.leave_out.*still there") as caught:
        edited([(0, accepted()), (1, LATE)], edits)
    assert accepted().name in caught.value.message


def test_findings_are_no_facts_that_could_be_otherwise() -> None:
    facts = [accepted()]
    card = next(
        record
        for record in simulate(facts, policy(), END)
        if record.type == "hall.finding.card-issued.v1"
    )
    with pytest.raises(ImportInvalid, match="leave_out"):
        asked(facts, {"leave_out": named(card)})


def test_a_case_that_cannot_be_judged_so_says_it() -> None:
    hunan = handling_only()
    unusable = tuple(
        each._replace(offset=None)  # type: ignore[arg-type]
        for each in hunan.thresholds
    )
    broken = policy(replace(hunan, thresholds=unusable))
    told = [(0, accepted()), (1, LATE)]
    assert case_whatif(told, [], broken, Until(END, {}), 2).suspended
    assert not case_whatif(told, [], policy(), Until(END, {}), 2).suspended
