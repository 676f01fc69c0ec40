"""The Kafka edition: three brokers, PostgreSQL, runners, workers and peers, all on this machine.

One cluster and one database serve all figures of a run, so that what is compared stood on the same
ground. It asks for Java, Kafka's jars and PostgreSQL, as the tests do, and says so where they lack.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import Row
from bench.facts import happening_now, morning_before, recorded, sent_facts
from bench.kafka_backlog import backlogs
from bench.kafka_latency import until_the_row
from bench.kafka_live import workers
from bench.kafka_peers import Rate, appends, peers
from bench.kafka_place import Place, place
from bench.kafka_recovery import PER_SECOND, after_a_kill
from bench.kafka_scale import FEW, cost_by_size
from bench.machine import say
from ledger.log import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything.

    Attributes:
        facts: of a backlog, and of what comes in.
        rounds: medians are taken of so many.
        probes: cards of each kind that are timed at each rate.
        sizes: numbers of open cases.
        records: facts of a round beside them.
        size_rounds: rounds of each size that count.
        kills: workers killed.
    """

    facts: int
    rounds: int
    probes: int
    sizes: tuple[int, ...]
    records: int
    size_rounds: int
    kills: int


FULL = Plan(
    facts=100_000,
    rounds=3,
    probes=200,
    sizes=(FEW, 100_000, 1_000_000),
    records=3_000,
    size_rounds=9,
    kills=3,
)
QUICK = Plan(
    facts=20_000,
    rounds=1,
    probes=40,
    sizes=(FEW, 100_000),
    records=1_000,
    size_rounds=3,
    kills=1,
)
_RATES = (200, 1_000)
_EVERY_S = 0.2
_SLACK_S = 15.0


def all_rows(folder: Path, plan: Plan) -> list[Row]:
    """Measure the Kafka edition on brokers and a database of its own."""
    with place(folder) as ground:
        return [] if ground is None else _rows(ground, plan)


def _rows(ground: Place, plan: Plan) -> list[Row]:
    now_us = time.time_ns() // 1_000
    longest_s = plan.probes * _EVERY_S + _SLACK_S
    count = max(plan.facts, int(max(_RATES) * longest_s))
    facts = sent_facts(count, start_us=morning_before(now_us, plan.facts))
    past = [recorded(sent) for sent in facts[: plan.facts]]
    live = happening_now(facts, now_us)
    say(f"kafka: {count:,} facts made")
    rows = _speed(ground, plan, past, live)
    for rate in _RATES:
        rows += until_the_row(ground, live, rate, probes=plan.probes, every_s=_EVERY_S)
    rows += after_a_kill(ground, live[: PER_SECOND * 90], plan.kills)
    rows += cost_by_size(
        ground, plan.sizes, records=plan.records, rounds=plan.size_rounds, warming=2
    )
    return rows


def _speed(ground: Place, plan: Plan, past: Sequence[Entry], live: Sequence[Entry]) -> list[Row]:
    """Facts a second of ours and of the peers, and what the one is of the other."""
    told = peers(ground, past, plan.rounds)
    backlog = backlogs(ground, past, plan.rounds)
    worker, facts_live = workers(ground, past, live[: plan.facts], plan.rounds)
    judged = next(row.value for row in backlog)
    return [
        *appends(ground, past, plan.rounds),
        *_peer_rows("raw aiokafka, read and decoded", told.get("reader")),
        *_peer_rows("plain Faust agent, a table with a deadline per case", told.get("faust")),
        *_peer_rows("Quix Streams, state with a deadline per case", told.get("quix")),
        *backlog,
        *_ratio("batch runner in one process over raw aiokafka", judged, told.get("reader")),
        *_ratio("batch runner in one process over Quix Streams", judged, told.get("quix")),
        *worker,
        *_ratio("worker over a plain Faust agent", facts_live, told.get("faust"), aim=1.0),
        *_ratio("worker over Quix Streams", facts_live, told.get("quix")),
    ]


def _peer_rows(name: str, rate: Rate | None) -> list[Row]:
    if rate is None:
        return []
    return [Row(name, rate.per_second, "facts/s"), Row("… CPU", rate.cpu_us, "µs/fact")]


def _ratio(name: str, ours: float, peer: Rate | None, aim: float | None = None) -> list[Row]:
    return [] if peer is None else [Row(f"… {name}", ours / peer.per_second, "", aim)]
