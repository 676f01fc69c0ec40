"""What all commands share: the data folder, output as text or JSON, and exit codes.

Exit codes: 0 done, 1 the answer is no (a check found something), 2 usage or bad input, 3
unavailable.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from consoles.bootstrap import Role, open_hall, spare_the_collector
from consoles.hall import Hall
from consoles.settings import EMBEDDED, Settings, load_settings
from ledger.errors import EventInvalid, HallError, LogUnavailable, SettingInvalid
from ledger.intake_rules import instant_from_text
from ledger.record import micros
from ledger.wire import to_text

P = ParamSpec("P")
R = TypeVar("R")

EXIT_NO = 1
EXIT_BAD_INPUT = 2
EXIT_UNAVAILABLE = 3


def data_option(command: Callable[P, R]) -> Callable[P, R]:
    """Let `--data DIR` stand after the command as well as before it."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        expose_value=False,
        callback=_take_data,
        help="Folder of the embedded edition's files [default: ./hall-data or HALL_DATA].",
    )(command)


def _take_data(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.ensure_object(dict)["data"] = value


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(
        command
    )


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors of the product into a message on stderr and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HallError as error:
            fail(error)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)
        except (OSError, sqlite3.Error, SQLAlchemyError) as error:
            fail(_unavailable(error))

    return run


def _unavailable(error: Exception) -> HallError:
    """Return what the system or a database said as an error of the product."""
    found = getattr(error, "orig", None) or error
    return LogUnavailable(
        f"The data folder cannot be used: {found}.",
        hint="Look at disk and owner; all files but ledger.sqlite are made again if removed.",
    )


def fail(error: HallError) -> NoReturn:
    """Print an error with its code and leave."""
    click.echo(f"hall: {error.message} [{error.code}]", err=True)
    if error.hint:
        click.echo(f"      {error.hint}", err=True)
    sys.exit(EXIT_UNAVAILABLE if error.retryable else EXIT_BAD_INPUT)


def settings_of(context: click.Context, **overrides: Any) -> Settings:
    """Return the effective settings; command line before environment before file."""
    return load_settings({**(context.find_object(dict) or {}), **overrides}, os.environ)


@contextmanager
def hall_of(
    context: click.Context, role: Role, *, make: bool = False, stale: bool = False
) -> Iterator[Hall]:
    """Open the hall, in the data folder or on Kafka, for one command and close it in order.

    Args:
        make: make the folder where it does not exist.
        stale: the command makes the read models again, so those of another version do not matter.
    """
    settings = settings_of(context)
    if settings.log == EMBEDDED and not make and not settings.data.is_dir():
        raise click.UsageError(
            f"The data folder {settings.data} does not exist. "
            "Make one with `hall demo`, `hall serve` or `hall import`, or name another with --data."
        )
    hall = open_hall(settings, role=role, stale=stale)
    spare_the_collector()
    try:
        yield hall
    finally:
        hall.close()


@contextmanager
def reading_hall(context: click.Context) -> Iterator[Hall]:
    """Open the data folder to read; what nobody has judged yet is judged first."""
    with hall_of(context, "if-free") as hall:
        hall.engine.catch_up()
        yield hall


def instant_option(name: str, text: str | None) -> int | None:
    """Return an option that is an instant in µs; None where it was not given.

    Raises:
        SettingInvalid: it is no instant with offset.
    """
    if text is None:
        return None
    try:
        return micros(instant_from_text(name, text))
    except EventInvalid:
        raise SettingInvalid(
            f"{name}: found {text!r}, expected RFC 3339 with offset, 2026-11-24T09:00:00+08:00."
        ) from None


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(to_text(value))
