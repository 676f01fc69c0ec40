"""F10: the disk of the embedded edition is full; PostgreSQL is down, or cuts its connections."""

import pytest

from tests.faults.scenario import Scenario, Standing, scaled
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_postgresql_down_and_back_costs_nothing(
    standing: Standing, postgres: PostgresServer
) -> None:
    seconds = scaled(6, 30)
    with Scenario(standing, "F10b", f"PostgreSQL killed (-9), back after {seconds} s") as fault:
        feed = fault.feed(fault.more(10), pieces=40, pause_s=0.2)
        fault.wait(2)
        fault.begins()
        postgres.kill()
        fault.wait(seconds)
        postgres.start()
        feed.whole()
        fault.recovered()


def test_connections_cut_at_any_moment_cost_nothing(
    standing: Standing, postgres: PostgresServer
) -> None:
    cuts = scaled(2, 60)
    what = f"every connection of the hall to PostgreSQL cut {cuts} times, also in mid-commit"
    with Scenario(standing, "F10c", what) as fault:
        name = standing.hall.env["HALL_DATABASE"].rpartition("/")[2]
        for _ in range(cuts):
            feed = fault.feed(fault.more(3), pieces=20, pause_s=0.03)
            fault.wait(fault.dice.random())
            fault.begins()
            postgres.disconnect(name)
            feed.whole()
            if fault.dice.random() < 0.5:
                fault.recovered()
        fault.begins()
        fault.recovered()


@pytest.mark.long
def test_connections_cut_inside_transactions_cost_nothing(
    standing: Standing, postgres: PostgresServer
) -> None:
    what = "the connection cut by the server between two statements of a worker's transaction"
    with Scenario(standing, "F10d", what) as fault:
        judging = fault.failing("a", "supervise", "in-commit:2:cut", "in-commit:3:cut")
        showing = fault.failing("a", "project", "in-commit:2:cut", "in-commit:3:cut")
        fault.until(lambda: judging.is_over() and showing.is_over(), "cut inside a transaction")
        fault.begins()
        fault.recovered()
