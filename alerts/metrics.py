"""Every metric this product exports, in one table: name, type, unit, labels, meaning.

Prometheus sees counts, never cases: labels are bounded by configuration and hold no case and no
person. What can be counted again from the read models is a gauge, so that a rebuild makes no spike.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """One metric. `kind` is as Prometheus has it."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    unit: str
    labels: tuple[str, ...]
    meaning: str


METRICS: tuple[Metric, ...] = (
    Metric("hall_cards", "gauge", "cards", ("hall", "level"), "Live cards, by highest level."),
    Metric("hall_cases", "gauge", "cases", ("state",), "Cases by state."),
    Metric(
        "hall_ingest_delay_seconds",
        "histogram",
        "seconds",
        (),
        "From when a live fact happened to when the ledger learned it.",
    ),
    Metric(
        "hall_supervision_lag_records", "gauge", "records", (), "Records of the log not yet judged."
    ),
    Metric(
        "hall_projection_lag_records",
        "gauge",
        "records",
        (),
        "Records of the log not yet in the read models.",
    ),
    Metric("hall_log_records", "gauge", "records", (), "Records in the log."),
    Metric(
        "hall_supervision_suspended_cases",
        "gauge",
        "cases",
        (),
        "Cases that could not be judged and wait for an operator.",
    ),
    Metric(
        "hall_supervision_last_tick_poll_timestamp_seconds",
        "gauge",
        "seconds",
        (),
        "When due instants were last asked for, by the hall's clock.",
    ),
    Metric(
        "hall_supervision_ticks_held",
        "gauge",
        "boolean",
        (),
        "1 while ticks are held because the clock leapt ahead.",
    ),
    Metric("hall_dead_letters", "gauge", "letters", ("reason",), "What intake could not accept."),
    Metric(
        "hall_calendar_remaining_days",
        "gauge",
        "days",
        ("calendar",),
        "Days until the first year whose holidays nobody has published.",
    ),
    Metric(
        "hall_engine_up", "gauge", "boolean", (), "1 while findings and read models follow the log."
    ),
)

HTTP_METRICS: tuple[Metric, ...] = (
    Metric("hall_http_events_total", "counter", "events", ("outcome",), "Events sent, by outcome."),
    Metric(
        "hall_http_problems_total", "counter", "problems", ("code",), "Problems answered, by code."
    ),
    Metric("hall_http_intake_in_flight", "gauge", "requests", (), "POSTs of events under way."),
    Metric("hall_http_intake_held_bytes", "gauge", "bytes", (), "Bytes of bodies under way."),
    Metric("hall_http_live_streams", "gauge", "streams", (), "Open live streams."),
    Metric(
        "hall_http_live_streams_reset_total",
        "counter",
        "streams",
        (),
        "Streams that fell behind or resumed too late, and were told to fetch anew.",
    ),
)
"""What the HTTP surface counts about itself, for one process and port."""

DELAY_BUCKETS_SECONDS = (1, 5, 30, 60, 300, 1800, 3600, 14_400, 86_400, 604_800)
HALLS_MAX = 100
LABEL_OTHER = "other"
"""Stands for all halls beyond the bound: their codes come from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the metrics show at one moment; single figures by metric name.

    Attributes:
        cards: live cards by (hall, level).
        cases: cases by state.
        dead_letters: by reason.
        calendars: days left by calendar.
    """

    singles: Mapping[str, float]
    cards: Mapping[tuple[str, str], int]
    cases: Mapping[str, int]
    dead_letters: Mapping[str, int]
    calendars: Mapping[str, int]


def bounded(cards: Mapping[tuple[str, str], int]) -> dict[tuple[str, ...], int]:
    """Return the cards of at most `HALLS_MAX` halls under their names, those with most first."""
    halls: Counter[str] = Counter()
    for (hall, _), count in cards.items():
        halls[hall] += count
    named = set(sorted(halls, key=lambda hall: (-halls[hall], hall))[:HALLS_MAX])
    counted: Counter[tuple[str, ...]] = Counter()
    for (hall, level), count in cards.items():
        counted[hall if hall in named else LABEL_OTHER, level] += count
    return dict(counted)


def metrics_table() -> str:
    """Return the table of metrics as Markdown, as OPERATING.md shows it."""
    lines = ["| metric | type | unit | labels | meaning |", "| --- | --- | --- | --- | --- |"]
    for metric in (*METRICS, *HTTP_METRICS):
        labels = ", ".join(metric.labels) or "–"
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.meaning} |"
        )
    return "\n".join(lines)
