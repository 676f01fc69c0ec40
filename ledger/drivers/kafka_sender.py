"""Writing to a topic: every message on all replicas in step, in order, by kafka-python's producer.

It stands apart from the log because the dead letters are written by the same means. The producer
keeps order and drops its own repeats while its numbers hold; but when a batch fails it goes on with
the next one. So each partition gets one batch at a time here. A batch that failed with an unknown
outcome goes out again from a new producer: readers drop the repeat by its identity, and so they do
when the caller sends again after an error.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_clients import connect, said_by

BATCH_BYTES = 512 * 1024
"""Bytes of one batch; a longer message has one of its own."""
REQUEST_BYTES_MAX = 10 * 1024 * 1024
FRESH_STARTS_MAX = 3
"""How often a batch of unknown outcome goes out again."""

_OVERHEAD = 64
_LOOK_S = 1.0
_LINGER_MS_MAX = 5_000
_REQUEST_MS_MAX = 30_000
_METADATA_MS_MAX = 10_000
_LASTING = (
    kafka_errors.AuthorizationError,
    kafka_errors.InvalidRecordError,
    kafka_errors.InvalidTopicError,
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.SaslAuthenticationFailedError,
)


class Message(NamedTuple):
    """What one record is to hold."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Sent(NamedTuple):
    """What became of the messages of one partition.

    Attributes:
        offsets: of the first messages, which are acknowledged.
        failure: why the next one is not; it and those behind it may be there, in order.
    """

    offsets: list[int]
    failure: str = ""


class KafkaSender:
    """Writes to one topic; used by one thread at a time."""

    def __init__(
        self,
        place: KafkaPlace,
        access: KafkaAccess,
        topic: str,
        *,
        delivery_s: float,
        patience_s: float,
        check: Callable[[], object] = lambda: None,
    ) -> None:
        """Write to `topic`; connect at the first message.

        Args:
            place: whose brokers to ask.
            access: how to come in.
            topic: any topic of the brokers.
            delivery_s: seconds after which a batch that nobody acknowledged is given up; from 1 on.
            patience_s: seconds to wait for the first broker.
            check: called before anything goes out again; raises what ends it.
        """
        delivery_ms = int(max(delivery_s, 1.0) * 1000)
        self._topic = topic
        self._access = access
        self._delivery_s = delivery_ms / 1000
        self._options = {
            "bootstrap_servers": list(place.servers),
            "bootstrap_timeout_ms": min(patience_s * 1000, delivery_ms),
            "max_block_ms": min(_METADATA_MS_MAX, delivery_ms),
            "allow_auto_create_topics": False,
            "acks": "all",
            "enable_idempotence": True,
            "batch_size": BATCH_BYTES,
            "max_request_size": REQUEST_BYTES_MAX,
            # Long enough that a batch waits until it is whole and `flush` sends it.
            "linger_ms": min(_LINGER_MS_MAX, delivery_ms // 4),
            "request_timeout_ms": min(_REQUEST_MS_MAX, delivery_ms // 2),
            "delivery_timeout_ms": delivery_ms,
            "reconnect_backoff_max_ms": 1_000,
            "metrics_enabled": False,
        }
        self._producer: Any = None
        self._check = check
        self._give_up_at = float("inf")

    def give_up_within(self, seconds: float) -> None:
        """Let what is under way end soon, for an orderly stop while the brokers are away."""
        self._give_up_at = time.monotonic() + seconds

    def send(self, messages: Mapping[int, Sequence[Message]]) -> dict[int, Sent]:
        """Append the messages of each partition in order; return when all are settled."""
        sent = {partition: Sent([]) for partition in messages}
        left = {partition: _cut(some) for partition, some in messages.items()}
        while batches := {number: cut.pop(0) for number, cut in left.items() if cut}:
            for number, (offsets, failure) in self._deliver(batches).items():
                sent[number].offsets.extend(offsets)
                if failure:
                    sent[number] = Sent(sent[number].offsets, failure)
                    left[number] = []
        return sent

    def close(self) -> None:
        """End the connections."""
        self._retire()

    def _deliver(self, batches: Mapping[int, Sequence[Message]]) -> dict[int, Sent]:
        """Send one batch of each partition, again where its outcome is unknown and time is left."""
        until = min(time.monotonic() + self._delivery_s, self._give_up_at)
        settled: dict[int, Sent] = {}
        for attempt in range(1 + FRESH_STARTS_MAX):
            open_ = {number: some for number, some in batches.items() if number not in settled}
            for number, outcome in self._attempt(open_).items():
                over = attempt == FRESH_STARTS_MAX or time.monotonic() >= until
                if not isinstance(outcome, Exception):
                    settled[number] = Sent(outcome)
                elif over or isinstance(outcome, _LASTING):
                    settled[number] = Sent([], said_by(outcome))
            if len(settled) == len(batches):
                break
            self._check()
        return settled

    def _attempt(
        self, batches: Mapping[int, Sequence[Message]]
    ) -> dict[int, list[int] | Exception]:
        """Send each batch once; give the offsets of each, or what its first failure was.

        After a failure the producer is replaced: what it still holds must not arrive later.
        """
        outcomes: dict[int, list[int] | Exception] = {}
        try:
            producer = self._started()
            futures = {
                number: [
                    producer.send(
                        self._topic,
                        value=message.value,
                        key=message.key,
                        headers=list(message.headers),
                        partition=number,
                    )
                    for message in some
                ]
                for number, some in batches.items()
            }
            self._settle(producer)
            outcomes = {number: _outcome(each) for number, each in futures.items()}
        except (kafka_errors.KafkaError, ValueError) as error:  # ValueError: an unknown partition
            outcomes = dict.fromkeys(batches, error)
        if any(isinstance(outcome, Exception) for outcome in outcomes.values()):
            self._retire()
        return outcomes

    def _settle(self, producer: Any) -> None:
        """Send all that waits, and wait until each batch is acknowledged or given up."""
        until = time.monotonic() + self._delivery_s + _LOOK_S
        while True:
            try:
                producer.flush(timeout=_LOOK_S)
            except kafka_errors.KafkaTimeoutError:
                if time.monotonic() >= min(until, self._give_up_at):
                    raise
            else:
                return

    def _started(self) -> Any:
        if self._producer is None:
            self._producer = connect(KafkaProducer, **self._options, **self._access.options())
        return self._producer

    def _retire(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=0)
        except kafka_errors.KafkaError:
            # It never got an id from the brokers, and then gives up no batch; `close` waits for
            # them and leaves its thread behind, which would send them when the brokers are back.
            producer._sender.force_close()


def _outcome(futures: Sequence[Any]) -> list[int] | Exception:
    """Return where the messages of a batch lie, or what its first failure was."""
    offsets: list[int] = []
    for future in futures:
        failure: Exception = future.exception or kafka_errors.KafkaTimeoutError("no answer")
        if future.succeeded():
            failure = kafka_errors.DuplicateSequenceNumberError("there, but at no known offset")
        if not future.succeeded() or future.value.offset < 0:
            return failure
        offsets.append(future.value.offset)
    return offsets


def _cut(messages: Sequence[Message]) -> list[list[Message]]:
    """Cut into batches that the producer takes as one."""
    batches: list[list[Message]] = []
    room = 0
    for message in messages:
        size = size_of(message)
        if not batches or size > room:
            batches.append([])
            room = BATCH_BYTES - _OVERHEAD
        batches[-1].append(message)
        room -= size
    return batches


def size_of(message: Message) -> int:
    """Return about how many bytes a message takes in a batch, and never fewer."""
    size = len(message.key or b"") + len(message.value or b"") + _OVERHEAD
    return size + sum(len(name.encode()) + len(value) + 8 for name, value in message.headers)
