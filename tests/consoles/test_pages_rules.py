"""The page of rules, from a pack to values: every rule has an anchor, words and a basis."""

import re
from dataclasses import asdict, replace

import pytest

from consoles.pages.rules_view import RuleSaid, RulesView, rules_view
from consoles.pages.texts import LANGS, SENTENCES, Lang
from consoles.rule_reference import parameters_in
from processors.drivers.pack_files import load_packs
from processors.supervision.pack_text import parse_pack
from processors.supervision.rules import ANOMALIES, RULES
from processors.supervision.time_rules import TIME_RULES
from processors.supervision.unit_rules import UNIT_RULES
from tests.consoles.page_rows import reader

PACKS = load_packs()
EVERY = {*TIME_RULES, *RULES, *UNIT_RULES, *ANOMALIES}


def shown(name: str = "hunan", lang: Lang = "zh", asked: str = "") -> RulesView:
    return rules_view(PACKS[name], PACKS["hunan"], PACKS.values(), reader(lang), asked)


def rule(code: str, view: RulesView) -> RuleSaid:
    (found,) = (each for chapter in view.chapters for each in chapter.rules if each.code == code)
    return found


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", sorted(PACKS))
def test_every_rule_there_is_has_one_anchor_on_the_page_of_every_pack(
    name: str, lang: Lang
) -> None:
    view = shown(name, lang)
    codes = [each.code for c in view.chapters for each in (*c.rules, *c.off)]
    assert sorted(codes) == sorted(EVERY)


@pytest.mark.parametrize("name", sorted(PACKS))
def test_what_the_pack_switches_on_is_told_apart_from_what_it_does_not(name: str) -> None:
    pack = PACKS[name]
    time, conduct, unit, core = shown(name).chapters
    assert {each.code for each in time.rules} == set(pack.by_rule)
    assert {each.code for each in conduct.rules} == set(pack.rules)
    assert {each.code for each in unit.rules} == {each.name for each in pack.unit_rules}
    assert {each.code for each in core.rules} == set(ANOMALIES)


def test_a_time_rule_says_its_levels_when_they_are_reached_and_its_default_limits() -> None:
    said = rule("pre-review-limit", shown())
    assert (said.name, said.meaning) == (
        "网上预受理时限", "网上办事（预受理）时限：网上提交至预审",
    )  # fmt: skip
    assert [(each.name, each.when) for each in said.levels] == [
        ("预警", "超过时限"),
        ("黄牌", "届满后 3 日（按该时限的单位，一般为工作日）"),
        ("红牌", "届满后 5 日（按该时限的单位，一般为工作日）"),
    ]
    ((name, value),) = said.facts
    assert name == "默认时限 · 承诺时限"
    assert value.startswith("2 个工作日 · 《")
    ((name, value),) = (each for each in rule("handling-limit", shown()).facts if "即办" in each[0])
    assert value.startswith("当日办结 · ")


def test_a_rule_says_its_parameters_in_words_and_its_basis_last() -> None:
    assert rule("resumed-after-promise", shown()).facts[0] == ("届满后多久之内", "1 个工作日")
    outcomes = rule("outcome-without-reason", shown("hunan", "en"))
    assert outcomes.facts[0] == ("outcomes that need a reason", "deleted, returned, voided")
    assert outcomes.gives == "a finding for a person to check"
    for each in shown().chapters[1].rules:
        assert each.facts[-1] == ("依据", PACKS["hunan"].rules[each.code].basis)


def test_a_rule_that_gives_a_card_says_its_level_in_the_words_of_the_pack() -> None:
    text = PACKS["hunan"].text
    line = 'name = "stop-near-limit"'
    pack = parse_pack(text.replace(line, f'{line}\ncard = "yellow"\nmode = "confirm"'), "hunan")
    view = rules_view(pack, pack, [pack], reader("en"))
    said = rule("stop-near-limit", view)
    assert (said.level, said.gives) == ("yellow", "Yellow card · waits for a person to confirm")


def test_the_pack_says_what_it_lets_stop_and_extend_a_clock() -> None:
    facts = dict(shown("statutory").facts)
    assert facts["停表"].endswith("须书面告知申请人")
    assert facts["延期"] == (
        "最多 1 次 · 一般办件不超过 10 个工作日 · 联办件不超过 15 个工作日 · 须有批准人和理由"
    )
    assert facts["计时结束于"] == "作出决定、办结"
    assert "视为受理" in facts
    assert dict(shown().facts)["停表"] == "所有特别程序均可停表"
    assert "即办件" not in dict(shown().facts)
    quiet = replace(PACKS["hunan"], immediate_monitored=False)
    assert "即办件" in dict(rules_view(quiet, quiet, [], reader()).facts)


def test_a_pack_that_is_not_in_force_says_so_and_one_that_is_not_there_too() -> None:
    assert shown().in_force
    assert not shown("chengdu").in_force
    assert [url for _, url in shown().others] == [
        f"/rules?pack={name}" for name in PACKS if name != "hunan"
    ]
    assert "nothing" in shown(asked="nothing").notice
    assert shown().notice == ""


@pytest.mark.parametrize("code", sorted({**RULES, **UNIT_RULES}))
def test_every_parameter_has_a_name_in_both_languages(code: str) -> None:
    known = RULES.get(code) or UNIT_RULES[code]
    for key, _ in known.parameters:
        assert f"parameter.{key}" in SENTENCES


@pytest.mark.parametrize("name", sorted(PACKS))
def test_the_parameters_of_a_pack_are_those_that_its_rules_have(name: str) -> None:
    for code in PACKS[name].rules:
        known = {key for key, _ in RULES[code].parameters}
        assert {key for key, _ in parameters_in(PACKS[name], code)} == known
    for on in PACKS[name].unit_rules:
        known = {key for key, _ in UNIT_RULES[on.name].parameters}
        assert {key for key, _ in parameters_in(PACKS[name], on.name)} <= known
    assert parameters_in(PACKS[name], "no-such-rule") == []


def test_the_english_page_keeps_chinese_only_where_a_clause_is_cited() -> None:
    told = shown("statutory", "en")
    text = repr([asdict(each) for each in told.chapters]) + repr(told.facts)
    clauses = [each.basis for each in PACKS["statutory"].thresholds if "：" in each.basis]
    for found in re.findall("[\u4e00-\u9fff]+", text):
        assert any(found in basis for basis in clauses), found
