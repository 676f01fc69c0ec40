"""Packs are data: what is read, and how an error in one is told, by file and key."""

from dataclasses import replace

import pytest

from ledger.errors import PackInvalid
from processors.supervision.pack_text import parse_pack
from tests.golden.language import PACK_TEXT, local_pack, policy, shipped_packs

FIRST_THRESHOLD = 'level = "warning"\nlimit = "promised"\noffset = -3'


def test_four_packs_are_shipped() -> None:
    assert sorted(shipped_packs()) == ["chengdu", "hunan", "receipt", "statutory"]


def test_every_threshold_and_default_limit_of_a_shipped_pack_cites_its_basis() -> None:
    for pack in shipped_packs().values():
        cited = [each.basis for each in pack.thresholds]
        cited += [each.basis for each in pack.defaults]
        assert cited
        assert all(basis.startswith("《") for basis in cited), pack.name


@pytest.mark.basis("行政许可法", 42)
def test_a_basis_is_written_as_a_citation() -> None:
    red = shipped_packs()["statutory"].thresholds[0]
    assert red.basis == "《行政许可法》第四十二条"


def test_thresholds_are_those_of_the_rule_documents() -> None:
    found = {
        name: [(t.level, t.limit, t.offset) for t in pack.thresholds if t.rule == "handling-limit"]
        for name, pack in shipped_packs().items()
    }
    assert found == {
        "hunan": [("warning", "promised", -3), ("yellow", "promised", 0), ("red", "statutory", 0)],
        "chengdu": [("yellow", "promised", -1), ("red", "promised", 0)],
        "statutory": [("red", "statutory", 0)],
        "receipt": [("warning", "promised", -5), ("yellow", "promised", 0)],
    }


def test_the_version_of_a_pack_carries_a_hash_of_its_text() -> None:
    one, same, other = local_pack(), local_pack(), local_pack({"offset = -3": "offset = -2"})
    assert one.version == same.version
    assert one.version != other.version
    assert one.version.startswith("1+")


def test_an_import_is_judged_by_the_pack_of_its_profile_and_a_live_case_by_the_default() -> None:
    using = replace(policy("hunan"), profiles={"receipt": "receipt"})
    assert using.pack_for(None).name == "hunan"
    assert using.pack_for("receipt@abc").name == "receipt"
    assert using.pack_for("unknown@abc").name == "hunan"
    assert using.calendar_for(using.pack_for("receipt@abc")).spec.name == "nl-weekdays"
    assert using.calendar_for(using.pack_for(None)).spec.name == "cn"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "local"\n', "", "name"),
        ('version = "1"', "version = 1", "version"),
        ('counting = "working_seconds"', 'counting = "guessing"', "counting"),
        ('day_end = "close"', 'day_end = "noon"', "day_end"),
        ('closes = ["completed"]', 'closes = ["delivered"]', "closes"),
        ('closes = ["completed"]', 'closes = "completed"', "closes"),
        ('closes = ["completed"]', "closes = []", "closes"),
        ("report_grace_seconds = 5", "report_grace_seconds = -1", "report_grace_seconds"),
        ("report_grace_seconds = 5", "report_grace_seconds = 5.5", "report_grace_seconds"),
        ("report_grace_seconds = 5", "report_grace_seconds = true", "report_grace_seconds"),
        ('version = "1"', 'version = "1"\nisue_from = 2018-10-24', "isue_from"),
        ('version = "1"', 'version = "1"\nissue_from = 2018-10-24T10:00:00', "issue_from"),
        ('version = "1"', 'version = "1"\nissue_from = 2018-10-24', "issue_from"),
        ('declared_unit = "working_day"', 'declared_unit = "week"', "declared_unit"),
        ('declared_unit = "working_day"\n', "", "declared_unit"),
        (FIRST_THRESHOLD, FIRST_THRESHOLD.replace("warning", "orange"), "threshold[0].level"),
        (FIRST_THRESHOLD, FIRST_THRESHOLD.replace("promised", "hoped"), "threshold[0].limit"),
        (FIRST_THRESHOLD, FIRST_THRESHOLD.replace("-3", '"-3"'), "threshold[0].offset"),
        (FIRST_THRESHOLD, FIRST_THRESHOLD + '\nmode = "never"', "threshold[0].mode"),
        (FIRST_THRESHOLD, FIRST_THRESHOLD + "\nextra = 1", "threshold[0].extra"),
        ('rule = "handling-limit"', 'rule = "no-such-rule"', "threshold[0].rule"),
        ("article = 1 }", 'article = "one" }', "threshold[0].basis.article"),
        ('{ instrument = "本地规则", article = 1 }', '"本地规则"', "threshold[0].basis"),
        (
            '[[level]]\nlevel = "red"\nname = "红牌"\nname_en = "Red card"\n',
            "",
            "threshold[2].level",
        ),
    ],
    ids=lambda value: str(value).splitlines()[-1][:40] if value else "nothing",
)
def test_an_error_in_a_pack_names_file_and_key(old: str, new: str, key: str) -> None:
    assert old in PACK_TEXT
    with pytest.raises(PackInvalid) as caught:
        parse_pack(PACK_TEXT.replace(old, new), "local.toml")
    error = caught.value
    assert "local.toml" in str(error)
    assert (error.details.get("file"), error.details.get("key")) == ("local.toml", key)
    assert key.rpartition(".")[2] in str(error)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('level = "yellow"\nlimit', 'level = "yelow"\nlimit', 'level = "yelow"'),
        ('limit = "statutory"', 'limit = "statutary"', 'limit = "statutary"'),
        ("article = 2 }", 'article = "two" }', 'article = "two"'),
        ("report_grace_seconds = 5", "report_grace_seconds = -5", "report_grace_seconds"),
        ('rule = "handling-limit"\nlevel = "red"', 'rule = "x"\nlevel = "red"', 'rule = "x"'),
        ('offset = 0\nbasis = { instrument = "本地规则", article = 3 }', "offset = 0", None),
    ],
    ids=["level", "limit", "article", "grace", "rule", "no basis"],
)
def test_an_error_in_a_pack_names_the_line(old: str, new: str, where: str | None) -> None:
    assert old in PACK_TEXT
    text = PACK_TEXT.replace(old, new)
    with pytest.raises(PackInvalid) as caught:
        parse_pack(text, "local.toml")
    lines = text.splitlines()
    expected = (
        [n for n, line in enumerate(lines, start=1) if line == "[[threshold]]"][-1]
        if where is None
        else next(n for n, line in enumerate(lines, start=1) if where in line)
    )
    assert f"local.toml, line {expected}:" in str(caught.value)


def test_text_that_is_not_toml_names_the_file_and_the_line() -> None:
    with pytest.raises(PackInvalid, match=r"broken\.toml.*line 1"):
        parse_pack("name = \nversion = 1", "broken.toml")


@pytest.mark.parametrize("entry", ["5", '"hunan"'])
def test_an_entry_that_is_no_table_names_file_and_key(entry: str) -> None:
    text = PACK_TEXT.partition("[[threshold]]")[0].replace(
        'name = "local"', f'name = "local"\nthreshold = [{entry}]'
    )
    with pytest.raises(PackInvalid, match=r"local\.toml.*threshold\[0\]"):
        parse_pack(text, "local.toml")
