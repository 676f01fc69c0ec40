"""Dashboards as values: rows of panels, each with its queries and how their values are shown.

A colour never speaks alone: levels have a sign and a word, and lines a pattern of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Step(NamedTuple):
    """From a value on, a colour; None begins."""

    value: float | None
    color: str


class Text(NamedTuple):
    """What a value is shown as."""

    value: str
    text: str
    color: str


class Named(NamedTuple):
    """How the field of a name is shown: a text, a colour, a pattern of its line, a unit."""

    field: str
    text: str
    color: str = ""
    dash: tuple[int, ...] = ()
    unit: str = ""


class Query(NamedTuple):
    """An expression and how its series are called, e.g. `{{role}} {{partition}}`."""

    expr: str
    legend: str


GREY = (Step(None, "text"),)
"""A figure that is neither good nor bad."""
ZERO_IS_GOOD = (Step(None, "green"), Step(1, "red"))
ZERO_IS_BAD = (Step(None, "red"), Step(1, "green"))
UP_OR_DOWN = (Text("0", "✕ 中断 down", "red"), Text("1", "✓ 正常 up", "green"))
NO_OR_YES = (Text("0", "✓ 否 no", "green"), Text("1", "✕ 是 yes", "red"))
LEVELS = (
    Named("warning", "▲ 预警 warning", "blue", (10, 10)),
    Named("yellow", "■ 黄牌 yellow", "yellow", (20, 5)),
    Named("red", "⬤ 红牌 red", "red"),
)
RISKS = (Named("normal", "○ 正常 normal", "green", (2, 6)), *LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        kind: `stat` single figures, `lines` and `areas` over time, `bars` one bar a series, `table`
            one row a series, `matrix` a table of two labels, `states` texts over time.
        unit: as Grafana names it; `suffix:…` for one of our own.
        steps: thresholds of colour.
        texts: what single values are shown as.
        named: how the fields of a name are shown.
        rows, columns: of a matrix, the labels.
        width: in columns.
        height: in rows of the grid.
    """

    title: str
    description: str
    kind: Literal["stat", "lines", "areas", "bars", "table", "matrix", "states"]
    unit: str
    queries: Sequence[Query]
    width: int
    height: int = 7
    decimals: int | None = None
    steps: Sequence[Step] = GREY
    texts: Sequence[Text] = ()
    named: Sequence[Named] = ()
    rows: str = ""
    columns: str = ""
    min: float | None = 0
    max: float | None = None


class Row(NamedTuple):
    """A heading and the panels below it."""

    title: str
    panels: Sequence[Panel]


class Variable(NamedTuple):
    """A choice of values of a label; all of them unless some are chosen."""

    name: str
    label: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard; `uid` is its address for ever."""

    uid: str
    title: str
    description: str
    since: str
    variables: Sequence[Variable]
    rows: Sequence[Row]
