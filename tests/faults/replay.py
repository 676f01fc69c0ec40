"""What a log must have led to, by the pure core alone: findings and states of every partition.

It stands apart from the comparison because it is the specification: no driver, no loop, no SQL.
Cases are read again from their facts and ticks; findings of the log are not looked at. Units are
judged by the ticks that lie in the log, each on the rows below what it names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ledger import wire
from ledger.errors import RecordUnreadable
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import EventLog
from ledger.reading import Read
from ledger.record import AnyRecord
from ledger.system_events import ClockReached
from processors.rebuild import rebuild
from processors.simulate import run_out
from processors.simulated_units import Rows
from processors.supervision.policy import Policy
from processors.supervision.publications import Publications, is_publication
from processors.supervision.state_codec import encode_state
from processors.supervision.unit_facts import UNIT, UnitFold
from processors.supervision.units import is_unit_tick, judge_unit, ticked, unit_law

READ_BATCH = 5_000
Log = Mapping[int, Sequence[Read]]
"""All records of each partition; `record` is None where one cannot be read."""
Finding = tuple[Any, ...]


@dataclass(slots=True)
class Replay:
    """What the core says.

    Attributes:
        findings: ticks of cases and findings by subject and id.
        states: bytes of each case's state by partition and subject.
    """

    findings: dict[str, Finding] = field(default_factory=dict)
    states: dict[tuple[int, str], bytes] = field(default_factory=dict)


def read_whole(log: EventLog) -> dict[int, list[Read]]:
    """Everything that lies in a log now."""
    found: dict[int, list[Read]] = {}
    for partition, end in log.ends().items():
        reads = found[partition] = []
        while len(reads) < end:
            for place, raw in log.read(partition, len(reads), min(READ_BATCH, end - len(reads))):
                try:
                    reads.append(Read(place, raw, wire.decode(raw)))
                except RecordUnreadable:
                    reads.append(Read(place, raw, None))
    return found


def firsts(reads: Iterable[Read]) -> list[Read]:
    """The first record of each identity of a partition, in log order."""
    found: dict[tuple[str, str, str], Read] = {}
    for read in reads:
        if read.record is not None:
            found.setdefault((read.record.subject, read.record.source, read.record.id), read)
    return list(found.values())


def said(record: AnyRecord) -> Finding:
    """Everything of a finding but when it was recorded."""
    return (record.type, record.subject, record.time, record.causationid, record.data)


def name_of(record: AnyRecord) -> str:
    """Subject and id."""
    return f"{record.subject} {record.id}"


def findings_in(log: Log) -> dict[str, AnyRecord]:
    """Ticks of cases and findings of a log, the first of each id."""
    return {
        name_of(read.record): read.record
        for reads in log.values()
        for read in firsts(reads)
        if read.record is not None
        and read.record.source == SUPERVISION_SOURCE
        and not read.record.subject.startswith("partition:")
        and not is_unit_tick(read.record)
    }


def replay(log: Log, policy: Policy, until_us: int) -> Replay:
    """Read a whole log again.

    Args:
        log: as it was read.
        policy: packs and calendars as configured; what the log has published governs.
        until_us: up to when time ran; ticks due by then must be there.
    """
    found = Replay()
    governed = {number: _governed(policy, reads) for number, reads in log.items()}
    for number, reads in log.items():
        using, order = governed[number], len(reads)
        facts = [read for read in reads if _counts(read)]
        rebuilt = rebuild(facts, 0, using)
        made = [wire.decode(entry.raw) for entry in rebuilt.missing]
        made += [read.record for read in facts if read.record and _is_tick(read.record)]
        made += run_out(rebuilt.states, using, until_us, order)
        found.findings |= {name_of(record): said(record) for record in made}
        whole = rebuild(reads, 0, using).states
        found.states |= {(number, name): encode_state(state) for name, state in whole.items()}
    found.findings |= _of_units(log, governed)
    return found


def _governed(policy: Policy, reads: Sequence[Read]) -> Policy:
    published = Publications()
    for read in reads:
        if read.record is not None and is_publication(read.record):
            published.apply(read.record, read.position.offset)
    return replace(policy, published=published)


def _is_tick(record: AnyRecord) -> bool:
    return isinstance(record.data, ClockReached)


def _counts(read: Read) -> bool:
    """Whether a record is a fact or a tick of a case."""
    record = read.record
    if record is None or record.subject.startswith(UNIT):
        return False
    return record.source != SUPERVISION_SOURCE or _is_tick(record)


def _of_units(log: Log, governed: Mapping[int, Policy]) -> dict[str, Finding]:
    """What the ticks of units in the log lead to."""
    rows = Rows()
    ticks: list[tuple[Read, Policy]] = []
    for number, reads in log.items():
        using = governed[number]
        fold = UnitFold(using.pack_for(None).future_tolerance_us)
        for read in firsts(reads):
            assert read.record is not None
            if is_unit_tick(read.record):
                ticks.append((read, using))
                continue
            for row in fold.take(read.record, read.position):
                rows.add(row)
    found: dict[str, Finding] = {}
    for (position, _, tick), using in ticks:
        assert tick is not None
        _, close_us = ticked(tick)
        pack, calendar, _ = unit_law(using, position.offset, close_us - 1)
        for made in judge_unit(tick, pack.unit_rules, calendar, rows.read):
            found[name_of(made)] = said(made)
    return found
