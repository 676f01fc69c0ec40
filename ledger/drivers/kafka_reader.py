"""Reading a topic densely from any offset on: aiokafka, on an event loop of its own thread.

It stands apart from the log because kafka-python, which does everything else there, spends 85 µs on
a record it reads, and aiokafka 8. One consumer serves all threads: a partition is fetched when
somebody wants it and at no other time, and what a fetch brought beyond the limit is kept for
whoever reads on there. So readers at several places of a partition do not hold each other up, and
one that goes on where it stopped fetches each record once.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from threading import Lock, Thread
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from ledger.drivers.kafka_access import KafkaPlace
from ledger.errors import LogMismatch, LogUnavailable

FETCH_BYTES = 512 * 1024
"""Bytes of one fetch: some 1,500 records; a longer record comes whole all the same."""
AHEAD_MAX = 64
"""Places read ahead of, each with what is left of one fetch."""

_BEHIND_S = 0.02
T = TypeVar("T")


async def paused_consumer(places: Sequence[TopicPartition], **options: Any) -> AIOKafkaConsumer:
    """Return a consumer without a group that has started and fetches nothing until it is told to.

    Each partition has a position: for one without, it would ask the brokers again and again, and
    let the others wait meanwhile.

    Args:
        places: the partitions it may be told to fetch.
        options: of aiokafka; where the brokers are, how to come in, how long to wait.

    Raises:
        KafkaError: (of aiokafka) no broker let it in; nothing is left behind.
    """
    consumer = AIOKafkaConsumer(
        **options,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    consumer.assign(places)
    consumer.pause(*places)
    for place in places:
        consumer.seek(place, 0)
    return consumer


class KafkaReader:
    """Reads one topic; safe for many threads."""

    def __init__(
        self,
        place: KafkaPlace,
        options: Mapping[str, Any],
        topic: str,
        partitions: int,
        *,
        patience_s: float,
    ) -> None:
        """Read `topic`; connect at the first call.

        Args:
            place: whose brokers to ask.
            options: of the access, as aiokafka names them.
            topic: any topic of the brokers.
            partitions: how many it has.
            patience_s: seconds within which every call ends, with an error if need be.
        """
        self._name = f"kafka://{','.join(place.servers)}/{topic}"
        self._places = [TopicPartition(topic, number) for number in range(partitions)]
        self._options = dict(options) | {"bootstrap_servers": list(place.servers)}
        self._patience_s = patience_s
        self._lock = Lock()
        self._ahead: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()
        self._ends = [0] * partitions
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="kafka-reader", daemon=True)
        self._thread.start()
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting = asyncio.Lock()
        self._fetching = [asyncio.Lock() for _ in self._places]
        self._at: dict[int, int] = {}

    def saw_end(self, partition: int, end: int) -> None:
        """Note that records up to an offset are committed; a log that ends before it has shrunk."""
        with self._lock:
            self._ends[partition] = max(self._ends[partition], end)

    def ends(self) -> dict[int, int]:
        """Return the next offset of each partition.

        Raises:
            LogUnavailable: a partition has no leader now.
            LogMismatch: the log has become shorter.
        """
        return self._found_ends(range(len(self._places)))

    def start(self, partition: int) -> int:
        """Return the first offset that is still there.

        Raises:
            LogUnavailable: the partition has no leader now.
        """
        return self._run(self._offsets("beginning_offsets", [partition]))[partition]

    def read(self, partition: int, from_offset: int, limit: int) -> list[Any]:
        """Return at most `limit` consumer records from an offset on, dense; fewer before a fault.

        Raises:
            LogMismatch: the record at `from_offset` is missing, or the log has become shorter.
            LogUnavailable: the partition has no leader now, or what lies there is damaged.
        """
        with self._lock:
            found: list[Any] = self._ahead.pop((partition, from_offset), [])
        while len(found) < limit:
            offset = from_offset + len(found)
            if (
                offset >= self._ends[partition]
                and offset >= self._found_ends([partition])[partition]
            ):
                break
            fetched = self._fetched(partition, offset)
            dense = _dense(fetched, offset)
            if not dense:
                if found:
                    break
                raise self._hole(partition, offset, fetched[0].offset)
            found += dense
        self._keep(partition, from_offset + limit, found[limit:])
        return found[:limit]

    def close(self) -> None:
        """End connection and thread; whoever still waits gets an error."""
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _keep(self, partition: int, offset: int, records: list[Any]) -> None:
        if records:
            with self._lock:
                self._ahead[partition, offset] = records
                while len(self._ahead) > AHEAD_MAX:
                    self._ahead.popitem(last=False)

    def _found_ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Ask for ends until none lies before one that was seen: a new leader learns it late."""
        until = time.monotonic() + self._patience_s
        while True:
            ends = self._run(self._offsets("end_offsets", partitions))
            late = [number for number, end in ends.items() if end < self._ends[number]]
            if not late:
                for number, end in ends.items():
                    self.saw_end(number, end)
                return ends
            if time.monotonic() > until:
                raise LogMismatch(
                    f"Partition {late[0]} of {self._name} ends at {ends[late[0]]}, but records up "
                    f"to {self._ends[late[0]]} had been committed.",
                    hint="Records were lost, or the topic was made anew; restore it.",
                    reason="shorter",
                )
            time.sleep(_BEHIND_S)

    def _fetched(self, partition: int, offset: int) -> Sequence[Any]:
        """Return records from about an offset on, of which there is at least one."""
        try:
            fetched: Sequence[Any] = self._run(self._fetch(partition, offset))
        except OffsetOutOfRangeError:
            start = self.start(partition)
            if offset < start:
                raise self._hole(partition, offset, start) from None
            self._found_ends([partition])
            fetched = []
        if not fetched:
            raise LogUnavailable(
                f"Read partition {partition} of {self._name} from offset {offset}: nothing came "
                f"within {self._patience_s:g} s.",
                hint="Look at the brokers: the partition may have no leader now.",
                reason="no-answer",
            )
        return fetched

    def _hole(self, partition: int, offset: int, found: int) -> LogMismatch:
        return LogMismatch(
            f"Read partition {partition} of {self._name}: expected the record at {offset}, the "
            f"next one lies at {found}.",
            hint="Records were deleted or compacted away, or somebody wrote transactions. Restore "
            "the log from an export; `hall topics check` shows settings that allow it.",
            reason="hole",
        )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` gives on the loop, in time.

        Raises:
            LogUnavailable: closed, too late, or what aiokafka says.
            OffsetOutOfRangeError: for the caller to explain.
        """
        if self._closed:
            work.close()
            raise LogUnavailable(f"Read {self._name}: it is closed.", reason="closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._patience_s)
        except OffsetOutOfRangeError:
            raise
        except (KafkaError, OSError, TimeoutError, ValueError, asyncio.CancelledError) as error:
            future.cancel()
            said = f"{type(error).__name__} {error}".strip()
            raise LogUnavailable(
                f"Read {self._name}: {said}.",
                hint="Look at the brokers and at the access in the settings kafka_…",
                reason="no-answer",
            ) from error

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._connecting:
            if self._consumer is None:
                self._consumer = await paused_consumer(
                    self._places,
                    **self._options,
                    fetch_max_wait_ms=100,
                    request_timeout_ms=int(self._patience_s * 1000),
                )
            return self._consumer

    async def _offsets(self, which: str, partitions: Iterable[int]) -> dict[int, int]:
        consumer = await self._connected()
        wanted = [self._places[number] for number in partitions]
        return {
            place.partition: found
            for place, found in (await getattr(consumer, which)(wanted)).items()
        }

    async def _fetch(self, partition: int, offset: int) -> Sequence[Any]:
        """Fetch once; the partition is paused before and after, so nothing comes unasked."""
        async with self._fetching[partition]:
            consumer, place = await self._connected(), self._places[partition]
            if self._at.pop(partition, None) != offset:
                consumer.seek(place, offset)
            consumer.resume(place)
            try:
                fetched: Mapping[Any, Sequence[Any]] = await consumer.getmany(
                    place, timeout_ms=int(self._patience_s * 1000)
                )
            finally:
                consumer.pause(place)
            records = fetched.get(place, [])
            if records:
                self._at[partition] = records[-1].offset + 1
            return records

    async def _end(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        if self._consumer is not None:
            await self._consumer.stop()
        for task in waiting:
            task.cancel()


def _dense(records: Sequence[Any], offset: int) -> list[Any]:
    """Return the records from an offset on, up to the first that is missing."""
    dense: list[Any] = []
    for record in records:
        if record.offset == offset:
            dense.append(record)
            offset += 1
        elif record.offset > offset:
            break
    return dense
