"""Questions that pages, API and commands ask of the read models; answers are plain rows.

Rows are dicts under the column names of the tables (`projections/board_tables.py` documents them):
instants in µs since the epoch, flags 0 or 1. Nothing is computed here that supervision has not
decided; what depends on the present takes it as an argument. Safe for many threads: each question
is one read transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from ledger.log import Position
from ledger.record import instant
from projections.drivers.conditions import Conditions
from projections.drivers.efficiency_summary import summary_query
from projections.drivers.sql_store import READER
from projections.drivers.views import efficiency_query

Row = dict[str, Any]

OPEN_PHASES = ("received", "correction", "accepted", "stopped")
_RUNNING = "closed = 0 AND stopped = 0 AND timeline IS NULL"
_THRESHOLDS = (("warning", "warning_us"), ("yellow", "yellow_us"), ("red", "red_us"))
PAGE_MAX = 1_000


def _with_handling_type(table: str) -> str:
    """Return a table of cards or clocks as a source of rows that also say how the case goes."""
    return (
        f"(SELECT {table}.*, (SELECT cases.handling_type FROM cases "  # noqa: S608 - names only
        f"WHERE cases.subject = {table}.subject) AS handling_type FROM {table}) AS {table}"
    )


_CARDS, _CASE_LIMITS = _with_handling_type("cards"), _with_handling_type("case_limits")


class Page(NamedTuple):
    """One page of a list.

    Attributes:
        next: what to give as `after` for the page that follows; None on the last.
    """

    items: Sequence[Row]
    next: str | None


class Summary(NamedTuple):
    """Efficiency over a range of days.

    Attributes:
        departments: one row each, in order of its code; figures as `SUMMARY_FIGURES` names them.
        total: the same figures of all of them together.
    """

    departments: Sequence[Row]
    total: Row


class Readers:
    """Reads what the projections wrote."""

    def __init__(self, engine: Engine, zone: tzinfo) -> None:
        """Bind to the database of the read models and to the hall's zone."""
        self._engine = engine
        self._zone = zone

    def cards(
        self,
        *,
        level: str | None = None,
        state: str | None = None,
        department: str | None = None,
        hall: str | None = None,
        live: bool | None = None,
        subject: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        """Return cards, the newest (by when the ledger took them in) first.

        Args:
            level: `warning`, `yellow` or `red`, as issued.
            state: see `card_life`.
            department: code of the department answerable.
            hall: code of the hall.
            subject: case id.
            live: True leaves out the rescinded and revoked, False all others.
            after: `next` of the page before.
            limit: 1 to 1,000.

        Returns:
            Rows of `cards`, each with the `handling_type` of its case.

        Raises:
            ValueError: `after` is not what a page gave.
        """
        where = Conditions(
            level=level, state=state, department=department, hall=hall, subject=subject
        )
        if live is not None:
            where.add("live = :live", live=int(live))
        if after is not None:
            where.before("recorded_us", "partition", "log_offset", cursor=after)
        limit = max(1, min(limit, PAGE_MAX))
        items = self._rows(
            f"SELECT * FROM {_CARDS} {where.sql} "  # noqa: S608
            "ORDER BY recorded_us DESC, partition DESC, log_offset DESC LIMIT :how_many",
            **where.values,
            how_many=limit + 1,
        )
        more = len(items) > limit
        return Page(items[:limit], _cursor(items[limit - 1]) if more else None)

    def recent_cards(self, limit: int = 20, hall: str | None = None) -> Sequence[Row]:
        """Return the newest cards."""
        return self.cards(limit=limit, hall=hall).items

    def card(self, card_id: str) -> Row | None:
        """Return one card as `cards` does, or None.

        Where a hand-made card took the id of another, it is the other.
        """
        sql = f"SELECT * FROM {_CARDS} WHERE card_id = :id ORDER BY by_hand"  # noqa: S608
        found = self._rows(sql, id=card_id)
        return found[0] if found else None

    def cards_between(
        self, begin: Mapping[int, int], end: Mapping[int, int], limit: int = PAGE_MAX
    ) -> Sequence[Row]:
        """Return cards whose last change lies in the log from `begin` up to before `end`.

        Args:
            begin: offsets by partition; a partition that is missing is read from 0.
            end: offsets by partition.
            limit: rows at most of each partition.

        Returns:
            In log order of their last change, each as it stands now.
        """
        sql = (
            f"SELECT * FROM {_CARDS} WHERE partition = :partition "  # noqa: S608
            "AND changed_offset >= :first AND changed_offset < :last "
            "ORDER BY changed_offset LIMIT :how_many"
        )
        return [
            row
            for partition, last in sorted(end.items())
            for row in self._rows(
                sql,
                partition=partition,
                first=begin.get(partition, 0),
                last=last,
                how_many=limit,
            )
        ]

    def cards_after(self, place: Mapping[int, int], limit: int = PAGE_MAX) -> Sequence[Row]:
        """Return cards issued or changed at or after an offset of each partition, in log order."""
        return self.cards_between(place, self.positions(), limit)

    def case(self, subject: str) -> Row | None:
        """Return how one case stands, or None."""
        found = self._rows("SELECT * FROM cases WHERE subject = :id", id=subject)
        return found[0] if found else None

    def case_limits(self, subject: str) -> Sequence[Row]:
        """Return the clocks of one case, those that still run first, then by when they opened."""
        sql = "SELECT * FROM case_limits WHERE subject = :id "
        sql += "ORDER BY closed, opened_us NULLS FIRST, part, clock, cycle"
        return self._rows(sql, id=subject)

    def case_positions(self, subject: str) -> Sequence[Position]:
        """Return where the records of a case (ticket, complaint, unit) lie, in log order."""
        sql = (
            "SELECT partition, log_offset FROM case_history WHERE subject = :id "
            "ORDER BY partition, log_offset"
        )
        return [
            Position(row["partition"], row["log_offset"]) for row in self._rows(sql, id=subject)
        ]

    def nearest_limits(
        self,
        now_us: int,
        n: int = 3,
        *,
        hall: str | None = None,
        department: str | None = None,
    ) -> Sequence[Row]:
        """Return the clocks whose next threshold comes first, of running live cases.

        Each row is one of `case_limits` with `next_us`, the instant, `next_level`, what is reached
        then, and the case's `handling_type`; of one instant special cases (特办) come first.
        Imported cases, which live on their own time, are left out.
        """
        nearest: dict[tuple[str, ...], Row] = {}
        for level, column in _THRESHOLDS:
            where = Conditions(hall=hall, department=department)
            where.add(f"{column} > :now", now=now_us)
            where.add(_RUNNING)
            sql = f"SELECT * FROM {_CASE_LIMITS} {where.sql} "  # noqa: S608
            sql += f"ORDER BY {column}, CASE handling_type WHEN 'special' THEN 0 ELSE 1 END, "
            sql += "subject LIMIT :how_many"
            for row in self._rows(sql, **where.values, how_many=n):
                key = (row["subject"], row["part"], row["clock"], row["cycle"])
                known = nearest.get(key)
                if known is None or row[column] < known["next_us"]:
                    nearest[key] = {**row, "next_us": row[column], "next_level": level}
        return sorted(nearest.values(), key=_nearest_first)[:n]

    def board_counts(self, *, hall: str | None = None, department: str | None = None) -> Row:
        """Return how many cards there are, by level and what became of them.

        The keys are `<level>_<what>`: `live`, `unsigned` (live and in state issued), `waiting`,
        `appealed`, `rescinded`, `revoked`.
        """
        where = Conditions(hall=hall, department=department)
        sql = f"SELECT level, state, COUNT(*) AS n FROM cards {where.sql} "  # noqa: S608
        sql += "GROUP BY level, state"
        kinds = ("live", "unsigned", "waiting", "appealed", "rescinded", "revoked")
        counts = {f"{level}_{kind}": 0 for level, _ in _THRESHOLDS for kind in kinds}
        for row in self._rows(sql, **where.values):
            level, state, n = row["level"], row["state"], row["n"]
            if state not in ("rescinded", "revoked"):
                counts[f"{level}_live"] += n
            state = "unsigned" if state == "issued" else state
            if state in kinds:
                counts[f"{level}_{state}"] += n
        return counts

    def hall_counters(self, now_us: int, *, hall: str | None = None, day: str | None = None) -> Row:
        """Return the figures of the hall screen.

        Args:
            now_us: the hall's instant; decides what is due soon or overdue.
            hall: code of one hall; all if absent.
            day: local day of the sums; that of `now_us` if absent.

        Returns:
            Sums of the day (tickets, received, accepted, completed, cards issued and rescinded by
            level), and as it stands: `open`, `stopped`, `correction`, `due_soon` (a threshold is
            passed and no limit), `overdue` (a limit is passed). Imported cases count in sums only.
        """
        today = day or instant(now_us, self._zone).date().isoformat()
        counters: Row = {"day": today}
        for table in ("hall_days", "efficiency_days", "card_days"):
            counters.update(self._day_sums(table, today, hall))
        where = Conditions(hall=hall)
        where.add("timeline IS NULL")
        sql = f"SELECT phase, COUNT(*) AS n FROM cases {where.sql} GROUP BY phase"  # noqa: S608
        phases = {row["phase"]: row["n"] for row in self._rows(sql, **where.values)}
        counters["open"] = sum(phases.get(phase, 0) for phase in OPEN_PHASES)
        counters["stopped"] = phases.get("stopped", 0)
        counters["correction"] = phases.get("correction", 0)
        return counters | self._due(now_us, hall)

    def _day_sums(self, table: str, day: str, hall: str | None) -> Row:
        where = Conditions(day=day, hall=hall)
        names = _DAY_SUMS[table]
        sums = ", ".join(f"CAST(COALESCE(SUM({name}), 0) AS BIGINT) AS {name}" for name in names)
        sql = f"SELECT {sums} FROM {table} {where.sql}"  # noqa: S608
        return self._rows(sql, **where.values)[0]

    def _due(self, now_us: int, hall: str | None) -> Row:
        """Count running cases beyond a limit, and those beyond a threshold but no limit."""
        over = "(promised_due_us < :now OR statutory_due_us < :now)"
        warned = "(warning_us <= :now OR yellow_us <= :now OR red_us <= :now)"
        where = Conditions(hall=hall)
        where.add(_RUNNING)
        where.add("clock = 'handling'")
        where.add(f"({over} OR {warned})", now=now_us)
        sql = (
            f"SELECT subject, MAX(CASE WHEN {over} THEN 1 ELSE 0 END) AS over_limit "  # noqa: S608
            f"FROM case_limits {where.sql} GROUP BY subject"
        )
        found = [row["over_limit"] for row in self._rows(sql, **where.values)]
        return {"due_soon": found.count(0), "overdue": found.count(1)}

    def department_lamps(self, hall: str | None = None) -> Sequence[Row]:
        """Return each department with open cases: `open`, `stopped`, and its lamp.

        `level` is the highest card standing on an open case (0 none … 3 red), beside how many open
        cases have a card of each level as their highest. Imported cases are left out.
        """
        where = Conditions(hall=hall)
        where.add("timeline IS NULL")
        where.add(f"phase IN ({', '.join(repr(phase) for phase in OPEN_PHASES)})")
        levels = ", ".join(
            f"SUM(CASE WHEN level = {code} THEN 1 ELSE 0 END) AS {level}"
            for code, (level, _) in enumerate(_THRESHOLDS, start=1)
        )
        return self._rows(
            "SELECT hall, department, COUNT(*) AS open, MAX(level) AS level, "  # noqa: S608
            f"SUM(CASE WHEN phase = 'stopped' THEN 1 ELSE 0 END) AS stopped, {levels} "
            f"FROM cases {where.sql} GROUP BY hall, department "
            "ORDER BY hall NULLS FIRST, department NULLS FIRST",
            **where.values,
        )

    def efficiency_daily(
        self,
        first_day: str,
        last_day: str,
        *,
        department: str | None = None,
        hall: str | None = None,
    ) -> Sequence[Row]:
        """Return rows of `v_efficiency_daily` of these days, both included, in order of day."""
        query = efficiency_query(" AND completed_day BETWEEN :first_day AND :last_day")
        where = Conditions(department=department, hall=hall)
        where.add("day BETWEEN :first_day AND :last_day", first_day=first_day, last_day=last_day)
        sql = f"SELECT * FROM ({query}) AS daily {where.sql} "  # noqa: S608
        sql += "ORDER BY day, hall, department"
        return self._rows(sql, **where.values)

    def efficiency_summary(
        self,
        first_day: str,
        last_day: str,
        *,
        department: str | None = None,
        hall: str | None = None,
    ) -> Summary:
        """Return the figures of these days as a whole, both included.

        Departments with cases open at the end of the last day have a row even if they counted
        nothing. Mean and percentile are of all cases completed in the range.
        """
        where = Conditions(department=department, hall=hall)
        values = {**where.values, "first_day": first_day, "last_day": last_day}
        by_department, in_total = (
            text(summary_query(where.more, by_department=each)) for each in (True, False)
        )
        with self._engine.begin() as connection:
            found = connection.execute(by_department, values).mappings().all()
            total = connection.execute(in_total, values).mappings().one()
        return Summary([dict(row) for row in found], dict(total))

    def cards_by_level_and_hall(self) -> Mapping[tuple[str, str], int]:
        """Return how many cards are live and the highest of their clock, by (hall, level)."""
        sql = (
            "SELECT hall, level, COUNT(*) AS n FROM cards WHERE live = 1 AND is_highest = 1 "
            "GROUP BY hall, level"
        )
        return {(row["hall"] or "", row["level"]): row["n"] for row in self._rows(sql)}

    def positions(self) -> Mapping[int, int]:
        """Return the next offset to read of each partition."""
        sql = "SELECT partition, next_offset FROM reader_positions WHERE reader = :reader"
        return {row["partition"]: row["next_offset"] for row in self._rows(sql, reader=READER)}

    def lag(self, ends: Mapping[int, int]) -> int:
        """Return how many records of a log with these ends are not read yet."""
        read = self.positions()
        return sum(end - read.get(partition, 0) for partition, end in ends.items())

    def _rows(self, sql: str, **values: Any) -> list[Row]:
        with self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(text(sql), values).mappings()]


_DAY_SUMS = {
    "hall_days": (
        "tickets_drawn",
        "tickets_called",
        "tickets_served",
        "tickets_abandoned",
        "received",
        "refused",
        "corrections_requested",
        "consultations",
        "complaints",
    ),
    "efficiency_days": (
        "accepted",
        "completed",
        "promised_completed",
        "promised_on_time",
    ),
    "card_days": tuple(
        f"{level}_{what}" for what in ("issued", "rescinded", "revoked") for level, _ in _THRESHOLDS
    ),
}


def _nearest_first(row: Row) -> tuple[int, bool, str]:
    return row["next_us"], row["handling_type"] != "special", row["subject"]


def _cursor(row: Row) -> str:
    return f"{row['recorded_us']}.{row['partition']}.{row['log_offset']}"
