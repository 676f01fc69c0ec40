"""What the product knows of the names that the files under `deploy/` use: commands and settings."""

from collections.abc import Mapping, Sequence

import click

from consoles.cli.main import main
from consoles.settings import PREFIX, load_settings
from ledger.errors import SettingInvalid

AWAITED_COMMANDS: tuple[str, ...] = ()
"""Command lines of the Kafka edition that begin so are taken as they are."""


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
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    try:
        load_settings({}, ours)
    except SettingInvalid as error:
        return str(error)
    return ""
