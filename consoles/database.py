"""The database of states and read models that settings name: opened, made, checked.

SQLite's files are made when they are first opened. PostgreSQL's tables belong to a role of their
own and are made by `hall database apply`; workers and API nodes only look whether all is there.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from consoles.folder import READ_FILE, STATE_FILE
from consoles.settings import EMBEDDED, Settings
from ledger.drivers.sql_engine import open_engine, unhurried, writing
from ledger.drivers.sql_schema import create_missing, schema_faults
from ledger.errors import DatabaseSchemaOther, ProjectionStale
from processors.drivers.state_rows import METADATA as STATES
from projections.drivers.read_schema import ReadSchema
from projections.registry import all_projections

POSTGRESQL_MIN = 140_000
"""The oldest server that is supported, as its `server_version_num`."""
_APPLYING = 5_301_188_107
"""Number of the advisory lock that two `apply` at once would both want."""


@dataclass(frozen=True, slots=True)
class Databases:
    """Where states are and where read models are; of PostgreSQL both are one."""

    states: Engine
    reads: Engine

    @property
    def is_postgresql(self) -> bool:
        """Whether tables are made by a command and not when they are opened."""
        return self.states.dialect.name == "postgresql"

    def dispose(self) -> None:
        """Close what is open."""
        self.states.dispose()
        self.reads.dispose()


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply_schema` made, as `table cases`, and what it cannot put right, a sentence each."""

    made: list[str]
    faults: list[str]


def open_databases(settings: Settings, application: str = "hall") -> Databases:
    """Return the databases that settings name.

    Args:
        settings: the effective settings.
        application: name under which PostgreSQL lists the connections.

    Raises:
        SettingInvalid: the URL names no database that is supported.
    """
    if settings.database == EMBEDDED:
        states, reads = (settings.data / name for name in (STATE_FILE, READ_FILE))
        return Databases(open_engine(f"sqlite:///{states}"), open_engine(f"sqlite:///{reads}"))
    engine = open_engine(settings.database, application=application)
    return Databases(engine, engine)


def apply_schema(databases: Databases, zone: ZoneInfo) -> Applied:
    """Make what is missing of tables, indexes and views; what is there as it should be stays.

    States of another shape are made anew and empty, since workers read them again from the log.
    Read models of another version are left for `hall rebuild`.

    Raises:
        DatabaseUnavailable: the database cannot answer.
    """
    with writing(databases.states).begin() as connection:
        _alone(connection)
        made, faults = _apply_states(connection), _server_faults(connection)
    try:
        with writing(databases.reads).begin() as connection:
            _alone(connection)
            made += ReadSchema(all_projections(zone), zone).create(connection)
    except ProjectionStale as error:
        faults.append(str(error))
    return Applied(made, faults)


def find_faults(databases: Databases, zone: ZoneInfo) -> list[str]:
    """Return what is missing or of another version, a sentence each; nothing if all is well."""
    with databases.states.connect() as connection:
        faults = _server_faults(connection) + schema_faults(connection, STATES)
    with databases.reads.connect() as connection:
        return faults + ReadSchema(all_projections(zone), zone).faults(connection)


def require_schema(databases: Databases, zone: ZoneInfo) -> None:
    """Refuse to work with a database that is not as this version needs it.

    Raises:
        DatabaseSchemaOther: something is missing or of another version.
    """
    if faults := find_faults(databases, zone):
        raise DatabaseSchemaOther(
            f"The database is not as this version needs it: {'; '.join(faults)}.",
            hint="Run `hall database apply` as the owner of its tables; `hall rebuild` makes read "
            "models of another version again.",
            faults=faults,
        )


def _apply_states(connection: Connection) -> list[str]:
    """Make the tables of states; all of them together, since their positions speak for all."""
    made = create_missing(connection, STATES)
    if schema_faults(connection, STATES):
        STATES.drop_all(connection)
        made = create_missing(connection, STATES)
    return made


def _alone(connection: Connection) -> None:
    unhurried(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_APPLYING})")


def _server_faults(connection: Connection) -> list[str]:
    """Say what a PostgreSQL server lacks."""
    if connection.dialect.name != "postgresql":
        return []
    faults = []
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if version < POSTGRESQL_MIN:
        faults.append(f"server: found version {version}, expected {POSTGRESQL_MIN} or newer")
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        faults.append(f"server: found the encoding {encoding}, expected UTF8")
    return faults
