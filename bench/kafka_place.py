"""Three nodes of Apache Kafka and a PostgreSQL for the benches, and halls that live on them.

It stands apart because every figure of the Kafka edition is taken on the same ground: real brokers
with three replicas, a database that waits for the disk as in service, everything on this machine.
"""

import resource
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.machine import say
from bench.processes import cpu_seconds
from ledger.log import Entry
from tests.consoles.commands import COMMAND, environment
from tests.faults.kafka_hall import KafkaHall
from tests.services.kafka import KafkaCluster
from tests.services.kafka_jars import JarsMissing, kafka_jars
from tests.services.postgres import PostgresServer, postgres_programs

APPENDED_AT_ONCE = 2_000
LOOK_S = 0.05
PATIENCE_S = 900.0


class Costs(NamedTuple):
    """CPU seconds of the two services since they were started."""

    brokers: float
    database: float

    def since(self, before: "Costs") -> "Costs":
        """Return what came after."""
        return Costs(self.brokers - before.brokers, self.database - before.database)


class Ran(NamedTuple):
    """A command of `hall` that ended: wall and CPU seconds, its processes together."""

    seconds: float
    cpu: float


class Place:
    """Brokers and a database, up."""

    def __init__(self, folder: Path, brokers: KafkaCluster, database: PostgresServer) -> None:
        """Keep the halls' files in `folder`."""
        self.folder = folder
        self.brokers = brokers
        self.database = database

    def costs(self) -> Costs:
        """Return the CPU time that brokers and database have used."""
        return Costs(
            sum(cpu_seconds(node.pid) for node in self.brokers.nodes),
            cpu_seconds(self.database.pid),
        )

    @contextmanager
    def hall(self, topic: str = "", **settings: object) -> Iterator[KafkaHall]:
        """Give a prepared hall on an empty database; on a topic of its own unless one is named."""
        name = self.database.new_database()
        env = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}
        hall = KafkaHall(
            self.folder / name,
            bootstrap=self.brokers.bootstrap,
            topic=topic or f"bench-{uuid.uuid4().hex[:8]}.ledger",
            database_url=self.database.url_of(name),
            **settings,
        )
        hall.env |= env
        try:
            try:
                hall.prepare()
            except AssertionError:  # a broker that does not know the new topics yet
                hall.prepare()
            yield hall
        finally:
            hall.close()
            self.database.drop_database(name)


@contextmanager
def place(folder: Path) -> Iterator[Place | None]:
    """Start three brokers and a database; None, with the reason told, where that is impossible."""
    programs = postgres_programs()
    lacking = _lacking()
    if lacking or programs is None:
        say(f"kafka: not measured: {lacking or 'no PostgreSQL server here'}")
        yield None
        return
    with ExitStack() as stack:
        begun = time.perf_counter()
        database = stack.enter_context(PostgresServer(programs, durable=True))
        brokers = stack.enter_context(KafkaCluster(3))
        say(f"kafka: three brokers and PostgreSQL up in {time.perf_counter() - begun:.0f} s")
        yield Place(folder, brokers, database)


def _lacking() -> str:
    if shutil.which("java") is None:
        return "no java here"
    try:
        kafka_jars()
    except JarsMissing as missing:
        return str(missing)
    return ""


def append(hall: KafkaHall, entries: Sequence[Entry]) -> float:
    """Append entries as intake nodes do under load, 2,000 a call; return the seconds it took."""
    begun = time.perf_counter()
    for start in range(0, len(entries), APPENDED_AT_ONCE):
        hall.append(list(entries[start : start + APPENDED_AT_ONCE]))
    return time.perf_counter() - begun


def run_hall(hall: KafkaHall, *arguments: object) -> Ran:
    """Run a command of `hall` to its end.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    command = [*COMMAND, *map(str, arguments)]
    return run_apart(command, environment(hall.env), hall.folder / "command.log").ran


class Apart(NamedTuple):
    """What a program in a process of its own cost and printed."""

    ran: Ran
    out: str


def run_apart(command: Sequence[str], env: Mapping[str, str], log: Path) -> Apart:
    """Run a program to its end; its last words on failure come from `log`.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.perf_counter()
    with (
        log.open("wb") as err,
        subprocess.Popen(
            command, env=dict(env), stdout=subprocess.PIPE, stderr=err, text=True
        ) as process,
    ):
        before = _cpu_of_children()
        out, _ = process.communicate()
        cpu = _cpu_of_children() - before
    seconds = time.perf_counter() - begun
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise RuntimeError(f"{' '.join(command[:6])}: {process.returncode}\n{said}")
    return Apart(Ran(seconds, cpu), out)


def _cpu_of_children() -> float:
    """Return the CPU time of the children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_until(what: str, true: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """Look again and again until something is true; return the instant at which it was seen.

    Raises:
        TimeoutError: it was not in time.
    """
    until = time.perf_counter() + within_s
    while not true():
        if time.perf_counter() > until:
            raise TimeoutError(f"{what}: not within {within_s:.0f} s")
        time.sleep(LOOK_S)
    return time.perf_counter()
