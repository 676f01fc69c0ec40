"""Where the records of each subject lie, so that a case's history is read from the log itself.

No content is copied: the log keeps the only one. The hash of each identity is kept beside, and is
how a reader of a log that may hold repeats (Kafka) knows them.
"""

from collections.abc import Iterable

from ledger.events import FACT_TYPES
from projections.projection import Seen
from projections.rows import Index, Rows, TableShape, integer, text

UNFILED_FAMILIES = ("hall.reference.", "hall.supervision.", "hall.log.", "hall.import.")
"""Families about the ledger itself; they belong to no case and are not filed."""

CASE_HISTORY = TableShape(
    name="case_history",
    form="entries",
    comment="One row for each record of a case, ticket, complaint or unit: its place in the log.",
    key=("partition", "log_offset"),
    columns=(
        integer("partition", "Partition of the log"),
        integer("log_offset", "Offset of the record within its partition"),
        text("subject", "Case id, or the id of a ticket, complaint, consultation or unit"),
        text("type", "Type of the record, hall.<family>.<what>.v<n>"),
        integer("time_us", "When it happened"),
        integer("recorded_us", "When the ledger learned it"),
        text("timeline", "Name of the import the record belongs to; absent for live records"),
        integer("identity", "Hash of (subject, source, id), to know repeats by"),
    ),
    indexes=(Index(("subject", "partition", "log_offset")),),
)


def filed_types(types: Iterable[str]) -> frozenset[str]:
    """Return those record types that have a row in the history of their subject."""
    return frozenset(name for name in types if not name.startswith(UNFILED_FAMILIES))


class CaseHistory:
    """One row a record."""

    name = "case_history"
    version = 1
    shapes = (CASE_HISTORY,)
    wants = filed_types(FACT_TYPES)

    def ask(self, rows: Rows, seen: Seen) -> None:
        """Read nothing."""

    def apply(self, rows: Rows, seen: Seen) -> None:
        """File the record under its subject."""
        rows.entries["case_history"].add(
            (
                *seen.position,
                seen.subject,
                seen.type,
                seen.time_us,
                seen.recorded_us,
                seen.record.timeline,
                seen.identity,
            )
        )
