"""What passes through the hall in a day and is counted nowhere else: queue, receipts, questions.

Acceptances, completions and cards are counted where supervision judges them (`efficiency`,
`card_days`); a reader of the hall screen adds the three. So no figure exists twice with two
meanings.
"""

from collections.abc import Callable
from typing import Any

from ledger.case_events import AcceptanceRefused, CaseReceived, CorrectionRequested
from ledger.fact import Fact
from ledger.hall_events import (
    ComplaintFiled,
    ConsultationAsked,
    TicketAbandoned,
    TicketCalled,
    TicketDrawn,
    TicketServed,
)
from projections.projection import LocalDays, Seen
from projections.rows import Index, Rows, TableShape, count, integer, text

HALL_DAYS = TableShape(
    name="hall_days",
    form="counters",
    comment="Events of the hall counted by hall, department and local day of their time.",
    key=("partition", "hall", "department", "day"),
    columns=(
        integer("partition", "Partition of the log"),
        text("hall", "Hall code; empty where the event names none"),
        text("department", "Department code; empty where the event names none"),
        text("day", "Local day of the hall"),
        count("tickets_drawn", "Tickets drawn (取号)"),
        count("tickets_called", "Tickets called (叫号)"),
        count("tickets_served", "Tickets served"),
        count("tickets_abandoned", "Tickets abandoned (弃号)"),
        count("received", "Receipts (收件)"),
        count("refused", "Refusals of acceptance (不予受理)"),
        count("corrections_requested", "Notices of correction (补正告知)"),
        count("consultations", "Consultations (咨询)"),
        count("complaints", "Complaints (投诉)"),
    ),
    indexes=(Index(("day",)),),
)

_COUNTED: dict[type[Fact], str] = {
    TicketDrawn: "tickets_drawn",
    TicketCalled: "tickets_called",
    TicketServed: "tickets_served",
    TicketAbandoned: "tickets_abandoned",
    CaseReceived: "received",
    AcceptanceRefused: "refused",
    CorrectionRequested: "corrections_requested",
    ConsultationAsked: "consultations",
    ComplaintFiled: "complaints",
}


class HallScreen:
    """Counts by partition, hall, department and day."""

    name = "hall_screen"
    version = 1
    shapes = (HALL_DAYS,)
    wants = frozenset(fact.TYPE for fact in _COUNTED)

    def __init__(self, days: LocalDays) -> None:
        """Take the days of the hall's zone."""
        self._day_of: Callable[[int], str] = days.of

    def ask(self, rows: Rows, seen: Seen) -> None:
        """Read nothing: counters are differences."""

    def apply(self, rows: Rows, seen: Seen) -> None:
        """Count one event."""
        fact: Any = seen.fact
        key = (
            seen.position.partition,
            getattr(fact, "hall", None) or "",
            getattr(fact, "department", None) or "",
            self._day_of(seen.time_us),
        )
        rows.counters["hall_days"].add(key, _COUNTED[type(fact)])
