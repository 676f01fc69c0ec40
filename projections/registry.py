"""The read models of this ledger, in the order in which they see a record.

The one place to add a projection; it stands apart so that the live loop, a rebuild and the tests
run the same set.
"""

from datetime import tzinfo

from projections.case_history import CaseHistory
from projections.efficiency import Efficiency
from projections.hall_screen import HallScreen
from projections.projection import LocalDays, Projection
from projections.warning_board import WarningBoard


def all_projections(zone: tzinfo) -> tuple[Projection, ...]:
    """Return new projections that count by the days of the hall's zone."""
    days = LocalDays(zone)
    return (CaseHistory(), WarningBoard(days), HallScreen(days), Efficiency(days))
