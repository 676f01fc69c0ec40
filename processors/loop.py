"""What one batch does, whoever runs it: step each record, say what to append and what to remember.

The drivers do the rest in this order: append the batch's entries and wait until they are durable,
then commit states and position in one transaction (emit, then remember). After a crash a batch is
repeated, and repeats are harmless because findings are named by what they are about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.events import CARD_TYPES, CASE_TYPES
from ledger.findings import CaseUnjudged
from ledger.log import Entry
from ledger.reading import Read
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from ledger.wire import encode
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step

STEPPED_TYPES = CASE_TYPES | CARD_TYPES | {ClockReached.TYPE}
"""Types that move a case; everything else is passed over."""


@dataclass(slots=True)
class Batch:
    """What a batch of one partition led to.

    Attributes:
        states: changed states by subject.
        entries: ticks and findings to append, in order.
        judged: how many records moved a case.
        suspended: how many cases could not be judged.
        delays: seconds from when a live fact happened to when it was recorded.
    """

    states: dict[str, CaseState] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    judged: int = 0
    suspended: int = 0
    delays: list[float] = field(default_factory=list)


def subjects_of(records: Iterable[Read]) -> list[str]:
    """Return the cases whose states a batch needs, each once."""
    return list(
        {
            read.record.subject: None
            for read in records
            if read.record is not None and read.record.type in STEPPED_TYPES
        }
    )


def run_batch(records: Sequence[Read], states: dict[str, CaseState], policy: Policy) -> Batch:
    """Step the records of one partition in order.

    Args:
        states: what is known of the batch's cases; cases not in it are new.
    """
    batch = Batch()
    for read in records:
        record = read.record
        if record is None or record.type not in STEPPED_TYPES:
            continue
        known = batch.states.get(record.subject) or states.get(record.subject)
        stepped = step(known, record, read.position.offset, policy)
        batch.states[record.subject] = stepped.state
        batch.judged += 1
        if record.timeline is None and record.recordedtime and record.type in CASE_TYPES:
            batch.delays.append((record.recordedtime - record.time).total_seconds())
        for made in stepped.records:
            batch.entries.append(entry_of(made))
            batch.suspended += made.type == CaseUnjudged.TYPE
    return batch


def entry_of(record: AnyRecord) -> Entry:
    """Return a record made here as an entry; live ones are stamped by the log."""
    recorded = record.recordedtime
    return Entry(
        record.subject,
        record.source,
        record.id,
        encode(record),
        None if recorded is None else micros(recorded),
    )
