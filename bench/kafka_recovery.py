"""Seconds until another worker has taken over the partitions of one that was killed."""

import json
import signal
import statistics
import time
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from sqlalchemy import text

from bench import Row
from bench.kafka_latency import Flow
from bench.kafka_live import judged, wait_level
from bench.kafka_place import Place, wait_until
from bench.machine import say
from ledger.log import Entry
from tests.faults.kafka_hall import KafkaHall
from tests.services.service_process import free_port

AIM_S = 20.0
PER_SECOND = 200
_SESSION_TIMEOUT_S = 10
"""The product's default, and not the shorter one of the tests."""


_FLOWING_S = 3.0


class _At(NamedTuple):
    epoch: int
    offset: int


def after_a_kill(place: Place, entries: Sequence[Entry], rounds: int) -> list[Row]:
    """Kill one of two workers while facts come in; time its partitions."""
    first, last = [], []
    for _ in range(rounds):
        with place.hall(session_timeout_s=_SESSION_TIMEOUT_S) as hall:
            seconds = _one(hall, entries)
            first.append(min(seconds))
            last.append(max(seconds))
        say(f"kafka: taken over after {first[-1]:.1f} to {last[-1]:.1f} s")
    return [
        Row(
            "from kill -9 of one of two workers to its first partition judged on",
            statistics.median(first),
            "s",
        ),
        Row("… to all of its partitions judged on", max(last), "s", AIM_S, at_most=True),
    ]


def _one(hall: KafkaHall, entries: Sequence[Entry]) -> list[float]:
    """Return for each partition of the killed worker when it was judged on, in s from the kill."""
    ports = {name: free_port() for name in ("a", "b")}
    for name, port in ports.items():
        hall.start(name, "supervise", env={"HALL_WORKER_PORT": str(port)})
    partitions = hall.parts.log.partitions

    def shared() -> bool:
        owned = [_owned(port) for port in ports.values()]
        return all(owned) and sum(map(len, owned)) == partitions

    wait_until("both workers have partitions", shared)
    wait_until("all partitions taken", lambda: len(judged(hall)) == partitions)
    wait_level(hall)
    with closing(Flow(hall.parts.log, entries, PER_SECOND)):
        time.sleep(_FLOWING_S)
        return _seconds_of(hall, _owned(ports["b"]))


def _seconds_of(hall: KafkaHall, lost: set[int]) -> list[float]:
    """Kill the worker `b` that has some partitions; see when each is judged on."""
    before = _positions(hall)
    hall.workers["b.supervise"].send(signal.SIGKILL)
    killed = time.perf_counter()
    seconds: dict[int, float] = {}

    def taken_over() -> bool:
        now = _positions(hall)
        for number in lost - seconds.keys():
            epoch, offset = now[number]
            if epoch > before[number].epoch and offset > before[number].offset:
                seconds[number] = time.perf_counter() - killed
        return seconds.keys() == lost

    wait_until("the other worker judges on", taken_over)
    return list(seconds.values())


def _positions(hall: KafkaHall) -> dict[int, _At]:
    query = text("SELECT partition, epoch, next_offset FROM supervision_positions")
    with hall.parts.engine.connect() as connection:
        return {number: _At(epoch, offset) for number, epoch, offset in connection.execute(query)}


def _owned(port: int) -> set[int]:
    """Return the partitions that a worker says it has; none while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            told = json.load(answer)
    except OSError:
        return set()
    return {int(number) for number in told.get("partitions", ())}
