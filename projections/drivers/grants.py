"""What others than the owner may do with tables and views, kept where these are made anew.

PostgreSQL only; SQLite knows no roles.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection


class Grant(NamedTuple):
    """A privilege that a role has on a table or view; the role's name is quoted for SQL."""

    name: str
    grantee: str
    privilege: str
    grantable: bool


def grants_on(connection: Connection, names: Sequence[str]) -> list[Grant]:
    """Return who may do what with tables and views; those that do not exist say nothing."""
    if connection.dialect.name != "postgresql":
        return []
    found = connection.exec_driver_sql(
        "SELECT c.relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END, "
        "a.privilege_type, a.is_grantable FROM pg_class c "
        "CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) "
        "AND a.grantee <> c.relowner",
        (list(names),),
    )
    return [Grant(*row) for row in found]


def give(connection: Connection, grants: Iterable[Grant]) -> None:
    """Grant what was granted before."""
    for grant in grants:
        option = " WITH GRANT OPTION" if grant.grantable else ""
        connection.exec_driver_sql(
            f"GRANT {grant.privilege} ON {grant.name} TO {grant.grantee}{option}"
        )
