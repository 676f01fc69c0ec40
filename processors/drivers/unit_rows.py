"""The rows of unit rules in SQL, and which ticks of units have been read.

One table with one index, its primary key in the order in which it is asked: kind, unit, instant.
A row is named by its record's place, so writing it again changes nothing. Rows go in many to a
statement, for the reason told in `state_rows.py`.
"""

from collections.abc import Container, Mapping, Sequence
from itertools import chain

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

from ledger.drivers.sql_engine import asking
from ledger.drivers.sql_rows import BulkInsert, read_rows
from ledger.intake_rules import SUPERVISION_SOURCE
from processors.drivers.state_rows import METADATA, ROWS_PER_STATEMENT, TEXT
from processors.supervision.unit_rules.unit_rule import CARD_KINDS, UNIT_KINDS, Span, UnitFact
from processors.supervision.units import UnitBatch

UNIT_FACTS = Table(
    "unit_facts",
    METADATA,
    Column("kind", TEXT, primary_key=True),
    Column("unit", TEXT, primary_key=True, comment="department; of a card's end its id"),
    Column("at_us", BigInteger, primary_key=True, comment="recordedtime, of a card time"),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("happened_us", BigInteger, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("id", TEXT, nullable=False),
    Column("about", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

UNIT_TICKS = Table(
    "unit_ticks",
    METADATA,
    Column("partition", Integer, primary_key=True),
    Column("due_us", BigInteger, primary_key=True, comment="the close that the tick stands for"),
    Column("unit", TEXT, primary_key=True),
)

_NAMES = [f'"{name}"' for name in UnitFact._fields]
_COLUMNS = ", ".join(_NAMES)
_TYPES = ("text", "text", "bigint", "integer", "bigint", "bigint", "text", "text", "text", "text")

_UNITS = text(
    # A loose scan: one step into the index for each unit, whatever the number of rows.
    "WITH RECURSIVE units(unit) AS ("
    " SELECT min(unit) FROM unit_facts WHERE kind = :kind UNION ALL"
    " SELECT (SELECT min(f.unit) FROM unit_facts f WHERE f.kind = :kind AND f.unit > units.unit)"
    " FROM units WHERE units.unit IS NOT NULL)"
    " SELECT unit FROM units WHERE unit IS NOT NULL AND EXISTS (SELECT 1 FROM unit_facts f"
    " WHERE f.kind = :kind AND f.unit = units.unit AND f.at_us >= :since AND f.at_us < :until)"
)

_BEFORE = """SELECT asked.place - 1 FROM unnest(
    %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::integer[], %b::bigint[],
    %b::text[], %b::text[]
) WITH ORDINALITY AS asked (kind, unit, from_us, until_us, partition, "offset", source, id, place)
WHERE EXISTS (
    SELECT 1 FROM unit_facts f WHERE f.kind = asked.kind AND f.unit = asked.unit
    AND f.at_us BETWEEN asked.from_us AND asked.until_us
    AND f.partition = asked.partition AND f.source = asked.source AND f.id = asked.id
    AND f."offset" < asked."offset")
"""
"""Places of those rows of findings before which the same finding lies, asked for all at once."""


_EVER = (-(2**62), 2**62)


def _asked(rows: Sequence[UnitFact]) -> list[list[object]]:
    """Return the columns that `_BEFORE` asks for; `at_us` of a card's end says nothing."""
    spans = [_EVER if row.kind in CARD_KINDS else (row.at_us, row.at_us) for row in rows]
    return [
        [row.kind for row in rows],
        [row.unit for row in rows],
        [from_us for from_us, _ in spans],
        [until_us for _, until_us in spans],
        *([getattr(row, name) for row in rows] for name in ("partition", "offset", "source", "id")),
    ]


class UnitRows:
    """Rows and ticks of units of all partitions in one database."""

    def __init__(self, engine: Engine) -> None:
        """Write the SQL texts once; the tables are made with those of the states."""
        self._engine = asking(engine)
        self._mark = mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        row = f"({', '.join([mark] * len(UnitFact._fields))})"
        types = dict(zip(_NAMES, _TYPES, strict=True))
        self._bulk = BulkInsert("unit_facts", types, "DO NOTHING") if mark == "%s" else None
        into = f"INSERT INTO unit_facts ({_COLUMNS}) VALUES"
        self._one = f"{into} {row} ON CONFLICT DO NOTHING"
        self._many = f"{into} {', '.join([row] * ROWS_PER_STATEMENT)} ON CONFLICT DO NOTHING"

    def write(self, connection: Connection, batches: Mapping[int, UnitBatch]) -> None:
        """Write rows of some partitions in the caller's transaction; those that are there stay.

        Ticks are remembered, and rows that no later close looks at are dropped.
        """
        self._insert(connection, [row for batch in batches.values() for row in batch.rows])
        for partition, batch in batches.items():
            if batch.ticks:
                self._note(connection, partition, batch.ticks)
                units = sorted({unit for unit, _ in batch.ticks})
                self._drop(connection, units, batch.kept_from_us)

    def first_ones(
        self, rows: Sequence[UnitFact], firsts: Container[int] = frozenset()
    ) -> list[UnitFact]:
        """Return rows without those of findings that a log holds once more.

        Facts that repeat give no row; findings are not stepped, and only here are they seen again.

        Args:
            rows: of one partition, in log order.
            firsts: offsets of findings that are known not to lie in the log before.
        """
        found = [
            row for row in rows if row.source == SUPERVISION_SOURCE and row.offset not in firsts
        ]
        if not found:
            return list(rows)
        with self._engine.connect() as connection:
            if self._bulk is not None:
                before = {
                    found[place] for (place,) in read_rows(connection, _BEFORE, _asked(found))
                }
            else:
                before = {row for row in found if self._is_there(connection, row)}
        kept: list[UnitFact] = []
        seen: set[tuple[str, str, str, str]] = set()
        for row in rows:
            name = (row.kind, row.unit, row.source, row.id)
            if row.source == SUPERVISION_SOURCE:
                if row in before or name in seen:
                    continue
                seen.add(name)
            kept.append(row)
        return kept

    def _is_there(self, connection: Connection, row: UnitFact) -> bool:
        """Whether a row of the same finding lies before; `at_us` differs for cards' ends alone."""
        columns = UNIT_FACTS.c
        found = select(columns.offset).where(
            columns.kind == row.kind,
            columns.unit == row.unit,
            columns.partition == row.partition,
            columns.source == row.source,
            columns.id == row.id,
            columns.offset < row.offset,
        )
        if row.kind not in CARD_KINDS:
            found = found.where(columns.at_us == row.at_us)
        return connection.execute(found.limit(1)).first() is not None

    def _insert(self, connection: Connection, rows: Sequence[UnitFact]) -> None:
        if self._bulk is not None:
            self._bulk.run(connection, rows)
            return
        whole = len(rows) - len(rows) % ROWS_PER_STATEMENT
        for start in range(0, whole, ROWS_PER_STATEMENT):
            chunk = rows[start : start + ROWS_PER_STATEMENT]
            connection.exec_driver_sql(self._many, tuple(chain.from_iterable(chunk)))
        if left := [tuple(row) for row in rows[whole:]]:
            connection.exec_driver_sql(self._one, left)

    def _note(
        self, connection: Connection, partition: int, ticks: Sequence[tuple[str, int]]
    ) -> None:
        columns = UNIT_TICKS.c
        of_partition = columns.partition == partition
        known = connection.execute(select(columns.unit, columns.due_us).where(of_partition))
        new = [
            {"partition": partition, "due_us": due_us, "unit": unit}
            for unit, due_us in dict.fromkeys(ticks).keys()
            - {(row.unit, row.due_us) for row in known}
        ]
        if new:
            last_us = max(due_us for _, due_us in ticks)
            connection.execute(insert(UNIT_TICKS), new)
            connection.execute(delete(UNIT_TICKS).where(of_partition, columns.due_us < last_us))

    def forget(self, connection: Connection, partition: int) -> None:
        """Drop what a partition's log gave; it is read again."""
        for table in (UNIT_FACTS, UNIT_TICKS):
            connection.execute(delete(table).where(table.c.partition == partition))

    def rows(self, span: Span, upto: Mapping[int, int]) -> list[UnitFact]:
        """Return the rows of a span that lie below the offset named for their partition."""
        with self._engine.connect() as connection:
            if not upto:
                return []
            if not span.elsewhere:
                return self._read(connection, span, upto)
            found: list[UnitFact] = []
            units = self._units(connection, span.kind, span.from_us, span.until_us)
            for unit in sorted(units - {span.unit}):
                found += self._read(connection, span._replace(unit=unit), upto)
                if span.most is not None and len(found) >= span.most:
                    return found[: span.most]
            return found

    def _read(self, connection: Connection, span: Span, upto: Mapping[int, int]) -> list[UnitFact]:
        """Read rows of one unit, by hand: hundreds of units are judged at one midnight."""
        mark = self._mark
        offsets = " ".join([f"WHEN {mark} THEN {mark}"] * len(upto))
        asked: list[object] = [span.kind, span.unit, span.from_us, span.until_us]
        asked += chain.from_iterable(upto.items())
        about = limit = ""
        if span.about is not None:
            about = f"AND about IN ({', '.join([mark] * len(span.about))}) "
            asked += span.about
        if span.most is not None:
            limit = f" LIMIT {mark}"
            asked.append(span.most)
        sql = (
            f"SELECT {_COLUMNS} FROM unit_facts WHERE kind = {mark} AND unit = {mark} "  # noqa: S608
            f"AND at_us >= {mark} AND at_us < {mark} "
            f'AND "offset" < CASE "partition" {offsets} ELSE 0 END {about}'
            f"ORDER BY at_us, subject, source, id{limit}"
        )
        return [UnitFact(*row) for row in connection.exec_driver_sql(sql, tuple(asked))]

    def awake(self, spans: Sequence[Span]) -> set[str]:
        """Return the units that have rows in any of some spans."""
        with self._engine.connect() as connection:
            return {
                unit
                for kind, from_us, until_us in {span[:3] for span in spans}
                for unit in self._units(connection, kind, from_us, until_us)
            }

    def first_us(self) -> int | None:
        """Return the instant of the earliest row; None without any."""
        with self._engine.connect() as connection:
            first_us: int | None = connection.scalar(select(func.min(UNIT_FACTS.c.at_us)))
            return first_us

    def last_ticks(self, partition: int) -> tuple[int | None, set[str]]:
        """Return the last close for which ticks were read, and the units they were for."""
        columns = UNIT_TICKS.c
        query = select(columns.due_us, columns.unit).where(columns.partition == partition)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        last_us = max((row.due_us for row in rows), default=None)
        return last_us, {row.unit for row in rows if row.due_us == last_us}

    def _units(self, connection: Connection, kind: str, from_us: int, until_us: int) -> set[str]:
        asked = {"kind": kind, "since": from_us, "until": until_us}
        return {row.unit for row in connection.execute(_UNITS, asked)}

    def _drop(self, connection: Connection, units: Sequence[str], before_us: int) -> None:
        columns = UNIT_FACTS.c
        for kind in UNIT_KINDS:
            for unit in units:
                of_unit = (columns.kind == kind, columns.unit == unit)
                connection.execute(delete(UNIT_FACTS).where(*of_unit, columns.at_us < before_us))
        for kind in CARD_KINDS:
            of_kind = columns.kind == kind
            connection.execute(delete(UNIT_FACTS).where(of_kind, columns.at_us < before_us))
