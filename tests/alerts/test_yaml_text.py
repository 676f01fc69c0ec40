"""YAML as it is written here, read back."""

import json
from collections.abc import Mapping

from alerts.yaml_text import Value, yaml_text


def test_nested_values_are_written_in_blocks_with_text_quoted() -> None:
    value: Mapping[str, Value] = {
        "groups": [
            {"name": "a", "rules": [{"expr": 'up{job="x"} > 0', "labels": {"severity": "红"}}]},
            {"name": "b", "rules": []},
        ],
        "files": ["one.yml", "two: three"],
        "on": True,
        "none": None,
    }
    assert yaml_text(value, "Made by hand.\n\nTwice.") == (
        "# Made by hand.\n"
        "#\n"
        "# Twice.\n"
        "groups:\n"
        '  - name: "a"\n'
        "    rules:\n"
        '      - expr: "up{job=\\"x\\"} > 0"\n'
        "        labels:\n"
        '          severity: "红"\n'
        '  - name: "b"\n'
        "    rules: []\n"
        'files: ["one.yml", "two: three"]\n'
        "on: true\n"
        "none: null\n"
    )


def test_lists_of_lists_are_blocks_too() -> None:
    assert yaml_text({"a": [[1, 2], [{"b": 3}]]}) == "a:\n  - [1, 2]\n  - - b: 3\n"


def test_text_is_quoted_as_in_json_which_yaml_reads() -> None:
    for text in ("yes", "1e3", "a: b", "# no comment", "tab\t", "行\nnew", ""):
        line = yaml_text({"k": text}).strip()
        assert json.loads(line.removeprefix("k: ")) == text
