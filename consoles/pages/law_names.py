"""Names of rules, laws and days as readers of either language know them.

It stands apart from `texts.py` because these names come from the rules and the packs themselves;
what nobody has translated stays as it is written.
"""

import re

from consoles.pages.texts import Lang, Texts
from processors.supervision.rules import ANOMALIES, RULES
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.unit_rules import UNIT_RULES

_INSTRUMENTS = {
    "行政许可法": "Administrative Licensing Law",
    "民法典": "Civil Code",
    "湖南省电子监察规则说明": "Hunan rule document on electronic supervision",
    "成都市行政审批电子监察暂行办法": "Chengdu measures on electronic supervision",
    "政务大厅办件分类": "Kinds of cases of government halls",
    "联合办理规定": "Rules on joint handling",
    "容缺受理办法": "Measures on acceptance with materials missing",
    "本规则包": "This rule pack",
}
_CITED = re.compile(
    r"《(?P<title>[^》]+)》(?P<place>第[零一二三四五六七八九十百]+条[^，：（]*)?(?P<rest>.*)"
)
_DIGITS = "零一二三四五六七八九"
_NUMBER = re.compile(r"第([零一二三四五六七八九十百]+)([条款项])")
_WORKED = "调休上班"


def rule_name(rule: str, t: Texts) -> str:
    """Return what a rule is called: a time rule by its clock, another one by what it finds."""
    if rule in TIME_RULES:
        return t.named("clock", TIME_RULES[rule].clock)
    for known in (RULES, UNIT_RULES, ANOMALIES):
        if rule in known:
            return known[rule].meaning if t.lang == "zh" else known[rule].meaning_en
    return rule


def basis_text(basis: str, lang: Lang) -> str:
    """Return a citation; in English where its instrument has a name there."""
    found = _CITED.fullmatch(basis)
    if lang == "zh" or found is None or found["title"] not in _INSTRUMENTS:
        return basis
    numbers = {unit: _number(text) for text, unit in _NUMBER.findall(found["place"] or "")}
    place = f", art. {numbers['条']}" if "条" in numbers else ""
    place += f"({numbers['款']})" if "款" in numbers else ""
    place += f"({numbers['项']})" if "项" in numbers else ""
    return f"{_INSTRUMENTS[found['title']]}{place}{found['rest']}"


def _number(text: str) -> int:
    """Return a number as statutes write it."""
    total = digit = 0
    for sign in text:
        if sign in "百十":
            total += max(digit, 1) * (100 if sign == "百" else 10)
            digit = 0
        else:
            digit = _DIGITS.index(sign)
    return total + digit


def day_name(name: str, t: Texts) -> str:
    """Return the calendar's name of a day."""
    if name.endswith(_WORKED) and name != _WORKED:
        return t("day.worked", name=t.named("day", name.removesuffix(_WORKED)))
    return t.named("day", name) if name else ""
