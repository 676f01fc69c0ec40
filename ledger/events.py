"""The closed set of facts: every type the log may hold, in the order of the design's table.

The order is the *family rank*: facts of one instant and one case are judged in it.
"""

from typing import get_args

from ledger.card_events import CardFact
from ledger.case_events import CaseFact
from ledger.fact import Fact
from ledger.findings import Finding
from ledger.hall_events import HallFact
from ledger.system_events import SystemFact

AnyFact = CaseFact | HallFact | SystemFact | Finding | CardFact

FACT_TYPES: dict[str, type[Fact]] = {cls.TYPE: cls for cls in get_args(AnyFact)}
"""Wire type → class. A type that is not here is refused by intake and stops a reader."""

RANK: dict[type[Fact], int] = {cls: rank for rank, cls in enumerate(FACT_TYPES.values())}

CASE_TYPES = frozenset(cls.TYPE for cls in get_args(CaseFact))
JUDGED_TYPES = CASE_TYPES | {
    type_ for type_ in FACT_TYPES if type_.startswith(("hall.complaint.", "hall.consultation."))
}
"""Facts whose subject is judged: a case, a complaint or a consultation."""
CARD_TYPES = frozenset(cls.TYPE for cls in get_args(CardFact))
FINDING_TYPES = frozenset(cls.TYPE for cls in get_args(Finding))
REFERENCE_TYPES = frozenset(type_ for type_ in FACT_TYPES if type_.startswith("hall.reference."))
"""What is published: packs, calendars, the catalogue, rosters."""
SOURCE_TYPES = frozenset(
    cls.TYPE for cls in (*get_args(CaseFact), *get_args(HallFact), *get_args(CardFact))
)
"""Types that a source system or a person may send; the rest is written by the ledger itself."""
