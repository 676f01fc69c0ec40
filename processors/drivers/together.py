"""One batch of several partitions: judged one by one, said in one append, kept in one transaction.

An append and a commit cost a wait each, however much they hold; so a runner that owns several
partitions waits once for all of them. Each partition is fenced for itself: where one has another
owner nothing of the batch is kept, and the others do theirs again.
"""

from collections.abc import Callable, Sequence
from itertools import islice

from ledger.errors import HallError, RecordUnreadable
from ledger.log import Entry, EventLog
from processors.drivers.partition_owner import Judged, PartitionOwner
from processors.drivers.sql_state import SqlState

Unreadable = Callable[[PartitionOwner, RecordUnreadable], object]


def prepare_together(
    owners: Sequence[PartitionOwner], unreadable: Unreadable
) -> list[PartitionOwner]:
    """Return the partitions that can be judged, and do a piece of what others need before.

    It is a piece of one partition alone, because it may take as long as a batch.

    Args:
        owners: of different partitions.
        unreadable: told of a partition that a record stops.
    """
    ready: list[PartitionOwner] = []
    has_worked = False
    for owner in owners:
        if has_worked and not owner.is_prepared:
            continue
        try:
            is_ready = owner.prepare()
        except RecordUnreadable as error:
            unreadable(owner, error)
            continue
        if is_ready:
            ready.append(owner)
        has_worked = has_worked or not is_ready
    return ready


def judge_together(
    log: EventLog,
    states: SqlState,
    owners: Sequence[PartitionOwner],
    most: int,
    unreadable: Unreadable,
) -> int:
    """Read and judge a batch of each partition, append, then commit: emit, then remember.

    Args:
        log, states: the owners'.
        owners: of different partitions, prepared.
        most: records of each batch.
        unreadable: told of a partition whose next record cannot be read; the others go on.

    Returns:
        How many records were read.

    Raises:
        PartitionLost: another owner has one; nothing of the batch is kept.
        DatabaseUnavailable: the batch may be committed or not; the next one looks first.
    """
    judged: list[tuple[PartitionOwner, Judged]] = []
    for owner in owners:
        try:
            found = owner.judge(most)
        except RecordUnreadable as error:
            unreadable(owner, error)
            continue
        if found is not None:
            judged.append((owner, found))
    if not judged:
        return 0
    answers = iter(log.append([entry for _, found in judged for entry in found.batch.entries]))
    commits = [
        owner.settle(found, list(islice(answers, len(found.batch.entries))))
        for owner, found in judged
    ]
    try:
        wakes = states.commit_together(commits)
    except HallError:
        for owner, _ in judged:
            owner.doubt()
        raise
    for owner, found in judged:
        owner.remember(found, wakes[owner.number])
    return sum(len(found.records) for _, found in judged)


def tick_together(log: EventLog, owners: Sequence[PartitionOwner]) -> None:
    """Let due ticks of partitions happen, and append the markers that are due.

    Raises:
        PartitionLost: another owner has one.
    """
    due: list[tuple[PartitionOwner, list[Entry], list[Entry]]] = []
    for owner in owners:
        ticks = [] if owner.is_behind else owner.due()
        due.append((owner, ticks, owner.marker()))
    answers = iter(log.append([entry for _, *made in due for some in made for entry in some]))
    for owner, ticks, marker in due:
        owner.ticked(ticks, list(islice(answers, len(ticks))))
        owner.marked(marker, list(islice(answers, len(marker))))
