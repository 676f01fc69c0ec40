"""Disorder and doubt are named, once, for a person to look at, and never stop a case."""

import pytest

from ledger.record import AnyRecord
from processors.supervision.rules import ANOMALIES
from tests.golden.language import (
    accepted,
    amended,
    completed,
    fact,
    local,
    resumed,
    stopped,
    told,
)

LATE = "2018-11-05 09:00:00"


@pytest.mark.parametrize(
    ("rule", "records"),
    [
        ("handling-without-acceptance", [completed("2018-10-17 10:00:00")]),
        ("repeated-acceptance", [accepted(), accepted("2018-10-16 10:00:00")]),
        (
            "repeated-completion",
            [accepted(), completed("2018-10-17 10:00:00"), completed("2018-10-18 10:00:00")],
        ),
        ("resumption-without-stop", [accepted(), resumed("2018-10-17 10:00:00")]),
        ("stop-without-limit", [accepted(), stopped("2018-10-17 10:00:00", None)]),
        (
            "amendment-unusable",
            [accepted(), amended(accepted(), LATE, replacement={"no_such_field": 1})],
        ),
        ("future-time", [accepted("2018-10-15 10:02:01", recorded="2018-10-15 10:00:00")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_disorder_is_named_once(rule: str, records: list[AnyRecord]) -> None:
    assert rule in ANOMALIES
    once = told(records, until=None)
    assert once.anomalies.count(rule) == 1
    urged = fact("urged", "2018-11-06 10:00:00", actor_ref="A-1")
    assert told([*records, urged], until=None).anomalies.count(rule) == 1


def test_an_orphan_completion_is_recorded_and_is_itself_a_finding() -> None:
    found = told([completed("2018-10-17 10:00:00")])
    assert found.anomalies == ["handling-without-acceptance"]
    assert (found.cards, found.limits, found.settled) == ([], [], [])


def test_an_orphan_whose_acceptance_comes_later_is_judged_as_if_it_had_come_in_order() -> None:
    late_acceptance = accepted(recorded=LATE)
    found = told([completed("2018-10-30 10:00:00"), late_acceptance])
    assert found.cards == ["red 2018-10-29 10:00:00"]
    assert len(found.settled) == 1


def test_a_fact_from_the_future_is_judged_at_its_recording() -> None:
    case = accepted("2018-10-16 10:00:00", recorded="2018-10-15 10:00:00")
    found = told([case])
    assert local(found.limits[0].opened_at) == "2018-10-15 10:00:00"
    assert found.cards[0] == "warning 2018-10-19 10:00:00"


def test_a_fact_within_the_tolerance_is_judged_at_its_own_time() -> None:
    case = accepted("2018-10-15 10:02:00", recorded="2018-10-15 10:00:00")
    found = told([case])
    assert found.anomalies == []
    assert found.cards[0] == "warning 2018-10-19 10:02:00"


def test_an_event_after_the_completion_is_named_once_for_its_cycle() -> None:
    stages = [fact("stage-started", f"2018-10-{day} 10:00:00", stage="s") for day in (20, 18, 19)]
    found = told([accepted(), completed("2018-10-17 10:00:00"), *stages])
    assert found.anomalies == ["event-after-completion"]


def test_an_anomaly_cites_the_facts_that_show_it() -> None:
    again = accepted("2018-10-16 10:00:00")
    (record,) = [r for r in told([accepted(), again]).findings if "anomaly" in r.type]
    assert [each.id for each in record.data.evidence] == [accepted().id, again.id]  # type: ignore[attr-defined]


def test_disorder_moves_no_limit_and_no_card() -> None:
    mess = [
        accepted("2018-10-16 10:00:00", promised="1 working_day"),
        resumed("2018-10-17 10:00:00"),
        fact("part-replied", "2018-10-17 11:00:00", part="p", department="D-2"),
    ]
    assert told([accepted(), *mess]).cards == told([accepted()]).cards
