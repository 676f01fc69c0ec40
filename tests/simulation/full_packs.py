"""Packs with everything switched on: all clocks and all rules, counted by seconds and by days.

It stands apart because no shipped pack has every clock and every rule, and the properties are to
hold of all of them at once. The texts are put together from those of the shipped packs.
"""

import tomllib
from dataclasses import replace
from functools import cache

from processors.supervision.pack import Pack
from processors.supervision.pack_text import parse_pack
from processors.supervision.policy import Policy
from processors.supervision.rules import RULES
from processors.supervision.time_rules import TIME_RULES
from tests.golden.language import policy, shipped_packs

SHIPPED = ("hunan", "chengdu", "statutory", "receipt")
PACKS = (*SHIPPED, "all-by-seconds", "all-by-days")
"""Names that `policy_of` knows.

`all-by-days` makes every rule a card but those on cases that nobody accepted: by time alone such a
case may come to count as accepted, and nothing that was said takes the card back.
"""

_TAKEN = (
    *('rule = "correction-notice-limit"', 'rule = "delivery-limit"'),
    *('name = "stop-not-listed"', 'name = "second-extension"'),
    *('name = "extension-without-approval"', 'name = "extension-too-long"'),
)
_BY_DAYS = {
    'counting = "working_seconds"': 'counting = "statutory_day"\nday_end = "midnight"',
    'closes = ["completed"]': 'closes = ["decided", "completed"]',
}


def _as_card(line: str) -> str:
    """A line of a pack; a rule that it names gives cards."""
    is_rule = line.startswith("name = ") and tomllib.loads(line)["name"] in RULES
    return f'{line}card = "yellow"\n' if is_rule and "without-acceptance" not in line else line


@cache
def policy_of(name: str) -> Policy:
    """The policy by a shipped pack, or by one with everything on."""
    return policy(name) if name in SHIPPED else policy(_with_everything(name))


@cache
def policy_of_cases(name: str) -> Policy:
    """The same without unit rules, whose ticks say where the log stood.

    Properties that repeat or move records compare logs of other lengths.
    """
    using = policy_of(name)
    packs = {each: replace(pack, unit_rules=()) for each, pack in using.packs.items()}
    return replace(using, packs=packs)


def _with_everything(name: str) -> Pack:
    hunan, statutory = (shipped_packs()[each].text for each in ("hunan", "statutory"))
    wanted = ("[stops]\n", "[extensions]\n", *_TAKEN)
    tables = [t for t in statutory.split("\n\n") if any(piece in t for piece in wanted)]
    text = hunan.replace('name = "hunan"', f'name = "{name}"', 1)
    text = text.replace("declared_unit", "deemed_acceptance = true\ndeclared_unit", 1)
    text = "\n\n".join([text, *tables])
    if name == "all-by-days":
        for old, new in _BY_DAYS.items():
            assert old in text, f"{old!r} is not in the pack"
            text = text.replace(old, new)
        text = "".join(map(_as_card, text.splitlines(keepends=True)))
    pack = parse_pack(text, name)
    assert set(pack.rules) == set(RULES)
    assert set(pack.by_rule) == set(TIME_RULES)
    return pack
