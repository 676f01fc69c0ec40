"""Exports the metrics through prometheus-client, from figures read at scrape time."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.metrics import DELAY_BUCKETS_SECONDS, METRICS, Figures, bounded


class Exporter:
    """One registry of one hall; nothing process-wide."""

    def __init__(self) -> None:
        """Begin with what is observed; `read` adds what is looked up."""
        self._registry = CollectorRegistry()
        self._delays = _Delays()

    def read(self, figures: Callable[[], Figures]) -> None:
        """Export what `figures` answers at each scrape."""
        self._registry.register(_Collector(figures, self._delays))

    def observe_delay(self, seconds: float) -> None:
        """Count how late a live fact was learned."""
        self._delays.observe(max(0.0, seconds))

    def text(self) -> bytes:
        """Return the metrics in Prometheus text format."""
        return generate_latest(self._registry)


class _Delays:
    """A histogram without the series of creation times that the client's own adds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = [0] * (len(DELAY_BUCKETS_SECONDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        with self._lock:
            self._counts[bisect_left(DELAY_BUCKETS_SECONDS, seconds)] += 1
            self._sum += seconds

    def read(self) -> tuple[list[tuple[str, float]], float]:
        """Return (bound, count up to it) of each bucket, and the sum."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        bounds = [*(str(float(bound)) for bound in DELAY_BUCKETS_SECONDS), "+Inf"]
        below = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip(bounds, counts, strict=True):
            below += count
            buckets.append((bound, below))
        return buckets, total


class _Collector(Collector):
    def __init__(self, figures: Callable[[], Figures], delays: _Delays) -> None:
        self._figures = figures
        self._delays = delays

    def describe(self) -> list[Metric]:
        """Say nothing in advance, so that registering asks for no figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        figures = self._figures()
        labelled: Mapping[str, Mapping[tuple[str, ...], float]] = {
            "hall_cards": bounded(figures.cards),
            "hall_cases": {(state,): count for state, count in figures.cases.items()},
            "hall_dead_letters": {(k,): count for k, count in figures.dead_letters.items()},
            "hall_calendar_remaining_days": {(k,): n for k, n in figures.calendars.items()},
        }
        for metric in METRICS:
            if metric.kind == "histogram":
                buckets, total = self._delays.read()
                histogram = HistogramMetricFamily(metric.name, metric.meaning)
                histogram.add_metric([], buckets, total)
                yield histogram
                continue
            family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            values = labelled.get(metric.name) or (
                {} if metric.labels else {(): figures.singles[metric.name]}
            )
            for labels, value in values.items():
                family.add_metric(labels, value)
            yield family
