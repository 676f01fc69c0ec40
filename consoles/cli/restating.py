"""`hall restate`: what a new calendar changes; it reads and changes nothing."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Any

import click

from consoles.cli.invocation import data_option, guarded, hall_of, json_option, print_json
from consoles.hall import Hall
from consoles.publishing import known_publications
from ledger.catalogue import LATEST
from ledger.drivers.calendar_files import load_calendar
from ledger.errors import SettingInvalid
from ledger.findings import LEVELS
from ledger.record import instant
from ledger.work_calendar import WorkCalendar
from processors.restatement import DifferentCard, MovedLimit, Restated
from processors.restatement import restate as run_core

LIMIT = 100
SIGNS = {"warning": "▲", "yellow": "■", "red": "●"}
EFFECT_NAMES = {"gone": "not due 不应发", "moved": "moved 改期", "added": "due 应发"}


@dataclass(slots=True)
class _Report:
    """The counts of all, and the first of them by name."""

    limit: int
    cases: int = 0
    limits: int = 0
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)
    listed_limits: list[MovedLimit] = field(default_factory=list)
    listed_cards: list[DifferentCard] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)

    def add(self, restated: Restated) -> None:
        self.cases += 1
        self.limits += len(restated.limits)
        self.cards.update((card.effect, card.level) for card in restated.cards)
        self.listed_limits += restated.limits[: self.limit - len(self.listed_limits)]
        self.listed_cards += restated.cards[: self.limit - len(self.listed_cards)]
        if restated.unjudged:
            self.unjudged.append(restated.case)


@click.command()
@click.option(
    "--calendar", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None, help="Calendar file that would take the place of the one in force.",
)  # fmt: skip
@click.option(
    "--published", is_flag=True,
    help="The newest published version, against those that cases began with [default].",
)  # fmt: skip
@click.option(
    "--name", default=None, metavar="CALENDAR",
    help="Which calendar is replaced [default: the one in the settings].",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(0, 1_000_000), default=LIMIT, show_default=True,
    help="How many limits and cards are listed; all are counted.",
)  # fmt: skip
@data_option
@json_option
@click.pass_context
@guarded
def restate(
    context: click.Context, file: Path | None, published: bool, name: str | None, limit: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Show which open limits a new calendar moves, and which cards would have differed.

    Cards that were issued stand. It rests on what has been judged so far and writes nothing.
    """
    if file is not None and published:
        raise click.UsageError("Give --calendar or --published, not both.")
    with hall_of(context, "read") as hall:
        name = name or hall.policy.default_calendar
        calendar = _newest(hall, name) if file is None else _of_file(file, name)
        report = _Report(limit)
        now_us = hall.now_us()
        for partition in range(hall.log.partitions):
            known = known_publications(hall.log, hall.states, partition)
            policy = replace(hall.policy, published=known)
            states = hall.states.every(partition)
            for restated in run_core(states, policy, calendar, now_us, from_opening=file is None):
                report.add(restated)
        answer = _answer(report, calendar, hall.settings.zone, now_us)
        answer["judged_upto"] = {str(n): end for n, end in hall.states.positions().items()}
    print_json(answer) if as_json else _show(answer)


def _newest(hall: Hall, name: str) -> WorkCalendar:
    """Return the newest published version of a calendar."""
    editions = known_publications(hall.log, hall.states, 0).calendars.get(name)
    found = None if editions is None else editions.at(LATEST, LATEST)
    if found is None:
        raise SettingInvalid(
            f"calendar: found no published version of {name!r}.",
            hint="It is published when the folder is next opened by `hall serve` or another "
            "command that judges; or name a file with --calendar.",
        )
    return found


def _of_file(file: Path, name: str) -> WorkCalendar:
    return WorkCalendar(replace(load_calendar(file.stem, file.parent), name=name))


def _answer(report: _Report, calendar: WorkCalendar, zone: tzinfo, now_us: int) -> dict[str, Any]:
    effects = tuple(EFFECT_NAMES)
    return {
        "calendar": {"name": calendar.spec.name, "version": calendar.spec.version},
        "at": _text(now_us, zone),
        "cases": report.cases,
        "limits_moved": report.limits,
        "cards_differ": {
            effect: {level: report.cards[effect, level] for level in LEVELS} for effect in effects
        },
        "limits": [
            {
                **_named(each),
                "limit": each.limit,
                "was_due_at": _text(each.was_due_us, zone),
                "due_at": _text(each.due_us, zone),
            }
            for each in report.listed_limits
        ],
        "cards": [
            {
                "effect": each.effect,
                **_named(each),
                "rule": each.rule,
                "level": each.level,
                "issued_effective_at": _text(each.issued_us, zone),
                "recomputed_effective_at": _text(each.recomputed_us, zone),
            }
            for each in report.listed_cards
        ],
        "limits_left_out": report.limits - len(report.listed_limits),
        "cards_left_out": report.cards.total() - len(report.listed_cards),
        "unjudged": report.unjudged,
    }


def _named(each: MovedLimit | DifferentCard) -> dict[str, Any]:
    return {
        "case": each.case,
        "part": each.part,
        "clock": each.clock,
        "cycle": each.cycle,
        "department": each.department,
    }


def _show(answer: dict[str, Any]) -> None:
    calendar = answer["calendar"]
    click.echo(f"calendar 日历 {calendar['name']} {calendar['version']}, at {answer['at']}")
    click.echo(f"\nopen limits that move 变动的时限: {answer['limits_moved'] or 'none 无'}")
    for each in answer["limits"]:
        click.echo(
            f"  {each['case']}  {each['clock']} {each['limit']}  {each['was_due_at'] or '–'} → "
            f"{each['due_at'] or '–'}  {each['department'] or '–'}"
        )
    _show_left_out(answer["limits_left_out"])
    total = sum(sum(levels.values()) for levels in answer["cards_differ"].values())
    click.echo(f"\ncards that would have differed 会有不同的牌: {total or 'none 无'}")
    for each in answer["cards"]:
        instants = [each["issued_effective_at"], each["recomputed_effective_at"]]
        shown = " → ".join(text for text in instants if text)
        click.echo(
            f"{SIGNS[each['level']]} {each['level']:<8}{EFFECT_NAMES[each['effect']]:<12} {shown}  "
            f"{each['case']}  {each['rule']}  {each['department'] or '–'}"
        )
    _show_left_out(answer["cards_left_out"])
    if answer["unjudged"]:
        click.echo(f"\ncannot be judged by it: {', '.join(answer['unjudged'])}")


def _show_left_out(count: int) -> None:
    if count:
        click.echo(f"… and {count} more; --limit lists them")


def _text(us: int | None, zone: tzinfo) -> str | None:
    return None if us is None else instant(us, zone).isoformat()
