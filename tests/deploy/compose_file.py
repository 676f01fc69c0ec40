"""What `deploy/compose/compose.yaml` says, read as `docker compose` reads it.

It stands apart from the tests because two of them need it: values come from `.env.example`, so what
is tested is what a newcomer has after copying that file.
"""

import functools
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "compose"
HALL_IMAGE = "hall-ledger"

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::([-?])([^}]*))?\})")


def example_environment() -> dict[str, str]:
    """What `.env.example` sets."""
    text = (FOLDER / ".env.example").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def variables_asked_for() -> set[str]:
    """Names of all variables of the compose file, those that become secrets among them."""
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    secrets = yaml.safe_load(text)["secrets"].values()
    named = {match[2] for match in _VARIABLE.finditer(text) if match[2]}
    return named | {secret["environment"] for secret in secrets}


@functools.cache
def services() -> dict[str, dict[str, Any]]:
    """Every service by name, with all variables filled in."""
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(_filled(text))["services"]
    return found


def hall_services() -> dict[str, dict[str, Any]]:
    """Those that run our image."""
    return {
        name: service
        for name, service in services().items()
        if service["image"].partition(":")[0] == HALL_IMAGE
    }


def _filled(text: str) -> str:
    values = example_environment()

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        default = match[4] if match[3] == "-" else ""
        return values.get(match[2], "") or default

    return _VARIABLE.sub(value, text)
