"""What a record costs where ten thousand cases are open, and where a million are.

Two processes hold one size each and take turns, so that a busy neighbour disturbs both alike; each
figure is the median of its rounds.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import Row
from bench.machine import say
from bench.scale_hall import BATCH

FEW = 10_000
MILLION = 1_000_000


def cost_by_size(
    folder: Path, *, many: int = MILLION, rounds: int = 9, warming: int = 4
) -> list[Row]:
    """Judge batches of records of random open cases, their states in SQL behind the cache."""
    told: dict[int, list[dict[str, float]]] = {FEW: [], many: []}
    with ExitStack() as stack:
        asked = {size: stack.enter_context(_hall(folder, size)) for size in told}
        for number in range(warming + rounds):
            for size, process in asked.items():
                answer = _answer(process)
                if number >= warming:
                    told[size].append(answer)
    rows = []
    for size, answers in told.items():
        cost = _median(answers, "wall_us")
        rows += [
            Row(f"supervision of a record, {size:,} open cases, {BATCH} a batch", cost, "µs"),
            Row(f"… CPU, {size:,} open cases", _median(answers, "cpu_us"), "µs"),
            Row(f"… memory of the process, {size:,} open cases", answers[-1]["rss_mb"], "MB"),
        ]
    ratio = _median(told[many], "wall_us") / _median(told[FEW], "wall_us")
    rows.append(Row(f"… cost at {many:,} over that at {FEW:,}", ratio, "", 1.3, at_most=True))
    return rows


@contextmanager
def _hall(folder: Path, size: int) -> Iterator["subprocess.Popen[str]"]:
    place = folder / f"open-{size}"
    place.mkdir()
    command = [sys.executable, "-m", "bench.scale_hall", str(place), str(size)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            say(f"{size:,} open cases written in {ready['seconds']:.0f} s")
            yield process
        finally:
            process.stdin.close()  # which ends it


def _answer(process: "subprocess.Popen[str]") -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    answer: dict[str, float] = json.loads(process.stdout.readline())
    return answer


def _median(answers: list[dict[str, float]], name: str) -> float:
    return statistics.median(answer[name] for answer in answers)
