from ledger.case_events import CaseReceived
from ledger.hall_events import ComplaintFiled, TicketAbandoned, TicketDrawn, TicketServed
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables


def test_events_are_counted_by_hall_department_and_local_day_of_their_time() -> None:
    drawn = [
        r.record(TicketDrawn(hall="H1"), r.at(hours=n), subject=f"ticket-{n}") for n in range(3)
    ]
    tables = MemoryTables(r.projections()).run(
        [
            *drawn,
            r.record(TicketServed(hall="H1"), r.at(hours=1), subject="ticket-0"),
            r.record(TicketAbandoned(hall="H1"), r.at(1), subject="ticket-1"),
            r.record(CaseReceived(matter="M", hall="H1", department="D1"), r.at()),
            r.record(ComplaintFiled(department="D1"), r.at(), subject="complaint-1"),
        ]
    )
    rows = {(row["hall"], row["department"], row["day"]): row for row in tables.rows("hall_days")}

    today = rows["H1", "", "2026-11-23"]
    assert (today["tickets_drawn"], today["tickets_served"], today["tickets_abandoned"]) == (
        3,
        1,
        0,
    )
    assert rows["H1", "", "2026-11-24"]["tickets_abandoned"] == 1
    assert rows["H1", "D1", "2026-11-23"]["received"] == 1
    assert rows["", "D1", "2026-11-23"]["complaints"] == 1


def test_a_late_upload_counts_on_the_day_it_happened() -> None:
    late = r.record(TicketDrawn(hall="H1"), r.at(-3), subject="t", recorded=r.at())

    assert MemoryTables(r.projections()).run([late]).one("hall_days")["day"] == "2026-11-20"
