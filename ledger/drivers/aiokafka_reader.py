"""Reads partitions of a topic fast, by offset: aiokafka on an event loop of its own thread.

It stands beside `kafka_log.py` because kafka-python reads about 20,000 records/s and aiokafka ten
times as many: backlogs and rebuilds read by this, and nothing else differs.
"""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ledger.errors import LogMismatch, LogUnavailable
from ledger.log import Position

FETCH_BYTES = 8 * 1024 * 1024
WAIT_MS = 1_000

T = TypeVar("T")


class AiokafkaReader:
    """A feed of a topic's partitions; used by one thread at a time."""

    def __init__(
        self,
        brokers: str,
        topic: str,
        partitions: int,
        *,
        security: Mapping[str, Any] | None = None,
        patience_s: float = 30.0,
    ) -> None:
        """Connect; no group is joined and nothing is committed.

        Args:
            brokers: `host:port,host:port`.
            topic: that of the log.
            partitions: how many it has.
            security: further options of aiokafka's consumer (TLS, SASL).
            patience_s: seconds that a read waits for the brokers.

        Raises:
            LogUnavailable: no broker answers.
        """
        self._topic = topic
        self._patience_s = patience_s
        self._at: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="hall-kafka-reader", daemon=True
        )
        self._thread.start()
        self._consumer: AIOKafkaConsumer = self._call(
            self._connected(brokers, range(partitions), dict(security or {}))
        )

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order.

        Raises:
            LogMismatch: the log does not hold the record at `from_offset` though it goes on.
            LogUnavailable: the brokers do not answer.
        """
        if from_offset >= self._ends.get(partition, 0):
            self._ends = self.ends()
            if from_offset >= self._ends[partition]:
                return []
        return self._call(self._read(partition, from_offset, limit))

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        return self._call(self._find_ends())

    def close(self) -> None:
        """Release connection and thread."""
        self._call(self._consumer.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _connected(
        self, brokers: str, partitions: range, security: dict[str, Any]
    ) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers,
            enable_auto_commit=False,
            auto_offset_reset="none",
            check_crcs=True,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=4 * FETCH_BYTES,
            **security,
        )
        await consumer.start()
        consumer.assign([TopicPartition(self._topic, number) for number in partitions])
        for number in partitions:
            consumer.pause(TopicPartition(self._topic, number))
        return consumer

    async def _find_ends(self) -> dict[int, int]:
        found = await self._consumer.end_offsets(self._consumer.assignment())
        return {place.partition: end for place, end in found.items()}

    async def _read(
        self, partition: int, from_offset: int, limit: int
    ) -> list[tuple[Position, bytes]]:
        """Take what was fetched; a partition that is not read is not fetched either."""
        place = TopicPartition(self._topic, partition)
        if place in self._consumer.paused():
            self._consumer.pause(*self._consumer.assignment())
            self._consumer.resume(place)
        if self._at.get(partition) != from_offset:
            self._consumer.seek(place, from_offset)
        found: list[tuple[Position, bytes]] = []
        wanted = min(limit, self._ends[partition] - from_offset)
        while len(found) < wanted:
            batch = await self._consumer.getmany(
                place, timeout_ms=WAIT_MS, max_records=wanted - len(found)
            )
            for record in batch.get(place, ()):
                expected = from_offset + len(found)
                if record.offset != expected:
                    raise LogMismatch(
                        f"Partition {partition} of {self._topic}: expected the record at "
                        f"{expected}, found {record.offset}.",
                        hint="The topic was truncated or compacted; restore it.",
                    )
                found.append((Position(partition, record.offset), record.value or b""))
        self._at[partition] = from_offset + len(found)
        return found

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._patience_s)
        except (KafkaError, TimeoutError) as error:
            future.cancel()
            raise LogUnavailable(
                f"Read the topic {self._topic}: {type(error).__name__} {error}".strip() + ".",
                hint="See that the brokers are up; the same read may succeed later.",
            ) from error
