"""Tell a deployment's state from its events alone."""

from pathlib import Path

import click

from keeper.chain.ape import ApeChain, connected
from keeper.cli import clear_errors, hush
from keeper.deployment import load
from keeper.devnet import FILE, NETWORK, require_devnet
from keeper.errors import Halt
from keeper.history import Inconsistent
from keeper.history.audit import audit
from keeper.session import RpcLogs


@click.command(short_help="Replay a deployment's events beside its storage")
@click.option("--network", default=NETWORK, show_default=True)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    default=Path(FILE),
    show_default=True,
)
def cli(network: str, deployment: Path) -> None:
    """
    Replay all events of a deployment and compare what they tell with its storage.

    Ends with status 1 if events are missing or wrong, or if anything differs.
    """
    hush()
    with clear_errors():
        require_devnet(network)
        with connected(network) as provider:
            chain, logs = ApeChain(provider), RpcLogs(provider.web3)
            found = load(chain, deployment)
            contracts = found.clearinghouse, found.liquidator
            try:
                done = audit(chain, logs, *contracts, found.block)
            except Inconsistent as error:
                raise Halt(str(error)) from None
        for difference in done.differences:
            click.echo(f"differs: {difference}")
        if done.differences:
            raise Halt("the storage is not what the events tell")
        accounts = len(done.books.clearing.accounts)
        click.echo(
            f"{done.events} events until block {done.block} tell the storage of "
            f"{accounts} accounts exactly"
        )
