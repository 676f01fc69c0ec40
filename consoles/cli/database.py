"""`hall database apply|check`: the tables and views of states and read models."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import click

from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    json_option,
    print_json,
    settings_of,
)
from consoles.database import Databases, apply_schema, find_faults, open_databases
from consoles.folder import FolderLock
from consoles.settings import EMBEDDED, Settings


@click.group("database")
def database_group() -> None:
    """Make and check the tables of states and read models."""


@database_group.command("apply")
@data_option
@json_option
@click.pass_context
@guarded
def apply_command(context: click.Context, as_json: bool) -> None:
    """Make the tables and views that are missing; on PostgreSQL as the role that owns them.

    It may be run again at any time. States of another version are made anew and empty, and workers
    read them again from the log; read models of another version are left for `hall rebuild`.
    """
    settings = settings_of(context)
    with _opened(settings, alone=True) as databases:
        applied = apply_schema(databases, ZoneInfo(settings.zone))
    if as_json:
        print_json({"made": applied.made, "faults": applied.faults})
    else:
        for each in applied.made:
            click.echo(f"made {each}")
        if not applied.made:
            click.echo("nothing to make")
        _show(applied.faults)
    if applied.faults:
        context.exit(EXIT_NO)


@database_group.command("check")
@data_option
@json_option
@click.pass_context
@guarded
def check_command(context: click.Context, as_json: bool) -> None:
    """Say what is missing or of another version; nothing is changed."""
    settings = settings_of(context)
    with _opened(settings, alone=False) as databases:
        faults = find_faults(databases, ZoneInfo(settings.zone))
    if as_json:
        print_json({"complete": not faults, "faults": faults})
    else:
        click.echo("the database is NOT as this version needs it" if faults else "complete")
        _show(faults)
    if faults:
        context.exit(EXIT_NO)


def _show(faults: list[str]) -> None:
    for each in faults:
        click.echo(f"  {each}")


@contextmanager
def _opened(settings: Settings, *, alone: bool) -> Iterator[Databases]:
    """Open the databases; the data folder must be there, and free where it is to be changed."""
    lock = None
    if settings.database == EMBEDDED:
        if not settings.data.is_dir():
            raise click.UsageError(f"The data folder {settings.data} does not exist.")
        if alone:
            lock = FolderLock(settings.data)
            lock.require()
    databases = open_databases(settings, "hall-database")
    try:
        yield databases
    finally:
        databases.dispose()
        if lock is not None:
            lock.release()
