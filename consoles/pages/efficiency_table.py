"""The efficiency table and its plot, from rows by department and rows by day.

It stands apart because these figures are compared between departments: each cell follows a
definition that stands under the table, and a ratio without a denominator is “—”, never 0 or 100.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consoles.pages.view_models import Reader

HOUR_US = 3_600_000_000
COLUMNS = (
    "department", "accepted", "completed", "open", "on_time_rate", "warning", "yellow", "red",
    "taken_back", "mean", "p90",
)  # fmt: skip
_COUNTS = ("accepted", "completed", "open")
_CARDS = ("warning", "yellow", "red", "taken_back")
_SUMMED = (*_COUNTS, "promised_completed", "promised_on_time", *_CARDS, "working_us")
NOTHING = "—"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencyTable:
    """Cells as text, in the order of `COLUMNS`, and the plot's series."""

    rows: list[list[str]]
    total: list[str]
    plot: dict[str, Any]


def efficiency_table(
    departments: Sequence[Row],
    daily: Iterable[Row],
    days: Sequence[str],
    total_p90_us: int | None,
    reader: Reader,
) -> EfficiencyTable:
    """Return the table of a range of days.

    Args:
        departments: one row a department over the whole range: `department`, accepted, completed,
            open, promised_completed, promised_on_time, warning, yellow, red, taken_back,
            working_us (their sum), p90_us.
        daily: rows with `day` and the same sums, of any number of departments.
        days: every day of the range in order, also those on which nothing was counted.
        total_p90_us: p90 of all cases together; a p90 cannot be added up.
        reader: who reads.
    """
    named = sorted(departments, key=lambda row: str(row["department"]))
    sums: dict[str, Any] = {key: sum(int(row[key] or 0) for row in named) for key in _SUMMED}
    sums["p90_us"] = total_p90_us
    return EfficiencyTable(
        rows=[_cells(reader.named("department", row["department"]), row) for row in named],
        total=_cells(reader.t("efficiency.total"), sums),
        plot=_plot(daily, days, reader),
    )


def _cells(name: str, row: Row) -> list[str]:
    completed = int(row["completed"] or 0)
    mean_us = int(row["working_us"] or 0) / completed if completed else None
    return [
        name,
        *(f"{int(row[key] or 0):,}" for key in _COUNTS),
        percent(row["promised_on_time"], row["promised_completed"]),
        *(f"{int(row[key] or 0):,}" for key in _CARDS),
        hours(mean_us),
        hours(row["p90_us"]),
    ]


def percent(part: int | None, whole: int | None) -> str:
    """Return a ratio in per cent, cut after one decimal so that 99.96 % is never shown as 100 %."""
    if not whole:
        return NOTHING
    permille = int(part or 0) * 1000 // int(whole)
    return f"{permille // 10}.{permille % 10}%"


def hours(us: float | None) -> str:
    """Return working time in hours with one decimal."""
    return NOTHING if us is None else f"{us / HOUR_US:,.1f}"


def _plot(daily: Iterable[Row], days: Sequence[str], reader: Reader) -> dict[str, Any]:
    keys = ("accepted", "completed", "promised_completed", "promised_on_time")
    sums = {day: dict.fromkeys(keys, 0) for day in days}
    for row in daily:
        for key in keys:
            sums[str(row["day"])][key] += int(row[key] or 0)
    return {
        "names": {
            key: reader.t(f"figure.{key}") for key in ("accepted", "completed", "on_time_rate")
        },
        "days": list(days),
        "accepted": [sums[day]["accepted"] for day in days],
        "completed": [sums[day]["completed"] for day in days],
        "on_time_rate": [_rate(sums[day]) for day in days],
    }


def _rate(sums: Mapping[str, int]) -> float | None:
    whole = sums["promised_completed"]
    return sums["promised_on_time"] * 1000 // whole / 10 if whole else None


def definitions(reader: Reader) -> list[tuple[str, str]]:
    """Return (name, definition) of each figure, in the order of the table."""
    t = reader.t
    comma = "、" if t.lang == "zh" else ", "
    levels = comma.join(t(f"figure.{level}") for level in _CARDS[:3])
    return [
        *((t(f"figure.{key}"), t(f"define.{key}")) for key in (*_COUNTS, "on_time_rate")),
        (levels, t("define.cards")),
        (t("figure.taken_back"), t("define.taken_back")),
        (comma.join((t("figure.mean"), t("figure.p90"))), t("define.hours")),
    ]
