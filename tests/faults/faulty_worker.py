"""A worker that fails at points of its own code, once each; started by tests in place of `hall`.

It stands apart from the product, which knows nothing of it: parts are subclassed here and put in
their places before the command runs. HALL_TEST_FAULTS lists what is to happen, one thing in each
life of the process, as `point:n:what`: at the nth time that the point is reached the process is
killed (`kill`), stopped where it stands (`stop`), meets an exception (`raise`), or loses its
connection to the database (`cut`). How many have
happened is kept in the file that HALL_TEST_FAULTS_DONE names. HALL_TEST_BREAKS takes parts out of
order for the whole life: `rule` (a rule raises), `delivery` (nothing is handed over), `offsets`
(the group's offsets are never committed), `form` (states of another form), `engine`.
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faust.transport.drivers.aiokafka import Consumer
from sqlalchemy import Connection

from consoles import kafka_edition
from consoles.cli.main import main
from ledger.drivers.kafka_log import KafkaLog
from ledger.intake_rules import SUPERVISION_SOURCE
from ledger.log import Appended, Entry
from processors.drivers import partition_owner, sql_state
from processors.drivers.faust_worker import Host
from processors.drivers.sql_state import SqlState
from processors.supervision.rules import RULES
from projections.drivers.sql_store import SqlStore
from tests.faults.scenario import BROKEN_RULE


class Broken(Exception):
    """What a faulty part raises."""


class Faults:
    """The fault of this life, if any is left."""

    def __init__(self, listed: str, done: Path) -> None:
        self._done = done
        self._number = int(done.read_text("utf-8")) if done.exists() else 0
        faults = [each for each in listed.split(",") if each]
        point, count, what = (faults[self._number :] or ["nowhere:1:nothing"])[0].split(":")
        self._point, self._left, self._what = point, int(count), what

    def at(self, point: str, connection: Connection | None = None) -> None:
        """Say that a point is reached, inside a transaction where there is a connection."""
        if point != self._point:
            return
        self._left -= 1
        if self._left:
            return
        self._done.write_text(str(self._number + 1), "utf-8")
        if self._what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._what == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        if self._what == "cut" and connection is not None:
            cut(connection)
        if self._what == "raise":
            raise Broken(f"at {point}")


FAULTS = Faults(
    os.environ.get("HALL_TEST_FAULTS", ""),
    Path(os.environ.get("HALL_TEST_FAULTS_DONE", os.devnull)),
)


def cut(connection: Connection) -> None:
    """Let the server end a connection while its transaction is open."""
    pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with connection.engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")


class FaultyLog(KafkaLog):
    """Fails before and after findings are appended."""

    def append(self, entries: Sequence[Entry]) -> list[Appended]:
        if not entries or entries[0].source != SUPERVISION_SOURCE:
            return super().append(entries)
        FAULTS.at("before-append")
        answers = super().append(entries)
        FAULTS.at("after-append")
        return answers


class FaultyState(SqlState):
    """Fails around and inside the transaction of a batch."""

    def commit_together(self, *args: Any, **named: Any) -> Any:
        FAULTS.at("before-commit")
        wakes = super().commit_together(*args, **named)
        FAULTS.at("after-commit")
        return wakes

    def _move(self, connection: Connection, *args: Any) -> None:
        super()._move(connection, *args)
        FAULTS.at("in-commit", connection)

    def claim(self, *args: Any) -> Any:
        claimed = super().claim(*args)
        FAULTS.at("after-claim")
        return claimed


class FaultyStore(SqlStore):
    """The same for read models."""

    def commit_together(self, *args: Any, **named: Any) -> None:
        FAULTS.at("before-commit")
        super().commit_together(*args, **named)
        FAULTS.at("after-commit")

    def _move(self, connection: Connection, *args: Any) -> None:
        super()._move(connection, *args)
        FAULTS.at("in-commit", connection)

    def claim(self, *args: Any) -> Any:
        claimed = super().claim(*args)
        FAULTS.at("after-claim")
        return claimed


def put(module: object, name: str, value: object) -> None:
    """Let a part take the place of another."""
    assert hasattr(module, name), f"{module} has no {name}"
    setattr(module, name, value)


def raises(*_: object) -> list[Any]:
    """A rule that cannot be asked."""
    raise Broken("in a rule")


async def nothing_handed_over(_: object, __: object) -> None:
    """What comes in goes nowhere."""


async def never_committed(_: object, __: object) -> bool:
    """Offsets are never committed, and nobody is told."""
    return True


def take_out_of_order(what: str) -> None:
    """Break a part for this whole life."""
    match what:
        case "rule":
            RULES[BROKEN_RULE] = RULES[BROKEN_RULE]._replace(find=raises)
        case "delivery":
            put(Host, "deliver", nothing_handed_over)
        case "offsets":
            put(Consumer, "_commit", never_committed)
        case "form":
            put(sql_state, "FORM", "another")
        case "engine":
            put(partition_owner, "ENGINE", "another")
        case _:
            raise AssertionError(f"nobody knows how to break {what!r}")


if __name__ == "__main__":
    put(kafka_edition, "KafkaLog", FaultyLog)
    put(kafka_edition, "SqlState", FaultyState)
    put(kafka_edition, "SqlStore", FaultyStore)
    for each in filter(None, os.environ.get("HALL_TEST_BREAKS", "").split(",")):
        take_out_of_order(each)
    main()
