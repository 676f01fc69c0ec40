"""A hall of the Kafka edition as it runs in service: topics, database, workers as processes.

It stands apart because the tests of faults, of equal editions and of the figures in Prometheus set
up the same hall. Everything ends with it, whatever the test did to it.
"""

import contextlib
import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from consoles.kafka_edition import Parts, open_parts
from consoles.settings import load_settings
from ledger.errors import HallError
from ledger.log import Entry
from tests.consoles.commands import COMMAND, WAIT_S, Ran, environment, hall_process
from tests.consoles.commands import hall as hall_command

PARTITIONS = 6
LEVEL_S = 120.0
STILL_S = 5.0
"""Ticks of units come one close after the other, each once the one before is judged everywhere."""


class WorkerProcess:
    """One worker of one role, in a process of its own with a log file.

    Attributes:
        codes: how it ended each time, where it was started again.
    """

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        self.codes: list[int] = []
        self._command = command
        self._env = dict(env)
        self._out = log.open("ab")
        self._pause_s = 0.0
        self._again_at = 0.0
        self.process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        self._since = len(self.said())
        return subprocess.Popen(
            self._command, env=environment(self._env), stdout=self._out, stderr=subprocess.STDOUT
        )

    def keep(self) -> None:
        """Start it again if it has ended; one that ends soon waits longer each time, up to 4 s."""
        code, now = self.process.poll(), time.monotonic()
        if code is None:
            return
        if not self._again_at:
            self._again_at = now + self._pause_s
            self._pause_s = min(4.0, 2 * self._pause_s + 0.5)
        if now >= self._again_at:
            self._again_at = 0.0
            self.codes.append(code)
            self.process = self._started()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended takes none."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def ended(self, within_s: float = WAIT_S) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(within_s)

    def close(self) -> None:
        """Kill it if it still runs."""
        self.kill()
        self._out.close()

    def url(self) -> str:
        """Where it tells of itself; empty before it has begun to."""
        found = re.findall(r"metrics at (http\S+)/metrics", self.said()[self._since :])
        return str(found[-1]) if found else ""

    def sum_of(self, metric: str) -> float:
        """The sum of a metric over its labels, as the worker tells it."""
        with urllib.request.urlopen(f"{self.url()}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric))

    def readiness(self) -> dict[str, Any]:
        """What it answers to whoever asks whether it is ready."""
        try:
            with urllib.request.urlopen(f"{self.url()}/readyz", timeout=20) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def said(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


class KafkaHall:
    """Topics and tables of one hall, and its workers by name.

    Attributes:
        env: the settings of its processes.
        parts: the hall as this process sees it.
    """

    def __init__(
        self, folder: Path, *, bootstrap: str, topic: str, database_url: str, **settings: object
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        nodes = bootstrap.count(",") + 1
        self.env = {
            "HALL_LOG": f"kafka://{bootstrap}/{topic}",
            "HALL_DATABASE": database_url,
            "HALL_PARTITIONS": str(PARTITIONS),
            "HALL_REPLICATION": str(min(3, nodes)),
            "HALL_SESSION_TIMEOUT_S": "6",
            "HALL_WORKER_PORT": "0",
            **{f"HALL_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.workers: dict[str, WorkerProcess] = {}
        self._keeping = threading.Lock()
        self._parts: Parts | None = None

    def command(self, *args: object) -> Ran:
        """Run `hall` with the hall's settings."""
        return hall_process(*args, env=self.env)

    def prepare(self) -> None:
        """Make topics and tables, and publish what is configured."""
        for command in (("topics", "apply"), ("database", "apply"), ("publish",)):
            ran = hall_command(*command, env=self.env)
            assert ran.code == 0, f"hall {' '.join(command)}: {ran.out}{ran.err}"

    @property
    def parts(self) -> Parts:
        """The hall, opened in this process."""
        if self._parts is None:
            self._parts = open_parts(load_settings({}, self.env))
        return self._parts

    def reopen(self) -> None:
        """Open the hall anew in this process."""
        if self._parts is not None:
            self._parts.close()
        self._parts = None

    def start(
        self,
        name: str,
        role: str,
        *,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        command: Sequence[str] = COMMAND,
    ) -> WorkerProcess:
        """Start a worker; one of that name that ran before has ended.

        Args:
            name, role: its own.
            env: settings of its own.
            prefix: a command that runs it, such as `faketime`.
            command: another program than `hall`.
        """
        command = [*prefix, *command, "worker", "--role", role, "--name", name]
        log = self.folder / f"{name}.{role}.log"
        worker = WorkerProcess(command, {**self.env, **(env or {})}, log)
        with self._keeping:
            self.workers[f"{name}.{role}"] = worker
        return worker

    def keep(self) -> None:
        """Start again what has ended, as whoever supervises processes does."""
        with self._keeping:
            for worker in self.workers.values():
                worker.keep()

    def end(self, name: str, role: str, how: signal.Signals = signal.SIGTERM) -> int:
        """End a worker for good; its exit code."""
        with self._keeping:
            worker = self.workers.pop(f"{name}.{role}")
        worker.send(how)
        code = worker.ended()
        worker.close()
        return code

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Start workers again whenever they end, for as long as the block lasts."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.1):
                self.keep()

        keeper = threading.Thread(target=look, name="keeper")
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def append(self, entries: list[Entry]) -> None:
        """Append facts as an intake node does."""
        self.parts.log.append(entries)

    def lags(self) -> dict[str, int]:
        """How far supervision and read models are behind the log."""
        ends = self.parts.log.ends()
        judged = self.parts.states.positions()
        read = {number: at.next_offset for number, at in self.parts.store.positions().items()}
        return {
            role: sum(max(0, end - at.get(number, 0)) for number, end in ends.items())
            for role, at in (("supervise", judged), ("project", read))
        }

    def settle(self, *, within_s: float = LEVEL_S, restarting: bool = True) -> None:
        """Wait until all is judged and projected, nothing is due and nothing more comes."""
        until = time.monotonic() + within_s
        moved = time.monotonic()
        before: dict[int, int] = {}
        while time.monotonic() < until:
            if restarting:
                self.keep()
            try:
                ends, lags = self.parts.log.ends(), self.lags()
                now_us = self.parts.clock.now_us()
                lags["due"] = int(self.parts.states.has_due(now_us))
            except HallError as error:
                if not error.retryable:
                    raise
                ends, lags = {}, {"nobody knows": 1}
            if ends != before or any(lags.values()):
                moved = time.monotonic()
            elif time.monotonic() - moved > STILL_S:
                return
            before = ends
            time.sleep(0.2)
        raise AssertionError(f"not level after {within_s:.0f} s: {self.lags()}; {self.said()}")

    def said(self) -> str:
        """The last words of every worker."""
        return "\n".join(f"== {name}: {w.said()[-1500:]}" for name, w in self.workers.items())

    def close(self) -> None:
        """End every worker and release what is open."""
        for worker in self.workers.values():
            worker.close()
        self.reopen()


@contextlib.contextmanager
def kafka_hall(folder: Path, **where: Any) -> Iterator[KafkaHall]:
    """A prepared hall; everything of it ends with the block."""
    hall = KafkaHall(folder, **where)
    try:
        hall.prepare()
        yield hall
    finally:
        hall.close()
