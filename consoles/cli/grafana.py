"""`hall grafana push`: the dashboards put into a Grafana that runs elsewhere."""

from pathlib import Path

import click

from consoles.cli.invocation import guarded, json_option, print_json
from ledger.errors import ExtraMissing, SettingInvalid


@click.group(name="grafana")
def grafana_group() -> None:
    """Dashboards of Grafana."""


@grafana_group.command()
@click.option("--url", required=True, help="Address of Grafana, e.g. https://grafana.example.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File with the token of a service account, on its first line.",
)
@json_option
@guarded
def push(url: str, token_file: Path, as_json: bool) -> None:
    """Make folder and dashboards be in Grafana as this version has them; safe to run twice."""
    try:
        from alerts.drivers.grafana_http import GrafanaDashboards
    except ModuleNotFoundError as error:
        raise ExtraMissing(
            f"Pushing dashboards: the module {error.name} is not installed.",
            hint="Install hall-ledger[grafana], or let Grafana provision itself from the files in "
            "deploy/grafana.",
        ) from None
    from alerts.dashboards import FOLDER_TITLE, FOLDER_UID, dashboards

    grafana = GrafanaDashboards(url, _token(token_file))
    pushed = grafana.push(FOLDER_UID, FOLDER_TITLE, dashboards())
    if as_json:
        print_json([each._asdict() for each in pushed])
        return
    for each in pushed:
        click.echo(f"{each.outcome:<9} {each.title}  {each.url}")


def _token(path: Path) -> str:
    """Return the token in a file; it is never shown."""
    try:
        token = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingInvalid(f"Reading the token in {path}: {why}.") from error
    if not token or not token.isascii() or not token.isprintable():
        raise SettingInvalid(f"token file {path}: expected a token on the first line.")
    return token
