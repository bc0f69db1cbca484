"""Play one scenario on the contracts and show what came of it."""

from pathlib import Path

import click
from rich.console import Console

from keeper.cli import clear_errors
from keeper.replay.command import ENGINES
from keeper.scenarios.command import run


@click.command(short_help="Play a scenario: a trade, a run, an attack")
@click.argument("name")
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0])
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Folder for NAME.html, with plots; nothing is written without it.",
)
@click.pass_context
def cli(context: click.Context, name: str, engine: str, report: Path | None) -> None:
    """
    Play the scenario NAME on the contracts, every invariant checked at every step.

    The NAME list prints what there is. Exit status 1 means that an invariant was
    violated, 2 that there is no such scenario.
    """
    with clear_errors():
        status = run(name, engine, report, Console())
    context.exit(status)
