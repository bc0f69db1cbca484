"""An account of somebody: who it is, and who acts for it."""

from dataclasses import dataclass, field
from functools import cached_property

from keeper.chain.interface import Contract, Receipt
from keeper.client.link import Link
from keeper.errors import UserError
from keeper.signing import Signer
from specs.accounts import AccountId, Address, compute_account

Key = Signer | str
"""Who owns or acts: a key, or an address that the chain sends for."""


def address_of(key: Key) -> str:
    """Return a key's address."""
    return key if isinstance(key, str) else str(key.address)


@dataclass(frozen=True)
class Holder:
    """What every part of an account's surface has in common."""

    link: Link = field(repr=False)
    owner: str
    number: int
    actor: Key = field(repr=False)
    """Who sends and signs: the owner or an operator."""

    @cached_property
    def id(self) -> AccountId:
        """Return the number by which contracts know the account."""
        return compute_account(Address(int(self.owner, 16)), self.number)

    @property
    def sender(self) -> str:
        """Return the address that sends."""
        return address_of(self.actor)

    @property
    def signer(self) -> Signer:
        """Return the key that signs; raise `UserError` if there is only an address."""
        if isinstance(self.actor, str):
            raise UserError(
                f"{self.sender}: no key to sign with; open the account with a key"
            )
        return self.actor

    def send(self, contract: Contract, method: str, *arguments: object) -> Receipt:
        """Send a transaction of whoever acts for the account."""
        return self.link.send(self.sender, contract, method, *arguments)
