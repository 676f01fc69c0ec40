"""The picture of a statement of intervals, as geometry: the calendar above, the budget below.

It stands apart from the statement's words because it is all lengths and places; the only
arithmetic on time here is the scale of an axis.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from consoles.pages.view_models import Reader

WIDTH = 1000.0
_TICKS_MAX = 8
_DAYS_MAX = 3_660
_CHAR = 13.0
"""Greatest width of one character of a label, in the picture's units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One interval of a statement; `running` is the sum so far, in µs or in days."""

    kind: str
    start_us: int
    end_us: int
    length_us: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One limit as a place on the budget axis."""

    limit: str
    text: str
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An interval on the calendar axis."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text at a place of an axis, moved inwards where it would leave the picture."""

    x: float
    label_x: float
    anchor: str
    label: str
    y: float = 0.0
    statutory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The calendar axis above, the budget axis below."""

    calendar: list[Bar]
    ticks: list[Label]
    within: float
    over: float
    marks: list[Label]
    height: float


def picture(
    spans: Sequence[Interval], used: int, overdue: int, limits: Sequence[Granted], reader: Reader
) -> Picture:
    """Return the picture of a statement.

    Args:
        spans: its intervals, in order.
        used: what was counted, in µs or in days.
        overdue: how much of it lies beyond the limit.
        limits: where the limits lie on the budget axis.
        reader: who reads.
    """
    if not spans:
        return Picture(calendar=[], ticks=[], within=0, over=0, marks=[], height=0)
    start_us, end_us = spans[0].start_us, max(span.end_us for span in spans)
    length_us = max(1, end_us - start_us)

    def place(us: int) -> float:
        return round((us - start_us) * WIDTH / length_us, 2)

    bars = [
        Bar(
            kind=span.kind,
            x=place(span.start_us),
            width=round(max(0.6, place(span.end_us) - place(span.start_us)), 2),
        )
        for span in spans
    ]
    full = max([used, *(limit.budget for limit in limits), 1]) * 1.04
    within = round((used - overdue) * WIDTH / full, 2)
    marks = _marks(limits, full)
    return Picture(
        calendar=bars,
        ticks=_ticks(start_us, end_us, place, reader),
        within=within,
        over=max(3.0, round(overdue * WIDTH / full, 2)) if overdue else 0.0,
        marks=marks,
        height=max([160.0, *(mark.y + 8 for mark in marks)]),
    )


def _marks(limits: Sequence[Granted], full: float) -> list[Label]:
    """One mark a limit, each label on its own line so that near limits do not overlap."""
    marks = []
    for place, limit in enumerate(sorted(limits, key=lambda each: each.budget)):
        x = round(limit.budget * WIDTH / full, 2)
        label_x, anchor = _inside(x, limit.text)
        marks.append(
            Label(
                x=x,
                label_x=label_x,
                anchor=anchor,
                label=limit.text,
                y=172.0 + 20 * place,
                statutory=limit.limit == "statutory",
            )
        )
    return marks


def _inside(x: float, text: str) -> tuple[float, str]:
    """Return where a centred label goes so that all of it stays in the picture."""
    half = len(text) * _CHAR / 2
    if x - half < 0:
        return 0.0, "start"
    return (WIDTH, "end") if x + half > WIDTH else (x, "middle")


def _ticks(
    start_us: int, end_us: int, place: Callable[[int], float], reader: Reader
) -> list[Label]:
    """Return marks at local midnights, not more than fit, and at both ends if the span is short."""
    times = reader.times
    midnights: list[int] = []
    at = times.midnight_after(start_us)
    while at < end_us and len(midnights) < _DAYS_MAX:
        midnights.append(at)
        at = times.midnight_after(at)
    if not midnights:
        ends = [(start_us, 0.0, "start"), (end_us, WIDTH, "end")]
        return [
            Label(x=x, label_x=x, anchor=anchor, label=times.minute(us)) for us, x, anchor in ends
        ]
    every = -(-len(midnights) // _TICKS_MAX)
    ticks = []
    for us in midnights[::every]:
        label = times.day_label(us)
        label_x, anchor = _inside(place(us), label)
        ticks.append(Label(x=place(us), label_x=label_x, anchor=anchor, label=label))
    return ticks
