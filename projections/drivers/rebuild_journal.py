"""What the last rebuilds found, kept beside the rows for metrics and for people."""

from sqlalchemy import Engine, delete, insert

from ledger.drivers.sql_engine import writing
from projections.drivers.rebuild import Rebuilt
from projections.drivers.sql_tables import OWN, REBUILDS


def note_rebuild(
    engine: Engine, finished_us: int, rebuilt: Rebuilt, *, replaced: bool, compared: bool
) -> None:
    """Keep how a rebuild ended, in the place of the one before of its kind."""
    kind = "replace" if replaced else "check"
    with writing(engine).begin() as connection:
        OWN.create_all(connection)
        connection.execute(delete(REBUILDS).where(REBUILDS.c.kind == kind))
        connection.execute(
            insert(REBUILDS).values(
                kind=kind,
                finished_us=finished_us,
                records=rebuilt.records,
                differences=len(rebuilt.differences) if compared else None,
            )
        )
