"""Settings: where they come from, which wins, and what is refused by name."""

from pathlib import Path

import pytest

from consoles.settings import Settings, load_settings, settings_table
from ledger.errors import SettingInvalid
from tests.consoles.commands import ROOT


def settings_file(folder: Path, text: str) -> dict[str, str]:
    path = folder / "hall.toml"
    path.write_text(text, encoding="utf-8")
    return {"HALL_SETTINGS": str(path)}


def test_without_any_the_defaults_hold() -> None:
    settings = load_settings({}, {})
    assert settings == Settings()
    assert (settings.data, settings.port, settings.pack) == (Path("hall-data"), 8787, "hunan")


def test_command_line_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    file = settings_file(tmp_path, 'port = 1001\npack = "chengdu"\nhost = "127.0.0.3"')
    environ = {**file, "HALL_PORT": "1002", "HALL_PACK": "statutory"}
    settings = load_settings({"port": 1003, "pack": None}, environ)
    assert (settings.port, settings.pack, settings.host) == (1003, "statutory", "127.0.0.3")
    assert settings.zone == Settings().zone


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HALL_PROT": "1"}, "environment: found the name 'prot'"),
        ({"HALL_PORT": "eighty"}, "environment, port: found 'eighty'"),
        ({"HALL_PORT": "65536"}, "0 to 65535"),
        ({"HALL_PORT": "-1"}, "0 to 65535"),
        ({"HALL_PORT": ""}, "environment, port: found ''"),
        ({"HALL_PARTITIONS": "0"}, "1 to 1024"),
        ({"HALL_DATA": ""}, "data"),
        ({"HALL_ZONE": "Mars/Olympus"}, "zone: found 'Mars/Olympus'"),
        ({"HALL_ZONE": "Asia"}, "zone: found 'Asia'"),
        ({"HALL_ZONE": "../etc/passwd"}, "zone"),
        ({"HALL_SETTINGS": "/nowhere/hall.toml"}, "/nowhere/hall.toml"),
    ],
)
def test_a_wrong_name_or_value_is_refused_and_says_where_it_stands(
    environ: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingInvalid) as refused:
        load_settings({}, environ)
    assert named in refused.value.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 1", "settings file: found the name 'colour'"),
        ("port = 80.5", "settings file, port: found 80.5"),
        ("port = true", "settings file, port: found True"),
        ("pack = 5", "settings file, pack: found 5"),
        ("[port]", "settings file, port: found {}"),
        ("port = ", "hall.toml"),
    ],
)
def test_a_wrong_settings_file_is_refused_and_says_where(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(SettingInvalid) as refused:
        load_settings({}, settings_file(tmp_path, text))
    assert named in refused.value.message


def test_a_settings_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hall.toml"
    path.write_bytes(b'hall_name = "\xff"')
    with pytest.raises(SettingInvalid):
        load_settings({}, {"HALL_SETTINGS": str(path)})


def test_bounds_are_within_the_range() -> None:
    for port in (0, 65_535):
        assert load_settings({"port": port}, {}).port == port


def test_names_that_others_read_and_foreign_names_are_passed_over() -> None:
    environ = {"HALL_REQUIRE": "browser", "HALL_REAL_DATA": "/x", "HALL_TEST_X": "1", "PATH": "/"}
    assert load_settings({}, environ) == Settings()


def test_the_table_of_settings_in_operating_md_is_the_one_of_the_code() -> None:
    assert settings_table() in (ROOT / "OPERATING.md").read_text(encoding="utf-8")


def test_the_table_names_every_setting_with_its_environment_name() -> None:
    table = settings_table()
    for name in Settings.__slots__:
        assert f"| `{name}` | `HALL_{name.upper()}` |" in table
