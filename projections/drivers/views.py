"""The views that analysts may rely on: `v_cases`, `v_cards`, `v_efficiency_daily`.

Names and meanings of their columns are public and change only with the package's version; the
tables below them are internal. Each column carries its comment, from which the data dictionary is
made.

Ratios are percentages cut off, not rounded, after two decimals, as supervision systems in use do
it; they are absent where nothing is counted. Means are cut off likewise. The ninetieth percentile
is by nearest rank.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, inspect, text

from projections.board_tables import CARDS, CASES
from projections.drivers.grants import give, grants_on
from projections.drivers.local_time import local_time, zone_offsets
from projections.drivers.sql_tables import ZONE_OFFSETS
from projections.rows import TableShape


class ViewColumn(NamedTuple):
    """One column of a view: name, comment, and the SQL expression behind it."""

    name: str
    comment: str
    sql: str = ""


class View(NamedTuple):
    """A documented view."""

    name: str
    comment: str
    columns: tuple[ViewColumn, ...]


def _plain(shape: TableShape, *names: str) -> list[ViewColumn]:
    """Columns of a table under their own names; instants also as local time."""
    comments = {column.name: column.comment for column in shape.columns}
    columns = []
    for name in names:
        columns.append(ViewColumn(name, comments[name], f"t.{name}"))
        if name.endswith("_us") and name not in ("used_us", "stopped_us", "overdue_us"):
            shown = f"{name[:-3]}_at".replace("_due_at", "_due")
            columns.append(ViewColumn(shown, f"{comments[name]}; local time, ISO 8601", ""))
    return columns


V_CASES = View(
    "v_cases",
    "One row for each case, as it stands.",
    (
        ViewColumn("case_id", "Case id", "t.subject"),
        *_plain(
            CASES,
            "hall",
            "department",
            "matter",
            "handling_type",
            "channel",
            "clerk_ref",
            "phase",
            "received_us",
            "accepted_us",
            "completed_us",
            "refused_us",
            "outcome",
            "reopened",
            "promised_due_us",
            "statutory_due_us",
            "provisional",
            "level",
            "warning_standing",
            "yellow_standing",
            "red_standing",
            "anomalies",
            "suspended",
            "rating",
            "timeline",
        ),
        ViewColumn(
            "working_us",
            "Working time from acceptance to completion, stops taken out",
            "y.working_us",
        ),
        ViewColumn(
            "promised_on_time", "1 within the promised limit, 0 beyond", "y.promised_on_time"
        ),
        ViewColumn(
            "statutory_on_time", "1 within the statutory limit, 0 beyond", "y.statutory_on_time"
        ),
        ViewColumn("log_partition", "Partition of the log its records lie in", "t.partition"),
    ),
)

_CARD_COLUMNS = tuple(
    name
    for name in CARDS.names
    if name not in ("subject", "card_id", "partition", "changed_offset", "log_offset")
)

V_CARDS = View(
    "v_cards",
    "One row for each card ever issued, with its state; cards are counted by the day of time_at.",
    (
        ViewColumn("card_id", "Card id", "t.card_id"),
        ViewColumn("case_id", "Case id", "t.subject"),
        *_plain(CARDS, *_CARD_COLUMNS),
        ViewColumn("log_partition", "Partition of the record that issued it", "t.partition"),
        ViewColumn("log_offset", "Offset of the record that issued it", "t.log_offset"),
    ),
)

CASE_SUMS = (
    ("accepted", "Cases accepted that day (受理)"),
    ("completed", "Cases completed that day (办结), as last settled"),
    ("promised_completed", "Completed that day with a promised limit"),
    ("promised_on_time", "Of them, completed within the promised limit"),
    ("statutory_completed", "Completed that day with a statutory limit"),
    ("statutory_on_time", "Of them, completed within the statutory limit"),
)
CARD_SUMS = tuple(
    (f"{level}_{what}", f"{level} cards {what} that day{more}")
    for what, more in (
        ("issued", " (by time of the finding), whatever became of them"),
        ("rescinded", " by supervision on late evidence or amendment (by time of the rescission)"),
        ("revoked", " by people on appeal (by time of the decision)"),
    )
    for level in ("warning", "yellow", "red")
)


def _percent(part: str, whole: str) -> str:
    return f"CAST(10000 * {part} / NULLIF({whole}, 0) AS DOUBLE PRECISION) / 100"


def _hours(us: str) -> str:
    return f"CAST({us} / 36000000 AS DOUBLE PRECISION) / 100"


NOTHING = "CAST(NULL AS BIGINT)"
"""PostgreSQL takes a bare NULL in a union for text."""
_MEAN_US = "s.working_us / NULLIF(s.completed, 0)"

V_EFFICIENCY_DAILY = View(
    "v_efficiency_daily",
    "One row for each local day, hall and department on which something was counted.",
    (
        ViewColumn("day", "Local day of the hall, e.g. 2026-11-24", "s.day"),
        ViewColumn("hall", "Hall code; empty where none is known", "s.hall"),
        ViewColumn("department", "Department code; empty where none is known", "s.department"),
        *(ViewColumn(name, comment, f"s.{name}") for name, comment in CASE_SUMS),
        ViewColumn(
            "open",
            "Open at the end of the day: all accepted so far less all completed so far",
            "s.open",
        ),
        ViewColumn(
            "on_time_rate",
            "promised_on_time / promised_completed × 100, cut off after 2 decimals",
            _percent("s.promised_on_time", "s.promised_completed"),
        ),
        ViewColumn(
            "statutory_on_time_rate",
            "statutory_on_time / statutory_completed × 100, cut off after 2 decimals",
            _percent("s.statutory_on_time", "s.statutory_completed"),
        ),
        ViewColumn(
            "completion_rate",
            "办结率: completed / accepted × 100, cut off; 100 where only completed, 0 if neither",
            "CASE WHEN s.accepted > 0 THEN "
            + _percent("s.completed", "s.accepted")
            + " WHEN s.completed > 0 THEN 100.0 ELSE 0.0 END",
        ),
        *(ViewColumn(name, comment, f"s.{name}") for name, comment in CARD_SUMS),
        ViewColumn("mean_working_us", "Mean working time of those completed, cut off", _MEAN_US),
        ViewColumn(
            "mean_working_hours", "The same in hours, cut off after 2 decimals", _hours(_MEAN_US)
        ),
        ViewColumn(
            "p90_working_us",
            "Working time that 90 % of those completed did not exceed (nearest rank)",
            "s.p90_us",
        ),
        ViewColumn(
            "p90_working_hours",
            "The same in hours, cut off after 2 decimals",
            _hours("s.p90_us"),
        ),
    ),
)

VIEWS = (V_CASES, V_CARDS, V_EFFICIENCY_DAILY)
VIEWS_VERSION = 2
"""Raised with every change of a definition, so that stored views are made anew."""


def view_query(view: View, dialect: str) -> str:
    """Return the SELECT behind a view."""
    if view is V_EFFICIENCY_DAILY:
        return efficiency_query()
    columns = []
    for place, column in enumerate(view.columns):
        sql = column.sql or local_time(view.columns[place - 1].sql, dialect)
        columns.append(f"{sql} AS {column.name}")
    source = "cards t"
    if view is V_CASES:
        source = (
            "cases t LEFT JOIN case_cycles y ON y.subject = t.subject AND y.part = '' "
            "AND y.cycle = t.cycle"
        )
    return f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608


def efficiency_query(completed_days: str = "") -> str:
    """Return the SELECT behind `v_efficiency_daily`.

    Args:
        completed_days: an SQL condition on `completed_day` for the rows that percentiles are taken
            from, e.g. ` AND completed_day >= :first`; spares reading the whole history.
    """
    columns = ", ".join(f"{column.sql} AS {column.name}" for column in V_EFFICIENCY_DAILY.columns)
    of_cases = [*(name for name, _ in CASE_SUMS), "working_us"]
    of_cards = [name for name, _ in CARD_SUMS]
    sums = ", ".join(f"CAST(SUM({n}) AS BIGINT) AS {n}" for n in (*of_cases, *of_cards))
    cases = padded(of_cases, of_cases, of_cards)
    cards = padded(of_cards, of_cases, of_cards)
    counted = " + ".join(["accepted", "completed", *of_cards])
    # The percentile is one more summand: SQLite would run a join of sums and ranks row by row.
    return (
        "WITH ranked AS (SELECT completed_day, hall, department, working_us, "  # noqa: S608
        "ROW_NUMBER() OVER (PARTITION BY completed_day, hall, department ORDER BY working_us) "
        "AS place, COUNT(*) OVER (PARTITION BY completed_day, hall, department) AS how_many "
        f"FROM case_cycles WHERE part = '' AND completed_day IS NOT NULL{completed_days}), "
        f"daily AS (SELECT day, hall, department, {sums}, MAX(p90_us) AS p90_us FROM ("
        f"SELECT day, hall, department, {cases}, {NOTHING} AS p90_us FROM efficiency_days "
        "UNION ALL "
        f"SELECT day, hall, department, {cards}, {NOTHING} FROM card_days UNION ALL "
        f"SELECT completed_day, hall, department, {padded([], of_cases, of_cards)}, working_us "
        "FROM ranked WHERE place = (9 * how_many + 9) / 10"
        ") AS summands GROUP BY day, hall, department), "
        "standing AS (SELECT daily.*, CAST(SUM(accepted - completed) OVER "
        "(PARTITION BY hall, department ORDER BY day) AS BIGINT) AS open FROM daily) "
        f"SELECT {columns} FROM standing s WHERE {counted} > 0"
    )


def padded(given: Sequence[str], *all_names: Sequence[str]) -> str:
    """Return the given columns in their places and 0 in those of the others."""
    names = (name for names in all_names for name in names)
    return ", ".join(name if name in given else f"0 AS {name}" for name in names)


def create_views(connection: Connection, zone: tzinfo) -> None:
    """Create the views anew, and the offsets of the hall's zone that they show time by.

    PostgreSQL keeps a view whose columns are the same, with all that rests on it, and gives it its
    new text; where one has to be dropped, whoever was granted something on it keeps that.
    """
    connection.execute(delete(ZONE_OFFSETS))
    connection.execute(insert(ZONE_OFFSETS), list(zone_offsets(zone)))
    names = [view.name for view in VIEWS]
    grants = grants_on(connection, names)
    kept: set[str] = set()
    if connection.dialect.name == "postgresql":
        kept = {view.name for view in VIEWS if _has_columns_of(connection, view)}
    for view in VIEWS:
        query = view_query(view, connection.dialect.name)
        create = "CREATE OR REPLACE VIEW" if view.name in kept else "CREATE VIEW"
        if view.name not in kept:
            connection.execute(text(f"DROP VIEW IF EXISTS {view.name}"))
        connection.exec_driver_sql(f"{create} {view.name} AS {query}")
    give(connection, grants)


def drop_views(connection: Connection) -> None:
    """Drop the views; a table they name can then be exchanged."""
    for view in VIEWS:
        connection.execute(text(f"DROP VIEW IF EXISTS {view.name}"))


def _has_columns_of(connection: Connection, view: View) -> bool:
    inspector = inspect(connection)
    if view.name not in inspector.get_view_names():
        return False
    found = [column["name"] for column in inspector.get_columns(view.name)]
    return found == [column.name for column in view.columns]
