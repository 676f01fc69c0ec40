"""Efficiency over a range of days: the query behind one row a department, or one of all together.

It stands apart from the view by day because a mean, a percentile and what is open cannot be made
from rows by day: a range is counted anew from the cases completed in it.
"""

from projections.drivers.views import CARD_SUMS, CASE_SUMS, NOTHING, V_EFFICIENCY_DAILY, padded

_OF_DAYS = ("day", "hall", "department")
_CASES = [*(name for name, _ in CASE_SUMS), "working_us"]
_CARDS = [name for name, _ in CARD_SUMS]
_IN_RANGE = "BETWEEN :first_day AND :last_day"

SUMMARY_FIGURES = (
    *(column.name for column in V_EFFICIENCY_DAILY.columns if column.name not in _OF_DAYS),
    "working_us",
)
"""Names of the figures: those of `v_efficiency_daily` with the range in the place of the day, and
`working_us`, the sum of the working time of the cases completed."""


def summary_query(scope: str, *, by_department: bool) -> str:
    """Return the SELECT for the days `:first_day` to `:last_day`, both included.

    `open` is what was open at the end of the last day, so a department that counted nothing in the
    range has a row as long as it has cases open. The percentile is by nearest rank over the working
    time of all cases completed in the range.

    Args:
        scope: SQL conditions on `hall` and `department`, each with AND before it.
        by_department: one row a department in order of its code; else one row, whatever there is.
    """
    of, partition = ("department, ", "PARTITION BY department") if by_department else ("", "")
    sums = ", ".join(f"CAST(COALESCE(SUM({n}), 0) AS BIGINT) AS {n}" for n in (*_CASES, *_CARDS))
    by_name = {column.name: column.sql for column in V_EFFICIENCY_DAILY.columns}
    figures = ", ".join(f"{by_name.get(n, f's.{n}')} AS {n}" for n in SUMMARY_FIGURES)
    sql = (
        f"WITH ranked AS (SELECT {of}working_us, "  # noqa: S608
        f"ROW_NUMBER() OVER ({partition} ORDER BY working_us) AS place, "
        f"COUNT(*) OVER ({partition}) AS how_many "
        f"FROM case_cycles WHERE part = '' AND completed_day {_IN_RANGE}{scope}), "
        f"summed AS (SELECT {of}{sums}, CAST(COALESCE(SUM(open), 0) AS BIGINT) AS open, "
        f"MAX(p90_us) AS p90_us FROM ({_summands(of, scope)}) AS summands"
    )
    if not by_department:
        return f"{sql}) SELECT {figures} FROM summed s"  # noqa: S608
    counted = " + ".join(["accepted", "completed", *_CARDS])
    return (
        f"{sql} GROUP BY department) SELECT department, {figures} FROM summed s "  # noqa: S608
        f"WHERE {counted} > 0 OR s.open <> 0 ORDER BY department"
    )


def _summands(of: str, scope: str) -> str:
    """Return the rows that are added up: cases and cards of the range, the open, the percentile."""
    cases, cards = padded(_CASES, _CASES, _CARDS), padded(_CARDS, _CASES, _CARDS)
    nothing = padded([], _CASES, _CARDS)
    return (
        f"SELECT {of}{cases}, 0 AS open, {NOTHING} AS p90_us FROM efficiency_days "  # noqa: S608
        f"WHERE day {_IN_RANGE}{scope} UNION ALL "
        f"SELECT {of}{cards}, 0, {NOTHING} FROM card_days WHERE day {_IN_RANGE}{scope} UNION ALL "
        f"SELECT {of}{nothing}, accepted - completed, {NOTHING} FROM efficiency_days "
        f"WHERE day <= :last_day{scope} UNION ALL "
        f"SELECT {of}{nothing}, 0, working_us FROM ranked WHERE place = (9 * how_many + 9) / 10"
    )
