"""Who takes part in a replay: a key for each name, the same in every run."""

from dataclasses import dataclass
from functools import cached_property

from eth_account.signers.local import LocalAccount

from keeper.signing import local_account, sign_digest
from specs.accounts import AccountId, Address, compute_account
from specs.quotes import Quote, compute_quote_digest


@dataclass(frozen=True)
class Wallet:
    """A named participant of a replay or a demonstration."""

    name: str

    @cached_property
    def signer(self) -> LocalAccount:
        """Return the key, as an account that signs."""
        return local_account(self.name)

    @cached_property
    def address(self) -> str:
        """Return the address in checksum form."""
        return str(self.signer.address)

    def account(self, number: int = 0) -> AccountId:
        """Return the id of one of the participant's accounts."""
        return compute_account(Address(int(self.address, 16)), number)

    def sign(self, domain: bytes, quote: Quote) -> bytes:
        """Return the signature of a quote, ``r | s | v``."""
        return sign_digest(self.signer, compute_quote_digest(domain, quote))
