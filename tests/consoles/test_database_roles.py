"""The roles of `deploy/postgres`: what each may do, before a rebuild and after it."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from ledger.drivers import sql_rows
from ledger.drivers.memory_log import MemoryLog
from ledger.drivers.sql_engine import open_engine
from processors.drivers.sql_state import SqlState
from processors.supervision.state import CaseState
from projections.drivers.projector import Projector
from projections.drivers.readers import Readers
from projections.drivers.rebuild import Rebuild
from projections.drivers.sql_store import SqlStore
from tests.consoles.commands import hall
from tests.projections import records as r
from tests.projections import stores

SCRIPTS = Path(__file__).resolve().parents[2] / "deploy" / "postgres"
ROLES = ("hall_owner", "hall_worker", "hall_reader", "hall_analyst")


def run(url: str, script: str) -> None:
    """Run a script as `psql` would."""
    engine = open_engine(url)
    with engine.begin() as connection:
        written = (SCRIPTS / script).read_text(encoding="utf-8")
        connection.exec_driver_sql(written.replace("%", "%%"))
    engine.dispose()


@pytest.fixture
def roles(database_url: str, tmp_path: Path) -> Iterator[dict[str, Engine]]:
    """An engine for each role on a database that the owner has prepared."""
    run(database_url, "roles.sql")
    urls = {role: database_url.replace("//hall@", f"//{role}@") for role in ROLES}
    (tmp_path / "hall").mkdir()
    env = {"HALL_DATABASE": urls["hall_owner"], "HALL_DATA": str(tmp_path / "hall")}
    assert hall("database", "apply", env=env).code == 0
    run(urls["hall_owner"], "views.sql")
    engines = {role: open_engine(url) for role, url in urls.items()}
    yield engines
    for engine in engines.values():
        engine.dispose()
    admin = open_engine(database_url)
    with admin.begin() as connection:
        for role in ROLES:
            connection.exec_driver_sql(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
    admin.dispose()


def refused(engine: Engine, statement: str) -> bool:
    """Whether the role may not do something."""
    with engine.begin() as connection:
        try:
            connection.execute(text(statement))
        except ProgrammingError as error:
            return "permission denied" in str(error) or "must be owner" in str(error)
    return False


def work(worker: Engine, log: MemoryLog) -> None:
    """Do what workers do: commit states and read models."""
    states = SqlState(worker)
    position = states.claim(0, log)
    many = {f"C-{number}": CaseState(f"C-{number}") for number in range(20)}
    states.commit(position, position, many)
    assert len(states.load(0, list(many))) == 20
    store = SqlStore(worker, r.projections(), r.ZONE)
    store.prepare()
    projector = Projector(log, store)
    projector.claim([0])
    projector.catch_up()


@pytest.mark.parametrize("way", ["arrays", "copy"])
def test_each_role_does_its_work_and_no_more(
    roles: dict[str, Engine], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "copy":
        monkeypatch.setattr(sql_rows, "COPY_FROM_VALUES", 1)
    log = r.log_of(stores.random_life(Random(3), 20))
    owner, worker, reader, analyst = (roles[role] for role in ROLES)
    for _ in range(2):
        work(worker, log)
        assert len(Readers(reader, r.ZONE).cards().items) > 0
        assert len(stores.rows_of(analyst, "SELECT * FROM v_cases")) == 20
        assert refused(worker, "CREATE TABLE mine (id int)")
        assert refused(worker, "DROP TABLE cases")
        assert refused(worker, "TRUNCATE cases")
        assert refused(worker, "ALTER TABLE case_states ADD COLUMN more int")
        assert refused(reader, "DELETE FROM cases")
        assert refused(reader, "UPDATE supervision_positions SET epoch = 0")
        assert refused(analyst, "SELECT * FROM cases")
        assert refused(analyst, "SELECT * FROM case_states")
        assert Rebuild(owner, log, r.projections(), r.ZONE).replace(compare=True).identical
        log.append([r.entry(r.accepted(r.at(20), subject="case-1", name="again"))])


def test_the_names_of_connections_and_their_bounds_are_those_of_the_engine(
    database_url: str,
) -> None:
    engine = open_engine(f"{database_url}?options=-clock_timeout%3D7s", application="hall-worker 3")
    with engine.connect() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in (
                *("application_name", "timezone", "lock_timeout", "statement_timeout"),
                *("idle_in_transaction_session_timeout", "synchronous_commit"),
            )
        }
    engine.dispose()
    assert shown == {
        "application_name": "hall-worker 3",
        "timezone": "UTC",
        "lock_timeout": "7s",  # what the URL says wins
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "10s",
        "synchronous_commit": "off",
    }
