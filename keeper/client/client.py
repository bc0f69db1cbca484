"""The client: accounts, books, and what is listed, of one deployment."""

from collections.abc import Sequence
from pathlib import Path

from keeper.chain.interface import Chain
from keeper.client.account import Account
from keeper.client.book import Book
from keeper.client.holder import Key, address_of
from keeper.client.link import Link
from keeper.client.listings import Listings
from keeper.deployment import Deployment, load


class Client:
    """
    A deployment on any chain, by names and in whole units.

    Sizes and amounts are ``Decimal``, ``str`` or ``int``, in whole tokens; prices are
    in USDC. What is not exact is refused with the nearest good value. Instruments are
    called ``BTC-PERP`` (a perpetual) or ``BTC`` (the spot pair with USDC).
    """

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Read nothing yet; ``chain`` must be able to send for those who act."""
        self.link = Link(chain, deployment, Listings(chain, deployment))

    @classmethod
    def load(cls, chain: Chain, path: Path) -> "Client":
        """Return a client of the deployment in a file; raise `UserError`."""
        return cls(chain, load(chain, path))

    @property
    def assets(self) -> Sequence[str]:
        """Return the symbols of the assets."""
        return list(self.link.listings.assets)

    @property
    def instruments(self) -> Sequence[str]:
        """Return the names of what is traded."""
        return list(self.link.listings.instruments)

    def account(
        self, owner: Key, number: int = 0, *, actor: Key | None = None
    ) -> Account:
        """
        Return an account of ``owner``, there or not: there is nothing to open.

        The owner acts for it, or ``actor``, an operator. To sign quotes takes a key;
        an address is enough for all else.
        """
        return Account(self.link, address_of(owner), number, actor or owner)

    def book(self, name: str) -> Book:
        """Return the book of an instrument; raise `UserError` if there is none."""
        return Book(self.link, self.link.listings.instrument(name))
