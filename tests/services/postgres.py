"""A PostgreSQL server for tests, from the system's packages, on a free loopback port."""

import os
import shutil
import signal
import uuid
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.services.service_process import OwnService, ServiceFailed, ServiceProcess, free_port

READY_SECONDS_MAX = 60
ACCOUNT = "postgres"
"""The system's account that the server runs as where the tests run as root, which it refuses."""
_UNSAFE = {"fsync": "off", "full_page_writes": "off"}


def postgres_programs() -> Path | None:
    """Folder of the newest server's programs; Debian keeps them off the PATH."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(found, key=lambda path: int(path.parent.parent.name), default=None)
    if newest is not None:
        return newest.parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


class PostgresServer(OwnService):
    """A server with data in a temporary folder, which can be killed, stopped and started again.

    A server that is not `durable` still keeps everything when it is killed, since the machine's
    memory outlives it; only a power cut would show the difference.

    Attributes:
        url: SQLAlchemy's address of the server's own database, to make others from.
    """

    def __init__(self, programs: Path, *, durable: bool = False) -> None:
        self.port = free_port()
        folder = self.new_folder("postgres")
        self._data = folder / "data"
        self._initdb = programs / "initdb"
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT, ACCOUNT)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            **({} if durable else _UNSAFE),
        }
        command = [str(programs / "postgres"), "-D", str(self._data)]
        command += [f"--{name}={value}" for name, value in options.items()]
        super().__init__(command, folder, user=ACCOUNT, stop_signal=signal.SIGINT)

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the server's own database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """SQLAlchemy's address of one database."""
        return f"postgresql+psycopg://hall@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers; the first start makes the data folder.

        After a kill its children may live for a moment longer and keep it from starting.
        """
        if not self._data.exists():
            self._make_data()
        for _ in range(5):
            super().start()
            try:
                self.wait_until(self._answers, "ready", READY_SECONDS_MAX)
            except ServiceFailed:
                if self.is_running():
                    raise
            else:
                return
        raise ServiceFailed(self.said("would not start"))

    def _make_data(self) -> None:
        command = [str(self._initdb), "-D", str(self._data), "-U", "hall", "-A", "trust"]
        command += ["-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        maker = ServiceProcess(command, self.log, user=self.user)
        maker.start()
        if maker.ended() != 0:
            raise ServiceFailed(maker.said("could not make the data folder"))

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def execute(self, statement: LiteralString, *names: str) -> None:
        """Run one statement on the server's own database, with `names` for its `{}`."""
        address = f"host=127.0.0.1 port={self.port} user=hall dbname=postgres connect_timeout=5"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def new_database(self, template: str = "template1", locale: str | None = None) -> str:
        """Make an empty database, or a copy of one; gives its name.

        Args:
            locale: of ICU, by which the database sorts unless it is told otherwise; only an empty
                one (`template0`) can have another than the server.
        """
        name = f"hall_{uuid.uuid4().hex[:12]}"
        if locale is None:
            self.execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        else:
            statement: LiteralString = (
                "CREATE DATABASE {} TEMPLATE {} LOCALE_PROVIDER icu ICU_LOCALE {}"
            )
            self.execute(statement, name, template, locale)
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def disconnect(self, name: str) -> None:
        """Cut every connection to a database, as a network that fails would, also in mid-commit."""
        address = f"host=127.0.0.1 port={self.port} user=hall dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
