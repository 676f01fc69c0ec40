"""`hall serve` and `hall demo`: the pages and the HTTP surface, with supervision behind them.

The web framework and the simulator are imported when a server starts, so that other commands start
fast.
"""

import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from consoles.bootstrap import open_hall, spare_the_collector
from consoles.cli.invocation import data_option, guarded, settings_of
from consoles.clock import VirtualClock
from consoles.folder import GENERATED_FILE, refuse_generated
from consoles.hall import Hall, Names
from consoles.settings import Settings
from ledger.drivers.calendar_files import load_calendar
from ledger.errors import SettingInvalid
from ledger.log import EventLog
from ledger.record import micros
from ledger.wire import decode
from ledger.work_calendar import WorkCalendar

if TYPE_CHECKING:
    from consoles.demo.facts import Sending

SWITCH_SECONDS = 0.001
"""How long one thread may keep the interpreter while another waits; shorter keeps answers quick."""


@click.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on; 0 takes a free one.")
@data_option
@click.pass_context
@guarded
def serve(context: click.Context, host: str | None, port: int | None) -> None:
    """Serve the pages and the HTTP surface of the data folder, and supervise it."""
    settings = settings_of(context, host=host, port=port)
    refuse_generated(settings.data)
    with _bound(settings) as bound:
        hall = open_hall(settings, role="supervise")
        _announce(bound, settings.data)
        _serve(hall, bound)


@click.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", type=int, default=None, help="Port to listen on; 0 takes a free one.")
@click.option("--seed", type=int, default=2026, show_default=True, help="Decides every case.")
@click.option(
    "--speed",
    type=click.FloatRange(1, 3600),
    default=60.0,
    show_default=True,
    help="Seconds of the hall a second of the machine.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the pages in a browser.")
@data_option
@click.pass_context
@guarded
def demo(
    context: click.Context,
    host: str | None,
    port: int | None,
    seed: int,
    speed: float,
    no_browser: bool,
) -> None:
    """Let a generated county hall live through its day; cards light up by themselves."""
    from consoles.demo.source import DemoSource
    from consoles.demo.town import HALL_NAME_ZH, start_instant
    from consoles.demo.workday import hall_time

    settings = settings_of(context, host=host, port=port, name=HALL_NAME_ZH)
    _claim_folder(settings.data)
    start_us = start_instant()
    calendar = WorkCalendar(load_calendar(settings.calendar))
    source = DemoSource(seed=seed, hours=hall_time(calendar), start_us=start_us)
    with _bound(settings) as bound:
        hall = open_hall(
            settings,
            role="supervise",
            clock=lambda log: _story_clock(log, source.backlog, start_us, speed),
            generated=True,
            names=_names(),
        )
        url = _announce(bound, settings.data)
        stop = threading.Event()
        sender = threading.Thread(
            target=source.run,
            args=(url, hall.now_us, lambda us: hall.clock.wait_until(us, 0.5), stop),
            name="demo-source",
            daemon=True,
        )
        sender.start()
        if not no_browser:
            threading.Timer(1.0, webbrowser.open, (f"{url}/warnings",)).start()
        try:
            _serve(hall, bound)
        finally:
            stop.set()
            sender.join(timeout=5)


def _serve(hall: Hall, bound: socket.socket) -> None:
    from consoles.api.app import create_app
    from consoles.api.serve import run

    sys.setswitchinterval(SWITCH_SECONDS)
    for number in (signal.SIGINT, signal.SIGTERM):  # the server hands them on once it has stopped
        signal.signal(number, _leave)
    app = create_app(hall)
    hall.engine.on_moved(app.state.live.wake)
    spare_the_collector()
    hall.engine.start()
    try:
        run(app, "", 0, bound=bound)
    finally:
        hall.close()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End in order at a signal: what is open is closed on the way out."""
    sys.exit(0)


def _bound(settings: Settings) -> socket.socket:
    from consoles.api.serve import listening_socket

    try:
        return listening_socket(settings.host, settings.port)
    except OSError as error:
        raise SettingInvalid(
            f"Listening on {settings.host}:{settings.port}: {error.strerror or error}.",
            hint="Choose another port with --port, or --port 0 for a free one.",
        ) from error


def _announce(bound: socket.socket, folder: Path) -> str:
    host, port = bound.getsockname()[:2]
    url = f"http://{host}:{port}"
    for path, what in (
        ("/warnings", "预警与红黄牌 live cards"),
        ("/screen/hall", "大厅屏 hall screen"),
        ("/efficiency", "部门效能 efficiency"),
        ("/api/docs", "HTTP surface"),
    ):
        click.echo(f"  {url}{path:<14} {what}")
    click.echo(f"  data in {folder}; Ctrl-C ends it in order")
    return url


def _claim_folder(folder: Path) -> None:
    """Refuse to mix generated cases into a folder that holds others."""
    marker = folder / GENERATED_FILE
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise SettingInvalid(
            f"The data folder {folder} holds data that were not generated.",
            hint="Give the demo a folder of its own with --data DIR.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text("All cases in this folder are generated.\n", encoding="ascii")


def _story_clock(
    log: EventLog, backlog: "Sequence[Sending]", start_us: int, speed: float
) -> VirtualClock:
    """Return the clock of the story; what happened before it begins is in the log by then."""
    from consoles.demo.backlog import write_backlog

    write_backlog(log, backlog)
    return VirtualClock(max(start_us, _last_stamp(log)), speed)


def _last_stamp(log: EventLog) -> int:
    """Return the latest `recordedtime` at the ends of the log; 0 for an empty one."""
    last_us = 0
    for partition, end in log.ends().items():
        for _, raw in log.read(partition, max(0, end - 1), 1):
            recorded = decode(raw).recordedtime
            last_us = max(last_us, micros(recorded) if recorded else 0)
    return last_us


def _names() -> Names:
    from consoles.demo.town import county

    town = county()
    names: dict[tuple[str, str, str], str] = {}
    for kind, entries in (("department", town.departments), ("matter", town.matters)):
        for entry in entries:
            names[kind, entry.code, "zh"] = entry.name_zh
            names[kind, entry.code, "en"] = entry.name_en
    return names
