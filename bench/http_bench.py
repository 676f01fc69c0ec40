"""Events a second through `POST /events`: single ones and batches, in latencies too.

The server and the load generator are processes of their own on one machine, so each figure is of
the whole way: socket, HTTP, codec, durable append, answer. The aims are of the intake; what a hall
that also judges and projects in the same process takes meanwhile is shown beside it: there the
three share one interpreter.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import Row

Kind = Literal["intake", "hall"]

SEED = 20_261_124
SINGLE_CONNECTIONS = 32
BATCH, BATCH_CONNECTIONS = 100, 4
P99_MAX_MS = 50
_START_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of the load generator told."""

    events_per_second: float
    p50_ms: float
    p99_ms: float


@contextmanager
def server(folder: Path, kind: Kind) -> Iterator[int]:
    """Run a server in a process of its own on an empty folder; give its port."""
    command = [sys.executable, "-m", "bench.http_server", str(folder), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # which asks it to stop
            process.wait(_START_S)


def load(port: int, *, batch: int, count: int, connections: int, seconds: float, seed: int) -> Load:
    """Run the load generator once."""
    numbers = (port, batch, count, connections, seconds, seed)
    command = [sys.executable, "-m", "bench.http_load", *(str(number) for number in numbers)]
    limit = seconds + _START_S
    told = subprocess.run(command, capture_output=True, check=True, timeout=limit).stdout
    result = json.loads(told)
    return Load(
        events_per_second=result["events"] / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
    )


def singles(folder: Path, kind: Kind = "intake", *, seconds: float = 5.0) -> list[Row]:
    """Single events over 32 connections."""
    with server(folder, kind) as port:
        load(port, batch=1, count=1_000, connections=8, seconds=1.0, seed=SEED)
        run = load(
            port,
            batch=1,
            count=int(seconds * 8_000),
            connections=SINGLE_CONNECTIONS,
            seconds=seconds,
            seed=SEED + 1,
        )
    aim = 2_000 if kind == "intake" else None
    return _rows(f"POST /events one by one, {SINGLE_CONNECTIONS} connections", kind, run, aim)


def batches(folder: Path, kind: Kind = "intake", *, seconds: float = 5.0) -> list[Row]:
    """Batches of 100 events."""
    with server(folder, kind) as port:
        load(port, batch=BATCH, count=20, connections=2, seconds=1.0, seed=SEED)
        run = load(
            port,
            batch=BATCH,
            count=int(seconds * 500),
            connections=BATCH_CONNECTIONS,
            seconds=seconds,
            seed=SEED + 2,
        )
    aim = 20_000 if kind == "intake" else None
    return _rows(f"POST /events in batches of {BATCH}", kind, run, aim)


def _rows(name: str, kind: Kind, run: Load, aim: float | None) -> list[Row]:
    if kind == "hall":
        name += ", judging and projecting meanwhile"
    p99_max = P99_MAX_MS if aim == 2_000 else None
    return [
        Row(name, run.events_per_second, "1/s", aim),
        Row(f"… p50 of a request, {name}", run.p50_ms, "ms"),
        Row(f"… p99 of a request, {name}", run.p99_ms, "ms", p99_max, at_most=True),
    ]


def all_rows(folder: Path) -> list[Row]:
    """Run everything of this file, each in an empty folder below `folder`; about 40 seconds."""
    rows = []
    for kind in ("intake", "hall"):
        for measure in (singles, batches):
            place = folder / f"http-{kind}-{measure.__name__}"
            place.mkdir()
            rows += measure(place, kind)
    return rows
