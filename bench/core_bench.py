"""The pure core alone: steps a second, one judgement, and what an open case costs in memory.

Nothing here waits for anything, so the figures are of CPU time: a busy neighbour slows them less
than it slows the clock on the wall. Each is the median of its rounds.
"""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from bench import Row
from bench.facts import policy, sent_facts
from bench.machine import settle
from consoles.folder import STATE_FILE
from ledger import wire
from ledger.case import Known
from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import open_engine
from ledger.record import micros
from processors.drivers.sql_state import SqlState
from processors.loop import entry_of
from processors.supervision.judge import judge
from processors.supervision.policy import Policy
from processors.supervision.state import CaseState
from processors.supervision.step import step

JUDGED_FACTS = (
    ("2026-03-02T09:10:00+08:00", "received", {"matter": "M0001"}),
    (
        "2026-03-02T09:20:00+08:00",
        "accepted",
        {
            "matter": "M0001",
            "department": "D001",
            "handling_type": "promised",
            "promised_limit": {"amount": 7, "unit": "working_day"},
            "statutory_limit": {"amount": 20, "unit": "working_day"},
        },
    ),
    ("2026-03-02T10:20:00+08:00", "stage-started", {"stage": "审查", "clerk_ref": "clerk:2"}),
    ("2026-03-03T10:20:00+08:00", "stage-finished", {"stage": "审查", "clerk_ref": "clerk:2"}),
    ("2026-03-03T10:21:00+08:00", "transferred", {"to_department": "D002"}),
    ("2026-03-04T10:20:00+08:00", "decided", {"outcome": "granted"}),
    ("2026-03-04T15:20:00+08:00", "completed", {"outcome": "granted"}),
    ("2026-03-05T15:20:00+08:00", "rated", {"score": 1}),
)


def steps(_folder: Path, *, count: int = 20_000, rounds: int = 7) -> list[Row]:
    """Decode each fact of a hall, step it, encode what follows; states in memory, no storage."""
    law = policy()
    raws = [wire.stamp(sent.entry.raw, sent.at_us) for sent in sent_facts(count)]

    def run() -> None:
        stepped_through(raws, law)

    run()
    settle()
    seconds = median_cpu_seconds(run, rounds)
    name = "steps: decode, judge, findings encoded, next due"
    return [Row(name, count / seconds, "facts/s", 20_000)]


def stepped_through(raws: list[bytes], law: Policy) -> dict[str, CaseState]:
    """Step records in the order given, as a batch of the product does; return the states."""
    states: dict[str, CaseState] = {}
    for order, raw in enumerate(raws):
        record = wire.decode(raw)
        stepped = step(states.get(record.subject), record, order, law)
        states[record.subject] = stepped.state
        for made in stepped.records:
            entry_of(made)
    return states


def judging(_folder: Path, *, count: int = 2_000, rounds: int = 9) -> list[Row]:
    """Judge one completed case of eight facts."""
    law = policy()
    (state,) = stepped_through([_raw(number) for number in range(len(JUDGED_FACTS))], law).values()
    facts: list[Known] = state.facts
    assert len(facts) == len(JUDGED_FACTS)
    laws = law.laws(None)

    def run() -> None:
        for _ in range(count):
            judge(facts, laws, state.now_us)

    settle()
    seconds = median_cpu_seconds(run, rounds)
    return [Row("judge, eight facts", 1e6 * seconds / count, "µs", 30, at_most=True)]


def open_cases(folder: Path, *, count: int = 20_000) -> list[Row]:
    """Let the states of a hall go through SQL; weigh what is still held of the open cases."""
    raws = [wire.stamp(sent.entry.raw, sent.at_us) for sent in sent_facts(count)]
    stepped = stepped_through(raws, policy())
    states = {name: state for name, state in stepped.items() if state.next_tick_us is not None}
    facts = sum(len(state.facts) for state in states.values()) / len(states)
    open_count = len(states)
    log = MemoryLog(now=lambda: 0)
    engine = open_engine(f"sqlite:///{folder / STATE_FILE}")
    sql = SqlState(engine)
    position = sql.claim(0, log)
    tracemalloc.start()
    sql.commit(position, position, states)
    del stepped, states
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    engine.dispose()
    name = f"an open case held in memory ({facts:.1f} facts on average)"
    return [Row(name, held / open_count / 1000, "kB", 2.5, at_most=True)]


def median_cpu_seconds(run: Callable[[], None], rounds: int) -> float:
    """Return the median CPU time of so many runs."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        run()
        found.append(time.process_time() - begun)
    return statistics.median(found)


def _raw(number: int) -> bytes:
    at, what, data = JUDGED_FACTS[number]
    record, raw = wire.accept(
        {
            "specversion": "1.0",
            "id": f"f-{number}",
            "source": "/halls/430100/approval",
            "type": f"hall.case.{what}.v1",
            "subject": "430100-20260302-0001",
            "time": at,
            "data": data,
        }
    )
    return wire.stamp(raw, micros(record.time))
