"""Logs in memory to be moved, and one that does not know its identities, as Kafka does not."""

from collections.abc import Sequence
from typing import Any

from ledger import wire
from ledger.drivers.memory_log import MemoryLog
from ledger.errors import LogUnavailable
from ledger.log import ANSWERS_REPEATS, Appended, Entry
from ledger.record import AnyRecord, Record, instant
from ledger.system_events import SupervisionJudged

NOON_US = 1_795_492_800_000_000
SECOND_US = 1_000_000
SOURCE = "/halls/430100/approval"


class SilentLog(MemoryLog):
    """A log that does not know its identities, as Kafka does not; it may break off."""

    capabilities = MemoryLog.capabilities - {ANSWERS_REPEATS}
    appends_left = 1_000_000

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append under names that nothing else has, so that repeats are kept."""
        if self.appends_left == 0:
            raise LogUnavailable("Append: the brokers are away.")
        self.appends_left -= 1
        number = sum(self.ends().values())
        return super().append(
            [entry._replace(id=f"{number + place}") for place, entry in enumerate(entries)]
        )


class Ticking:
    """A clock that moves on by a second with each look."""

    def __init__(self) -> None:
        self.us = NOON_US

    def __call__(self) -> int:
        self.us += SECOND_US
        return self.us


def fact(case: str, id_: str, **changes: Any) -> Entry:
    event = {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": SOURCE,
        "id": id_,
        "subject": case,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": "催办"},
    }
    record, raw = wire.accept({**event, **changes})
    return Entry(record.subject, record.source, record.id, raw)


def reference(id_: str) -> Entry:
    entry = {"code": "zjj", "name": "市住建局"}
    data = {"effective_from": "2026-01-01T00:00:00+08:00", "entry": entry}
    type_ = "hall.reference.department-published.v1"
    return fact("reference:department:zjj", id_, type=type_, data=data)


def about_import(partition: int) -> Entry:
    data = {
        "timeline": "receipt@1",
        "mode": "as-if-live",
        "profile": "receipt",
        "sha256": "0" * 64,
        "at": "2026-11-24T11:00:00+08:00",
    }
    return fact(f"partition:{partition}", "begun", type="hall.import.begun.v1", data=data)


def marker(partition: int, upto: int) -> Entry:
    record: AnyRecord = Record(
        type=SupervisionJudged.TYPE,
        source="/supervision",
        id=f"{partition}:{upto}",
        subject=f"partition:{partition}",
        time=instant(NOON_US),
        data=SupervisionJudged(
            upto=upto, engine="7", packs={"hunan": "2"}, calendars={"cn": "1.11"}
        ),
    )
    return Entry(record.subject, record.source, record.id, wire.encode(record))


def filled(partitions: int, cases: int = 12) -> MemoryLog:
    """A log of many cases with references, an import and markers."""
    log = MemoryLog(partitions, now=Ticking())
    log.append([reference("1"), *(about_import(number) for number in range(partitions))])
    for number in range(5):
        log.append([fact(f"case-{case}", str(number)) for case in range(cases)])
    log.append([marker(number, end) for number, end in log.ends().items()])
    log.append([reference("2")])
    return log
