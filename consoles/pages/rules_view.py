"""The page of rules: one pack as people read it, every rule with its parameters and its basis.

It stands apart because a card is contested here: what stands on the page is what the pack says, in
words, and every rule has an anchor, also those that the pack does not switch on.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from consoles.pages.law_names import basis_text, rule_name
from consoles.pages.texts import Texts
from consoles.pages.view_models import Reader
from consoles.rule_reference import parameters_in
from ledger.fact import Limit
from ledger.findings import Level
from processors.supervision.pack import DefaultLimit, Pack, ThresholdRule
from processors.supervision.rules import ANOMALIES, RULES
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.unit_rules import UNIT_RULES

Facts = list[tuple[str, str]]
_CLOSERS = {"hall.case.completed.v1": "completed", "hall.case.decided.v1": "decided"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSaid:
    """A level of a rule: when it is reached, and on what basis."""

    level: Level
    name: str
    limit: str
    when: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaid:
    """One rule; `code` is its anchor.

    Attributes:
        meaning: one sentence; empty where the name says it.
        levels: of a time rule.
        level: of the card that a rule gives; empty where it gives a finding.
        facts: parameters, default limits and basis, as (name, value).
    """

    code: str
    name: str
    meaning: str
    levels: list[LevelSaid]
    level: str
    gives: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Rules of one kind; `off` are those that the pack does not switch on."""

    key: str
    title: str
    lead: str
    rules: list[RuleSaid]
    off: list[RuleSaid]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesView:
    """Everything the page shows.

    Attributes:
        notice: says that the pack asked for is not there.
        others: titles of the other packs with their addresses.
    """

    title: str
    in_force: bool
    notice: str
    facts: Facts
    chapters: list[Chapter]
    others: list[tuple[str, str]]


def rules_view(
    pack: Pack, in_force: Pack, packs: Iterable[Pack], reader: Reader, asked: str = ""
) -> RulesView:
    """Return the page of a pack.

    Args:
        pack: the pack shown.
        in_force: the pack that governs cases opened now.
        packs: all that are known.
        reader: who reads.
        asked: a name for which there is no pack.
    """
    t = reader.t
    return RulesView(
        title=_title(pack, reader),
        in_force=pack.name == in_force.name,
        notice=t("rules.unknown", name=asked) if asked else "",
        facts=_pack_facts(pack, reader),
        chapters=[_time(pack, reader), _conduct(pack, reader), _unit(pack, reader), _core(reader)],
        others=[
            (_title(each, reader), f"/rules?pack={quote(each.name, safe='')}")
            for each in packs
            if each.name != pack.name
        ],
    )


def _title(pack: Pack, reader: Reader) -> str:
    return pack.title if reader.t.lang == "zh" else pack.title_en


def _pack_facts(pack: Pack, reader: Reader) -> Facts:
    t, times = reader.t, reader.times
    closes = sorted(t(f"closes.{_CLOSERS[each.TYPE]}") for each in pack.closes)
    facts = [
        (t("rules.pack"), pack.name),
        (t("rules.version"), pack.version),
        (t("rules.counting"), t(f"rules.counting.{pack.counting}")),
        (t("rules.closes"), _listed(closes, reader)),
        (t("rules.grace"), times.span(pack.report_grace_us)),
        (t("rules.stops"), _stops(pack, reader)),
        (t("rules.extensions"), _extensions(pack, reader)),
    ]
    if pack.deemed_acceptance:
        facts.append((t("rules.deemed"), t("rules.deemed.is")))
    if not pack.immediate_monitored:
        facts.append((t("rules.immediate"), t("rules.immediate.is")))
    if pack.calendar is not None:
        facts.append((t("why.calendar"), pack.calendar))
    if pack.issue_from_us is not None:
        facts.append((t("rules.issue_from"), times.stamp(pack.issue_from_us)))
    return facts


def _listed(parts: Iterable[str], reader: Reader) -> str:
    return ("、" if reader.t.lang == "zh" else ", ").join(parts)


def _stops(pack: Pack, reader: Reader) -> str:
    t, allowed = reader.t, pack.stops
    told = [t("rules.stops.all")]
    if allowed.procedures is not None:
        names = _listed([t.named("procedure", each) for each in sorted(allowed.procedures)], reader)
        told = [t("rules.stops.listed", names=names)]
    if allowed.notice_required:
        told.append(t("rules.stops.notice"))
    return " · ".join(told)


def _extensions(pack: Pack, reader: Reader) -> str:
    t, allowed = reader.t, pack.extensions
    any_number = allowed.most is None
    told = [
        t("rules.extensions.any") if any_number else t("rules.extensions.most", count=allowed.most)
    ]
    for kind, longest in sorted(allowed.longest.items()):
        span = reader.times.granted(longest.amount, longest.unit)
        told.append(t("rules.extensions.longest", kind=_kind(kind, reader), span=span))
    if allowed.approval_required:
        told.append(t("rules.extensions.approval"))
    return " · ".join(told)


def _kind(handling_type: str, reader: Reader) -> str:
    if handling_type == "*":
        return reader.t("rules.any_kind")
    return reader.t.named("handling", handling_type)


def _level_name(pack: Pack, level: Level, reader: Reader) -> str:
    return pack.level_names[level][0 if reader.t.lang == "zh" else 1]


# --- chapters ---------------------------------------------------------------------------------


def _chapter(key: str, rules: list[RuleSaid], off: list[RuleSaid], reader: Reader) -> Chapter:
    t = reader.t
    return Chapter(
        key=key, title=t(f"rules.{key}"), lead=t(f"rules.{key}.lead"), rules=rules, off=off
    )


def _without(name: str, meaning: str, t: Texts) -> str:
    """Return the meaning of a rule without the name that stands above it."""
    called = rule_name(name, t)
    return "" if meaning == called else meaning.removeprefix(f"{called}：")


def _plain(name: str, meaning: str, reader: Reader) -> RuleSaid:
    """Return a rule of which the pack says nothing."""
    called, told = rule_name(name, reader.t), _without(name, meaning, reader.t)
    return RuleSaid(code=name, name=called, meaning=told, levels=[], level="", gives="", facts=[])


def _off(known: Iterable[tuple[str, Any]], on: Collection[str], reader: Reader) -> list[RuleSaid]:
    zh = reader.t.lang == "zh"
    return [
        _plain(name, rule.meaning if zh else rule.meaning_en, reader)
        for name, rule in known
        if name not in on
    ]


def _time(pack: Pack, reader: Reader) -> Chapter:
    t = reader.t
    rules = []
    for name, thresholds in pack.by_rule.items():
        rule = TIME_RULES[name]
        defaults = [each for each in pack.defaults if each.rule == name]
        rules.append(
            RuleSaid(
                code=name,
                name=rule_name(name, t),
                meaning=_without(name, rule.meaning if t.lang == "zh" else rule.meaning_en, t),
                levels=[_threshold(each, pack, reader) for each in thresholds],
                level="",
                gives="",
                facts=[_default(each, reader) for each in defaults],
            )
        )
    return _chapter("time", rules, _off(TIME_RULES.items(), pack.by_rule, reader), reader)


def _threshold(each: ThresholdRule, pack: Pack, reader: Reader) -> LevelSaid:
    t = reader.t
    when = t("rules.at_end")
    if each.offset:
        when = t("rules.before" if each.offset < 0 else "rules.after", count=abs(each.offset))
    if each.mode == "confirm":
        when += f" · {t('rules.confirm')}"
    return LevelSaid(
        level=each.level,
        name=_level_name(pack, each.level, reader),
        limit=t(f"limit.{each.limit}"),
        when=when,
        basis=basis_text(each.basis, t.lang),
    )


def _default(each: DefaultLimit, reader: Reader) -> tuple[str, str]:
    t = reader.t
    kind = "" if each.handling_type == "*" else f" · {_kind(each.handling_type, reader)}"
    same_day = each.granted == Limit(amount=0, unit="working_day")
    span = reader.times.granted(each.granted.amount, each.granted.unit)
    span = t("rules.same_day") if same_day else span
    name = f"{t('rules.defaults')} · {t(f'limit.{each.limit}')}{kind}"
    return name, f"{span} · {basis_text(each.basis, t.lang)}"


def _conduct(pack: Pack, reader: Reader) -> Chapter:
    t = reader.t
    rules = []
    for name, on in pack.rules.items():
        gives = t("rules.finding") if on.level is None else _level_name(pack, on.level, reader)
        if on.level is not None and on.mode == "confirm":
            gives += f" · {t('rules.confirm')}"
        facts = [*_parameters(pack, name, reader), (t("rules.basis"), basis_text(on.basis, t.lang))]
        rules.append(
            RuleSaid(
                code=name,
                name=rule_name(name, t),
                meaning="",
                levels=[],
                level=on.level or "",
                gives=gives,
                facts=facts,
            )
        )
    return _chapter("conduct", rules, _off(sorted(RULES.items()), pack.rules, reader), reader)


def _unit(pack: Pack, reader: Reader) -> Chapter:
    t = reader.t
    rules = [
        RuleSaid(
            code=on.name,
            name=rule_name(on.name, t),
            meaning="",
            levels=[],
            level="",
            gives=t("rules.finding"),
            facts=[
                (t("rules.period"), t(f"period.{on.period}")),
                *_parameters(pack, on.name, reader),
                (t("rules.basis"), basis_text(on.basis, t.lang)),
            ],
        )
        for on in pack.unit_rules
    ]
    on = {each.name for each in pack.unit_rules}
    return _chapter("unit", rules, _off(sorted(UNIT_RULES.items()), on, reader), reader)


def _core(reader: Reader) -> Chapter:
    return _chapter("core", _off(ANOMALIES.items(), (), reader), [], reader)


def _parameters(pack: Pack, rule: str, reader: Reader) -> Facts:
    t = reader.t
    return [
        (t.named("parameter", key), _value(key, value, pack, reader))
        for key, value in parameters_in(pack, rule)
    ]


def _value(key: str, value: object, pack: Pack, reader: Reader) -> str:
    match value:
        case {"amount": int(amount), "unit": str(unit)}:
            return reader.times.granted(amount, unit)
        case list():
            family = "outcome" if key == "outcomes" else "tag"
            return _listed([reader.t.named(family, str(each)) for each in value], reader)
        case "warning" | "yellow" | "red" if key == "level":
            return _level_name(pack, value, reader)
        case _:
            return str(value)
