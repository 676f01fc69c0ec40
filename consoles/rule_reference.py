"""The rule reference RULES.md, written from the rules and the shipped packs themselves.

One section a rule: what it finds, on which facts, with which parameters, in which packs at which
level and on what legal basis, and the histories in `tests/golden/` that show it.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from processors.drivers.pack_files import load_packs
from processors.supervision.pack import Pack
from processors.supervision.rules import ANOMALIES, RULES
from processors.supervision.rules.rule import Rule
from processors.supervision.time_rules import TIME_RULES, TimeRule
from processors.supervision.unit_rules import UNIT_RULES
from processors.supervision.unit_rules.unit_rule import UnitRule

RULE_PAGE = "RULES.md"
_GOLDEN = Path("tests") / "golden"
_HEAD = """\
# Rules

Written from the code by `make docs`; a test compares. A rule is on where a pack says so, with the
legal basis and the parameters that stand in the pack. Time rules give cards when a threshold of
their clock passes; rules about procedure and truthfulness give findings for a person to look at,
unless a pack makes them cards; unit rules look across the cases of a department. A running hall
shows its own pack at `/rules`. Under a rule stand the worked histories in `tests/golden/` that fire
it, and those that just do not: one second, one count or one per cent short.
"""
_NOT_PARAMETERS = frozenset({"name", "basis", "card", "mode", "period"})


def parameters_in(pack: Pack, rule: str) -> list[tuple[str, object]]:
    """Return the parameters of a rule as the pack writes them, by key; none where it is off."""
    written = tomllib.loads(pack.text)
    entries: list[Mapping[str, Any]] = [*written.get("rule", ()), *written.get("unit_rule", ())]
    entry = next((each for each in entries if each["name"] == rule), {})
    return [(key, value) for key, value in entry.items() if key not in _NOT_PARAMETERS]


def rule_page(root: Path) -> str:
    """Return the whole page.

    Args:
        root: of a checkout, for the histories.
    """
    packs = list(load_packs().values())
    shown = _histories(root / _GOLDEN)
    lines = [_HEAD, "## Packs 规则包", "", *_packs(packs), "", "## Time rules 时限规则", ""]
    for name, time_rule in TIME_RULES.items():
        lines += [*_time_rule(name, time_rule, packs), *shown.get(name, ()), ""]
    lines += ["## Procedure and truthfulness 程序与真实性规则", ""]
    for name, rule in sorted(RULES.items()):
        lines += [*_rule(name, rule, packs), *shown.get(name, ()), ""]
    lines += ["## Unit rules 单位规则", ""]
    for name, unit_rule in sorted(UNIT_RULES.items()):
        lines += [*_unit_rule(name, unit_rule, packs), *shown.get(name, ()), ""]
    lines += ["## Named by the core 数据异常", "", "Findings under every pack, never cards.", ""]
    lines += ["| finding | 含义 | meaning |", "| --- | --- | --- |"]
    for name, anomaly in ANOMALIES.items():
        lines.append(f"| `{name}` | {anomaly.meaning} | {anomaly.meaning_en} |")
    return "\n".join(lines) + "\n"


def _packs(packs: Sequence[Pack]) -> Iterator[str]:
    yield "| pack | title | counting | time rules | other rules | unit rules |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for pack in packs:
        yield (
            f"| `{pack.name}` | {pack.title} · {pack.title_en} | {pack.counting} "
            f"| {len(pack.by_rule)} | {len(pack.rules)} | {len(pack.unit_rules)} |"
        )


def _time_rule(name: str, rule: TimeRule, packs: Sequence[Pack]) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    yield f"{rule.meaning} · {rule.meaning_en}. Clock `{rule.clock}`."
    yield ""
    rows = [
        f"| `{pack.name}` | {pack.level_names[each.level][0]} (`{each.level}`) | {each.limit} "
        f"| {each.offset:+d} | {each.basis} |"
        for pack in packs
        for each in pack.by_rule.get(name, ())
    ]
    if rows:
        yield "| pack | level | limit | units of the limit after its end | basis |"
        yield "| --- | --- | --- | --- | --- |"
        yield from rows
        yield ""
    for pack in packs:
        for default in pack.defaults:
            if default.rule == name:
                span = f"{default.granted.amount} {default.granted.unit}"
                kind = "" if default.handling_type == "*" else f" ({default.handling_type})"
                yield f"- `{pack.name}` grants {default.limit}{kind} {span}: {default.basis}"


def _rule(name: str, rule: Rule, packs: Sequence[Pack]) -> Iterator[str]:
    yield from _meaning(name, rule)
    for pack in packs:
        on = pack.rules.get(name)
        if on is not None:
            gives = "finding" if on.level is None else f"{pack.level_names[on.level][0]} card"
            yield f"- `{pack.name}`: {gives}{_values(pack, name)}; {on.basis}"


def _unit_rule(name: str, rule: UnitRule, packs: Sequence[Pack]) -> Iterator[str]:
    yield from _meaning(name, rule)
    on = [(pack, each) for pack in packs for each in pack.unit_rules if each.name == name]
    for pack, each in on:
        yield f"- `{pack.name}`: finding each {each.period}{_values(pack, name)}; {each.basis}"
    if not on:
        yield "- in no shipped pack"


def _meaning(name: str, rule: Rule | UnitRule) -> Iterator[str]:
    yield f"### {name}"
    yield ""
    yield f"{rule.meaning} · {rule.meaning_en}."
    yield ""
    for key, meaning in rule.parameters:
        yield f"- parameter `{key}`: {meaning}"


def _values(pack: Pack, name: str) -> str:
    return "".join(f", {key} = {_told(value)}" for key, value in parameters_in(pack, name))


def _told(value: object) -> str:
    match value:
        case {"amount": amount, "unit": unit}:
            return f"{amount} {unit}"
        case list():
            return f"[{', '.join(str(each) for each in value)}]"
        case _:
            return str(value)


def _rule_of_card(card: Mapping[str, str]) -> str:
    """Return the rule whose card a history expects: named, or that of the clock named."""
    clock = card.get("clock", "handling")
    of_clock = next(name for name, rule in TIME_RULES.items() if rule.clock == clock)
    return card.get("rule", of_clock)


def _histories(folder: Path) -> dict[str, list[str]]:
    """Return for each rule the histories that fire it and those that just do not."""
    fires: dict[str, list[str]] = {}
    just_not: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.toml")):
        history = tomllib.loads(path.read_text(encoding="utf-8"))
        link = f"[{history['title']}]({_GOLDEN.as_posix()}/{path.name})"
        named = {_rule_of_card(each) for each in history.get("card", ())}
        named |= {each["rule"] for each in history.get("anomaly", ())}
        for name in sorted(named):
            fires.setdefault(name, []).append(link)
        for name in history.get("just_not", ()):
            just_not.setdefault(name, []).append(link)
    found: dict[str, list[str]] = {}
    for name in fires.keys() | just_not.keys():
        found[name] = [
            f"- {what}: {', '.join(links[name])}"
            for what, links in (("fires", fires), ("just does not", just_not))
            if name in links
        ]
    return found
