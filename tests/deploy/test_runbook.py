"""The runbook's commands are those that `hall` knows, with their options."""

import re
import shlex

import pytest

from tests.deploy.compose_file import ROOT, services
from tests.deploy.known_to_hall import refusal_of_command

RUNBOOK = (ROOT / "deploy" / "RUNBOOK.md").read_text("utf-8")
BLOCKS = "\n".join(re.findall(r"(?ms)^```\n(.*?)^```$", RUNBOOK))
INLINE = "\n".join(re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```\n.*?^```$", "", RUNBOOK)))
HALL = re.compile(r"(?m)(?:^|&& |/opt/hall/bin/)hall ((?:[\w./:+-]+ ?)+)")
COMMANDS = sorted({match[1].strip() for text in (BLOCKS, INLINE) for match in HALL.finditer(text)})


def without_folder(words: list[str]) -> list[str]:
    """`--data DIR` may stand before the command."""
    return words[2:] if words[0] == "--data" else words


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_runbook_is_known_to_hall(command: str) -> None:
    assert refusal_of_command(without_folder(shlex.split(command))) == ""


def test_the_runbook_has_each_procedure_that_an_operator_was_promised() -> None:
    headings = re.findall(r"(?m)^## (.+)$", RUNBOOK)
    assert headings == [
        "First start",
        "Add a worker",
        "Lose a broker",
        "Restore PostgreSQL from the log",
        "Upgrade a pack",
        "Move a hall from embedded to Kafka",
    ]
    assert len(COMMANDS) > 10


def test_units_and_services_of_the_runbook_are_there() -> None:
    units = set(re.findall(r"hall-(?:api|worker)@", RUNBOOK))
    folder = ROOT / "deploy" / "systemd"
    assert units == {path.name.removesuffix(".service") for path in folder.glob("*@.service")}
    named = set(re.findall(r"docker compose (?:exec|rm --stop --force) ([\w-]+)", RUNBOOK))
    assert named
    assert named <= set(services())
