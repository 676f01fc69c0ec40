"""The pages that operators read say what the code says."""

import re
from pathlib import Path

from consoles.documents import GENERATED, PAGE, rendered, written

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_parts_of_the_operating_page_are_what_the_code_says() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert rendered(page) == page, "run `make docs`"


def test_every_generated_file_is_what_the_code_says() -> None:
    for name, text in written(ROOT).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name}: run `make docs`"


def test_every_generated_part_has_its_place_on_the_page() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    for name in GENERATED:
        assert page.count(f"<!-- generated: {name} -->") == 1


def test_both_readmes_give_the_same_two_commands_and_pages() -> None:
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for text in (english, chinese):
        assert "```\nmake demo\nmake test\n```" in text
    pages = [set(re.findall(r"(?m)^\| `(/[^`]*)`", text)) for text in (english, chinese)]
    assert pages[0] == pages[1]
    assert pages[0]
