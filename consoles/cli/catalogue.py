"""`hall catalogue`: halls, departments, windows and matters into the ledger and out again."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from consoles.catalogue.csv_file import read_csv, write_csv
from consoles.catalogue.json_file import catalogue_json, read_json, write_json
from consoles.catalogue.loaded import Loaded
from consoles.catalogue.publishing import (
    Change,
    changes,
    publish,
    published,
    reference_records,
)
from consoles.catalogue.wording import problem_lines
from consoles.cli.invocation import (
    EXIT_BAD_INPUT,
    EXIT_NO,
    data_option,
    guarded,
    hall_of,
    instant_option,
    json_option,
    print_json,
    settings_of,
)
from consoles.folder import refuse_generated
from consoles.hall import Hall
from ledger.catalogue import (
    ENTRY_CLASSES,
    LATEST,
    Catalogue,
    Entry,
    Kind,
    Published,
    kind_of,
    place_of,
)
from ledger.catalogue_problems import Problem, problems
from ledger.errors import ImportInvalid
from ledger.record import instant, micros
from ledger.wire import fact_to_json, to_text

_KINDS = tuple(ENTRY_CLASSES)


@click.group("catalogue")
def catalogue_group() -> None:
    """Publish the catalogue of halls, departments, windows and matters, and read it back."""


@catalogue_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind", type=click.Choice(_KINDS), default="matter", show_default=True,
    help="What the rows of a CSV file are; a JSON file says it itself.",
)  # fmt: skip
@click.option(
    "--effective-from", default=None, metavar="DATE",
    help="From when the entries govern: a day of the hall's zone, or RFC 3339 [default: today].",
)  # fmt: skip
@click.option(
    "--check", "only_check", is_flag=True, help="Say what would be done; publish nothing."
)
@click.option("--skip-bad", is_flag=True, help="Publish the good rows though others are bad.")
@click.option(
    "--withdraw-missing", is_flag=True,
    help="Withdraw every entry in force, of the kinds in the file, that the file does not hold.",
)  # fmt: skip
@data_option
@json_option
@click.pass_context
@guarded
def import_catalogue(
    context: click.Context, file: Path, kind: Kind, effective_from: str | None, only_check: bool,
    skip_bad: bool, withdraw_missing: bool, as_json: bool,
) -> None:  # fmt: skip
    """Publish the catalogue in FILE (.csv or .json) to the ledger; safe to run twice.

    Nothing is published if any row is bad, unless --skip-bad is given.
    """
    loaded = _read(file, kind)
    if withdraw_missing and loaded.bad:
        raise ImportInvalid(
            f"{file}: {loaded.bad} bad rows; what is missing cannot be told from them.",
            hint="Correct the rows, or leave --withdraw-missing away.",
        )
    refused = bool(loaded.bad) and not skip_bad
    settings = settings_of(context)
    refuse_generated(settings.data)
    zone = ZoneInfo(settings.zone)
    withdraw = loaded.kinds if withdraw_missing else ()
    with _hall(context, write=not (only_check or refused)) as hall:
        now_us = hall.now_us() if hall else micros(datetime.now(zone))
        effective_us = _effective(effective_from, now_us, zone)
        known = published(hall.log) if hall else []
        wanted = changes(known, loaded.entries, effective_us, withdraw)
        found = list(_problems(loaded.entries, known, wanted, effective_us))
        taken = 0
        if hall and not (only_check or refused):
            taken = publish(hall.log, known, wanted, effective_us, zone)
            hall.engine.catch_up()
    answer = {
        "file": file.name,
        "effective_from": instant(effective_us, zone).isoformat(),
        "published": not (only_check or refused),
        **_counted(loaded, wanted),
        "records": taken,
        "changes": [{"action": c.action, "kind": c.kind, "code": c.code} for c in wanted],
        "errors": [{"line": error.line, **error._asdict()} for error in loaded.errors],
        "problems": [problem._asdict() for problem in found],
    }
    if as_json:
        print_json(answer)
    else:
        _show(answer, loaded, found)
    if loaded.bad:
        context.exit(EXIT_BAD_INPUT if refused and not only_check else EXIT_NO)


def _counted(loaded: Loaded, wanted: Sequence[Change]) -> dict[str, int]:
    actions = Counter(change.action for change in wanted)
    unchanged = len(loaded.entries) - actions["added"] - actions["changed"]
    return {
        "rows": loaded.rows,
        "bad": loaded.bad,
        "added": actions["added"],
        "changed": actions["changed"],
        "withdrawn": actions["withdrawn"],
        "unchanged": unchanged,
    }


def _show(answer: dict[str, Any], loaded: Loaded, found: Sequence[Problem]) -> None:
    for error in loaded.errors:
        click.echo(f"  error  {error}", err=True)
    places = {(kind_of(entry), entry.code): place for entry, place in loaded.places.items()}
    for line in problem_lines(found, places):
        click.echo(f"  note   {line}", err=True)
    for name in ("rows", "bad", "added", "changed", "withdrawn", "unchanged"):
        click.echo(f"{name:>14}  {answer[name]}")
    click.echo(f"{'effective_from':>14}  {answer['effective_from']}")
    if not answer["published"]:
        click.echo("nothing was published")


@catalogue_group.command("export")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv")
@click.option(
    "--kind", type=click.Choice(_KINDS), default="matter", show_default=True,
    help="What the rows of the CSV are; JSON holds all kinds.",
)  # fmt: skip
@click.option("--as-of", default=None, help="In force at this instant [default: now].")
@data_option
@json_option
@click.pass_context
@guarded
def export_catalogue(
    context: click.Context, form: str, kind: Kind, as_of: str | None, as_json: bool
) -> None:
    """Write the catalogue in force to the output; importing it again changes nothing."""
    as_of_us = instant_option("--as-of", as_of)
    with hall_of(context, "read") as hall:
        time_us = hall.now_us() if as_of_us is None else as_of_us
        catalogue = published(hall.log)[0]
    entries = [
        entry for each in _KINDS for entry in catalogue.in_force(each, LATEST, time_us).values()
    ]
    if as_json:
        print_json(catalogue_json(entries))
    elif form == "json":
        click.echo(write_json(entries), nl=False)
    else:
        click.echo(write_csv((e for e in entries if kind_of(e) == kind), kind), nl=False)


@catalogue_group.command("show")
@click.argument("code")
@click.option("--kind", type=click.Choice(_KINDS), default=None, help="Only entries of this kind.")
@data_option
@json_option
@click.pass_context
@guarded
def show(context: click.Context, code: str, kind: Kind | None, as_json: bool) -> None:
    """Show every publication of the entry CODE, and which of them is in force."""
    with hall_of(context, "read") as hall:
        zone = hall.settings.zone
        now_us = hall.now_us()
        catalogue = published(hall.log)[0]
        records = reference_records(hall.log, 0)
    lines = []
    for position, record in records:
        found, its_code = place_of(record.subject)
        data = record.data
        if its_code != code or kind not in (None, found) or not isinstance(data, Published):
            continue
        lines.append(
            {
                "kind": found,
                "code": code,
                "position": position._asdict(),
                "recorded_at": _local(record.recordedtime, zone),
                "in_force": _governs(catalogue, found, code, now_us) == record.name,
                **fact_to_json(data),
                "effective_from": _local(data.effective_from, zone),
            }
        )
    for line in lines:
        if as_json:
            print_json(line)
        else:
            sign = "●" if line["in_force"] else " "
            says = "withdrawn" if "withdrawn" in line else to_text(line["entry"])
            click.echo(f"{sign} {line['kind']:<11}{line['effective_from']}  {says}")
    if not lines:
        click.echo(f"Nothing was published under the code {code!r}.", err=True)
        context.exit(EXIT_NO)


def _governs(catalogue: Catalogue, kind: Kind, code: str, now_us: int) -> str | None:
    """Return the name of the record that governs an entry now."""
    versions = catalogue.versions_of(kind).get(code, ())
    past = [each for each in versions if each.effective_us <= now_us]
    return max(past, key=lambda each: (each.effective_us, each.order)).name if past else None


def _local(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat()


def _read(file: Path, kind: Kind) -> Loaded:
    """Return what a file holds; its name says in which format."""
    suffix = file.suffix.casefold()
    if suffix not in (".csv", ".json"):
        raise ImportInvalid(f"{file}: found the suffix {suffix!r}, expected .csv or .json.")
    raw = file.read_bytes()
    try:
        return read_csv(raw, kind) if suffix == ".csv" else read_json(raw)
    except ImportInvalid as error:
        raise ImportInvalid(f"{file}: {error.message}", hint=error.hint) from error


@contextmanager
def _hall(context: click.Context, *, write: bool) -> Iterator[Hall | None]:
    """Open the data folder; None where there is none yet and nothing will be written."""
    if not write and not settings_of(context).data.is_dir():
        yield None
        return
    with hall_of(context, "if-free" if write else "read", make=write) as hall:
        yield hall


def _effective(text: str | None, now_us: int, zone: ZoneInfo) -> int:
    """Return the instant that DATE names: a day begins at midnight of the hall's zone."""
    if text is None:
        day = instant(now_us, zone).date()
    else:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            at_us = instant_option("--effective-from", text)
            assert at_us is not None
            return at_us
    return micros(datetime.combine(day, time(), tzinfo=zone))


def _problems(
    entries: Sequence[Entry], known: Sequence[Catalogue], wanted: Sequence[Change], time_us: int
) -> Iterator[Problem]:
    """Name what is questionable in a file, by what the catalogue knows once it is published."""
    codes: dict[Kind, set[str]] = {"department": set(), "hall": set()}
    for kind, its_codes in codes.items():
        if known:
            its_codes.update(known[0].in_force(kind, LATEST, time_us))
        its_codes.difference_update(
            change.code for change in wanted if (change.kind, change.entry) == (kind, None)
        )
        its_codes.update(entry.code for entry in entries if kind_of(entry) == kind)
    return problems(entries, codes["department"], codes["hall"])
