from ledger.record import AnyRecord
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables, Row


def tables_of(*records: AnyRecord) -> MemoryTables:
    whole = MemoryTables(r.projections()).run(records)
    assert MemoryTables(r.projections()).run(records, batch=1).tables == whole.tables
    return whole


def days_of(*records: AnyRecord) -> dict[str, Row]:
    return {row["day"]: row for row in tables_of(*records).rows("efficiency_days")}


def test_a_case_counts_on_the_days_of_its_acceptance_and_of_its_completion() -> None:
    days = days_of(r.limits(r.at()), r.settled(r.at(), r.at(2)))

    assert (days["2026-11-23"]["accepted"], days["2026-11-23"]["completed"]) == (1, 0)
    done = days["2026-11-25"]
    assert (done["completed"], done["promised_completed"], done["promised_on_time"]) == (1, 1, 1)
    assert (done["statutory_completed"], done["working_us"]) == (0, 10 * r.HOUR_US)


def test_a_late_settlement_moves_the_count_to_another_day() -> None:
    days = days_of(
        r.limits(r.at()),
        r.settled(r.at(), r.at(4), on_time=False),
        r.settled(r.at(), r.at(2), cause="/halls/1/approval#late", working_us=5),
    )

    assert (days["2026-11-27"]["completed"], days["2026-11-27"]["working_us"]) == (0, 0)
    assert days["2026-11-27"]["promised_completed"] == 0
    assert (days["2026-11-25"]["completed"], days["2026-11-25"]["promised_on_time"]) == (1, 1)
    assert days["2026-11-25"]["working_us"] == 5
    assert days["2026-11-23"]["accepted"] == 1


def test_an_amended_department_takes_its_counts_along() -> None:
    tables = tables_of(
        r.limits(r.at()),
        r.settled(r.at(), r.at(2)),
        r.limits(r.at(), cause="x", department="D2"),
        r.settled(r.at(), r.at(2), cause="x", department="D2"),
    )
    counted = {
        row["department"]: (row["accepted"], row["completed"])
        for row in tables.rows("efficiency_days")
        if row["accepted"] or row["completed"]
    }

    assert set(counted) == {"D2"}


def test_each_cycle_of_a_case_counts() -> None:
    days = days_of(
        r.limits(r.at()),
        r.settled(r.at(), r.at(1)),
        r.limits(r.at(2), cycle="/halls/1/approval#again"),
        r.settled(r.at(2), r.at(3), cycle="/halls/1/approval#again", cause="y"),
    )

    assert [days[day]["accepted"] for day in ("2026-11-23", "2026-11-25")] == [1, 1]
    assert [days[day]["completed"] for day in ("2026-11-24", "2026-11-26")] == [1, 1]


def test_parts_of_a_joint_case_have_rows_and_are_not_summed() -> None:
    tables = tables_of(
        r.limits(r.at()),
        r.limits(r.at(), cycle="/halls/1/approval#p", part="p1", department="D2"),
        r.settled(r.at(), r.at(1), cycle="/halls/1/approval#p", part="p1", department="D2"),
    )

    assert len(tables.rows("case_cycles")) == 2
    assert [row["department"] for row in tables.rows("efficiency_days")] == ["D1"]


def test_a_completion_known_before_its_acceptance_counts_on_both_its_days() -> None:
    days = days_of(r.limits(r.at(3)), r.settled(r.at(3), r.at(1)))

    assert days["2026-11-26"]["accepted"] == 1
    assert days["2026-11-24"]["completed"] == 1
