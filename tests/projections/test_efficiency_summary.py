"""Figures of a range of days against a slow, obvious recomputation from the rows by cycle."""

from fractions import Fraction
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.record import AnyRecord
from projections.drivers.efficiency_summary import SUMMARY_FIGURES
from projections.drivers.readers import Readers
from tests.projections import records as r
from tests.projections import stores
from tests.projections.stores import Row

pytestmark = pytest.mark.usefixtures("dialect")

FIRST, LAST = "2026-11-25", "2026-11-29"


def readers_of(folder: Path, records: list[AnyRecord], partitions: int = 1) -> Readers:
    store = stores.store_on(stores.engine_at(folder))
    stores.project(r.log_of(records, partitions), store)
    return Readers(store.engine, r.ZONE)


def done(number: int, day: float, hours: int, department: str = "D1") -> list[AnyRecord]:
    subject, opened = f"c{number}", r.at()
    return [
        r.limits(opened, subject=subject, department=department),
        r.settled(
            opened,
            r.at(day),
            subject=subject,
            department=department,
            working_us=hours * r.HOUR_US,
        ),
    ]


def expected(cycles: list[Row]) -> dict[str, Any]:
    """Return what cycles of whole cases come to, from each of them one by one."""
    inside = [
        row for row in cycles if row["completed_day"] and FIRST <= row["completed_day"] <= LAST
    ]
    times = sorted(row["working_us"] for row in inside)
    promised = [row["promised_on_time"] for row in inside if row["promised_on_time"] is not None]
    return {
        "accepted": sum(FIRST <= row["accepted_day"] <= LAST for row in cycles),
        "completed": len(inside),
        "promised_completed": len(promised),
        "promised_on_time": sum(promised),
        "open": sum(
            (row["accepted_day"] <= LAST)
            - (row["completed_day"] is not None and row["completed_day"] <= LAST)
            for row in cycles
        ),
        "working_us": sum(times),
        "mean_working_us": sum(times) // len(times) if times else None,
        "p90_working_us": times[ceil(Fraction(9, 10) * len(times)) - 1] if times else None,
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_range_is_what_its_cases_come_to_one_by_one(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    life = stores.random_life(Random(seed), 150)
    readers = readers_of(tmp_path, life, partitions=1 + seed)
    engine = stores.engine_at(tmp_path)
    cycles = stores.rows_of(engine, "SELECT * FROM case_cycles WHERE part = ''")
    cards = stores.rows_of(
        engine,
        f"SELECT department, SUM(red_issued) AS red FROM card_days WHERE day BETWEEN '{FIRST}' "
        f"AND '{LAST}' GROUP BY department",
    )
    departments, total = readers.efficiency_summary(FIRST, LAST)

    assert [row["department"] for row in departments] == ["D1", "D2", "D3"]
    for row in departments:
        wanted = expected([each for each in cycles if each["department"] == row["department"]])
        assert {name: row[name] for name in wanted} == wanted
    wanted = expected(cycles)
    assert {name: total[name] for name in wanted} == wanted
    shown = {row["department"]: row["red_issued"] for row in departments if row["red_issued"]}
    assert shown == {row["department"]: row["red"] for row in cards if row["red"]}


def test_the_percentile_is_of_all_cases_and_not_of_days_or_departments(tmp_path: Path) -> None:
    quick = [record for n in range(9) for record in done(n, 2 + n % 3, hours=n + 1)]
    slow = [record for n in range(9, 12) for record in done(n, 3, hours=50, department="D2")]
    departments, total = readers_of(tmp_path, quick + slow).efficiency_summary(FIRST, LAST)

    assert [row["p90_working_hours"] for row in departments] == [9.0, 50.0]
    assert [row["mean_working_hours"] for row in departments] == [5.0, 50.0]
    assert (total["p90_working_hours"], total["mean_working_hours"]) == (50.0, 16.25)
    assert total["on_time_rate"] == 100.0


def test_a_department_that_counted_nothing_is_there_for_its_open_cases(tmp_path: Path) -> None:
    before, after = r.limits(r.at(-3), department="D8"), r.limits(r.at(30), subject="later")
    gone = done(1, 1, hours=3, department="D7")
    departments, total = readers_of(tmp_path, [before, after, *gone]).efficiency_summary(
        FIRST, LAST
    )

    (row,) = departments
    assert (row["department"], row["open"], row["accepted"], row["completed"]) == ("D8", 1, 0, 0)
    assert (row["mean_working_us"], row["p90_working_us"], row["on_time_rate"]) == (None,) * 3
    assert (total["open"], total["completed"]) == (1, 0)


def test_a_total_is_given_where_there_is_nothing(tmp_path: Path) -> None:
    departments, total = readers_of(tmp_path, []).efficiency_summary(FIRST, LAST)

    assert departments == []
    assert tuple(total) == SUMMARY_FIGURES
    assert (total["accepted"], total["open"], total["p90_working_us"]) == (0, 0, None)


def test_a_range_is_narrowed_to_a_department_and_to_a_hall(tmp_path: Path) -> None:
    readers = readers_of(tmp_path, [*done(1, 2, 4), *done(2, 2, 8, department="D2")])

    departments, total = readers.efficiency_summary(FIRST, LAST, department="D2", hall="H1")
    assert [row["department"] for row in departments] == ["D2"]
    assert (total["completed"], total["p90_working_hours"]) == (1, 8.0)
    assert readers.efficiency_summary(FIRST, LAST, hall="H2").departments == []
