"""A log walked record by record, and what properties ask of what it leads to.

It stands apart because the properties of steps, of time and of amendments walk the same histories.
"""

import os
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import HealthCheck, settings

from ledger import wire
from ledger.record import AnyRecord
from ledger.system_events import ClockReached
from processors.loop import STEPPED_TYPES
from processors.simulate import run_out, simulate
from processors.supervision.policy import Policy
from processors.supervision.publications import Publications
from processors.supervision.state import CaseState
from processors.supervision.step import step
from tests.golden.language import at
from tests.simulation.full_packs import policy_of_cases

UNTIL_US = at("2019-02-20 00:00:00")
EXAMPLES = int(os.environ.get("HALL_PROPERTY_EXAMPLES", "120"))
often = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])


class Walk:
    """States of a partition under a policy, as records of its log are taken one by one."""

    def __init__(self, pack: str) -> None:
        self.published = Publications()
        self.using: Policy = replace(policy_of_cases(pack), published=self.published)
        self.states: dict[str, CaseState] = {}
        self.order = 0

    def take(self, record: AnyRecord) -> list[AnyRecord]:
        """Take the next record of the log; what it leads to."""
        self.published.apply(record, self.order)
        self.order += 1
        if record.type not in STEPPED_TYPES:
            return []
        stepped = step(self.states.get(record.subject), record, self.order - 1, self.using)
        self.states[record.subject] = stepped.state
        return stepped.records

    def all(self, records: Iterable[AnyRecord], until_us: int | None = UNTIL_US) -> list[AnyRecord]:
        """Take records, then let time pass; what they lead to."""
        found = [made for record in records for made in self.take(record)]
        if until_us is not None:
            found += run_out(self.states, self.using, until_us, self.order)
        return found


def run(
    records: Iterable[AnyRecord], pack: str, until_us: int | None = UNTIL_US
) -> list[AnyRecord]:
    """Ticks and findings of a log."""
    return list(simulate(records, policy_of_cases(pack), until_us))


def findings(records: Iterable[AnyRecord]) -> dict[str, list[bytes]]:
    """The bytes of all findings, by case, in order."""
    found: dict[str, list[bytes]] = {}
    for record in records:
        if not isinstance(record.data, ClockReached):
            found.setdefault(record.subject, []).append(wire.encode(record))
    return found


def ticks(records: Iterable[AnyRecord]) -> list[AnyRecord]:
    """The ticks among records."""
    return [record for record in records if isinstance(record.data, ClockReached)]


def of_cases(records: Iterable[AnyRecord]) -> list[AnyRecord]:
    """The records that move a case; publications move none."""
    return [record for record in records if record.type in STEPPED_TYPES]
