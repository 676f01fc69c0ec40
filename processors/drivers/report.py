"""What a supervisor says of itself: counted as it works, read by metrics and readiness."""

from dataclasses import dataclass, field

from ledger.errors import RecordUnreadable


@dataclass(slots=True)
class SupervisionReport:
    """What supervision has done since its start; read by metrics and readiness.

    Attributes:
        ticks_held: ticks are held because the clock leapt ahead.
        conflicts: records under a known identity with other content; the first stands.
        repeats: facts that came again with the same content.
        unreadable: partitions stopped by a record that cannot be read, and what was said of it.
    """

    judged: int = 0
    appended: int = 0
    ticks: int = 0
    suspended: int = 0
    last_tick_poll_us: int = 0
    ticks_held: bool = False
    conflicts: int = 0
    repeats: int = 0
    unreadable: dict[int, RecordUnreadable] = field(default_factory=dict)
