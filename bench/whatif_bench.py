"""What if, asked of a year: how long it takes on two processors, and how much memory it holds.

The log of a year (a million records) and of a fifth of it are made from the same cases; the memory
of one must be that of the other.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from bench import Row
from bench.facts import policy
from bench.machine import say
from bench.year_log import MODEL_FACTS, Line, model_log, write_log
from consoles.folder import LOG_FILE
from ledger.drivers.sqlite_log import SqliteLog
from processors.drivers.whatif_run import Answer, ask
from processors.drivers.whatif_worker import Question
from processors.supervision.policy import Policy
from processors.whatif import Window, governed_by

YEAR = 1_000_000
PROCESSES = 2
SECONDS_AIM = 60.0
GROWTH_AIM = 1.25
LISTED = 100
_SAMPLE_SECONDS = 0.05


def of_a_year(folder: Path, *, records: int = YEAR, facts: int = MODEL_FACTS) -> list[Row]:
    """Ask what another pack would have done to a year, and to a fifth of it.

    Args:
        folder: for the logs.
        records: of the year.
        facts: of the cases that are copied.
    """
    model = model_log(facts)
    part, whole = folder / "part", folder / "whole"
    small = _asked(part, records // 5, model, "chengdu")
    say(f"{small.records:,} records compared")
    other = _asked(whole, records, model, "chengdu")
    same = _asked(whole, records, model, "hunan")
    changed = {effect for _, effect, _ in same.answer.comparison.counts} - {"unchanged"}
    assert not changed, "the pack that was in force changes nothing"
    aim = SECONDS_AIM if records == YEAR else None
    title = f"what-if over {other.records:,} records, {PROCESSES} processes"
    return [
        Row(f"{title}, another pack", other.seconds, "s", aim, at_most=True),
        Row("… CPU of each process", other.cpu_seconds, "s"),
        Row(f"{title}, the pack in force", same.seconds, "s", aim, at_most=True),
        Row("… CPU of each process", same.cpu_seconds, "s"),
        Row("… memory of the greatest process", other.most_mb, "MB"),
        Row(f"… memory at {small.records:,} records", small.most_mb, "MB"),
        Row(
            "… the one over the other", other.most_mb / small.most_mb, "", GROWTH_AIM, at_most=True
        ),
    ]


class _Asked(NamedTuple):
    """An answer and what it took: on the wall, of each processor, of memory."""

    answer: Answer
    seconds: float
    cpu_seconds: float
    most_mb: float

    @property
    def records(self) -> int:
        """How many records the log held."""
        return sum(self.answer.ends.values())


def _asked(folder: Path, records: int, model: list[Line], pack: str) -> _Asked:
    """Ask about a log, which is made where it is not there."""
    if not folder.exists():
        folder.mkdir()
        write_log(folder, records, model)
    path = folder / LOG_FILE
    question = Question(partial(_open, path), partial(_governed, pack), True, Window(), LISTED)
    with _memory() as most:
        begun, begun_cpu = time.perf_counter(), _cpu_of_others()
        answer = ask(question, PROCESSES, alone_records=0)
        seconds, cpu = time.perf_counter() - begun, _cpu_of_others() - begun_cpu
    return _Asked(answer, seconds, cpu / PROCESSES, max(most))


def _cpu_of_others() -> float:
    """Return the CPU seconds of the processes that this one has seen end."""
    times = os.times()
    return times.children_user + times.children_system


def _open(path: Path) -> SqliteLog:
    return SqliteLog(path, now=int, read_only=True)


def _governed(pack: str) -> Policy:
    configured = policy()
    return governed_by(configured, configured.packs[pack])


@contextmanager
def _memory() -> Iterator[list[float]]:
    """Give a list of the MB that the greatest of the other processes held, now and then."""
    most, done = [0.0], Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            most[0] = max([most[0], *(_rss_mb(each.pid) for each in active_children())])

    thread = Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def _rss_mb(process: int | None) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):  # it has just ended
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
