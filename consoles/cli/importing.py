"""`hall import`: files of other systems into the ledger; safe to run twice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from consoles.cli.invocation import (
    data_option,
    guarded,
    hall_of,
    json_option,
    print_json,
    settings_of,
)
from consoles.folder import refuse_generated
from consoles.hall import Hall
from consoles.importing.live import Importer, Mode, Numbered, begun, ended
from consoles.importing.profile import load_profile
from consoles.importing.translation import translate
from consoles.importing.xes import read_traces
from consoles.publishing import known_publications
from ledger.errors import EventInvalid, ImportInvalid
from ledger.intake_rules import instant_from_text
from ledger.log import DeadLetters, digest
from ledger.record import micros
from ledger.wire import parse_json, to_bytes
from processors.supervision.policy import EVIDENCE

_MODE = click.option(
    "--as-if-live/--evidence-only",
    "as_if_live",
    default=None,
    help="Judge as if the facts came live, on the file's own time; or keep them as evidence, "
    "with no cards for what was reached before.",
)


@click.group("import")
def import_group() -> None:
    """Import a file of another system."""


@import_group.command("xes")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "profile_name", required=True, help="How traces become facts.")
@_MODE
@data_option
@json_option
@click.pass_context
@guarded
def import_xes(
    context: click.Context, file: Path, profile_name: str, as_if_live: bool | None, as_json: bool
) -> None:
    """Import the XES log FILE (.xes or .xes.gz, IEEE 1849)."""
    if as_if_live is None:
        raise click.UsageError("Say --as-if-live or --evidence-only.")
    profile = load_profile(profile_name)
    translation = translate(profile, read_traces(file))
    last = translation.last_instant
    refuse_generated(settings_of(context).data)
    with hall_of(context, "if-free", make=True) as hall:
        counts = {"cases": translation.cases, "source_events": translation.source_events}
        summary = _run(
            hall, file, profile.name, list(enumerate(translation.facts)),
            "as-if-live" if as_if_live else "evidence-only",
            None if last is None else micros(last), counts, quiet=as_json,
        )  # fmt: skip
        _finish(hall, {"file": file.name, "profile": profile.name, **summary}, as_json=as_json)


@import_group.command("jsonl")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_MODE
@data_option
@json_option
@click.pass_context
@guarded
def import_jsonl(
    context: click.Context, file: Path, as_if_live: bool | None, as_json: bool
) -> None:
    """Import CloudEvents, one JSON object a line; without a mode they are taken as live facts."""
    events = list(enumerate(_events(file)))
    last_us = max((_recorded_us(event) for _, event in events), default=None)
    mode: Mode | None = None
    if as_if_live is not None:
        mode = "as-if-live" if as_if_live else "evidence-only"
        events.sort(key=lambda numbered: _recorded_us(numbered[1]))
    refuse_generated(settings_of(context).data)
    with hall_of(context, "if-free", make=True) as hall:
        summary = _run(hall, file, "jsonl", events, mode, last_us, {}, quiet=as_json)
        _finish(hall, {"file": file.name, **summary}, as_json=as_json)
        if summary["rejected"]:
            context.exit(1)


def _run(
    hall: Hall, file: Path, profile: str, events: Sequence[Numbered], mode: Mode | None,
    last_us: int | None, counts: dict[str, int], *, quiet: bool,
) -> dict[str, Any]:  # fmt: skip
    """Feed the facts of a file to the hall's log, with a progress bar; return what was done."""
    file_hash = sha256(file.read_bytes()).hexdigest()
    timeline = None if mode is None else f"{profile}@{file_hash[:16]}"
    if mode == "evidence-only":
        timeline = f"{EVIDENCE}{timeline}"
    with click.progressbar(length=len(events), label=f"import {file.name}", hidden=quiet) as bar:
        letters = _Letters(hall.dead_letters, file.name)
        importer = Importer(hall.log, timeline, bar.update, refused=letters.put)
        if mode is not None and timeline is not None:
            begun(hall.log, timeline, mode, profile, file_hash, hall.now_us())
        if mode == "as-if-live":
            published = known_publications(hall.log, hall.states, 0)
            policy = replace(hall.policy, published=published)
            importer.as_if_live(events, last_us, policy)
        else:
            importer.recorded_now(events)
    done = importer.summary
    counts = {**counts, "facts": done.facts, **done.kinds, "rejected": len(done.rejected)}
    if mode is not None and timeline is not None:
        ended(hall.log, timeline, mode, profile, file_hash, hall.now_us(), counts)
    return {
        **counts,
        "timeline": timeline,
        "ticks": done.ticks,
        "findings": done.findings,
        "appended": done.appended,
        "repeated": done.repeated,
        "conflicts": done.conflicts,
        "rejected": sorted(done.rejected, key=lambda each: int(each["index"])),
    }


class _Letters:
    """What a file holds that cannot be taken, kept among the dead letters once."""

    def __init__(self, dead_letters: DeadLetters, file: str) -> None:
        self._dead_letters = dead_letters
        self._source = f"import {file}"
        self._known: set[str] | None = None

    def put(self, event: dict[str, Any], why: EventInvalid) -> None:
        """Keep an event, unless an earlier run has kept it."""
        if self._known is None:
            self._known = set(self._kept())
        raw = to_bytes(event)
        if digest(raw) not in self._known:
            self._known.add(digest(raw))
            self._dead_letters.put(raw, source=self._source, reason=why.reason, detail=why.message)

    def _kept(self) -> Iterator[str]:
        after = 0
        while letters := self._dead_letters.list(after, 1_000):
            yield from (letter.sha256 for letter in letters)
            after = letters[-1].number


def _finish(hall: Hall, summary: dict[str, Any], *, as_json: bool) -> None:
    hall.engine.catch_up()
    if as_json:
        print_json(summary)
        return
    for name, value in summary.items():
        if name != "rejected" and value is not None:
            click.echo(f"{name:>14}  {value}")
    for each in summary["rejected"]:
        click.echo(f"      rejected  event {each['index']}: {each['detail']}", err=True)


def _events(file: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = parse_json(line)
        except EventInvalid as error:
            raise ImportInvalid(f"{file}, line {number}: {error.message}", line=number) from error
        if not isinstance(event, dict):
            raise ImportInvalid(f"{file}, line {number}: found {event!r}, expected a JSON object.")
        yield event


def _recorded_us(event: dict[str, Any]) -> int:
    """Return when an event is recorded; 0 for one that will be refused for having no such time."""
    try:
        recorded = event.get("recordedtime", event.get("time"))
        return micros(instant_from_text("recordedtime", recorded))
    except EventInvalid:
        return 0
