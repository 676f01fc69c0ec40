"""What a batch of one partition leaves behind in SQL, and the rows that it makes.

It stands apart from the database so that rows are made the same way whether one partition commits
or several do together.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ledger.log import ReaderPosition
from processors.drivers.publication_rows import SILENT, Publishing
from processors.drivers.state_rows import StateRow
from processors.supervision.pinning import is_open
from processors.supervision.policy import lives_on_import_time
from processors.supervision.state import CaseState
from processors.supervision.state_codec import Stored, encode_state
from processors.supervision.units import UnitBatch

OPEN_US = 2**62
"""What the row of a case waits for that is open though no instant is left to wait for."""


class Commit(NamedTuple):
    """What a batch of one partition leaves behind.

    Attributes:
        position: as it was before.
        reached: as it is then.
        states: changed states by subject.
        units: rows of unit rules, and ticks of units.
        publishing: what it told of publications.
    """

    position: ReaderPosition
    reached: ReaderPosition
    states: Mapping[str, CaseState]
    units: UnitBatch | None = None
    publishing: Publishing = SILENT


@dataclass(slots=True)
class Written:
    """Rows of a batch: those that differ in more than their state, the others, the first tick."""

    moved: list[StateRow]
    others: list[StateRow]
    wakes_us: int


def rows_of(commit: Commit, loaded: Mapping[str, Stored]) -> Written:
    """Return the rows of a batch, whose states are compared with what was loaded for it."""
    written = Written([], [], OPEN_US)
    partition, publishing = commit.position.partition, commit.publishing
    for subject, state in commit.states.items():
        before = loaded.get(subject)
        row = _row(partition, state, encode_state(state, before), publishing)
        is_moved = before is None or row[3:] != _row(0, before.state, b"", publishing)[3:]
        (written.moved if is_moved else written.others).append(row)
        if row.ticked_live and row.tick_us is not None:
            written.wakes_us = min(written.wakes_us, row.tick_us)
    return written


def remember(cache: OrderedDict[str, bytes], row: StateRow, state: CaseState) -> None:
    """Keep the bytes of an open case; a closed one is not held in memory."""
    if state.is_closed:
        cache.pop(row.subject, None)
        return
    cache[row.subject] = row.state
    cache.move_to_end(row.subject)


def _row(partition: int, state: CaseState, blob: bytes, publishing: Publishing) -> StateRow:
    is_live = not lives_on_import_time(state.timeline)
    tick_us = publishing.waits_until(state)
    if tick_us is None and is_live and not state.suspended and is_open(state):
        tick_us = OPEN_US
    return StateRow(
        partition, state.subject, blob, tick_us, is_live, state.timeline, state.suspended
    )
