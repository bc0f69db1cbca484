"""Measure how long the keeper takes to scan all accounts."""

from pathlib import Path

import click
from rich.console import Console

from keeper.bench.scan import run
from keeper.cli import Refusal, clear_errors

SIZES = "1000,3000,10000,30000,100000"


def sizes_of(text: str) -> list[int]:
    """Return numbers of accounts; refuse with one line what are none."""
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 1:
        raise Refusal(f"--sizes: {text!r} are no numbers of accounts, like {SIZES}")
    return sizes


@click.command(short_help="Measure the keeper's scan of many accounts")
@click.option("--sizes", default=SIZES, show_default=True, help="Accounts, by commas.")
@click.option(
    "--ticks",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Of each size; the median counts.",
)
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.01,
    show_default=True,
    help="Of accounts that change in a tick.",
)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder for scan.json and scan.svg.",
)
def cli(sizes: str, ticks: int, share: float, seed: int, output: Path) -> None:
    """
    Draw accounts that nobody opened, and measure what a tick of the keeper takes.

    A tick reads the accounts that changed (sync), bounds the health of all, computes
    that of whoever may be due exactly (scan), and lets the jobs choose: those that
    liquidate (jobs) and those that look at everybody (rest). The chain is made up and
    answers at once: a node's time for the words that are asked for comes on top. In the
    last tick of each size all prices fall by a tenth (then due, fall).
    """
    with clear_errors():
        run(sizes_of(sizes), ticks, share, seed, output, Console())
