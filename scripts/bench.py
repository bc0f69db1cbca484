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
    help="File for the figures.",
)
@click.option(
    "--profile",
    "profiled",
    multiple=True,
    metavar="OPERATION",
    help="Print where this one's gas goes; may be given several times.",
)
def cli(output: Path, profiled: tuple[str, ...]) -> None:
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

    A target is what the design aims at; a floor is what transaction, calldata, slots
    and token cost together.
    """
    with clear_errors():
        run(output, Console(), profiled=profiled)
