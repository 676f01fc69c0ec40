"""Judges a backlog in large batches, without a consumer group: the loop of a live worker, fed fast.

The log itself is read (by aiokafka, ten times as fast as Faust delivers), and time is left alone:
a live worker lets due ticks happen once it has the partitions again. Whoever claimed a partition
last owns it, so a live worker that starts meanwhile takes it away, and this reader ends.
"""

from collections.abc import Callable, Sequence

from ledger.log import EventLog
from processors.drivers.embedded import Supervisor


def read_backlog(
    supervisor: Supervisor,
    log: EventLog,
    partitions: Sequence[int],
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Judge everything that some partitions hold, to the end they have then; leave markers.

    Args:
        supervisor: owns the partitions.
        log: where they are.
        partitions: those to be read.
        progress: told how many more records were judged.

    Returns:
        How many records were read.

    Raises:
        PartitionLost: another owner has claimed one; what was committed stands.
        RecordUnreadable: a record cannot be read and no operator has skipped it.
    """
    done = 0
    owners = {number: supervisor.owners[number] for number in partitions}
    behind = list(owners)
    while behind:
        read = supervisor.judge(behind)
        done += read
        progress(read)
        ends = log.ends()
        behind = [number for number, owner in owners.items() if owner.lag(ends) > 0]
    for owner in owners.values():
        owner.stop()
    return done
