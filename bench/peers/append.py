"""Appends by kafka-python's producer alone, with the same promise as the log's: all replicas."""

import time
from collections.abc import Sequence

from kafka import KafkaProducer

from ledger.drivers.kafka_access import KafkaPlace
from ledger.log import Entry, partitions_of

BATCH = 2_000


def append_by_producer(place: KafkaPlace, entries: Sequence[Entry], partitions: int) -> float:
    """Append records as they are, waiting for all after each batch; return the seconds it took."""
    producer = KafkaProducer(
        bootstrap_servers=list(place.servers),
        acks="all",
        enable_idempotence=True,
        batch_size=512 * 1024,
        linger_ms=5,
    )
    try:
        begun = time.perf_counter()
        for start in range(0, len(entries), BATCH):
            for entry in entries[start : start + BATCH]:
                producer.send(
                    place.topic,
                    key=entry.subject.encode(),
                    value=entry.raw,
                    partition=partitions_of(entry.subject, partitions)[0],
                )
            producer.flush()
        return time.perf_counter() - begun
    finally:
        producer.close()
