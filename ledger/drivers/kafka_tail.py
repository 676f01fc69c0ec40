"""What comes into some partitions of a topic from now on, taken as it comes: aiokafka.

It stands apart from `kafka_reader.py` because it waits for what is not there yet, on the event loop
of whoever takes, and promises nothing: a record may be passed over or come twice, and where the
brokers do not answer nothing comes. The log itself is read wherever that matters.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ledger.delivery import Delivered
from ledger.drivers.kafka_access import KafkaPlace
from ledger.drivers.kafka_reader import paused_consumer
from ledger.log import Position

logger = logging.getLogger(__name__)

AGAIN_S = 1.0
"""Pause after the brokers gave an error."""
FETCH_WAIT_MS = 200
"""How long a broker keeps a fetch that finds nothing; a partition that begins waits as long."""


class KafkaTail:
    """Takes what comes into the partitions that have begun; used on one event loop."""

    def __init__(
        self, place: KafkaPlace, options: Mapping[str, Any], topic: str, partitions: int
    ) -> None:
        """Take from `topic`; connect when first asked.

        Args:
            place: whose brokers to ask.
            options: of the access, as aiokafka names them.
            topic: any topic of the brokers.
            partitions: how many it has.
        """
        self._options = dict(options) | {"bootstrap_servers": list(place.servers)}
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._begun: dict[int, int] = {}
        self._consumer: AIOKafkaConsumer | None = None

    def begin(self, partition: int, offset: int) -> None:
        """Take from a partition what lies at an offset and beyond."""
        self._begun[partition] = offset
        if self._consumer is not None:
            _begin(self._consumer, self._places[partition], offset)

    def end(self, partition: int) -> None:
        """Take no more from a partition; what was fetched of it may still come."""
        self._begun.pop(partition, None)
        if self._consumer is not None:
            self._consumer.pause(self._places[partition])

    async def take(self, limit: int, within_s: float) -> dict[int, list[Delivered]]:
        """Return at most `limit` records by partition as soon as there is one.

        Args:
            limit: of all partitions together.
            within_s: wait no longer; none are returned then, or where the brokers give an error.
        """
        try:
            consumer = await self._connected()
            found: Mapping[Any, Any] = await consumer.getmany(
                timeout_ms=int(within_s * 1_000), max_records=limit
            )
        except (KafkaError, OSError, ValueError) as error:
            logger.warning("Nothing was taken from the brokers: %r", error)
            await asyncio.sleep(AGAIN_S)
            return {}
        return {
            place.partition: [
                (Position(place.partition, each.offset), each.value or b"") for each in records
            ]
            for place, records in found.items()
        }

    async def close(self) -> None:
        """End the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, OSError):
                await consumer.stop()

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = await paused_consumer(
                self._places, **self._options, fetch_max_wait_ms=FETCH_WAIT_MS
            )
            for partition, offset in self._begun.items():
                _begin(consumer, self._places[partition], offset)
            self._consumer = consumer
        return self._consumer


def _begin(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int) -> None:
    consumer.seek(place, offset)
    consumer.resume(place)
