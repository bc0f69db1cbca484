"""Liquidating others: flags, slices on the book, takeovers, and who may be next."""

from keeper.chain.interface import Contract, Receipt
from keeper.client.holder import Holder
from specs.accounts import AccountId


class Liquidation(Holder):
    """
    Whoever acts for the account calls, and the account gets the caller's share of what
    a slice costs; nobody may liquidate an account of his own.
    """

    def can_flag(self, other: AccountId) -> bool:
        """Return whether an account is due and has no flag that counts."""
        return bool(self.link.ask("can_flag", other))

    def flag(self, other: AccountId) -> Receipt:
        """Note that an account is due, so that prices of this block don't matter."""
        return self.send(self.link.deployment.clearinghouse, "flag", other)

    def can_reduce(self, other: AccountId, name: str) -> bool:
        """Return whether a slice of an account may be closed in an instrument now."""
        words = other, self.link.listings.instrument(name).number
        return bool(self.link.call(self._liquidator, "can_reduce", *words))

    def reduce(self, other: AccountId, name: str) -> Receipt:
        """Close as much of an account in an instrument, on its book, as is due."""
        words = other, self.link.listings.instrument(name).number, self.id
        return self.send(self._liquidator, "reduce", *words)

    def can_liquidate(self, other: AccountId) -> bool:
        """Return whether the backstop is open on an account."""
        return bool(self.link.call(self._liquidator, "can_liquidate", other))

    def liquidate(self, other: AccountId) -> Receipt:
        """Have providers take an account over, and close what they leave."""
        return self.send(self._liquidator, "liquidate", other)

    @property
    def _liquidator(self) -> Contract:
        return self.link.deployment.liquidator
