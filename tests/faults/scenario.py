"""One fault from its beginning to its verdict, and the report of all of them.

A scenario feeds facts while a test breaks something, waits until the hall has come to rest, lets
the checker look at everything and keeps one row for the report.
"""

import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ledger.errors import HallError
from ledger.log import Entry, EventLog
from tests.faults.checker import Held, Outcome, check
from tests.faults.feeding import Feed, histories
from tests.faults.kafka_hall import KafkaHall, WorkerProcess

FORM = os.environ.get("HALL_FAULTS", "short")
"""`short` (CI), `every` (each fault that there is, at the short form's size), `long`."""
LONG = FORM == "long"
"""Whether the long form runs (`make faults`)."""
WITHIN_S = 300.0
PAGE = Path(__file__).resolve().parents[2] / "OPERATING.md"
BROKEN_RULE = "repeated-transfer"
"""The rule that `faulty_worker.py` breaks."""
FAULTY = (sys.executable, "-m", "tests.faults.faulty_worker")
BEGIN, END = "<!-- written by: make faults -->", "<!-- end: faults -->"
HEAD = (
    "| fault | what was done | form | facts | records | lost | wrong | twice | early | repeats "
    "| recovery s |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
)


def scaled(short: int, long: int) -> int:
    """A count for the form that runs."""
    return long if LONG else short


class Row(NamedTuple):
    """One line of the report.

    Attributes:
        fault: its name, which sorts as F1, F2, … F10.
        recoveries: seconds from each fault until all that lay in the log then was dealt with.
    """

    fault: str
    what: str
    form: str
    outcome: Outcome
    recoveries: tuple[float, ...] = ()

    def text(self) -> str:
        """The line as the table has it."""
        out, times = self.outcome, sorted(self.recoveries)
        recovery = f"{times[len(times) // 2]:.0f} (most {times[-1]:.0f})" if times else "–"
        cells: list[object] = [self.fault, self.what, self.form, out.facts, out.records]
        cells += [len(out.lost), len(out.wrong), len(out.twice), len(out.early), out.repeats]
        return "| " + " | ".join(f"{each}" for each in (*cells, recovery)) + " |"


ROWS: list[Row] = []
"""The report of this run."""


def sorted_lines(lines: Iterable[str]) -> list[str]:
    """Lines of the table in order of the faults' numbers, one for each fault."""

    def key(line: str) -> tuple[int, str]:
        fault = line.split("|")[1].strip()
        number = re.match(r"F(\d+)", fault)
        return (int(number[1]) if number else 99, fault)

    return sorted({key(line): line for line in lines}.values(), key=key)


def table(lines: Iterable[str]) -> str:
    """The table of the report."""
    return "\n".join((*HEAD, *sorted_lines(lines)))


def write_page(page: str, rows: Sequence[Row]) -> str:
    """The page with the rows of a run in its table; rows of other faults stay."""
    before, _, rest = page.partition(BEGIN)
    kept, _, after = rest.partition(END)
    lines = [line for line in kept.splitlines() if re.match(r"\| F\d", line)]
    lines += [row.text() for row in rows]
    return f"{before}{BEGIN}\n\n{table(lines)}\n\n{END}{after}"


class Failing(NamedTuple):
    """A worker that fails, once in each of its lives.

    Attributes:
        worker: its process.
        done: the file that says how many faults have happened.
        lives: how many are to happen.
    """

    worker: WorkerProcess
    done: Path
    lives: int

    def happened(self) -> int:
        """How many faults have happened."""
        return int(self.done.read_text("utf-8") or 0) if self.done.exists() else 0

    def is_over(self) -> bool:
        """Whether all have."""
        return self.happened() >= self.lives

    def is_stopped(self) -> bool:
        """Whether the process stands still where a signal stopped it."""
        stat = Path(f"/proc/{self.worker.process.pid}/stat")
        return stat.exists() and stat.read_text("utf-8").rpartition(")")[2].split()[0] == "T"


@dataclass(slots=True)
class Standing:
    """A hall that several scenarios use one after the other.

    Attributes:
        sent: everything it was sent.
        besides: subjects whose findings and states a test has compared itself.
    """

    hall: KafkaHall
    sent: list[Entry] = field(default_factory=list)
    besides: set[str] = field(default_factory=set)
    scenarios: int = 0
    is_broken: bool = False


class Scenario:
    """What happens to a hall in one scenario; used as a context, which ends with the verdict.

    Attributes:
        dice: draws what is random, from the scenario's seed.
    """

    def __init__(
        self,
        standing: Standing,
        fault: str,
        what: str,
        *,
        seed: int = 1,
        kept: bool = True,
        patience_s: float = WITHIN_S,
    ) -> None:
        self.standing = standing
        self.hall = standing.hall
        self.fault = fault
        self.what = what
        self.dice = random.Random(f"{fault} {seed}")
        self.recoveries: list[float] = []
        self._feeds: list[Feed] = []
        self._kept = kept
        self._patience_s = patience_s
        self._stack = ExitStack()
        self._ends: dict[int, int] = {}
        self._began = 0.0
        self._drawn = 0
        self._replaced: set[tuple[str, str]] = set()

    def __enter__(self) -> "Scenario":
        """Begin; whatever ends is started again meanwhile."""
        if self._kept:
            self._stack.enter_context(self.hall.kept())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the hall come to rest, look at everything and keep the row."""
        with self._stack:
            if kind is not None:
                self.standing.is_broken = True
                return
            try:
                self._end()
            except BaseException:
                self.standing.is_broken = True
                raise

    @property
    def prefix(self) -> str:
        """What the names of this scenario's subjects begin with."""
        return f"{self.fault}-"

    def feed(
        self,
        entries: Sequence[Entry],
        *,
        pieces: int = 20,
        pause_s: float = 0.1,
        log: EventLog | None = None,
    ) -> Feed:
        """Let facts come in from now on, beside whatever happens."""
        feed = Feed(log or self.hall.parts.log, entries, pieces=pieces, pause_s=pause_s)
        self._feeds.append(feed)
        feed.start()
        return feed

    def put(self, entries: Sequence[Entry]) -> None:
        """Let facts come in at once."""
        self.feed(entries, pieces=1, pause_s=0).whole()

    def more(self, subjects: int) -> list[Entry]:
        """What is said of so many more generated cases."""
        self._drawn += 1
        seed = self.dice.randrange(1_000_000)
        return histories(subjects, seed, f"{self.prefix}{self._drawn}-")

    def wait(self, seconds: float) -> None:
        """Let time go by."""
        time.sleep(seconds)

    def instead(self, name: str, role: str, **how: Any) -> WorkerProcess:
        """Let another worker take the place of one until the end, started as `how` says."""
        self.hall.end(name, role)
        self._replaced.add((name, role))
        self._stack.callback(self.mended, name, role)
        return self.hall.start(name, role, **how)

    def another(self, name: str, role: str, **how: Any) -> WorkerProcess:
        """Let one more worker take part until the end."""
        self._stack.callback(self.hall.end, name, role, signal.SIGKILL)
        return self.hall.start(name, role, **how)

    def mended(self, name: str, role: str) -> None:
        """Let the worker of that name be as it should be, if it is not."""
        if (name, role) in self._replaced:
            self._replaced.discard((name, role))
            self.hall.end(name, role, signal.SIGKILL)
            self.hall.start(name, role)

    def failing(self, name: str, role: str, *faults: str, breaks: str = "") -> "Failing":
        """Let a worker that fails at points of its code take the place of one until the end.

        Args:
            name, role: whose place.
            faults: one for each life of the process, `point:n:what`; see `faulty_worker.py`.
            breaks: parts that are out of order all the time.
        """
        done = self.hall.folder / f"{self.fault}.{name}.{role}.done"
        env = {
            "HALL_TEST_FAULTS": ",".join(faults),
            "HALL_TEST_FAULTS_DONE": str(done),
            "HALL_TEST_BREAKS": breaks,
        }
        worker = self.instead(name, role, env=env, command=FAULTY)
        return Failing(worker, done, len(faults))

    def until(self, done: Callable[[], bool], what: str, subjects: int = 2) -> None:
        """Let facts come in, piece by piece, until something is so."""
        until = time.monotonic() + WITHIN_S
        while not done():
            assert time.monotonic() < until, f"not {what} in {WITHIN_S:.0f} s; {self.hall.said()}"
            self.put(self.more(subjects))
            time.sleep(1)

    def begins(self) -> None:
        """Note what lies in the log as the fault begins."""
        self._ends = self.hall.parts.log.ends()
        self._began = time.monotonic()

    def recovered(self) -> float:
        """Wait until all that lay in the log when the fault began is judged and projected."""
        while not self._has_passed():
            waited = time.monotonic() - self._began
            assert waited < self._patience_s, f"not recovered; {self.hall.said()}"
            time.sleep(0.05)
        self.recoveries.append(time.monotonic() - self._began)
        return self.recoveries[-1]

    def _has_passed(self) -> bool:
        parts = self.hall.parts
        try:
            judged = parts.states.positions()
            read = {number: at.next_offset for number, at in parts.store.positions().items()}
        except HallError:
            return False
        return all(
            at.get(number, 0) >= end for at in (judged, read) for number, end in self._ends.items()
        )

    def _end(self) -> None:
        standing, hall = self.standing, self.hall
        sent = [entry for feed in self._feeds for entry in feed.whole()]
        standing.sent += sent
        outcome = self._at_rest()
        outcome.facts = len({(each.subject, each.source, each.id) for each in sent})
        form = "long" if LONG else "short"
        row = Row(self.fault, self.what, form, outcome, tuple(self.recoveries))
        ROWS.append(row)
        print(row.text(), flush=True)
        (hall.folder / f"{self.fault}.told").write_text(outcome.told(None), "utf-8")
        assert not outcome.told(), f"{self.fault}: {self.what}\n{outcome.told()}\n{hall.said()}"

    def _at_rest(self) -> Outcome:
        """Look while nothing comes; a tick of a unit may come after a long pause."""
        log = self.hall.parts.log
        while True:
            self.hall.settle(within_s=self._patience_s, restarting=False)
            ends = log.ends()
            outcome = self.look()
            if log.ends() == ends:
                return outcome

    def look(self) -> Outcome:
        """Let the checker look at everything the hall holds."""
        self.standing.scenarios += 1
        folder = self.hall.folder / f"check{self.standing.scenarios}"
        folder.mkdir()
        parts, standing = self.hall.parts, self.standing
        held = Held(parts.log, parts.engine, parts.engine, parts.policy)
        return check(held, standing.sent, folder, parts.clock.now_us(), standing.besides)


def pieces_of(entries: Sequence[Entry], count: int) -> Iterator[list[Entry]]:
    """Facts in about so many pieces, in order."""
    size = max(1, -(-len(entries) // count))
    for start in range(0, len(entries), size):
        yield list(entries[start : start + size])
