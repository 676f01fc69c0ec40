"""The metrics: one table, text that Prometheus parses, labels that are bounded and name nobody."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.drivers.prometheus import Exporter
from alerts.figures import (
    LABEL_NONE,
    LABEL_OTHER,
    LABELS_MAX,
    Bounded,
    Build,
    Figures,
    each,
    joined,
    single,
    summed,
)
from alerts.metrics import (
    DELAY_BUCKETS_SECONDS,
    HALL_METRICS,
    HTTP_METRICS,
    METRICS,
    WORKER_METRICS,
    metrics_table,
)
from consoles.api.counters import Counters
from tests.consoles.commands import ROOT

BUILD = Build("0.2.0", "embedded", "1", "hunan 1")


def figures(**more: Any) -> Figures:
    """A sample of each metric that is read, labels being their own names."""
    values: dict[str, Any] = {
        metric.name: {metric.labels: 1.0}
        for metric in (*HALL_METRICS, *WORKER_METRICS)
        if metric.kind != "histogram"
    }
    return {**values, **more}


def reading(source: Callable[[], Figures]) -> Exporter:
    exporter = Exporter(BUILD)
    exporter.read(source)
    return exporter


def parsed(text: bytes) -> Mapping[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def samples(text: bytes, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for sample in parsed(text)[name].samples
        if sample.name == name
    }


def test_the_text_holds_the_metrics_of_the_table_and_no_other() -> None:
    exporter = reading(figures)
    exporter.role("supervise").observe_delay(1)
    families = parsed(exporter.text())
    table = [metric for metric in METRICS if metric.by != "http"]
    assert {(family.name, family.type) for family in families.values()} == {
        (metric.name.removesuffix("_total"), metric.kind) for metric in table
    }
    assert {family.documentation for family in families.values()} == {m.meaning for m in table}


def test_a_label_is_one_of_the_table() -> None:
    known = {metric.name.removesuffix("_total"): set(metric.labels) for metric in METRICS}
    for name, family in parsed(reading(figures).text()).items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == known[name]


def test_labels_that_are_not_those_of_the_table_are_a_programmer_s_error() -> None:
    with pytest.raises(AssertionError, match="hall_cards has labels"):
        reading(lambda: {"hall_cards": {("430100",): 1}}).text()


def test_what_the_http_surface_counts_is_in_the_table_too() -> None:
    counters = Counters()
    counters.events["appended"] += 1
    counters.problems["ledger.event-invalid"] += 1
    families = parsed("\n".join([*counters.lines(1, 2, 3), ""]).encode())
    assert {(name, each.type, each.documentation) for name, each in families.items()} == {
        (metric.name.removesuffix("_total"), metric.kind, metric.meaning) for metric in HTTP_METRICS
    }


def test_what_alerts_watch_is_told_before_it_is_counted() -> None:
    text = "\n".join([*Counters().lines(0, 0, 0), ""]).encode()
    told = parsed(text)["hall_http_problems"].samples
    assert {(each.labels["code"], each.value) for each in told} == {
        ("request.busy", 0),
        ("ledger.unavailable", 0),
    }


def test_figures_are_read_at_each_scrape() -> None:
    now = {("accepted",): 1}
    exporter = reading(lambda: figures(hall_cases=dict(now)))
    assert samples(exporter.text(), "hall_cases") == {("accepted",): 1}
    now["accepted",] = 5
    assert samples(exporter.text(), "hall_cases") == {("accepted",): 5}


def test_nothing_is_asked_before_the_first_scrape() -> None:
    def unready() -> Figures:
        raise AssertionError("asked too early")

    exporter = reading(unready)
    with pytest.raises(AssertionError):
        exporter.text()


def test_a_metric_without_samples_is_left_out() -> None:
    found = parsed(reading(lambda: {"hall_cards": {}}).text())
    assert {name for name in found if name.startswith("hall_")} == {"hall_build_info"}


def test_every_process_says_what_runs_and_how_much_memory_it_holds() -> None:
    text = Exporter(BUILD).text()
    (build,) = parsed(text)["hall_build_info"].samples
    assert (build.labels, build.value) == (BUILD._asdict(), 1)
    assert samples(text, "process_resident_memory_bytes")[()] > 1e6
    assert samples(text, "process_start_time_seconds")[()] > 1e9


def test_the_engine_is_up_or_not_once_it_has_been_said() -> None:
    exporter = Exporter(BUILD)
    assert "hall_engine_up" not in parsed(exporter.text())
    exporter.follows(True)
    assert samples(exporter.text(), "hall_engine_up") == {(): 1}
    exporter.follows(False)
    assert samples(exporter.text(), "hall_engine_up") == {(): 0}


def test_where_two_sources_tell_the_same_the_later_one_counts() -> None:
    first: Figures = {"hall_cards": {("H", "red"): 1, ("G", "red"): 2}}
    second: Figures = {"hall_cards": {("H", "red"): 3}, "hall_cases": {("accepted",): 4}}
    assert joined([lambda: first, lambda: second]) == {
        "hall_cards": {("H", "red"): 3, ("G", "red"): 2},
        "hall_cases": {("accepted",): 4},
    }


def test_a_delay_counts_in_every_bucket_that_holds_it() -> None:
    exporter = reading(figures)
    for seconds in (-1.0, 1.0, 1.5, 1e9):
        exporter.role("supervise").observe_delay(seconds)
    family = parsed(exporter.text())["hall_ingest_delay_seconds"]
    buckets = {
        float(sample.labels["le"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_bucket")
    }
    assert list(buckets) == [*map(float, DELAY_BUCKETS_SECONDS), float("inf")]
    assert (buckets[1.0], buckets[5.0], buckets[604_800.0], buckets[float("inf")]) == (2, 3, 3, 4)
    assert all(before <= after for before, after in pairwise(buckets.values()))
    others = {sample.name: sample.value for sample in family.samples if "le" not in sample.labels}
    assert others == {
        "hall_ingest_delay_seconds_count": 4,
        "hall_ingest_delay_seconds_sum": 1e9 + 2.5,
    }


def test_values_of_a_label_beyond_the_bound_are_counted_together() -> None:
    counts = [(f"H{number:04}", 1) for number in range(LABELS_MAX)]
    assert Bounded(counts).labels() == {hall for hall, _ in counts}
    halls = Bounded([*counts, ("H9998", 5), ("H9999", 1)])
    assert len(halls.labels()) == LABELS_MAX
    assert halls.label("H9998") == "H9998"
    assert halls.label("H9999") == halls.label("H0099") == LABEL_OTHER
    assert halls.label("never seen") == LABEL_OTHER


def test_a_code_that_is_not_known_has_a_label_that_says_so() -> None:
    halls = Bounded([("", 3), ("H1", 1)])
    assert halls.labels() == {LABEL_NONE, "H1"}
    assert halls.label("") == LABEL_NONE


def test_what_is_counted_under_one_label_adds_up_from_the_zeros_to_begin_with() -> None:
    counts = [(("H", "red"), 1), (("H", "red"), 2)]
    assert summed(counts, each(["H"], ["yellow", "red"])) == {("H", "yellow"): 0, ("H", "red"): 3}


def test_a_label_from_outside_cannot_break_the_text() -> None:
    wild = 'a"b\\c\nd'
    text = reading(lambda: figures(hall_cards={(wild, "red"): 1})).text()
    assert samples(text, "hall_cards") == {(wild, "red"): 1}


def test_names_carry_subsystem_and_unit_and_are_unique() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    for metric in METRICS:
        assert metric.name.startswith("hall_") or metric.by == "process"
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert ("seconds" in metric.name) == (metric.unit == "seconds")
        assert not set(metric.labels) & {"case", "card", "applicant", "clerk", "subject", "id"}
        assert metric.meaning.endswith(".")


def test_a_single_figure_has_no_labels() -> None:
    text = reading(lambda: {"hall_supervision_suspended_cases": single(3)}).text()
    assert samples(text, "hall_supervision_suspended_cases") == {(): 3}


def test_the_table_of_metrics_in_operating_md_is_the_one_of_the_code() -> None:
    assert metrics_table() in (ROOT / "OPERATING.md").read_text(encoding="utf-8")
