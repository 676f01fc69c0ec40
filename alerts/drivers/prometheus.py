"""Exports the metrics of one process through prometheus-client.

Figures are read at scrape time, from whoever answers for them: a hall reads its read models, a
worker its meters (`role_meter.py`). Where two sources tell the same, the later one counts.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from alerts.drivers.role_meter import Delays, RoleMeter
from alerts.figures import Build, Figures, Role, Samples, joined
from alerts.metrics import BUILD_INFO, HALL_METRICS, WORKER_METRICS
from alerts.metrics import Metric as Described

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exporter:
    """One registry of one process; nothing process-wide but what the system says of the process.

    A worker takes a meter for each of its roles and says with `follows` whether its loops are at
    work; a hall says where its figures are read.
    """

    def __init__(self, build: Build) -> None:
        """Begin with what runs; sources are added by `read` and `role`."""
        self._registry = CollectorRegistry()
        self._build = build
        self._sources: list[Callable[[], Figures]] = []
        self._meters: dict[Role, RoleMeter] = {}
        self._up: bool | None = None
        self._delays = Delays()
        self._registry.register(_Collector(self._figures, self._delays))
        ProcessCollector(registry=self._registry)

    def read(self, figures: Callable[[], Figures]) -> None:
        """Export what `figures` answers at each scrape."""
        self._sources.append(figures)

    def role(self, role: Role) -> RoleMeter:
        """Return the meter of a role of this process; the same one each time."""
        if role not in self._meters:
            self._meters[role] = RoleMeter(role, self._delays)
            self._sources.append(self._meters[role].figures)
        return self._meters[role]

    def follows(self, up: bool) -> None:
        """Say whether the loops of this process follow the log; nothing is exported before."""
        self._up = up

    def text(self) -> bytes:
        """Return the metrics in Prometheus text format."""
        return generate_latest(self._registry)

    def _figures(self) -> Figures:
        figures = joined(self._sources)
        figures[BUILD_INFO.name] = {tuple(self._build): 1}
        if self._up is not None:
            figures["hall_engine_up"] = {(): int(self._up)}
        return figures


class _Collector(Collector):
    def __init__(self, figures: Callable[[], Figures], delays: Delays) -> None:
        self._figures = figures
        self._delays = delays

    def describe(self) -> list[Metric]:
        """Say nothing in advance, so that registering asks for no figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        figures = self._figures()
        for metric in (*HALL_METRICS, *WORKER_METRICS, BUILD_INFO):
            if metric.kind == "histogram":
                yield from self._histogram(metric)
            elif figures.get(metric.name):
                yield _family(metric, figures[metric.name])

    def _histogram(self, metric: Described) -> Iterator[Metric]:
        if not self._delays.are_observed:
            return
        buckets, total = self._delays.read()
        histogram = HistogramMetricFamily(metric.name, metric.meaning)
        histogram.add_metric([], buckets, total)
        yield histogram


def _family(metric: Described, samples: Samples) -> Metric:
    """Return the samples of one metric of the table.

    The labels of each must be as many as the table says.
    """
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family: CounterMetricFamily | GaugeMetricFamily = kind(
        metric.name, metric.meaning, labels=metric.labels
    )
    for labels, value in samples.items():
        assert len(labels) == len(metric.labels), f"{metric.name} has labels {metric.labels}"
        family.add_metric(labels, value)
    return family
