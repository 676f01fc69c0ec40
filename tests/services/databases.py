"""Databases for tests of what runs on SQLite and on PostgreSQL alike.

A module says `pytestmark = pytest.mark.usefixtures("dialect")`, and its tests run on both; where
they open `url_in(folder)` they get a file of that folder, or the folder's own database on the
server. The same folder is the same database, as it is for a process that starts again.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine

from ledger.drivers.sql_engine import open_engine

if TYPE_CHECKING:
    from tests.services.postgres import PostgresServer


Make = Callable[[Engine], object]


class Databases:
    """Where the running test's databases are: in files, unless a server is given."""

    def __init__(self) -> None:
        self._server: PostgresServer | None = None
        self._names: dict[tuple[Path, str], str] = {}
        self._templates: dict[tuple[Any, Make], str] = {}
        self._engines: list[Engine] = []

    @property
    def on_postgresql(self) -> bool:
        return self._server is not None

    def use(self, server: "PostgresServer | None") -> None:
        """Forget the former test's databases; those of the next are on a server, or in files."""
        for engine in self._engines:
            engine.dispose()
        if self._server is not None:
            self._server.start()
            for name in self._names.values():
                self._server.drop_database(name)
        self._engines.clear()
        self._names.clear()
        self._server = server

    def url(self, folder: Path, name: str, make: Make | None = None) -> str:
        if self._server is None:
            folder.mkdir(exist_ok=True)
            return f"sqlite:///{folder / name}.sqlite"
        database = self._names.get((folder, name))
        if database is None:
            database = self._new(self._server, make)
            self._names[folder, name] = database
        return self._server.url_of(database)

    def engine(self, folder: Path, name: str, make: Make | None) -> Engine:
        engine = open_engine(self.url(folder, name, make))
        self._engines.append(engine)
        if self._server is None and make is not None:
            make(engine)
        return engine

    def _new(self, server: "PostgresServer", make: Make | None) -> str:
        """Make a database; a copy of one in which its tables have been made, to be quick."""
        if make is None:
            return server.new_database()
        template = self._templates.get((server, make))
        if template is None:
            template = self._templates[server, make] = server.new_database()
            engine = open_engine(server.url_of(template))
            make(engine)
            engine.dispose()
        return server.new_database(template)


_DATABASES = Databases()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the test's databases be of this dialect."""
    chosen: str = request.param
    _DATABASES.use(None if chosen == "sqlite" else request.getfixturevalue("postgres"))
    yield chosen
    _DATABASES.use(None)


def url_in(folder: Path, name: str = "database", make: Make | None = None) -> str:
    """SQLAlchemy's address of a database of a folder, empty when it is asked for first.

    Args:
        make: makes its tables.
    """
    return _DATABASES.url(folder, name, make)


def engine_in(folder: Path, name: str = "database", make: Make | None = None) -> Engine:
    """An engine on that database; it is disposed of after the test."""
    return _DATABASES.engine(folder, name, make)


def on_postgresql() -> bool:
    """Whether the running test's databases are on PostgreSQL."""
    return _DATABASES.on_postgresql
