"""F10: the disk under a hall of the embedded edition is full for a while."""

import shutil
import subprocess
import time
import urllib.error
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from consoles.bootstrap import load_policy
from consoles.settings import load_settings
from ledger import wire
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteLog
from ledger.log import Entry
from tests.consoles.commands import Server, serving, wait_until
from tests.faults.checker import Held, Outcome, check
from tests.faults.feeding import live_case, of_case
from tests.faults.scenario import LONG, ROWS, Row, scaled

pytestmark = pytest.mark.slow

SIZE, LEFT = scaled(48, 160) * 1024 * 1024, 96 * 1024
"""Room for what all rounds write, and what is left of it while the disk is to be full."""
BATCH = 50


@pytest.fixture
def small_disk(tmp_path: Path, need: Any) -> Iterator[Path]:
    """A folder with a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        need("disk", f"a small disk cannot be mounted (root may): {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave hardly any room on the disk, or none where the hall writes too; what takes it."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free
    with suppress(OSError), ballast.open("wb") as file:
        file.write(b"\0" * max(0, free - LEFT))
    return ballast


def take(server: Server, entries: list[Entry]) -> bool:
    """Post a batch; whether it was taken."""
    try:
        server.post([wire.parse_json(entry.raw) for entry in entries])
    except urllib.error.HTTPError as error:
        if error.code == 503:
            return False
        raise
    return True


def test_a_full_disk_costs_nothing_that_was_acknowledged(small_disk: Path, tmp_path: Path) -> None:
    folder = small_disk / "hall"
    rounds = scaled(2, 10)
    sent: list[Entry] = []
    recoveries: list[float] = []
    with serving("serve", "--data", folder, "--port", "0") as server:
        for number in range(rounds):
            cases = [f"F10-{number}-{each}" for each in range(400)]
            now_us = time.time_ns() // 1_000
            facts = [live_case(each, now_us + 8_000_000) for each in cases]
            facts += [of_case(each, "completed", now_us, outcome="granted") for each in cases[::3]]
            batches = [facts[at : at + BATCH] for at in range(0, len(facts), BATCH)]
            ballast = fill(small_disk)
            refused = [batch for batch in batches if not take(server, batch)]
            assert refused, "the disk was not full"
            time.sleep(2)
            ballast.unlink()
            again = time.monotonic()
            for batch in refused:
                wait_until(lambda batch=batch: take(server, batch), "taken")
            wait_until(lambda: is_level(server), "level")
            recoveries.append(time.monotonic() - again)
            sent += facts
        time.sleep(max(0.0, now_us / 1e6 + 14 - time.time()))
        wait_until(lambda: is_level(server), "level")
        assert server.end().code == 0
    outcome = looked_at(folder, tmp_path, sent)
    what = f"the disk under SQLite full {rounds} times while events come in (embedded edition)"
    ROWS.append(Row("F10a", what, "long" if LONG else "short", outcome, tuple(recoveries)))
    assert not outcome.told(), outcome.told()


def is_level(server: Server) -> bool:
    """Whether everything is judged and projected."""
    status = server.json("/readyz")
    return bool(status["ready"]) and status["supervision_lag"] == status["projection_lag"] == 0


def looked_at(folder: Path, tmp_path: Path, sent: list[Entry]) -> Outcome:
    """Let the checker look at a data folder."""
    log = SqliteLog(folder / "ledger.sqlite", now=lambda: 0, read_only=True)
    states = open_engine(f"sqlite:///{folder / 'state.sqlite'}")
    rows = open_engine(f"sqlite:///{folder / 'read.sqlite'}")
    with closing(log):
        held = Held(log, states, rows, load_policy(load_settings({}, {})))
        outcome = check(held, sent, tmp_path, time.time_ns() // 1_000)
    states.dispose()
    rows.dispose()
    return outcome
