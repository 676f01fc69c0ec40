"""What one batch does, whoever runs it: step each record, say what to append and what to remember.

The drivers do the rest in this order: append the batch's entries and wait until they are durable,
then commit states and position in one transaction (emit, then remember). After a crash a batch is
repeated, and repeats are harmless because findings are named by what they are about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledger.events import CARD_TYPES, CASE_TYPES, JUDGED_TYPES
from ledger.findings import CaseUnjudged
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Entry
from ledger.reading import Read
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached, SupervisionJudged
from ledger.wire import encode
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step
from processors.supervision.ticks import next_tick, waits_until
from processors.supervision.unit_facts import ROW_TYPES, unit_facts_of
from processors.supervision.units import (
    RowsBelow,
    UnitBatch,
    is_unit_tick,
    judge_unit,
    kept_from,
    ticked,
    unit_law,
)

STEPPED_TYPES = JUDGED_TYPES | CARD_TYPES | {ClockReached.TYPE}
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
        repeats: how many facts came again with the same content.
        conflicts: facts under a known identity with other content; they have no effect.
        units: rows of unit rules, and ticks of units.
    """

    states: dict[str, CaseState] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    judged: int = 0
    suspended: int = 0
    delays: list[float] = field(default_factory=list)
    repeats: int = 0
    conflicts: list[Read] = field(default_factory=list)
    units: UnitBatch = field(default_factory=UnitBatch)


def subjects_of(records: Iterable[Read]) -> list[str]:
    """Return the cases whose states a batch needs, each once."""
    return list(
        {
            read.record.subject: None
            for read in records
            if read.record is not None and read.record.type in STEPPED_TYPES
        }
    )


def run_batch(
    records: Sequence[Read], states: dict[str, CaseState], policy: Policy, rows_below: RowsBelow
) -> Batch:
    """Step the records of one partition in order.

    Args:
        states: what is known of the batch's cases; cases not in it are new.
        rows_below: gives rows of unit rules; those a tick of the batch looks at are committed.
    """
    batch = Batch()
    for read in records:
        record = read.record
        if record is None:
            continue
        if record.type not in STEPPED_TYPES:
            if record.type in ROW_TYPES:
                batch.units.rows.extend(unit_facts_of(record, read.position, None, None))
            continue
        if is_unit_tick(record):
            _judge_unit(batch, record, read.position.offset, policy, rows_below)
            continue
        known = batch.states.get(record.subject) or states.get(record.subject)
        stepped = step(known, record, read.position.offset, policy)
        batch.states[record.subject] = stepped.state
        batch.judged += 1
        if known is not None and stepped.state is known:
            _note_repeat(batch, read, known)
        if record.type in ROW_TYPES and stepped.state is not known:
            rows = unit_facts_of(record, read.position, known, stepped.state)
            batch.units.rows.extend(rows)
        if record.timeline is None and record.recordedtime and record.type in CASE_TYPES:
            batch.delays.append((record.recordedtime - record.time).total_seconds())
        for made in stepped.records:
            batch.entries.append(entry_of(made))
            batch.suspended += made.type == CaseUnjudged.TYPE
    return batch


def _note_repeat(batch: Batch, read: Read, known: CaseState) -> None:
    """Count a fact that is known already; one with other content is kept for people to see."""
    record = read.record
    assert record is not None
    if record.type not in JUDGED_TYPES:
        return
    if known.holds_other(record.source, record.id, micros(record.time), record.data):
        batch.conflicts.append(read)
    else:
        batch.repeats += 1


def due_ticks(
    states: Iterable[CaseState], policy: Policy, order: int, now_us: int
) -> tuple[list[AnyRecord], dict[str, int | None]]:
    """Return the ticks of cases whose instant has come, and until when the others wait.

    Args:
        states: cases that were said to wait for an instant that has come.
        policy: with what their partition has published.
        order: only what lies before it in the log is published.
        now_us: the clock.
    """
    ticks: list[AnyRecord] = []
    others: dict[str, int | None] = {}
    for state in states:
        tick = None if state.suspended else next_tick(state, policy, order, now_us)
        if tick is None:
            others[state.subject] = waits_until(state, policy, order)
        else:
            ticks.append(tick)
    return ticks, others


def marker(partition: int, upto: int, engine: str, policy: Policy, now_us: int) -> AnyRecord:
    """Return the record that says up to where a partition is judged, and by which versions."""
    return Record(
        type=SupervisionJudged.TYPE,
        source=SUPERVISION_SOURCE,
        id=f"{partition}:{upto}",
        subject=f"partition:{partition}",
        time=instant(now_us),
        data=SupervisionJudged(
            upto=upto,
            engine=engine,
            packs={name: pack.version for name, pack in policy.packs.items()},
            calendars={name: each.spec.version for name, each in policy.calendars.items()},
        ),
    )


def _judge_unit(
    batch: Batch, tick: AnyRecord, order: int, policy: Policy, rows_below: RowsBelow
) -> None:
    """Judge a unit by the pack and calendar that were in force at the end of its period."""
    unit, close_us = ticked(tick)
    pack, calendar, _ = unit_law(policy, order, close_us - 1)
    for made in judge_unit(tick, pack.unit_rules, calendar, rows_below):
        batch.entries.append(entry_of(made))
        batch.suspended += made.type == CaseUnjudged.TYPE
    batch.judged += 1
    batch.units.ticks.append((unit, close_us))
    batch.units.kept_from_us = kept_from(pack.unit_rules, close_us, calendar)


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
