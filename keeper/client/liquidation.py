"""Liquidating others: flags, slices on the book, takeovers, and taking over oneself."""

from typing import Final

from keeper.chain.interface import Contract, Receipt
from keeper.client.holder import Holder
from keeper.client.results import Provided
from keeper.client.units import Number, count, to_decimal
from specs.accounts import AccountId

CAPACITIES: Final = ("per_minute", "per_hour", "max_position", "max_loss")


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

    def pledge(
        self,
        *,
        per_minute: Number,
        per_hour: Number,
        max_position: Number,
        max_loss: Number,
    ) -> Receipt:
        """
        Have the account, which is bound, take over so many USDC of others in a minute
        and in an hour, while no position of it is larger and it has not lost as much in
        an hour; or set that anew.
        """
        named = zip(
            CAPACITIES, (per_minute, per_hour, max_position, max_loss), strict=True
        )
        words = [count(amount, to_decimal(1), name) for name, amount in named]
        return self.send(self._liquidator, "pledge", self.id, *words)

    def unpledge(self) -> Receipt:
        """Take over nothing any more; once a notice is over."""
        return self.send(self._liquidator, "unpledge", self.id)

    def provided(self) -> Provided:
        """Return what the account has taken over so far, and what more it may now."""
        taken, earned, times = self.link.call(self._liquidator, "results", self.id)
        left = self.link.call(self._liquidator, "remaining", self.id)
        return Provided(
            to_decimal(taken), to_decimal(earned), int(times), to_decimal(left)
        )

    @property
    def _liquidator(self) -> Contract:
        return self.link.deployment.liquidator
