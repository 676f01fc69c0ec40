"""Stores, logs and projectors for the tests of the SQL drivers, and how to look into them."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ledger.case_events import CaseReceived
from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import writing
from ledger.findings import LEVELS
from ledger.hall_events import TicketDrawn
from ledger.log import EventLog
from ledger.record import AnyRecord
from projections.drivers.projector import Projector
from projections.drivers.sql_store import SqlStore
from projections.rows import TableShape
from tests.projections import records as r
from tests.services.databases import engine_in

Row = dict[str, Any]


def engine_at(folder: Path) -> Engine:
    """An engine on a folder's read models, their tables made."""
    return engine_in(folder, "read", make_tables)


def make_tables(engine: Engine, zone: tzinfo = r.ZONE) -> None:
    store = SqlStore(engine, r.projections(), zone)
    with writing(engine).begin() as connection:
        store.schema.create(connection)


def store_on(engine: Engine, **more: Any) -> SqlStore:
    store = SqlStore(engine, r.projections(), r.ZONE, **more)
    store.prepare()
    return store


def project(log: EventLog, store: SqlStore, batch: int = 500) -> Projector:
    """Return a projector that has applied the whole log."""
    projector = Projector(log, store)
    projector.claim(range(log.partitions))
    projector.catch_up(batch)
    return projector


def rows_of(engine: Engine, sql: str, **values: Any) -> list[Row]:
    with engine.begin() as connection:
        return [dict(row) for row in connection.execute(text(sql), values).mappings()]


def all_rows(store: SqlStore) -> dict[str, list[Row]]:
    """Return every table, sorted by its key."""
    return {shape.name: _sorted_rows(store, shape) for shape in store.shapes}


def _sorted_rows(store: SqlStore, shape: TableShape) -> list[Row]:
    return rows_of(store.engine, f"SELECT * FROM {shape.name} ORDER BY {', '.join(shape.key)}")


class MayRepeat(MemoryLog):
    """A log that does not promise to answer repeats, as Kafka's does not."""

    capabilities = frozenset[str]()

    def repeat(self, partition: int, offsets: Sequence[int]) -> None:
        """Append records once more, as a producer that was cut off would."""
        rows = self._records[partition]
        for offset in offsets:
            place = rows[-1][0]
            rows.append((place._replace(offset=place.offset + 1), rows[offset][1]))


def random_life(rng: random.Random, cases: int) -> list[AnyRecord]:
    """Return records of many cases: open and settled, settled anew, carded and rescinded."""
    records: list[AnyRecord] = []
    for number in range(cases):
        records.extend(_case(rng, f"case-{number}"))
        if rng.random() < 0.5:
            drawn = r.at(rng.randrange(9), rng.random() * 24)
            ticket = TicketDrawn(hall=rng.choice(["H1", None]))
            records.append(r.record(ticket, drawn, subject=f"ticket-{number}"))
    # Between subjects the order is free; within one it is the order of the log.
    lanes: dict[str, list[AnyRecord]] = {}
    for record in records:
        lanes.setdefault(record.subject, []).append(record)
    return list(_woven(rng, list(lanes.values())))


def _woven(rng: random.Random, lanes: list[list[AnyRecord]]) -> Iterator[AnyRecord]:
    while lanes:
        lane = rng.choice(lanes)
        yield lane.pop(0)
        if not lane:
            lanes.remove(lane)


def _case(rng: random.Random, subject: str) -> Iterable[AnyRecord]:
    opened = r.at(rng.randrange(9), rng.random() * 24)
    department = rng.choice(["D1", "D2"])
    if rng.random() < 0.3:
        fact = CaseReceived(matter="M1", hall="H1", department=department)
        yield r.record(fact, opened - timedelta(days=1), subject=subject)
    yield r.accepted(opened, department=department, subject=subject)
    yield r.limits(opened, department=department, subject=subject)
    issued = [level for level in LEVELS if rng.random() < 0.3]
    for level in issued:
        when = opened + timedelta(days=rng.random() * 3)
        yield r.card(
            when, level, card_id=f"{subject}-{level}", department=department, subject=subject
        )
    for level in issued:
        if rng.random() < 0.3:
            when = opened + timedelta(days=3 + rng.random())
            yield r.rescinded(when, f"{subject}-{level}", subject=subject)
    for number in range(rng.choice([0, 1, 1, 2])):
        done = opened + timedelta(days=rng.random() * 6)
        yield r.settled(
            opened,
            done,
            department=rng.choice([department, "D3"]),
            cause=f"/halls/1/approval#{number}",
            working_us=rng.randrange(90 * r.HOUR_US),
            on_time=rng.random() < 0.7,
            subject=subject,
        )
