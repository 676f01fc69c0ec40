"""`hall database`: tables and views of states and read models, made where missing and compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from consoles.bootstrap import EMBEDDED
from consoles.cli.invocation import EXIT_NO, guarded, json_option, print_json, settings_of
from consoles.schema import apply_schema, faults_of
from ledger.drivers.sql_engine import open_engine
from ledger.errors import SettingInvalid


@click.group(name="database")
def database_group() -> None:
    """Make or check the tables of the Kafka edition's database (`HALL_DATABASE`)."""


@database_group.command()
@json_option
@click.pass_context
@guarded
def apply(context: click.Context, as_json: bool) -> None:
    """Make tables, indexes and views that are missing; safe to run again, and after an upgrade."""
    with _opened(context) as (engine, zone):
        made = apply_schema(engine, zone)
    if as_json:
        print_json({"made": made})
        return
    for each in made:
        click.echo(f"{each}: made")
    click.echo("as this version needs it")


@database_group.command()
@json_option
@click.pass_context
@guarded
def check(context: click.Context, as_json: bool) -> None:
    """Compare tables and views with what this version needs; 1 where they differ."""
    with _opened(context) as (engine, zone):
        faults = faults_of(engine, zone)
    if as_json:
        print_json({"as_needed": not faults, "faults": faults})
    else:
        for each in faults:
            click.echo(each)
        click.echo("NOT as this version needs it" if faults else "as this version needs it")
    if faults:
        context.exit(EXIT_NO)


@contextmanager
def _opened(context: click.Context) -> Iterator[tuple[Engine, ZoneInfo]]:
    settings = settings_of(context)
    if settings.database == EMBEDDED:
        raise SettingInvalid(
            f"database: found {EMBEDDED!r}, expected postgresql://user@host/name.",
            hint="The embedded edition makes its tables itself; set HALL_DATABASE for the Kafka "
            "edition.",
        )
    engine = open_engine(settings.database)
    try:
        yield engine, ZoneInfo(settings.zone)
    finally:
        engine.dispose()
