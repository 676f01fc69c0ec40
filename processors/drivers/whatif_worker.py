"""What one process does for a what-if: lays a range of the log aside, compares a slice of cases."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ledger.heads import as_bytes
from ledger.log import EventLog, partitions_of
from processors.drivers.publication_rows import published_by
from processors.drivers.spool import Spool, read_slice
from processors.drivers.whatif_log import PartitionReader, Raw, Scan
from processors.supervision.policy import Policy
from processors.whatif import Comparison, Told, Until, Window

PUBLISHED = -1
"""The slice of what the partition has published, which every other one needs."""


class Question(NamedTuple):
    """What is asked of a log; each process makes for itself what it cannot be handed.

    Attributes:
        open_log: opens the log to read.
        make_policy: gives what the cases are to be judged by, as configured.
        other_pack: packs that the log has published do not govern; its calendars and catalogue do.
        limit: how many changes are listed.
    """

    open_log: Callable[[], EventLog]
    make_policy: Callable[[], Policy]
    other_pack: bool
    window: Window
    limit: int


class Range(NamedTuple):
    """Records of a partition to be laid aside in so many slices."""

    folder: Path
    partition: int
    start: int
    stop: int
    slices: int


class Slice(NamedTuple):
    """Cases to be compared; `end` is the next offset of their partition."""

    folder: Path
    partition: int
    number: int
    until: Until
    end: int


class Worker:
    """One process's view of the log."""

    def __init__(self, question: Question) -> None:
        """Open the log and make the policy."""
        self.question = question
        self._configured = replace(question.make_policy(), tells_limits=False)
        self._governing: dict[Path, Policy] = {}
        self.log = question.open_log()

    def close(self) -> None:
        """Let go of the log."""
        self.log.close()

    def reader(self, partition: int) -> PartitionReader:
        """Return what reads a partition."""
        return PartitionReader(self.log, partition)

    def policy(self, partition: int, references: Sequence[Raw]) -> Policy:
        """Return what governs the cases of a partition that holds these reference records."""
        if not references:
            return self._configured
        published = published_by(self.log, partition, references)
        if self.question.other_pack:
            published = published.without_packs()
        return replace(self._configured, published=published)

    def policy_of(self, folder: Path, partition: int) -> Policy:
        """Return what governs the cases of a partition that was laid aside in a folder."""
        known = self._governing.get(folder)
        if known is None:
            references = list(read_slice(folder, PUBLISHED))
            known = self._governing[folder] = self.policy(partition, references)
        return known


def lay_aside(worker: Worker, task: Range) -> Scan:
    """Lay the wanted records of a range aside by slices of subjects.

    Raises:
        RecordUnreadable: see `PartitionReader.scan`.
    """
    spool = Spool(task.folder, f"{task.start:015d}", task.slices)
    publish = partial(spool.put_in, PUBLISHED)
    scan = worker.reader(task.partition).scan(task.start, task.stop, spool.put, publish)
    spool.flush()
    return scan


def compare(worker: Worker, task: Slice) -> Comparison:
    """Compare the cases of a slice, one after the other.

    Raises:
        RecordUnreadable: a record of theirs that nobody has skipped.
    """
    question, reader = worker.question, worker.reader(task.partition)
    policy = worker.policy_of(task.folder, task.partition)
    comparison = Comparison(question.limit)
    cases: dict[bytes, list[Raw]] = {}
    for offset, raw in read_slice(task.folder, task.number):
        head = reader.head(offset, raw)
        if head is not None:
            cases.setdefault(head.subject, []).append((offset, raw))
    while cases:
        _, of_case = cases.popitem()
        told = list(reader.decoded(of_case))
        if told:
            comparison.add(told, policy, task.until, task.end, question.window)
    return comparison


class CaseTold(NamedTuple):
    """What the log holds of one case, what governs it, and where the log ends.

    Attributes:
        told: empty where the log holds nothing of it.
    """

    told: list[Told]
    policy: Policy
    until: Until
    end: int


def told_of(worker: Worker, case: str) -> CaseTold:
    """Return the records of one case that the question needs; reads the log from end to end.

    Raises:
        RecordUnreadable: see `PartitionReader.scan`.
    """
    subject = as_bytes(case)
    home, *_ = partitions_of(case, worker.log.partitions)
    told: list[Raw] = []
    published: list[Raw] = []

    def take(of: bytes, offset: int, raw: bytes) -> None:
        if of == subject:
            told.append((offset, raw))

    def publish(offset: int, raw: bytes) -> None:
        if partition == home:
            published.append((offset, raw))

    scan, ends = Scan(), worker.log.ends()
    for partition, end in ends.items():
        scan.join(worker.reader(partition).scan(0, end, take, publish))
    reader = worker.reader(home)
    policy = worker.policy(home, published)
    return CaseTold(list(reader.decoded(told)), policy, scan.until(), ends[home])
