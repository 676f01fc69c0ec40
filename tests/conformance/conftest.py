"""The drivers that the conformance suite runs on, and what its tests write and read with.

It stands apart from the contract so that another driver joins by a line in `DRIVERS`: how to open a
log at a place (again, if it is durable), and what came of trying to change what it holds.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ledger import wire
from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Appended, Entry, EventLog, Position, ReaderPosition, digest
from ledger.record import micros

if TYPE_CHECKING:
    from tests.services.kafka import KafkaCluster

NOON_US = micros(datetime(2026, 11, 24, 4, tzinfo=UTC))
SOURCE = "/halls/430100/approval"


@dataclass
class Clock:
    """A clock that tests set, in microseconds since the epoch."""

    us: int = NOON_US

    def __call__(self) -> int:
        return self.us


@dataclass(frozen=True)
class Driver:
    """One kind of log.

    Attributes:
        open: opens the log at a place, with a partition count and a clock.
        change: tries to change and remove what the log at a place holds, round its port; gives each
            attempt with the store's refusal, or with nothing where it was not refused.
    """

    open: Callable[[Path, int, Callable[[], int]], EventLog]
    change: Callable[[Path], dict[str, str]]


def open_memory(_place: Path, partitions: int, now: Callable[[], int]) -> EventLog:
    return MemoryLog(partitions, now=now)


def open_sqlite(place: Path, partitions: int, now: Callable[[], int]) -> EventLog:
    return SqliteLog(place / "log.sqlite", partitions, now=now)


def change_sqlite(place: Path) -> dict[str, str]:
    refusals: dict[str, str] = {}
    with closing(sqlite3.connect(place / "log.sqlite", isolation_level=None)) as connection:
        for statement in (
            "UPDATE records SET raw = x'00'",
            "UPDATE records SET place = place + 1",
            "UPDATE log SET partitions = partitions + 1",
            "DELETE FROM records",
            "DELETE FROM log",
            "REPLACE INTO records SELECT place, identity, 0, x'00' FROM records LIMIT 1",
            "REPLACE INTO records SELECT 1 << 39, identity, 0, x'00' FROM records LIMIT 1",
            "REPLACE INTO records SELECT (SELECT max(place) + 1 FROM records), identity, 0, x'00'"
            " FROM records LIMIT 1",
            "INSERT INTO records VALUES (1 << 39, zeroblob(16), 0, x'00')",
            "REPLACE INTO log VALUES (1, 'another', 1)",
        ):
            refusals[statement] = ""
            try:
                connection.execute(statement)
            except sqlite3.IntegrityError as error:
                refusals[statement] = str(error)
    return refusals


DRIVERS = {
    "memory": Driver(open=open_memory, change=lambda _place: {}),
    "sqlite": Driver(open=open_sqlite, change=change_sqlite),
}


@pytest.fixture
def kafka_driver(kafka_cluster: "KafkaCluster") -> "Iterator[Driver]":
    """Logs on three brokers."""
    from tests.conformance.kafka_logs import KafkaLogs

    with closing(KafkaLogs(kafka_cluster)) as logs:
        yield Driver(open=logs.open, change=logs.change)


@dataclass
class Trial:
    """The log under test with its clock, the means to open it again, and records to write."""

    driver: Driver
    place: Path
    partitions: int
    clock: Clock = field(default_factory=Clock)
    log: EventLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.open(self.place)

    def open(self, place: Path) -> EventLog:
        """Open the log at `place`, which is made if it is not there."""
        place.mkdir(exist_ok=True)
        return self.driver.open(place, self.partitions, self.clock)

    def reopen(self) -> EventLog:
        """Close the log and open it again."""
        self.log.close()
        self.log = self.open(self.place)
        return self.log

    def needs(self, *capabilities: str) -> None:
        """Leave the test out, and say so, where the driver does not promise something."""
        missing = set(capabilities) - self.log.capabilities
        if missing:
            pytest.skip(f"{type(self.log).__name__} does not promise {', '.join(sorted(missing))}")

    def all(self) -> dict[int, list[bytes]]:
        """Every record by partition; proves on the way that offsets are dense."""
        ends = self.log.ends()
        assert sorted(ends) == list(range(self.partitions))
        records = {number: self.log.read(number, 0, end + 1) for number, end in ends.items()}
        for number, read in records.items():
            assert [at for at, _ in read] == [Position(number, at) for at in range(ends[number])]
        return {number: [raw for _, raw in read] for number, read in records.items()}

    def entry(self, case: str, id_: str = "1", **changes: Any) -> Entry:
        """An entry that the writer is to stamp; `changes` replace attributes of the event."""
        event = {
            "specversion": "1.0",
            "type": "hall.case.stage-finished.v1",
            "source": SOURCE,
            "id": id_,
            "subject": case,
            "time": "2026-11-24T11:00:00+08:00",
            "data": {"stage": "review", "department": "市住建局"},
        }
        timeline = changes.pop("timeline", None)
        record, raw = wire.accept({**event, **changes}, timeline=timeline)
        return Entry(record.subject, record.source, record.id, raw)

    def stamped(self, case: str, id_: str, recorded_us: int, **changes: Any) -> Entry:
        """An entry that carries its stamp, as an import or another edition's log has it."""
        plain = self.entry(case, id_, **changes)
        return plain._replace(raw=wire.stamp(plain.raw, recorded_us), recorded_us=recorded_us)

    def reference(self, id_: str, **changes: Any) -> Entry:
        """A record that every partition is to have."""
        type_ = "hall.reference.department-published.v1"
        entry = {"code": "zjj", "name": "市住建局"}
        data = {"effective_from": "2026-01-01T00:00:00+08:00", "entry": entry}
        changes = {"type": type_, "data": data, **changes}
        return self.entry("reference:department:zjj", id_, **changes)

    def marker(self, partition: int) -> Entry:
        """A record that names its partition."""
        type_ = "hall.supervision.judged.v1"
        data = {"upto": 0, "engine": "1", "packs": {}, "calendars": {}}
        return self.entry(f"partition:{partition}", "1", type=type_, data=data)

    def outcomes(self, answers: list[Appended]) -> list[str]:
        """What became of each entry."""
        return [answer.outcome for answer in answers]

    def stamps(self, records: list[bytes]) -> list[int]:
        """The `recordedtime` of each record."""
        found = [wire.decode(raw).recordedtime for raw in records]
        return [micros(stamp) for stamp in found if stamp is not None]

    def position_after(self, log: EventLog, partition: int, next_offset: int) -> ReaderPosition:
        """What a reader of `log` remembers when it has read up to `next_offset`."""
        last = log.read(partition, next_offset - 1, 1)[0][1] if next_offset else None
        return ReaderPosition(
            partition=partition,
            next_offset=next_offset,
            log_identity=log.identity,
            last_sha256=digest(last) if last is not None else "",
            epoch=1,
        )


@pytest.fixture(params=[1, 6], ids=["one-partition", "six-partitions"])
def partitions(request: pytest.FixtureRequest) -> int:
    """How many partitions the log under test has."""
    count: int = request.param
    return count


@pytest.fixture(params=[*sorted(DRIVERS), pytest.param("kafka", marks=pytest.mark.kafka)])
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each driver; those that need no service are in `DRIVERS`."""
    if request.param in DRIVERS:
        return DRIVERS[request.param]
    made: Driver = request.getfixturevalue(f"{request.param}_driver")
    return made


@pytest.fixture
def trial(driver: Driver, partitions: int, tmp_path: Path) -> Iterator[Trial]:
    """An empty log of each driver, with each partition count."""
    made = Trial(driver, tmp_path / "log", partitions)
    yield made
    made.log.close()
