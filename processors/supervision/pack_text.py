"""Reads a pack (规则包) from its TOML text, key by key; an error names the line."""

import tomllib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import Any, cast, get_args

from ledger.case_events import (
    CaseCompleted,
    DecisionMade,
    HandlingType,
    Outcome,
    Procedure,
)
from ledger.errors import PackInvalid
from ledger.fact import Fact, Unit
from ledger.findings import LEVELS, IssueMode, Level, LimitName
from processors.supervision.pack import (
    Counting,
    DefaultLimit,
    ExtensionsAllowed,
    Pack,
    RuleInForce,
    StopsAllowed,
    ThresholdRule,
)
from processors.supervision.pack_reader import PackReader
from processors.supervision.rules import RULES
from processors.supervision.time_rules import TIME_RULES, Heeds, always
from processors.supervision.unit_rules import unit_rules_of

_CLOSES: dict[str, type[Fact]] = {"completed": CaseCompleted, "decided": DecisionMade}
_SECOND_US = 1_000_000
_HANDLING_TYPES = ("*", *get_args(HandlingType))


def parse_pack(text: str, file: str) -> Pack:
    """Return the pack that a TOML text holds; its version carries a hash of the text.

    Raises:
        PackInvalid: naming file, line, key, what was found and what was expected.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackInvalid(f"{file}: not TOML: {error}.", file=file) from error
    reader = PackReader(file, text, "", table)
    version = f"{reader.text('version')}+{sha256(text.encode()).hexdigest()[:8]}"
    levels = {
        cast(Level, entry.choice("level", LEVELS)): (entry.text("name"), entry.text("name_en"))
        for entry in reader.entries("level")
    }
    thresholds = tuple(_threshold(entry, levels) for entry in reader.entries("threshold"))
    rules = dict(_rule(entry, levels) for entry in reader.entries("rule"))
    by_type = _by_type(rules.values())
    pack = Pack(
        name=reader.text("name"),
        version=version,
        title=reader.text("title"),
        title_en=reader.text("title_en"),
        counting=cast(Counting, reader.choice("counting", get_args(Counting))),
        day_end=cast(Any, reader.choice("day_end", ("close", "midnight"), "close")),
        closes=frozenset(_CLOSES[name] for name in reader.names("closes", tuple(_CLOSES))),
        report_grace_us=reader.whole("report_grace_seconds") * _SECOND_US,
        future_tolerance_us=reader.whole("future_tolerance_seconds") * _SECOND_US,
        declared_unit=cast(Unit, reader.choice("declared_unit", get_args(Unit))),
        issue_from_us=reader.instant("issue_from"),
        effective_from_us=reader.instant("effective_from"),
        calendar=reader.text("calendar", None),
        immediate_monitored=reader.switch("immediate_monitored", default=True),
        deemed_acceptance=reader.switch("deemed_acceptance", default=False),
        stop_ended_by=_names(reader, "stop_ended_by", get_args(Outcome)),
        online_channels=_texts(reader, "online_channels"),
        stops=_stops(reader),
        extensions=_extensions(reader),
        thresholds=thresholds,
        defaults=tuple(_default_limit(entry) for entry in reader.entries("default_limit")),
        rules=rules,
        unit_rules=unit_rules_of(reader),
        watched=_watched({each.rule for each in thresholds}, by_type),
        level_names=levels,
        text=text,
    )
    reader.finish()
    return pack


def _threshold(entry: PackReader, levels: Mapping[Level, object]) -> ThresholdRule:
    rule = entry.choice("rule", tuple(TIME_RULES))
    level = cast(Level, entry.choice("level", tuple(levels)))
    made = ThresholdRule(
        rule=rule,
        level=level,
        rank=LEVELS.index(level),
        limit=cast(LimitName, entry.choice("limit", TIME_RULES[rule].limits)),
        offset=entry.whole("offset", least=-1000),
        mode=cast(IssueMode, entry.choice("mode", get_args(IssueMode), "auto")),
        basis=entry.basis(),
    )
    entry.finish()
    return made


def _rule(entry: PackReader, levels: Mapping[Level, object]) -> tuple[str, RuleInForce]:
    name = entry.choice("name", tuple(RULES))
    level = cast(Level | None, entry.choice("card", tuple(levels)) if entry.has("card") else None)
    read = RULES[name].read
    made = RuleInForce(
        name=name,
        basis=entry.basis(),
        parameters=None if read is None else read(entry),
        level=level,
        rank=None if level is None else LEVELS.index(level),
        mode=cast(IssueMode, entry.choice("mode", get_args(IssueMode), "auto")),
    )
    entry.finish()
    return name, made


def _default_limit(entry: PackReader) -> DefaultLimit:
    rule = entry.choice("rule", tuple(TIME_RULES), "handling-limit")
    made = DefaultLimit(
        rule=rule,
        limit=cast(LimitName, entry.choice("limit", TIME_RULES[rule].limits)),
        handling_type=entry.choice("handling_type", _HANDLING_TYPES, "*"),
        granted=entry.span("granted"),
        basis=entry.basis(),
    )
    entry.finish()
    return made


def _stops(reader: PackReader) -> StopsAllowed:
    if not reader.has("stops"):
        return StopsAllowed()
    entry = reader.entry("stops")
    known = entry.has("procedures")
    made = StopsAllowed(
        procedures=frozenset(entry.names("procedures", get_args(Procedure))) if known else None,
        notice_required=entry.switch("notice_required", default=False),
    )
    entry.finish()
    return made


def _extensions(reader: PackReader) -> ExtensionsAllowed:
    if not reader.has("extensions"):
        return ExtensionsAllowed()
    entry = reader.entry("extensions")
    longest = {}
    for each in entry.entries("longest"):
        longest[each.choice("handling_type", _HANDLING_TYPES, "*")] = each.limit()
        each.finish()
    made = ExtensionsAllowed(
        most=entry.number("most"),
        longest=longest,
        approval_required=entry.switch("approval_required", default=False),
    )
    entry.finish()
    return made


def _names(reader: PackReader, key: str, known: tuple[str, ...]) -> frozenset[str]:
    return frozenset(reader.names(key, known)) if reader.has(key) else frozenset()


def _texts(reader: PackReader, key: str) -> frozenset[str]:
    return frozenset(reader.texts(key)) if reader.has(key) else frozenset()


def _by_type(rules: Iterable[RuleInForce]) -> dict[type[Fact], tuple[RuleInForce, ...]]:
    """Return the rules that a fact of each type may show to be broken."""
    by_type: dict[type[Fact], tuple[RuleInForce, ...]] = {}
    for rule in rules:
        for kind in RULES[rule.name].triggers:
            by_type[kind] = (*by_type.get(kind, ()), rule)
    return by_type


def _watched(
    time_rules: AbstractSet[str], by_type: Mapping[type[Fact], Iterable[RuleInForce]]
) -> dict[type[Fact], tuple[Heeds, ...]]:
    """Return by fact type when it may open or close a clock, or break a rule."""
    watched: dict[type[Fact], tuple[Heeds, ...]] = {}
    for name in sorted(time_rules):
        for kind, heeds in TIME_RULES[name].moved_by.items():
            watched[kind] = (*watched.get(kind, ()), heeds)
    for kind, rules in by_type.items():
        of_rules = tuple(RULES[rule.name].heeds or always for rule in rules)
        watched[kind] = (*watched.get(kind, ()), *of_rules)
    return {kind: tuple(dict.fromkeys(heeds)) for kind, heeds in watched.items()}
