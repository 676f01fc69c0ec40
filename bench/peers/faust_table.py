"""A plain Faust agent with a table of deadlines: `faust_table BROKERS TOPIC EVENTS`."""

import json
import os
import sys
import uuid
from typing import Any

import faust
from faust.types import StreamT

from bench.machine import settle
from bench.peers.deadline import PARTITIONS, Meter, after


def build(brokers: str, topic: str, events: int) -> faust.App:
    """Return an application that reads from the beginning and ends after so many events."""
    app = faust.App(
        f"peer-{uuid.uuid4().hex[:8]}",
        broker=[f"kafka://{each}" for each in brokers.split(",")],
        consumer_auto_offset_reset="earliest",
        store="memory://",
        topic_replication_factor=3,
        topic_partitions=PARTITIONS,
        web_enabled=False,
    )
    cases: Any = app.Table("cases", partitions=PARTITIONS)
    source = app.topic(topic, key_serializer="raw", value_serializer="raw")
    meter = Meter(events)

    async def follow(stream: StreamT[bytes]) -> None:
        async for value in stream:
            event = json.loads(value)
            case = event["subject"]
            cases[case] = after(cases.get(case), event)
            if meter.saw():
                os._exit(0)

    app.agent(source, concurrency=1)(follow)
    return app


if __name__ == "__main__":
    made = build(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    settle()
    worker = faust.Worker(made, loglevel="WARNING", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()
