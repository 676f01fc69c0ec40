"""`python -m bench.capacity`: the table of deploy/CAPACITY.md, from measured figures and volumes.

It stands apart from the page so that a figure is changed in one place: `--write` writes the table,
a test compares the two. `--cases-a-day N` plans for a hall of one's own.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

PAGE = Path(__file__).resolve().parent.parent / "deploy" / "CAPACITY.md"
GIB = 1024.0**3
SECONDS_AN_HOUR = 3600
WORKING_DAYS = 250


class Figure(NamedTuple):
    """One number that the plan rests on.

    Attributes:
        origin: an `aim` or `estimate` stands until the bench of the Kafka edition replaces it.
    """

    value: float
    unit: str
    origin: Literal["measured", "given", "aim", "estimate"]
    meaning: str


FIGURES: dict[str, Figure] = {
    "f": Figure(8, "facts", "given", "facts a case (6–8 in provincial feeds)"),
    "g": Figure(
        3.4, "records", "measured", "findings and ticks a case (receipt log: 4,853 of 1,434 cases)"
    ),
    "b": Figure(
        500,
        "bytes",
        "measured",
        "a record on a broker (450 of JSON in the receipt log, and its key)",
    ),
    "s": Figure(4_000, "bytes", "measured", "state of a case (receipt log, SQLite)"),
    "m": Figure(3_600, "bytes", "measured", "read models of a case (receipt log, SQLite)"),
    "p": Figure(1.5, "times", "estimate", "the same on PostgreSQL, with indexes and dead rows"),
    "h": Figure(0.2, "of the day", "given", "facts in the busiest hour"),
    "u": Figure(5, "times", "given", "bulk uploads above the busiest hour"),
    "w": Figure(
        2_800, "facts/s", "measured", "a `supervise` worker, live, brokers on the same two cores"
    ),
    "v": Figure(
        10_100, "records/s", "measured", "a `project` worker (`hall catch-up`, one process)"
    ),
    "r": Figure(0.5, "of its rate", "given", "what a worker is planned for; the rest is reserve"),
    "a": Figure(16_300, "records/s", "measured", "states made again from the log, two processes"),
    "o": Figure(5, "working days", "given", "how long a case is open, on average"),
    "n": Figure(194, "MB", "measured", "a `supervise` worker with 10,000 open cases"),
    "k": Figure(30, "bytes", "measured", "… each open case more (223 MB at 1,000,000)"),
}
"""What the plan rests on, by the letters that the page's formulae use."""


class Scale(NamedTuple):
    """A hall, or halls that share one cluster."""

    name: str
    cases_a_day: float


SCALES = (
    Scale("county 县", 2_000 / 22),
    Scale("city 市", 20_000 / 22),
    Scale("province 省", 11_240_000 / 22),
    Scale("nation 全国, in one cluster", 602_000_000 / WORKING_DAYS),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a scale needs."""

    busiest_facts_s: float
    burst_facts_s: float
    supervise_workers: int
    project_workers: int
    partitions: int
    broker_gib_a_year: float
    postgres_gib_a_year: float
    open_cases: float
    worker_gib: float
    rebuild_hours_a_year: float


def plan(scale: Scale) -> Plan:
    """Return what a scale needs; the formulae of the page."""
    value = {letter: figure.value for letter, figure in FIGURES.items()}
    records_a_case = value["f"] + value["g"]
    cases_a_year = scale.cases_a_day * WORKING_DAYS
    busiest = scale.cases_a_day * value["f"] * value["h"] / SECONDS_AN_HOUR
    burst = busiest * value["u"]
    supervise = _workers(burst, value["w"] * value["r"])
    project = _workers(burst * records_a_case / value["f"], value["v"] * value["r"])
    open_cases = scale.cases_a_day * value["o"]
    stored = (value["s"] + value["m"]) * value["p"]
    again_seconds = cases_a_year * records_a_case / value["a"]
    return Plan(
        busiest_facts_s=busiest,
        burst_facts_s=burst,
        supervise_workers=supervise,
        project_workers=project,
        partitions=12 * math.ceil(4 * supervise / 12),
        broker_gib_a_year=cases_a_year * records_a_case * value["b"] / GIB,
        postgres_gib_a_year=cases_a_year * stored / GIB,
        open_cases=open_cases,
        worker_gib=(value["n"] * 1e6 + open_cases / supervise * value["k"]) / GIB,
        rebuild_hours_a_year=again_seconds / SECONDS_AN_HOUR,
    )


def _workers(rate: float, each: float) -> int:
    """Workers for a rate; never fewer than two, so that one may be lost."""
    return max(2, math.ceil(rate / each))


def plan_table(scales: Sequence[Scale] = SCALES) -> str:
    """Return the plan as a table, a column a scale."""
    plans = [plan(scale) for scale in scales]
    rows: list[tuple[str, list[float]]] = [
        ("cases a working day", [scale.cases_a_day for scale in scales]),
        ("facts/s in the busiest hour", [each.busiest_facts_s for each in plans]),
        ("facts/s in a burst", [each.burst_facts_s for each in plans]),
        ("`supervise` workers (a core each)", [each.supervise_workers for each in plans]),
        ("`project` workers (a core each)", [each.project_workers for each in plans]),
        ("partitions", [each.partitions for each in plans]),
        ("disk a year, each of three brokers, GiB", [each.broker_gib_a_year for each in plans]),
        ("disk a year, PostgreSQL, GiB", [each.postgres_gib_a_year for each in plans]),
        ("open cases", [each.open_cases for each in plans]),
        ("memory of a worker, GiB", [each.worker_gib for each in plans]),
        ("states made again, hours a year of log", [each.rebuild_hours_a_year for each in plans]),
    ]
    lines = [
        f"| | {' | '.join(scale.name for scale in scales)} |",
        f"| --- |{' ---: |' * len(scales)}",
    ]
    lines += [f"| {name} | {' | '.join(map(_shown, values))} |" for name, values in rows]
    return "\n".join(lines)


def figures_table() -> str:
    """Return the figures that the plan rests on, as a table; ‡ marks what is not measured yet."""
    lines = ["| | figure | value | where from |", "| --- | --- | ---: | --- |"]
    for letter, figure in FIGURES.items():
        origin = figure.origin if figure.origin in ("given", "measured") else f"{figure.origin} ‡"
        value = f"{_shown(figure.value)} {figure.unit}"
        lines.append(f"| *{letter}* | {figure.meaning} | {value} | {origin} |")
    return "\n".join(lines)


def _shown(value: float) -> str:
    """A number with about two digits that mean something."""
    if value >= 1_000:
        digits = len(str(round(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"


def rendered(page: str) -> str:
    """Return the page with both tables as the figures now give them."""
    for name, table in (("plan", plan_table()), ("figures", figures_table())):
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    return page


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables of CAPACITY.md")
    parser.add_argument("--cases-a-day", type=float, help="plan for so many cases a working day")
    asked = parser.parse_args()
    if asked.write:
        PAGE.write_text(rendered(PAGE.read_text("utf-8")), "utf-8")
    elif asked.cases_a_day is not None:
        print(plan_table([Scale("yours", asked.cases_a_day)]))
    else:
        print(plan_table())


if __name__ == "__main__":
    main()
