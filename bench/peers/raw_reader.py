"""Reads a topic by aiokafka alone and decodes every record: `raw_reader BROKERS TOPIC EVENTS`."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.machine import settle
from bench.peers.deadline import PARTITIONS, Meter
from ledger.wire import decode


async def read(brokers: str, topic: str, events: int) -> None:
    """Read from the beginning until so many events have come."""
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers.split(","), enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        settle()
        meter, all_came = Meter(events), False
        meter.saw(0)
        while not all_came:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                for record in records:
                    decode(record.value)
                all_came = meter.saw(len(records)) or all_came
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], int(sys.argv[3])))
