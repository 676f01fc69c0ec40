"""Making clients of kafka-python so that one which finds no broker leaves nothing behind.

It stands apart because a client connects while it is made, and kafka-python forgets the thread and
the sockets of one whose making failed: a process that tries again and again would run out of them.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

Client = TypeVar("Client")


def connect(kind: Callable[..., Client], *arguments: Any, **options: Any) -> Client:
    """Return a client of a kind (KafkaProducer, KafkaAdminClient, KafkaConsumer), connected.

    Raises:
        KafkaError: (of kafka-python) no broker let it in within `bootstrap_timeout_ms`.
    """
    connections: list[Any] = []

    def connection(**of: Any) -> Any:
        connections.append(KafkaNetClient(**of))
        return connections[-1]

    try:
        return kind(*arguments, kafka_client=connection, **options)
    except BaseException:
        for each in connections:
            with suppress(KafkaError, RuntimeError):
                each.close()
        raise


def said_by(error: Exception) -> str:
    """Return what an error of Kafka says, on one line."""
    name = type(error).__name__.removesuffix("Error")
    said = " ".join(str(each) for each in error.args if each)
    return " ".join(f"{name}: {said}".split()).removesuffix(".") if said else name
