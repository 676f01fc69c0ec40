"""What the product knows of the names that the files under `deploy/` use: commands and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import click

from consoles.cli.main import main
from consoles.settings import PREFIX, Settings, load_settings
from ledger.errors import SettingInvalid

AWAITED_COMMANDS = (
    "catch-up",
    "database apply",
    "export log",
    "import log",
    "publish",
    "topics",
    "worker",
)
"""Command lines of the Kafka edition that begin so are taken as they are."""
AWAITED_SETTINGS = frozenset(
    {
        *("kafka_ca_file", "kafka_mechanism", "kafka_password_file", "kafka_protocol"),
        *("kafka_user", "replication", "worker_name", "worker_port"),
    }
)
"""Settings of the Kafka edition; one that is there is checked with its value."""


def refusal_of_command(words: Sequence[str]) -> str:
    """Why `hall` does not know a command line, or nothing."""
    if " ".join(words).startswith(AWAITED_COMMANDS):
        return ""
    group: click.Command = main
    context: click.Context = click.Context(main, info_name="hall")
    rest = list(words)
    while isinstance(group, click.Group):
        if not rest:
            return f"{context.command_path} needs a command"
        name, rest = rest[0], rest[1:]
        if name not in group.commands:
            return f"{context.command_path} has no command {name}"
        group = group.commands[name]
        context = click.Context(group, parent=context, info_name=name)
    try:
        group.make_context(words[-1], rest, parent=context.parent)
    except click.UsageError as error:
        return error.format_message()
    return ""


def refusal_of_settings(environment: Mapping[str, str]) -> str:
    """Why the settings among these variables are refused, or nothing."""
    there = {field.name for field in fields(Settings)}
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    checked = {
        name: value
        for name, value in ours.items()
        if name.removeprefix(PREFIX).lower() not in AWAITED_SETTINGS - there
    }
    try:
        load_settings({}, checked)
    except SettingInvalid as error:
        return str(error)
    return ""
