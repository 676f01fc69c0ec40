"""The gateway as a process: what sources write to the intake topic becomes records or dead letters.

It is crash-only as the other roles are, and commits nothing that is not durable elsewhere.
"""

import logging
import signal
import socket
import time
from threading import Event

from alerts.drivers.metrics_server import serve_metrics
from alerts.drivers.prometheus import Exporter
from alerts.readiness import Readiness
from consoles.kafka_edition import Parts, open_parts
from consoles.measuring import build_of
from consoles.settings import Settings
from ledger.drivers.kafka_gateway import KafkaGateway
from processors.drivers.faust_worker import crash
from processors.drivers.partition_owner import ENGINE

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often it is told how far the gateway is behind."""


def run_gateway(settings: Settings) -> None:
    """Take events in until SIGTERM or SIGINT; an error ends the process with 70.

    Raises:
        HallError: what it needs is not there, or is not as it was declared.
    """
    parts = open_parts(settings)
    parts.require_topics()
    name = f"{settings.worker_name or socket.gethostname()}.intake"
    gateway = KafkaGateway(
        parts.place,
        parts.access,
        parts.log,
        parts.dead_letters,
        member=name,
        session_s=settings.session_timeout_s,
    )
    exporter = Exporter(build_of("kafka", ENGINE, parts.policy.pack_for(None)))
    server = serve_metrics(exporter, settings.host, settings.worker_port, Readiness)
    logger.info("Worker %s, metrics at %s/metrics", name, server.url)
    exporter.follows(True)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _follow(gateway, exporter, stop)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next process begins anew
        crash("taking in events", error)
    _leave(gateway, parts)
    server.close()


def _follow(gateway: KafkaGateway, exporter: Exporter, stop: Event) -> None:
    meter = exporter.role("gateway")
    looked, owned = 0.0, set[int]()
    while not stop.is_set():
        gateway.turn()
        if time.monotonic() - looked < LOOK_S:
            continue
        looked, lags = time.monotonic(), gateway.lag()
        for partition in owned - lags.keys():
            meter.gave_up(partition)
        for partition, behind in lags.items():
            if partition not in owned:
                meter.took_over(partition, 0)
            meter.lags(partition, behind)
        owned = set(lags)


def _leave(gateway: KafkaGateway, parts: Parts) -> None:
    gateway.close()
    parts.close()
