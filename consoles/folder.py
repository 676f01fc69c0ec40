"""The data folder of the embedded edition: which files it holds, and who may supervise it."""

import fcntl
import os
from pathlib import Path

from ledger.errors import DataFolderBusy, SettingInvalid

LOG_FILE = "ledger.sqlite"
STATE_FILE = "state.sqlite"
READ_FILE = "read.sqlite"
LOCK_FILE = "supervisor.lock"
GENERATED_FILE = "generated-data"
"""Marks a folder whose cases the simulator made; the demo alone goes on with it."""


def refuse_generated(folder: Path) -> None:
    """Keep real facts and the demo's generated ones, and their two clocks, apart.

    Raises:
        SettingInvalid: the folder is a demo's.
    """
    if (folder / GENERATED_FILE).exists():
        raise SettingInvalid(
            f"The data folder {folder} holds the demo's generated cases and lives on its clock.",
            hint="Go on with it by `hall demo`, or name another folder with --data.",
        )


class FolderLock:
    """The lock that decides which process supervises a data folder; it ends with its process."""

    def __init__(self, folder: Path) -> None:
        """Name the lock of `folder`; `take` takes it."""
        self._path = folder / LOCK_FILE
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock if it is free; whether it is held now."""
        if self._file is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._file = descriptor
        return True

    def require(self) -> None:
        """Take the lock.

        Raises:
            DataFolderBusy: another process has it; names its number.
        """
        if not self.take():
            owner = self._path.read_text(encoding="ascii").strip() or "unknown"
            raise DataFolderBusy(
                f"The data folder {self._path.parent} is supervised by process {owner}.",
                hint="Stop that process, or use another folder with --data.",
            )

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
