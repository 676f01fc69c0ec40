"""Several cases in one log: time runs on for all of them, and a rebuild keeps them apart."""

from ledger.record import micros
from ledger.system_events import ClockReached
from tests.golden.language import accepted, at, completed, fact, local, policy, told
from tests.golden.owner import Owner, after_dying_at, by_id

UNTIL = "2018-12-01 00:00:00"


def test_time_runs_on_for_all_cases_in_the_order_of_their_ticks() -> None:
    first = accepted(subject="A")
    second = accepted(promised=None, statutory="9 working_day", subject="B")
    reached = [r for r in told([first, second]).records if isinstance(r.data, ClockReached)]
    assert [(record.subject, local(record.time)[:10]) for record in reached] == [
        ("A", "2018-10-19"),
        ("A", "2018-10-24"),
        ("B", "2018-10-26"),
        ("A", "2018-10-29"),
    ]


def test_records_that_are_no_business_of_a_case_are_passed_over() -> None:
    drawn = fact("hall.queue.ticket-drawn.v1", "2018-10-15 09:00:00", subject="T-1", hall="H-1")
    assert told([drawn, accepted()]).records == told([accepted()]).records


def test_time_stands_without_an_until() -> None:
    assert told([accepted()], until=None).cards == []


def test_ticks_up_to_the_very_until_are_taken_and_none_after_it() -> None:
    assert told([accepted()], until="2018-10-19 10:00:05.000001").cards != []
    assert told([accepted()], until="2018-10-19 10:00:05").cards == []


def test_cases_that_share_their_sources_ids_are_rebuilt_apart() -> None:
    records = [
        accepted(subject="A", id_="0"),
        accepted(subject="B", id_="0"),
        completed("2018-10-16 10:00:00", subject="B", id_="1"),
        completed("2018-10-25 10:00:00", subject="A", id_="1"),
    ]
    whole = by_id(told(records, until=UNTIL).records)
    assert after_dying_at(4, records, policy(), at(UNTIL), marked=3) == whole


def test_a_rebuild_without_a_marker_steps_everything_and_adds_nothing() -> None:
    owner = Owner(policy())
    for record in (accepted(), completed("2018-10-25 10:00:00")):
        owner.take(record)
        owner.tick(micros(record.time) - 1)
        owner.read()
    held, states = list(owner.log), dict(owner.states)
    owner.start_again()
    assert (owner.log, owner.states) == (held, states)


def test_a_rebuild_after_a_marker_collects_and_adds_nothing() -> None:
    owner = Owner(policy())
    for record in (accepted(), completed("2018-10-25 10:00:00")):
        owner.take(record)
        owner.tick(micros(record.time) - 1)
        owner.read()
    owner.mark()
    held, states = list(owner.log), dict(owner.states)
    owner.start_again()
    assert owner.log == held
    assert {name: state.cards for name, state in owner.states.items()} == {
        name: state.cards for name, state in states.items()
    }
