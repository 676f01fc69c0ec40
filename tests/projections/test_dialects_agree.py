"""One log on SQLite and on a PostgreSQL that would sort otherwise: the same rows and answers."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from ledger.case_events import CaseReceived
from ledger.drivers.sql_engine import open_engine
from ledger.record import AnyRecord, micros
from projections.drivers.measures import Measures
from projections.drivers.readers import Readers
from projections.drivers.sql_store import SqlStore
from tests.projections import records as r
from tests.projections import stores
from tests.services.postgres import PostgresServer

SEEDS = (1, 2, 3)
CODES = (
    *(
        "D1",
        "d1",
        "D-1",
        "D_1",
        "d 1",
        "D%",
        "~",
        "É1",
        "e1",
        "Z",
        "a",
        "ß",
        "ss",
        "住建局",
        "公安局",
    ),
    *("'\"\\", "𠮷", "🏠", "D1\t", " D1"),
)
"""Codes that other collations sort otherwise, ignore or find equal."""


@pytest.fixture
def unlike(postgres: PostgresServer) -> Iterator[Engine]:
    """A database that would sort as people do."""
    name = postgres.new_database(template="template0", locale="en-US")
    engine = open_engine(postgres.url_of(name))
    yield engine
    engine.dispose()
    postgres.drop_database(name)


def life(rng: Random) -> list[AnyRecord]:
    """Cases with such codes in every place that is a key, sorted by or grouped by."""
    told: list[AnyRecord] = []
    for number in range(60):
        subject = rng.choice(CODES) + str(number)
        department = rng.choice(CODES)
        opened = r.at(rng.randrange(9), rng.random() * 24)
        if rng.random() < 0.3:
            told.append(r.record(CaseReceived(matter="M\0 1"), opened, subject=subject))
        if rng.random() < 0.8:
            told.append(r.accepted(opened, department=department, subject=subject))
        cycle = rng.choice(CODES)
        told.append(r.limits(opened, department=department, subject=subject, cycle=cycle))
        for level in ("warning", "yellow", "red"):
            if rng.random() < 0.4:
                more = {"card_id": f"{level}-{subject}", "cycle": cycle, "subject": subject}
                told.append(r.card(r.at(9), level, department=department, **more))
        if rng.random() < 0.5:
            settled = r.settled(
                opened,
                r.at(rng.randrange(9, 12)),
                cycle=cycle,
                department=department,
                working_us=rng.randrange(90 * r.HOUR_US),
                on_time=rng.random() < 0.7,
                subject=subject,
            )
            told.append(settled)
    return told


def answers(store: SqlStore) -> dict[str, object]:
    """What every table, view and reader gives, in the order in which it comes."""
    readers = Readers(store.engine, r.ZONE)
    now_us = micros(r.at(10))
    rows: dict[str, object] = {
        name: stores.rows_of(store.engine, f"SELECT * FROM {name} ORDER BY {order}")
        for name, order in (
            *((shape.name, ", ".join(shape.key)) for shape in store.shapes),
            ("v_cases", "case_id"),
            ("v_cards", "card_id"),
            ("v_efficiency_daily", "day, hall, department"),
        )
    }
    days = ("2026-11-23", "2026-12-10")
    return rows | {
        "cards": readers.cards(limit=50),
        "second page": readers.cards(limit=50, after=readers.cards(limit=50).next),
        "limits": [readers.case_limits(row["subject"]) for row in readers.cards().items],
        "nearest": readers.nearest_limits(now_us, 40),
        "lamps": readers.department_lamps(),
        "board": readers.board_counts(),
        "counters": readers.hall_counters(now_us),
        "daily": readers.efficiency_daily(*days),
        "summary": readers.efficiency_summary(*days),
        "of one": readers.efficiency_summary(*days, department="d1"),
        "states": sorted(Measures(store.engine, r.ZONE).cases()),
        "levels": dict(readers.cards_by_level_and_hall()),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_views_and_readers_give_the_same_on_both(
    tmp_path: Path, unlike: Engine, seed: int
) -> None:
    print("seed", seed)
    log = r.log_of(life(Random(seed)), partitions=3)
    sqlite = open_engine(f"sqlite:///{tmp_path / 'read.sqlite'}")
    found = []
    for engine in (sqlite, unlike):
        stores.make_tables(engine)
        store = stores.store_on(engine)
        stores.project(log, store, batch=40)
        found.append(answers(store))
    sqlite.dispose()
    ours, theirs = found
    for name, expected in ours.items():
        assert theirs[name] == expected, name
        assert expected, f"{name} is empty: nothing was compared"
