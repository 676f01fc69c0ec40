"""The metrics: one table, text that Prometheus parses, labels that are bounded and name nobody."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.drivers.prometheus import Exporter
from alerts.metrics import (
    DELAY_BUCKETS_SECONDS,
    HALLS_MAX,
    HTTP_METRICS,
    LABEL_OTHER,
    METRICS,
    Figures,
    bounded,
    metrics_table,
)
from consoles.api.counters import Counters
from tests.consoles.commands import ROOT


def figures(**more: Any) -> Figures:
    singles = {m.name: 1.0 for m in METRICS if m.kind == "gauge" and not m.labels}
    values: dict[str, Any] = {
        "singles": singles,
        "cards": {("430100", "yellow"): 2, ("430100", "red"): 1},
        "cases": {"accepted": 3},
        "dead_letters": {"shape": 1},
        "calendars": {"cn": 38},
    }
    return Figures(**{**values, **more})


def reading(source: Callable[[], Figures]) -> Exporter:
    exporter = Exporter()
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
    families = parsed(reading(figures).text())
    assert {(family.name, family.type) for family in families.values()} == {
        (metric.name, metric.kind) for metric in METRICS
    }
    assert {family.documentation for family in families.values()} == {m.meaning for m in METRICS}


def test_a_label_is_one_of_the_table() -> None:
    known = {metric.name: set(metric.labels) for metric in METRICS}
    for name, family in parsed(reading(figures).text()).items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == known[name]


def test_what_the_http_surface_counts_is_in_the_table_too() -> None:
    counters = Counters()
    counters.events["appended"] += 1
    counters.problems["ledger.event-invalid"] += 1
    families = parsed("\n".join([*counters.lines(1, 2, 3), ""]).encode())
    assert {(name, each.type, each.documentation) for name, each in families.items()} == {
        (metric.name.removesuffix("_total"), metric.kind, metric.meaning) for metric in HTTP_METRICS
    }


def test_figures_are_read_at_each_scrape() -> None:
    now = {"accepted": 1}
    exporter = reading(lambda: figures(cases=dict(now)))
    assert samples(exporter.text(), "hall_cases") == {("accepted",): 1}
    now["accepted"] = 5
    assert samples(exporter.text(), "hall_cases") == {("accepted",): 5}


def test_nothing_is_asked_before_the_first_scrape() -> None:
    def unready() -> Figures:
        raise AssertionError("asked too early")

    exporter = reading(unready)
    with pytest.raises(AssertionError):
        exporter.text()


def test_a_delay_counts_in_every_bucket_that_holds_it() -> None:
    exporter = reading(figures)
    for seconds in (-1.0, 1.0, 1.5, 1e9):
        exporter.observe_delay(seconds)
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


def test_halls_beyond_the_bound_are_counted_together() -> None:
    cards = {(f"H{number:04}", "red"): 1 for number in range(HALLS_MAX)}
    assert bounded(cards) == cards
    more = bounded({**cards, ("H9998", "red"): 5, ("H9999", "yellow"): 1})
    assert len({hall for hall, _ in more}) == HALLS_MAX + 1
    assert more["H9998", "red"] == 5
    assert more[LABEL_OTHER, "yellow"] == 1
    assert more[LABEL_OTHER, "red"] == 1
    assert sum(more.values()) == HALLS_MAX + 6


def test_a_label_from_outside_cannot_break_the_text() -> None:
    wild = 'a"b\\c\nd'
    text = reading(lambda: figures(cards={(wild, "red"): 1})).text()
    assert samples(text, "hall_cards") == {(wild, "red"): 1}


def test_names_carry_subsystem_and_unit_and_are_unique() -> None:
    names = [metric.name for metric in (*METRICS, *HTTP_METRICS)]
    assert len(names) == len(set(names))
    for metric in (*METRICS, *HTTP_METRICS):
        assert metric.name.startswith("hall_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert not set(metric.labels) & {"case", "card", "applicant", "clerk", "subject", "id"}


def test_the_table_of_metrics_in_operating_md_is_the_one_of_the_code() -> None:
    assert metrics_table() in (ROOT / "OPERATING.md").read_text(encoding="utf-8")
