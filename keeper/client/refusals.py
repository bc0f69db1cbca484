"""What a contract refused, in one line: why, and what would help."""

from collections.abc import Mapping
from typing import Final

from keeper.chain.interface import Refused
from keeper.errors import UserError
from specs import errors

REMEDIES: Final[Mapping[type[errors.Revert], str]] = {
    errors.AmountTooLarge: "take less",
    errors.BadSignature: "have the account's owner or an operator sign it",
    errors.BelowInitialMargin: "take less risk, deposit, or cancel orders",
    errors.BorrowCapReached: "borrow less, or another asset",
    errors.Bound: "give notice, and wait until it is over",
    errors.InsufficientBalance: "take at most what `balances()` says is held",
    errors.InsufficientCash: "the pool has lent it out: take less, or wait",
    errors.NoDebt: "there is nothing to repay; `deposit` adds to the account",
    errors.NonceUsed: "the quote was filled or cancelled: ask for a new one",
    errors.NotAuthorised: "send from the account's owner or an operator of it",
    errors.NotBound: "bind the account first",
    errors.NotFilled: "nobody offers as much at the price: take less, or pay more",
    errors.NothingToReduce: "no position, holding or debt that this would reduce",
    errors.OpenInterestLimitReached: "trade less, or wait until others close",
    errors.OrderExpired: "name an expiry that is not over yet",
    errors.OutflowTooLarge: "take less, or wait: a day's outflow is limited",
    errors.Paused: "only what reduces positions is done now",
    errors.PositionLimitReached: "trade less",
    errors.PriceOutOfBand: "name a price that is nearer to the market",
    errors.PriceOutOfRange: "name a price above 0 that the book can hold",
    errors.PricesDiverge: "wait until fast and slow price have met again",
    errors.QuoteExpired: "ask for a new one",
    errors.RequestExpired: "ask anew",
    errors.SelfTrade: "cancel the own order, or say self_trade='cancel oldest'",
    errors.SizeTooLarge: "take less",
    errors.SizeTooSmall: "trade more",
    errors.StalePrice: "wait for the keeper to publish prices",
    errors.SupplyCapReached: "deposit less, or another asset",
    errors.TooManyAssets: "use another account",
    errors.TooManyFills: "raise max_fills, or place what is left again",
    errors.TooManyMarkets: "use another account",
    errors.TooManyOrders: "cancel some first",
    errors.TooManyRequests: "cancel some first, or those that have expired",
    errors.TransferFailed: "the wallet has not got the tokens, or did not approve them",
    errors.UnknownRequest: "it was filled or cancelled: ask anew",
    errors.UtilisationTooHigh: "take less, or wait until others repay",
    errors.WouldTake: "name a price that nobody meets, or another kind",
    errors.WrongCounterparty: "it is meant for another account",
    errors.ZeroAmount: "name an amount above 0",
}
"""What a user can do about a reason, of those that a user meets."""

_BY_REASON: Final = {kind.reason: remedy for kind, remedy in REMEDIES.items()}


class Rejected(Refused, UserError):
    """A call of the client that a contract refused; `reason` is the contract's own."""

    def __init__(self, deed: str, reason: str) -> None:
        """Say what was to be done, why it was not, and what would help."""
        super().__init__(reason)
        self._deed = deed

    def __str__(self) -> str:
        """Return one line."""
        return f"{self._deed}: {explain(self.reason)}"


def explain(reason: str) -> str:
    """Return a reason, and the remedy if there is one."""
    remedy = _BY_REASON.get(reason)
    said = reason or "reverted without a reason"
    return f"{said}: {remedy}" if remedy else said
