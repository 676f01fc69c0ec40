"""The checker of every fault: what was sent, what the log holds, what SQL shows.

The log is replayed by the pure core; findings, states and every row must be what that gives. What
differs is told in one of five words: lost (sent or due, and not there), wrong (there, and not as it
should be), twice (in effect more than once), early (before its due), and repeats, which do no harm.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, select, text

from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.findings import CardIssued
from ledger.log import Entry, EventLog
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from processors.drivers.state_rows import CASE_STATES
from processors.supervision.policy import Policy
from projections.case_history import UNFILED_FAMILIES
from projections.drivers.projector import Projector
from projections.drivers.sql_store import SqlStore
from projections.registry import all_projections
from projections.runner import identity_hash
from tests.faults.agreement import ZONE, row_differences, rows_of
from tests.faults.replay import Finding, Log, findings_in, firsts, read_whole, replay, said

GRACE_US = 5_000_000
"""`report_grace` of the packs that these halls use."""
SHOWN_MAX = 5


@dataclass(slots=True)
class Outcome:
    """What a fault has done.

    Attributes:
        facts: different facts that were sent and acknowledged.
        records: what the log holds after it.
        repeats: records that came again and have no effect.
    """

    facts: int = 0
    records: int = 0
    repeats: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)

    def told(self, most: int | None = SHOWN_MAX) -> str:
        """Everything that is not as it must be, the first few of each kind; empty if all is."""
        kinds = ("lost", "wrong", "twice", "early")
        return "\n".join(
            f"{len(found)} {kind}: {each}"
            for kind in kinds
            for found in [getattr(self, kind)]
            for each in found[:most]
        )


class Held(NamedTuple):
    """What a hall holds.

    Attributes:
        states, rows: the databases of case states and of read models.
        policy: packs and calendars as configured.
    """

    log: EventLog
    states: Engine
    rows: Engine
    policy: Policy


def check(
    held: Held,
    sent: Iterable[Entry],
    folder: Path,
    until_us: int,
    besides: Set[str] = frozenset(),
) -> Outcome:
    """Compare a hall that has come to rest with what its log must have led to.

    Args:
        held: what the hall holds.
        sent: every fact that was acknowledged.
        folder: an empty one, for what is made again.
        until_us: up to when time ran.
        besides: subjects of which findings and states are compared elsewhere.
    """
    log = read_whole(held.log)
    outcome = Outcome(records=sum(map(len, log.values())))
    outcome.repeats = outcome.records - sum(len(firsts(reads)) for reads in log.values())
    outcome.repeats -= sum(read.record is None for reads in log.values() for read in reads)
    _sent(outcome, log, held.rows, sent)
    found = findings_in(log)
    again = replay(log, held.policy, until_us)
    _findings(outcome, found, again.findings, besides)
    _early(outcome, found)
    _states(outcome, held.states, again.states, besides)
    _rows(outcome, held.log, held.rows, folder)
    return outcome


def _sent(outcome: Outcome, log: Log, engine: Engine, sent: Iterable[Entry]) -> None:
    there = {
        (read.record.subject, read.record.source, read.record.id): read.record
        for reads in log.values()
        for read in firsts(reads)
        if read.record is not None
    }
    filed = _filed(engine)
    facts: dict[tuple[str, str, str], Entry] = {}
    for each in sent:  # the first of an identity counts
        facts.setdefault((each.subject, each.source, each.id), each)
    outcome.facts = len(facts)
    for identity, entry in facts.items():
        record, meant = there.get(identity), wire.decode(entry.raw)
        if record is None:
            outcome.lost.append(f"the fact {identity}")
        elif (record.type, record.time, record.data) != (meant.type, meant.time, meant.data):
            outcome.wrong.append(f"the fact {identity}: {record}")
        elif not record.type.startswith(UNFILED_FAMILIES):
            count = filed[identity[0], identity_hash(*identity)]
            if count == 0:
                outcome.lost.append(f"in SQL, the fact {identity}")
    outcome.twice += [
        f"{subject}: {number} rows" for (subject, _), number in filed.items() if number > 1
    ]


def _filed(engine: Engine) -> Counter[tuple[str, int]]:
    """How often each identity is in the histories of cases."""
    query = "SELECT subject, identity, COUNT(*) FROM case_history GROUP BY subject, identity"
    with engine.connect() as connection:
        return Counter({(row[0], row[1]): row[2] for row in connection.execute(text(query))})


def _findings(
    outcome: Outcome,
    found: Mapping[str, AnyRecord],
    again: Mapping[str, Finding],
    besides: Set[str],
) -> None:
    for name, finding in again.items():
        if finding[1] in besides:
            continue
        record = found.get(name)
        if record is None:
            outcome.lost.append(f"the finding {name}: {finding}")
        elif said(record) != finding:
            outcome.wrong.append(f"the finding {name}: {said(record)}, expected {finding}")
    for name, record in found.items():
        if name not in again and record.subject not in besides:
            outcome.wrong.append(f"the finding {name} should not be there: {said(record)}")


def _early(outcome: Outcome, found: Mapping[str, AnyRecord]) -> None:
    """Note what was said before its instant had come, by the clock that stamps records."""
    ticks = {record.name for record in found.values() if isinstance(record.data, ClockReached)}
    for name, record in found.items():
        at_us = micros(record.recordedtime or record.time)
        if at_us < micros(record.time):
            outcome.early.append(f"{name} of {record.time} was recorded at {record.recordedtime}")
        if isinstance(record.data, CardIssued):
            grace_us = GRACE_US if record.causationid in ticks else 0
            due_us = micros(record.data.effective_at) + grace_us
            if due_us > micros(record.data.detected_at):
                outcome.early.append(f"the card {name}: {record.data}")


def states_of(engine: Engine) -> dict[tuple[int, str], bytes]:
    """The state of every case, as kept, by partition and subject."""
    columns = (CASE_STATES.c.partition, CASE_STATES.c.subject, CASE_STATES.c.state)
    with engine.connect() as connection:
        return {(row[0], row[1]): bytes(row[2]) for row in connection.execute(select(*columns))}


def _states(
    outcome: Outcome,
    engine: Engine,
    again: Mapping[tuple[int, str], bytes],
    besides: Set[str],
) -> None:
    kept = states_of(engine)
    for place in sorted(kept.keys() | again.keys()):
        if kept.get(place) != again.get(place) and place[1] not in besides:
            outcome.wrong.append(f"the state of {place}: {kept.get(place)!r}, {again.get(place)!r}")


def _rows(outcome: Outcome, log: EventLog, engine: Engine, folder: Path) -> None:
    """Make all read models again in another database and compare every column of every row."""
    fresh = open_engine(f"sqlite:///{folder / 'again.sqlite'}")
    store = SqlStore(fresh, all_projections(ZONE), ZONE)
    store.prepare()
    projector = Projector(log, store)
    projector.claim(range(log.partitions))
    projector.catch_up()
    differ = row_differences(rows_of(engine, frozenset()), rows_of(fresh, frozenset()))
    outcome.wrong += [f"the row {each}" for each in differ]
    fresh.dispose()
