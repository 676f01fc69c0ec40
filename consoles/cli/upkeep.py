"""`hall rebuild`, `hall check`, `hall skip`: read models made again, and a folder's health."""

from collections.abc import Iterator
from typing import Any

import click

from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    hall_of,
    json_option,
    print_json,
)
from consoles.hall import Hall
from ledger.errors import RecordUnreadable, SettingInvalid
from ledger.log import digest
from ledger.reading import SCAN_BATCH, read_records
from ledger.record import Record, instant
from ledger.system_events import LogSkipped
from processors.drivers.partition_owner import ENGINE
from processors.loop import entry_of
from projections.drivers.rebuild import Rebuild
from projections.drivers.rebuild_journal import note_rebuild
from projections.registry import all_projections

DIFFERENCES_SHOWN = 20
CALENDAR_DAYS_MIN = 60


@click.command()
@click.option(
    "--check", "only_check", is_flag=True, help="Compare with the live rows and keep those."
)
@data_option
@json_option
@click.pass_context
@guarded
def rebuild(context: click.Context, only_check: bool, as_json: bool) -> None:
    """Make the read models again from the log and let them take the place of the old ones.

    With --check nothing is replaced: the answer is whether every row is what the log says.
    """
    with hall_of(context, "if-free", stale=not only_check) as hall:
        if only_check:
            hall.engine.catch_up()
        zone = hall.settings.zone
        made = Rebuild(hall.read_engine, hall.log, all_projections(zone), zone)
        total = sum(hall.log.ends().values())
        with click.progressbar(length=total, label="rebuild", hidden=as_json) as bar:

            def progress(done: int, _of: int) -> None:
                bar.update(done - bar.pos)

            rebuilt = made.check(progress) if only_check else made.replace(progress)
        note_rebuild(
            hall.read_engine,
            hall.now_us(),
            rebuilt,
            replaced=not only_check,
            compared=only_check,
        )
    answer = {
        "records": rebuilt.records,
        "rows": dict(rebuilt.rows),
        "identical": rebuilt.identical if only_check else None,
        "differences": [each._asdict() for each in rebuilt.differences[:DIFFERENCES_SHOWN]],
    }
    if as_json:
        print_json(answer)
    else:
        _show_rebuild(answer, only_check=only_check)
    if only_check and not rebuilt.identical:
        context.exit(EXIT_NO)


def _show_rebuild(answer: dict[str, Any], *, only_check: bool) -> None:
    click.echo(f"{answer['records']} records read")
    for table, count in answer["rows"].items():
        click.echo(f"  {count:>10}  {table}")
    if not only_check:
        click.echo("replaced")
        return
    click.echo("identical" if answer["identical"] else "DIFFERENT")
    for each in answer["differences"]:
        click.echo(f"  {each}")


@click.command()
@click.argument("partition", type=click.IntRange(0))
@click.argument("offset", type=click.IntRange(0))
@click.option("--sha256", required=True, help="SHA-256 of the record, as `hall check` names it.")
@click.option("--actor", required=True, help="Who passes over it (a reference, not a name).")
@click.option("--reason", required=True, help="Why.")
@data_option
@click.pass_context
@guarded
def skip(
    context: click.Context, partition: int, offset: int, sha256: str, actor: str, reason: str
) -> None:
    """Pass over one record that cannot be read, for ever; the act is itself a record."""
    with hall_of(context, "read") as hall:
        found = hall.log.read(partition, offset, 1) if partition < hall.log.partitions else []
        if not found or digest(found[0][1]) != sha256:
            raise SettingInvalid(
                f"Partition {partition}, offset {offset}: found "
                f"{digest(found[0][1]) if found else 'no record'}, expected SHA-256 {sha256}."
            )
        now = instant(hall.now_us())
        skipped = LogSkipped(
            partition=partition, offset=offset, sha256=sha256, actor_ref=actor, reason=reason
        )
        hall.log.append(
            [
                entry_of(
                    Record(
                        type=LogSkipped.TYPE,
                        source="/consoles",
                        id=f"skip/{partition}/{offset}/{sha256}",
                        subject=f"partition:{partition}",
                        time=now,
                        data=skipped,
                    )
                )
            ]
        )
    click.echo(f"Partition {partition} goes on after offset {offset}.")


@click.command()
@data_option
@json_option
@click.pass_context
@guarded
def check(context: click.Context, as_json: bool) -> None:
    """Check the health of the data folder: every record readable, everyone caught up."""
    with hall_of(context, "if-free") as hall:
        found = _check_records(hall)
        findings: list[str] = list(found["unreadable"])
        if not findings:
            hall.engine.catch_up()
        status = hall.status()
        if status["suspended_cases"]:
            findings.append(f"{status['suspended_cases']} cases wait for an operator (suspended)")
        answer = {
            "healthy": not findings,
            "findings": findings,
            "warnings": list(_calendar_warnings(hall)),
            "records": found["records"],
            "engine": ENGINE,
            "packs": {name: pack.version for name, pack in hall.policy.packs.items()},
            "calendars": {n: c.spec.version for n, c in hall.policy.calendars.items()},
            "dead_letters": dict(hall.dead_letters.counts()),
            "status": status,
        }
    if as_json:
        print_json(answer)
    else:
        click.echo("healthy" if answer["healthy"] else "NOT healthy")
        for each in findings:
            click.echo(f"  {each}")
        for each in answer["warnings"]:
            click.echo(f"  note: {each}")
        click.echo(f"  {answer['records']} records, log {status['log']['identity']}")
        for reason, count in answer["dead_letters"].items():
            click.echo(f"  {count} dead letters: {reason}")
    if findings:
        context.exit(EXIT_NO)


def _calendar_warnings(hall: Hall) -> Iterator[str]:
    """Name calendars that run out soon: limits beyond are provisional until the yearly notice."""
    for name, calendar in hall.policy.calendars.items():
        days = calendar.days_remaining(hall.now_us())
        if calendar.spec.published_years and days < CALENDAR_DAYS_MIN:
            yield f"calendar {name}: published for {days} more days only"


def _check_records(hall: Hall) -> dict[str, Any]:
    """Read every record; name those that cannot be read and are not skipped."""
    unreadable: list[str] = []
    records = 0
    for partition, end in hall.log.ends().items():
        offset = 0
        while offset < end:
            try:
                batch = read_records(hall.log, partition, offset, SCAN_BATCH)
            except RecordUnreadable as error:
                unreadable.append(f"{error.message} SHA-256 {error.details['sha256']}")
                offset += 1
                continue
            records += len(batch)
            offset += len(batch)
    return {"records": records, "unreadable": unreadable}
