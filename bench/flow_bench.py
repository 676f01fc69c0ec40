"""A hall from end to end: facts in, findings beside them, rows of the read models; rebuild, import.

Wall time, one thread, everything durable that the product makes durable. The CPU time by part
comes from a second run with a stopwatch, so that the stopwatch costs the first one nothing.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import Row
from bench.facts import sent_facts
from bench.flow import (
    PARTITION,
    ZONE,
    HandClock,
    batches,
    cpu_by_part,
    open_bench_hall,
    run_hall,
)
from bench.machine import settle
from consoles.hall import Hall
from ledger.wire import to_text
from projections.drivers.rebuild import Rebuild
from projections.registry import all_projections

BATCH = 500
RECEIPT = "receipt.xes.gz"
_REPOSITORY = Path(__file__).resolve().parent.parent
_HALL = "from consoles.cli.main import main; main()"


def end_to_end(folder: Path, *, count: int = 40_000, rounds: int = 8) -> list[Row]:
    """Feed a generated hall, batches of 500; then rebuild its read models; then time the parts."""
    facts = sent_facts(count)
    settle()
    clock = HandClock()
    hall = open_bench_hall(folder / "whole", clock)
    try:
        per_second = [
            len(part) / run_hall(hall, clock, part, BATCH)
            for part in batches(facts, count // rounds)
        ]
        records = sum(hall.log.ends().values())
        rebuilding = _rebuilding(hall)
    finally:
        hall.close()
    (folder / "parts").mkdir()
    parts = cpu_by_part(folder / "parts", facts[: count // 2], BATCH)
    return [
        Row(f"end to end, {BATCH} a batch", statistics.median(per_second), "facts/s", 6_000),
        Row("… records a fact leads to, itself included", records / count, ""),
        *(Row(f"… CPU a record: {name}", cost, "µs") for name, cost in parts.items()),
        Row("… CPU a record: all", sum(parts.values()), "µs"),
        *rebuilding,
    ]


def _rebuilding(hall: Hall, rounds: int = 3) -> list[Row]:
    """Rebuild the read models of a hall as `hall rebuild` does; medians of the rounds."""
    wall, cpu = [], []
    for _ in range(rounds):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        rebuilt = Rebuild(hall.read_engine, hall.log, all_projections(ZONE), ZONE).replace()
        wall.append((time.perf_counter() - begun) / rebuilt.records)
        cpu.append((time.process_time() - begun_cpu) / rebuilt.records)
    hall.projector.claim([PARTITION])  # the rebuild took it over
    return [
        Row("rebuild of the read models", 1 / statistics.median(wall), "records/s", 30_000),
        Row("… CPU a record", 1e6 * statistics.median(cpu), "µs"),
    ]


def importing(folder: Path, *, generated: int = 14_000) -> list[Row]:
    """Import the receipt log as a command does, its start included; else a generated file."""
    real = Path(os.environ.get("HALL_REAL_DATA", _REPOSITORY.parent / "shared" / "data")) / RECEIPT
    if real.is_file():
        what, aim = "import of the receipt log", 5.0
        command = ["import", "xes", str(real), "--profile", "receipt", "--as-if-live"]
    else:
        what, aim = "import of generated facts (no receipt log here)", None
        file = folder / "generated.jsonl"
        file.write_text(
            "".join(to_text(sent.event) + "\n" for sent in sent_facts(generated)), encoding="utf-8"
        )
        command = ["import", "jsonl", str(file), "--as-if-live"]
    _hall(["import", "--help"], folder)  # compiles what is imported, as an installation has done
    begun = time.perf_counter()
    summary = json.loads(_hall([*command, "--data", str(folder / "imported"), "--json"], folder))
    seconds = time.perf_counter() - begun
    return [
        Row(f"{what}, the process's start included", seconds, "s", aim, at_most=True),
        Row("… records", summary["appended"] / seconds, "records/s"),
    ]


def _hall(arguments: Sequence[str], folder: Path) -> bytes:
    """Run the command `hall` in a process of its own; return what it prints."""
    command = [sys.executable, "-c", _HALL, *arguments]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        command, cwd=_REPOSITORY, env=environment, capture_output=True, check=False, timeout=300
    )
    if done.returncode:
        raise RuntimeError(f"hall {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout
