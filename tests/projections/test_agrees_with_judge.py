"""Cycles as the read models hold them are those that a judgement of the whole history finds.

Histories are random: late, repeated, reordered, amended. The read models see one finding after the
other and only what changes; the judgement sees all facts at once.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from random import Random

from ledger import wire
from ledger.drivers.calendar_files import load_calendar
from ledger.record import AnyRecord, instant, micros
from ledger.work_calendar import WorkCalendar
from processors.drivers.pack_files import load_packs
from processors.supervision.judge import Verdict, judge
from processors.supervision.policy import Policy
from processors.supervision.step import step
from tests.projections import records as r
from tests.projections.memory_tables import MemoryTables
from tests.simulation.histories import History, draw

HISTORIES = 250
PACKS = load_packs()
CHINESE_PACKS = ("hunan", "chengdu", "statutory")
CALENDAR = WorkCalendar(load_calendar("cn"))
Cycles = dict[tuple[str, str], tuple[int, int | None]]


def taken_in(history: History) -> Iterator[AnyRecord]:
    for event in history.log:
        bare = {name: event[name] for name in event if name != "recordedtime"}
        _, raw = wire.accept(bare)
        recorded = micros(datetime.fromisoformat(event["recordedtime"]))
        yield wire.decode(wire.stamp(raw, recorded))


def lived(history: History, pack: str) -> tuple[list[AnyRecord], Verdict, dict[str, bool]]:
    """Return the log with its findings, what the whole history gives, and which cards stand."""
    policy = Policy(
        packs=PACKS, default_pack=pack, calendars={"cn": CALENDAR}, default_calendar="cn"
    )
    state, log = None, []
    for order, record in enumerate(taken_in(history)):
        stepped = step(state, record, order, policy)
        state = stepped.state
        log += [record, *stepped.records]
    assert state is not None
    cards = {card.card_id: card.standing for card in state.cards}
    return log, judge(state.facts, policy.laws(None), state.now_us), cards


def cycles_in(tables: MemoryTables, name: str) -> Cycles:
    rows = [row for row in tables.rows(name) if row.get("clock", "handling") == "handling"]
    return {(row["part"], row["cycle"]): (row["opened_us"], row["closed_us"]) for row in rows}


def days_of(cycles: Cycles) -> tuple[Counter[str], Counter[str]]:
    """Return how many whole cases were accepted and completed by day."""
    whole = [span for (part, _), span in cycles.items() if part == ""]
    return (
        Counter(_day(opened) for opened, _ in whole),
        Counter(_day(closed) for _, closed in whole if closed is not None),
    )


def _day(us: int) -> str:
    return instant(us, r.ZONE).date().isoformat()


def test_cycles_of_the_read_models_are_those_of_the_judge() -> None:
    several = withdrawn = 0
    for seed in range(HISTORIES):
        history = draw(seed)
        if not history.log[0]["type"].startswith("hall.case."):
            continue
        pack = history.pack if history.pack in CHINESE_PACKS else "chengdu"
        log, verdict, cards = lived(history, pack)
        wanted: Cycles = {
            (clock.part or "", clock.cycle): (clock.opened_us, clock.closed_us)
            for clock in verdict.clocks
            if clock.kind == "handling"
        }
        tables = MemoryTables(r.projections(), repeats=True)
        tables.run(log, batch=Random(seed).randint(1, 9))
        for name in ("case_cycles", "case_limits"):
            assert cycles_in(tables, name) == wanted, f"seed {seed}, {name}"
        sums = tables.rows("efficiency_days")
        for counted, days in zip(("accepted", "completed"), days_of(wanted), strict=True):
            held = Counter({row["day"]: row[counted] for row in sums if row[counted]})
            assert held == days, f"seed {seed}, {counted}"
        standing = {row["card_id"]: row["standing"] > 0 for row in tables.rows("cards")}
        assert standing == cards, f"seed {seed}"
        _check_case(tables, wanted, seed)
        several += len(wanted) > 1
        withdrawn += any(getattr(record.data, "withdrawn", False) for record in log)
    assert several > 5
    assert withdrawn > 5


def _check_case(tables: MemoryTables, wanted: Cycles, seed: int) -> None:
    """Check the row of the case against its latest main cycle."""
    case = tables.one("cases")
    main = {cycle: span for (part, cycle), span in wanted.items() if part == ""}
    assert case["reopened"] == max(len(main) - 1, 0), f"seed {seed}"
    if not main:
        assert case["cycle"] is None, f"seed {seed}"
        return
    last_us = max(opened for opened, _ in main.values())
    assert main[case["cycle"]] == (case["accepted_us"], case["completed_us"]), f"seed {seed}"
    assert case["accepted_us"] == last_us, f"seed {seed}"
    is_closed = case["completed_us"] is not None
    assert (case["phase"] == "completed") == is_closed, f"seed {seed}"
