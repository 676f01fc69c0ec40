"""The server that the HTTP bench measures: the product's own application in a process of its own.

`intake` has the log and the dead letters and nothing that reads them; `hall` is a whole hall of the
embedded edition. It prints its port and stops when its standard input ends.
"""

import gc
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from consoles.api.app import create_app
from consoles.api.serve import running
from consoles.bootstrap import open_hall
from consoles.cli.serving import SWITCH_SECONDS
from consoles.hall import Hall
from consoles.settings import load_settings
from ledger.drivers.sql_engine import open_engine
from ledger.drivers.sqlite_log import SqliteDeadLetters, SqliteLog
from projections.drivers.readers import Readers

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """The bounds of the product."""

    zone: ZoneInfo = ZONE
    hall_name: str = "bench"
    generated: bool = True
    max_body_bytes: int = 8 * 1024 * 1024
    max_batch_events: int = 10_000
    max_in_flight: int = 256
    max_live_clients: int = 10


@dataclass(slots=True, kw_only=True)
class IntakeHall:
    """A hall of which only the intake works."""

    settings: IntakeSettings
    log: SqliteLog
    dead_letters: SqliteDeadLetters
    readers: Readers

    def now_us(self) -> int:
        """Return the machine's time."""
        return time.time_ns() // 1_000

    def explain(self, card_id: str) -> None:
        """Know no card."""

    def explain_case(self, case_id: str, as_of_us: int | None = None) -> None:
        """Know no case."""

    def case_history(
        self, case_id: str, as_of_us: int | None = None, known_at_us: int | None = None
    ) -> None:
        """Know no case."""

    def status(self) -> dict[str, Any]:
        """Be ready."""
        return {"ready": True}

    def metrics(self) -> bytes:
        """Tell nothing."""
        return b""

    def close(self) -> None:
        """Close the log."""
        self.log.close()


def intake_hall(folder: Path) -> IntakeHall:
    """Return a hall that takes events in and does nothing with them."""
    log = SqliteLog(folder / "log.sqlite", now=lambda: time.time_ns() // 1_000)
    return IntakeHall(
        settings=IntakeSettings(),
        log=log,
        dead_letters=SqliteDeadLetters(log),
        readers=Readers(open_engine("sqlite://"), ZONE),
    )


def whole_hall(folder: Path) -> Hall:
    """Return a whole hall of the embedded edition, started."""
    hall = open_hall(load_settings({"data": folder}, {}), role="supervise")
    hall.engine.start()
    return hall


def main(arguments: list[str]) -> None:
    """Run as `python -m bench.http_server FOLDER intake|hall`."""
    folder, kind = Path(arguments[0]), arguments[1]
    hall = intake_hall(folder) if kind == "intake" else whole_hall(folder)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    stop = threading.Event()
    threading.Thread(target=_wait_for_the_end, args=(stop,), daemon=True).start()
    with running(create_app(hall, pages=False)) as server:
        print(server.port, flush=True)
        stop.wait()
    hall.close()


def _wait_for_the_end(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main(sys.argv[1:])
