# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Liquidator
@license Apache-2.0
@notice How fast an account is reduced on the book, who may take it over if that does
        not do, how much of what is due each provider gets, and the order of a backstop
        liquidation. Anyone may have an account reduced or liquidated.
@dev The Clearinghouse decides whether an account is due and on what terms, moves the
     positions and debts, and checks every provider's margin; this contract says how
     much of a leg is sold at a time, and shares out the notional. A provider that fails
     is passed over. Nobody can make one fail by giving too little gas: see
     `_take_over`.
@custom:spec specs/liquidator.py
"""

from .interfaces import IClearinghouse
from .interfaces import ILiquidator

implements: ILiquidator

from .modules import backstop
from .modules import distress
from .modules import errors
from .modules import fixed_point as fp
from .modules import instruments
from .modules import listings
from .modules import margin
from .modules import open_orders
from .modules import pacing
from .modules import perpetual
from .modules import providers

initializes: pacing
initializes: providers
exports: (
    pacing.failed_at,
    pacing.pace,
    providers.capacity,
    providers.caps,
    providers.provider_at,
    providers.provider_count,
    providers.remaining,
    providers.results,
    providers.usage,
)


interface Clearinghouse:
    def assess(account: uint256) -> IClearinghouse.Health: view
    def is_bound(account: uint256) -> bool: view
    def open_takeover(
        account: uint256, is_book_failed: bool
    ) -> IClearinghouse.Terms: nonpayable
    def deleverage(portion: uint256) -> uint256: nonpayable
    def distress(account: uint256) -> uint256: view
    def close_takeover() -> bool: nonpayable
    def headers(account: uint256) -> uint256: view
    def quote(asset: uint256) -> uint256: view
    def market_quote(market: uint256) -> uint256: view
    def slice_end(account: uint256) -> uint256: view
    def open_slice(
        account: uint256, instrument: uint256
    ) -> IClearinghouse.Slice: nonpayable
    def close_slice(reward: uint256) -> uint256: nonpayable


interface OrderBook:
    def listing_word(code: uint256) -> uint256: view
    def recent_volume(instrument: uint256) -> uint256: view
    def cancel_all(account: uint256): nonpayable
    def liquidate(
        account: uint256,
        instrument: uint256,
        is_buy: bool,
        lots: uint256,
        price: uint256,
        max_fills: uint256,
    ) -> (uint256, String[32]): nonpayable


# The most that one call may name, as in the Clearinghouse.
_MAX_AMOUNT: constant(uint256) = 10**30
# Equity below which a pledge has nothing behind it, and the least that one is to take
# over in a minute and in a market to keep its place, WAD USDC.
_MIN_BACKING: constant(int256) = 10_000 * 10**18
# Account ids are `owner << 96 | number`.
_NUMBER_BITS: constant(uint256) = 96
# A failure that leaves no more than this share of the gas may have been for want of it.
_GAS_SHARE: constant(uint256) = 16
# How often what is due is shared out: once more for what those leave who fail.
_ROUNDS: constant(uint256) = 2
# Resting orders that a slice visits: nobody's choice, or he could make it fail.
_MAX_FILLS: constant(uint256) = 32

CLEARINGHOUSE: public(immutable(Clearinghouse))
BOOK: public(immutable(OrderBook))


@deploy
def __init__(clearinghouse: address, order_book: address):
    """
    @notice Open a liquidator without providers.
    @param clearinghouse Where accounts are taken over; its governor has to enrol the
           liquidator as a liquidation venue, and each provider has to bind its
           account.
    @param order_book Where accounts are reduced; enrolled as a venue that clears.
    """
    CLEARINGHOUSE = Clearinghouse(clearinghouse)
    BOOK = OrderBook(order_book)


# An account's owner


@external
def pledge(
    account: uint256,
    per_minute: uint256,
    per_hour: uint256,
    max_position: uint256,
    max_loss: uint256,
):
    """
    @notice Make the caller's account, which is bound, a provider, or its pledge anew.
    @param account Account to take over with.
    @param per_minute Notional in a minute of the clock, WAD USDC.
    @param per_hour Notional in an hour of the clock, WAD USDC.
    @param max_position The notional of its position in a market, WAD USDC, that
           takeovers may lead to.
    @param max_loss What it may have lost, WAD USDC, since it first took something over
           in an hour of the clock, and still take over.
    """
    assert msg.sender == self._owner(account), errors.NOT_AUTHORISED
    for amount: uint256 in [per_minute, per_hour, max_position, max_loss]:
        assert amount != 0, errors.ZERO_AMOUNT
        assert amount <= _MAX_AMOUNT, errors.AMOUNT_TOO_LARGE
    assert staticcall CLEARINGHOUSE.is_bound(account), errors.NOT_BOUND
    providers._pledge(account, per_minute, per_hour, max_position, max_loss)
    log ILiquidator.Pledge(
        account=account,
        per_minute=per_minute,
        per_hour=per_hour,
        max_position=max_position,
        max_loss=max_loss,
        time=block.timestamp,
    )


@external
def unpledge(account: uint256):
    """
    @notice Take the caller's account out of the providers; the last of them moves to
            its place. Only once it is bound no more: until then it takes over what it
            pledged to.
    """
    assert msg.sender == self._owner(account), errors.NOT_AUTHORISED
    assert not staticcall CLEARINGHOUSE.is_bound(account), errors.BOUND
    providers._unpledge(account)
    log ILiquidator.Unpledge(account=account, time=block.timestamp)


# Anyone


@external
def drop(account: uint256):
    """
    @notice Take a provider out that has nothing behind its pledge, or pledges next to
            nothing.
    @dev Places are few: whoever holds one must be bound, have equity and pledge as much.
         What was there for the moment of the pledge alone does not count.
    """
    is_large: bool = providers._least(account) >= convert(_MIN_BACKING, uint256)
    providers._unpledge(account)
    is_backed: bool = staticcall CLEARINGHOUSE.is_bound(account)
    if is_backed:
        health: IClearinghouse.Health = staticcall CLEARINGHOUSE.assess(account)
        is_backed = is_large and health.equity >= _MIN_BACKING
    assert not is_backed, errors.PROVIDER_BACKED
    log ILiquidator.Unpledge(account=account, time=block.timestamp)


@external
def reduce(
    account: uint256, instrument: uint256, reward: uint256
) -> (uint256, uint256, String[32]):
    """
    @notice Close as much of a leg of `account` on the book as is due: of a position, of
            a debt, or of collateral for the USDC debt. Anyone but its owner may, and
            gets half of the fee on the account `reward`; 0 leaves it to the backstop
            fund. The account's orders are cancelled first.
    @dev Nothing is refused because nothing was filled: what the book fails to fill is
         noted, and the third time opens the backstop.
    @return Lots of the book that were filled; the fee, WAD USDC; why not more.
    """
    assert msg.sender != self._owner(account), errors.SAME_OWNER
    if open_orders._codes(staticcall CLEARINGHOUSE.headers(account)) != 0:
        extcall BOOK.cancel_all(account)
    opened: IClearinghouse.Slice = extcall CLEARINGHOUSE.open_slice(
        account, instrument
    )
    pace: uint256 = pacing.pace[account][instrument]
    asked: uint256 = self._compute_lots(opened, pace)
    filled: uint256 = 0
    reason: String[32] = ""
    filled, reason = extcall BOOK.liquidate(
        account, instrument, opened.is_buy, asked, opened.limit, _MAX_FILLS
    )
    fee: uint256 = extcall CLEARINGHOUSE.close_slice(reward)

    is_exhausted: bool = (
        reason == errors.NOT_FILLED or reason == errors.PRICE_OUT_OF_BAND
    )
    pace = pacing._note(pace, asked, filled, is_exhausted, block.timestamp)
    pacing.pace[account][instrument] = pace
    if pacing._has_failed(pace):
        pacing.failed_at[account] = block.timestamp
    log ILiquidator.Slice(
        account=account,
        instrument=instrument,
        caller=msg.sender,
        asked=asked,
        filled=filled,
        fee=fee,
        reason=reason,
        pace=pace,
        time=block.timestamp,
    )
    return filled, fee, reason


@external
def liquidate(account: uint256) -> bool:
    """
    @notice Have as much of `account` taken over as its terms ask for. The notional is
            shared among providers pro rata to what is left of their capacities. Of an
            account near its end, or with a deficit, what they leave of its positions is
            closed against the other side. Refused if nothing was taken, nothing closed
            and no deficit paid.
    @return Whether the account was left with a deficit only, which was paid.
    """
    terms: IClearinghouse.Terms = extcall CLEARINGHOUSE.open_takeover(
        account, pacing._is_open(pacing.failed_at[account], block.timestamp)
    )
    taken: uint256 = 0
    deleveraged: uint256 = 0
    if not terms.is_bankrupt:
        # What the fund can't pay, before providers leave it anything.
        if terms.unfunded != 0:
            deleveraged = extcall CLEARINGHOUSE.deleverage(terms.unfunded)
        exposure: uint256 = terms.exposure - min(terms.exposure, deleveraged)
        due: uint256 = min(terms.due, exposure)
        left: uint256 = 0
        taken, left = self._share_out(account, exposure, due, terms.discount)
        rest: uint256 = due + left - exposure
        if terms.may_deleverage and rest != 0:
            deleveraged += extcall CLEARINGHOUSE.deleverage(
                backstop._compute_portion(rest, left)
            )

    is_deficit_paid: bool = extcall CLEARINGHOUSE.close_takeover()
    assert (
        taken != 0 or deleveraged != 0 or is_deficit_paid
    ), errors.NOTHING_TAKEN
    log ILiquidator.Liquidation(
        account=account,
        caller=msg.sender,
        exposure=terms.exposure,
        due=terms.due,
        taken=taken,
        deleveraged=deleveraged,
        discount=terms.discount,
        is_deficit_paid=is_deficit_paid,
        time=block.timestamp,
    )
    return is_deficit_paid


@external
@view
def can_reduce(account: uint256, instrument: uint256) -> bool:
    """
    @notice Return whether a slice of some leg of `account` could start once its orders
            are cancelled, and one of this leg is due: on interest as last accrued,
            which `reduce` brings to date first.
    """
    pace: uint256 = pacing.pace[account][instrument]
    if pacing._compute_due(pace, block.timestamp) == 0:
        return False
    health: IClearinghouse.Health = staticcall CLEARINGHOUSE.assess(account)
    noted: uint256 = staticcall CLEARINGHOUSE.distress(account)
    if health.equity <= 0 or not distress._was_due(
        noted, health.priced_at, block.timestamp
    ):
        return False
    if margin._is_due_now(health):
        return True
    if not distress._is_going_on(noted, block.timestamp):
        return False
    end: uint256 = staticcall CLEARINGHOUSE.slice_end(account)
    return health.equity < convert(end, int256)


@external
@view
def can_liquidate(account: uint256) -> bool:
    """
    @notice Return whether the backstop is open on `account`, whoever could take it
            over: on interest as last accrued, which `liquidate` brings to date first.
    """
    health: IClearinghouse.Health = staticcall CLEARINGHOUSE.assess(account)
    if not margin._is_due_now(health):
        return False
    is_failed: bool = pacing._is_open(pacing.failed_at[account], block.timestamp)
    if not is_failed and not backstop._is_open(
        health.equity, health.maintenance_margin, health.exposure
    ):
        return False
    noted: uint256 = staticcall CLEARINGHOUSE.distress(account)
    return distress._was_due(noted, health.priced_at, block.timestamp)


# Internal


@internal
@pure
def _owner(account: uint256) -> address:
    """
    @notice Return the owner of `account`.
    """
    return convert(account >> _NUMBER_BITS, address)


@internal
@view
def _compute_lots(opened: IClearinghouse.Slice, pace: uint256) -> uint256:
    """
    @notice Return how many lots a slice closes; refuse if none is due or fits.
    """
    code: uint256 = listings._code(opened.instrument)
    listing: uint256 = staticcall BOOK.listing_word(code)
    scale: uint256 = listings._scale(code, listing)
    due: uint256 = pacing._compute_due(pace, block.timestamp)
    held: uint256 = listings._to_lots_down(opened.held, scale)
    most: uint256 = listings._to_lots_down(opened.left, scale)
    assert due != 0 and min(held, most) != 0, errors.NOTHING_DUE
    unit: uint256 = perpetual._compute_notional(
        1, 10 ** listings._exponent(listing), self._mark(opened.instrument)
    )
    volume: uint256 = staticcall BOOK.recent_volume(opened.instrument)
    return pacing._compute_size(held, due, unit, volume, most)


@internal
@view
def _mark(instrument: uint256) -> uint256:
    """
    @notice Return the slow price of an instrument, WAD USDC.
    """
    if instruments._is_spot(instrument):
        asset: uint256 = instruments._asset(instrument)
        return margin._quote(staticcall CLEARINGHOUSE.quote(asset)).slow
    return margin._quote(staticcall CLEARINGHOUSE.market_quote(instrument)).slow


@internal
@view
def _get_capacities(account: uint256) -> DynArray[uint256, providers.MAX_PROVIDERS]:
    """
    @notice Return what is left of each provider, in their order; nothing of those of
            the account's own owner.
    """
    capacities: DynArray[uint256, providers.MAX_PROVIDERS] = []
    for provider: uint256 in providers._order:
        capacity: uint256 = 0
        if self._owner(provider) != self._owner(account):
            capacity = providers._compute_remaining(provider, block.timestamp)
        capacities.append(capacity)
    return capacities


@internal
def _share_out(
    account: uint256, exposure: uint256, total: uint256, discount: uint256
) -> (uint256, uint256):
    """
    @notice Have providers take over `total` of the exposure; return how much they took,
            and what is left of the exposure. What one of them leaves of its part is
            shared among the others, so that a large pledge with nothing behind it keeps
            nobody from his.
    """
    capacities: DynArray[uint256, providers.MAX_PROVIDERS] = self._get_capacities(
        account
    )
    left: uint256 = exposure
    due: uint256 = total
    taken: uint256 = 0
    for _: uint256 in range(_ROUNDS):
        shared: uint256 = due
        reach: uint256 = 0
        for capacity: uint256 in capacities:
            reach += capacity
        for i: uint256 in range(len(capacities), bound=providers.MAX_PROVIDERS):
            if capacities[i] == 0:
                continue
            part: uint256 = backstop._compute_allocation(
                shared, capacities[i], reach, due
            )
            if part == 0:
                continue
            portion: uint256 = backstop._compute_portion(part, left)
            worth: uint256 = self._take_over(
                account, providers._order[i], part, portion, discount
            )
            if worth == 0:
                capacities[i] = 0
                continue
            capacities[i] -= worth
            left -= worth
            due -= worth
            taken += worth
    return taken, left


@internal
def _take_over(
    account: uint256,
    provider: uint256,
    notional: uint256,
    portion: uint256,
    discount: uint256,
) -> uint256:
    """
    @notice Have `provider` take over `portion` of what is left, and return how much of
            `notional` that was: nothing if it could not, if nothing went, or if it has
            lost enough in this hour.
    @dev A call gets 63/64 of the gas. Out of gas in the Clearinghouse, in the code body
         that it delegates to, or one call further in, it leaves at most 3/64 of what
         there was. So a failure is the provider's own only if more than 1/16 is left;
         else the whole liquidation is refused, and has to be sent with more gas.
    """
    health: IClearinghouse.Health = staticcall CLEARINGHOUSE.assess(provider)
    worth: uint256 = 0
    earned: uint256 = 0
    if not providers._has_lost(provider, health.equity, block.timestamp):
        gas_before: uint256 = msg.gas
        is_taken: bool = False
        answer: Bytes[64] = b""
        is_taken, answer = raw_call(
            CLEARINGHOUSE.address,
            abi_encode(
                provider,
                portion,
                providers._max_position(provider),
                method_id=method_id("take_over(uint256,uint256,uint256)"),
            ),
            max_outsize=64,
            revert_on_failure=False,
        )
        if is_taken:
            worth, earned = abi_decode(answer, (uint256, uint256))
            worth = min(notional, worth)
        else:
            assert msg.gas > gas_before // _GAS_SHARE, errors.NOT_ENOUGH_GAS
    if worth == 0:
        log ILiquidator.PassOver(
            account=account, provider=provider, notional=notional, time=block.timestamp
        )
        return 0
    providers._use_capacity(provider, worth, earned, health.equity, block.timestamp)
    log ILiquidator.Takeover(
        account=account,
        provider=provider,
        notional=worth,
        portion=portion,
        discount=discount,
        earned=earned,
        equity=health.equity,
        time=block.timestamp,
    )
    return worth
