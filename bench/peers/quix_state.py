"""Quix Streams with a state of deadlines: `quix_state BROKERS TOPIC EVENTS`.

It runs in an environment of its own, which holds `requirements.txt` and none of our dependencies.
"""

import json
import os
import sys
import uuid
from typing import Any

from quixstreams import Application, State

from bench.peers.deadline import Meter, after


def follow(brokers: str, topic: str, events: int) -> None:
    """Read from the beginning and end after so many events."""
    app = Application(
        broker_address=brokers,
        consumer_group=f"peer-{uuid.uuid4().hex[:8]}",
        auto_offset_reset="earliest",
        state_dir=os.environ["PEER_FOLDER"],
        loglevel="WARNING",
    )
    source = app.topic(topic, key_deserializer="str", value_deserializer="bytes")
    meter = Meter(events)

    def remember(value: Any, state: State) -> None:
        event = json.loads(value)
        case = event["subject"]
        state.set(case, after(state.get(case), event))
        meter.saw()

    app.dataframe(source).update(remember, stateful=True)
    app.run(count=events)


if __name__ == "__main__":
    follow(sys.argv[1], sys.argv[2], int(sys.argv[3]))
