"""What the HTTP surface counts about itself, as Prometheus text.

It stands apart from the hall's metrics: these counters belong to one process and one port, and
every bound of the surface shows here how often it was met.
"""

from collections import Counter
from collections.abc import Iterable

from consoles.api.refusals import Busy
from ledger.errors import LogUnavailable

OUTCOMES = ("appended", "repeated", "conflict", "refused")
WATCHED = (Busy.code, LogUnavailable.code)
"""Problems that alerts watch."""


class Counters:
    """Counts of one process, touched only on its event loop."""

    def __init__(self) -> None:
        """Start at zero; what is watched is told from then on, or its first rise would not show."""
        self.events: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.problems: Counter[str] = Counter(dict.fromkeys(WATCHED, 0))
        self.streams_cut = 0

    def lines(self, in_flight: int, held_bytes: int, streams: int) -> Iterable[str]:
        """Yield the text format's lines; the arguments are the present fill of each bound."""
        yield from _counter(
            "hall_http_events_total",
            "Events sent, by outcome.",
            "outcome",
            self.events,
        )
        yield from _counter(
            "hall_http_problems_total", "Problems answered, by code.", "code", self.problems
        )
        yield from _plain(
            "hall_http_intake_in_flight", "gauge", "POSTs of events under way.", in_flight
        )
        yield from _plain(
            "hall_http_intake_held_bytes", "gauge", "Bytes of bodies under way.", held_bytes
        )
        yield from _plain("hall_http_live_streams", "gauge", "Open live streams.", streams)
        yield from _plain(
            "hall_http_live_streams_reset_total",
            "counter",
            "Streams that fell behind or resumed too late, and were told to fetch anew.",
            self.streams_cut,
        )


def _counter(name: str, text: str, label: str, values: Counter[str]) -> Iterable[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} counter"
    for value, count in sorted(values.items()):
        yield f'{name}{{{label}="{value}"}} {count}'


def _plain(name: str, kind: str, text: str, value: int) -> Iterable[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"
