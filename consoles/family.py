"""The processes of all roles on one machine, each started again when it ends by itself.

It stands for systemd or compose where neither is there; a worker is crash-only and needs one of
them.
"""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Literal

logger = logging.getLogger(__name__)

Following = Literal["supervise", "project"]
"""Roles that follow the log."""
Role = Following | Literal["intake"]
FOLLOWING: tuple[Following, ...] = ("supervise", "project")
ROLES: tuple[Role, ...] = ("supervise", "project", "intake")
"""`intake` is the gateway that takes in what source systems write to a topic themselves."""
OWN_COMMAND = (sys.executable, "-c", "from consoles.cli.main import main; main()")
BACKOFF_S, BACKOFF_MAX_S = 1.0, 30.0
LIVED_S = 60.0
"""A process that lived so long is started again at once."""


class Family:
    """The processes of several roles, each started again when it ends by itself."""

    def __init__(self, command: Sequence[str], port: int, roles: Sequence[Role] = ROLES) -> None:
        """Begin with none running.

        Args:
            command: command line of each, before its role.
            port: of the first one's metrics, the others' follow; 0 takes free ones.
            roles: one process each.
        """
        ports = {role: port + place if port else 0 for place, role in enumerate(roles)}
        self._commands = {
            role: [*command, "--role", role, "--port", str(ports[role])] for role in roles
        }
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
