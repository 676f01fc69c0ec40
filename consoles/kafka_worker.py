"""A worker of the Kafka edition: one role, one process, hosted by Faust.

Roles are processes of their own, so that each has its consumer group, its position and its restart.
A worker that met an error ends with exit code 70, and whoever supervises processes (systemd,
compose, `hall worker` without a role) starts it again.
"""

import logging
import socket
from dataclasses import dataclass

from alerts.drivers.metrics_server import serve_metrics
from alerts.drivers.prometheus import Exporter
from alerts.drivers.role_meter import RoleMeter
from consoles.family import Following
from consoles.following import ProjectionFollower
from consoles.kafka_edition import Parts, open_parts
from consoles.measuring import build_of
from consoles.metering import MeteredFollower, SupervisionTold
from consoles.settings import Settings
from ledger.delivery import Delivery
from ledger.drivers.kafka_tail import KafkaTail
from ledger.reading import Read
from processors.drivers import faust_worker
from processors.drivers.embedded import Supervisor
from processors.drivers.partition_owner import ENGINE
from projections.drivers.projector import Projector

logger = logging.getLogger(__name__)

GROUP = "{topic}.{role}"
"""Consumer group of a role; named after the topic, so that two halls on one cluster never meet."""
JUDGED_AT_ONCE = 2_000
"""Records of a turn of supervision, which takes all partitions of the worker together. A rebalance
waits for a turn, and a group gives up a member that makes it wait for long."""
APPLIED_AT_ONCE = 1_000
"""Records of one partition in a turn of projection."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker put together, not yet started."""

    role: Following
    parts: Parts
    follower: MeteredFollower
    host: faust_worker.Host
    exporter: Exporter

    def run(self) -> None:
        """Follow the log until SIGTERM or SIGINT; an error ends the process with 70.

        Raises:
            SettingInvalid: the port of its metrics cannot be had.
        """
        settings, place = self.parts.settings, self.parts.place
        name = settings.worker_name or socket.gethostname()
        membership = faust_worker.Membership(
            brokers=place.servers,
            topic=place.topic,
            group=GROUP.format(topic=place.topic, role=self.role),
            instance=f"{name}.{self.role}",
            session_timeout_s=settings.session_timeout_s,
            credentials=faust_worker.credentials(self.parts.access.options()),
        )
        server = serve_metrics(
            self.exporter, settings.host, settings.worker_port, self.follower.ready
        )
        logger.info("Worker %s, metrics at %s/metrics", membership.instance, server.url)
        self.exporter.follows(True)
        faust_worker.run(faust_worker.build(membership, self.host))


def open_worker(settings: Settings, role: Following) -> Worker:
    """Put a worker together.

    Raises:
        HallError: what it needs is not there, or is not as it was declared.
    """
    parts = open_parts(settings)
    parts.require_topics()
    delivery = Delivery(parts.log)
    exporter = Exporter(build_of("kafka", ENGINE, parts.policy.pack_for(None)))
    meter = exporter.role(role)
    follower = _follower(parts, role, delivery, meter)
    place, log = parts.place, parts.log
    tail = KafkaTail(place, parts.access.options(), place.topic, log.partitions)
    return Worker(
        role=role,
        parts=parts,
        follower=follower,
        host=faust_worker.Host(follower, delivery, tail),
        exporter=exporter,
    )


def _follower(
    parts: Parts, role: Following, delivery: Delivery, meter: RoleMeter
) -> MeteredFollower:
    if role == "supervise":
        supervisor = _supervisor(parts, delivery, meter)
        told = SupervisionTold(supervisor, meter)
        return MeteredFollower(supervisor, delivery, meter, told)
    projector = Projector(parts.log, parts.store, delivery)
    return MeteredFollower(ProjectionFollower(projector, limit=APPLIED_AT_ONCE), delivery, meter)


def _supervisor(parts: Parts, delivery: Delivery, meter: RoleMeter) -> Supervisor:
    def bury(read: Read) -> None:
        parts.dead_letters.put(
            read.raw,
            source="supervision",
            reason="ledger.identity-conflict",
            detail=f"record {read.position.partition}:{read.position.offset} has an identity that "
            "an earlier one has with other content; it has no effect.",
        )

    return Supervisor(
        parts.log,
        parts.states,
        parts.policy,
        parts.clock.now_us,
        on_delay=meter.observe_delay,
        on_conflict=bury,
        batch_max=JUDGED_AT_ONCE,
        partitions=(),
        feed=delivery,
    )
