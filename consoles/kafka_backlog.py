"""Catching up a role of the Kafka edition with a backlog, in one process or several.

Each process owns a group of partitions, so that every core works; the positions in SQL say how far
all of them are.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from consoles.family import OWN_COMMAND, Following
from consoles.following import ProjectionFollower
from consoles.kafka_edition import Parts, open_parts
from consoles.settings import Settings
from processors.drivers.batch_reader import read_backlog
from processors.drivers.embedded import Supervisor
from projections.drivers.projector import Projector

JUDGED_AT_ONCE = 12_000
"""Records of a turn of supervision, which takes all partitions of a process together."""
APPLIED_AT_ONCE = 2_000
"""Records of one partition in a turn of projection."""
LOOK_S = 0.5


def catch_up(
    settings: Settings,
    role: Following,
    partitions: Sequence[int],
    progress: Callable[[int], object],
) -> int:
    """Bring partitions up to the end of the log in this process; return how many records were read.

    Raises:
        HallError: as `read_backlog` says, and what opening the hall says.
    """
    with _opened(settings) as parts:
        if role == "supervise":
            supervisor = Supervisor(
                parts.log,
                parts.states,
                parts.policy,
                parts.clock.now_us,
                batch_max=JUDGED_AT_ONCE,
                partitions=partitions,
            )
            return read_backlog(supervisor, parts.log, partitions, progress)
        projector = Projector(parts.log, parts.store)
        follower = ProjectionFollower(projector, limit=APPLIED_AT_ONCE)
        for number in partitions:
            follower.claim(number)
        done, before = 0, follower.reached()
        while follower.turn():
            read = sum(follower.reached().values()) - sum(before.values())
            before = follower.reached()
            done += read
            progress(read)
        return done


def partitions_of(settings: Settings) -> int:
    """Return how many partitions the log has."""
    with _opened(settings) as parts:
        return parts.log.partitions


def groups(partitions: int, processes: int) -> list[list[int]]:
    """Return partitions dealt out to processes, none of them empty."""
    dealt = [list(range(first, partitions, processes)) for first in range(processes)]
    return [group for group in dealt if group]


def catch_up_apart(
    settings: Settings,
    role: Following,
    dealt: Sequence[Sequence[int]],
    progress: Callable[[int], object],
) -> int:
    """Bring partitions up by one process a group; return the first exit code that is not 0.

    Args:
        settings: the effective settings; the processes get them from the same environment.
        role: whose positions are brought up.
        dealt: the partitions of each process.
        progress: told how many more records were read.
    """
    command = [*OWN_COMMAND, "catch-up", "--role", role, "--json"]
    running = [
        subprocess.Popen(  # noqa: S603 - our own program
            [*command, *(f"--partition={number}" for number in group)],
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr,
        )
        for group in dealt
    ]
    with _opened(settings) as parts:
        before = _reached(parts, role)
        while any(process.poll() is None for process in running):
            time.sleep(LOOK_S)
            reached = _reached(parts, role)
            progress(reached - before)
            before = reached
    return next((each.returncode for each in running if each.returncode), 0)


def lag(settings: Settings, role: Following) -> int:
    """Return how many records a role has not read."""
    with _opened(settings) as parts:
        return sum(parts.log.ends().values()) - _reached(parts, role)


def _reached(parts: Parts, role: Following) -> int:
    if role == "supervise":
        return sum(parts.states.positions().values())
    return sum(each.next_offset for each in parts.store.positions().values())


@contextmanager
def _opened(settings: Settings) -> Iterator[Parts]:
    parts = open_parts(settings)
    try:
        yield parts
    finally:
        parts.close()
