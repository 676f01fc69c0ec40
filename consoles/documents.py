"""What `make docs` writes: generated parts of OPERATING.md, RULES.md, and files under `deploy/`.

Each part stands between two marks in the page: settings, commands, errors, metrics, alerts, views.
Tests compare all of it with the code.
"""

import re
from pathlib import Path

import click

from alerts.alert_rules import alert_table
from alerts.dashboards import grafana_files
from alerts.metrics import metrics_table
from alerts.prometheus_files import prometheus_files
from consoles.api.problems import KINDS
from consoles.cli.main import main
from consoles.dictionary import data_dictionary
from consoles.rule_reference import RULE_PAGE, rule_page
from consoles.settings import settings_table
from ledger.errors import HallError
from ledger.topic_rights import rights_table

PAGE = "OPERATING.md"


def command_table() -> str:
    """Return the table of commands with their options."""
    lines = ["| command | does |", "| --- | --- |"]
    for name, command in sorted(main.commands.items()):
        if isinstance(command, click.Group):
            for inner, each in sorted(command.commands.items()):
                lines.append(_command_row(f"{name} {inner}", each))
        else:
            lines.append(_command_row(name, command))
    return "\n".join(lines)


def _command_row(name: str, command: click.Command) -> str:
    parts = [f"hall {name}"]
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            parts.append(parameter.make_metavar(click.Context(command)))
        elif parameter.name != "data":
            parts.append(f"[{'/'.join((*parameter.opts, *parameter.secondary_opts))}]")
    help_text = (command.help or "").partition("\n")[0]
    return f"| `{' '.join(parts).replace('|', '/')}` | {help_text} |"


def error_table() -> str:
    """Return the table of error codes: what each means and whether a retry helps."""
    lines = ["| code | HTTP | retry | meaning |", "| --- | --- | --- | --- |"]
    for error in sorted(_all_errors(HallError), key=lambda cls: cls.code):
        status = KINDS[error.code].status if error.code in KINDS else "–"
        meaning = (error.__doc__ or "").partition("\n")[0]
        retry = "yes" if error.retryable else "no"
        lines.append(f"| `{error.code}` | {status} | {retry} | {meaning} |")
    return "\n".join(lines)


def _all_errors(root: type[HallError]) -> set[type[HallError]]:
    """Return the errors that have a code of their own."""
    own = {root} if "code" in vars(root) else set()
    return own.union(*(_all_errors(child) for child in root.__subclasses__()))


GENERATED = {
    "settings": settings_table,
    "commands": command_table,
    "errors": error_table,
    "metrics": metrics_table,
    "alerts": alert_table,
    "views": data_dictionary,
    "rights": rights_table,
}


def rendered(page: str) -> str:
    """Return the page with every generated part as the code now says."""
    for name, make in GENERATED.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        text = f"{begin}\n\n{make().strip()}\n\n{end}"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        page = pattern.sub(text.replace("\\", r"\\"), page)
    return page


def written(root: Path) -> dict[str, str]:
    """Return the text of every file that is generated, whole or in part, by its path."""
    return {
        PAGE: rendered((root / PAGE).read_text(encoding="utf-8")),
        RULE_PAGE: rule_page(root),
        **prometheus_files(),
        **grafana_files(),
    }


def write(root: Path) -> None:
    """Write the generated files of a checkout."""
    for name, text in written(root).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).resolve().parent.parent)
