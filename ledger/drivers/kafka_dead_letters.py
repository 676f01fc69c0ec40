"""Dead letters in a topic: what could not enter the log, with its original bytes, key and headers.

It stands apart from the log because it forgets: letters are kept for a year, so the first ones may
be gone. Why a message is here stands in headers of its own (`dlq.…`) behind those that came with
it; the last of a name is ours.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256 as _sha256
from threading import Lock
from typing import Any, NamedTuple

from ledger.drivers.group_writer import GroupWriter
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_reader import KafkaReader
from ledger.drivers.kafka_sender import KafkaSender, Message, size_of
from ledger.errors import LogUnavailable
from ledger.log import DeadLetter

LETTER_BYTES_MAX = 9 * 1024 * 1024 - 4 * 1024
"""Bytes of one letter; of a longer one only the SHA-256 is kept."""
LISTED_MAX = 1_000
JOINED_MAX, WAITING_MAX = 64, 1_024
DELIVERY_S = 30.0
PATIENCE_S = 10.0

_READ_STEP = 500
_DETAIL_MAX = 2_000


class Origin(NamedTuple):
    """Where a message was read that could not be taken.

    Attributes:
        timestamp_ms: of the message, as its topic stamps.
        group: the group that read it.
        attempts: how often it was tried.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    group: str
    attempts: int = 1


class Letter(NamedTuple):
    """A message of a topic that is to be buried as it was.

    Attributes:
        source: who sent it, as far as it says.
        reason, detail: why it cannot be taken: a stable word, and a sentence.
    """

    message: Message
    origin: Origin
    source: str
    reason: str
    detail: str


class KafkaDeadLetters:
    """Dead letters of a hall; safe for many threads."""

    def __init__(
        self,
        place: KafkaPlace,
        access: KafkaAccess,
        *,
        version: str = "",
        delivery_s: float = DELIVERY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Keep letters in the topic of the hall at `place`; connect at the first one.

        Args:
            place: brokers, and the topic after which that of the letters is named.
            access: how to come in.
            version: of the program that refuses; told in each letter.
            delivery_s: seconds after which a letter that nobody acknowledged is an error.
            patience_s: seconds that reading, or waiting for room, may take.
        """
        topic = place.dead_letters
        self._topic = topic
        self._version = version
        self._sender = KafkaSender(
            place, access, topic, delivery_s=delivery_s, patience_s=patience_s
        )
        self._reader = KafkaReader(place, access.options(), topic, 1, patience_s=patience_s)
        self._writer: GroupWriter[Sequence[Message], str] = GroupWriter(
            self._transact,
            joined_max=JOINED_MAX,
            waiting_max=WAITING_MAX,
            patience_s=patience_s,
        )
        self._counting = Lock()
        self._counts: Counter[str] = Counter()
        self._counted = 0

    def put(self, raw: bytes, *, source: str, reason: str, detail: str, sha256: str = "") -> None:
        """Keep one; on all replicas in step on return. `sha256` is that of `raw` where not given.

        Raises:
            LogUnavailable: it was not acknowledged.
        """
        about = {"source": source, "sha256": sha256 or _sha256(raw).hexdigest()}
        self._keep([self._letter(Message(None, raw), reason, detail, about)])

    def bury(self, letters: Sequence[Letter]) -> None:
        """Keep messages of a topic as they were; on all replicas in step on return.

        Raises:
            LogUnavailable: not all were acknowledged.
        """
        kept = []
        for message, origin, source, reason, detail in letters:
            about = {
                "source": source,
                "sha256": _sha256(message.value or b"").hexdigest(),
                "topic": origin.topic,
                "partition": str(origin.partition),
                "offset": str(origin.offset),
                "timestamp": str(origin.timestamp_ms),
                "group": origin.group,
                "attempts": str(origin.attempts),
            }
            kept.append(self._letter(message, reason, detail, about))
        if kept:
            self._keep(kept)

    def list(self, after: int = 0, limit: int = 100) -> "list[DeadLetter]":
        """Return letters in order of arrival, those after number `after`; 1,000 at most.

        Raises:
            LogUnavailable: the brokers do not answer.
        """
        offset = max(after, self._reader.start(0))
        return [_letter(each) for each in self._reader.read(0, offset, min(limit, LISTED_MAX))]

    def counts(self) -> Mapping[str, int]:
        """Return how many letters there are by reason; what came since the last call is read.

        Raises:
            LogUnavailable: the brokers do not answer.
        """
        with self._counting:
            self._counted = max(self._counted, self._reader.start(0))
            while batch := self._reader.read(0, self._counted, _READ_STEP):
                self._counts.update(_about(each).get("reason", "") for each in batch)
                self._counted += len(batch)
            return dict(self._counts)

    def close(self) -> None:
        """Write what waits and end the connections."""
        self._sender.give_up_within(0)
        self._writer.close()
        self._sender.close()
        self._reader.close()

    def _letter(
        self, message: Message, reason: str, detail: str, about: Mapping[str, str]
    ) -> Message:
        """Return a message with our headers behind its own."""
        ours = {
            **about,
            "reason": reason,
            "error": detail[:_DETAIL_MAX],
            "processor_version": self._version,
        }
        headers = tuple((f"dlq.{name}", value.encode()) for name, value in ours.items() if value)
        kept = message._replace(headers=(*message.headers, *headers))
        if size_of(kept) > LETTER_BYTES_MAX:
            kept = Message(None, b"", headers)
        if kept.key is None and kept.value is None:
            kept = kept._replace(value=b"")  # kafka-python sends no message without both
        return kept

    def _keep(self, letters: Sequence[Message]) -> None:
        failure = self._writer.call(letters, len(letters))
        if failure:
            raise LogUnavailable(
                f"Keep a dead letter in the topic {self._topic}: not acknowledged ({failure}).",
                hint="Look at the brokers, at the rights of our user there, and at `hall topics "
                "check`.",
                reason="not-acknowledged",
            )

    def _transact(self, works: Sequence[Sequence[Message]]) -> Sequence[str]:
        """Write letters together; say for each call why not all of it is there, or nothing."""
        offsets, failure = self._sender.send({0: [each for work in works for each in work]})[0]
        answers, end = [], 0
        for work in works:
            end += len(work)
            answers.append("" if end <= len(offsets) else failure)
        return answers


def _about(record: Any) -> dict[str, str]:
    """Return what our headers say, by their names without `dlq.`."""
    return {
        name.removeprefix("dlq."): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith("dlq.")
    }


def _letter(record: Any) -> DeadLetter:
    about = _about(record)
    raw = record.value or b""
    return DeadLetter(
        number=record.offset + 1,
        received_us=record.timestamp * 1_000,
        source=about.get("source", ""),
        reason=about.get("reason", ""),
        detail=about.get("error", ""),
        sha256=about.get("sha256") or _sha256(raw).hexdigest(),
        raw=raw,
    )
