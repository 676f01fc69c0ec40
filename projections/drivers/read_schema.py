"""The tables and views of the read models as a database holds them: made, checked, versioned.

Rows belong to versions of projections and to a zone, and are never migrated: where these differ,
the log is read anew beside the old rows (`rebuild.py`). Views are mere text and made again.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, inspect, select

from ledger.drivers.sql_engine import unhurried
from ledger.drivers.sql_schema import create_missing, schema_faults
from ledger.errors import DatabaseSchemaOther, ProjectionStale
from projections.drivers.sql_tables import OWN, PROJECTION_VERSIONS, ReadTables, read_tables
from projections.drivers.views import VIEWS, VIEWS_VERSION, create_views
from projections.projection import Projection, all_shapes

_VIEWS = "views"
_REBUILD = "Run `hall rebuild`; it reads the log anew beside the old rows."
_APPLY = "Run `hall database apply` as the owner of the tables."


class _Stored(NamedTuple):
    """What the database says of its rows.

    Attributes:
        generation: how often they were rebuilt, + 1.
        versions: projection, version and zone.
        views: whether the views are of this version.
    """

    generation: int
    versions: frozenset[tuple[str, int, str]]
    views: bool


class ReadSchema:
    """Tables and views of one set of projections.

    Attributes:
        zone: the hall's.
    """

    def __init__(self, projections: Sequence[Projection], zone: tzinfo, suffix: str = "") -> None:
        """Bind projections, the hall's zone, and what names of tables end in."""
        self._projections = tuple(projections)
        self.zone = zone
        self._suffix = suffix
        self._shapes = all_shapes(self._projections)

    def tables(self, generation: int) -> ReadTables:
        """Return the tables of the projections."""
        return read_tables(self._shapes, self._suffix, generation)

    def generation(self, connection: Connection) -> int:
        """Return the generation of the stored rows; 1 where there are none."""
        stored = self._stored(connection)
        return 1 if stored is None else stored.generation

    def create(self, connection: Connection) -> list[str]:
        """Create tables and views where there are none; return what was made, as `view v_cards`.

        Raises:
            ProjectionStale: the stored rows belong to other versions, or to another zone, or some
                of their tables are gone.
        """
        unhurried(connection)
        made = create_missing(connection, OWN)
        stored = self._stored(connection)
        if stored is None:
            tables = self.tables(1)
            made += create_missing(connection, tables.metadata, tables.indexes)
            self.write_versions(connection, 1)
        else:
            self._require_rows(connection, stored)
            tables = self.tables(stored.generation)
            made += create_missing(connection, tables.metadata, tables.indexes)
        if stored is None or not stored.views or _absent_views(connection):
            create_views(connection, self.zone)
            made += [f"view {view.name}" for view in VIEWS]
            self.write_versions(connection, 1 if stored is None else stored.generation)
        return made

    def faults(self, connection: Connection) -> list[str]:
        """Return what is missing or of another version, a sentence each."""
        found = schema_faults(connection, OWN)
        stored = None if found else self._stored(connection)
        tables = self.tables(1 if stored is None else stored.generation)
        if stored is not None and (other := self._other_versions(stored)):
            return [f"read models: found {other}"]
        found += schema_faults(connection, tables.metadata, tables.indexes)
        found += [f"view {name}: missing" for name in _absent_views(connection)]
        if stored is not None and not stored.views:
            found.append(f"views: found another version, expected {VIEWS_VERSION}")
        return found

    def require(self, connection: Connection) -> None:
        """Refuse what is missing or of another version.

        Raises:
            ProjectionStale: the stored rows belong to other versions, or to another zone, or some
                of their tables are gone.
            DatabaseSchemaOther: nothing was made yet, or something else differs.
        """
        if not schema_faults(connection, OWN):
            stored = self._stored(connection)
            if stored is not None:
                self._require_rows(connection, stored)
        if found := self.faults(connection):
            raise DatabaseSchemaOther(
                f"The read models are not as this version needs them: {'; '.join(found)}.",
                hint=_APPLY,
                found=found,
            )

    def write_versions(self, connection: Connection, generation: int) -> None:
        """Note which versions the live rows and the views belong to."""
        connection.execute(delete(PROJECTION_VERSIONS))
        named = [(each.name, each.version) for each in self._projections]
        rows = [
            {
                "projection": name,
                "version": version,
                "generation": generation,
                "zone": str(self.zone),
            }
            for name, version in [*named, (_VIEWS, VIEWS_VERSION)]
        ]
        connection.execute(insert(PROJECTION_VERSIONS), rows)

    def _stored(self, connection: Connection) -> _Stored | None:
        rows = connection.execute(select(PROJECTION_VERSIONS)).all()
        if not rows:
            return None
        named = frozenset((row.projection, row.version, row.zone) for row in rows)
        current = (_VIEWS, VIEWS_VERSION, str(self.zone))
        versions = frozenset(each for each in named if each[0] != _VIEWS)
        return _Stored(int(rows[0].generation), versions, current in named)

    def _other_versions(self, stored: _Stored) -> str:
        """Say which versions the stored rows have that are not these; nothing if they have none."""
        zone = str(self.zone)
        expected = {(each.name, each.version, zone) for each in self._projections}
        if expected == stored.versions:
            return ""
        other = sorted(stored.versions - expected)
        return ", ".join(f"{name} {version} ({of})" for name, version, of in other) or "fewer"

    def _require_rows(self, connection: Connection, stored: _Stored) -> None:
        if other := self._other_versions(stored):
            raise ProjectionStale(
                f"The read models were made by other versions: found {other}.",
                hint=_REBUILD,
                found=sorted(stored.versions),
                expected=sorted((each.name, each.version) for each in self._projections),
            )
        names = {shape.name + self._suffix for shape in self._shapes}
        gone = sorted(names - set(inspect(connection).get_table_names()))
        if gone:
            raise ProjectionStale(
                f"The read models have lost the rows of {', '.join(gone)}.", hint=_REBUILD
            )


def _absent_views(connection: Connection) -> list[str]:
    there = inspect(connection).get_view_names()
    return [view.name for view in VIEWS if view.name not in there]
