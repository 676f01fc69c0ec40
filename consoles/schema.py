"""Tables and views of states and read models in one database: made, and compared with this version.

The embedded edition makes its own at each start. In PostgreSQL their owner does it by command, so
that nodes and workers need no right to change tables.
"""

from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ledger.drivers.sql_engine import unhurried, writing
from ledger.drivers.sql_schema import create_missing, schema_faults
from ledger.errors import DatabaseSchemaOther
from processors.drivers.state_rows import METADATA
from projections.drivers.read_schema import ReadSchema
from projections.registry import all_projections


def apply_schema(engine: Engine, zone: ZoneInfo) -> list[str]:
    """Make what is missing, and the views of this version; return what was made.

    Raises:
        ProjectionStale: the read models were made by other versions; they are rebuilt, not altered.
        DatabaseUnavailable: the database does not answer.
    """
    with writing(engine).begin() as connection:
        unhurried(connection)
        made = create_missing(connection, METADATA)
        return made + ReadSchema(all_projections(zone), zone).create(connection)


def faults_of(engine: Engine, zone: ZoneInfo) -> list[str]:
    """Return what is missing or of another version, a sentence each; nothing if all is right."""
    with engine.connect() as connection:
        found = schema_faults(connection, METADATA)
        return found + ReadSchema(all_projections(zone), zone).faults(connection)


def require_states(engine: Engine) -> None:
    """Refuse tables of states that are missing or of another version.

    Raises:
        DatabaseSchemaOther: names what was found.
    """
    with engine.connect() as connection:
        faults = schema_faults(connection, METADATA)
    if faults:
        raise DatabaseSchemaOther(
            f"The states are not as this version needs them: {'; '.join(faults)}.",
            hint="Run `hall database apply` as the owner of the tables.",
            found=faults,
        )
