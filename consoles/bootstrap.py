"""Puts a hall together from settings: the one place where drivers are chosen."""

import gc
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from alerts.drivers.prometheus import Exporter
from consoles.clock import Clock, WallClock
from consoles.database import Databases, open_databases, require_schema
from consoles.engine import Engine
from consoles.folder import LOG_FILE, FolderLock
from consoles.hall import Hall, Names, SurfaceSettings
from consoles.importing.profile import profile_packs
from consoles.measuring import Measured, build_of, meter_of
from consoles.published import Published
from consoles.publishing import publish_configured
from consoles.settings import EMBEDDED, Settings
from ledger.drivers.calendar_files import Calendars, load_calendars
from ledger.drivers.sqlite_log import SqliteDeadLetters, SqliteLog
from ledger.errors import LogUnavailable, SettingInvalid
from ledger.log import EventLog
from ledger.work_calendar import WorkCalendar
from processors.drivers.embedded import Supervisor
from processors.drivers.pack_files import load_packs
from processors.drivers.partition_owner import ENGINE
from processors.drivers.sql_state import SqlState
from processors.supervision.policy import Policy
from projections.drivers.measures import Measures
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers
from projections.drivers.sql_store import SqlStore
from projections.registry import all_projections

COLLECT_AFTER = 50_000

Role = Literal["supervise", "if-free", "read"]
"""`supervise` needs the folder's lock, `if-free` takes it if nobody has it, `read` leaves it."""


def load_policy(settings: Settings, pack: str | None = None) -> Policy:
    """Return the packs and calendars that settings name.

    Args:
        settings: the effective settings.
        pack: the pack of live cases instead of the one in the settings.

    Raises:
        PackInvalid: a pack file with an error.
        CalendarInvalid: a calendar file with an error.
        SettingInvalid: a pack or calendar that does not exist.
    """
    return _configured(settings, _calendars(settings), pack)


def _calendars(settings: Settings) -> Calendars:
    return load_calendars(Path(settings.calendars) if settings.calendars else None)


def _configured(settings: Settings, found: Calendars, pack: str | None = None) -> Policy:
    packs = load_packs(Path(settings.packs) if settings.packs else None)
    calendars = {name: WorkCalendar(spec) for name, spec in found.specs.items()}
    chosen = pack or settings.pack
    if chosen not in packs:
        raise SettingInvalid(f"pack: found {chosen!r}, expected one of {', '.join(sorted(packs))}.")
    if settings.calendar not in calendars:
        names = ", ".join(sorted(calendars))
        raise SettingInvalid(f"calendar: found {settings.calendar!r}, expected one of {names}.")
    return Policy(
        packs=packs,
        default_pack=chosen,
        calendars=calendars,
        default_calendar=settings.calendar,
        profiles=profile_packs(),
    )


def spare_the_collector() -> None:
    """Keep what was loaded out of the collector's sight, and let it look more seldom.

    The loops make many short-lived values and hardly a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)


def open_hall(
    settings: Settings,
    *,
    role: Role,
    clock: Callable[[EventLog], Clock] = lambda _: WallClock(),
    generated: bool = False,
    names: Names | None = None,
    stale: bool = False,
) -> Hall:
    """Open the data folder and return the hall in it, not yet started.

    Args:
        settings: the effective settings.
        role: whether this process supervises.
        clock: makes the hall's clock, knowing the log it will stamp.
        generated: the data come from the simulator.
        names: published names, by (kind, code, language).
        stale: leave read models of another version alone; for the command that makes them again.

    Raises:
        DataFolderBusy: another process supervises the folder and `role` needs to.
        LogMismatch: states or read models belong to another log.
        ProjectionStale: the read models were made by another version.
        DatabaseSchemaOther: PostgreSQL lacks tables, or has others.
    """
    if settings.log != EMBEDDED:
        return _kafka_node(settings, names, stale=stale)
    folder = settings.data
    folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder)
    if role == "supervise":
        lock.require()
    supervises = role != "read" and lock.take()
    with ExitStack() as undo:
        undo.callback(lock.release)
        hall = _opened(settings, lock, clock, undo, supervises=supervises, stale=stale)
        undo.pop_all()
    hall.settings = surface(settings, generated=generated)
    hall.names = names or {}
    return hall


def _opened(
    settings: Settings,
    lock: FolderLock,
    clock: Callable[[EventLog], Clock],
    undo: ExitStack,
    *,
    supervises: bool,
    stale: bool,
) -> Hall:
    """Open what the folder holds, the lock being taken where this process supervises.

    What was opened is put on `undo`.
    """
    calendars = _calendars(settings)
    policy = _configured(settings, calendars)
    zone = ZoneInfo(settings.zone)
    stamping = _Late()
    log = SqliteLog(settings.data / LOG_FILE, settings.partitions, now=stamping.now_us)
    undo.callback(log.close)
    ticking = stamping.clock = clock(log)
    databases = _databases(settings, zone, undo, stale=stale)
    states = SqlState(databases.states)
    store = SqlStore(databases.reads, all_projections(zone), zone)
    projector = Projector(log, store)
    readers = Readers(databases.reads, zone)
    exporter = Exporter(build_of("embedded", ENGINE, policy.packs[policy.default_pack]))
    supervisor = None
    if not stale:
        store.prepare()
    if supervises:
        on_delay = exporter.role("supervise").observe_delay
        supervisor = Supervisor(log, states, policy, ticking.now_us, ticking.may_tick, on_delay)
        if not stale:
            projector.claim(range(log.partitions))
            since = effective_from(policy, calendars)
            if ticking.may_tick():
                publish_configured(log, states, policy, ticking.now_us(), since)
    follows = supervises and not stale
    engine = Engine(supervisor, projector, log.partitions if follows else 0)
    log.on_append(engine.wake)
    if follows:
        _tell_of(engine, exporter, states, readers)
    measured = _measured(log, states, readers, databases, policy, ticking, zone)
    hall = Hall(
        settings=surface(settings, generated=False),
        log=log,
        dead_letters=measured.dead_letters,
        states=states,
        read_engine=databases.reads,
        readers=readers,
        policy=policy,
        clock=ticking,
        lock=lock,
        supervisor=supervisor,
        projector=projector,
        engine=engine,
        exporter=exporter,
        measured=measured,
        names={},
        published=Published(log, states.publications, lambda: time.monotonic_ns() // 1_000),
        closers=[log.close, databases.dispose],
    )
    exporter.read(hall.figures)
    return hall


def _databases(settings: Settings, zone: ZoneInfo, undo: ExitStack, *, stale: bool) -> Databases:
    """Open states and read models; PostgreSQL's are as this version needs them."""
    databases = open_databases(settings)
    undo.callback(databases.dispose)
    if databases.is_postgresql and not stale:
        require_schema(databases, zone)
    return databases


def _measured(
    log: SqliteLog,
    states: SqlState,
    readers: Readers,
    databases: Databases,
    policy: Policy,
    clock: Clock,
    zone: ZoneInfo,
) -> Measured:
    return Measured(
        log=log,
        states=states,
        readers=readers,
        measures=Measures(databases.reads, zone),
        dead_letters=SqliteDeadLetters(log),
        calendars=policy.calendars,
        now_us=clock.now_us,
    )


def effective_from(policy: Policy, calendars: Calendars) -> dict[str, int]:
    """Return the instant from which each calendar that says so governs."""
    return {
        name: policy.calendars[name].midnight_after(day - timedelta(days=1))
        for name, day in calendars.effective_from.items()
    }


def _tell_of(engine: Engine, exporter: Exporter, states: SqlState, readers: Readers) -> None:
    """Let the meters of this process's roles follow what the engine commits."""
    engine.on_moved(meter_of(exporter.role("supervise"), states))
    engine.on_moved(meter_of(exporter.role("project"), readers))


class _Late:
    """The clock of a log that must be open before its clock can be chosen."""

    clock: Clock | None = None

    def now_us(self) -> int:
        """Return the chosen clock's instant; 0 while none is chosen, when entries bring their own.

        Raises:
            LogUnavailable: the clock leapt ahead. A stamp could never be taken back, and would let
                ticks happen that are not due.
        """
        if self.clock is None:
            return 0
        if not self.clock.may_tick():
            raise LogUnavailable(
                "The machine's clock leapt ahead of its monotonic one; nothing is recorded.",
                hint="Correct the clock, or restart the process if the new time is right.",
            )
        return self.clock.now_us()


def _kafka_node(settings: Settings, names: Names | None, *, stale: bool) -> Hall:
    """Open a node of the Kafka edition; its libraries are imported only here."""
    try:
        from consoles.kafka_edition import open_node
    except ImportError as error:
        raise SettingInvalid(
            f"log: {settings.log!r} needs the Kafka edition, but {error.name} is not installed.",
            hint="Install it with `pip install hall-ledger[kafka]`.",
        ) from error
    hall = open_node(settings, stale=stale)
    hall.names = names or {}
    return hall


def surface(settings: Settings, *, generated: bool) -> SurfaceSettings:
    """Return the settings that the HTTP surface and the pages read."""
    return SurfaceSettings(
        zone=ZoneInfo(settings.zone),
        hall_name=settings.name,
        generated=generated,
        max_body_bytes=settings.max_body_bytes,
        max_batch_events=settings.max_batch_events,
        max_in_flight=settings.max_in_flight,
        max_live_clients=settings.max_live_clients,
    )
