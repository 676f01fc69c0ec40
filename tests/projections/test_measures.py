"""Counts for metrics: by hall, department and level, from the rows that projections wrote."""

from collections.abc import Sequence
from pathlib import Path

from ledger import card_events as acts
from ledger.record import AnyRecord, micros
from projections.drivers.measures import Cases, HallDay, LastRebuild, LiveCards, Measures
from projections.drivers.rebuild import Rebuilt
from projections.drivers.rebuild_journal import note_rebuild
from tests.projections import records as r
from tests.projections import stores


def measured(folder: Path, records: Sequence[AnyRecord]) -> Measures:
    store = stores.store_on(stores.engine_at(folder))
    stores.project(r.log_of(records), store)
    return Measures(store.engine, r.ZONE)


def opened(number: int, department: str = "D1", timeline: str | None = None) -> list[AnyRecord]:
    subject = f"case-{number}"
    return [
        r.accepted(r.at(), subject=subject, department=department, timeline=timeline),
        r.limits(r.at(), subject=subject, department=department, timeline=timeline),
    ]


def carded(number: int, level: str, day: float, **more: object) -> AnyRecord:
    return r.card(
        r.at(day),
        level,  # type: ignore[arg-type] # one of the levels
        card_id=f"k{number}-{level}",
        subject=f"case-{number}",
        **more,  # type: ignore[arg-type] # passed through
    )


def test_cases_are_counted_by_phase_and_by_the_highest_card_standing_on_them(
    tmp_path: Path,
) -> None:
    records = [
        *opened(1),
        *opened(2),
        *opened(3, "D2"),
        *opened(4),
        carded(1, "warning", 3),
        carded(1, "yellow", 5),
        carded(3, "red", 6, department="D2"),
        r.settled(r.at(), r.at(1), subject="case-4"),
        r.completed(r.at(1), subject="case-4"),
    ]
    assert set(measured(tmp_path, records).cases()) == {
        Cases("accepted", "H1", "D1", True, 2, 1),
        Cases("accepted", "H1", "D1", True, 0, 1),
        Cases("accepted", "H1", "D2", True, 3, 1),
        Cases("completed", "H1", "D1", True, 0, 1),
    }


def test_imported_cases_are_counted_apart_for_they_live_on_their_own_time(tmp_path: Path) -> None:
    found = measured(tmp_path, [*opened(1, timeline="receipt"), *opened(2)])
    assert set(found.cases()) == {
        Cases("accepted", "H1", "D1", False, 0, 1),
        Cases("accepted", "H1", "D1", True, 0, 1),
    }


def test_live_cards_are_the_highest_of_their_clock_and_say_how_many_nobody_has_signed(
    tmp_path: Path,
) -> None:
    records = [
        *(record for number in (1, 2, 3) for record in opened(number)),
        carded(1, "warning", 3),
        carded(1, "yellow", 5),
        carded(2, "yellow", 5),
        carded(3, "red", 5),
        r.record(acts.CardSigned(card_id="k2-yellow", actor_ref="o:1"), r.at(6), subject="case-2"),
        r.rescinded(r.at(7), "k3-red", subject="case-3"),
    ]
    assert list(measured(tmp_path, records).live_cards()) == [LiveCards("H1", "D1", "yellow", 2, 1)]


def test_the_present_day_is_the_local_day_of_the_instant(tmp_path: Path) -> None:
    records = [
        *opened(1),
        *opened(2),
        r.settled(r.at(), r.at(0, 2), subject="case-1", working_us=2 * r.HOUR_US),
        carded(2, "warning", 0.1),
        carded(2, "yellow", 1),
    ]
    found = measured(tmp_path, records)
    first = HallDay(
        "H1",
        accepted=2,
        completed=1,
        promised_completed=1,
        promised_on_time=1,
        working_us=2 * r.HOUR_US,
        warning_issued=1,
    )
    assert list(found.day(micros(r.at(0, 14.9)))) == [first]
    assert list(found.day(micros(r.at(0, 15)))) == [HallDay("H1", yellow_issued=1)]
    assert list(found.day(micros(r.at(9)))) == []


def test_the_last_rebuild_of_each_kind_is_kept(tmp_path: Path) -> None:
    found = measured(tmp_path, opened(1))
    engine = stores.engine_at(tmp_path)
    assert list(found.rebuilds()) == []
    note_rebuild(engine, 5, Rebuilt(7, {}, []), replaced=True, compared=False)
    note_rebuild(engine, 6, Rebuilt(8, {}, []), replaced=False, compared=True)
    note_rebuild(engine, 9, Rebuilt(10, {}, []), replaced=False, compared=True)
    assert set(found.rebuilds()) == {
        LastRebuild("replace", 5, 7, None),
        LastRebuild("check", 9, 10, 0),
    }
