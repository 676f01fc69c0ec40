"""`hall explain`: why a card stands, and how every clock of a case stands, line by line."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    instant_option,
    json_option,
    print_json,
    reading_hall,
)

Value = Mapping[str, Any]


@click.command()
@click.argument("card_id", metavar="CARD", required=False)
@click.option("--case", "case_id", default=None, help="Every clock of a case instead of a card.")
@click.option("--as-of", default=None, help="The case as it was then (RFC 3339); now if absent.")
@data_option
@json_option
@click.pass_context
@guarded
def explain(
    context: click.Context,
    card_id: str | None,
    case_id: str | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Show why a card stands, or how every clock of a case stands: intervals, each with its record.

    Four kinds: counted, stopped, excluded, not_working; each with its reason and its law.
    """
    if (card_id is None) == (case_id is None):
        raise click.UsageError("Name either a card or, with --case, a case.")
    if card_id is not None and as_of is not None:
        raise click.UsageError("A card is explained as it was issued; --as-of is for --case.")
    as_of_us = instant_option("--as-of", as_of)
    with reading_hall(context) as hall:
        if card_id is not None:
            why = hall.explain(card_id)
            missing = f"There is no card {card_id!r}."
        else:
            assert case_id is not None
            why = hall.explain_case(case_id, as_of_us)
            missing = f"The ledger holds nothing of case {case_id!r} up to then."
    if why is None:
        click.echo(missing, err=True)
        context.exit(EXIT_NO)
    if as_json:
        print_json(why)
        return
    for line in _card(why) if card_id is not None else _case(why):
        click.echo(line)


def _case(why: Value) -> Iterator[str]:
    yield f"{why['case']} as of {why['as_of']}"
    if why["unjudged"]:
        yield f"It cannot be judged: {why['unjudged']}."
    elif not why["clocks"]:
        yield "No clock has opened."
    for clock in why["clocks"]:
        part = f" · part {clock['part']}" if clock["part"] else ""
        yield ""
        yield f"== {clock['clock']}{part} · {clock['pack']} {clock['pack_version']} =="
        yield from _clock(clock)


def _card(why: Value) -> Iterator[str]:
    for name in ("level", "rule", "basis", "pack", "pack_version", "calendar_version"):
        yield f"{name:>17}  {why[name]}"
    if why["clock"] is not None:
        yield from _clock(why)
        return
    yield f"{'meaning':>17}  {why['meaning']['zh']} · {why['meaning']['en']}"
    yield ""
    for fact in why["facts"]:
        yield f"{fact['time']}  {fact['type']} {fact['id']}"


def _clock(why: Value) -> Iterator[str]:
    days = why["measure"] == "working_days"
    for limit in why["limits"]:
        granted = limit["granted"]
        span = f"{granted['amount']} {granted['unit']}" if granted else "declared"
        told = f"due {limit['due_at']}, from the {limit['origin']}, {limit['basis']}"
        yield f"{limit['limit']:>17}  {span}, {told}"
    yield ""
    lines = [(each["from"], 1, _line(each, days)) for each in why["intervals"]]
    lines += [(each["at"], 0, _note(each)) for each in why["notes"]]
    for _, _, text in sorted(lines, key=lambda line: line[:2]):
        yield text
    yield ""
    used = f"{why['used']} working days" if days else _span(why["used_us"])
    over = f"{why['overdue']} working days" if days else _span(why["overdue_us"])
    yield f"used {used}, stopped {_span(why['stopped_us'])}, overdue {over}"


def _line(line: Value, days: bool) -> str:
    counted = str(line["counted"]) if days else _span(line["counted"])
    running = str(line["running"]) if days else _span(line["running"])
    named = f"{line['kind']} ({line['reason']}{' ' + line['day'] if line['day'] else ''})"
    record = line["record"]
    return (
        f"{line['from']} … {line['until']}  {named:<30} {counted:>9}  = {running:>9}  "
        f"{record['type']} {record['id']}  {line['basis']}"
    )


def _note(note: Value) -> str:
    about = f" {note['limit']}" if note["limit"] else ""
    moved = f" {note['before'] or '–'} → {note['after'] or '–'}" if note["limit"] else ""
    record = note["record"]
    return f"{note['at']}  * {note['reason']}{about}{moved}  {record['type']} {record['id']}"


def _span(us: int) -> str:
    seconds = us // 1_000_000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
