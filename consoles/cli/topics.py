"""`hall topics`: the topics of a hall in Kafka, made where missing and compared."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from consoles.brokers import access_of, place_of
from consoles.cli.invocation import (
    EXIT_NO,
    data_option,
    guarded,
    json_option,
    print_json,
    settings_of,
)
from consoles.settings import Settings
from ledger.topic_rights import Right, TopicNames, declared_rights

if TYPE_CHECKING:
    from ledger.drivers.kafka_acls import AccessDrift
    from ledger.drivers.kafka_topics import Drift

NEWS_S = 10.0
"""How long the brokers may take to tell each other of a topic that was just made."""


@click.group(name="topics")
def topics_group() -> None:
    """Make or check the topics of a hall whose log is in Kafka (`HALL_LOG`)."""


acls_option = click.option(
    "--acls", is_flag=True, help="The access lists too; for a cluster that lets nobody in unnamed."
)


@topics_group.command()
@acls_option
@click.option(
    "--partitions",
    type=click.IntRange(1, 1024),
    default=None,
    help="Partitions of a ledger that is made new [default: HALL_PARTITIONS, or 12].",
)
@data_option
@json_option
@click.pass_context
@guarded
def apply(context: click.Context, partitions: int | None, acls: bool, as_json: bool) -> None:
    """Make the topics that are missing; nothing that exists is changed.

    It then checks all, as `hall topics check` does.
    """
    from ledger.drivers.kafka_topics import apply_topics, declared

    settings = settings_of(context)
    place, access = place_of(settings), access_of(settings)
    topics = declared(
        place,
        partitions=partitions or _of_settings(settings),
        replication=settings.replication,
    )
    made = apply_topics(place, access, topics)
    if not as_json:
        for topic in topics:
            click.echo(f"{topic.name}: {'made' if topic.name in made else 'was there'}")
    granted = _granted(settings) if acls else []
    if not as_json:
        for right in granted:
            click.echo(f"right {right}: added")
    _tell(context, settings, [*made, *granted], as_json, acls=acls)


@topics_group.command()
@acls_option
@data_option
@json_option
@click.pass_context
@guarded
def check(context: click.Context, acls: bool, as_json: bool) -> None:
    """Compare the real topics with the declared ones; 1 where they differ."""
    _tell(context, settings_of(context), [], as_json, acls=acls)


def _granted(settings: Settings) -> list[str]:
    """Add the rights that are missing; return them in words."""
    from ledger.drivers.kafka_acls import apply_acls
    from ledger.drivers.kafka_topics import PATIENCE_S, admin

    with admin(place_of(settings), access_of(settings), PATIENCE_S) as client:
        return [str(right) for right in apply_acls(client, _rights(settings))]


def _rights(settings: Settings) -> Sequence[Right]:
    place = place_of(settings)
    return declared_rights(TopicNames(place.topic, place.intake, place.dead_letters))


def _differing_rights(settings: Settings) -> "list[AccessDrift]":
    from ledger.drivers.kafka_acls import check_acls
    from ledger.drivers.kafka_topics import PATIENCE_S, admin

    with admin(place_of(settings), access_of(settings), PATIENCE_S) as client:
        return check_acls(client, _rights(settings))


def _tell(
    context: click.Context, settings: Settings, made: list[str], as_json: bool, *, acls: bool
) -> None:
    drifts = _drifts(settings, acls=acls)
    until = time.monotonic() + NEWS_S
    while drifts and made and time.monotonic() < until:
        time.sleep(0.2)
        drifts = _drifts(settings, acls=acls)
    if as_json:
        print_json(
            {
                "as_declared": not drifts,
                "made": made,
                "differences": [drift._asdict() for drift in drifts],
            }
        )
    else:
        click.echo("as declared" if not drifts else "NOT as declared")
        for drift in drifts:
            click.echo(f"  {drift}")
    if drifts:
        context.exit(EXIT_NO)


def _drifts(settings: Settings, *, acls: bool) -> "list[Drift | AccessDrift]":
    from ledger.drivers.kafka_topics import check_topics, declared

    place, access = place_of(settings), access_of(settings)
    return [
        *check_topics(place, access, declared(place, replication=settings.replication)),
        *(_differing_rights(settings) if acls else ()),
    ]


def _of_settings(settings: Settings) -> int | None:
    """Return the partitions that were set; None where they were not, one being the default."""
    return settings.partitions if settings.partitions > 1 else None
