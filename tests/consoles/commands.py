"""Running the commands of `hall` as people do: in a process of their own, or in this one for speed.

It stands apart because every test of the commands says what it runs and reads in the same words.
Nothing of the surrounding environment reaches a command but what the test gives.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from consoles.cli.main import main
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import LedgerError
from ledger.record import AnyRecord
from ledger.system_events import SupervisionJudged
from ledger.wire import decode

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from consoles.cli.main import main; main()"]
WAIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        """The JSON Lines on stdout; anything else there is an error."""
        return [json.loads(line) for line in self.out.splitlines()]


def hall(*args: object, env: Mapping[str, str] | None = None, stdin: str | None = None) -> Ran:
    """Run `hall` in this process; an exception that is no exit is the test's to see."""
    cleared = {name: None for name in os.environ if name.startswith("HALL_")}
    runner = CliRunner(env={**cleared, **(env or {})})
    result = runner.invoke(main, [str(arg) for arg in args], input=stdin, catch_exceptions=False)
    return Ran(code=result.exit_code, out=result.stdout, err=result.stderr)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: this one without settings, and what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HALL_")}
    return {**kept, "PYTHONPATH": str(ROOT), **(more or {})}


def started(
    *args: object, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start `hall` as a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(env),
        cwd=cwd,
    )


def hall_process(
    *args: object, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Run `hall` as a process of its own to its end."""
    with started(*args, env=env, cwd=cwd) as process:
        out, err = process.communicate(timeout=WAIT_S)
    return Ran(code=process.returncode, out=out, err=err)


class Server:
    """`hall serve` or `hall demo` as a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def get(self, path: str) -> bytes:
        """The body of an answer, whatever its status."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            return bytes(error.read())

    def json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def post(self, value: Any) -> Any:
        """Send events; the answer, which must be a good one."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/events",
            data=json.dumps(value).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def end(self, how: signal.Signals = signal.SIGTERM) -> Ran:
        """Ask it to end and wait for it."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=WAIT_S)
        return Ran(code=self.process.returncode, out=out, err=err)


@contextmanager
def serving(*args: object, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server and wait until it answers; kill it at the end if it still runs."""
    process = started(*args, env={"PYTHONUNBUFFERED": "1", **(env or {})})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://" not in line:
            _, err = process.communicate(timeout=WAIT_S)
            raise AssertionError(f"The server said {line!r} and {err!r}.")
        server = Server(process, line.split()[0].rpartition("/warnings")[0])
        wait_until(lambda: _answers(server), "the server answers")
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _answers(server: Server) -> bool:
    try:
        return bool(server.get("/healthz"))
    except OSError:
        return False


def wait_until(holds: Any, what: str, within_s: float = WAIT_S) -> None:
    """Poll until something holds."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, f"not within {within_s} s: {what}"
        time.sleep(0.02)


def raws(folder: Path) -> list[list[bytes]]:
    """The bytes of every partition of a data folder's log."""
    with closing(SqliteLog(folder / "ledger.sqlite", now=lambda: 0, read_only=True)) as log:
        return [
            [raw for _, raw in log.read(partition, 0, end)] for partition, end in log.ends().items()
        ]


def records(folder: Path) -> list[AnyRecord]:
    """Every record of a data folder's log, markers left out."""
    found = [decode(raw) for partition in raws(folder) for raw in partition]
    return [record for record in found if record.type != SupervisionJudged.TYPE]


def log_end(folder: Path) -> int:
    """How many records the log holds; 0 while it is not made yet."""
    try:
        log = SqliteLog(folder / "ledger.sqlite", now=lambda: 0, read_only=True)
    except LedgerError:
        return 0
    with closing(log):
        return sum(log.ends().values())


def event(what: str, when: str, **more: Any) -> dict[str, Any]:
    """A CloudEvent as a source sends it; keywords that are no attribute go into `data`.

    Args:
        what: `accepted`, `clock-stopped`, …
        when: local time in Shanghai, "2018-10-15 10:00:00".
    """
    top: dict[str, Any] = {
        name: more.pop(name) for name in ("subject", "id", "recordedtime") if name in more
    }
    return {
        "specversion": "1.0",
        "id": f"{what}@{when}",
        "source": "/halls/430100/approval",
        "type": f"hall.case.{what}.v1",
        "subject": "C-1",
        "time": instant_text(when),
        **top,
        "data": more,
    }


def instant_text(local: str) -> str:
    """A local time of Shanghai as RFC 3339."""
    return local.replace(" ", "T") + "+08:00"


def working_days(amount: int) -> dict[str, Any]:
    return {"amount": amount, "unit": "working_day"}


def acceptance(when: str = "2018-10-15 10:00:00", **more: Any) -> dict[str, Any]:
    """The acceptance of the Hunan rule document's worked example: promised 7, statutory 10."""
    values = {
        "matter": "M-1",
        "department": "D-1",
        "promised_limit": working_days(7),
        "statutory_limit": working_days(10),
        **more,
    }
    return event("accepted", when, **values)


def jsonl(folder: Path, *events: Any, name: str = "events.jsonl") -> Path:
    """A file of JSON Lines; text is written as it is."""
    path = folder / name
    lines = [each if isinstance(each, str) else json.dumps(each) for each in events]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


DONE = event("completed", "2018-11-20 10:00:00", outcome="granted")
"""A completion after every limit of the worked example has passed."""


def filled(folder: Path, *events: Any) -> Path:
    """A data folder with events imported as if live; the worked example where there are none."""
    file = jsonl(folder, *(events or (acceptance(), DONE)))
    ran = hall("--data", folder / "hall", "import", "jsonl", file, "--as-if-live", "--json")
    assert ran.code == 0, ran.err
    return folder / "hall"
