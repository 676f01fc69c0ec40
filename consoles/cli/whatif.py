"""`hall whatif`: the cards a ledger would have had under another pack, or with another fact.

It opens the log to read and nothing else: no lock, no state, no read model, so it may run beside a
server.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from consoles.bootstrap import load_policy, spare_the_collector
from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    instant_option,
    json_option,
    print_json,
    settings_of,
)
from consoles.cli.whatif_text import case_answer, ledger_answer, show_case, show_ledger
from consoles.folder import LOG_FILE
from consoles.settings import Settings
from ledger.drivers.sqlite_log import SqliteLog
from ledger.errors import EventInvalid, ImportInvalid, PackInvalid, SettingInvalid
from ledger.wire import parse_json
from processors.drivers.whatif_run import Progress, ask
from processors.drivers.whatif_worker import Question, Worker, told_of
from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.policy import Policy
from processors.whatif import Window, governed_by
from processors.whatif_case import case_whatif, read_edits

LIMIT = 100


@click.command()
@click.option("--pack", default=None, help="The other rule pack: a name, or a TOML file.")
@click.option(
    "--from", "from_", default=None, help="Only cards effective from this instant on (RFC 3339)."
)
@click.option("--to", default=None, help="Only cards effective before this instant.")
@click.option("--case", default=None, help="Ask for one case.")
@click.option(
    "--change", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
    help="JSON file that says which facts of the case are to be otherwise.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=LIMIT, show_default=True,
    help="How many changed cards are listed, the latest; all are counted.",
)  # fmt: skip
@click.option(
    "--processes", type=click.IntRange(1, 64), default=None,
    help="How many processes may work at once [default: one for each processor].",
)  # fmt: skip
@data_option
@json_option
@click.pass_context
@guarded
def whatif(
    context: click.Context, pack: str | None, from_: str | None, to: str | None, case: str | None,
    change: Path | None, limit: int, processes: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Show the cards the ledger would have had: added, gone and moved ones. Nothing is written.

    \b
    With --pack every case is judged by that pack, the imported ones too.
    With --case and --change one case is judged with a fact changed, left out or moved:
      {"change": {"source": …, "id": …}, "data": {"promised_limit": …}}
      {"leave_out": {"source": …, "id": …}}
      {"move": {"source": …, "id": …}, "time": "2026-11-24T09:00:00+08:00"}
    or a list of these.
    """  # noqa: D301 - click reads the marker that keeps the lines apart
    window = Window(instant_option("--from", from_), instant_option("--to", to))
    _check_usage(pack, case, change, window)
    settings = settings_of(context)
    other = None if pack is None else _pack(pack, load_policy(settings))
    text = None if other is None else other.text
    question = Question(
        _log_of(settings), partial(_policy, settings, text), other is not None, window, limit
    )
    zone = ZoneInfo(settings.zone)
    if case is not None:
        edits = [] if change is None else _edits(change)
        with closing(Worker(question)) as worker:
            told, policy, until, end = told_of(worker, case)
        if not told:
            click.echo(f"The ledger holds nothing of case {case!r}.", err=True)
            context.exit(EXIT_NO)
        found = case_answer(case_whatif(told, edits, policy, until, end), case, other, zone)
        print_json(found) if as_json else show_case(found)
        return
    assert other is not None
    spare_the_collector()
    with _progress(hidden=as_json) as progress:
        asked = ask(question, processes or len(os.sched_getaffinity(0)), progress)
    answer = ledger_answer(asked, other, window, zone)
    print_json(answer) if as_json else show_ledger(answer)


def _check_usage(pack: str | None, case: str | None, change: Path | None, window: Window) -> None:
    if case is None and change is not None:
        raise click.UsageError("--change asks about one case: name it with --case.")
    if pack is None and change is None:
        beside = "" if case is None else ", or the facts to change with --change"
        raise click.UsageError(f"Name the other pack with --pack{beside}.")
    if case is not None and window != Window():
        raise click.UsageError("--from and --to ask about the whole ledger, not about one case.")
    if window.from_us is not None and window.to_us is not None and window.from_us >= window.to_us:
        raise click.UsageError("--from must lie before --to.")


def _pack(named: str, policy: Policy) -> Pack:
    """Return the pack of a name, or the one in a file."""
    path = Path(named)
    if named in policy.packs:
        pack = policy.packs[named]
    elif path.suffix == ".toml":
        try:
            pack = parse_pack(path.read_text(encoding="utf-8"), named)
        except (OSError, UnicodeDecodeError) as error:
            raise PackInvalid(f"Reading the pack {named}: {error}.", file=named) from error
    else:
        known = ", ".join(sorted(policy.packs))
        raise SettingInvalid(f"--pack: found {named!r}, expected one of {known}, or a .toml file.")
    if pack.calendar is not None and pack.calendar not in policy.calendars:
        known = ", ".join(sorted(policy.calendars))
        raise PackInvalid(f"{named}, calendar: found {pack.calendar!r}, expected one of {known}.")
    return pack


def _policy(settings: Settings, pack_text: str | None) -> Policy:
    """Return what governs the cases, in this process or another: what does anyway, or a pack."""
    policy = load_policy(settings)
    return policy if pack_text is None else governed_by(policy, parse_pack(pack_text, "--pack"))


def _edits(file: Path) -> list[Any]:
    try:
        return read_edits(parse_json(file.read_bytes()))
    except EventInvalid as error:
        raise ImportInvalid(
            f"{file}: {error.message}", hint="Give JSON text; nothing was written."
        ) from error
    except ImportInvalid as error:
        raise ImportInvalid(f"{file}: {error.message}", hint=error.hint, **error.details) from error


def _log_of(settings: Settings) -> "partial[SqliteLog]":
    """Return what opens the log to read, in this process or another."""
    if settings.log != "sqlite:":
        raise SettingInvalid(
            f"log: found {settings.log!r}; this edition keeps it in the data folder (`sqlite:`)."
        )
    if not settings.data.is_dir():
        raise click.UsageError(
            f"The data folder {settings.data} does not exist; name another with --data."
        )
    return partial(_open, settings.data / LOG_FILE, settings.partitions)


def _open(path: Path, partitions: int) -> SqliteLog:
    return SqliteLog(path, partitions, now=int, read_only=True)


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Progress]:
    with click.progressbar(length=1, label="whatif", hidden=hidden, file=sys.stderr) as bar:

        def progress(done: int, steps: int) -> None:
            bar.length = steps
            bar.update(done - bar.pos)

        yield progress
