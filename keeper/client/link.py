"""A deployment on a chain, and the names in it: what every part of the client uses."""

from dataclasses import dataclass
from typing import Any

from keeper.chain.interface import Chain, Contract, Receipt, Refused
from keeper.client.listings import Listings
from keeper.client.refusals import Rejected
from keeper.deployment import Deployment


@dataclass(frozen=True)
class Link:
    """Where calls go."""

    chain: Chain
    deployment: Deployment
    listings: Listings

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction and wait for it; raise `Rejected` with one line."""
        try:
            return self.chain.send(sender, contract, method, *arguments)
        except Refused as error:
            raise Rejected(method.replace("_", " "), error.reason) from None

    def call(self, contract: Contract, method: str, *arguments: Any) -> Any:
        """Return what a view says; raise `Rejected` with one line."""
        try:
            return self.chain.call(contract, method, *arguments)
        except Refused as error:
            raise Rejected(method.replace("_", " "), error.reason) from None

    def look(self, method: str, *arguments: Any) -> Any:
        """Return what the Lens says."""
        return self.call(self.deployment.lens, method, *arguments)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Return what a view of the Clearinghouse says."""
        return self.call(self.deployment.clearinghouse, method, *arguments)

    def see(self, method: str, *arguments: Any) -> Any:
        """Return what the lens of the book says."""
        return self.call(self.deployment.book_lens, method, *arguments)
