"""What a ledger holds and shows, positions aside, so that two editions can be compared.

It stands apart because every fault ends with the same question: are the findings those of the pure
core, and is every row what the log says?
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import RecordUnreadable
from ledger.events import REFERENCE_TYPES, SOURCE_TYPES
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Entry, EventLog
from ledger.record import AnyRecord
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import SqlState
from processors.supervision.policy import Policy
from processors.supervision.units import is_unit_tick
from projections.drivers.projector import Projector
from projections.drivers.sql_store import SqlStore
from projections.projection import all_shapes
from projections.registry import all_projections

ZONE = ZoneInfo("Asia/Shanghai")
PLACES = frozenset({"partition", "log_offset", "changed_offset", "recorded_us", "changed_us"})
"""Columns that say where and when a record came to lie, which differs between editions."""

ALLOWED = SOURCE_TYPES | REFERENCE_TYPES
Finding = tuple[Any, ...]


def records_of(log: EventLog) -> list[AnyRecord]:
    """Every record that can be read, partition after partition; the first of an identity alone."""
    found: dict[tuple[int, str, str, str], AnyRecord] = {}
    for partition, end in log.ends().items():
        offset = 0
        while offset < end:
            batch = log.read(partition, offset, 10_000)
            for _, raw in batch:
                try:
                    record = wire.decode(raw)
                except RecordUnreadable:
                    continue
                found.setdefault((partition, record.subject, record.source, record.id), record)
            offset += len(batch)
    return list(found.values())


def findings_of(log: EventLog) -> dict[str, Finding]:
    """Ticks and findings by id: everything of them but when they were recorded.

    Ticks of units are left out: they say where the log stood.
    """
    return {
        f"{r.subject} {r.id}": (r.type, r.subject, r.time, r.causationid, r.data)
        for r in records_of(log)
        if r.source == SUPERVISION_SOURCE
        and not r.subject.startswith("partition:")
        and not is_unit_tick(r)
    }


class UnitTicks:
    """The ticks of units in a log, each by unit and close; each look reads on from the last."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._read = dict.fromkeys(log.ends(), 0)
        self._found: set[str] = set()

    def look(self) -> set[str]:
        """All that are there by now."""
        for partition, end in self._log.ends().items():
            while self._read[partition] < end:
                batch = self._log.read(partition, self._read[partition], 10_000)
                of_units = (wire.decode(raw) for _, raw in batch if b'"subject":"unit:' in raw)
                self._found |= {f"{r.subject} {r.id}" for r in of_units if is_unit_tick(r)}
                self._read[partition] += len(batch)
        return self._found


def rows_of(
    engine: Engine, without: frozenset[str] = PLACES
) -> dict[str, Counter[tuple[Any, ...]]]:
    """The rows of every read model without their places; counters are summed over partitions."""
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    for shape in all_shapes(all_projections(ZONE)):
        names = [name for name in shape.names if name not in without]
        listed = ", ".join(names)
        if shape.form == "counters":
            keys = ", ".join(name for name in shape.key if name != "partition")
            sums = ", ".join(f"CAST(SUM({name}) AS BIGINT)" for name in shape.sums)
            sql = f"SELECT {keys}, {sums} FROM {shape.name} GROUP BY {keys}"
        else:
            sql = f"SELECT DISTINCT {listed} FROM {shape.name}"
        with engine.connect() as connection:
            found[shape.name] = Counter(tuple(row) for row in connection.execute(text(sql)))
    return found


def differences(one: Mapping[str, Any], other: Mapping[str, Any], most: int = 5) -> list[str]:
    """What two mappings say otherwise, the first few of them in words."""
    found = [
        f"{key}: {one.get(key)!r} beside {other.get(key)!r}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]
    return found[:most] + ([f"... {len(found) - most} more"] if len(found) > most else [])


def row_differences(
    one: Mapping[str, Counter[tuple[Any, ...]]], other: Mapping[str, Counter[tuple[Any, ...]]]
) -> list[str]:
    """Which rows of which tables are on one side alone, the first few of them."""
    return [
        f"{table}: {count} x {row!r} {side}"
        for table in one
        for side, rows in (
            ("here", one[table] - other[table]),
            ("there", other[table] - one[table]),
        )
        for row, count in list(rows.items())[:3]
    ]


class Embedded:
    """The same facts in the embedded edition: one SQLite file, one owner, all at once.

    Attributes:
        log: with what was found.
        engine: of the read models.
    """

    def __init__(self, folder: Path, entries: Iterable[Entry], policy: Policy, now_us: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = SqliteLog(folder / "ledger.sqlite", now=lambda: now_us)
        listed = list(entries)
        for start in range(0, len(listed), 5_000):
            self.log.append(listed[start : start + 5_000])
        states = SqlState(open_engine(f"sqlite:///{folder / 'state.sqlite'}"))
        supervisor = Supervisor(self.log, states, policy, lambda: now_us)
        while supervisor.turn():
            pass
        supervisor.stop()
        self.engine = open_engine(f"sqlite:///{folder / 'read.sqlite'}")
        store = SqlStore(self.engine, all_projections(ZONE), ZONE)
        store.prepare()
        projector = Projector(self.log, store)
        projector.claim([0])
        projector.catch_up()

    def close(self) -> None:
        """Release what is open."""
        self.log.close()
        self.engine.dispose()


def entries_of(events: Iterable[tuple[int, dict[str, Any]]]) -> list[Entry]:
    """Events as entries that carry the instants at which the ledger learned them."""
    return [
        Entry(record.subject, record.source, record.id, wire.stamp(raw, recorded_us), recorded_us)
        for recorded_us, event in events
        for record, raw in [wire.accept(event, ALLOWED)]
    ]
