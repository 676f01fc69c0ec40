"""Lays the records of a long log aside by slices of subjects, so that one slice fits in memory.

A slice holds all records of its subjects, in log order. Where a subject goes follows from its text
alone, so several processes may lay aside at the same time, each in files of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from zlib import crc32

from ledger.errors import LogUnavailable

SLICE_RECORDS = 10_000
"""Records of one slice, about: what one is looked at with is all that is in memory."""
SLICES_MAX = 4_096
HELD_BYTES = 8 * 1024 * 1024

_LENGTHS = Struct("<QI")


def slices_for(records: int, slice_records: int = SLICE_RECORDS) -> int:
    """Return into how many slices so many records are cut."""
    return max(1, min(SLICES_MAX, -(-records // slice_records)))


class Spool:
    """What one process lays aside, in a folder that all of them share."""

    def __init__(self, folder: Path, name: str, slices: int) -> None:
        """Begin with nothing.

        Args:
            folder: for the files; it is there, and removed by whoever made it.
            name: of this process's part; parts are read in the order of their names.
            slices: how many the subjects are divided into.
        """
        self._folder = folder / name
        self._folder.mkdir()
        self._slices = slices
        self._held: dict[int, bytearray] = {}
        self._held_bytes = 0

    def put(self, subject: bytes, offset: int, raw: bytes) -> None:
        """Lay one record aside."""
        self.put_in(crc32(subject) % self._slices, offset, raw)

    def put_in(self, number: int, offset: int, raw: bytes) -> None:
        """Lay one record aside in a slice that its subject does not say."""
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = bytearray()
        held += _LENGTHS.pack(offset, len(raw))
        held += raw
        self._held_bytes += len(raw)
        if self._held_bytes > HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held; only then does `read_slice` see it.

        Raises:
            LogUnavailable: it cannot be written.
        """
        try:
            for number, held in self._held.items():
                with (self._folder / str(number)).open("ab") as file:
                    file.write(held)
        except OSError as error:
            raise LogUnavailable(
                f"Laying records of the log aside in {self._folder}: {error.strerror}.",
                hint="Let TMPDIR name a folder with room for as much as the log holds.",
                reason="room",
            ) from error
        self._held.clear()
        self._held_bytes = 0


def read_slice(folder: Path, number: int) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of the records of a slice, in log order."""
    for part in sorted(folder.iterdir()):
        path = part / str(number)
        if path.exists():
            with path.open("rb") as file:
                while lengths := file.read(_LENGTHS.size):
                    offset, length = _LENGTHS.unpack(lengths)
                    yield offset, file.read(length)
