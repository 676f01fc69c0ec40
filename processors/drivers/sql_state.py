"""Case states, due instants and reader positions of supervision in SQL, behind a bounded cache.

The cache holds bytes, as SQL does: an open case takes a third of what it takes as objects, and a
record costs about the same whether its case is in the cache or not.

States are no truth: they can be thrown away and read again from the log. One transaction commits
the states of a batch and the position it reached, fenced by compare-and-set on (next, epoch), so
that an owner who lost its partition can no longer write.

A process owns some partitions while others own the rest. What it does with one partition comes from
one thread at a time; different partitions may have different threads, since nothing that is kept
in memory belongs to two of them. Questions (`due`, `positions`, …) may come from any thread.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from time import time_ns
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Row,
    cast,
    delete,
    exists,
    extract,
    func,
    select,
    text,
    update,
)

from ledger.drivers.sql_engine import asking, end_stopped, unhurried, writing
from ledger.errors import PartitionLost
from ledger.log import EventLog, ReaderPosition, check_position
from processors.drivers.publication_rows import SILENT, PublicationRows, Publishing
from processors.drivers.state_commit import Commit, remember, rows_of
from processors.drivers.state_rows import (
    CASE_STATES,
    METADATA,
    POSITIONS,
    every_state,
    statements_of,
    wake_open,
)
from processors.drivers.unit_rows import UnitRows
from processors.supervision.state import CaseState
from processors.supervision.state_codec import FORM, Stored, decode_state
from processors.supervision.units import UnitBatch

STATES_CACHED_MAX = 50_000


class DueCase(NamedTuple):
    """A case whose next tick's instant has come."""

    subject: str
    timeline: str | None
    tick_us: int


class SqlState:
    """States and positions of all partitions in one database."""

    def __init__(self, engine: Engine, states_cached_max: int = STATES_CACHED_MAX) -> None:
        """Bind to a database; SQLite's tables are made here, PostgreSQL's by a command.

        Args:
            engine: made by `open_engine`.
            states_cached_max: open cases held in memory, shared evenly by the owned partitions.
        """
        self._engine = asking(engine)
        self._writer = writing(engine)
        self._caches: dict[int, OrderedDict[str, bytes]] = {}
        self._cached_max = states_cached_max
        self._statements = statements_of(engine.dialect)
        self._loaded: dict[int, dict[str, Stored]] = {}
        self.units = UnitRows(engine)
        self.publications = PublicationRows(engine)
        if engine.dialect.name == "sqlite":
            METADATA.create_all(engine)

    def now_us(self) -> int:
        """Return the database's clock: one for all workers, whatever their machines' clocks say."""
        if self._engine.dialect.name == "sqlite":
            return time_ns() // 1_000
        epoch = extract("epoch", func.clock_timestamp()) * 1_000_000
        with self._engine.connect() as connection:
            return int(connection.execute(select(cast(epoch, BigInteger))).scalar_one())

    def claim(self, partition: int, log: EventLog) -> ReaderPosition:
        """Take over a partition: check that the log is the one remembered, and raise the epoch.

        States of another form are dropped; the position returned is then at the beginning.

        Raises:
            LogMismatch: the log is shorter, another one, or holds another last record; the present
                owner goes on.
        """
        self.release(partition)
        form = str(FORM)
        checked = self._begin(partition, log, form)
        check_position(log, checked)
        raised = (
            update(POSITIONS)
            .where(POSITIONS.c.partition == partition)
            .values(epoch=POSITIONS.c.epoch + 1)
            .returning(POSITIONS)
        )
        with self._writer.begin() as connection:
            end_stopped(connection)
            row = connection.execute(raised).one()
            claimed = _position(row)
            if row.form != form:
                unhurried(connection)
                self._forget(connection, partition)
                claimed = replace(claimed, next_offset=0, last_sha256="")
                values = {**asdict(claimed), "form": form}
                where = POSITIONS.c.partition == partition
                connection.execute(update(POSITIONS).where(where).values(values))
        if claimed.next_offset > checked.next_offset:
            check_position(log, claimed)
        return claimed

    def _begin(self, partition: int, log: EventLog, form: str) -> ReaderPosition:
        """Return where a partition is; at the beginning of this log if nobody has claimed it."""
        query = select(POSITIONS).where(POSITIONS.c.partition == partition)
        with self._writer.begin() as connection:
            row = connection.execute(query).one_or_none()
            if row is not None:
                return _position(row)
            begun = ReaderPosition(
                partition=partition,
                next_offset=0,
                log_identity=log.identity,
                last_sha256="",
                epoch=0,
            )
            connection.execute(_BEGIN, {"form": form, **asdict(begun)})
            return _position(connection.execute(query).one())

    def _forget(self, connection: Connection, partition: int) -> None:
        connection.execute(delete(CASE_STATES).where(CASE_STATES.c.partition == partition))
        self.units.forget(connection, partition)
        self.publications.forget(connection, partition)

    def reread(self, position: ReaderPosition) -> ReaderPosition:
        """Return where an owned partition is, after a commit that was cut off.

        Whether that commit took effect or not, the owner goes on from here.

        Args:
            position: as it was before that commit.

        Raises:
            PartitionLost: another owner has claimed it since.
        """
        self.release(position.partition)
        query = select(POSITIONS).where(POSITIONS.c.partition == position.partition)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.epoch != position.epoch:
            raise _lost(position)
        return _position(row)

    def release(self, partition: int) -> None:
        """Drop what is kept in memory of a partition; others are left alone."""
        self._caches.pop(partition, None)
        self._loaded.pop(partition, None)

    @property
    def cached(self) -> int:
        """How many open cases are held in memory."""
        return sum(map(len, self._caches.values()))

    def load(self, partition: int, subjects: Sequence[str]) -> dict[str, CaseState]:
        """Return the states of the cases that have one; they are what `commit` compares with."""
        blobs = self._blobs(partition, subjects)
        loaded = {subject: Stored(decode_state(blob), blob) for subject, blob in blobs.items()}
        self._loaded[partition] = loaded
        return {subject: stored.state for subject, stored in loaded.items()}

    def peek(self, partition: int, subjects: Sequence[str]) -> list[CaseState]:
        """Return the states of cases, to be looked at."""
        return [decode_state(blob) for blob in self._blobs(partition, subjects).values()]

    def _blobs(self, partition: int, subjects: Sequence[str]) -> dict[str, bytes]:
        blobs: dict[str, bytes] = {}
        wanted: list[str] = []
        cache: Mapping[str, bytes] = self._caches.get(partition, {})
        for subject in subjects:
            cached = cache.get(subject)
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
        """Write the batch of one partition, as `commit_together` does.

        Raises:
            PartitionLost: another owner has moved the position since.
            DatabaseUnavailable: it may have been written or not; `reread` says so.
        """
        self.commit_together([Commit(position, reached, states, units, publishing)])

    def commit_together(self, commits: Sequence[Commit]) -> dict[int, int | None]:
        """Write states and rows of batches and the positions they reached, in one transaction.

        A new calendar in one lets every open case of the partition wait for the instant at which
        it is planned anew; whom it does not concern is put off when that has come.

        Args:
            commits: of different partitions.

        Returns:
            By partition the earliest instant that a live case of its batch waits for, far off for
            none; None where cases that are not of the batch were woken.

        Raises:
            PartitionLost: another owner has moved a position since; nothing was written.
            DatabaseUnavailable: they may have been written or not; `reread` says so.
        """
        commits = sorted(commits, key=lambda each: each.position.partition)
        written = [rows_of(each, self._loaded.pop(each.position.partition, {})) for each in commits]
        empty: OrderedDict[str, bytes] = OrderedDict()
        caches = [self._caches.pop(each.position.partition, empty.copy()) for each in commits]
        with self._writer.begin() as connection:
            self._move(connection, [(each.position, each.reached) for each in commits])
            moved = [row for rows in written for row in rows.moved]
            self._statements.write(
                connection, moved, [row for rows in written for row in rows.others]
            )
            units = {each.position.partition: each.units for each in commits if each.units}
            self.units.write(connection, units)
            for each in commits:
                self._publish(connection, each.position.partition, each.publishing)
        for each, rows, cache in zip(commits, written, caches, strict=True):
            self._caches[each.position.partition] = cache
            for row in (*rows.moved, *rows.others):
                remember(cache, row, each.states[row.subject])
        share = self._cached_max // len(self._caches)
        for cache in caches:
            while len(cache) > share:
                cache.popitem(last=False)
        return {
            each.position.partition: None if each.publishing.replans else rows.wakes_us
            for each, rows in zip(commits, written, strict=True)
        }

    def _publish(self, connection: Connection, partition: int, publishing: Publishing) -> None:
        self.publications.write(connection, partition, publishing.rows)
        for tick_us in publishing.replans:
            unhurried(connection)
            wake_open(connection, partition, tick_us)

    def put_off(self, position: ReaderPosition, until: Mapping[str, int | None]) -> None:
        """Let cases of an owned partition wait for other instants than their rows say.

        Raises:
            PartitionLost: another owner has moved the position since.
        """
        with self._writer.begin() as connection:
            self._move(connection, [(position, position)])
            self._statements.put_off(connection, position.partition, until)

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

    def next_due_us(self, partition: int) -> int | None:
        """Return the earliest instant that a live case of a partition waits for; None for none."""
        query = (
            select(CASE_STATES.c.tick_us)
            .where(
                CASE_STATES.c.partition == partition,
                CASE_STATES.c.tick_us.is_not(None),
                CASE_STATES.c.ticked_live,
            )
            .order_by(CASE_STATES.c.tick_us)
            .limit(1)
        )
        with self._engine.connect() as connection:
            found: int | None = connection.execute(query).scalar_one_or_none()
            return found

    def has_due(self, before_us: int) -> bool:
        """Whether a live case of any partition waits for a tick whose instant lies before."""
        waits = (
            CASE_STATES.c.partition == POSITIONS.c.partition,
            CASE_STATES.c.tick_us < before_us,
            CASE_STATES.c.ticked_live,
        )
        query = select(POSITIONS.c.partition).where(exists().where(*waits)).limit(1)
        with self._engine.connect() as connection:
            return connection.execute(query).first() is not None

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

    def _move(
        self, connection: Connection, moves: Sequence[tuple[ReaderPosition, ReaderPosition]]
    ) -> None:
        """Move positions by compare-and-set; nothing of the transaction stands if one is lost."""
        moved = self._statements.move(connection, moves)
        for old, _ in moves:
            if old.partition not in moved:
                raise _lost(old)


_BEGIN = text(
    "INSERT INTO supervision_positions "
    "(partition, form, next_offset, log_identity, last_sha256, epoch) "
    "VALUES (:partition, :form, :next_offset, :log_identity, :last_sha256, :epoch) "
    "ON CONFLICT DO NOTHING"
)
"""Two owners may begin at once: the row of one of them is there for both."""


def _position(row: Row[Any]) -> ReaderPosition:
    return ReaderPosition(
        partition=row.partition,
        next_offset=row.next_offset,
        log_identity=row.log_identity,
        last_sha256=row.last_sha256,
        epoch=row.epoch,
    )


def _lost(position: ReaderPosition) -> PartitionLost:
    return PartitionLost(
        f"Partition {position.partition}: the position ({position.next_offset}, epoch "
        f"{position.epoch}) has been moved by another owner.",
        hint="Nothing was written; let the other owner go on.",
        partition=position.partition,
    )
