"""Seconds from an append to the card's row, and from a tick's instant, beside other facts.

Workers of both roles run; facts of other cases come in at a steady rate, as intake nodes append
them. What is timed are cases of their own: some show a card at once, some once their time passes.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bench import Row
from bench.kafka_live import judged, wait_level
from bench.kafka_place import Place, wait_until
from bench.machine import say
from ledger import wire
from ledger.log import Entry, EventLog
from tests.faults.kafka_hall import KafkaHall

GRACE_S = 5.0
"""`report_grace_seconds` of the pack of three levels; a tick's instant is the due one plus it."""
APPEND_AIM_S, TICK_AIM_S = 0.5, 2.0
BUSY = 1_000
"""Facts a second at which the aims hold."""
_LEAD_S = 3.0
"""Seconds from the append to the instant at which the limit ends."""
_LOOK_S = 0.02
_PACE_S = 0.02
_PATIENCE_S = 60.0


class Flow:
    """Other facts that come in at a steady rate, from a thread of their own."""

    def __init__(self, log: EventLog, entries: Sequence[Entry], per_second: int) -> None:
        """Begin."""
        self._log = log
        self._entries = entries
        self._per_second = per_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-flow", daemon=True)
        self.sent = 0
        self.begun = time.perf_counter()
        self._thread.start()

    def achieved(self) -> float:
        """Return how many came in a second so far."""
        return self.sent / (time.perf_counter() - self.begun)

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_PACE_S) and self.sent < len(self._entries):
            wanted = int((time.perf_counter() - self.begun) * self._per_second)
            some = self._entries[self.sent : wanted]
            if some:
                self._log.append(some)
                self.sent += len(some)


class Board:
    """Looks at the rows of cards and notes when each case's first one was seen."""

    def __init__(self, hall: KafkaHall) -> None:
        """Begin to look, from a thread of its own."""
        self._engine = hall.parts.engine
        self._asked: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="bench-board", daemon=True)
        self._thread.start()

    def watch(self, case: str, since_us: int) -> None:
        """Look from now on for a card of a case that was due at an instant, or later."""
        with self._news:
            self._asked[case] = since_us

    def came(self, case: str) -> float:
        """Return the instant at which a case's card was there, in seconds; waits for it.

        Raises:
            TimeoutError: none came.
        """
        with self._news:
            if not self._news.wait_for(lambda: case in self._seen, _PATIENCE_S):
                raise TimeoutError(f"No card of {case} within {_PATIENCE_S} s.")
            return self._seen[case]

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        query = text(
            "SELECT DISTINCT cards.subject FROM cards JOIN unnest("
            "CAST(:cases AS text[]), CAST(:since AS bigint[])) AS asked (subject, since_us) "
            "ON cards.subject = asked.subject AND cards.effective_us >= asked.since_us"
        )
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not self._stop.wait(_LOOK_S):
                with self._news:
                    asked = dict(self._asked)
                if not asked:
                    continue
                values = {"cases": list(asked), "since": list(asked.values())}
                found = connection.execute(query, values).scalars().all()
                with self._news:
                    for case in found:
                        self._seen[case] = time.time()
                        del self._asked[case]
                    self._news.notify_all()


def until_the_row(
    place: Place, entries: Sequence[Entry], per_second: int, *, probes: int, every_s: float
) -> list[Row]:
    """Time cards beside a flow of other facts.

    Args:
        place: where.
        entries: the other facts; enough of them.
        per_second: how many of them come in.
        probes: how many cards of each kind are timed.
        every_s: seconds between two of a kind.
    """
    with ExitStack() as stack:
        hall = stack.enter_context(place.hall())
        board = stack.enter_context(closing(_watched(hall)))
        flow = stack.enter_context(closing(Flow(hall.parts.log, entries, per_second)))
        by_fact: dict[str, float] = {}
        by_time: dict[str, float] = {}
        for number in range(probes):
            begun = time.time()
            by_fact[_probe(hall, board, number, due=begun - 86_400)] = begun
            due = time.time() + _LEAD_S
            by_time[_probe(hall, board, probes + number, due=due)] = due + GRACE_S
            time.sleep(max(0.0, begun + every_s - time.time()))
        of_facts = [board.came(case) - begun for case, begun in by_fact.items()]
        of_ticks = [board.came(case) - instant for case, instant in by_time.items()]
        achieved = flow.achieved()
    say(f"kafka: {achieved:,.0f} of {per_second:,} facts/s came in beside the cards")
    busy = per_second >= BUSY
    return [
        Row(f"from append to card row at {per_second:,} facts/s, p50", _rank(of_facts, 50), "s"),
        Row("… p99", _rank(of_facts, 99), "s", APPEND_AIM_S if busy else None, at_most=True),
        Row("… facts a second that did come in", achieved, "1/s"),
        Row("from a tick's instant to the card row, p50", _rank(of_ticks, 50), "s"),
        Row("… p99", _rank(of_ticks, 99), "s", TICK_AIM_S, at_most=True),
    ]


def _watched(hall: KafkaHall) -> Board:
    """Let a worker of each role follow the log until they are level, then look at the cards."""
    for role in ("supervise", "project"):
        hall.start("a", role)
    partitions = hall.parts.log.partitions
    wait_until("all partitions taken", lambda: len(judged(hall)) == partitions)
    wait_until("read models begun", lambda: len(hall.parts.store.positions()) == partitions)
    wait_level(hall)
    return Board(hall)


def _probe(hall: KafkaHall, board: Board, number: int, *, due: float) -> str:
    """Append an acceptance of three days ago that declares when it is due; return its case."""
    case = f"430100-20261124-{number:04d}"
    board.watch(case, int(due * 1e6))
    accepted = datetime.now(UTC) - timedelta(days=3)
    event = {
        "specversion": "1.0",
        "type": "hall.case.accepted.v1",
        "source": "/halls/430100/probes",
        "id": f"{case}-a",
        "subject": case,
        "time": accepted.isoformat(),
        "data": {
            "matter": "M0001",
            "hall": "430100",
            "department": "D001",
            "handling_type": "promised",
            "promised_due": datetime.fromtimestamp(due, UTC).isoformat(),
        },
    }
    record, raw = wire.accept(event)
    hall.append([Entry(record.subject, record.source, record.id, raw)])
    return case


def _rank(values: list[float], rank: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * rank // 100)]
