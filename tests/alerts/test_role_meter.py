"""A worker's own words: what it counts, by role and partition, and when it says no more."""

from typing import Any

from alerts.drivers.prometheus import Exporter
from alerts.drivers.role_meter import RoleMeter
from alerts.figures import Build, Figures

BUILD = Build("0.2.0", "kafka", "1", "hunan 1")


def meter(role: Any = "supervise") -> RoleMeter:
    return Exporter(BUILD).role(role)


def told(figures: Figures, name: str) -> dict[tuple[str, ...], float]:
    return dict(figures.get(name, {}))


def test_a_role_has_one_meter() -> None:
    exporter = Exporter(BUILD)
    assert exporter.role("project") is exporter.role("project")
    assert exporter.role("project") is not exporter.role("notify")


def test_counters_of_a_partition_begin_at_zero_when_it_is_taken_over() -> None:
    found = meter()
    found.took_over(3, next_offset=7)
    figures = found.figures()
    for name in ("fenced_out", "commits", "repeats", "gaps"):
        assert told(figures, f"hall_worker_{name}_total") == {("supervise", "3"): 0}
    assert told(figures, "hall_worker_takeovers_total") == {("supervise", "3"): 1}
    assert told(figures, "hall_worker_partitions") == {("supervise",): 1}
    assert told(figures, "hall_worker_stopped") == {("supervise", "3"): 0}
    assert told(figures, "hall_supervision_ticks_total") == {("3",): 0}
    assert told(figures, "hall_reader_position_records") == {("supervise", "3"): 7}


def test_a_commit_counts_when_it_moves_the_position() -> None:
    found = meter("project")
    found.took_over(0, next_offset=7)
    assert told(found.figures(), "hall_worker_last_commit_timestamp_seconds") == {}
    for offset in (7, 10, 10, 12):
        found.reached(0, offset)
    figures = found.figures()
    assert told(figures, "hall_worker_commits_total") == {("project", "0"): 2}
    assert told(figures, "hall_reader_position_records") == {("project", "0"): 12}
    assert told(figures, "hall_worker_last_commit_timestamp_seconds")["project", "0"] > 1e9


def test_repeats_gaps_lags_and_conflicts_are_told_as_they_are_counted() -> None:
    found = meter()
    found.took_over(0, next_offset=0)
    found.repeats(0, 4)
    found.repeats(0)
    found.gaps(0, 2)
    found.lags(0, 17)
    found.conflicts()
    figures = found.figures()
    assert told(figures, "hall_worker_repeats_total") == {("supervise", "0"): 5}
    assert told(figures, "hall_worker_gaps_total") == {("supervise", "0"): 2}
    assert told(figures, "hall_reader_lag_records") == {("supervise", "0"): 17}
    assert told(figures, "hall_supervision_conflicts_total") == {(): 1}


def test_ticks_are_told_by_partition() -> None:
    found = meter()
    found.took_over(2, next_offset=0)
    found.ticked(2, 5)
    found.ticks_under_way(2, 3)
    found.polled(2, 1_800_000_000_500_000)
    found.ticks_held(are_held=True)
    figures = found.figures()
    assert told(figures, "hall_supervision_ticks_total") == {("2",): 5}
    assert told(figures, "hall_supervision_ticks_under_way") == {("2",): 3}
    assert told(figures, "hall_supervision_ticks_held") == {(): 1}
    last = told(figures, "hall_supervision_last_tick_poll_timestamp_seconds")
    assert last == {("2",): 1_800_000_000.5}
    assert 0 <= told(figures, "hall_supervision_tick_poll_age_seconds")["2",] < 60


def test_only_supervision_tells_of_ticks_and_conflicts() -> None:
    names = meter("notify").figures()
    assert not [name for name in names if name.startswith("hall_supervision_")]


def test_of_a_partition_given_up_only_the_counts_are_told() -> None:
    found = meter()
    for number in (0, 1):
        found.took_over(number, next_offset=0)
        found.reached(number, 5)
        found.lags(number, 1)
        found.polled(number, 1)
        found.ticks_under_way(number, 1)
        found.stopped(number, is_stopped=True)
    found.gave_up(1)
    figures = found.figures()
    of_both = {("supervise", "0"): 1, ("supervise", "1"): 1}
    assert told(figures, "hall_worker_commits_total") == of_both
    assert told(figures, "hall_worker_partitions") == {("supervise",): 1}
    for name in ("hall_reader_lag_records", "hall_reader_position_records", "hall_worker_stopped"):
        assert list(told(figures, name)) == [("supervise", "0")]
    for name in ("ticks_under_way", "tick_poll_age_seconds"):
        assert list(told(figures, f"hall_supervision_{name}")) == [("0",)]


def test_an_owner_that_is_fenced_out_counts_it_and_leaves_the_partition() -> None:
    found = meter("project")
    found.took_over(4, next_offset=0)
    found.fenced_out(4)
    found.took_over(4, next_offset=9)
    figures = found.figures()
    assert told(figures, "hall_worker_fenced_out_total") == {("project", "4"): 1}
    assert told(figures, "hall_worker_takeovers_total") == {("project", "4"): 2}
    assert told(figures, "hall_reader_position_records") == {("project", "4"): 9}


def test_a_partition_is_stopped_until_it_is_not() -> None:
    found = meter()
    found.took_over(0, next_offset=0)
    found.stopped(0, is_stopped=True)
    assert told(found.figures(), "hall_worker_stopped") == {("supervise", "0"): 1}
    found.stopped(0, is_stopped=False)
    assert told(found.figures(), "hall_worker_stopped") == {("supervise", "0"): 0}


def test_a_process_that_watches_no_delays_exports_none() -> None:
    exporter = Exporter(BUILD)
    exporter.role("project")
    assert b"hall_ingest_delay_seconds" not in exporter.text()
    exporter.role("supervise")
    assert b"hall_ingest_delay_seconds_count 0.0" in exporter.text()
