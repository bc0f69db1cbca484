"""Make the market on a network's order book, to try things out."""

import logging
import sys
from pathlib import Path

import click

from keeper.chain.ape import connected
from keeper.cli import clear_errors, hush
from keeper.client import Client
from keeper.client.console import ConsoleChain
from keeper.client.making import run
from keeper.deployment import load
from keeper.devnet import FILE, MAKER, NETWORK, load_account, require_devnet
from keeper.signals import interruptible


@click.command(short_help="Keep orders around the prices on the devnet's book")
@click.option("--network", default=NETWORK, show_default=True)
@click.option(
    "--account",
    default=f"TEST::{MAKER}",
    show_default=True,
    help="Ape account that makes the market; it needs deposits.",
)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    default=Path(FILE),
    show_default=True,
)
@click.option("--rounds", type=click.IntRange(min=1), help="So many, then stop.")
@click.option("--pause", default=10.0, show_default=True, help="Seconds in between.")
def cli(
    network: str, account: str, deployment: Path, rounds: int | None, pause: float
) -> None:
    """
    Keep an order a side in every instrument, until Ctrl-C, which cancels them.

    They follow mark and slow prices, which `ape run keeper` has to keep fresh.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    hush()
    with clear_errors():
        require_devnet(network)
        with connected(network) as provider:
            key = load_account(account)
            chain = ConsoleChain(provider, [key])
            client = Client(chain, load(chain, deployment))
            try:
                with interruptible():
                    run(client, client.account(key), rounds or sys.maxsize, pause)
            except KeyboardInterrupt:
                click.echo("stopped")
