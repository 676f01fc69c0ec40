"""`hall publish`: the configured packs and calendars, put into every partition of the log."""

from pathlib import Path

import click

from consoles.bootstrap import effective_from
from consoles.cli.invocation import (
    data_option,
    guarded,
    hall_of,
    json_option,
    print_json,
    settings_of,
)
from consoles.publishing import publish_configured
from ledger.drivers.calendar_files import load_calendars


@click.command()
@data_option
@json_option
@click.pass_context
@guarded
def publish(context: click.Context, as_json: bool) -> None:
    """Publish the configured rule packs and calendars where the log's last ones differ.

    The embedded edition does it at each start; in the Kafka edition an operator does, once for all
    workers. What is published governs cases opened from then on, or from the date a file gives.
    """
    with hall_of(context, "supervise", make=True) as hall:
        folder = settings_of(context).calendars
        since = effective_from(hall.policy, load_calendars(Path(folder) if folder else None))
        count = publish_configured(hall.log, hall.states, hall.policy, hall.now_us(), since)
    if as_json:
        print_json({"published": count})
    else:
        click.echo(f"{count} records published" if count else "All of it is published already.")
