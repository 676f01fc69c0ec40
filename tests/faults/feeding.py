"""Facts that come in while something fails, as a source sends them: again until they are taken.

It stands apart because every fault needs traffic. Histories come from a seed and carry the instants
at which the ledger is to have learned them; live cases are stamped by the log and fall due soon.
"""

import random
import threading
import time
from collections.abc import Sequence
from typing import Any

from ledger import wire
from ledger.errors import LogUnavailable
from ledger.log import Entry, EventLog
from ledger.record import instant
from tests.faults.agreement import ALLOWED, ZONE, entries_of
from tests.simulation.learned import learned

DAY_US = 86_400_000_000
SOURCE = "/halls/430100/approval"


def histories(subjects: int, seed: int, prefix: str) -> list[Entry]:
    """What is said of generated cases, in the order in which it is learned; names are their own.

    They are late, repeated, reordered, of one instant and amended, as the generator draws them.
    """

    def named(event: dict[str, Any]) -> dict[str, Any]:
        subject = event["subject"]
        if subject.startswith("reference:"):
            return {**event, "id": prefix + event["id"]}
        return {**event, "subject": prefix + subject}

    return entries_of((us, named(event)) for us, event in learned(subjects, seed))


def of_case(subject: str, what: str, time_us: int, **data: Any) -> Entry:
    """A fact of a case as a source sends it, to be stamped by the log."""
    event = {
        "specversion": "1.0",
        "id": f"{what}-{time_us}",
        "source": SOURCE,
        "type": f"hall.case.{what}.v1",
        "subject": subject,
        "time": instant(time_us, ZONE).isoformat(),
        "data": data,
    }
    record, raw = wire.accept(event, ALLOWED)
    return Entry(record.subject, record.source, record.id, raw)


def live_case(subject: str, due_us: int) -> Entry:
    """The acceptance of a case that is due at a declared instant, accepted the day before."""
    due = instant(due_us, ZONE).isoformat(timespec="microseconds")
    return of_case(
        subject, "accepted", due_us - DAY_US, matter="M-1", department="D-1", promised_due=due
    )


class Feed(threading.Thread):
    """Appends facts piece by piece; what was not acknowledged is sent again.

    Attributes:
        sent: what was acknowledged.
        again: how often a piece was sent again.
        longest_s: the longest wait for an acknowledgement.
    """

    def __init__(
        self,
        log: EventLog,
        entries: Sequence[Entry],
        *,
        pieces: int = 20,
        pause_s: float = 0.1,
    ) -> None:
        super().__init__(name="feed", daemon=True)  # a test that failed leaves it behind
        self._log = log
        self._entries = list(entries)
        self._size = max(1, -(-len(self._entries) // pieces))
        self._pause_s = pause_s
        self._over = threading.Event()
        self.sent: list[Entry] = []
        self.again = 0
        self.longest_s = 0.0
        self.error: Exception | None = None

    def run(self) -> None:
        """Send everything, unless it is ended before."""
        try:
            for start in range(0, len(self._entries), self._size):
                if self._over.is_set():
                    return
                self._send(self._entries[start : start + self._size])
                self._over.wait(self._pause_s)
        except Exception as error:  # noqa: BLE001 - the test's to see
            self.error = error

    def _send(self, piece: list[Entry]) -> None:
        began = time.monotonic()
        while True:
            try:
                self._log.append(piece)
            except LogUnavailable:
                self.again += 1
                self._over.wait(0.3)
            else:
                break
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.sent += piece

    def whole(self, within_s: float = 300.0) -> list[Entry]:
        """Wait until all is sent; what was."""
        self.join(within_s)
        assert not self.is_alive(), f"not sent within {within_s:.0f} s"
        if self.error is not None:
            raise self.error
        return self.sent

    def end(self) -> list[Entry]:
        """Send no more; what was sent."""
        self._over.set()
        return self.whole()


def shuffled(seed: int, entries: Sequence[Entry]) -> list[Entry]:
    """The same in another order."""
    found = list(entries)
    random.Random(seed).shuffle(found)
    return found
