"""What the HTTP surface and the pages need of a hall, as one port.

It stands apart so that `consoles/hall.py` (the composed hall), the bench and the tests can each
offer it from real drivers, and no route knows how a hall is put together.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ledger.log import Appended, DeadLetters, Entry, EventLog
from projections.drivers.readers import Readers


class HallSettings(Protocol):
    """The settings that the surface reads; plain values, fixed while the hall lives."""

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the hall; every instant in an answer is shown in it."""
        ...

    @property
    def hall_name(self) -> str:
        """Name shown on pages."""
        ...

    @property
    def generated(self) -> bool:
        """Whether the data are generated (the demo); every page says so then."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """Greatest body of one POST; 8 MiB by the design."""
        ...

    @property
    def max_batch_events(self) -> int:
        """Greatest number of events in one POST."""
        ...

    @property
    def max_in_flight(self) -> int:
        """POSTs under way before 429 is answered."""
        ...

    @property
    def max_live_clients(self) -> int:
        """Open streams before 429 is answered."""
        ...


class AsyncLog(EventLog, Protocol):
    """A log that can also be asked to append without waiting."""

    def append_async(self, entries: Sequence[Entry]) -> "Future[list[Appended]]":
        """Queue one append; the future resolves when it is durable, or raises as `append` does."""
        ...


class HallPort(Protocol):
    """One hall, composed: its log, read models, clock and answers.

    Mappings returned by `explain`, `explain_case`, `case_history` and `status` are ready for JSON:
    instants as RFC 3339 text in the hall's zone, durations as integer `…_us`.
    """

    @property
    def settings(self) -> HallSettings:
        """The settings that the surface reads."""
        ...

    @property
    def log(self) -> AsyncLog:
        """Where facts go and findings come back."""
        ...

    @property
    def dead_letters(self) -> DeadLetters:
        """What intake could not accept."""
        ...

    @property
    def readers(self) -> Readers:
        """Questions to the read models."""
        ...

    def now_us(self) -> int:
        """Return the hall's own instant (virtual in the demo), µs since the epoch, UTC."""
        ...

    def explain(self, card_id: str) -> Mapping[str, Any] | None:
        """Return the statement of intervals of a card, or None where there is no such card."""
        ...

    def explain_case(self, case_id: str, as_of_us: int | None = None) -> Mapping[str, Any] | None:
        """Return the statements of all clocks of a case, or None where nothing is known of it.

        Args:
            case_id: the subject.
            as_of_us: the instant at which clocks are read, leaving out what happened later; the
                hall's now where absent.
        """
        ...

    def case_history(
        self, case_id: str, as_of_us: int | None = None, known_at_us: int | None = None
    ) -> Mapping[str, Any] | None:
        """Return state and timeline of a case, or None where the ledger holds nothing of it.

        Args:
            case_id: the subject.
            as_of_us: only what had happened by then (`time`).
            known_at_us: only what the ledger had learned by then (`recordedtime`).
        """
        ...

    def status(self) -> Mapping[str, Any]:
        """Return readiness: `ready` (bool), `reasons` (list), lags, ticks under way, positions."""
        ...

    def metrics(self) -> bytes:
        """Return the hall's metrics in Prometheus text format."""
        ...
