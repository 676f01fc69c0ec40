"""The figures of the public views against a slow, obvious recomputation from the records."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal
from math import ceil
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from ledger.findings import CardIssued, CardRescinded, CaseSettled, LimitsSet
from ledger.record import AnyRecord, instant
from projections.drivers.local_time import zone_offsets
from projections.drivers.sql_store import SqlStore
from projections.drivers.views import VIEWS
from tests.projections import records as r
from tests.projections import stores
from tests.services.databases import engine_in

pytestmark = pytest.mark.usefixtures("dialect")

Place = tuple[str, str, str]


def day_of(at: datetime) -> str:
    return at.astimezone(r.ZONE).date().isoformat()


def cut(part: int, whole: int, scale: int = 1) -> float | None:
    """Return part / whole × scale, cut off after two decimals."""
    if whole == 0:
        return None
    exact = Decimal(part * scale) / Decimal(whole)
    return float(exact.quantize(Decimal("0.01"), rounding=ROUND_DOWN))


def expected(records: Sequence[AnyRecord]) -> dict[Place, dict[str, object]]:
    """Return what each day, hall and department should show, from the last word on each cycle."""
    last: dict[tuple[str, str], AnyRecord] = {}
    cards: dict[str, CardIssued] = {}
    sums: dict[Place, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    working: dict[Place, list[int]] = defaultdict(list)
    for record in records:
        match record.data:
            case LimitsSet(cycle=cycle) | CaseSettled(cycle=cycle):
                last[record.subject, cycle] = record
            case CardIssued() as card:
                cards[card.card_id] = card
                sums[_place(record, card)][f"{card.level}_issued"] += 1
            case CardRescinded(card_id=card_id):
                card = cards[card_id]
                sums[_place(record, card)][f"{card.level}_rescinded"] += 1
            case _:
                pass
    for record in last.values():
        _count_cycle(record, sums, working)
    return {place: _figures(place, sums, working) for place in sums}


def _place(record: AnyRecord, card: CardIssued) -> Place:
    return (day_of(record.time), card.hall or "", card.responsible.department or "")


def _count_cycle(
    record: AnyRecord,
    sums: dict[Place, dict[str, int]],
    working: dict[Place, list[int]],
) -> None:
    fact = record.data
    assert isinstance(fact, LimitsSet | CaseSettled)
    of = (fact.hall or "", fact.department or "")
    if isinstance(fact, LimitsSet):
        assert fact.opened_at is not None
        sums[day_of(fact.opened_at), *of]["accepted"] += 1
        return
    sums[day_of(fact.accepted_at), *of]["accepted"] += 1
    done = (day_of(fact.completed_at), *of)
    sums[done]["completed"] += 1
    sums[done]["promised_completed"] += 1
    sums[done]["promised_on_time"] += int(fact.clocks[0].on_time)
    working[done].append(fact.working_us)


def _figures(
    place: Place, sums: dict[Place, dict[str, int]], working: dict[Place, list[int]]
) -> dict[str, object]:
    day, *of = place
    known = sums[place]
    times = sorted(working[place])
    open_now = sum(
        each["accepted"] - each["completed"]
        for (on, *whose), each in list(sums.items())
        if whose == of and on <= day
    )
    p90 = times[ceil(Decimal("0.9") * len(times)) - 1] if times else None
    hour = r.HOUR_US
    return {
        **known,
        "open": open_now,
        "on_time_rate": cut(known["promised_on_time"], known["promised_completed"], 100),
        "mean_working_hours": cut(sum(times), len(times) * hour) if times else None,
        "p90_working_us": p90,
        "p90_working_hours": None if p90 is None else cut(p90, hour),
    }


@pytest.mark.parametrize("seed", range(5))
def test_daily_figures_are_those_of_a_slow_recomputation(tmp_path: Path, seed: int) -> None:
    print("seed", seed)
    records = stores.random_life(Random(seed), 150)
    store = stores.store_on(stores.engine_at(tmp_path))
    stores.project(r.log_of(records, partitions=1 + seed), store, batch=100)
    shown = {
        (row["day"], row["hall"], row["department"]): row
        for row in stores.rows_of(store.engine, "SELECT * FROM v_efficiency_daily")
    }
    wanted = expected(records)

    assert max(row["completed"] for row in shown.values()) >= 5
    assert set(shown) == set(wanted)
    for place, figures in wanted.items():
        assert {name: shown[place][name] for name in figures} == figures, place


def shown_for(tmp_path: Path, records: Iterable[AnyRecord]) -> dict[str, stores.Row]:
    store = stores.store_on(stores.engine_at(tmp_path))
    stores.project(r.log_of(records), store)
    rows = stores.rows_of(store.engine, "SELECT * FROM v_efficiency_daily")
    return {row["day"]: row for row in rows}


def test_ratios_are_cut_off_and_never_rounded_up(tmp_path: Path) -> None:
    records = [
        record
        for n in range(3)
        for record in (
            r.limits(r.at(), subject=f"c{n}"),
            r.settled(r.at(), r.at(1), subject=f"c{n}", on_time=n < 2, working_us=r.HOUR_US * 2),
        )
    ]
    row = shown_for(tmp_path, [*records, r.limits(r.at(), subject="c4")])["2026-11-24"]

    assert row["on_time_rate"] == 66.66
    assert row["mean_working_hours"] == 2.0
    assert row["statutory_on_time_rate"] is None
    assert row["open"] == 1


def test_the_completion_rate_follows_the_rule_for_days_without_acceptances(tmp_path: Path) -> None:
    days = shown_for(
        tmp_path,
        [
            r.limits(r.at()),
            r.settled(r.at(), r.at(1)),
            r.limits(r.at(2), subject="c2"),
            r.card(r.at(3), subject="c2"),
        ],
    )

    assert days["2026-11-23"]["completion_rate"] == 0.0
    assert days["2026-11-24"]["completion_rate"] == 100.0
    assert days["2026-11-26"]["completion_rate"] == 0.0


def test_a_day_that_everything_moved_away_from_is_not_shown(tmp_path: Path) -> None:
    days = shown_for(
        tmp_path,
        [
            r.limits(r.at()),
            r.settled(r.at(), r.at(4)),
            r.settled(r.at(), r.at(2), cause="late"),
        ],
    )

    assert set(days) == {"2026-11-23", "2026-11-25"}


@pytest.fixture
def filled(tmp_path: Path) -> Engine:
    store = stores.store_on(stores.engine_at(tmp_path))
    records = [
        r.accepted(r.at()),
        r.limits(r.at()),
        r.card(r.at(5)),
        r.completed(r.at(6)),
        r.settled(r.at(), r.at(6), on_time=False),
    ]
    stores.project(r.log_of(records), store)
    return store.engine


def test_a_case_shows_local_time_beside_each_instant(filled: Engine) -> None:
    (row,) = stores.rows_of(filled, "SELECT * FROM v_cases")

    assert row["case_id"] == "case-1"
    assert row["accepted_at"] == "2026-11-23T09:00:00+08:00"
    assert row["completed_at"] == "2026-11-29T09:00:00+08:00"
    assert row["promised_due"] == "2026-11-28T09:00:00+08:00"
    assert (row["received_us"], row["received_at"]) == (None, None)
    assert (row["promised_on_time"], row["working_us"]) == (0, 10 * r.HOUR_US)


def test_a_card_shows_its_case_its_state_and_where_it_lies(filled: Engine) -> None:
    (row,) = stores.rows_of(filled, "SELECT * FROM v_cards")

    assert (row["card_id"], row["case_id"], row["level"]) == ("card-yellow", "case-1", "yellow")
    assert row["effective_at"] == "2026-11-28T09:00:00+08:00"
    assert (row["state"], row["live"]) == ("issued", 1)
    assert (row["log_partition"], row["log_offset"]) == (0, 2)


def test_every_view_has_the_columns_its_definition_names(filled: Engine) -> None:
    for view in VIEWS:
        shown = stores.rows_of(filled, f"SELECT * FROM {view.name}")[0]
        assert list(shown) == [column.name for column in view.columns]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Amsterdam", "Africa/Casablanca", "UTC"])
def test_offsets_of_a_zone_are_those_of_the_zone_at_any_instant(zone: str) -> None:
    seed = 5
    print("seed", seed)
    rng, known = Random(seed), ZoneInfo(zone)
    rows = zone_offsets(known)
    starts: list[int] = [int(str(row["from_us"])) for row in rows]
    edges = [us + near for us in starts[1:40] for near in (-1_000_000, 0, 1_000_000)]
    for us in edges + [rng.randrange(7_000_000_000_000_000) for _ in range(300)]:
        row = rows[bisect_right(starts, us) - 1]
        at = instant(us, known)
        offset = at.utcoffset()
        assert offset is not None
        assert row["offset_s"] == int(offset.total_seconds()), at


def test_a_zone_with_summer_time_shows_the_right_side_of_the_change(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    before = datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    after = before.replace(fold=1)
    engine = engine_in(tmp_path)
    stores.make_tables(engine, zone)
    store = SqlStore(engine, r.projections(), zone)
    store.prepare()
    log = r.log_of([r.accepted(before, subject="a"), r.accepted(after, subject="b")])
    stores.project(log, store)

    rows = stores.rows_of(engine, "SELECT accepted_at FROM v_cases ORDER BY case_id")
    assert [row["accepted_at"] for row in rows] == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
    ]
    assert date.fromisoformat(str(rows[0]["accepted_at"])[:10]) == before.date()
