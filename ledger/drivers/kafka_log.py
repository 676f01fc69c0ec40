"""The log in a topic of Kafka: durable on several brokers, shared by all nodes of a hall.

It stands apart from connections, reading and writing because this is where the promises of the port
are kept. Intake nodes stamp by their own clocks and nobody looks an identity up before an append,
so stamps are not ordered and repeats are not answered: readers drop them.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from ledger import wire
from ledger.drivers.group_writer import GroupWriter
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_reader import KafkaReader
from ledger.drivers.kafka_sender import KafkaSender, Message, Sent, size_of
from ledger.drivers.kafka_topics import topic_facts
from ledger.errors import EventInvalid, LedgerError, LogMismatch, LogUnavailable
from ledger.log import DURABLE, Appended, Entry, Position, partitions_of

RECORD_BYTES_MAX = 1024 * 1024 - 4 * 1024
"""Bytes of one record with its key: what a topic of 1 MiB a batch takes."""
JOINED_MAX, WAITING_MAX = 16_384, 65_536
"""Weight written together, and waiting: a record weighs one, and one more for each KiB."""
DELIVERY_S = 120.0
PATIENCE_S = 10.0
GIVE_UP_S = 5.0

_STAMP_BYTES = 64
VALUE_BYTES_MAX = RECORD_BYTES_MAX - 4 * 1024
"""Bytes of a stamped record that fits, whatever its subject."""

HEADERS = (("content-type", b"application/cloudevents+json"),)


class _Wish(NamedTuple):
    entry: Entry
    partitions: Sequence[int]


_Answer = list[Appended] | LedgerError
_Spots = Sequence[tuple[int, int]]
"""Where an entry waits: partition and place in its queue; several for a reference record."""


class KafkaLog:
    """A log in a topic that several processes append to and read."""

    capabilities = frozenset({DURABLE})

    def __init__(
        self,
        place: KafkaPlace,
        access: KafkaAccess,
        *,
        now: Callable[[], int],
        partitions: int | None = None,
        delivery_s: float = DELIVERY_S,
        patience_s: float = PATIENCE_S,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        """Open the log; `hall topics apply` makes it.

        Args:
            place: brokers and topic.
            access: how to come in.
            now: clock for stamps, in microseconds since the epoch.
            partitions: as many as the topic must have; as many as it has where absent.
            delivery_s: seconds after which a batch that nobody acknowledged is an error.
            patience_s: seconds that a read, or an append waiting for room, may take.
            waiting_max: weight of records that may wait to be written.

        Raises:
            LogMismatch: another partition count.
            LogUnavailable: the brokers cannot be reached, or know no such topic.
        """
        self.place = place
        self.access = access
        self._patience_s = patience_s
        self._facts = topic_facts(place, access, place.topic, patience_s=patience_s)
        if partitions not in (None, self.partitions):
            raise LogMismatch(
                f"Open the log {place}: it has {self.partitions} partitions, expected "
                f"{partitions}.",
                hint="The count is fixed when a log is made; more means a new log, by export and "
                "import.",
            )
        self._now = now
        self._closed = False
        self._acknowledged = [0] * self.partitions
        self._reader = KafkaReader(
            place, access.options(), place.topic, self.partitions, patience_s=patience_s
        )
        self._sender = KafkaSender(
            place,
            access,
            place.topic,
            delivery_s=delivery_s,
            patience_s=patience_s,
            check=self._check_same,
        )
        self._writer: GroupWriter[list[_Wish], _Answer] = GroupWriter(
            self._transact,
            joined_max=JOINED_MAX,
            waiting_max=waiting_max,
            patience_s=patience_s,
        )

    @property
    def identity(self) -> str:
        """UUID that the brokers gave the topic; one made anew has another."""
        return self._facts.id

    @property
    def partitions(self) -> int:
        """How many partitions, fixed when the topic was made."""
        return self._facts.partitions

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Append in order; on all replicas in step on return.

        Every answer says `appended`: of a repeat, readers take the first.

        Raises:
            LogUnavailable: nothing, or an in-order prefix per partition, was taken.
            LogMismatch: a subject names a partition that is not there, and nothing was taken; or
                the topic was made anew.
            EventInvalid: a record is too large; nothing was taken.
        """
        wishes = self._wishes(entries)
        if not wishes:
            return []
        answer = self._writer.call(wishes, _weight(wishes))
        if isinstance(answer, LedgerError):
            raise answer
        return answer

    def append_async(self, entries: Sequence[Entry]) -> "Future[list[Appended]]":
        """Append as `append` does, without waiting for it.

        The future holds the answers or the error, also where there is no room. What is cancelled
        before its turn is not written.
        """
        done: Future[list[Appended]] = Future()
        try:
            wishes = self._wishes(entries)
        except LedgerError as error:
            done.set_exception(error)
            return done
        if not wishes:
            done.set_result([])
            return done
        submitted = self._writer.submit(wishes, _weight(wishes))
        submitted.add_done_callback(lambda answered: _pass_on(answered, done))
        done.add_done_callback(lambda given_up: given_up.cancelled() and submitted.cancel())
        return done

    def read(self, partition: int, from_offset: int, limit: int) -> list[tuple[Position, bytes]]:
        """Return at most `limit` records of a partition from an offset on, in order.

        What the brokers have not committed yet is not shown.

        Raises:
            LogMismatch: a record is missing there, or the topic was made anew.
            LogUnavailable: the partition has no leader now.
        """
        assert 0 <= partition < self.partitions
        assert from_offset >= 0
        if limit <= 0:
            return []
        records = self._reader.read(partition, from_offset, limit)
        return [(Position(partition, each.offset), each.value or b"") for each in records]

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition.

        Raises:
            LogMismatch: the log has become shorter, or was made anew.
            LogUnavailable: a partition has no leader now.
        """
        return self._reader.ends()

    def close(self) -> None:
        """Write what waits, soon, and end all connections; later calls raise LogUnavailable."""
        self._sender.give_up_within(GIVE_UP_S)
        self._writer.close()
        self._sender.close()
        self._reader.close()

    def _wishes(self, entries: Sequence[Entry]) -> list[_Wish]:
        for entry in entries:
            if len(entry.raw) > RECORD_BYTES_MAX // 2:
                _check_size(entry)
        return [_Wish(entry, partitions_of(entry.subject, self.partitions)) for entry in entries]

    def _transact(self, works: Sequence[list[_Wish]]) -> list[_Answer]:
        """Write works together and answer each for itself: one may fail where another does not."""
        queues: dict[int, list[Message]] = {}
        try:
            suffix = wire.stamp_suffix(self._now())
            places = [[_queued(wish, suffix, queues) for wish in work] for work in works]
            sent = self._sender.send(queues)
            self._note(sent)
        except LedgerError as error:
            return [error for _ in works]
        return [self._answer(of_work, sent) for of_work in places]

    def _note(self, sent: Mapping[int, Sent]) -> None:
        """Remember what is acknowledged; offsets that go back belong to another topic."""
        for number, (offsets, _) in sent.items():
            if not offsets:
                continue
            if offsets[0] < self._acknowledged[number]:
                self._check_same()
            self._acknowledged[number] = offsets[-1] + 1
            self._reader.saw_end(number, offsets[-1] + 1)

    def _check_same(self) -> None:
        """Refuse to go on with a topic made anew under our name."""
        found = topic_facts(self.place, self.access, self.place.topic, patience_s=self._patience_s)
        if found.id != self.identity:
            raise LogMismatch(
                f"The topic of the log {self.place} was made anew: it was {self.identity}, found "
                f"{found.id}.",
                hint="Stop all that writes to it; a log that was replaced is imported anew.",
            )

    def _answer(self, places: Sequence[_Spots], sent: Mapping[int, Sent]) -> _Answer:
        answers: list[Appended] = []
        for spots in places:
            for number, place in spots:
                if place >= len(sent[number].offsets):
                    return self._unacknowledged(number, sent[number])
            number, place = spots[0]
            answers.append(Appended(Position(number, sent[number].offsets[place]), "appended"))
        return answers

    def _unacknowledged(self, partition: int, result: Sent) -> LogUnavailable:
        return LogUnavailable(
            f"Append to partition {partition} of {self.place}: not acknowledged "
            f"({result.failure}).",
            hint="Send again: what arrived counts once. Look at the brokers, at the rights of our "
            "user there, and at `hall topics check`.",
            reason="not-acknowledged",
        )


def _queued(wish: _Wish, suffix: bytes, queues: dict[int, list[Message]]) -> _Spots:
    entry = wish.entry
    raw = entry.raw if entry.recorded_us is not None else entry.raw[:-1] + suffix
    message = Message(entry.subject.encode(), raw, HEADERS)
    spots = []
    for number in wish.partitions:
        queue = queues.setdefault(number, [])
        spots.append((number, len(queue)))
        queue.append(message)
    return spots


def record_size(entry: Entry) -> int:
    """Return the bytes an entry takes of those a record may have: with key, headers and stamp."""
    return size_of(Message(entry.subject.encode(), entry.raw, HEADERS)) + _STAMP_BYTES


def _check_size(entry: Entry) -> None:
    size = record_size(entry)
    if size > RECORD_BYTES_MAX:
        raise EventInvalid(
            "(event)",
            f"{size} bytes (id {entry.id!r})",
            f"at most {RECORD_BYTES_MAX} bytes a record in this edition",
            reason="too-large",
        )


def _weight(wishes: Sequence[_Wish]) -> int:
    return sum(len(spots) * (1 + len(entry.raw) // 1024) for entry, spots in wishes)


def _pass_on(answered: "Future[_Answer]", done: "Future[list[Appended]]") -> None:
    """Give the answer of a submitted append to whoever waits for it."""
    if answered.cancelled() or not done.set_running_or_notify_cancel():
        return
    error = answered.exception()
    answer = answered.result() if error is None else error
    if isinstance(answer, BaseException):
        done.set_exception(answer)
    else:
        done.set_result(answer)
