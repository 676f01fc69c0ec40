"""The Kafka edition put together: the log on Kafka, states and read models in one database.

Nothing of it is imported by the embedded edition. A node (HTTP surface, commands) appends and
reads; workers judge and project (`consoles/kafka_worker.py`).
"""

import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine as SqlEngine

from alerts.drivers.prometheus import Exporter
from consoles.bootstrap import load_policy, surface
from consoles.brokers import access_of, place_of
from consoles.clock import DatabaseClock
from consoles.database import open_databases, require_schema
from consoles.engine import Engine
from consoles.hall import Hall
from consoles.measuring import DISTRIBUTION, Measured, build_of
from consoles.published import Published
from consoles.settings import Settings
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace
from ledger.drivers.kafka_dead_letters import KafkaDeadLetters
from ledger.drivers.kafka_log import DELIVERY_S, PATIENCE_S, KafkaLog
from ledger.drivers.kafka_topics import declared, require_topics
from ledger.errors import HallError, SettingInvalid
from processors.drivers.partition_owner import ENGINE
from processors.drivers.sql_state import SqlState
from processors.supervision.policy import Policy
from projections.drivers.measures import Measures
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers
from projections.drivers.sql_store import SqlStore
from projections.registry import all_projections

NODE_DELIVERY_S, NODE_PATIENCE_S = 10.0, 3.0
"""A node's: whoever sends events is told soon that they cannot be taken now."""
CLOCK_GAP_MAX_US = 2_000_000
"""How far a node's clock may be from the database's while it is ready."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What every process of the Kafka edition holds."""

    settings: Settings
    place: KafkaPlace
    access: KafkaAccess
    policy: Policy
    zone: ZoneInfo
    engine: SqlEngine
    states: SqlState
    store: SqlStore
    clock: DatabaseClock
    log: KafkaLog
    dead_letters: KafkaDeadLetters

    def require_topics(self) -> None:
        """Refuse to go on where a topic is not set as it was declared.

        Raises:
            TopicMismatch: naming topic, setting, what was found and what was expected.
        """
        topics = declared(self.place, replication=self.settings.replication)
        require_topics(self.place, self.access, topics)

    def close(self) -> None:
        """Release everything."""
        self.dead_letters.close()
        self.log.close()
        self.engine.dispose()


def open_parts(
    settings: Settings,
    *,
    stale: bool = False,
    delivery_s: float = DELIVERY_S,
    patience_s: float = PATIENCE_S,
) -> Parts:
    """Connect to Kafka and to the database.

    Args:
        settings: the effective settings; `log` names Kafka, `database` a PostgreSQL.
        stale: leave read models of another version alone; for the command that makes them again.
        delivery_s: seconds after which an append that nobody acknowledged is an error.
        patience_s: seconds that a read may take.

    Raises:
        SettingInvalid: settings that do not fit together.
        LogUnavailable: Kafka does not answer, or has no such topic.
        DatabaseUnavailable: the database does not answer.
        DatabaseSchemaOther: its tables are missing or of another version.
    """
    if settings.database == "sqlite:":
        raise SettingInvalid(
            "database: found 'sqlite:', expected postgresql://user@host/name beside Kafka.",
            hint="Set HALL_DATABASE.",
        )
    policy, zone = load_policy(settings), ZoneInfo(settings.zone)
    databases = open_databases(settings)
    engine = databases.reads
    try:
        if not stale:
            require_schema(databases, zone)
        states = SqlState(databases.states)
        store = SqlStore(engine, all_projections(zone), zone)
        if not stale:
            store.prepare()
        clock = DatabaseClock(states.now_us)
        place, access = place_of(settings), access_of(settings)
        log = KafkaLog(
            place, access, now=clock.now_us, delivery_s=delivery_s, patience_s=patience_s
        )
    except BaseException:
        engine.dispose()
        raise
    return Parts(
        settings=settings,
        place=place,
        access=access,
        policy=policy,
        zone=zone,
        engine=engine,
        states=states,
        store=store,
        clock=clock,
        log=log,
        dead_letters=KafkaDeadLetters(
            place, access, version=version(DISTRIBUTION), delivery_s=delivery_s
        ),
    )


class Node(Hall):
    """A process that appends and answers; workers elsewhere judge and project."""

    def status(self) -> dict[str, Any]:
        """Return readiness with its reasons, lags and positions."""
        reasons: list[str] = []
        ends: dict[int, int] = {}
        judged: dict[int, int] = {}
        projected: dict[int, int] = {}
        suspended = 0
        try:
            ends = self.log.ends()
        except HallError as error:
            reasons.append(str(error))
        try:
            judged, projected = self.states.positions(), dict(self.readers.positions())
            suspended = self.states.suspended_count()
        except HallError as error:
            reasons.append(str(error))
        reasons += self._reasons_of_clock()
        return {
            "ready": not reasons,
            "reasons": reasons,
            "supervision_lag": _lag(ends, judged),
            "projection_lag": _lag(ends, projected),
            "suspended_cases": suspended,
            "ticks": 0,
            "log": {"identity": self.log.identity, "ends": ends},
        }

    def _reasons_of_clock(self) -> list[str]:
        assert isinstance(self.clock, DatabaseClock)
        gap_us = self.clock.gap_us()
        if abs(gap_us) <= CLOCK_GAP_MAX_US:
            return []
        return [f"this machine's clock is {gap_us / 1e6:+.1f} s off the database's; correct it"]


def _lag(ends: dict[int, int], read: dict[int, int]) -> int:
    return sum(max(0, end - read.get(partition, 0)) for partition, end in ends.items())


def open_node(settings: Settings, *, stale: bool = False) -> Hall:
    """Return a node, for the HTTP surface and for commands.

    Raises:
        HallError: as `open_parts` says.
    """
    parts = open_parts(
        settings, stale=stale, delivery_s=NODE_DELIVERY_S, patience_s=NODE_PATIENCE_S
    )
    readers = Readers(parts.engine, parts.zone)
    measured = Measured(
        log=parts.log,
        states=parts.states,
        readers=readers,
        measures=Measures(parts.engine, parts.zone),
        dead_letters=parts.dead_letters,
        calendars=parts.policy.calendars,
        now_us=parts.clock.now_us,
        clock_difference=lambda: parts.clock.gap_us() / 1e6,
    )
    hall = Node(
        settings=surface(settings, generated=False),
        log=parts.log,
        dead_letters=parts.dead_letters,
        states=parts.states,
        read_engine=parts.engine,
        readers=readers,
        policy=parts.policy,
        clock=parts.clock,
        lock=None,
        supervisor=None,
        projector=Projector(parts.log, parts.store),
        engine=Engine(None, None, 0),
        exporter=Exporter(build_of("kafka", ENGINE, parts.policy.pack_for(None))),
        measured=measured,
        names={},
        published=Published(
            parts.log, parts.states.publications, lambda: time.monotonic_ns() // 1_000
        ),
        closers=[parts.close],
    )
    hall.exporter.read(hall.figures)
    return hall
