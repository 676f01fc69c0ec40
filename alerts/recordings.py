"""Series that Prometheus computes from the metrics, under names `level:metric:operation`.

API nodes export the same figures, and workers those of their own partitions besides: a recording
joins them once, so that rules and dashboards need not.
"""

from typing import NamedTuple


class Recording(NamedTuple):
    """One recording rule."""

    record: str
    expr: str


RECORDINGS: tuple[Recording, ...] = (
    Recording("hall_risk:cases_open:max", "max by (hall, risk) (hall_cases_open)"),
    Recording("hall_level:cards:max", "max by (hall, level) (hall_cards)"),
    Recording("level:cards:sum", "sum by (level) (hall_level:cards:max)"),
    Recording(
        "hall:today_on_time:ratio",
        "max by (hall) (hall_today_on_time_cases) "
        "/ (max by (hall) (hall_today_promised_cases) > 0)",
    ),
    Recording(
        "role_partition:reader_lag_records:max",
        "max by (role, partition) (hall_reader_lag_records)",
    ),
    Recording(
        "role_partition:reader_position_records:max",
        "max by (role, partition) (hall_reader_position_records)",
    ),
    Recording(
        "role:read_records:rate1m",
        "sum by (role) (clamp_min(delta(role_partition:reader_position_records:max[1m]), 0)) / 60",
    ),
    Recording(
        "partition:tick_poll_age_seconds:min",
        "min by (partition) (hall_supervision_tick_poll_age_seconds)",
    ),
    # A reason has no series before its first letter, and a sum over none would be none.
    Recording(
        "total:dead_letters:sum",
        "sum(max by (reason) (hall_dead_letters)) or 0 * max(hall_figures_up)",
    ),
    Recording(
        "total:ingest_delay_seconds:p95_1h",
        "histogram_quantile(0.95, sum by (le) (rate(hall_ingest_delay_seconds_bucket[1h])))",
    ),
)
