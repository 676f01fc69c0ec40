"""A supervised log for tests: facts by local time, a clock set by hand, an owner that may die.

It stands apart because the tests of the embedded supervisor, of its states and of their rebuilding
tell the same histories. Randomised ones come from a seed, which each test prints.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ledger import wire
from ledger.drivers.memory_log import MemoryLog
from ledger.findings import CardIssued
from ledger.intake_rules import SUPERVISION_SOURCE, instant_from_text
from ledger.log import ORDERED_STAMPS, Appended, Entry, digest
from ledger.record import AnyRecord, Record, instant, micros
from ledger.system_events import ClockReached, LogSkipped, SupervisionJudged
from processors.drivers.embedded import Supervisor
from processors.drivers.sql_state import SqlState
from processors.drivers.state_rows import METADATA
from processors.supervision.policy import Policy
from processors.supervision.units import is_unit_tick
from tests.golden.language import HOUR_US, SHANGHAI, SOURCE, at, local, policy
from tests.services.databases import engine_in

DAY_US = 24 * HOUR_US
START_US = at("2018-10-15 10:00:00")
TURNS_MAX = 1_000


BROKEN = b'{"specversion":"1.0","type":"hall.case.accepted.v9","id":"?"}'
"""Bytes that no version of this program can read."""


WARNING, YELLOW, RED = "2018-10-19 10:00:00", "2018-10-24 10:00:00", "2018-10-29 10:00:00"
LATER = "05.000001"  # grace of five seconds, and one microsecond
CARDS = [
    f"{level} {instant} {instant[:-2]}{LATER}"
    for level, instant in (("warning", WARNING), ("yellow", YELLOW), ("red", RED))
]


def detected(threshold: str) -> int:
    """The instant of the tick of a threshold."""
    return at(f"{threshold[:-2]}05") + 1


class Died(Exception):
    """The owner's process ended here."""


class MortalLog(MemoryLog):
    """A log at which its owner dies when `dies` says so; what the log took stays.

    `dies(entries, added)` is asked before an append of findings (`added` is None), and after it
    with how many records it added.
    """

    def __init__(self, partitions: int = 1, *, now: Callable[[], int]) -> None:
        super().__init__(partitions, now=now)
        self.dies: Callable[[int, int | None], bool] = lambda _entries, _added: False

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        if not entries or entries[0].source != SUPERVISION_SOURCE:
            return super().append(entries)
        if self.dies(len(entries), None):
            super().append(entries[: len(entries) // 2])  # a port may leave an in-order prefix
            raise Died
        answers = super().append(entries)
        if self.dies(len(entries), sum(each.outcome == "appended" for each in answers)):
            raise Died
        return answers


class _Forgetful(dict[Any, Any]):
    """Knows nothing of what it was told."""

    def get(self, _key: Any, _default: Any = None) -> None:
        return None


class RepeatingLog(MortalLog):
    """A log that, as Kafka does, takes whatever comes and leaves repeats to its readers."""

    capabilities = frozenset({ORDERED_STAMPS})

    def __init__(self, partitions: int = 1, *, now: Callable[[], int]) -> None:
        super().__init__(partitions, now=now)
        self._known = _Forgetful()


def states_in(folder: Path, name: str = "state") -> Engine:
    """An engine on states of a folder, their tables made."""
    return engine_in(folder, name, make_tables)


def make_tables(engine: Engine) -> None:
    METADATA.create_all(engine)


class Owned:
    """A log with states in a database, and an owner that can be started again."""

    def __init__(
        self,
        folder: Path,
        *,
        partitions: int = 1,
        using: Policy | None = None,
        batch_max: int = 2_000,
        start_us: int = START_US,
        kind: type[MortalLog] = MortalLog,
    ) -> None:
        self.now_us = start_us
        self.may_tick = True
        self.log = kind(partitions, now=lambda: self.now_us)
        self.using = using or policy()
        self._batch_max = batch_max
        self._engine = states_in(folder)
        self.start()

    def start(self) -> None:
        """Begin anew with what log and file hold."""
        self.states = SqlState(self._engine)
        self.owner = self.another(self.states)

    def another(self, states: SqlState | None = None) -> Supervisor:
        """One more owner of the same partitions."""
        return Supervisor(
            self.log,
            states or SqlState(self._engine),
            self.using,
            lambda: self.now_us,
            lambda: self.may_tick,
            batch_max=self._batch_max,
        )

    def put(self, *events: dict[str, Any]) -> None:
        """Take in facts at the clock's instant."""
        for event in events:
            record, raw = wire.accept(event)
            self.log.append([Entry(record.subject, record.source, record.id, raw)])

    def settle(self) -> int:
        """Let the owner work until nothing moves; one that dies is started again; how often."""
        died = 0
        for _ in range(TURNS_MAX):
            try:
                if not self.owner.turn():
                    return died
            except Died:
                died += 1
                self.start()
        raise AssertionError(f"it does not come to rest within {TURNS_MAX} turns")

    def until(self, local_time: str | int) -> int:
        """Move the clock and settle."""
        self.now_us = at(local_time) if isinstance(local_time, str) else local_time
        return self.settle()

    def records(self) -> list[AnyRecord]:
        """All records of the log that can be read, partition after partition."""
        raws = [
            raw
            for partition, end in self.log.ends().items()
            for _, raw in self.log.read(partition, 0, end)
        ]
        return [wire.decode(raw) for raw in raws if raw != BROKEN]

    def findings(self) -> dict[str, tuple[Any, ...]]:
        """Ticks and findings by id: everything of them but when they were recorded.

        Ticks of units are left out: they say where the log stood.
        """
        return {
            record.id: (record.type, record.subject, record.time, record.causationid, record.data)
            for record in self.records()
            if record.source == SUPERVISION_SOURCE and record.type != SupervisionJudged.TYPE
            if not is_unit_tick(record)
        }

    def cards(self, subject: str = "C-1") -> list[str]:
        """Each card of a case in log order: level, `effective_at`, `detected_at`."""
        return [
            f"{card.level} {local(card.effective_at)} {local(card.detected_at)}"
            for card in (record.data for record in self.records() if record.subject == subject)
            if isinstance(card, CardIssued)
        ]

    def ticks(self, subject: str = "C-1") -> list[str]:
        """Due instants of the ticks of a case, in log order."""
        return [
            local(record.data.due_at)
            for record in self.records()
            if isinstance(record.data, ClockReached) and record.subject == subject
        ]


def event(what: str, when: str | int, subject: str = "C-1", **data: Any) -> dict[str, Any]:
    """A fact as its source sends it."""
    when_us = at(when) if isinstance(when, str) else when
    time = instant(when_us, SHANGHAI).isoformat()
    return {
        "specversion": "1.0",
        "id": f"{what}@{time}",
        "source": SOURCE,
        "type": f"hall.case.{what}.v1",
        "subject": subject,
        "time": time,
        "data": data,
    }


def skip(owned: Owned, partition: int, offset: int, raw: bytes) -> None:
    """Let an operator pass over a record that cannot be read."""
    data = LogSkipped(
        partition=partition, offset=offset, sha256=digest(raw), actor_ref="o-1", reason="broken"
    )
    record = Record(
        type=LogSkipped.TYPE,
        source="/operator",
        id=f"skip-{partition}-{offset}-{digest(raw)[:8]}",
        subject=f"partition:{partition}",
        time=instant(owned.now_us),
        data=data,
    )
    owned.log.append([Entry(record.subject, record.source, record.id, wire.encode(record))])


def days(amount: int) -> dict[str, Any]:
    return {"amount": amount, "unit": "working_day"}


def accepted(
    when: str | int = START_US, subject: str = "C-1", promised: int = 7, statutory: int = 10
) -> dict[str, Any]:
    limits = {"promised_limit": days(promised), "statutory_limit": days(statutory)}
    return event("accepted", when, subject, matter="M-1", department="D-1", **limits)


def completed(when: str | int, subject: str = "C-1") -> dict[str, Any]:
    return event("completed", when, subject, outcome="granted")


Told = list[tuple[int, dict[str, Any]]]
"""Facts with the instants at which the ledger learns them."""


def drawn(seed: int, cases: int = 12) -> Told:
    """Cases over six weeks: stops, extensions, transfers, completions; some facts days late."""
    dice = random.Random(seed)
    told: Told = []

    def tell(made: dict[str, Any]) -> None:
        late_us = dice.choice([0, 0, 0, 1_000_000, 3 * HOUR_US, 6 * DAY_US])
        happened_us = micros(instant_from_text("time", made["time"]))
        told.append((happened_us + late_us, made))

    for number in range(cases):
        subject = f"C-{number}"
        opened_us = START_US + dice.randrange(10 * 24) * HOUR_US
        tell(accepted(opened_us, subject, dice.choice([2, 4, 7]), dice.choice([5, 10])))
        for _ in range(dice.randrange(3)):
            moved_us = opened_us + dice.randrange(1, 12 * 24) * HOUR_US
            what = dice.choice(["stop", "resume", "extend", "transfer"])
            if what == "stop":
                applied = {"procedure": "hearing", "applied": days(dice.choice([1, 3]))}
                tell(event("clock-stopped", moved_us, subject, **applied))
            elif what == "resume":
                tell(event("clock-resumed", moved_us, subject))
            elif what == "extend":
                tell(event("extended", moved_us, subject, by=days(2)))
            else:
                tell(event("transferred", moved_us, subject, to_department="D-2"))
        if dice.random() < 0.7:
            tell(completed(opened_us + dice.randrange(1, 25 * 24) * HOUR_US, subject))
    return sorted(told, key=lambda each: each[0])


def live(owned: Owned, told: Told, settle_chance: float = 1.0, seed: int = 0) -> int:
    """Take in a history as time passes, then let six weeks go by; how often the owner died."""
    dice = random.Random(seed)
    died = 0
    for learned_us, made in told:
        owned.now_us = max(owned.now_us, learned_us)
        owned.put(made)
        if dice.random() < settle_chance:
            died += owned.settle()
    return died + owned.until(START_US + 60 * DAY_US)
