"""
SpotCode.

Fills of spot trades between two accounts, which move both assets inside the ledger, and
conversions of collateral, which are sales that pay a debt.

Counterpart of ``contracts/SpotCode.vy``.
"""

from specs import accounts as acc
from specs import conversion, errors, margin
from specs.accounts import USDC, AccountId, Address
from specs.authority import TRADE_VENUE, require_amount, require_open, require_venue
from specs.fills import require_fill_margin, require_parties, split_fees
from specs.fixed_point import WAD, Seconds, Wad, mul_div_down, mul_div_up
from specs.pool_limits import require_borrowing
from specs.spot_side import exchange, fund_side
from specs.state import (
    State,
    accrue,
    assess,
    credit,
    debit,
    get_account,
    get_asset,
    get_held,
    pay_debt,
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

    What one lacks it borrows, as far as its pool can fund it, so that to sell what is
    borrowed to a friend is limited as to take it out; what one owes is repaid first.
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
    buyer_reduces = acc.get_balance(get_account(state, buyer), asset).scaled < 0
    seller_reduces = acc.get_balance(get_account(state, seller), USDC).scaled < 0
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)
    before = state

    sides = (buyer, True, buyer_fee), (seller, False, seller_fee)
    for account, is_buy, fee in sides:
        state = fund_side(state, now, asset, account, is_buy, amount, price, fee)
    for account, is_buy, fee in sides:
        state = exchange(state, asset, account, is_buy, amount, price, fee)
    require_fill_margin(before, state, buyer, buyer_reduces, now)
    require_fill_margin(before, state, seller, seller_reduces, now)
    return state


def convert(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    account: AccountId,
    buyer: AccountId,
    amount: Wad,
    price: Wad,
) -> State:
    """
    Sell ``amount`` (WAD) of an account's collateral for the USDC that it owes above
    what it may, without a fee.

    The buyer pays rounded up, the account gets rounded down. It repays whatever the
    settings say. Below its initial margin an account is converted too, for it must not
    end worse than it was; below its maintenance margin it is liquidated instead.
    """
    require_venue(state, caller, TRADE_VENUE)
    acc.require_user(account)
    acc.require_user(buyer)
    if acc.get_owner(account) == acc.get_owner(buyer):
        raise errors.SameOwner
    if asset == USDC:
        raise errors.UnknownAsset
    quote = get_asset(state, asset).quote
    require_amount(amount)
    if margin.is_stale(quote, now):
        raise errors.StalePrice
    if margin.is_diverging(quote):
        raise errors.PricesDiverge
    reference = conversion.compute_reference(quote)
    if price < conversion.compute_least_price(reference):
        raise errors.PriceOutOfBand
    require_open(state, asset)
    require_open(state, USDC)
    state = accrue(accrue(state, asset, now), USDC, now)
    is_discounted = price < reference
    if not conversion.is_convertible(state, account, is_discounted, now):
        raise errors.NotConvertible
    if asset != conversion.get_best_collateral(state, account, now):
        raise errors.WrongCollateral
    if amount > get_held(state, account, asset):
        raise errors.InsufficientBalance
    before = state

    proceeds = Wad(mul_div_down(amount, price, WAD))
    state = debit(state, account, asset, amount)
    state = pay_debt(state, account, USDC, proceeds)
    paid = state
    state = credit(state, buyer, asset, amount)
    state = debit(state, buyer, USDC, Wad(mul_div_up(amount, price, WAD)))
    require_borrowing(paid, state, USDC, buyer)
    require_conversion(before, state, account, amount, price, is_discounted, now)
    buyer_reduces = acc.get_balance(get_account(before, buyer), asset).scaled < 0
    require_fill_margin(before, state, buyer, buyer_reduces, now)
    return state


def require_conversion(
    before: State,
    after: State,
    account: AccountId,
    amount: Wad,
    price: Wad,
    is_discounted: bool,
    now: Seconds,
) -> None:
    """
    Refuse to convert more than is needed, or what leaves the account worse off.

    The limit is that of the equity afterwards: a sale raises it by what the haircut
    had left out, so that less is needed than by the equity before.
    """
    excess = conversion.compute_excess(
        conversion.compute_net_debt(before, account, now),
        conversion.compute_debt_limit(after, account, now),
        conversion.compute_cap_excess(before.assets[USDC].pool, is_discounted),
    )
    if amount > conversion.compute_most(excess, price):
        raise errors.AmountTooLarge
    if not conversion.is_no_worse(
        assess(before, account, now), assess(after, account, now)
    ):
        raise errors.NotConvertible
