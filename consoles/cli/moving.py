"""`hall export log` and `hall import log`: a whole log out of one edition and into another."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import click

from consoles.bare_log import log_to_fill, log_to_read
from consoles.cli.invocation import (
    data_option,
    guarded,
    json_option,
    print_json,
    settings_of,
)
from consoles.settings import EMBEDDED, Settings
from ledger.arrival import Arrival
from ledger.errors import ImportInvalid
from ledger.log import EventLog
from ledger.transfer import Checked, Export, check, entries

_STEP = 1_000


@click.group("export")
def export_group() -> None:
    """Write what the ledger holds into a file."""


@export_group.command("log")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@json_option
@click.pass_context
@guarded
def export_log(context: click.Context, file: Path, as_json: bool) -> None:
    """Write every record of the log into FILE, byte for byte; packed if it ends with .gz.

    Of a log in several partitions the records are merged by when the ledger learned of them. Stop
    the hall first: only then all its findings are in the log, and the file says so.
    """
    with log_to_read(settings_of(context)) as log:
        export = Export(log)
        unfinished = file.with_name(f"{file.name}.part")
        with _progress("export log", export.total, as_json) as bar, _written(unfinished) as out:
            for line in export.lines():
                out.write(line)
                if export.read - bar.pos >= _STEP:
                    bar.update(export.read - bar.pos)
            bar.update(export.read - bar.pos)
        unfinished.replace(file)
        _tell(
            {
                "file": str(file),
                "identity": log.identity,
                "partitions": log.partitions,
                "records": export.records,
                "judged": export.judged,
                "folded": export.folded,
                "about_partitions": export.about_partitions,
                "left_out": export.left_out,
                "sha256": export.sha256,
            },
            as_json,
        )


@click.command("log")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@json_option
@click.pass_context
@guarded
def import_log(context: click.Context, file: Path, as_json: bool) -> None:
    """Take the log of another edition from FILE, as `hall export log` wrote it.

    The log must be empty, or hold what an earlier run with the same file got through. The file is
    checked whole before anything is written. Nothing is judged meanwhile.
    """
    settings = settings_of(context)
    try:
        with _lines(file) as lines:
            checked = check(lines)
    except (ImportInvalid, EOFError, gzip.BadGzipFile) as error:
        raise _named(file, error) from error
    _check_lengths(file, checked, settings)
    with log_to_fill(settings) as log:
        _check_target(log, checked)
        with _progress("import log", checked.records, as_json) as bar, _lines(file) as lines:
            arrival = Arrival(log, checked.judged, bar.update)
            arrival.take(entries(lines))
        if checked.marker is not None:
            arrival.mark(checked.marker)
        _tell(
            {
                "file": str(file),
                "identity": log.identity,
                "from": checked.identity,
                "partitions": log.partitions,
                "records": checked.records,
                "judged": checked.judged,
                "appended": arrival.appended,
                "repeated": arrival.repeated,
                "conflicts": arrival.conflicts,
                "elsewhere": arrival.elsewhere,
                "left_out": checked.left_out,
            },
            as_json,
        )


def _check_lengths(file: Path, checked: Checked, settings: Settings) -> None:
    """Refuse a record that the log could not take, before any is written."""
    if settings.log == EMBEDDED:
        return
    from ledger.drivers.kafka_log import VALUE_BYTES_MAX

    size, line = checked.longest
    if size > VALUE_BYTES_MAX:
        raise ImportInvalid(
            f"{file}, line {line}: found a record of {size} bytes, expected at most "
            f"{VALUE_BYTES_MAX} in this edition.",
            line=line,
        )


def _check_target(log: EventLog, checked: Checked) -> None:
    if log.identity == checked.identity:
        raise ImportInvalid(
            f"The file was exported from this very log ({log.identity}).",
            hint="Name another folder with --data, or another topic with HALL_LOG.",
        )


def _named(file: Path, error: Exception) -> ImportInvalid:
    if isinstance(error, ImportInvalid):
        return ImportInvalid(f"{file}: {error.message}", hint=error.hint, **error.details)
    return ImportInvalid(
        f"{file}: found {error}, expected a whole file packed by gzip.",
        hint="Export the log again.",
    )


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """A new file; of equal lines come equal bytes, packed or not."""
    with file.open("wb") as plain:
        if not file.name.removesuffix(".part").endswith(".gz"):
            yield plain
            return
        with gzip.GzipFile("", "wb", fileobj=plain, mtime=0) as packed:
            yield cast(IO[bytes], packed)


@contextmanager
def _lines(file: Path) -> Iterator[IO[bytes]]:
    with file.open("rb") as plain:
        if plain.read(2) != b"\x1f\x8b":
            plain.seek(0)
            yield plain
            return
        plain.seek(0)
        with gzip.GzipFile(fileobj=plain) as packed:
            yield cast(IO[bytes], packed)


def _progress(label: str, total: int, hidden: bool) -> Any:
    return click.progressbar(length=total, label=label, hidden=hidden)


def _tell(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(summary)
        return
    for name, value in summary.items():
        click.echo(f"{name:>18}  {value}")
