"""How fast a backlog on Kafka is judged, made into states again, and projected.

Each run begins with a topic that holds facts alone. What a command costs that has nothing to read
(the interpreter, the hall opened, partitions claimed) is measured by itself and taken out of the
rates, so that they do not depend on how long the backlog is.
"""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from bench import Row
from bench.kafka_place import Place, Ran, append, run_hall
from bench.machine import say
from ledger.log import Entry
from tests.faults.kafka_hall import KafkaHall

ROLES = ("supervise", "project")
AIMS = {1: 8_000.0, 2: 12_000.0}
"""Facts a second that the batch runner must judge in so many processes."""
REBUILT_AIM = 20_000.0


class CaughtUp(NamedTuple):
    """One backlog read to its end.

    Attributes:
        facts: facts a second.
        records: records a second, findings among them.
        cpu_us: CPU µs a record of the runner, its start taken out.
        services_us: CPU µs a record of brokers and database together.
        start_s: what the command takes with nothing to read.
    """

    facts: float
    records: float
    cpu_us: float
    services_us: float
    start_s: float


def backlogs(place: Place, entries: Sequence[Entry], rounds: int) -> list[Row]:
    """Judge, rebuild and project the same facts, in one process and in two; medians of rounds."""
    found: dict[tuple[str, int], list[CaughtUp]] = {}
    ratios: list[float] = []
    with place.hall() as hall:  # what the first start of a command compiles is no part of a rate
        for role in ROLES:
            run_hall(hall, "catch-up", "--role", role, "--processes", 1, "--json")
    for number in range(rounds):
        for processes in (1, 2):
            with place.hall() as hall:
                append(hall, entries)
                judged = _caught_up(place, hall, "supervise", processes, len(entries))
                found.setdefault(("judge", processes), []).append(judged)
                ratios.append(sum(hall.parts.log.ends().values()) / len(entries))
                projected = _caught_up(place, hall, "project", processes, len(entries))
                found.setdefault(("project", processes), []).append(projected)
                with place.hall(hall.parts.place.topic) as other:
                    rebuilt = _caught_up(place, other, "supervise", processes, len(entries))
                    found.setdefault(("rebuild", processes), []).append(rebuilt)
            say(
                f"kafka: backlog, round {number + 1}, {processes} at work: judged "
                f"{judged.facts:,.0f}, rebuilt {rebuilt.facts:,.0f} facts/s, projected "
                f"{projected.records:,.0f} records/s"
            )
    return [
        *_rows("batch runner, supervise", found, "judge", AIMS),
        Row("… records a fact leads to, itself included", statistics.median(ratios), ""),
        *_rows("states made again from the log", found, "rebuild", {2: REBUILT_AIM}),
        *_rows("batch runner, project", found, "project", {}),
        Row("… start of the command, taken out above", _start(found), "s"),
    ]


def _caught_up(place: Place, hall: KafkaHall, role: str, processes: int, facts: int) -> CaughtUp:
    """Read the backlog of a role, then run the same command again with nothing left to read."""
    before = place.costs()
    asked = ("catch-up", "--role", role, "--processes", processes, "--json")
    read_before = _reached(hall, role)
    whole = run_hall(hall, *asked)
    services = place.costs().since(before)
    records = _reached(hall, role) - read_before
    empty = run_hall(hall, *asked)
    ran = Ran(max(whole.seconds - empty.seconds, 1e-3), max(whole.cpu - empty.cpu, 0.0))
    return CaughtUp(
        facts=facts / ran.seconds,
        records=records / ran.seconds,
        cpu_us=1e6 * ran.cpu / records,
        services_us=1e6 * sum(services) / records,
        start_s=empty.seconds,
    )


def _reached(hall: KafkaHall, role: str) -> int:
    if role == "supervise":
        return sum(hall.parts.states.positions().values())
    return sum(each.next_offset for each in hall.parts.store.positions().values())


def _rows(
    name: str,
    found: dict[tuple[str, int], list[CaughtUp]],
    what: str,
    aims: dict[int, float],
) -> list[Row]:
    rows = []
    for processes in (1, 2):
        runs = found[what, processes]
        at_work = "one process" if processes == 1 else "two processes"

        def median(attribute: str, runs: list[CaughtUp] = runs) -> float:
            return float(statistics.median(getattr(run, attribute) for run in runs))

        rows += [
            Row(f"{name}, {at_work}", median("facts"), "facts/s", aims.get(processes)),
            Row("… with what was found, read back", median("records"), "records/s"),
            Row("… CPU of the runner", median("cpu_us"), "µs/record"),
            Row("… CPU of brokers and PostgreSQL", median("services_us"), "µs/record"),
        ]
    return rows


def _start(found: dict[tuple[str, int], list[CaughtUp]]) -> float:
    return statistics.median(run.start_s for runs in found.values() for run in runs)
