"""What `hall whatif` answers: one JSON value, and the same as text for people."""

from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, TypedDict

import click

from ledger.findings import LEVELS
from ledger.record import instant
from processors.drivers.whatif_run import Answer
from processors.supervision.pack import Pack
from processors.whatif import EFFECTS, Change, Comparison, Key, Standing, Window
from processors.whatif_case import CaseWhatIf

SIGNS = {"warning": "▲", "yellow": "■", "red": "●"}
EFFECT_NAMES = {
    "added": "added 新增",
    "gone": "gone 取消",
    "moved": "moved 改期",
    "unchanged": "unchanged 不变",
}

Counts = dict[str, dict[str, int]]
"""Cards by effect and level."""


class LedgerAnswer(TypedDict):
    """The answer about a whole ledger.

    Attributes:
        cards: the latest changes; `cards_left_out` more are counted only.
        unjudged: cases that the other pack cannot judge, and some of their names.
    """

    pack: dict[str, str]
    log: dict[str, Any]
    until: str | None
    window: dict[str, str | None]
    cases: int
    total: Counts
    departments: list[dict[str, Any]]
    cards: list[dict[str, Any]]
    cards_left_out: int
    unjudged: dict[str, Any]


class CaseAnswer(TypedDict):
    """The answer about one case.

    Attributes:
        pack: None where the case is judged by what governs it anyway.
        recorded: the cards that stand in the ledger.
        unjudged: the case cannot be judged so.
    """

    case: str
    pack: dict[str, str] | None
    until: str | None
    recorded: list[dict[str, Any]]
    would_be: list[dict[str, Any]]
    difference: list[dict[str, Any]]
    unjudged: bool


def ledger_answer(asked: Answer, pack: Pack, window: Window, zone: tzinfo) -> LedgerAnswer:
    """Return the answer about a whole ledger, its instants in `zone`."""
    comparison = asked.comparison
    listed = comparison.listed()
    changed = sum(
        count for (_, effect, _), count in comparison.counts.items() if effect != "unchanged"
    )
    departments = {department for department, _, _ in comparison.counts}
    return {
        "pack": _pack(pack),
        "log": {"identity": asked.identity, "ends": {str(n): end for n, end in asked.ends.items()}},
        "until": _text(asked.until.live_us, zone),
        "window": {"from": _text(window.from_us, zone), "to": _text(window.to_us, zone)},
        "cases": comparison.cases,
        "total": _total(comparison),
        "departments": [
            {"department": department, **_counts(comparison, department)}
            for department in sorted(departments, key=lambda name: (name is None, name or ""))
        ],
        "cards": [_change(change, zone) for change in listed],
        "cards_left_out": changed - len(listed),
        "unjudged": {"cases": comparison.unjudged, "named": comparison.unjudged_named},
    }


def case_answer(found: CaseWhatIf, case: str, pack: Pack | None, zone: tzinfo) -> CaseAnswer:
    """Return the answer about one case, its instants in `zone`."""
    return {
        "case": case,
        "pack": None if pack is None else _pack(pack),
        "until": _text(found.until_us, zone),
        "recorded": [_card(key, card, zone) for key, card in _sorted(found.was)],
        "would_be": [_card(key, card, zone) for key, card in _sorted(found.would_be)],
        "difference": [
            _change(change, zone) for change in found.changes if change.effect != "unchanged"
        ],
        "unjudged": found.suspended,
    }


def show_ledger(answer: LedgerAnswer) -> None:
    """Print the answer about a whole ledger: counts by department, then the latest changes."""
    pack = answer["pack"]
    click.echo(f"{pack['title']} {pack['title_en']} ({pack['name']} {pack['version']})")
    records = sum(answer["log"]["ends"].values())
    click.echo(f"{answer['cases']} cases of {records} records, up to {answer['until'] or '–'}\n")
    click.echo(f"{'':24}" + "".join(f"{name:>14}" for name in EFFECT_NAMES))
    for row in answer["departments"]:
        _show_counts(row["department"] or "–", row)
    _show_counts("all 合计", answer["total"])
    if answer["cards"]:
        click.echo()
    for card in answer["cards"]:
        _show_change(card)
    if answer["cards_left_out"]:
        click.echo(f"… and {answer['cards_left_out']} more; --limit lists them")
    unjudged = answer["unjudged"]
    if unjudged["cases"]:
        named = ", ".join(unjudged["named"])
        click.echo(f"\n{unjudged['cases']} cases cannot be judged by this pack: {named}")


def show_case(answer: CaseAnswer) -> None:
    """Print the answer about one case."""
    pack = answer["pack"]
    under = "" if pack is None else f", {pack['title']} ({pack['name']} {pack['version']})"
    click.echo(f"{answer['case']}{under}, up to {answer['until'] or '–'}")
    _show_cards("stand as recorded 现有", answer["recorded"])
    _show_cards("would stand 应有", answer["would_be"])
    click.echo("\ndifference 差异" if answer["difference"] else "\nno difference 无差异")
    for card in answer["difference"]:
        _show_change(card)
    if answer["unjudged"]:
        click.echo("\nThe case cannot be judged so; it would be suspended 暂停判定.")


def _show_counts(name: str, counts: dict[str, Any]) -> None:
    for level in LEVELS:
        numbers = [counts[effect][level] for effect in EFFECTS]
        if any(numbers):
            shown = "".join(f"{number:>14}" for number in numbers)
            click.echo(f"{name:<13} {SIGNS[level]} {level:<8}{shown}")
            name = ""


def _show_cards(title: str, cards: list[dict[str, Any]]) -> None:
    click.echo(f"\n{title}: {len(cards) or 'none 无'}")
    for card in cards:
        click.echo(
            f"{SIGNS[card['level']]} {card['level']:<8}{card['effective_at']}  {card['rule']}  "
            f"{card['department'] or '–'}"
        )


def _show_change(card: dict[str, Any]) -> None:
    was, would_be = card["effective_at"], card["would_be_effective_at"]
    instants = was or would_be
    if was and would_be:
        instants = f"{was} → {would_be}"
    click.echo(
        f"{SIGNS[card['level']]} {card['level']:<8}{EFFECT_NAMES[card['effect']]:<10} {instants}  "
        f"{card['case']}  {card['rule']}  {card['department'] or '–'}"
    )


def _sorted(cards: Mapping[Key, Standing]) -> list[tuple[Key, Standing]]:
    return sorted(
        cards.items(), key=lambda each: (each[1].effective_us, each[0].rule, each[0].level)
    )


def _pack(pack: Pack) -> dict[str, str]:
    return {
        "name": pack.name,
        "version": pack.version,
        "title": pack.title,
        "title_en": pack.title_en,
    }


def _total(comparison: Comparison) -> Counts:
    summed: Counter[tuple[str, str]] = Counter()
    for (_, effect, level), count in comparison.counts.items():
        summed[effect, level] += count
    return {effect: {level: summed[effect, level] for level in LEVELS} for effect in EFFECTS}


def _counts(comparison: Comparison, department: str | None) -> Counts:
    counts = comparison.counts
    return {
        effect: {level: counts[department, effect, level] for level in LEVELS} for effect in EFFECTS
    }


def _card(key: Key, card: Standing, zone: tzinfo) -> dict[str, Any]:
    return {
        **key._asdict(),
        "department": card.department,
        "effective_at": _text(card.effective_us, zone),
    }


def _change(change: Change, zone: tzinfo) -> dict[str, Any]:
    return {
        "effect": change.effect,
        **change.key._asdict(),
        "department": change.department,
        "effective_at": _text(change.was_us, zone),
        "would_be_effective_at": _text(change.would_be_us, zone),
    }


def _text(us: int | None, zone: tzinfo) -> str | None:
    return None if us is None else instant(us, zone).isoformat()
