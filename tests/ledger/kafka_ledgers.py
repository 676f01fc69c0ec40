"""Ledgers in topics of their own, for tests of what only the log in Kafka promises."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Protocol

from ledger import wire
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_log import KafkaLog
from ledger.drivers.kafka_topics import apply_topics, declared
from ledger.log import Entry

NOON_US = 1_795_492_800_000_000
SOURCE = "/halls/430100/approval"
ACCESS = KafkaAccess()


class Brokers(Protocol):
    """One node or three."""

    @property
    def bootstrap(self) -> str:
        """Addresses, `host:port,host:port`."""
        ...

    def admin(self) -> Any:
        """An administrator's client."""
        ...


def place_on(brokers: Brokers, topic: str) -> KafkaPlace:
    return KafkaPlace(servers=tuple(brokers.bootstrap.split(",")), topic=topic)


def make_ledger(
    brokers: Brokers, topic: str, partitions: int = 1, replication: int = 1
) -> KafkaPlace:
    """Make the topic of a ledger as it is declared."""
    place = place_on(brokers, topic)
    apply_topics(place, ACCESS, declared(place, partitions=partitions, replication=replication)[:1])
    return place


def make_dead_letters(brokers: Brokers, hall: str) -> KafkaPlace:
    """Make the topic of a hall's dead letters as it is declared."""
    place = place_on(brokers, f"{hall}.ledger")
    apply_topics(place, ACCESS, declared(place, replication=1)[2:])
    return place


def delete_topics(brokers: Brokers, *topics: str) -> None:
    with closing(brokers.admin()) as admin:
        admin.delete_topics(list(topics))


@contextmanager
def opened(place: KafkaPlace, **options: Any) -> Iterator[KafkaLog]:
    """A log at `place`, closed at the end."""
    with closing(KafkaLog(place, ACCESS, now=lambda: NOON_US, **options)) as log:
        yield log


def entry(case: str, id_: str, text: str = "", **changes: Any) -> Entry:
    """One fact that the log is to stamp."""
    event: Mapping[str, Any] = {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": SOURCE,
        "id": id_,
        "subject": case,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": text},
    }
    record, raw = wire.accept({**event, **changes})
    return Entry(record.subject, record.source, record.id, raw)


def everything(log: KafkaLog) -> dict[int, list[bytes]]:
    """Every record by partition, read in small steps."""
    found: dict[int, list[bytes]] = {}
    for number, end in log.ends().items():
        raws: list[bytes] = []
        while batch := log.read(number, len(raws), 500):
            assert [at.offset for at, _ in batch] == list(range(len(raws), len(raws) + len(batch)))
            raws += [raw for _, raw in batch]
        assert len(raws) >= end
        found[number] = raws
    return found


def first_ids(raws: list[bytes]) -> dict[str, list[str]]:
    """By subject, the ids in the order in which each is first seen: what counts."""
    ids: dict[str, dict[str, None]] = {}
    for raw in raws:
        record = wire.decode(raw)
        ids.setdefault(record.subject, {})[record.id] = None
    return {subject: list(seen) for subject, seen in ids.items()}
