"""What the metrics show at one moment, as plain values, and how their labels are kept bounded.

It stands apart from the exporter so that whoever reads figures (a hall, a worker) need not know how
they are exported.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from ledger.findings import LEVELS

Labels = tuple[str, ...]
Samples = Mapping[Labels, float]
Figures = Mapping[str, Samples]
"""By name of metric, the value for each combination of labels, in the order of the table."""

Role = Literal["supervise", "project", "notify", "gateway"]
"""What a worker does; each role has a position of its own in each partition."""

LABELS_MAX = 100
"""Values of one label that come from outside, such as codes of halls."""
LABEL_OTHER = "other"
"""Stands for all values beyond the bound."""
LABEL_NONE = "none"
"""Stands for a code that is not known: an empty label would be none at all."""

RISKS = ("normal", *LEVELS)
"""Risk of an open case: the highest card standing on it."""


class Build(NamedTuple):
    """What runs: version of the product, edition, version of the judging code, pack configured."""

    version: str
    edition: Literal["embedded", "kafka"]
    engine: str
    pack: str


class Bounded:
    """Names at most `LABELS_MAX` values of a label, those that count most, and joins the others."""

    def __init__(self, counts: Iterable[tuple[str, float]]) -> None:
        """Choose whom to name; the counts of one value add up."""
        total: Counter[str] = Counter()
        for value, count in counts:
            total[value] += int(count)
        ranked = sorted(total, key=lambda value: (-total[value], value))
        self.names: Collection[str] = frozenset(ranked[:LABELS_MAX])

    def label(self, value: str) -> str:
        """Return what stands for a value."""
        return (value or LABEL_NONE) if value in self.names else LABEL_OTHER

    def labels(self) -> set[str]:
        """Return what stands for the values that are named."""
        return {value or LABEL_NONE for value in self.names}


def summed(
    counts: Iterable[tuple[Labels, float]], begin: Iterable[Labels] = ()
) -> dict[Labels, float]:
    """Return the sum for each combination of labels, and 0 for those to begin with."""
    sums: dict[Labels, float] = dict.fromkeys(begin, 0)
    for labels, count in counts:
        sums[labels] = sums.get(labels, 0) + count
    return sums


def each(labels: Iterable[str], others: Iterable[str]) -> list[Labels]:
    """Return every pair of two labels."""
    known = tuple(others)
    return [(label, other) for label in labels for other in known]


def single(value: float) -> Samples:
    """Return the samples of a metric without labels."""
    return {(): value}


def joined(sources: Iterable[Callable[[], Figures]]) -> dict[str, dict[Labels, float]]:
    """Return the figures of several sources; where two tell the same, the later one counts."""
    found: dict[str, dict[Labels, float]] = {}
    for source in sources:
        for name, samples in source().items():
            found.setdefault(name, {}).update(samples)
    return found
