"""The way in through a topic: source systems write events there, this appends them to the ledger.

It stands apart from the log because it is a member of a consumer group, and crash-only: whatever
goes wrong ends it with an error, nothing it had not finished is committed, and whoever reads on
does it again; what was appended already counts once. Every message becomes a record or a dead
letter, each acknowledged by the brokers, before its offset is committed.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import Event
from typing import Any, NamedTuple

from kafka import KafkaConsumer
from kafka import errors as kafka_errors
from kafka.structs import OffsetAndMetadata, TopicPartition

from ledger import wire
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_clients import connect, said_by
from ledger.drivers.kafka_dead_letters import KafkaDeadLetters, Letter, Origin
from ledger.drivers.kafka_log import RECORD_BYTES_MAX, record_size
from ledger.drivers.kafka_sender import Message
from ledger.errors import EventInvalid, IdentityConflict, LogUnavailable, RecordUnreadable
from ledger.events import SOURCE_TYPES
from ledger.intake_rules import TEXT_MAX
from ledger.log import Appended, Entry, EventLog
from ledger.message_event import event_in

BATCH_MAX = 500
"""Messages of one turn, written together and committed together."""
WAIT_S = 0.5
SESSION_S = 10.0
"""Seconds after which a member that is gone gives its partitions up to another."""
PATIENCE_S = 10.0


class _Refused(NamedTuple):
    reason: str
    detail: str


class KafkaGateway:
    """One member of the group that reads the intake topic; used by one thread.

    Attributes:
        counts: messages by what became of them: `appended`, `repeated`, `conflict`, `refused`; and
            `expired`, those that the topic had forgotten before anybody read them.
    """

    def __init__(
        self,
        place: KafkaPlace,
        access: KafkaAccess,
        log: EventLog,
        letters: KafkaDeadLetters,
        *,
        member: str,
        allowed: Collection[str] = SOURCE_TYPES,
        session_s: float = SESSION_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Join the group.

        Args:
            place: brokers, and the topic of the ledger, after which that of the intake is named.
            access: how to come in.
            log: takes the events.
            letters: take what is none.
            member: name of this process in the group, the same after a restart, and no other's.
            allowed: wire types that sources may send.
            session_s: seconds after which the group thinks it gone.
            patience_s: seconds to wait for brokers.

        Raises:
            LogUnavailable: the brokers cannot be reached.
        """
        self.counts: Counter[str] = Counter()
        self._log = log
        self._letters = letters
        self._allowed = allowed
        self._topic = place.intake
        self._group = f"{place.topic}.intake"
        self._next: dict[TopicPartition, int] = {}
        self._patience_ms = patience_s * 1000
        try:
            self._consumer: Any = connect(
                KafkaConsumer,
                place.intake,
                bootstrap_servers=list(place.servers),
                bootstrap_timeout_ms=self._patience_ms,
                group_id=self._group,
                group_instance_id=member,
                session_timeout_ms=int(session_s * 1000),
                heartbeat_interval_ms=int(session_s * 1000 / 4),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                isolation_level="read_committed",
                max_poll_records=BATCH_MAX,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                reconnect_backoff_max_ms=1_000,
                **access.options(),
            )
        except kafka_errors.KafkaError as error:
            raise self._unavailable(error) from error

    def run(self, stop: Event) -> None:
        """Take in what comes until told to stop, at the end of a turn.

        Raises:
            LogUnavailable: whatever went wrong; begin anew in a new process.
            RecordUnreadable: as `turn`.
        """
        while not stop.is_set():
            self.turn()

    def turn(self, wait_s: float = WAIT_S) -> int:
        """Take in what is there, or comes within `wait_s`; return how many messages it was.

        Raises:
            LogUnavailable: nothing of the turn is committed, though some of it may be appended.
            RecordUnreadable: a message cannot even be taken apart.
        """
        try:
            polled = self._polled(wait_s)
            self._forget_lost()
            for place, records in polled.items():
                self._note_expired(place, records[0].offset)
            records = [record for some in polled.values() for record in some]
            if records:
                self._take(records)
                self._commit({place: some[-1].offset + 1 for place, some in polled.items()})
        except kafka_errors.CorruptRecordError as error:
            raise self._unreadable(error) from error
        except kafka_errors.KafkaError as error:
            raise self._unavailable(error) from error
        return len(records)

    def lag(self) -> dict[int, int]:
        """Return how many messages of each of our partitions are not committed yet.

        Raises:
            LogUnavailable: the brokers do not answer.
        """
        try:
            places = self._ours()
            ends = self._consumer.end_offsets(places, self._patience_ms) if places else {}
            return {
                place.partition: end - (self._committed(place) or 0) for place, end in ends.items()
            }
        except kafka_errors.KafkaError as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Leave; what was not finished is left to whoever reads on."""
        self._consumer.close(autocommit=False)

    def _polled(self, wait_s: float) -> Mapping[TopicPartition, Sequence[Any]]:
        try:
            polled: Mapping[TopicPartition, Sequence[Any]] = self._consumer.poll(
                timeout_ms=wait_s * 1000
            )
        except UnicodeDecodeError as error:  # the name of a header; what lay before it has come
            raise self._unreadable(error) from error
        return polled

    def _take(self, records: Sequence[Any]) -> None:
        """Let each message become a record or a dead letter."""
        checked = [self._checked(record) for record in records]
        entries = [each for each in checked if isinstance(each, Entry)]
        answers = iter(self._log.append(entries) if entries else [])
        self._letters.bury(list(self._refused(records, checked, answers)))

    def _refused(
        self,
        records: Sequence[Any],
        checked: Sequence[Entry | _Refused],
        answers: Iterator[Appended],
    ) -> Iterator[Letter]:
        """Give the letters of what was refused here or has no effect in the log; count all."""
        for record, result in zip(records, checked, strict=True):
            refused = result if isinstance(result, _Refused) else None
            if refused is None and (answer := next(answers)).outcome == "conflict":
                at = f"{answer.position.partition}:{answer.position.offset}"
                detail = f"identity: found other content than in the record at {at}."
                refused = _Refused(IdentityConflict.code, detail)
                self.counts["conflict"] += 1
            elif refused is None:
                self.counts[answer.outcome] += 1
            else:
                self.counts["refused"] += 1
            if refused is not None:
                yield self._letter(record, refused)

    def _checked(self, record: Any) -> Entry | _Refused:
        """Return what a message is to be in the log, or why it cannot be there."""
        try:
            accepted, raw = wire.accept(event_in(record.value, record.headers), self._allowed)
        except EventInvalid as error:
            return _Refused(error.reason, error.message)
        entry = Entry(accepted.subject, accepted.source, accepted.id, raw)
        size = record_size(entry)
        if size > RECORD_BYTES_MAX:
            detail = f"event: found {size} bytes, expected at most {RECORD_BYTES_MAX}."
            return _Refused("too-large", detail)
        return entry

    def _letter(self, record: Any, refused: _Refused) -> Letter:
        headers = tuple((name, value or b"") for name, value in record.headers)
        origin = Origin(self._topic, record.partition, record.offset, record.timestamp, self._group)
        message = Message(record.key, record.value, headers)
        return Letter(message, origin, self._source(record), *refused)

    def _source(self, record: Any) -> str:
        """Return who sent a message: the source that its event names, else where it lies."""
        try:
            event = event_in(record.value, record.headers)
        except EventInvalid:
            event = None
        named = event.get("source") if isinstance(event, dict) else None
        if isinstance(named, str) and 0 < len(named) <= TEXT_MAX:
            return named
        return f"kafka:{self._topic}/{record.partition}"

    def _commit(self, following: Mapping[TopicPartition, int]) -> None:
        self._consumer.commit(
            {place: OffsetAndMetadata(offset, "", -1) for place, offset in following.items()},
            timeout_ms=self._patience_ms,
        )
        self._next.update(following)

    def _committed(self, place: TopicPartition) -> int | None:
        committed: int | None = self._consumer.committed(place, timeout_ms=self._patience_ms)
        return committed

    def _forget_lost(self) -> None:
        """Forget what is another member's now; it is looked up anew when it comes back."""
        ours = self._consumer.assignment()
        for place in self._next.keys() - ours:
            del self._next[place]

    def _note_expired(self, place: TopicPartition, offset: int) -> None:
        """Leave a dead letter where the topic forgot messages that nobody had read."""
        expected = self._next.get(place)
        if expected is None:
            expected = self._committed(place)
        if expected is None or offset <= expected:
            return
        start = self._consumer.beginning_offsets([place], self._patience_ms)[place]
        if start <= expected:  # what is missing are marks of transactions, or what they took back
            return
        self.counts["expired"] += start - expected
        detail = (
            f"Partition {place.partition} of {self._topic}: the messages from {expected} to "
            f"{start - 1} were forgotten before they were read."
        )
        origin = Origin(self._topic, place.partition, expected, 0, self._group)
        source = f"kafka:{self._topic}/{place.partition}"
        self._letters.bury([Letter(Message(None, b""), origin, source, "expired", detail)])

    def _unreadable(self, error: Exception) -> RecordUnreadable:
        places = {place.partition: self._consumer.position(place) for place in self._ours()}
        return RecordUnreadable(
            f"Read the topic {self._topic} from {places}: {said_by(error)}.",
            hint="A message there cannot be taken apart. Keep a copy of it, and move the offsets "
            f"of the group {self._group} beyond it.",
        )

    def _ours(self) -> list[TopicPartition]:
        return sorted(self._consumer.assignment())

    def _unavailable(self, error: Exception) -> LogUnavailable:
        return LogUnavailable(
            f"Read the topic {self._topic}: {said_by(error)}.",
            hint="Look at the brokers, and at the rights of our user there; a new start goes on "
            "where this one has committed.",
            reason="intake",
        )
