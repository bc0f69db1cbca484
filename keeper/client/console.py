"""What `ape console` has at hand: a client, accounts of its keys, a page of help."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keeper.chain.ape import ApeChain
from keeper.chain.interface import Contract, Receipt
from keeper.client.account import Account
from keeper.client.client import Client
from keeper.client.results import Depth, Placed
from keeper.devnet import FILE
from keeper.errors import UserError
from keeper.signing import Signer

if TYPE_CHECKING:
    from ape.api import ProviderAPI

HELP: Final = """
  client                       the deployment: client.assets, client.instruments
  account(7)                   of test account 7; client.account(key, number) of any key
    .deposit("USDC", 1000)     also withdraw, borrow, repay; "all" for everything
    .balances() .positions() .health() .orders() .settings()
    .buy("BTC-PERP", "0.05", "26000")          rests; sell is the other side
    .buy("BTC-PERP", "0.05")                   at the market's price
    .sell("ETH", 2, "1700", "post only", rounding="nearest")
    .cancel(*account(7).orders("BTC-PERP"))    .cancel_all()
    .quote("SOL-PERP", is_buy=False, size=10, price="20.5")   signed, for .take(quote)
    .flag(other) .reduce(other, "BTC-PERP") .liquidate(other)   other: account(9, 1).id
  book("BTC-PERP")             .depth() .top() .mark .mid .spread .queue("26000")
  help(client)                 all of it; help_rucksack() prints this page

Sizes and amounts are whole units, prices USDC: '0.1' or Decimal, never 0.1. Prices go
stale within half a minute unless `ape run keeper` runs in another terminal; `ape run
maker` in a third one keeps orders on the book.
"""

NO_DEPLOYMENT: Final = (
    "no deployment here: `ape run devnet`, then "
    "`ape console --network ethereum:local:foundry`"
)


class ConsoleChain(ApeChain):
    """A chain that asks before it sends, so that a refusal is one line, not a trace."""

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction that would not revert now; else raise `Refused`."""
        self.rehearse(sender, contract, method, *arguments)
        return super().send(sender, contract, method, *arguments)


def open_console(
    provider: "ProviderAPI | None", keys: Sequence[Any], path: Path = Path(FILE)
) -> dict[str, Any]:
    """
    Return the names that a console has, for a deployment in a file.

    ``keys`` are what the console may send with. Without a deployment on the network
    there is only help that says how to come by one.
    """
    try:
        client = open_client(provider, keys, path)
    except UserError as error:
        page = f"{NO_DEPLOYMENT}\n({error})"
        return {"help_rucksack": teller(page)}

    def account(number: int, sub: int = 0) -> Account:
        """Return account ``sub`` of a key of the console."""
        return client.account(choose_key(keys, number), sub)

    return {
        "client": client,
        "account": account,
        "book": client.book,
        "help_rucksack": teller(HELP),
    }


def open_client(
    provider: "ProviderAPI | None", keys: Sequence[Any], path: Path
) -> Client:
    """Return a client of the deployment in a file; raise `UserError`."""
    if provider is None:
        raise UserError("not connected to any network")
    return Client.load(ConsoleChain(provider, keys), path)


def choose_key(keys: Sequence[Any], number: int) -> Signer:
    """Return one of the keys; raise `UserError` if there are not so many."""
    if number not in range(len(keys)):
        raise UserError(f"no key {number}; there are 0 to {len(keys) - 1}")
    key: Signer = keys[number]
    return key


def dress(shell: Any) -> None:
    """Have an IPython shell show refusals and results as people read them."""

    def tell(shell: Any, kind: type, error: Exception, *_: Any, **__: Any) -> None:
        print(error)

    shell.set_custom_exc((UserError,), tell)
    plain = shell.display_formatter.formatters["text/plain"]
    plain.for_type(Receipt, lambda found, printer, _: printer.text(summarise(found)))
    for kind in (Placed, Depth):
        plain.for_type(kind, lambda found, printer, _: printer.text(str(found)))


def summarise(receipt: Receipt) -> str:
    """Return a receipt in one line."""
    events = ", ".join(event.name for event in receipt.events) or "no event"
    return f"block {receipt.block.number}, {receipt.gas_used:,} gas: {events}"


def teller(page: str) -> Callable[[], None]:
    """Return what prints a page."""

    def tell() -> None:
        """Print what there is."""
        print(page)

    return tell
