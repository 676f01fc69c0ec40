from ledger.system_events import SupervisionJudged
from projections.case_history import CaseHistory
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables


def test_every_record_of_a_case_is_filed_with_its_place_and_both_times() -> None:
    late = r.completed(r.at(hours=1), recorded=r.at(days=2), timeline="import-1")
    tables = MemoryTables([CaseHistory()]).run([r.accepted(r.at()), late])

    first, second = tables.rows("case_history")

    assert (first["partition"], first["log_offset"]) == (0, 0)
    assert second["log_offset"] == 1
    assert second["type"] == "hall.case.completed.v1"
    assert second["recorded_us"] - second["time_us"] == 47 * r.HOUR_US
    assert second["timeline"] == "import-1"
    assert first["timeline"] is None


def test_findings_and_ticks_are_filed_and_the_ledgers_own_records_are_not() -> None:
    marker = r.record(
        SupervisionJudged(upto=1, engine="1", packs={}, calendars={}), r.at(), subject="partition:0"
    )
    tables = MemoryTables([CaseHistory()]).run([r.accepted(r.at()), r.limits(r.at()), marker])

    assert [row["type"] for row in tables.rows("case_history")] == [
        "hall.case.accepted.v1",
        "hall.finding.limits-set.v1",
    ]
