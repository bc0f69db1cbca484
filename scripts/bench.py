"""Measure the gas of every operation on an anvil of its own."""

from pathlib import Path

import click
from rich.console import Console

from keeper.bench.command import run
from keeper.cli import clear_errors


@click.command(short_help="Measure gas on anvil")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("bench.json"),
    show_default=True,
    help="File for the figures; the code's sizes go beside it.",
)
@click.option(
    "--report",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder for bench.svg, the plot.",
)
@click.option(
    "--profile",
    "profiled",
    multiple=True,
    metavar="OPERATION",
    help="Print where this one's gas goes; may be given several times.",
)
def cli(output: Path, report: Path, profiled: tuple[str, ...]) -> None:
    """
    Deploy on a fresh anvil and print what each operation costs, beside its best peer.

    A figure is what the receipt of a whole transaction says: 21,000, calldata and
    token included, refunds deducted. Hardfork Prague, base fee 0, one transaction a
    block, 12 seconds between blocks, a fixed start: two runs give the same figures.
    Tokens are plain ERC-20s and approved for ever; `token_transfer` is what one
    transfer of theirs costs. Each action is one that its account has done before, in
    an earlier block: slots are cold and stay other than zero, and interest accrues
    since somebody owes. Prices are signed by two of three publishers. Names ending in
    `_per_...` are the cost of one more, as a difference of transactions.

    A target is what the design aims at. A floor is computed: the node runs every
    transaction once more and tells of the calldata, the accounts that are called, the
    slots that are touched and changed, logs, signatures and what the token does; each
    counts once, and arithmetic, hashes and second reads count nothing. So it is the
    floor of the present layout of storage, code and events. Where a figure is a
    difference, its floor is one too.
    """
    with clear_errors():
        run(output, Console(), profiled=profiled, report=report)
