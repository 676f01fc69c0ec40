"""F1, F2, F3, F12: workers that are killed, fail, come and go, or go on as their own ghosts."""

import signal
from functools import partial

import pytest
from sqlalchemy import select

from ledger.case_events import CaseExtended
from ledger.findings import CaseUnjudged
from ledger.log import Entry
from processors.drivers.state_rows import CASE_STATES
from processors.supervision.state import CaseState
from processors.supervision.state_codec import decode_state
from tests.consoles.commands import wait_until
from tests.faults.feeding import of_case
from tests.faults.kafka_hall import KafkaHall, WorkerProcess
from tests.faults.replay import Log, findings_in, read_whole, replay
from tests.faults.scenario import BROKEN_RULE, LONG, Scenario, Standing, scaled

pytestmark = pytest.mark.slow

long = partial(pytest.param, marks=pytest.mark.long)

IN_SUPERVISION = (
    *("after-claim:1", "before-append:1", "after-append:1"),
    *("before-commit:2", "in-commit:2", "after-commit:2"),
)
IN_PROJECTION = ("after-claim:1", "before-commit:2", "in-commit:2", "after-commit:2")


def each(points: tuple[str, ...], what: str) -> list[str]:
    """The same at each point; in the short form at every other one of the later ones."""
    return [f"{point}:{what}" for point in (points if LONG else points[2::2])]


def suspended(hall: KafkaHall) -> set[str]:
    """The cases that wait for an operator."""
    query = select(CASE_STATES.c.subject).where(CASE_STATES.c.suspended)
    with hall.parts.engine.connect() as connection:
        return set(connection.execute(query).scalars())


def unjudged(hall: KafkaHall) -> set[str]:
    """The cases of which the log says that a broken rule met them."""
    found = findings_in(read_whole(hall.parts.log)).values()
    return {each.subject for each in found if each.data == CaseUnjudged(error="Broken")}


def released(subject: str, hall: KafkaHall) -> Entry:
    """An operator lets a case be judged again."""
    return of_case(subject, "released", hall.parts.clock.now_us(), actor_ref="o-1")


def owns_some(worker: WorkerProcess) -> bool:
    return bool(worker.url() and worker.readiness()["partitions"])


def extended(log: Log) -> set[str]:
    """Cases that were given more time.

    A warning before it stands, and is not due where the case is judged as a whole after it.
    """
    records = [read.record for reads in log.values() for read in reads]
    return {each.subject for each in records if each and isinstance(each.data, CaseExtended)}


def standing_cards(state: CaseState) -> dict[tuple[str | None, ...], int]:
    """The highest level that stands of each clock of a case."""
    found: dict[tuple[str | None, ...], int] = {}
    for card in state.cards:
        if card.standing:
            key = (card.part, card.rule, card.clock, card.cycle)
            found[key] = max(card.rank, found.get(key, 0))
    return found


def test_workers_killed_at_random_moments_leave_nothing_lost_or_twice(standing: Standing) -> None:
    kills = scaled(2, 50)
    what = f"kill -9 of a worker of either role at {kills} random moments"
    with Scenario(standing, "F1a", what) as fault:
        for _ in range(kills):
            feed = fault.feed(fault.more(5), pieces=10, pause_s=0.05)
            fault.wait(fault.dice.random())
            worker = fault.dice.choice(list(standing.hall.workers.values()))
            fault.begins()
            worker.kill()
            feed.whole()
            fault.recovered()


def test_workers_killed_at_points_of_their_loops_leave_nothing_lost_or_twice(
    standing: Standing,
) -> None:
    where = "before and after each append, in and around each transaction, at a claim"
    what = f"kill -9 {where}" if LONG else "kill -9 after an append and in transactions"
    with Scenario(standing, "F1b", what) as fault:
        judging = fault.failing("a", "supervise", *each(IN_SUPERVISION, "kill"))
        showing = fault.failing("a", "project", *each(IN_PROJECTION, "kill"))
        fault.until(lambda: judging.is_over() and showing.is_over(), "killed at every point")
        fault.begins()
        fault.recovered()


def at_work(hall: KafkaHall, role: str) -> str:
    """Name a worker that has partitions; after other faults one of two may have them all."""

    def found() -> list[str]:
        told = {name: hall.workers[f"{name}.{role}"] for name in ("b", "a")}
        return [name for name, worker in told.items() if owns_some(worker)]

    wait_until(found, f"a worker of {role} has partitions", 120)
    return found()[0]


@pytest.mark.long
def test_a_worker_that_does_not_come_back_is_replaced_by_another(standing: Standing) -> None:
    what = "kill -9 of a worker that nobody starts again (session time-out 6 s)"
    with Scenario(standing, "F1c", what) as fault:
        hall = standing.hall
        feed = fault.feed(fault.more(5), pieces=10, pause_s=0.05)
        fault.wait(0.5)
        killed = {role: at_work(hall, role) for role in ("supervise", "project")}
        fault.begins()
        for role, name in killed.items():
            hall.end(name, role, signal.SIGKILL)
        feed.whole()
        fault.recovered()
        for role, name in killed.items():
            hall.start(name, role)


@pytest.mark.long
def test_an_exception_in_a_worker_ends_it_with_70_and_costs_nothing(standing: Standing) -> None:
    where = "around each append and transaction" if LONG else "after an append, in transactions"
    what = f"an exception {where}; the worker ends with 70"
    with Scenario(standing, "F2a", what) as fault:
        judging = fault.failing("a", "supervise", *each(IN_SUPERVISION, "raise"))
        showing = fault.failing("a", "project", *each(IN_PROJECTION, "raise"))
        fault.until(lambda: judging.is_over() and showing.is_over(), "failed at every point")
        fault.begins()
        fault.recovered()
        for worker in (judging.worker, showing.worker):
            assert set(worker.codes) == {70}, worker.said()


def test_an_exception_in_a_rule_suspends_the_cases_it_met_and_no_others(
    standing: Standing,
) -> None:
    what = f"the rule {BROKEN_RULE} raises in one of two workers; released when it is mended"
    with Scenario(standing, "F2b", what) as fault:
        hall = standing.hall
        broken = fault.failing("a", "supervise", breaks="rule")
        wait_until(lambda: owns_some(broken.worker), "the broken worker has partitions", 120)
        fault.put(fault.more(40))
        hall.settle(restarting=False)
        met = suspended(hall)
        assert met, "no case was judged by the broken rule"
        assert met == unjudged(hall)
        assert broken.worker.codes == []
        fault.mended("a", "supervise")
        fault.put([released(subject, hall) for subject in sorted(met)])
        hall.settle(restarting=False)
        assert not suspended(hall)
        standing.besides |= met
        log = read_whole(hall.parts.log)
        again = replay(log, hall.parts.policy, hall.parts.clock.now_us())
        for (partition, subject), blob in again.states.items():
            if subject in met - extended(log):
                (state,) = hall.parts.states.peek(partition, [subject])
                assert standing_cards(state) == standing_cards(decode_state(blob)), subject


@pytest.mark.long
def test_a_storm_of_rebalances_costs_nothing(standing: Standing) -> None:
    rounds = scaled(2, 12)
    what = f"a third worker of each role comes and goes {rounds} times (TERM, kill -9)"
    with Scenario(standing, "F3", what) as fault:
        hall = standing.hall
        for number in range(rounds):
            feed = fault.feed(fault.more(5), pieces=20, pause_s=0.2)
            for role in ("supervise", "project"):
                hall.start("c", role)
            fault.wait(fault.dice.uniform(4, 22) if LONG else fault.dice.uniform(4, 8))
            fault.begins()
            how = signal.SIGTERM if number % 2 else signal.SIGKILL
            for role in ("supervise", "project"):
                hall.end("c", role, how)
            feed.whole()
            fault.recovered()


@pytest.mark.parametrize(
    ("name", "role", "point", "where"),
    [
        ("F12a", "supervise", "before-commit:2", "before its transaction"),
        long("F12b", "supervise", "in-commit:2", "inside its transaction"),
        long("F12c", "supervise", "before-append:1", "before it appends findings"),
        long("F12d", "project", "before-commit:2", "before its transaction"),
    ],
)
def test_a_worker_that_was_stopped_while_its_partitions_moved_is_fenced_out(
    standing: Standing, name: str, role: str, point: str, where: str
) -> None:
    seconds = scaled(0, 90)
    what = f"SIGSTOP of a worker ({role}) {where} until its partitions have moved"
    with Scenario(standing, name, f"{what}, {seconds} s" if LONG else what) as fault:
        ghost = fault.failing("a", role, f"{point}:stop")
        fault.until(lambda: ghost.is_over() and ghost.is_stopped(), "stopped")
        fault.begins()
        fault.recovered()
        fault.wait(seconds)
        assert ghost.worker.codes == []
        ghost.worker.send(signal.SIGCONT)
        fault.until(lambda: bool(ghost.worker.codes), "fenced out")
        assert ghost.worker.codes[0] == 70, ghost.worker.said()
