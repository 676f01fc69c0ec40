"""A live worker under Faust: a consumer group gives it partitions, whose records wake it.

Faust is host, not engine. It gives lifecycle, group membership and time; positions lie in SQL.
Its agent pauses each partition at the first record, because a record costs 180 µs on its way
through Faust and 8 from the brokers to us: so what comes is taken beside it (`Tail`), and what that
passes over is read from the log (`ledger/delivery.py`). The group's offsets never matter. Faust
acknowledges what an agent has failed on, so no exception ever returns to it: the process ends at
once with `CRASHED`, and whoever supervises processes starts it again.

No tables, windows, group_by, transactions or leader timers; raw values; one agent, one at a time.
All work is done by one thread beside Faust's event loop, in the order in which it was asked for.
"""

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import faust
from faust.types import TP, StreamT

from ledger.delivery import Delivered, Delivery

logger = logging.getLogger(__name__)

CRASHED = 70
"""Exit code of a worker that met an error (EX_SOFTWARE of sysexits)."""
TAKEN_AT_ONCE = 4_000
TAKEN_WITHIN_S = 0.02
"""A turn costs some round trips whatever it holds, so it waits for what comes close together, and
for what has come while the last one went on."""
TAKE_S = 1.0
NEVER_S = 10_000_000.0
"""For what Faust would do when its partitions have been paused for long: leave, and complain."""
SWITCH_S = 0.001
"""How long Faust's event loop may keep the interpreter from the follower's thread, which gives it
up at every answer of a database or a broker: at Python's own 5 ms it would wait for most of its
time."""
LOOK_EVERY_S = 5.0
"""How often the log itself is asked for records that were never handed over."""

T = TypeVar("T")


class Tail(Protocol):
    """What comes into partitions from now on; it may pass over or repeat."""

    def begin(self, partition: int, offset: int) -> None:
        """Take what lies at an offset of a partition and beyond."""
        ...

    def end(self, partition: int) -> None:
        """Take no more from a partition."""
        ...

    async def take(self, limit: int, within_s: float) -> dict[int, list[Delivered]]:
        """Return records by partition as soon as there is one; none after so many seconds."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Follower(Protocol):
    """What follows the log in some role; called by one thread."""

    def claim(self, partition: int) -> None:
        """Take a partition over."""
        ...

    def release(self, partition: int) -> None:
        """Leave a partition in order."""
        ...

    def turn(self) -> bool:
        """Do some of what there is to do of the owned partitions; whether anything moved."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """How a worker belongs to its group.

    Attributes:
        brokers: host and port of each.
        topic: that of the log.
        group: the role's consumer group.
        instance: name of this worker that outlives its restarts (static membership).
        session_timeout_s: after so long without a word another worker takes over.
        poll_every_s: how often time is looked at.
        credentials: Faust's credentials; none where the brokers ask for none.
    """

    brokers: tuple[str, ...]
    topic: str
    group: str
    instance: str
    session_timeout_s: float = 10.0
    poll_every_s: float = 0.1
    credentials: Any = None


def crash(doing: str, error: BaseException) -> NoReturn:
    """Say what was being done and end the process before Faust can acknowledge anything."""
    logger.critical("%s: %s", doing, error, exc_info=error)
    logging.shutdown()
    os._exit(CRASHED)


def credentials(options: Mapping[str, Any]) -> Any:
    """Return Faust's credentials for the options of a client; None where nothing is asked for.

    Args:
        options: `security_protocol`, `ssl_context`, `sasl_mechanism`, `sasl_plain_username` and
            `sasl_plain_password`, as far as the brokers ask for them.
    """
    context = options.get("ssl_context")
    if "sasl_mechanism" in options:
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


class Host:
    """Hands records, assignments and time to a follower, one after the other.

    Attributes:
        owned: the partitions assigned now.
        rebalances: how often partitions were assigned.
    """

    def __init__(self, follower: Follower, delivery: Delivery, tail: Tail) -> None:
        """Feed `follower`, which reads from `delivery`, with what comes from `tail`."""
        self._follower = follower
        self._delivery = delivery
        self._tail = tail
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hall-follower")
        self._turns = asyncio.Lock()
        self.owned: set[int] = set()
        self.rebalances = 0

    async def do(self, doing: str, work: Callable[[], T]) -> T:
        """Run work on the follower's thread; an error ends the process.

        Where the caller is cancelled the thread finishes all the same, and `close` waits for it.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(_guarded, doing, work))

    async def assigned(self, partitions: set[int]) -> None:
        """Claim what is new; leave what is not ours any longer.

        There is no turn meanwhile: the group waits for its members, and not for long.
        """
        self.rebalances += 1
        async with self._turns:
            await self._leave_all(self.owned - partitions)
            for partition in sorted(partitions - self.owned):
                doing = f"claiming partition {partition}"
                self._tail.begin(partition, await self.do(doing, partial(self._claim, partition)))

    async def revoked(self, partitions: set[int]) -> None:
        """Leave partitions in order, before another worker has them."""
        async with self._turns:
            await self._leave_all(partitions)

    async def take(self) -> None:
        """Wait for records and work them off.

        What is there at once was fetched when the last was taken, and kept more from being fetched:
        all that has come since is there a moment after it is taken.
        """
        found = await self._tail.take(TAKEN_AT_ONCE, 0)
        if found:
            await asyncio.sleep(TAKEN_WITHIN_S)
            for partition, more in (await self._tail.take(TAKEN_AT_ONCE, 0)).items():
                found.setdefault(partition, []).extend(more)
        else:
            found = await self._tail.take(TAKEN_AT_ONCE, TAKE_S)
        if found:
            await self.deliver(found)

    async def deliver(self, batches: Mapping[int, list[Delivered]]) -> None:
        """Hand records over and work them off."""
        await self.do("taking records", partial(self._hand_over, batches))
        await self.work()

    async def work(self) -> None:
        """Turn until nothing moves; other work may come between two turns."""
        while await self._turn():
            pass

    async def look(self) -> None:
        """Ask the log itself for what was never handed over."""
        await self.do("looking at the log", self._delivery.look)

    async def close(self) -> None:
        """Leave all partitions and end the thread."""
        await self.revoked(set(self.owned))
        self._thread.shutdown(wait=True)
        await self._tail.close()

    async def _turn(self) -> bool:
        async with self._turns:
            return await self.do("following the log", self._follower.turn)

    async def _leave_all(self, partitions: set[int]) -> None:
        for partition in sorted(self.owned & partitions):
            self._tail.end(partition)
            await self.do(f"leaving partition {partition}", partial(self._leave, partition))

    def _hand_over(self, batches: Mapping[int, list[Delivered]]) -> None:
        for partition, records in batches.items():
            self._delivery.hand_over(partition, records)

    def _claim(self, partition: int) -> int:
        begins = self._delivery.begin(partition)
        self._follower.claim(partition)
        self.owned.add(partition)
        return begins

    def _leave(self, partition: int) -> None:
        self._follower.release(partition)
        self._delivery.end(partition)
        self.owned.discard(partition)


def _guarded(doing: str, work: Callable[[], T]) -> T:
    """Run work; whatever it raises ends the process here, on the thread that met it."""
    try:
        return work()
    except BaseException as error:  # noqa: BLE001 - Faust would acknowledge what failed
        crash(doing, error)


def build(membership: Membership, host: Host) -> faust.App:
    """Return the Faust application of a worker, not yet started.

    Args:
        membership: brokers, topic, group, and the name of this worker.
        host: what is done with records, assignments and time.
    """
    app = faust.App(
        membership.group,
        broker=[f"kafka://{broker}" for broker in membership.brokers],
        broker_credentials=membership.credentials,
        broker_session_timeout=membership.session_timeout_s,
        broker_heartbeat_interval=membership.session_timeout_s / 4,
        broker_rebalance_timeout=membership.session_timeout_s * 2,
        broker_request_timeout=max(60.0, membership.session_timeout_s * 3),
        broker_max_poll_interval=NEVER_S,
        broker_commit_livelock_soft_timeout=NEVER_S,
        consumer_group_instance_id=membership.instance,
        consumer_auto_offset_reset="latest",
        store="memory://",
        datadir=str(Path(tempfile.gettempdir()) / f"hall-worker-{os.getuid()}"),
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
    )
    topic = app.topic(membership.topic, key_serializer="raw", value_serializer="raw")

    async def pause(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            app.consumer.pause_partitions({event.message.tp})

    async def follow() -> None:
        await _follow(app, host)

    async def pass_time() -> None:
        await _pass_time(app, host, membership.poll_every_s)

    app.agent(topic, name="hall-member", concurrency=1)(pause)
    app.task(follow)
    app.task(pass_time)
    _listen(app, host, membership.topic)
    return app


async def _follow(app: faust.App, host: Host) -> None:
    try:
        while not app.should_stop:
            await host.take()
    except Exception as error:  # noqa: BLE001 - whatever it is, Faust must not see it
        crash("taking records", error)


async def _pass_time(app: faust.App, host: Host, every_s: float) -> None:
    rounds = max(1, round(LOOK_EVERY_S / every_s))
    number = 0
    while not app.should_stop:
        number += 1
        if number % rounds == 0:
            await host.look()
        await host.work()
        await app.sleep(every_s)


def _listen(app: faust.App, host: Host, topic: str) -> None:
    """Let assignments, revocations and the end reach the host; Faust waits for it each time."""

    def ours(partitions: set[TP]) -> set[int]:
        return {each.partition for each in partitions if each.topic == topic}

    async def on_assigned(_app: Any, partitions: set[TP], **_: Any) -> None:
        await host.assigned(ours(partitions))

    async def on_revoked(_app: Any, partitions: set[TP], **_: Any) -> None:
        await host.revoked(ours(partitions))

    async def on_shutdown(_app: Any, **_: Any) -> None:
        await host.close()

    signals: list[tuple[Any, Any]] = [
        (app.on_partitions_assigned, on_assigned),
        (app.on_partitions_revoked, on_revoked),
        (app.on_before_shutdown, on_shutdown),
    ]
    for signal, listener in signals:
        signal.connect(listener, weak=False)


def run(app: faust.App) -> None:
    """Run until SIGTERM or SIGINT; partitions are left in order."""
    sys.setswitchinterval(SWITCH_S)
    worker = faust.Worker(
        app, loglevel="WARNING", override_logging=False, redirect_stdouts=False, quiet=True
    )
    worker.execute_from_commandline()
