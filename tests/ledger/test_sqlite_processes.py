"""The SQLite log between processes: killed, side by side, reading only, refused by the system."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import wire
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import LogUnavailable
from ledger.log import Entry, Position

ROOT = Path(__file__).resolve().parents[2]
NOON_US = 1_795_492_800_000_000
WAIT_S = 30.0

# What another process runs before the body that a test gives it.
PROLOGUE = """
import sys
from pathlib import Path
from ledger import wire
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import LogUnavailable
from ledger.log import Entry

def entry(case, id_, text=""):
    event = {
        "specversion": "1.0", "type": "hall.case.urged.v1", "source": "/halls/430100/approval",
        "id": id_, "subject": case, "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": text},
    }
    return Entry(case, event["source"], id_, wire.accept(event)[1])

def say(*words):
    print(*words, flush=True)

path = Path(sys.argv[1])
"""


def entry(case: str, id_: str, text: str = "") -> Entry:
    event = {
        "specversion": "1.0",
        "type": "hall.case.urged.v1",
        "source": "/halls/430100/approval",
        "id": id_,
        "subject": case,
        "time": "2026-11-24T11:00:00+08:00",
        "data": {"actor_ref": "officer-1", "text": text},
    }
    return Entry(case, "/halls/430100/approval", id_, wire.accept(event)[1])


def start(body: str, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROLOGUE + body, str(path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def run(body: str, path: Path) -> list[str]:
    """Run a body in another process and return what it said."""
    with start(body, path) as process:
        out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0, err
    return out.splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    made = open_log(path)
    yield made
    made.close()


def open_log(path: Path, patience_s: float = WAIT_S) -> SqliteLog:
    return SqliteLog(path, now=lambda: NOON_US, patience_s=patience_s)


def ids(log: SqliteLog) -> list[str]:
    end = log.ends()[0]
    read = log.read(0, 0, end + 1)
    assert [at for at, _ in read] == [Position(0, number) for number in range(end)]
    return [wire.decode(raw).id for _, raw in read]


def test_a_write_that_the_system_refuses_loses_nothing_that_was_answered(path: Path) -> None:
    said = run(
        """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = SqliteLog(path, now=lambda: 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
for number in range(10_000):
    try:
        log.append([entry("case-1", str(number), "x" * 500)])
    except LogUnavailable as error:
        say("refused", error.details["reason"])
        break
    say(number)
""",
        path,
    )
    assert said[-1].startswith("refused")
    with closing(open_log(path)) as log:
        assert ids(log) == said[:-1]
        assert len(said) > 10
        assert log.append([entry("case-1", said[-2], "x" * 500)])[0].outcome == "repeated"


WRITE_WITHOUT_END = """
import threading
from itertools import count
name = path.stat().st_mtime_ns
log = SqliteLog(path, now=lambda: 1)
lines = threading.Lock()
def write(writer):
    for number in count():
        batch = [entry(f"case-{writer}", f"{name}-{number}-{n}") for n in range(1 + number % 40)]
        answers = log.append(batch)
        with lines:
            for one, answer in zip(batch, answers):
                say(answer.position.offset, one.subject, one.id)
for writer in range(3):
    threading.Thread(target=write, args=(writer,)).start()
"""


def test_nothing_that_was_answered_is_lost_by_kill_9(path: Path) -> None:
    open_log(path).close()
    answered: dict[int, str] = {}
    for lines_before_the_kill in (50, 400, 1_500):
        with start(WRITE_WITHOUT_END, path) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(lines_before_the_kill)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        whole = [line.split() for line in lines if line.endswith("\n")]
        answered |= {int(offset): f"{case} {id_}" for offset, case, id_ in whole}
        with closing(open_log(path)) as log:
            read = log.read(0, 0, log.ends()[0] + 1)
            assert [at.offset for at, _ in read] == list(range(len(read)))
            records = [wire.decode(raw) for _, raw in read]
            for offset, name in answered.items():
                assert f"{records[offset].subject} {records[offset].id}" == name
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(answered) >= 1_950


def test_two_processes_append_to_one_file_at_the_same_time(path: Path, log: SqliteLog) -> None:
    body = """
log = SqliteLog(path, now=lambda: 1)
say("open")
sys.stdin.readline()
for number in range(150):
    log.append([entry("case-2", str(number))])
log.close()
"""
    with start(body, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        for number in range(150):
            log.append([entry("case-1", str(number))])
        assert process.wait(WAIT_S) == 0
    read = [wire.decode(raw) for _, raw in log.read(0, 0, 301)]
    expected = [str(number) for number in range(150)]
    for case in ("case-1", "case-2"):
        assert [record.id for record in read if record.subject == case] == expected


def test_another_process_reads_while_this_one_writes(path: Path, log: SqliteLog) -> None:
    log.append([entry("case-1", str(number)) for number in range(10)])
    said = run(
        """
log = SqliteLog(path, now=lambda: 1, read_only=True)
say(log.identity, len(log.read(0, 0, 100)))
try:
    log.append([entry("case-1", "x")])
except LogUnavailable as error:
    say(error.details["reason"])
""",
        path,
    )
    assert said == [f"{log.identity} 10", "read-only"]


def test_reading_only_makes_no_file(path: Path) -> None:
    with pytest.raises(LogUnavailable):
        SqliteLog(path, now=lambda: 1, read_only=True)
    assert not path.exists()


def test_processes_that_make_the_same_file_at_once_agree_on_one_log(path: Path) -> None:
    body = "say(SqliteLog(path, now=lambda: 1).identity)"
    processes = [start(body, path) for _ in range(4)]
    said = set()
    for process in processes:
        with process:
            out, err = process.communicate(timeout=WAIT_S)
        assert process.returncode == 0, err
        said.add(out)
    assert len(said) == 1


def test_threads_of_one_process_open_the_same_file_at_once(path: Path) -> None:
    identities: list[str] = []

    def open_and_write(number: int) -> None:
        with closing(open_log(path)) as log:
            identities.append(log.identity)
            log.append([entry(f"case-{number}", "1")])

    threads = [threading.Thread(target=open_and_write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(set(identities)) == 1
    with closing(open_log(path)) as log:
        assert log.ends() == {0: 4}
