"""One process of a test service: started, paused, killed, and never left behind.

Brokers and databases of tests are ended by their fixtures. Where the test process itself is killed
nobody is left to do that, so the kernel does: each process asks for SIGKILL at its parent's death
(`setpriv --pdeathsig`, of Debian's util-linux). The kernel means the *thread* that made the
process, and tests restart brokers from threads of their own; so one lasting thread makes them all.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

PORTS = range(20_000, 32_000)
"""Below Linux's ephemeral ones: no outgoing connection takes the port of a node that is down."""
LOG_TAIL_CHARACTERS = 3_000

_maker = ThreadPoolExecutor(1, thread_name_prefix="service-maker")


class ServiceFailed(Exception):
    """A test service did not do what its test needs; the message ends with its own log."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    for _ in range(200):
        port = random.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServiceFailed(f"no free port found among {PORTS}")


class ServiceProcess:
    """A program with a log file, in a process group of its own.

    Attributes:
        command: the program and its arguments.
        log: where its output goes, appended at each start.
        user: the account it runs as, where this process is root; otherwise it runs as we do.
        stop_signal: what asks it to end in order.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command = [str(each) for each in command]
        self.log = log
        self.user = user if os.geteuid() == 0 else None
        self.stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    def is_running(self) -> bool:
        """Whether the process is there; one that is paused is."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Number of the process as it was last started."""
        assert self._process is not None, "it was never started"
        return self._process.pid

    def start(self) -> None:
        """Start it, unless it runs; being ready is the service's own matter."""
        if self.is_running():
            return
        self._process = _maker.submit(self._made).result()
        comm = Path(f"/proc/{self.pid}/comm")
        while self.is_running() and comm.read_text("utf-8").strip() == "setpriv":
            time.sleep(0.005)  # only when setpriv has given way to the program is the program bound

    def _made(self) -> subprocess.Popen[bytes]:
        guard = ["setpriv", "--pdeathsig", "KILL"]
        if self.user is not None:
            guard += ["--reuid", self.user, "--regid", self.user, "--clear-groups"]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*guard, "--", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                process_group=0,
            )

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL), with the processes of its group."""
        if self.is_running():
            os.killpg(self.pid, signal.SIGKILL)
        self.ended(10)

    def stop(self, timeout_seconds: float = 60) -> None:
        """End it in order; one that does not end in time is killed, and that is a failure."""
        if not self.is_running():
            return
        self.resume()
        os.kill(self.pid, self.stop_signal)
        try:
            self.ended(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServiceFailed(self.said(f"did not end in {timeout_seconds} s")) from None

    def ended(self, timeout_seconds: float = 60) -> int:
        """Wait for its end; gives its exit code, 0 for one that never ran.

        Raises:
            subprocess.TimeoutExpired: it is still there.
        """
        return self._process.wait(timeout_seconds) if self._process is not None else 0

    def pause(self) -> None:
        """Hold it where it is (SIGSTOP): its sockets stay open and answer nothing."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT); one that was not paused does not notice."""
        os.killpg(self.pid, signal.SIGCONT)

    def wait_until(self, ready: Callable[[], bool], what: str, timeout_seconds: float) -> None:
        """Wait until `ready` answers True.

        Raises:
            ServiceFailed: the process ended, or `timeout_seconds` passed.
        """
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if not self.is_running():
                raise ServiceFailed(self.said(f"ended before it was {what}"))
            if time.monotonic() > deadline:
                raise ServiceFailed(self.said(f"was not {what} after {timeout_seconds} s"))
            time.sleep(0.1)

    def said(self, what: str) -> str:
        """`what` happened to this process, with the end of its log."""
        tail = self.log.read_text("utf-8", "replace")[-LOG_TAIL_CHARACTERS:]
        return f"{Path(self.command[0]).name} {what}; {self.log}:\n{tail}"


class OwnService(ServiceProcess):
    """A service with data in a temporary folder, used as a context: both end with it.

    Attributes:
        folder: with its data and its log.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.folder = folder
        super().__init__(command, folder / "server.log", user=user, stop_signal=stop_signal)

    @staticmethod
    def new_folder(name: str) -> Path:
        """An empty folder for the data of a service."""
        return Path(mkdtemp(prefix=f"hall-{name}-"))

    def close(self) -> None:
        """End it and remove the data; nothing is worth an orderly stop any more."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start it."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()
