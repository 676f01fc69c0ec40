"""`hall case` and `hall cards`: what an officer and an auditor ask for."""

from collections.abc import Iterator
from typing import Any

import click

from consoles.api import shown
from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    instant_option,
    json_option,
    print_json,
    reading_hall,
)
from consoles.hall import Hall
from ledger.findings import LEVELS

PAGE = 1_000
LEVEL_SIGNS = {"warning": "▲", "yellow": "■", "red": "●"}


@click.command()
@click.option("--level", type=click.Choice(LEVELS), default=None)
@click.option("--state", default=None, help="State of the card's life, e.g. issued or rescinded.")
@click.option("--department", default=None)
@click.option("--all", "with_gone", is_flag=True, help="Also cards that no longer stand.")
@data_option
@json_option
@click.pass_context
@guarded
def cards(
    context: click.Context,
    level: str | None,
    state: str | None,
    department: str | None,
    with_gone: bool,
    as_json: bool,
) -> None:
    """List the cards that stand, newest first; --json prints one a line."""
    live = None if with_gone or state is not None else True
    with reading_hall(context) as hall:
        count = 0
        for card in _cards(hall, level=level, state=state, department=department, live=live):
            count += 1
            if as_json:
                print_json(card)
            else:
                sign = LEVEL_SIGNS[card["level"]]
                click.echo(
                    f"{sign} {card['level']:<8}{card['effective_at']}  {card['case']}  "
                    f"{card['department'] or '–'}  {card['state']}  {card['card_id']}"
                )
        if not as_json:
            click.echo(f"{count} cards" if count else "No such card stands.")


def _cards(hall: Hall, **filters: Any) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        page = hall.readers.cards(**filters, after=after, limit=PAGE)
        for row in page.items:
            yield shown.row(row, hall.settings.zone)
        after = page.next
        if after is None:
            return


@click.command()
@click.argument("case_id", metavar="CASE")
@click.option("--as-of", default=None, help="Only what had happened by then (RFC 3339).")
@click.option("--known-at", default=None, help="Only what the ledger had learned by then.")
@data_option
@json_option
@click.pass_context
@guarded
def case(
    context: click.Context, case_id: str, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """Show state and timeline of one case, as it was and as it was known."""
    as_of_us = instant_option("--as-of", as_of)
    known_us = instant_option("--known-at", known_at)
    with reading_hall(context) as hall:
        history = hall.case_history(case_id, as_of_us, known_us)
    if history is None:
        click.echo(f"The ledger holds nothing of case {case_id!r}.", err=True)
        context.exit(EXIT_NO)
    if as_json:
        print_json(history)
        return
    for name, value in history["state"].items():
        if value not in (None, [], False):
            click.echo(f"{name:>15}  {value}")
    click.echo()
    for line in history["timeline"]:
        kind = line["type"].removeprefix("hall.").rpartition(".")[0]
        late = "" if line["recordedtime"] == line["time"] else f"  (known {line['recordedtime']})"
        click.echo(f"{line['time']}  {kind:<28} {_brief(line['data'])}{late}")


def _brief(data: dict[str, Any]) -> str:
    names = ("level", "stage", "outcome", "rule", "promised_due", "effective_at", "reason", "what")
    return "  ".join(f"{name}={data[name]}" for name in names if name in data)
