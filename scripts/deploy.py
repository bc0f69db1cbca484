"""Deploy everything, with mock tokens, to a network."""

from pathlib import Path

import click

from keeper.chain.ape import ApeChain, connected
from keeper.cli import clear_errors, hush
from keeper.deployment import deploy, save
from keeper.devnet import NETWORK, load_account
from keeper.errors import UserError
from keeper.parameters import PUBLISHERS


@click.command(short_help="Deploy everything, with mock tokens")
@click.option("--network", default=NETWORK, show_default=True)
@click.option("--account", required=True, help="Ape account that deploys and governs.")
@click.option(
    "--publisher",
    "publishers",
    multiple=True,
    help=f"Ape account or address of a publisher; {PUBLISHERS} of them.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("deployment.json"),
    show_default=True,
    help="File for addresses and ABIs.",
)
def cli(network: str, account: str, publishers: tuple[str, ...], output: Path) -> None:
    """
    Deploy every contract from one account, list everything, and write a file.

    For test networks: anyone may mint the tokens, and the account governs, without a
    delay and with no guardian.
    """
    hush()
    with clear_errors():
        if len(publishers) != PUBLISHERS:
            raise UserError(
                f"--publisher: {PUBLISHERS} are needed, got {len(publishers)}"
            )
        addresses = [address_of(publisher) for publisher in publishers]
        with connected(network) as provider:
            governor = load_account(account)
            chain = ApeChain(provider, [governor])
            save(deploy(chain, str(governor.address), addresses), output)
        click.echo(f"written: {output}")


def address_of(publisher: str) -> str:
    """Return the address of an Ape account, or the address itself."""
    if publisher.startswith("0x"):
        return publisher
    return str(load_account(publisher).address)
