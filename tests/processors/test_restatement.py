"""What a new calendar would change: open limits that move, cards that would have differed."""

from datetime import date
from pathlib import Path

from ledger.work_calendar import WorkCalendar
from processors.restatement import Restated, restate
from tests.golden.language import at, local
from tests.processors.published import HOLIDAY, cn, new_calendar, put, put_first, using
from tests.processors.supervised import Owned, accepted, completed, event


def asked(
    owned: Owned, *holidays: date, name: str = "cn", from_opening: bool = False
) -> dict[str, Restated]:
    policy = owned.owner.owners[0].policy
    calendar = WorkCalendar(cn(*holidays, name=name))
    states = owned.states.every(0)
    found = restate(states, policy, calendar, owned.now_us, from_opening=from_opening)
    return {each.case: each for each in found}


def opened(folder: Path) -> Owned:
    owned = Owned(folder, using=using())
    put_first(owned)
    return owned


def limits(restated: Restated) -> list[str]:
    return [f"{m.limit} {local(m.was_due_us)} {local(m.due_us)}" for m in restated.limits]


def cards(restated: Restated) -> list[str]:
    return [
        f"{c.effect} {c.level} {local(c.issued_us)} {local(c.recomputed_us)}"
        for c in restated.cards
    ]


def test_open_limits_move_and_settled_ones_do_not(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted(), accepted(subject="C-2"), completed("2018-10-16 10:00:00", "C-2"))
    owned.until("2018-10-17 10:00:00")
    found = asked(owned, HOLIDAY)
    assert found.keys() == {"C-1"}
    assert limits(found["C-1"]) == [
        "promised 2018-10-24 10:00:00 2018-10-25 10:00:00",
        "statutory 2018-10-29 10:00:00 2018-10-30 10:00:00",
    ]
    assert {move.department for move in found["C-1"].limits} == {"D-1"}
    assert cards(found["C-1"]) == []


def test_cards_that_would_not_have_been_or_at_another_instant(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted(), accepted(subject="C-2"))
    owned.until("2018-10-24 10:00:06")
    owned.put(completed("2018-10-24 10:00:30", "C-2"))
    owned.until("2018-10-24 11:00:00")
    found = asked(owned, date(2018, 10, 18))
    expected = [
        "moved warning 2018-10-19 10:00:00 2018-10-22 10:00:00",
        "gone yellow 2018-10-24 10:00:00 none",
    ]
    assert cards(found["C-1"]) == expected
    assert cards(found["C-2"]) == expected
    assert limits(found["C-2"]) == []
    assert len(limits(found["C-1"])) == 2


def test_cards_that_would_have_been(tmp_path: Path) -> None:
    """A day off becomes a working day: by it a limit had passed that nobody was told of."""
    owned = opened(tmp_path)
    put(owned, new_calendar(HOLIDAY))
    owned.now_us += 1
    owned.put(accepted(owned.now_us))
    owned.until("2018-10-25 09:30:00")
    assert [card.split()[0] for card in owned.cards()] == ["warning"]
    found = asked(owned)
    assert cards(found["C-1"])[-1] == "added yellow none 2018-10-24 10:00:00.000001"


def test_what_the_published_calendar_has_moved_is_told_from_the_opening_on(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until("2018-10-17 10:00:00")
    put(owned, new_calendar(HOLIDAY, since="2018-10-17 10:00:00"))
    owned.until("2018-10-17 12:00:00")
    assert asked(owned, HOLIDAY) == {}
    assert len(limits(asked(owned, HOLIDAY, from_opening=True)["C-1"])) == 2


def test_a_calendar_of_another_name_changes_nothing(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted())
    owned.until("2018-10-24 12:00:00")
    assert asked(owned, date(2018, 10, 18), name="port") == {}
    assert asked(owned) == {}


def test_it_reads_and_changes_nothing(tmp_path: Path) -> None:
    owned = opened(tmp_path)
    owned.put(accepted(), event("clock-stopped", "2018-10-15 10:00:00", "C-9", procedure="hearing"))
    owned.until("2018-10-24 12:00:00")
    before = owned.records(), list(owned.states.every(0))
    asked(owned, date(2018, 10, 18), HOLIDAY)
    assert (owned.records(), list(owned.states.every(0))) == before
    assert at("2018-10-24 12:00:00") == owned.now_us
