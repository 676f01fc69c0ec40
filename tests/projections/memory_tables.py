"""The rows of projections without SQL: what the pure core gives, kept in dicts."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger import wire
from ledger.log import Position
from ledger.record import AnyRecord
from projections.projection import Projection
from projections.rows import TableChanges, TableShape
from projections.runner import Known, Runner, identities_of

Row = dict[str, Any]


class MemoryTables:
    """Tables by name, rows by key."""

    def __init__(self, projections: Sequence[Projection], *, repeats: bool = False) -> None:
        self.runner = Runner(projections)
        self.tables: dict[str, dict[tuple[Any, ...], Row]] = {
            shape.name: {} for shape in self.runner.shapes
        }
        self._repeats = repeats
        self._next = 0

    def run(self, records: Iterable[AnyRecord], batch: int = 1000) -> "MemoryTables":
        raws = [wire.encode(record) for record in records]
        places = [Position(0, self._next + n) for n in range(len(raws))]
        self._next += len(raws)
        placed = list(zip(places, raws, strict=True))
        for start in range(0, len(placed), batch):
            self.step(placed[start : start + batch])
        return self

    def step(self, raws: Sequence[tuple[Position, bytes]]) -> None:
        planned = self.runner.plan(raws)
        assert planned.unread is None
        for name, table in planned.rows.tables.items():
            table.load(
                tuple(row.values())
                for key, row in self.tables[name].items()
                if key[0] in table.wanted
            )
        known = self._known(identities_of(planned)) if self._repeats else None
        for change in self.runner.apply(planned, known):
            self._take(change)

    def rows(self, table: str) -> list[Row]:
        return [row for _, row in sorted(self.tables[table].items(), key=lambda item: str(item[0]))]

    def one(self, table: str) -> Row:
        (row,) = self.rows(table)
        return row

    def _known(self, identities: Sequence[Known]) -> set[Known]:
        filed = {(row["subject"], row["identity"]) for row in self.tables["case_history"].values()}
        return filed & set(identities)

    def _take(self, change: TableChanges) -> None:
        table = self.tables[change.shape.name]
        for key in change.removed:
            table.pop(key, None)
        for values in change.written:
            row = dict(zip(change.shape.names, values, strict=True))
            key = tuple(row[name] for name in change.shape.key)
            if change.shape.form == "counters" and key in table:
                row = _added(change.shape, table[key], row)
            table[key] = row


def _added(shape: TableShape, old: Row, more: Row) -> Row:
    return old | {name: old[name] + more[name] for name in shape.sums}
