"""How fast a live worker under Faust judges: a backlog it finds at its start, and what comes in.

A worker reads what lies in the log when it gets its partitions from the log itself; what is
appended while it runs comes from Faust. So the two are measured apart.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench import Row
from bench.kafka_place import Place, append, wait_until
from bench.machine import say
from bench.processes import cpu_seconds, rss_mb
from ledger.log import Entry
from tests.faults.kafka_hall import KafkaHall

AIM = 3_000.0
"""Facts a second of one worker."""


class Judged(NamedTuple):
    """Facts judged by a worker, with the findings that it read back.

    Attributes:
        facts: facts a second.
        cpu_us: CPU µs a record of the worker.
        services_us: CPU µs a record of brokers and database together.
        rss_mb: memory of the worker at the end.
    """

    facts: float
    cpu_us: float
    services_us: float
    rss_mb: float


class _Look(NamedTuple):
    at: float
    judged: int
    cpu: float
    services: float


def workers(
    place: Place, past: Sequence[Entry], live: Sequence[Entry], rounds: int
) -> tuple[list[Row], float]:
    """Let a worker judge a backlog, and facts that are appended as fast as it goes.

    Args:
        place: where.
        past: facts as stamped when they were sent.
        live: facts that happen now and are stamped by the log.
        rounds: how often; figures are medians.

    Returns:
        Rows, and the median of facts a second with facts that came in live.
    """
    found: dict[str, list[Judged]] = {"backlog": [], "live": []}
    for number in range(rounds):
        with place.hall() as hall:
            append(hall, past)
            found["backlog"].append(_of_backlog(place, hall, len(past)))
        with place.hall() as hall:
            found["live"].append(_of_live(place, hall, live))
        say(
            f"kafka: worker, round {number + 1}: backlog {found['backlog'][-1].facts:,.0f}, "
            f"live {found['live'][-1].facts:,.0f} facts/s"
        )
    rows = []
    for name, runs in found.items():
        what = "a backlog found at its start" if name == "backlog" else "facts as they come in"
        rows += [
            Row(f"worker under Faust, {what}", _median(runs, "facts"), "facts/s", AIM),
            Row("… CPU of the worker", _median(runs, "cpu_us"), "µs/record"),
            Row("… CPU of brokers and PostgreSQL", _median(runs, "services_us"), "µs/record"),
            Row("… memory of the worker", _median(runs, "rss_mb"), "MB"),
        ]
    return rows, _median(found["live"], "facts")


def judged(hall: KafkaHall) -> Mapping[int, int]:
    """Return up to where each partition is judged."""
    return hall.parts.states.positions()


def wait_judged(hall: KafkaHall, ends: Mapping[int, int]) -> float:
    """Wait until every partition is judged up to an offset; return the instant."""

    def reached() -> bool:
        at = judged(hall)
        return all(at.get(number, 0) >= end for number, end in ends.items())

    return wait_until("everything judged", reached)


def wait_level(hall: KafkaHall) -> float:
    """Wait until all that the log holds now is judged, and what that led to; return the instant."""
    wait_judged(hall, hall.parts.log.ends())
    return wait_judged(hall, hall.parts.log.ends())


def _of_backlog(place: Place, hall: KafkaHall, facts: int) -> Judged:
    """Start a worker; count from its first batch on, so that its start is left out."""
    ends = hall.parts.log.ends()
    worker = hall.start("a", "supervise")
    wait_until("the first batch judged", lambda: any(judged(hall).values()))
    first = _look(place, hall, worker.process.pid)
    wait_judged(hall, ends)
    return _between(place, hall, first, facts - first.judged, worker.process.pid)


def _of_live(place: Place, hall: KafkaHall, entries: Sequence[Entry]) -> Judged:
    worker = hall.start("a", "supervise")
    wait_until("all partitions taken", lambda: len(judged(hall)) == hall.parts.log.partitions)
    wait_level(hall)
    first = _look(place, hall, worker.process.pid)
    append(hall, entries)
    return _between(place, hall, first, len(entries), worker.process.pid)


def _between(place: Place, hall: KafkaHall, first: _Look, facts: int, pid: int) -> Judged:
    """Wait until all is judged; return what it took since `first`."""
    wait_level(hall)
    last = _look(place, hall, pid)
    records = last.judged - first.judged
    return Judged(
        facts=facts / (last.at - first.at),
        cpu_us=1e6 * (last.cpu - first.cpu) / records,
        services_us=1e6 * (last.services - first.services) / records,
        rss_mb=rss_mb(pid),
    )


def _look(place: Place, hall: KafkaHall, pid: int) -> _Look:
    return _Look(
        at=time.perf_counter(),
        judged=sum(judged(hall).values()),
        cpu=cpu_seconds(pid),
        services=sum(place.costs()),
    )


def _median(runs: Sequence[Judged], attribute: str) -> float:
    return float(statistics.median(getattr(run, attribute) for run in runs))
