"""What the ledger has published, as pages need it: names of codes, and the pack in force.

It stands apart from the hall because it is read anew as publications come: those of the log that an
owner keeps beside its states, a partition at a time, each row once. Safe for many threads.
"""

import threading
from collections.abc import Callable

from ledger.catalogue import LATEST, Catalogue, Department, Matter
from ledger.errors import RecordUnreadable
from ledger.log import EventLog, Position
from ledger.reading import read_record
from processors.drivers.publication_rows import PublicationRows
from processors.supervision.pack import Pack
from processors.supervision.publications import Publications

LOOKS_EVERY_US = 2_000_000
"""How old the answers may be, in µs of the machine."""


class Published:
    """The publications of all partitions of a log, as far as they were judged."""

    def __init__(self, log: EventLog, rows: PublicationRows, ticking_us: Callable[[], int]) -> None:
        """Bind.

        Args:
            log: where publications lie.
            rows: what its owner keeps of them.
            ticking_us: a clock that never goes back, in µs; how often is looked is by it.
        """
        self._log = log
        self._rows = rows
        self._ticking_us = ticking_us
        self._lock = threading.Lock()
        self._looked_us: int | None = None
        self._read = dict.fromkeys(range(log.partitions), -1)
        self._known = {partition: Publications() for partition in self._read}

    def name_of(self, kind: str, code: str, lang: str, now_us: int) -> str | None:
        """Return the name of a department or a matter in force, None where none is published.

        Args:
            kind: `department` or `matter`.
            code: its code.
            lang: `en` for the English name; a Chinese one does not stand in for it.
            now_us: the hall's instant.
        """
        for known in self._looked():
            entry = _entry(known.catalogue, kind, code, now_us)
            if entry is not None:
                return entry.name_en if lang == "en" else entry.name
        return None

    def packs(self) -> dict[str, Pack]:
        """Return the newest edition of every pack that was published, by name."""
        found: dict[str, Pack] = {}
        for known in self._looked():
            for name, editions in known.packs.items():
                pack = editions.at(LATEST, LATEST)
                if pack is not None:
                    found.setdefault(name, pack)
        return found

    def governing(self, now_us: int) -> Pack | None:
        """Return the pack that governs live cases opened now; None where none was published."""
        for known in self._looked():
            name = known.pack_names.at(LATEST, now_us)
            editions = known.packs.get(name) if name else None
            pack = editions.at(LATEST, now_us) if editions else None
            if pack is not None:
                return pack
        return None

    def _looked(self) -> list[Publications]:
        with self._lock:
            now_us = self._ticking_us()
            if self._looked_us is None or now_us - self._looked_us >= LOOKS_EVERY_US:
                for partition in self._known:
                    self._look(partition)
                self._looked_us = now_us
            return list(self._known.values())

    def _look(self, partition: int) -> None:
        for offset, raw in self._rows.read(partition, self._read[partition] + 1):
            self._read[partition] = offset
            try:
                record = read_record(self._log, Position(partition, offset), raw).record
                if record is not None:
                    self._known[partition].apply(record, offset)
            except RecordUnreadable:
                continue  # where it is judged it stops the partition, and `hall check` says so


def _entry(catalogue: Catalogue, kind: str, code: str, now_us: int) -> Department | Matter | None:
    versions = (catalogue.departments if kind == "department" else catalogue.matters).get(code)
    return None if versions is None else versions.at(LATEST, now_us)
