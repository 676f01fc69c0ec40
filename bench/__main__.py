"""`python -m bench`: every figure of the README, measured in one run on one machine.

Each section runs in an empty folder of its own that is removed afterwards. Figures go to standard
output, progress to standard error.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import (
    Row,
    card_bench,
    core_bench,
    flow_bench,
    http_bench,
    kafka_bench,
    log_bench,
    scale_bench,
    whatif_bench,
)
from bench.machine import description, empty_folder, say

MANY_QUICK = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures that are measured together, each part in an empty folder.

    Attributes:
        full, quick: measure them thoroughly, or in a few seconds with more noise.
    """

    name: str
    full: Sequence[Callable[[Path], Sequence[Row]]]
    quick: Sequence[Callable[[Path], Sequence[Row]]]


SECTIONS = (
    Section(
        name="log",
        full=[log_bench.all_rows],
        quick=[
            lambda folder: log_bench.beside_eventsourcing(folder, rounds=3),
            lambda folder: log_bench.concurrent_singles(folder, each=50),
            lambda folder: log_bench.batches_on_a_fresh_log(folder, count=20_000),
            lambda folder: log_bench.batches_on_a_long_log(folder, held=MANY_QUICK, count=10_000),
        ],
    ),
    Section(
        name="core",
        full=[core_bench.steps, core_bench.judging, core_bench.open_cases],
        quick=[
            lambda folder: core_bench.steps(folder, count=10_000, rounds=3),
            lambda folder: core_bench.judging(folder, rounds=5),
            lambda folder: core_bench.open_cases(folder, count=6_000),
        ],
    ),
    Section(
        name="flow",
        full=[flow_bench.end_to_end, flow_bench.importing],
        quick=[
            lambda folder: flow_bench.end_to_end(folder, count=10_000),
            flow_bench.importing,
        ],
    ),
    Section(
        name="scale",
        full=[scale_bench.cost_by_size],
        quick=[
            lambda folder: scale_bench.cost_by_size(folder, many=MANY_QUICK, rounds=5, warming=2),
        ],
    ),
    Section(
        name="whatif",
        full=[whatif_bench.of_a_year],
        quick=[
            lambda folder: whatif_bench.of_a_year(folder, records=MANY_QUICK, facts=4_000),
        ],
    ),
    Section(
        name="http",
        full=[http_bench.all_rows],
        quick=[
            lambda folder: http_bench.singles(folder, seconds=2.0),
        ],
    ),
    Section(
        name="card",
        full=[card_bench.until_the_page],
        quick=[lambda folder: card_bench.until_the_page(folder, posted=10, awaited=5)],
    ),
    Section(
        name="kafka",
        full=[lambda folder: kafka_bench.all_rows(folder, kafka_bench.FULL)],
        quick=[lambda folder: kafka_bench.all_rows(folder, kafka_bench.QUICK)],
    ),
)


def main() -> None:
    """Measure what was asked for and print it; the exit code does not judge."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [section.name for section in SECTIONS]
    parser.add_argument("--only", action="append", choices=names, help="measure this section only")
    parser.add_argument("--quick", action="store_true", help="less of everything: a first look")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    asked = parser.parse_args()
    head = description()
    if not asked.json:
        _print_head(head)
    begun = time.perf_counter()
    found: dict[str, list[Row]] = {}
    for section in SECTIONS:
        if asked.only is None or section.name in asked.only:
            found[section.name] = _measured(section, quick=asked.quick)
            if not asked.json:
                _print_rows(section.name, found[section.name])
    head["load after"] = " ".join(f"{each:.2f}" for each in os.getloadavg())
    head["seconds"] = f"{time.perf_counter() - begun:.0f}"
    if asked.json:
        rows = [
            {"section": name, **row._asdict(), "met": row.met}
            for name, of_section in found.items()
            for row in of_section
        ]
        print(json.dumps({"machine": head, "quick": asked.quick, "rows": rows}, indent=1))
    else:
        _print_end(head, [row for of_section in found.values() for row in of_section])


def _measured(section: Section, *, quick: bool) -> list[Row]:
    rows: list[Row] = []
    begun = time.perf_counter()
    for measure in section.quick if quick else section.full:
        with empty_folder() as folder:
            rows += measure(folder)
        say(f"{section.name}: {len(rows)} figures after {time.perf_counter() - begun:.0f} s")
    return rows


def _print_head(head: dict[str, str]) -> None:
    for name, value in head.items():
        print(f"{name:>20}  {value}")
    print(f"\n{'':8}{'value':>12}  {'unit':10} {'aim':>10}  {'met':4} name", flush=True)


def _print_rows(section: str, rows: Sequence[Row]) -> None:
    for row in rows:
        aim = "" if row.aim is None else f"{'≤' if row.at_most else '≥'} {row.aim:,g}"
        met = {None: "", True: "yes", False: "NO"}[row.met]
        value = f"{row.value:,.0f}" if row.value >= 1_000 else f"{row.value:,.4g}"
        print(f"{section:8}{value:>12}  {row.unit:10} {aim:>10}  {met:4} {row.name}", flush=True)


def _print_end(head: dict[str, str], rows: Sequence[Row]) -> None:
    missed = sum(row.met is False for row in rows)
    aims = sum(row.met is not None for row in rows)
    print(f"\n{aims - missed} of {aims} aims met in {head['seconds']} s;", end=" ")
    print(f"load {head['load before']} before, {head['load after']} after")


if __name__ == "__main__":
    main()
