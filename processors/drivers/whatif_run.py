"""Asks what if of a whole log: by slices of subjects, in several processes where it is long.

First the log is read once, from end to end, and what the question needs is laid aside by slices of
subjects; then slice after slice is decoded, stepped and compared. So no process ever holds more
than one slice, however long the log is, and nothing is decoded twice. All that is written are files
in a folder of its own, which is removed at the end.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

from ledger.errors import LogUnavailable
from processors.drivers.spool import SLICE_RECORDS, slices_for
from processors.drivers.whatif_log import Scan
from processors.drivers.whatif_worker import (
    Question,
    Range,
    Slice,
    Worker,
    compare,
    lay_aside,
)
from processors.whatif import Comparison, Until

RANGE_RECORDS = 50_000
"""Records that are read and laid aside in one go."""
ALONE_RECORDS = 50_000
"""Up to so many records a second process costs more than it brings."""
NICENESS = 10
"""A server on the same machine goes first."""

Task = TypeVar("Task")
Result = TypeVar("Result")
Progress = Callable[[int, int], object]
"""Told how many of how many steps are done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The comparison, and what it was made of.

    Attributes:
        until: up to when time was let run.
        ends: next offset of each partition: records from there on took no part.
        identity: of the log.
    """

    comparison: Comparison
    until: Until
    ends: dict[int, int]
    identity: str


def ask(
    question: Question,
    processes: int,
    progress: Progress = lambda _done, _of: None,
    *,
    slice_records: int = SLICE_RECORDS,
    alone_records: int = ALONE_RECORDS,
) -> Answer:
    """Return what the cards of a whole log would have been.

    Args:
        question: what is asked; each process is handed a copy.
        processes: how many may work at once.
        progress: told of each step done.
        slice_records: how many records, about, a process holds; the answer does not depend on it.
        alone_records: up to so many this process does all by itself.

    Raises:
        RecordUnreadable: a record that takes part cannot be read and is not skipped.
        LogUnavailable: the log cannot be read, or a process came to a sudden end.
    """
    here = Worker(question)
    try:
        ends = here.log.ends()
        alone = processes < 2 or sum(ends.values()) <= alone_records
        with (
            TemporaryDirectory(prefix="hall-whatif-") as folder,
            _alone(here) if alone else _together(question, processes) as hands,
        ):
            slices = {partition: slices_for(end, slice_records) for partition, end in ends.items()}
            comparison, until = _asked(hands, Path(folder), ends, slices, question.limit, progress)
        return Answer(comparison, until, ends, here.log.identity)
    finally:
        here.log.close()


class _Hands(Protocol):
    """Whoever does the work: this process, or several others."""

    def __call__(
        self, work: Callable[[Worker, Task], Result], tasks: Iterable[Task]
    ) -> Iterator[Result]:
        """Yield what the work on each task gives."""
        ...


def _asked(
    hands: _Hands,
    folder: Path,
    ends: dict[int, int],
    slices: dict[int, int],
    limit: int,
    progress: Progress,
) -> tuple[Comparison, Until]:
    """Lay all records aside, then compare slice after slice."""
    ranges: list[Range] = []
    for partition, end in ends.items():
        place = folder / str(partition)
        place.mkdir()
        ranges += _ranges(place, partition, end, slices[partition])
    done, steps = 0, len(ranges) + sum(slices.values())
    scan = Scan()
    for told in hands(lay_aside, ranges):
        scan.join(told)
        progress(done := done + 1, steps)
    until = scan.until()
    comparison = Comparison(limit)
    parts = [
        Slice(folder / str(partition), partition, number, until, end)
        for partition, end in ends.items()
        for number in range(slices[partition])
    ]
    for found in hands(compare, parts):
        comparison.join(found)
        progress(done := done + 1, steps)
    return comparison, until


def _ranges(folder: Path, partition: int, end: int, slices: int) -> Iterator[Range]:
    for start in range(0, end, RANGE_RECORDS):
        yield Range(folder, partition, start, min(start + RANGE_RECORDS, end), slices)


@contextmanager
def _alone(worker: Worker) -> Iterator[_Hands]:
    def hands(work: Callable[[Worker, Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        return map(partial(work, worker), tasks)

    yield hands


@contextmanager
def _together(question: Question, processes: int) -> Iterator[_Hands]:
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(question,)
    )

    def hands(work: Callable[[Worker, Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        return pool.map(_do, repeat(work), tasks)

    try:
        yield hands
    except BrokenProcessPool as error:
        raise LogUnavailable(
            f"Asking what if: one of {processes} processes came to a sudden end.",
            hint="Ask again with one process; look whether the machine ran out of memory.",
            reason="process",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_WORKERS: list[Worker] = []
"""Of a process of the pool: its one worker."""


def _begin(question: Question) -> None:
    os.nice(NICENESS)
    _WORKERS.append(Worker(question))
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _do(work: Callable[[Worker, Task], Result], task: Task) -> Result:
    return work(_WORKERS[0], task)
