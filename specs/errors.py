"""
Reasons for refusing.

One class for each constant of ``contracts/modules/errors.vy``; ``reason`` is the text
with which the contract reverts.
"""

from typing import ClassVar


class Revert(Exception):
    """A call that the protocol refuses; nothing has changed."""

    reason: ClassVar[str] = ""


# Anyone


class ZeroAmount(Revert):
    """An amount or size of zero does nothing."""

    reason = "zero amount"


class AmountTooLarge(Revert):
    """A number is beyond what the protocol stores."""

    reason = "amount too large"


class NotAuthorised(Revert):
    """The caller is neither the owner nor an operator with that right."""

    reason = "not authorised"


class NotGovernor(Revert):
    """Only the governor may call this."""

    reason = "not the governor"


class NotVenue(Revert):
    """Only a venue that the governor has enrolled may call this."""

    reason = "not a venue"


class OutOfBounds(Revert):
    """A parameter is outside its hard-coded bounds."""

    reason = "out of bounds"


class LengthMismatch(Revert):
    """Two lists that belong together differ in length."""

    reason = "length mismatch"


class UnknownSelector(Revert):
    """No code body has this function."""

    reason = "unknown function"


# Custody


class UnknownAsset(Revert):
    """No asset is listed under this number."""

    reason = "unknown asset"


class UnknownMarket(Revert):
    """No market is listed under this number."""

    reason = "unknown market"


class AlreadyListed(Revert):
    """The token or number is listed already."""

    reason = "already listed"


class TransferFailed(Revert):
    """The token returned false."""

    reason = "transfer failed"


class TransferShort(Revert):
    """The vault's balance moved by another amount than was asked."""

    reason = "transfer fell short"


class WrongReceiver(Revert):
    """Tokens sent there would be lost: the vault itself, or nobody."""

    reason = "wrong receiver"


class InsufficientBalance(Revert):
    """The account has less of the asset than that."""

    reason = "insufficient balance"


class InsufficientCash(Revert):
    """The pool has lent out what was asked for."""

    reason = "insufficient cash"


class NoDebt(Revert):
    """The account owes nothing of this asset."""

    reason = "no debt"


class WrongOwner(Revert):
    """The two accounts belong to different owners."""

    reason = "wrong owner"


class SameAccount(Revert):
    """Both sides are one account."""

    reason = "same account"


class ReservedAccount(Revert):
    """Accounts without an owner belong to the protocol."""

    reason = "reserved account"


class AssetNotEnabled(Revert):
    """Others may deposit only what the account holds."""

    reason = "asset not enabled"


class TooManyAssets(Revert):
    """The account holds as many assets as one may."""

    reason = "too many assets"


class TooManyMarkets(Revert):
    """The account has positions in as many markets as one may."""

    reason = "too many markets"


class PoolHalted(Revert):
    """Bad debt above half of the pool has halted it."""

    reason = "pool halted"


class SupplyCapReached(Revert):
    """The pool's lends would grow beyond their cap."""

    reason = "supply cap reached"


class BorrowCapReached(Revert):
    """The pool's borrows would grow beyond their cap."""

    reason = "borrow cap reached"


class UtilisationTooHigh(Revert):
    """More of the pool would be lent out than is admissible now."""

    reason = "utilisation too high"


class OutflowTooLarge(Revert):
    """More of the asset would leave the vault than may leave within a day."""

    reason = "outflow too large"


# Margin


class BelowInitialMargin(Revert):
    """The account would be below its initial margin."""

    reason = "below initial margin"


class StalePrice(Revert):
    """The price that this needs is too old."""

    reason = "stale price"


class PricesDiverge(Revert):
    """Fast and slow price are too far apart for new risk."""

    reason = "prices diverge"


# Perpetuals


class PriceOutOfBand(Revert):
    """The price is outside the market's bands."""

    reason = "price out of band"


class Paused(Revert):
    """The guardian has paused what raises risk here."""

    reason = "paused"


class ReduceOnly(Revert):
    """At a mark of this age only fills in which both sides reduce are taken."""

    reason = "reduce only"


class PositionLimitReached(Revert):
    """The position would be larger than the market allows."""

    reason = "position limit reached"


class OpenInterestLimitReached(Revert):
    """The market would be larger than it may be."""

    reason = "open interest limit reached"


class NotConvertible(Revert):
    """The account owes no more USDC than it may."""

    reason = "not convertible"


class WrongCollateral(Revert):
    """Another collateral has the better weight and is converted first."""

    reason = "wrong collateral"


# Oracle


class NotPublisher(Revert):
    """The report was not signed by a publisher."""

    reason = "not a publisher"


class DuplicatePublisher(Revert):
    """Two reports are of one publisher."""

    reason = "duplicate publisher"


class TooFewReports(Revert):
    """Fewer reports than the quorum asks for."""

    reason = "too few reports"


class ReportFromFuture(Revert):
    """A report is later than the block."""

    reason = "report from the future"


class ReportTooOld(Revert):
    """A report is older than a report may be."""

    reason = "report too old"


class ReportNotLater(Revert):
    """The publisher has been heard at that time or later."""

    reason = "report not later"


class ReportsTooFarApart(Revert):
    """The reports span too much time."""

    reason = "reports too far apart"


class AlreadyPublished(Revert):
    """The block has its price version."""

    reason = "already published"


class PriceOutOfRange(Revert):
    """A price is zero or beyond what is stored."""

    reason = "price out of range"


class DuplicateAsset(Revert):
    """One report names an asset twice."""

    reason = "duplicate asset"


class NotBook(Revert):
    """Only the market's order book may report its mid."""

    reason = "not the book"


# Quotes


class BadSignature(Revert):
    """The signature is not of the account's owner or operator."""

    reason = "bad signature"


class QuoteExpired(Revert):
    """The quote's time is over."""

    reason = "quote expired"


class NonceUsed(Revert):
    """The quote was filled or cancelled."""

    reason = "nonce used"


class WrongCounterparty(Revert):
    """The quote is meant for another account."""

    reason = "wrong counterparty"


class SameSide(Revert):
    """Both quotes buy, or both sell."""

    reason = "same side"


class WrongInstrument(Revert):
    """The quotes are of two instruments."""

    reason = "wrong instrument"


class QuotesDoNotCross(Revert):
    """The buyer pays less than the seller asks."""

    reason = "quotes do not cross"


class SizeTooSmall(Revert):
    """Less would be filled than a side accepts."""

    reason = "size too small"


class SizeTooLarge(Revert):
    """More would be filled than a side offers."""

    reason = "size too large"


class CrossedQuote(Revert):
    """The bid of a two-sided quote is not below its ask."""

    reason = "crossed quote"


class UnknownRequest(Revert):
    """There is no such request, or none any more."""

    reason = "unknown request"


class RequestExpired(Revert):
    """The request's time is over."""

    reason = "request expired"


class WrongRequest(Revert):
    """The quote answers another request, or none."""

    reason = "wrong request"


class WrongSide(Revert):
    """The request is for the other side."""

    reason = "wrong side"


class TooManyRequests(Revert):
    """The account has as many open requests as one may."""

    reason = "too many requests"


class AlreadyRequested(Revert):
    """The same was requested a moment ago."""

    reason = "already requested"


# Liquidation


class NotLiquidatable(Revert):
    """The account meets its maintenance margin."""

    reason = "not liquidatable"


class AboveBackstopMargin(Revert):
    """The account is not below the margin that opens the backstop."""

    reason = "above backstop margin"


class PriceTooFresh(Revert):
    """The price is of this block; liquidation waits for the next one."""

    reason = "price too fresh"


class OrdersOpen(Revert):
    """The account has orders on the book, which are cancelled first."""

    reason = "orders open"


class SameOwner(Revert):
    """The liquidator or provider and the account have one owner."""

    reason = "same owner"


class Bound(Revert):
    """The account stands behind a pledge: nothing leaves it until notice is over."""

    reason = "bound"


class NotBound(Revert):
    """The account is not bound, or has given notice already."""

    reason = "not bound"


class ProviderBacked(Revert):
    """The provider is bound and has equity: it keeps its place."""

    reason = "provider is backed"


class NotPledged(Revert):
    """The account is not a provider."""

    reason = "not pledged"


class TooManyProviders(Revert):
    """There are as many providers as one call can visit."""

    reason = "too many providers"


class NoTakeover(Revert):
    """A takeover has to be opened first."""

    reason = "no takeover open"


class NoSlice(Revert):
    """No slice of that account and instrument is open."""

    reason = "no slice open"


class NoEquity(Revert):
    """Nothing of the account is left to sell at a discount; it is taken over."""

    reason = "no equity"


class NotImproved(Revert):
    """A forced sale or a takeover of a part would leave the account worse off."""

    reason = "not improved"


class NothingDue(Revert):
    """The next slice is due in a second, or what is left is less than a lot."""

    reason = "nothing due"


class NotDeleveraged(Revert):
    """The account is above the margin that opens auto-deleveraging."""

    reason = "not to be deleveraged"


class EpochsPending(Revert):
    """More epochs are before the position than one touch applies; touch it again."""

    reason = "epochs pending"


class NothingTaken(Revert):
    """No provider could take anything over."""

    reason = "nothing taken"


class NotEnoughGas(Revert):
    """A provider may have failed for want of gas; it is not passed over for that."""

    reason = "not enough gas"


# Governance


class NotGuardian(Revert):
    """Only the guardian or the governor may call this."""

    reason = "not the guardian"


class NotProposer(Revert):
    """Only the timelock's proposer may call this."""

    reason = "not the proposer"


class NotQueued(Revert):
    """The change has not been announced."""

    reason = "not queued"


class NotReady(Revert):
    """The change has not been announced for long enough."""

    reason = "not ready"


class ChangeExpired(Revert):
    """The change was ready too long ago and has to be announced anew."""

    reason = "change expired"


class WithoutSupplyCap(Revert):
    """The weight of a collateral rises only under a supply cap."""

    reason = "without supply cap"


# The order book


class UnknownInstrument(Revert):
    """The book does not trade this instrument."""

    reason = "unknown instrument"


class NotOnTick(Revert):
    """The price is no multiple of the instrument's tick."""

    reason = "not on a tick"


class OrderExpired(Revert):
    """The order's last second is over."""

    reason = "order expired"


class NothingToReduce(Revert):
    """A reduce-only order finds nothing that it could reduce."""

    reason = "nothing to reduce"


class WouldTake(Revert):
    """A post-only order would be filled at once."""

    reason = "would take"


class NotFilled(Revert):
    """Nothing more rests at the order's limit or better."""

    reason = "not filled"


class TooManyFills(Revert):
    """As many resting orders as the caller allowed were visited."""

    reason = "too many fills"


class SelfTrade(Revert):
    """The next resting order is the owner's own."""

    reason = "self trade"


class TooManyOrders(Revert):
    """The account has no slot left for another order."""

    reason = "too many orders"
