"""The figures of a hall, read at scrape time: from its log, its states and its read models.

Any process that can read these exports the same figures, so a node that only answers shows how far
the workers are, even where none of them lives.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from threading import Lock
from time import monotonic
from typing import Literal, Protocol

from alerts.drivers.role_meter import RoleMeter
from alerts.figures import (
    LABEL_NONE,
    RISKS,
    Bounded,
    Build,
    Figures,
    Labels,
    Role,
    each,
    single,
    summed,
)
from ledger.findings import LEVELS
from ledger.log import DeadLetters, EventLog
from ledger.work_calendar import WorkCalendar
from processors.supervision.pack import Pack
from projections.drivers.measures import Cases, HallDay, LiveCards, Measures
from projections.drivers.readers import OPEN_PHASES, Readers

logger = logging.getLogger(__name__)

DISTRIBUTION = "hall-ledger"
SHARE = 0.05
"""Of the time, at most so much is spent on counting the read models, however often one scrapes."""


class Reading(Protocol):
    """Who knows how far the log is read."""

    def positions(self) -> Mapping[int, int]:
        """Return the next offset of each partition."""
        ...


class States(Reading, Protocol):
    """What is asked of the case states."""

    def suspended_count(self) -> int:
        """Return how many cases wait for an operator."""
        ...


def build_of(edition: Literal["embedded", "kafka"], engine: str, pack: Pack) -> Build:
    """Return what runs, as `hall_build_info` says it."""
    return Build(version(DISTRIBUTION), edition, engine, f"{pack.name} {pack.version}")


def meter_of(meter: RoleMeter, reading: Reading) -> Callable[[], None]:
    """Return what tells a meter, after each round of the loops, how far its role has read.

    The meter owns the partitions from now on. A failure to read that is no failure of the loops.
    """
    for number, offset in reading.positions().items():
        meter.took_over(number, offset)

    def moved() -> None:
        try:
            for number, offset in reading.positions().items():
                meter.reached(number, offset)
        except Exception:
            logger.exception("How far %s has read cannot be told.", meter.role)

    return moved


class Held:
    """Figures that cost much to read, held until `SHARE` of the time is spent on reading them."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Hold nothing yet; `seconds` is a clock that runs evenly."""
        self._seconds = seconds
        self._lock = Lock()
        self._until = 0.0
        self._figures: Figures = {}

    def around(self, read: Callable[[], Figures]) -> Callable[[], Figures]:
        """Return `read`, asked no more often than it may cost; scrapes at one time ask once."""

        def figures() -> Figures:
            with self._lock:
                begun = self._seconds()
                if begun >= self._until:
                    self._figures = read()
                    ended = self._seconds()
                    self._until = ended + (ended - begun) / SHARE
                return self._figures

        return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Where the figures of a hall are read.

    Attributes:
        now_us: the hall's clock.
        clock_difference: seconds that this process's clock is ahead of the database's.
    """

    log: EventLog
    states: States
    readers: Readers
    measures: Measures
    dead_letters: DeadLetters
    calendars: Mapping[str, WorkCalendar]
    now_us: Callable[[], int]
    clock_difference: Callable[[], float] = lambda: 0.0
    held: Held = field(default_factory=Held)

    def figures(self) -> Figures:
        """Return the figures now; a part that cannot be read is left out and said so."""
        parts: Mapping[str, Callable[[], Figures]] = {
            "read-models": self.held.around(self._of_read_models),
            "states": self._of_states,
            "log": self._of_log,
            "dead-letters": self._of_dead_letters,
            "clock": self._of_clock,
        }
        found: dict[str, Mapping[Labels, float]] = {}
        up: dict[Labels, float] = {}
        for name, read in parts.items():
            try:
                found |= read()
            except Exception:  # a part's failure must not hide the others, whatever it is
                logger.exception("Figures of %s cannot be read.", name)
                up[name,] = 0
            else:
                up[name,] = 1
        return {**found, "hall_figures_up": up}

    def _of_read_models(self) -> Figures:
        measures = self.measures
        cases, rebuilds = measures.cases(), measures.rebuilds()
        open_cases = [row for row in cases if row.is_live and row.phase in OPEN_PHASES]
        return {
            "hall_cases": summed(((row.phase,), row.cases) for row in cases),
            **_standing(open_cases, measures.live_cards(), measures.day(self.now_us())),
            "hall_rebuild_last_timestamp_seconds": {
                (last.kind,): last.finished_us / 1e6 for last in rebuilds
            },
            "hall_rebuild_last_records": {(last.kind,): last.records for last in rebuilds},
            "hall_rebuild_last_differences": {
                (last.kind,): last.differences for last in rebuilds if last.differences is not None
            },
        }

    def _of_states(self) -> Figures:
        return {"hall_supervision_suspended_cases": single(self.states.suspended_count())}

    def _of_log(self) -> Figures:
        ends = self.log.ends()
        positions: Mapping[Role, Mapping[int, int]] = {
            "supervise": self.states.positions(),
            "project": self.readers.positions(),
        }
        reached: dict[Labels, float] = {}
        lags: dict[Labels, float] = {}
        for role, read in positions.items():
            for number, end in ends.items():
                labels = (role, str(number))
                reached[labels] = read.get(number, 0)
                lags[labels] = max(0, end - read.get(number, 0))
        return {
            "hall_log_records": {(str(number),): end for number, end in ends.items()},
            "hall_reader_position_records": reached,
            "hall_reader_lag_records": lags,
        }

    def _of_dead_letters(self) -> Figures:
        counts = self.dead_letters.counts()
        names = Bounded(counts.items())
        return {
            "hall_dead_letters": summed(((names.label(k),), n) for k, n in counts.items()),
        }

    def _of_clock(self) -> Figures:
        now_us = self.now_us()
        return {
            "hall_clock_difference_seconds": single(self.clock_difference()),
            "hall_calendar_remaining_days": {
                (name,): calendar.days_remaining(now_us)
                for name, calendar in self.calendars.items()
                if calendar.spec.published_years
            },
        }


def _standing(
    open_cases: Iterable[Cases], cards: Iterable[LiveCards], days: Iterable[HallDay]
) -> Figures:
    """Return cases, cards and the present day by hall or department, all under the same names."""
    open_cases, cards, days = list(open_cases), list(cards), list(days)
    halls = Bounded(
        [
            *((row.hall, row.cases) for row in open_cases),
            *((row.hall, row.cards) for row in cards),
            *((row.hall, 0) for row in days),
        ]
    )
    departments = Bounded(
        [
            *((row.department, row.cases) for row in open_cases),
            *((row.department, row.cards) for row in cards),
        ]
    )
    by_hall, by_department = halls.labels(), departments.labels()
    return {
        "hall_cases_open": summed(
            (((halls.label(row.hall), RISKS[row.level]), row.cases) for row in open_cases),
            each(by_hall, RISKS),
        ),
        "hall_department_cases_open": summed(
            (
                ((departments.label(row.department), RISKS[row.level]), row.cases)
                for row in open_cases
            ),
            each(by_department, RISKS),
        ),
        "hall_cards": summed(
            (((halls.label(row.hall), row.level), row.cards) for row in cards),
            each(by_hall, LEVELS),
        ),
        "hall_cards_unsigned": summed(
            (((halls.label(row.hall), row.level), row.unsigned) for row in cards),
            each(by_hall, LEVELS),
        ),
        "hall_department_cards": summed(
            (((departments.label(row.department), row.level), row.cards) for row in cards),
            each(by_department, LEVELS),
        ),
        **_today(days, halls),
    }


def _today(days: Iterable[HallDay], halls: Bounded) -> Figures:
    labelled = [(halls.label(day.hall), day) for day in days]
    begin: list[Labels] = [(label,) for label in halls.labels() or {LABEL_NONE}]
    sums: Mapping[str, Callable[[HallDay], float]] = {
        "hall_today_accepted_cases": lambda day: day.accepted,
        "hall_today_completed_cases": lambda day: day.completed,
        "hall_today_promised_cases": lambda day: day.promised_completed,
        "hall_today_on_time_cases": lambda day: day.promised_on_time,
        "hall_today_working_seconds": lambda day: day.working_us / 1e6,
    }
    return {
        **{
            name: summed((((label,), of(day)) for label, day in labelled), begin)
            for name, of in sums.items()
        },
        "hall_today_cards_issued": summed(
            (
                ((label, level), count)
                for label, day in labelled
                for level, count in zip(LEVELS, day[6:], strict=True)
            ),
            each((label for (label,) in begin), LEVELS),
        ),
    }
