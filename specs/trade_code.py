"""
TradeCode.

Fills between two accounts, spot and perpetual.

Counterpart of ``contracts/TradeCode.vy``.
"""

from specs import accounts as acc
from specs import errors, margin, perpetual
from specs.accounts import USDC, AccountId, Address
from specs.authority import TRADE_VENUE, require_amount, require_open, require_venue
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.margin import Health
from specs.perpetual import Position
from specs.pool_limits import require_borrow_cap
from specs.settlement import charge, compute_fee, split_fees, trade
from specs.state import (
    Market,
    State,
    accrue,
    assess,
    credit,
    debit,
    get_account,
    get_asset,
    get_market,
)


def fill_spot(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    buyer: AccountId,
    seller: AccountId,
    amount: Wad,
    price: Wad,
    maker_is_buyer: bool,
) -> State:
    """
    Exchange ``amount`` (WAD) of ``asset`` for USDC at ``price``.

    What the seller does not hold it borrows; what the buyer owes is repaid first.
    The buyer pays rounded up, the seller gets rounded down.
    """
    require_venue(state, caller, TRADE_VENUE)
    require_parties(buyer, seller)
    if asset == USDC:
        raise errors.UnknownAsset
    listed = get_asset(state, asset)
    require_amount(amount)
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    require_open(state, asset)
    require_open(state, USDC)
    state = accrue(accrue(state, asset, now), USDC, now)
    buyer_before = assess(state, buyer, now)
    seller_before = assess(state, seller, now)
    buyer_reduces = acc.get_balance(get_account(state, buyer), asset).scaled < 0
    seller_reduces = acc.get_balance(get_account(state, seller), USDC).scaled < 0
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)
    before = state

    cost = Wad(mul_div_up(amount, price, WAD))
    proceeds = Wad(mul_div_down(amount, price, WAD))
    state = credit(state, buyer, asset, amount)
    state = debit(state, buyer, USDC, cost)
    state = debit(state, seller, asset, amount)
    state = credit(state, seller, USDC, proceeds)
    state = charge(state, buyer, compute_fee(cost, buyer_fee))
    state = charge(state, seller, compute_fee(cost, seller_fee))
    for number, account in ((asset, seller), (USDC, buyer)):
        require_borrowing(before, state, number, account)
    require_fill_margin(state, buyer, buyer_before, buyer_reduces, now)
    require_fill_margin(state, seller, seller_before, seller_reduces, now)
    return state


def fill_perp(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    buyer: AccountId,
    seller: AccountId,
    lots: Lots,
    price: Wad,
    maker_is_buyer: bool,
) -> State:
    """Open or close ``lots`` between two accounts at ``price``."""
    require_venue(state, caller, TRADE_VENUE)
    require_parties(buyer, seller)
    listed = get_market(state, market)
    if lots == 0:
        raise errors.ZeroAmount
    if lots > perpetual.MAX_LOTS:
        raise errors.AmountTooLarge
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    require_open(state, USDC)
    state = accrue(state, USDC, now)
    buyer_before = assess(state, buyer, now)
    seller_before = assess(state, seller, now)
    bought = acc.get_position(get_account(state, buyer), market)
    sold = acc.get_position(get_account(state, seller), market)
    buyer_reduces = perpetual.is_reduction(bought.lots, lots)
    seller_reduces = perpetual.is_reduction(sold.lots, Lots(-lots))
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)

    state = trade(state, market, buyer, lots, price)
    state = trade(state, market, seller, Lots(-lots), price)
    if listed.is_paused and not (buyer_reduces and seller_reduces):
        raise errors.Paused
    for account, old in ((buyer, bought), (seller, sold)):
        require_position_limit(state, market, account, old)
    require_open_interest_limit(listed, state.markets[market])
    notional = perpetual.compute_notional(lots, listed.lot, price)
    state = charge(state, buyer, compute_fee(notional, buyer_fee))
    state = charge(state, seller, compute_fee(notional, seller_fee))
    require_fill_margin(state, buyer, buyer_before, buyer_reduces, now)
    require_fill_margin(state, seller, seller_before, seller_reduces, now)
    return state


def require_borrowing(
    before: State, after: State, asset: int, account: AccountId
) -> None:
    """Refuse a debt that has grown in a paused asset, or above the pool's cap."""
    old = acc.get_balance(get_account(before, account), asset).scaled
    new = acc.get_balance(get_account(after, account), asset).scaled
    if new >= min(0, old):
        return
    if after.assets[asset].pool.is_paused:
        raise errors.Paused
    require_borrow_cap(before.assets[asset].pool, after.assets[asset].pool)


def require_position_limit(
    state: State, market: int, account: AccountId, old: Position
) -> None:
    """Refuse a position that has grown above the market's limit."""
    lots = abs(acc.get_position(get_account(state, account), market).lots)
    if lots > abs(old.lots) and lots > state.markets[market].limits.max_position:
        raise errors.PositionLimitReached


def require_open_interest_limit(before: Market, after: Market) -> None:
    """Refuse open interest that has grown above the market's limit."""
    grown = after.open_interest > before.open_interest
    if grown and after.open_interest > after.limits.max_open_interest:
        raise errors.OpenInterestLimitReached


def require_parties(buyer: AccountId, seller: AccountId) -> None:
    """Refuse a fill with oneself or with the protocol."""
    if buyer == seller:
        raise errors.SameAccount
    acc.require_user(buyer)
    acc.require_user(seller)


def require_fill_margin(
    state: State, account: AccountId, before: Health, reduces: bool, now: Seconds
) -> None:
    """Refuse unless the account has initial margin, or reduced and was improved."""
    after = assess(state, account, now)
    if reduces and margin.is_improved(before, after):
        return
    margin.require_initial_margin(after)
