"""Every metric this product exports, in one table: name, type, unit, labels, meaning, from where.

Prometheus sees counts, never cases: labels are bounded by configuration and hold no case and no
person. What can be counted again from the read models is a gauge, so that a rebuild makes no spike;
counters count what one process has done since its start.

What `hall` exports is read from the log and the database at scrape time and is the same from every
node, so it is joined by `max`; what `worker` exports is said by the process that does the work.
"""

from typing import Literal, NamedTuple

By = Literal["hall", "worker", "http", "process"]
Kind = Literal["gauge", "counter", "histogram"]


class Metric(NamedTuple):
    """One metric. `kind` is as Prometheus has it.

    Attributes:
        by: which processes export it: those that answer for the hall (API nodes), those that do
            its work (workers), those with an HTTP surface, or every one. The embedded edition is
            all of them in one process.
    """

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...]
    meaning: str
    by: By


def _hall(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"hall_{name}", "gauge", unit, labels, meaning, "hall")


def _worker(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    kind: Kind = "counter" if name.endswith("_total") else "gauge"
    return Metric(f"hall_{name}", kind, unit, labels, meaning, "worker")


def _http(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    kind: Kind = "counter" if name.endswith("_total") else "gauge"
    return Metric(f"hall_http_{name}", kind, unit, labels, meaning, "http")


def _process(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    kind: Kind = "counter" if name.endswith("_total") else "gauge"
    return Metric(name, kind, unit, labels, meaning, "process")


_ROLE = ("role", "partition")

HALL_METRICS: tuple[Metric, ...] = (
    _hall("cases", "cases", "Cases by state, imported ones among them.", "state"),
    _hall("cases_open", "cases", "Open live cases, by highest card standing.", "hall", "risk"),
    _hall(
        "department_cases_open",
        "cases",
        "Open live cases, by highest card standing.",
        *("department", "risk"),
    ),
    _hall("cards", "cards", "Live cards, by highest level.", "hall", "level"),
    _hall("department_cards", "cards", "Live cards, by highest level.", "department", "level"),
    _hall("cards_unsigned", "cards", "Live cards that nobody has signed.", "hall", "level"),
    _hall("today_accepted_cases", "cases", "Accepted on the present day.", "hall"),
    _hall("today_completed_cases", "cases", "Completed on the present day.", "hall"),
    _hall("today_promised_cases", "cases", "Completed that had a promised limit.", "hall"),
    _hall("today_on_time_cases", "cases", "Completed within their promised limit.", "hall"),
    _hall("today_working_seconds", "seconds", "Working time of the completed.", "hall"),
    _hall("today_cards_issued", "cards", "Cards issued on the present day.", "hall", "level"),
    _hall("log_records", "records", "Records in the log.", "partition"),
    _hall("reader_position_records", "records", "Records of the log read and committed.", *_ROLE),
    _hall("reader_lag_records", "records", "Records of the log not yet read.", *_ROLE),
    _hall(
        "supervision_suspended_cases",
        "cases",
        "Cases that could not be judged and wait for an operator.",
    ),
    _hall("dead_letters", "letters", "What intake could not accept.", "reason"),
    _hall(
        "calendar_remaining_days",
        "days",
        "Days until the first year whose holidays nobody has published.",
        "calendar",
    ),
    _hall("rebuild_last_timestamp_seconds", "seconds", "When the last rebuild ended.", "kind"),
    _hall("rebuild_last_records", "records", "Records that the last one read.", "kind"),
    _hall(
        "rebuild_last_differences",
        "rows",
        "Rows in which live and rebuilt read models differed, as far as they were told.",
        "kind",
    ),
    _hall(
        "clock_difference_seconds",
        "seconds",
        "How far this process's clock is ahead of the database's; 0 where it keeps both.",
    ),
    _hall("figures_up", "boolean", "1 while that part could be read for these figures.", "part"),
)
"""Read at scrape time from the log and the database; the same from every node."""

WORKER_METRICS: tuple[Metric, ...] = (
    _worker("engine_up", "boolean", "1 while findings and read models follow the log."),
    _worker("worker_partitions", "partitions", "Partitions that the process owns.", "role"),
    _worker("worker_takeovers_total", "takeovers", "Partitions taken over.", *_ROLE),
    _worker("worker_fenced_out_total", "losses", "Commits refused: another owner.", *_ROLE),
    _worker("worker_commits_total", "commits", "Batches committed.", *_ROLE),
    _worker("worker_last_commit_timestamp_seconds", "seconds", "When the last batch was.", *_ROLE),
    _worker("worker_repeats_total", "records", "Records that came again, to no effect.", *_ROLE),
    _worker(
        "worker_gaps_total",
        "records",
        "Records that delivery passed over and that were read from the log instead.",
        *_ROLE,
    ),
    _worker("worker_stopped", "boolean", "1 while an unreadable record stops it.", *_ROLE),
    _worker("supervision_ticks_total", "ticks", "Ticks appended.", "partition"),
    _worker(
        "supervision_ticks_under_way",
        "ticks",
        "Ticks appended and not yet judged, at most.",
        "partition",
    ),
    _worker("supervision_ticks_held", "boolean", "1 while ticks wait: the clock leapt ahead."),
    _worker(
        "supervision_last_tick_poll_timestamp_seconds",
        "seconds",
        "When due instants were last asked for, by the clock that decides them.",
        "partition",
    ),
    _worker(
        "supervision_tick_poll_age_seconds",
        "seconds",
        "How long ago due instants were last asked for.",
        "partition",
    ),
    _worker(
        "supervision_conflicts_total",
        "records",
        "Records under a known identity with other content; the first stands.",
    ),
    Metric(
        "hall_ingest_delay_seconds",
        "histogram",
        "seconds",
        (),
        "From when a live fact happened to when the ledger learned it.",
        "worker",
    ),
)
"""Said by the process that does the work; counters begin at its start."""

HTTP_METRICS: tuple[Metric, ...] = (
    _http("events_total", "events", "Events sent, by outcome.", "outcome"),
    _http("problems_total", "problems", "Problems answered, by code.", "code"),
    _http("intake_in_flight", "requests", "POSTs of events under way."),
    _http("intake_held_bytes", "bytes", "Bytes of bodies under way."),
    _http("live_streams", "streams", "Open live streams."),
    _http(
        "live_streams_reset_total",
        "streams",
        "Streams that fell behind or resumed too late, and were told to fetch anew.",
    ),
)
"""What the HTTP surface counts about itself, for one process and port."""

BUILD_INFO = _process(
    "hall_build_info",
    "info",
    "Always 1; the labels say what runs.",
    *("version", "edition", "engine", "pack"),
)

PROCESS_METRICS: tuple[Metric, ...] = (
    BUILD_INFO,
    _process("process_virtual_memory_bytes", "bytes", "Virtual memory size in bytes."),
    _process("process_resident_memory_bytes", "bytes", "Resident memory size in bytes."),
    _process(
        "process_start_time_seconds",
        "seconds",
        "Start time of the process since unix epoch in seconds.",
    ),
    _process(
        "process_cpu_seconds_total", "seconds", "Total user and system CPU time spent in seconds."
    ),
    _process("process_open_fds", "files", "Number of open file descriptors."),
    _process("process_max_fds", "files", "Maximum number of open file descriptors."),
)
"""What every process says of itself; those of Prometheus's own naming by prometheus-client."""

METRICS = (*HALL_METRICS, *WORKER_METRICS, *HTTP_METRICS, *PROCESS_METRICS)

DELAY_BUCKETS_SECONDS = (1, 5, 30, 60, 300, 1800, 3600, 14_400, 86_400, 604_800)

_FROM = {"hall": "API", "worker": "worker", "http": "API", "process": "every"}


def metrics_table() -> str:
    """Return the table of metrics as Markdown, as OPERATING.md shows it."""
    lines = [
        "| metric | type | unit | labels | process | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for metric in METRICS:
        labels = ", ".join(metric.labels) or "–"
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {_FROM[metric.by]} "
            f"| {metric.meaning} |"
        )
    return "\n".join(lines)
