"""F10e, F10f: what PostgreSQL holds is made again from Kafka, beside live work or from nothing."""

import pytest
from sqlalchemy import text

from tests.faults.agreement import findings_of
from tests.faults.checker import states_of
from tests.faults.kafka_hall import KafkaHall
from tests.faults.scenario import Scenario, Standing, scaled

pytestmark = pytest.mark.slow


def cases_of(hall: KafkaHall) -> dict[tuple[int, str], bytes]:
    """The states of cases; a unit's may move on, since its ticks come with long pauses."""
    states = states_of(hall.parts.engine)
    return {place: state for place, state in states.items() if not place[1].startswith("unit:")}


@pytest.mark.long
def test_read_models_are_made_again_and_switched_while_work_goes_on(own_hall: Standing) -> None:
    hall = own_hall.hall
    what = "read models made again and switched while facts come in, then compared"
    with Scenario(own_hall, "F10e", what) as fault:
        fault.put(fault.more(scaled(40, 400)))
        feed = fault.feed(fault.more(scaled(20, 100)), pieces=40, pause_s=0.3)
        fault.begins()
        for command in (("rebuild",), ("rebuild", "--check")):
            ran = hall.command(*command)
            assert ran.code == 0, f"hall {' '.join(command)}: {ran.out}{ran.err}"
        feed.whole()
        fault.recovered()
        hall.settle(restarting=False)
        ran = hall.command("rebuild", "--check")
        assert ran.code == 0, ran.out + ran.err


@pytest.mark.long
def test_a_database_dropped_is_made_again_from_kafka_alone(own_hall: Standing) -> None:
    hall = own_hall.hall
    what = "every table of PostgreSQL dropped, all made again from Kafka alone"
    with Scenario(own_hall, "F10f", what, kept=False) as fault:
        fault.put(fault.more(scaled(30, 400)))
        hall.settle(restarting=False)
        workers = [name.split(".") for name in hall.workers]
        for name, role in workers:
            hall.end(name, role)
        found, states = findings_of(hall.parts.log), cases_of(hall)
        with hall.parts.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        hall.reopen()
        applied = hall.command("database", "apply")
        assert applied.code == 0, applied.out + applied.err
        fault.begins()
        for name, role in workers:
            hall.start(name, role)
        fault.recovered()
        hall.settle(restarting=False)
        assert findings_of(hall.parts.log).items() >= found.items()
        assert cases_of(hall) == states
