"""`hall simulate`: records in, findings out; touches no storage."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import click

from consoles.bootstrap import load_policy
from consoles.cli.invocation import guarded, instant_option, json_option, print_json, settings_of
from ledger.errors import EventInvalid, ImportInvalid
from ledger.events import REFERENCE_TYPES, SOURCE_TYPES
from ledger.intake_rules import SUPERVISION_SOURCE, instant_from_text
from ledger.record import AnyRecord, micros
from ledger.system_events import ClockReached
from ledger.wire import accept, decode, fact_to_json, parse_json, stamp
from processors.simulate import simulate as run_core


@click.command()
@click.argument("events", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--pack", default=None, help="Rule pack [default: the pack in the settings].")
@click.option("--until", default=None, help="Let time run to this instant (RFC 3339 with offset).")
@json_option
@click.pass_context
@guarded
def simulate(
    context: click.Context, events: str, pack: str | None, until: str | None, as_json: bool
) -> None:
    """Judge the CloudEvents (JSON Lines) in EVENTS and print the findings.

    `recordedtime` defaults to `time`. Ticks and findings among them are passed over: both are made
    here, as time passes, up to --until.
    """
    policy = load_policy(settings_of(context), pack)
    until_us = instant_option("--until", until)
    with click.open_file(events, "rb") as lines:
        for made in run_core(_records(lines, events), policy, until_us):
            if isinstance(made.data, ClockReached):
                continue
            if as_json:
                print_json(finding_line(made))
            else:
                click.echo(finding_text(made))


def _records(lines: Iterable[bytes], name: str) -> Iterator[AnyRecord]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = parse_json(line)
            if not (isinstance(event, dict) and event.get("source") == SUPERVISION_SOURCE):
                yield _record(event)
        except EventInvalid as error:
            raise ImportInvalid(
                f"{name}, line {number}: {error.message}", hint=error.hint, line=number
            ) from error


def _record(event: Any) -> AnyRecord:
    if not isinstance(event, dict):
        raise EventInvalid("(event)", type(event).__name__, "a JSON object")
    recorded = event.pop("recordedtime", event.get("time"))
    timeline = event.pop("timeline", None)
    _, raw = accept(event, SOURCE_TYPES | REFERENCE_TYPES, timeline)
    return decode(stamp(raw, micros(instant_from_text("recordedtime", recorded))))


def finding_line(made: AnyRecord) -> dict[str, Any]:
    """Return a finding as one JSON object: the envelope's names, then the fields of its data."""
    head = {
        "type": made.type,
        "id": made.id,
        "subject": made.subject,
        "time": made.time.isoformat(),
        "causationid": made.causationid,
    }
    return {**head, **fact_to_json(made.data)}


def finding_text(made: AnyRecord) -> str:
    """Return a finding as one line for people."""
    data = fact_to_json(made.data)
    shown = ("level", "rule", "effective_at", "promised_due", "statutory_due", "outcome", "reason")
    details = "  ".join(f"{name}={data[name]}" for name in shown if name in data)
    kind = made.type.removeprefix("hall.finding.").rpartition(".")[0]
    return f"{_local(made.time)}  {made.subject}  {kind:<14} {details}"


def _local(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
