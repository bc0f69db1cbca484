"""A development chain with everything deployed and demo accounts funded."""

import signal
from pathlib import Path

import click

from keeper.artifacts import ROOT
from keeper.chain.ape import ApeChain, connected
from keeper.cli import clear_errors, hush
from keeper.deployment import CONTRACTS, Deployment, save
from keeper.devnet import FILE, NETWORK, URL, anvil, demo_signers, populate
from keeper.session import find_source
from keeper.signals import interruptible


@click.command(short_help="Start anvil and deploy everything")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path(FILE),
    show_default=True,
    help="File for addresses and ABIs.",
)
def cli(output: Path) -> None:
    """
    Start anvil if none runs, deploy everything, and wait for Ctrl-C.

    A timelock governs, a few seconds slow; its proposer is Ape's first test account.

    `ape run keeper` in another terminal makes time pass.
    """
    hush()
    with clear_errors(), anvil(ROOT) as is_ours:
        with connected(NETWORK) as provider:
            signers = demo_signers()
            chain = ApeChain(provider, signers)
            click.echo(f"deploying to {URL} ...")
            deployment = populate(chain, signers, find_source("seeded", 0))
            save(deployment, output)
        show(deployment, output)
        if is_ours:
            wait()


def wait() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    click.echo("Ctrl-C stops it")
    try:
        with interruptible():
            signal.pause()
    except KeyboardInterrupt:
        click.echo("stopped")


def show(deployment: Deployment, output: Path) -> None:
    """Print where everything is."""
    for name in (*CONTRACTS, "timelock"):
        click.echo(f"{name:14} {deployment.find(name).address}")
    for symbol, token in deployment.tokens.items():
        click.echo(f"{symbol:14} {token.address}")
    click.echo(f"written: {output}")
