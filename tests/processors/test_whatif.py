"""What the cards would have been under another pack: the same rules change nothing, others do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ledger.record import AnyRecord, instant, micros
from processors.simulate import simulate
from processors.supervision.pack import Pack
from processors.supervision.policy import Policy
from processors.whatif import (
    Change,
    Comparison,
    Key,
    Standing,
    Until,
    Window,
    changes,
    governed_by,
    judged,
    standing,
)
from tests.golden.language import (
    accepted,
    amended,
    at,
    calendar,
    completed,
    fact,
    handling_only,
    local,
    policy,
    resumed,
    shipped_packs,
    stopped,
    tick,
)

END = at("2018-12-01 00:00:00")
UNTIL = Until(END, {})
ALWAYS = Window()


def log_of(facts: Sequence[AnyRecord], under: Policy) -> list[AnyRecord]:
    """The facts of one case and what a ledger under a policy adds to them."""
    return [*facts, *simulate(facts, under, END)]


def compared(
    facts: Sequence[AnyRecord],
    other: Pack,
    *,
    under: Policy | None = None,
    window: Window = ALWAYS,
    limit: int = 100,
) -> Comparison:
    under = under or policy()
    comparison = Comparison(limit)
    told = list(enumerate(log_of(facts, under)))
    comparison.add(told, governed_by(under, other), UNTIL, len(told), window)
    return comparison


def shown(comparison: Comparison) -> list[str]:
    return [
        f"{c.effect} {c.key.level} {local(c.was_us)} {local(c.would_be_us)}"
        for c in comparison.listed()
    ]


def tightened(pack: Pack, by: int, *levels: str) -> Pack:
    thresholds = tuple(
        each._replace(offset=each.offset - by) if each.level in levels else each
        for each in pack.thresholds
    )
    return replace(pack, thresholds=thresholds, version="tightened")


def test_the_worked_example_under_a_pack_that_is_stricter_by_a_day() -> None:
    found = compared([accepted()], tightened(handling_only(), 1, "yellow"))
    assert shown(found) == ["moved yellow 2018-10-24 10:00:00 2018-10-23 10:00:00"]
    assert found.counts == {
        ("D-1", "unchanged", "warning"): 1,
        ("D-1", "moved", "yellow"): 1,
        ("D-1", "unchanged", "red"): 1,
    }


def test_a_completion_in_time_under_one_pack_is_late_under_a_stricter_one() -> None:
    facts = [accepted(), completed("2018-10-24 09:00:00")]
    found = compared(facts, tightened(handling_only(), 1, "yellow"))
    assert shown(found) == ["added yellow none 2018-10-23 10:00:00"]


def test_a_card_that_a_milder_pack_does_not_know_is_gone() -> None:
    hunan = handling_only()
    without = tuple(each for each in hunan.thresholds if each.level != "warning")
    found = compared([accepted()], replace(hunan, thresholds=without))
    assert shown(found) == ["gone warning 2018-10-19 10:00:00 none"]


def test_what_people_revoked_stands_revoked_under_the_other_pack_too() -> None:
    issued = [r for r in log_of([accepted()], policy()) if r.type == "hall.finding.card-issued.v1"]
    yellow = next(r for r in issued if r.data.level == "yellow")  # type: ignore[attr-defined]
    acts = [
        fact(
            f"hall.card.{what}.v1", f"2018-10-25 1{hour}:00:00", source="/people",
            card_id=yellow.id, actor_ref="o-1", **more,
        )
        for hour, (what, more) in enumerate(
            [("signed", {}), ("appealed", {}), ("appeal-decided", {"decision": "revoked"})]
        )
    ]  # fmt: skip
    in_time = completed("2018-10-20 10:00:00", "2018-10-26 10:00:00")
    found = compared([accepted(), *acts, in_time], handling_only())
    assert found.counts == {("D-1", "unchanged", "warning"): 1, ("D-1", "unchanged", "yellow"): 1}


def test_a_rescinded_card_is_none_of_the_ledgers() -> None:
    late = completed("2018-10-20 10:00:00", "2018-10-26 10:00:00")
    found = compared([accepted(), late], handling_only())
    assert found.counts == {("D-1", "unchanged", "warning"): 1}


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_under_the_pack_that_was_in_force_nothing_changes(name: str) -> None:
    acceptance = accepted()
    histories = [
        [acceptance],
        [acceptance, completed("2018-10-26 11:00:00")],
        [acceptance, stopped("2018-10-17 09:00:00"), resumed("2018-10-19 09:00:00")],
        [acceptance, completed("2018-10-19 10:00:00", "2018-11-20 10:00:00")],
        [
            acceptance,
            completed("2018-10-31 10:00:00"),
            amended(acceptance, "2018-11-05 10:00:00", replacement={"promised_due": None}),
        ],
        [fact("received", "2018-10-08 09:00:00", matter="M-1", channel="online"), acceptance],
    ]
    pack = shipped_packs()[name]
    under = policy(name)
    cards = 0
    for facts in histories:
        found = compared(facts, pack, under=under)
        assert found.listed() == []
        assert found.unjudged == 0
        cards += found.counts.total()
    assert cards > 0


def test_ticks_of_the_log_are_left_out_because_other_rules_tick_otherwise() -> None:
    stricter = governed_by(policy(), tightened(handling_only(), 1, "yellow"))
    history = [accepted(), tick("2018-10-24 10:00:00"), completed("2018-10-24 11:00:00")]
    told = list(enumerate(history))
    found = judged(told, stricter, Until(None, {}), len(told))
    assert {key.level: local(card.effective_us) for key, card in found.cards.items()} == {
        "warning": "2018-10-19 10:00:00",
        "yellow": "2018-10-23 10:00:00",
    }


def test_a_case_that_the_other_rules_cannot_judge_is_named() -> None:
    broken = replace(handling_only(), thresholds=tuple(
        each._replace(offset=None) for each in handling_only().thresholds  # type: ignore[arg-type]
    ))  # fmt: skip
    found = compared([accepted()], broken)
    assert (found.unjudged, found.unjudged_named) == (1, ["C-1"])
    assert {effect for _, effect, _ in found.counts} == {"gone"}


def test_time_runs_to_the_end_of_the_cases_own_time() -> None:
    until = Until(at("2018-10-24 12:00:00"), {"receipt@1": at("2018-10-20 00:00:00")})
    live = judged([(0, accepted())], policy(), until, 1)
    imported = judged([(0, accepted(timeline="receipt@1"))], policy(), until, 1)
    evidence = judged([(0, accepted(timeline="evidence/receipt@1"))], policy(), until, 1)
    assert sorted(key.level for key in live.cards) == ["warning", "yellow"]
    assert [key.level for key in imported.cards] == ["warning"]
    assert sorted(key.level for key in evidence.cards) == ["warning", "yellow"]


def test_time_stands_where_the_log_tells_no_instant() -> None:
    assert judged([(0, accepted())], policy(), Until(None, {}), 1).cards == {}


def test_a_window_counts_a_card_that_lay_in_it_or_would() -> None:
    stricter = tightened(handling_only(), 1, "yellow")
    was, would_be = at("2018-10-24 10:00:00"), at("2018-10-23 10:00:00")
    for window, effects in (
        (Window(was, None), ["moved", "unchanged"]),
        (Window(was + 1, None), ["unchanged"]),
        (Window(None, would_be), ["unchanged"]),
        (Window(None, would_be + 1), ["moved", "unchanged"]),
        (Window(would_be + 1, was), []),
    ):
        found = compared([accepted()], stricter, window=window)
        assert sorted({effect for _, effect, _ in found.counts}) == effects, window


def test_a_case_keeps_the_calendar_it_was_counted_by_unless_the_pack_brings_one() -> None:
    dutch = replace(handling_only(), name="dutch", calendar="nl-weekdays")
    under = replace(
        policy(),
        packs={"hunan": handling_only(), "dutch": dutch},
        default_pack="hunan",
        profiles={"receipt": "dutch"},
    )
    plain = governed_by(under, shipped_packs()["chengdu"])
    version = shipped_packs()["chengdu"].version
    assert {plain.pack_for(each).version for each in (None, "receipt@1")} == {version}
    assert plain.calendar_for(plain.pack_for(None)) is calendar("cn")
    assert plain.calendar_for(plain.pack_for("receipt@1")) is calendar("nl-weekdays")
    own = governed_by(under, dutch)
    assert own.calendar_for(own.pack_for(None)) is calendar("nl-weekdays")


def key(case: str, level: str = "red") -> Key:
    return Key(case, None, "handling-limit", "handling", "s#1", level)  # type: ignore[arg-type]


def test_changes_say_what_becomes_of_each_card() -> None:
    was = {key("A"): Standing("D-1", 1), key("B"): Standing("D-1", 1), key("C"): Standing("D-1", 1)}
    would_be = {
        key("B"): Standing("D-2", 1),
        key("C"): Standing("D-2", 2),
        key("D"): Standing(None, 3),
    }
    assert list(changes(was, would_be)) == [
        Change("gone", key("A"), "D-1", 1, None),
        Change("unchanged", key("B"), "D-1", 1, 1),
        Change("moved", key("C"), "D-1", 1, 2),
        Change("added", key("D"), None, None, 3),
    ]


def test_the_latest_changes_are_listed_whatever_the_order_in_which_cases_are_compared() -> None:
    single = {}
    for number in range(12):
        subject = f"C-{number:02}"
        when = f"2018-10-{15 + number % 5} 10:00:00"
        one = compared([accepted(when, subject=subject)], tightened(handling_only(), 1, "yellow"))
        single[subject] = replace(one, limit=5)
    forth, back = Comparison(5), Comparison(5)
    for subject in sorted(single):
        forth.join(single[subject])
    for subject in sorted(single, reverse=True):
        back.join(single[subject])
    assert forth.listed() == back.listed()
    assert forth.counts == back.counts
    assert forth.cases == 12
    assert [change.key.case for change in forth.listed()] == [
        "C-04",
        "C-09",
        "C-03",
        "C-08",
        "C-02",
    ]


def test_a_list_of_none_still_counts() -> None:
    found = compared([accepted()], tightened(handling_only(), 1, "yellow"), limit=0)
    assert found.listed() == []
    assert found.counts["D-1", "moved", "yellow"] == 1


def test_the_first_record_of_a_card_counts_however_often_a_log_repeats_it() -> None:
    found = log_of([accepted()], policy())
    repeated = [*found, *found]
    assert standing(repeated) == standing(found)
    moved = [replace(r, recordedtime=instant(micros(r.time))) for r in found]
    assert Counter(each.level for each in standing(moved)) == {"warning": 1, "yellow": 1, "red": 1}
