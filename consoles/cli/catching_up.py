"""`hall catch-up`: a backlog on Kafka read in large batches, before live workers go on."""

import click

from consoles.cli.invocation import guarded, json_option, print_json, settings_of
from consoles.family import FOLLOWING, Following


@click.command(name="catch-up")
@click.option("--role", type=click.Choice(FOLLOWING), default="supervise", show_default=True)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many share the partitions.",
)
@click.option(
    "--partition",
    "chosen",
    type=click.IntRange(0),
    multiple=True,
    help="Only this one; may be given several times.",
)
@json_option
@click.pass_context
@guarded
def catch_up(
    context: click.Context, role: Following, processes: int, chosen: tuple[int, ...], as_json: bool
) -> None:
    """Read a backlog of the log on Kafka in large batches; stop the role's live workers before."""
    from consoles import kafka_backlog
    from consoles.bootstrap import spare_the_collector

    settings = settings_of(context)
    partitions = chosen or tuple(range(kafka_backlog.partitions_of(settings)))
    spare_the_collector()
    total = kafka_backlog.lag(settings, role)
    with click.progressbar(length=total, label=f"catch up {role}", hidden=as_json) as bar:
        if processes == 1:
            read = kafka_backlog.catch_up(settings, role, partitions, bar.update)
            code = 0
        else:
            dealt = kafka_backlog.groups(len(partitions), processes)
            named = [[partitions[place] for place in group] for group in dealt]
            code = kafka_backlog.catch_up_apart(settings, role, named, bar.update)
            read = total - kafka_backlog.lag(settings, role)
    if as_json:
        print_json({"role": role, "read": read})
    else:
        click.echo(f"{read} records read")
    if code:
        context.exit(code)
