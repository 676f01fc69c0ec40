"""Lets the time of units pass: which ticks of units a partition's owner is to append, and when.

A close is ticked when the grace after it is over, no case waits for an instant before it, and every
partition has been judged up to where the log then ended; up to there the judgement may read. What
has been ticked is known from the ticks that were read back, so another owner goes on where one
stopped, and asks anew where it is not sure.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

from ledger.catalogue import LATEST
from ledger.log import EventLog, partitions_of
from ledger.reading import Read
from ledger.record import AnyRecord
from processors.drivers.sql_state import SqlState
from processors.supervision.policy import Policy
from processors.supervision.unit_facts import UNIT, UNIT_GRACE_US
from processors.supervision.units import (
    is_unit_tick,
    judgeable,
    next_close,
    unit_law,
    unit_tick,
    wakes,
)

CLOSES_A_TURN_MAX = 100
"""Closes for which no unit has rows that are passed in one turn."""


@dataclass(slots=True)
class _Progress:
    """How far one partition's units have come.

    Attributes:
        after_us: every close up to here has its ticks; None while that is not known yet.
        close_us, appended: a close, and the units whose tick for it was appended here.
        ends: where the log ended when waiting began; None while nothing is waited for.
        upto: where it ended when nothing before the close was left to judge.
    """

    after_us: int | None = None
    close_us: int = 0
    appended: set[str] = field(default_factory=set)
    ends: dict[int, int] | None = None
    upto: dict[int, int] | None = None

    def wait_anew(self) -> None:
        """Forget where the log ended."""
        self.ends = self.upto = None


class UnitClock:
    """Makes the ticks of the units whose subject lies in a partition."""

    def __init__(self, log: EventLog, states: SqlState) -> None:
        """Begin with what the states remember, at the first turn of each partition."""
        self._log = log
        self._states = states
        self._progress: dict[int, _Progress] = {}

    def judgeable(self, records: Sequence[Read]) -> Sequence[Read]:
        """Return the records of a batch before the first unit tick that has to wait for rows."""
        if not any(read.record is not None and is_unit_tick(read.record) for read in records):
            return records
        positions = self._states.positions()
        return judgeable(records, {n: positions.get(n, 0) for n in range(self._log.partitions)})

    def forget(self, partition: int) -> None:
        """Drop what is remembered of a partition that has another owner now."""
        self._progress.pop(partition, None)

    def tick(
        self,
        partition: int,
        policy: Policy,
        now_us: int,
        most: int,
        append: Callable[[list[AnyRecord]], object],
        reached: int = LATEST,
    ) -> int:
        """Append the ticks of the next close that is ready, at most so many; return how many.

        Args:
            policy: with what the partition has published; what is in force now says which closes
                there are, and each is judged by what was in force then.
            reached: up to where the partition is judged, if that is known without asking.
        """
        pack, calendar, _ = unit_law(policy, LATEST, now_us)
        progress = self._progress.setdefault(partition, _Progress())
        waits = reached < (progress.upto or progress.ends or {}).get(partition, 0)
        if waits or not pack.unit_rules:
            return 0
        for _ in range(CLOSES_A_TURN_MAX):
            after_us = progress.after_us or self._begin(partition, progress)
            if after_us is None:
                return 0
            close_us = next_close(pack.unit_rules, after_us, calendar)
            if close_us is None or now_us <= close_us + UNIT_GRACE_US:
                return 0
            upto = self._settled(progress, close_us)
            if upto is None:
                return 0
            awake = self._states.units.awake(wakes(pack.unit_rules, close_us, calendar))
            left = self._left(partition, progress, close_us, awake)
            if left:
                chosen = sorted(left)[:most]
                append([unit_tick(unit, close_us, upto, calendar) for unit in chosen])
                progress.appended.update(chosen)
                return len(chosen)
            progress.after_us = close_us
            progress.wait_anew()
        return 0

    def _begin(self, partition: int, progress: _Progress) -> int | None:
        """Find how far the ticks that were read had come, once all that is there has been read."""
        progress.ends = progress.ends or self._log.ends()
        if not self._have_passed(progress.ends):
            return None
        progress.wait_anew()
        last_us, _ = self._states.units.last_ticks(partition)
        progress.after_us = self._states.units.first_us() if last_us is None else last_us - 1
        return progress.after_us

    def _left(
        self, partition: int, progress: _Progress, close_us: int, awake: Set[str]
    ) -> list[str]:
        """Return the units of a partition that lack the tick of a close."""
        if progress.close_us != close_us:
            progress.close_us, progress.appended = close_us, set()
        last_us, read = self._states.units.last_ticks(partition)
        if last_us is not None and last_us > close_us:
            return []
        done = progress.appended | read if last_us == close_us else progress.appended
        return [
            unit
            for unit in awake - done
            if partition in partitions_of(UNIT + unit, self._log.partitions)
        ]

    def _settled(self, progress: _Progress, close_us: int) -> dict[int, int] | None:
        """Return up to where rows may be read once nothing before the close is left to judge."""
        if progress.upto is None:
            progress.ends = progress.ends or self._log.ends()
            if not self._have_passed(progress.ends) or self._states.has_due(close_us):
                return None
            progress.upto = self._log.ends()
        return progress.upto if self._have_passed(progress.upto) else None

    def _have_passed(self, ends: dict[int, int]) -> bool:
        reached = self._states.positions()
        return all(reached.get(partition, 0) >= end for partition, end in ends.items())
