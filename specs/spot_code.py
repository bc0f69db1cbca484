"""
SpotCode.

Fills of spot trades between two accounts, which move both assets inside the ledger.

Counterpart of ``contracts/SpotCode.vy``.
"""

from specs import accounts as acc
from specs import errors, margin
from specs.accounts import USDC, AccountId, Address
from specs.authority import TRADE_VENUE, require_amount, require_open, require_venue
from specs.fills import require_fill_margin, require_parties, split_fees
from specs.fixed_point import WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.pool_limits import require_borrow_cap
from specs.settlement import charge, compute_fee
from specs.state import (
    State,
    accrue,
    assess,
    credit,
    debit,
    get_account,
    get_asset,
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
