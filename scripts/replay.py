"""Replay the whole protocol over a path of prices and prove that the books balance."""

from pathlib import Path

import click
from rich.console import Console

from keeper.cli import Time, clear_errors
from keeper.replay.command import ENGINES, Request, run
from keeper.replay.presets import PRESETS


@click.command(short_help="Replay a price path and check every invariant")
@click.option("--prices", type=click.Path(path_type=Path), help="CSV of prices.")
@click.option(
    "--preset",
    metavar="NAME",
    help="A crash with hundreds of accounts, or `list` for which there are: "
    + ", ".join(PRESETS)
    + ".",
)
@click.option(
    "--concentrated",
    is_flag=True,
    help="With a preset: few accounts hold most of the open interest.",
)
@click.option(
    "--every",
    type=int,
    help="Seconds per tick, 10 by default; of the longest with a preset, 60.",
)
@click.option("--from", "start", type=Time(), help="First time, ISO-8601 in UTC.")
@click.option("--to", "end", type=Time(), help="Last time, ISO-8601 in UTC.")
@click.option(
    "--accounts",
    type=int,
    help="Accounts to open, 24 by default; with a preset, how many of traders.",
)
@click.option(
    "--auto-realize",
    default=0.5,
    show_default=True,
    metavar="SHARE",
    help="Share of accounts whose profit and loss the keeper realises; that of the "
    "others earns and pays interest unrealised.",
)
@click.option("--seed", default=0, show_default=True, help="Of prices and people.")
@click.option("--engine", type=click.Choice(ENGINES), default=ENGINES[0])
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder for report.json and report.html.",
)
@click.pass_context
def cli(context: click.Context, **options: object) -> None:
    """
    Deploy everything on a local chain and run the keeper over a path of prices.

    Without --prices a built-in crash is replayed, or that of a --preset, which opens
    hundreds of accounts. Exit status 1 means that an invariant was violated, 2 that the
    options or the prices are wrong.
    """
    with clear_errors():
        status = run(Request(**options), Console())  # type: ignore[arg-type]
    context.exit(status)
