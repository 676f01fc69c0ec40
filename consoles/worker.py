"""A worker of the Kafka edition: one role, one process, hosted by Faust.

Roles are processes of their own, so that each has its consumer group, its position and its restart.
A worker that met an error ends with exit code 70, and whoever supervises processes (systemd,
compose, `hall worker` without a role) starts it again.
"""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Literal

from consoles.following import ProjectionFollower
from consoles.kafka_edition import Parts, open_parts
from consoles.settings import Settings
from ledger.delivery import Delivery
from ledger.reading import Read
from processors.drivers import faust_worker
from processors.drivers.embedded import Supervisor
from projections.drivers.projector import Projector

logger = logging.getLogger(__name__)

Role = Literal["supervise", "project"]
ROLES: tuple[Role, ...] = ("supervise", "project")
GROUP = "hall.{role}"
BACKOFF_S, BACKOFF_MAX_S = 1.0, 30.0
LIVED_S = 60.0
"""A process that lived so long is started again at once."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker put together, not yet started."""

    role: Role
    parts: Parts
    delivery: Delivery
    follower: Supervisor | ProjectionFollower
    host: faust_worker.Host

    def run(self) -> None:
        """Follow the log until SIGTERM or SIGINT; an error ends the process with 70."""
        settings, place = self.parts.settings, self.parts.log.place
        membership = faust_worker.Membership(
            brokers=place.servers,
            topic=place.topic,
            group=GROUP.format(role=self.role),
            instance=f"{settings.worker_name}.{self.role}",
            session_timeout_s=settings.session_timeout_s,
            credentials=faust_worker.credentials(self.parts.access.options()),
        )
        faust_worker.run(faust_worker.build(membership, self.host))


def open_worker(settings: Settings, role: Role) -> Worker:
    """Put a worker together.

    Raises:
        HallError: what it needs is not there, or is not as it was declared.
    """
    parts = open_parts(settings)
    parts.check_topics()
    delivery = Delivery(parts.log)
    follower = _supervisor(parts, delivery) if role == "supervise" else _projector(parts, delivery)
    return Worker(
        role=role,
        parts=parts,
        delivery=delivery,
        follower=follower,
        host=faust_worker.Host(follower, delivery),
    )


def _supervisor(parts: Parts, delivery: Delivery) -> Supervisor:
    def bury(read: Read) -> None:
        parts.dead_letters.put(
            read.raw,
            source="supervision",
            reason="ledger.identity-conflict",
            detail=f"record {read.position.partition}:{read.position.offset} has an identity that "
            "an earlier one has with other content; it has no effect.",
        )

    return Supervisor(
        parts.log,
        parts.states,
        parts.policy,
        parts.clock.now_us,
        on_conflict=bury,
        partitions=(),
        feed=delivery,
    )


def _projector(parts: Parts, delivery: Delivery) -> ProjectionFollower:
    return ProjectionFollower(Projector(parts.log, parts.store, delivery))


class Family:
    """The processes of several roles, each started again when it ends by itself."""

    def __init__(self, roles: Sequence[Role], arguments: Sequence[str]) -> None:
        """Begin with none running.

        Args:
            roles: one process each.
            arguments: of the command line of each, before its role.
        """
        self._commands = {role: [*arguments, "--role", role] for role in roles}
        self._running: dict[Role, subprocess.Popen[bytes]] = {}
        self._started: dict[Role, float] = {}
        self._pause: dict[Role, float] = dict.fromkeys(roles, 0.0)
        self._leaving = False

    def run(self) -> None:
        """Keep all running until SIGTERM or SIGINT; then end them in order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        while not self._leaving:
            for role in self._commands:
                self._look_after(role)
            time.sleep(0.2)
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()

    def _look_after(self, role: Role) -> None:
        process, now = self._running.get(role), time.monotonic()
        if process is not None and process.poll() is None:
            return
        if process is not None:
            lived_s = now - self._started[role]
            again_s = min(max(2 * self._pause[role], BACKOFF_S), BACKOFF_MAX_S)
            self._pause[role] = 0.0 if lived_s >= LIVED_S else again_s
            logger.error(
                "The worker %s ended with %s; it starts again in %.0f s.",
                role,
                process.returncode,
                self._pause[role],
            )
            del self._running[role]
            self._started[role] = now
        if now - self._started.get(role, 0.0) >= self._pause[role] and not self._leaving:
            self._running[role] = subprocess.Popen(self._commands[role])  # noqa: S603 - our own
            self._started[role] = now

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self._leaving = True


def own_command() -> list[str]:
    """Return how this program was called, up to its subcommand."""
    return [sys.executable, "-m", "consoles.cli.main"]
