"""Case states, due instants and reader positions of supervision in SQL, behind a bounded cache.

The cache holds bytes, as SQL does: an open case takes a third of what it takes as objects, and a
record costs about the same whether its case is in the cache or not.

States are no truth: they can be thrown away and read again from the log. One transaction commits
the states of a batch and the position it reached, fenced by compare-and-set on (next, epoch), so
that an owner who lost its partition can no longer write.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from ledger.errors import PartitionLost
from ledger.log import EventLog, ReaderPosition, check_position
from processors.drivers.publication_rows import SILENT, PublicationRows, Publishing
from processors.drivers.state_rows import (
    CASE_STATES,
    METADATA,
    POSITIONS,
    Statements,
    StateRow,
    every_state,
    put_off,
    wake_open,
)
from processors.drivers.unit_rows import UnitRows
from processors.supervision.pinning import is_open
from processors.supervision.policy import lives_on_import_time
from processors.supervision.state import CaseState
from processors.supervision.state_codec import FORM, Stored, decode_state, encode_state
from processors.supervision.units import UnitBatch

STATES_CACHED_MAX = 50_000
OPEN_US = 2**62
"""What the row of a case waits for that is open though no instant is left to wait for."""


class DueCase(NamedTuple):
    """A case whose next tick's instant has come."""

    subject: str
    timeline: str | None
    tick_us: int


class SqlState:
    """States and positions of all partitions in one database."""

    def __init__(self, engine: Engine, states_cached_max: int = STATES_CACHED_MAX) -> None:
        """Create the tables where absent."""
        self._engine = engine
        self._cache: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self._cached_max = states_cached_max
        self._statements = Statements(engine.dialect)
        self._loaded: dict[str, Stored] = {}
        self.units = UnitRows(engine)
        self.publications = PublicationRows(engine)
        METADATA.create_all(engine)

    def claim(self, partition: int, log: EventLog) -> ReaderPosition:
        """Take over a partition: check that the log is the one remembered, and raise the epoch.

        States of another form are dropped; the position returned is then at the beginning.

        Raises:
            LogMismatch: the log is shorter, another one, or holds another last record.
        """
        form = str(FORM)
        with self._engine.begin() as connection:
            row = connection.execute(
                select(POSITIONS).where(POSITIONS.c.partition == partition)
            ).one_or_none()
            begun = ReaderPosition(
                partition=partition,
                next_offset=0,
                log_identity=log.identity,
                last_sha256="",
                epoch=1,
            )
            if row is None:
                connection.execute(insert(POSITIONS).values(form=form, **asdict(begun)))
                return begun
            position = ReaderPosition(
                partition=partition,
                next_offset=row.next_offset,
                log_identity=row.log_identity,
                last_sha256=row.last_sha256,
                epoch=row.epoch,
            )
            check_position(log, position)
            claimed = replace(position, epoch=row.epoch + 1)
            if row.form != form:
                claimed = replace(begun, epoch=row.epoch + 1)
                connection.execute(delete(CASE_STATES).where(CASE_STATES.c.partition == partition))
                self.units.forget(connection, partition)
                self.publications.forget(connection, partition)
                where = POSITIONS.c.partition == partition
                connection.execute(update(POSITIONS).where(where).values(form=form))
            self._move(connection, position, claimed)
        self.release(partition)
        return claimed

    def release(self, partition: int) -> None:
        """Drop what is remembered of a partition that has another owner now."""
        for key in [key for key in self._cache if key[0] == partition]:
            del self._cache[key]

    def load(self, partition: int, subjects: Sequence[str]) -> dict[str, CaseState]:
        """Return the states of the cases that have one; they are what `commit` compares with."""
        blobs = self._blobs(partition, subjects)
        self._loaded = {
            subject: Stored(decode_state(blob), blob) for subject, blob in blobs.items()
        }
        return {subject: stored.state for subject, stored in self._loaded.items()}

    def peek(self, partition: int, subjects: Sequence[str]) -> list[CaseState]:
        """Return the states of cases, to be looked at."""
        return [decode_state(blob) for blob in self._blobs(partition, subjects).values()]

    def _blobs(self, partition: int, subjects: Sequence[str]) -> dict[str, bytes]:
        blobs: dict[str, bytes] = {}
        wanted: list[str] = []
        for subject in subjects:
            cached = self._cache.get((partition, subject))
            if cached is None:
                wanted.append(subject)
            else:
                blobs[subject] = cached
        if wanted:
            with self._engine.connect() as connection:
                blobs.update(self._statements.load(connection, partition, wanted))
        return blobs

    def every(self, partition: int) -> Iterator[CaseState]:
        """Yield the states of all cases of a partition, closed ones too."""
        return map(decode_state, every_state(self._engine, partition))

    def commit(
        self,
        position: ReaderPosition,
        reached: ReaderPosition,
        states: Mapping[str, CaseState],
        units: UnitBatch | None = None,
        publishing: Publishing = SILENT,
    ) -> None:
        """Write a batch's states and rows and the position it reached, in one transaction.

        A new calendar in it lets every open case of the partition wait for the instant at which it
        is planned anew; whom it does not concern is put off when that has come.

        Raises:
            PartitionLost: another owner has moved the position since.
        """
        rows: dict[bool, list[StateRow]] = {True: [], False: []}
        for subject, state in states.items():
            before = self._loaded.get(subject)
            row = _row(position.partition, state, encode_state(state, before), publishing)
            moved = before is None or row[3:] != _row(0, before.state, b"", publishing)[3:]
            rows[moved].append(row)
        with self._engine.begin() as connection:
            self._move(connection, position, reached)
            for moved, of_kind in rows.items():
                self._statements.write(connection, of_kind, tick_moved=moved)
            if units is not None:
                self.units.write(connection, position.partition, units)
            self.publications.write(connection, position.partition, publishing.rows)
            for tick_us in publishing.replans:
                wake_open(connection, position.partition, tick_us)
        self._loaded = {}
        for row in (*rows[True], *rows[False]):
            self._remember(row, states[row.subject])

    def put_off(self, partition: int, until: Mapping[str, int | None]) -> None:
        """Let cases wait for other instants than their rows say."""
        with self._engine.begin() as connection:
            put_off(connection, partition, until)

    def due(self, partition: int, now_us: int, limit: int) -> list[DueCase]:
        """Return live cases whose next tick's instant is not after `now_us`, earliest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(CASE_STATES.c.subject, CASE_STATES.c.timeline, CASE_STATES.c.tick_us)
                .where(
                    CASE_STATES.c.partition == partition,
                    CASE_STATES.c.tick_us <= now_us,
                    CASE_STATES.c.ticked_live,
                )
                .order_by(CASE_STATES.c.tick_us)
                .limit(limit)
            )
            return [DueCase(*row) for row in rows]

    def has_due(self, before_us: int) -> bool:
        """Whether a live case of any partition waits for a tick whose instant lies before."""
        return any(self.due(partition, before_us - 1, 1) for partition in self.positions())

    def suspended_count(self) -> int:
        """Return how many cases wait for an operator."""
        with self._engine.connect() as connection:
            query = select(func.count()).select_from(CASE_STATES).where(CASE_STATES.c.suspended)
            return connection.execute(query).scalar_one()

    def positions(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(POSITIONS.c.partition, POSITIONS.c.next_offset))
            return {row.partition: row.next_offset for row in rows}

    def _move(self, connection: Connection, old: ReaderPosition, new: ReaderPosition) -> None:
        moved = connection.execute(
            update(POSITIONS)
            .where(
                POSITIONS.c.partition == old.partition,
                POSITIONS.c.next_offset == old.next_offset,
                POSITIONS.c.epoch == old.epoch,
            )
            .values(**asdict(new))
        )
        if moved.rowcount != 1:
            raise PartitionLost(
                f"Partition {old.partition}: the position ({old.next_offset}, epoch {old.epoch}) "
                "has been moved by another owner.",
                hint="Nothing was written; let the other owner go on.",
            )

    def _remember(self, row: StateRow, state: CaseState) -> None:
        """Keep the bytes of an open case; a closed one is not held in memory."""
        key = (row.partition, row.subject)
        if state.is_closed:
            self._cache.pop(key, None)
            return
        self._cache[key] = row.state
        self._cache.move_to_end(key)
        while len(self._cache) > self._cached_max:
            self._cache.popitem(last=False)


def _row(partition: int, state: CaseState, blob: bytes, publishing: Publishing) -> StateRow:
    is_live = not lives_on_import_time(state.timeline)
    tick_us = publishing.waits_until(state)
    if tick_us is None and is_live and not state.suspended and is_open(state):
        tick_us = OPEN_US
    return StateRow(
        partition, state.subject, blob, tick_us, is_live, state.timeline, state.suspended
    )
