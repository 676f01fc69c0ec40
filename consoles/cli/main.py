"""The entry point: the group `hall` and its commands."""

from pathlib import Path
from typing import Any

import click

from consoles.cli.catalogue import catalogue_group
from consoles.cli.catching_up import catch_up
from consoles.cli.database import database_group
from consoles.cli.explaining import explain
from consoles.cli.grafana import grafana_group
from consoles.cli.importing import import_group
from consoles.cli.moving import export_group, import_log
from consoles.cli.publishing import publish
from consoles.cli.reading import cards, case
from consoles.cli.restating import restate
from consoles.cli.serving import demo, serve
from consoles.cli.simulating import simulate
from consoles.cli.topics import topics_group
from consoles.cli.upkeep import check, rebuild, skip
from consoles.cli.whatif import whatif
from consoles.cli.worker import worker
from ledger.errors import PolicyError

assert PolicyError.code, "python -O strips the checks this program relies on"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hall-ledger", prog_name="hall")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder of the embedded edition's files [default: ./hall-data or HALL_DATA].",
)
@click.pass_context
def main(context: click.Context, data: Path | None) -> None:
    """Event-sourced case ledger and electronic supervision of a government service hall."""
    values: dict[str, Any] = context.ensure_object(dict)
    if data is not None:
        values["data"] = data


for command in (
    demo,
    serve,
    worker,
    catch_up,
    publish,
    import_group,
    catalogue_group,
    database_group,
    simulate,
    whatif,
    restate,
    case,
    cards,
    explain,
    rebuild,
    check,
    skip,
    topics_group,
    grafana_group,
    export_group,
):
    main.add_command(command)
import_group.add_command(import_log)
