"""`hall worker`: a worker of the Kafka edition, or one of each role."""

import logging

import click

from consoles.bootstrap import spare_the_collector
from consoles.cli.invocation import guarded, settings_of
from consoles.family import OWN_COMMAND, ROLES, Family, Role


@click.command()
@click.option(
    "--role", type=click.Choice(ROLES), default=None, help="Do this alone; all roles if absent."
)
@click.option("--name", default=None, help="Name of this worker that outlives its restarts.")
@click.option("--port", type=int, default=None, help="Port of its metrics and readiness.")
@click.pass_context
@guarded
def worker(context: click.Context, role: Role | None, name: str | None, port: int | None) -> None:
    """Follow the log on Kafka: judge, keep the read models, or take in what sources write.

    A worker ends with 70 at any error; whoever supervises processes starts it again.
    """
    settings = settings_of(context, worker_name=name, worker_port=port)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("consoles").setLevel(logging.INFO)
    logging.getLogger("processors").setLevel(logging.INFO)
    if role is None:
        arguments = ["--name", settings.worker_name] if settings.worker_name else []
        Family([*OWN_COMMAND, "worker", *arguments], settings.worker_port).run()
        return
    if role == "intake":
        from consoles.kafka_gateway import run_gateway

        run_gateway(settings)
        return
    from consoles.kafka_worker import open_worker

    made = open_worker(settings, role)
    spare_the_collector()
    made.run()
