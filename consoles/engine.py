"""The thread of the embedded edition that keeps findings and read models up with the log.

An error that may pass (a full disk) is tried again; any other ends it. Readiness says why, and the
process goes on answering what it knows, marked as stale.
"""

import logging
import threading
from collections.abc import Callable

from consoles.following import ProjectionFollower
from ledger.errors import HallError, RecordUnreadable
from processors.drivers.embedded import Supervisor
from projections.drivers.projector import Projector

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""Pause after an error that may pass, such as a full disk; a batch not committed is done again."""
ROUND_SECONDS = 0.05
"""Rest after a round that was not full: under load it makes fewer and larger ones, and leaves the
interpreter to the intake; a card is never later than this for it."""
POLL_SECONDS = 0.05
"""How often due instants are asked for while nothing is appended."""


def _passes(error: Exception) -> bool:
    """Whether the same round may succeed later."""
    return isinstance(error, HallError) and error.retryable


class Engine:
    """Supervision and projection of all partitions, one after the other, in one thread."""

    def __init__(
        self,
        supervisor: Supervisor | None,
        projector: Projector | None,
        partitions: int,
    ) -> None:
        """Bind the two loops.

        Args:
            supervisor: None where another process supervises.
            projector: None where another process keeps the read models too.
            partitions: how many are followed.
        """
        self._supervisor = supervisor
        self._projector = projector
        self._following = (
            None
            if projector is None
            else ProjectionFollower(projector, range(partitions), reclaims=True)
        )
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[], object]] = []
        self._follows = False
        self.failure: Exception | None = None

    @property
    def unreadable(self) -> dict[int, RecordUnreadable]:
        """Return the partitions that a record stops for the read models, and what was said."""
        return {} if self._following is None else self._following.unreadable

    def start(self) -> None:
        """Begin to follow the log, if that is done here."""
        if self._following is None:
            return
        self._follows = True
        self._thread = threading.Thread(target=self._run, name="hall-engine", daemon=True)
        self._thread.start()

    def on_moved(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each round that moved the read models; it must be quick."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Say that something was appended."""
        self._wake.set()

    def stop(self) -> None:
        """End in order: what was read is judged, a marker is left."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        if not self._follows or self.failure is not None:
            return
        try:
            if self._supervisor is not None:
                self._supervisor.stop()
            if self._projector is not None:
                self._projector.catch_up()
        except HallError as error:
            self._fail(error)

    def catch_up(self) -> None:
        """Judge and project everything the log holds, without letting time pass.

        Raises:
            HallError: a record that cannot be read, a partition lost, a log that is not there.
        """
        if self._supervisor is not None:
            self._supervisor.catch_up()
        if self._projector is not None:
            self._projector.catch_up()
        self._follows = True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                moved = self._supervisor.turn() if self._supervisor is not None else False
                if self._following is not None:
                    moved = self._following.turn() or moved
            except Exception as error:  # noqa: BLE001 - whatever it is, readiness must say it
                self._fail(error)
                if not _passes(error):
                    return
                self._stopping.wait(RETRY_SECONDS)
                continue
            self.failure = None
            if moved:
                for listener in self._listeners:
                    listener()
                if self._supervisor is not None and not self._supervisor.is_behind:
                    self._stopping.wait(ROUND_SECONDS)
            else:
                self._wake.wait(POLL_SECONDS)

    def _fail(self, error: Exception) -> None:
        self.failure = error
        code = error.code if isinstance(error, HallError) else type(error).__name__
        logger.error("The engine stopped: %s", code, exc_info=error)
