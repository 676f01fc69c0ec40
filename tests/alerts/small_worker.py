"""A process that has two partitions in three roles and says so: a worker without its work.

It meets every method of the meters, once at its start and then again and again, until it is ended.
It prints the address on which it serves its metrics.
"""

import time

from alerts.drivers.metrics_server import serve_metrics
from alerts.drivers.prometheus import Exporter
from alerts.drivers.role_meter import RoleMeter
from alerts.figures import Build, Role
from alerts.readiness import Readiness

PARTITIONS = (1, 2)
ROLES: tuple[Role, ...] = ("supervise", "project", "notify")
ROUND_SECONDS = 0.2


def begin(meter: RoleMeter) -> None:
    """Take the partitions over."""
    for partition in PARTITIONS:
        meter.took_over(partition, next_offset=100)


def one_round(meter: RoleMeter, number: int) -> None:
    """Commit a batch of each partition, and what else a loop says."""
    for partition in PARTITIONS:
        meter.reached(partition, 100 + number)
        meter.lags(partition, 0)
        meter.repeats(partition, 0)
        meter.gaps(partition, 0)
        meter.stopped(partition, is_stopped=False)
        if meter.role == "supervise":
            meter.polled(partition, time.time_ns() // 1_000)
            meter.ticked(partition, 2)
            meter.ticks_under_way(partition, number % 3)
            meter.observe_delay(0.5)
            meter.ticks_held(are_held=False)


def main() -> None:
    """Work until the process is ended."""
    exporter = Exporter(Build("0.2.0", "kafka", "1", "hunan 1"))
    meters = [exporter.role(role) for role in ROLES]
    for meter in meters:
        begin(meter)
    exporter.follows(True)
    server = serve_metrics(exporter, "127.0.0.1", 0, Readiness)
    print(server.url, flush=True)
    number = 0
    while True:
        number += 1
        for meter in meters:
            one_round(meter, number)
        time.sleep(ROUND_SECONDS)


if __name__ == "__main__":
    main()
