# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Conversion
@license Apache-2.0
@notice The last resort where an account may not borrow the USDC that a settled loss or
        a fee has left it owing: its collateral is sold, best weight first, and only
        what is needed.
@dev limit  = 0 if the account's settings forbid a debt, else max(30,000 USDC, 4 equity)
     excess = what it owes, less its idle USDC, above the limit; no less than what the
              pool has lent above its borrow cap, as far as the account owes as much
     What only the pool's cap demands is sold without a discount: it is no fault of the
     account's, and others can bring it about whenever they like.
@custom:spec specs/conversion.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import fixed_point as fp
from . import margin
from . import money_market
from . import requirements
from . import state

uses: state

LEAST_LIMIT: constant(int256) = 30_000 * 10**18
EQUITY_MULTIPLE: constant(int256) = 4
# The least part of the reference price at which collateral is sold, parts per million.
LEAST_PRICE: constant(uint256) = 990_000
# The least by which selling 1.0 lowers an excess, as part of the reference price, parts
# per million: it pays LEAST_PRICE and may lower the equity by the discount, the limit by
# EQUITY_MULTIPLE times as much.
LEAST_YIELD: constant(uint256) = 950_000
# What is worth less, WAD USDC, is passed over: one wei of the best collateral, which
# nobody buys, would keep all the rest from being sold.
DUST: constant(uint256) = fp.WAD
_ENTRIES: constant(uint256) = 8
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_40: constant(uint256) = 2**40 - 1


@internal
@pure
def _compute_limit(header: uint256, equity: int256) -> uint256:
    """
    @notice Return the most USDC that an account with this header and maintenance
            equity may owe.
    """
    if not accounts._is_auto_borrowing(header):
        return 0
    return convert(max(LEAST_LIMIT, EQUITY_MULTIPLE * equity), uint256)


@internal
@pure
def _compute_net_debt(word: uint256, borrow_index: uint256) -> uint256:
    """
    @notice Return what a USDC balance owes, less what it has lying idle.
    """
    owed: uint256 = money_market._debt(word, borrow_index)
    return owed - min(owed, money_market._idle(word))


@internal
@pure
def _compute_cap_excess(
    curve: uint256, borrowed: uint256, is_discounted: bool
) -> uint256:
    """
    @notice Return what a sale is to pay because of the borrow cap in the word of a
            pool's curve: what the pool has lent above it, or nothing if the sale is at
            a discount.
    @dev For anybody can bring the pool above its cap for a moment, and so make every
         debt in it convertible: nobody may gain by that.
    """
    cap: uint256 = (curve >> 216) * fp.WAD
    if cap == 0 or is_discounted:
        return 0
    return borrowed - min(borrowed, cap)


@internal
@pure
def _compute_excess(debt: uint256, limit: uint256, cap_excess: uint256) -> uint256:
    """
    @notice Return how much of a debt has to be paid by conversion.
    """
    return max(debt - min(debt, limit), min(debt, cap_excess))


@internal
@view
def _best_collateral(account: uint256) -> uint256:
    """
    @notice Return the asset of the best weight at what is held of it, of those that
            count as collateral, are worth more than dust and have a price to sell at:
            a fresh one that does not diverge; of several the one with the lowest
            number. USDC, which is none, if there is none.
    """
    best: uint256 = accounts.USDC
    best_weight: uint256 = 0
    entries: uint256 = accounts._assets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        asset: uint256 = (entries & 255) - 1
        entries >>= 8
        word: uint256 = state.quote[asset]
        quote: margin.Quote = margin._quote(word)
        if margin._is_stale(quote) or margin._is_diverging(quote):
            continue
        held: uint256 = money_market._held(
            state.balances[account][asset], state.pool_index[asset] >> 144
        )
        if fp._mul_div_down(held, quote.slow, fp.WAD) < DUST:
            continue
        weight: uint256 = requirements._compute_weight(
            (word >> 40) & _LOW_24, word & _LOW_40, held
        )
        # The list is sorted: of equal weights the lowest number stays.
        if weight > best_weight:
            best = asset
            best_weight = weight
    return best


@internal
@pure
def _compute_reference(quote: margin.Quote) -> uint256:
    """
    @notice Return the price that a discount is from: the higher one, or whoever waits
            until the slow price lags behind the fast one would be paid for it.
    """
    return max(quote.slow, quote.fast)


@internal
@pure
def _compute_least_price(reference: uint256) -> uint256:
    """
    @notice Return the least price at which collateral is sold, rounded up.
    """
    return fp._mul_div_up(reference, LEAST_PRICE, fp.PPM)


@internal
@pure
def _compute_most(excess: uint256, price: uint256) -> uint256:
    """
    @notice Return the amount of an asset that pays `excess` at `price`, rounded up.
    """
    return fp._mul_div_up(excess, fp.WAD, price)


@internal
@pure
def _compute_bound(excess: uint256, reference: uint256) -> uint256:
    """
    @notice Return what no sale for `excess` can be larger than, at whatever price: a
            wei more than what it takes at the least yield.
    """
    return fp._mul_div_up(excess, fp.WAD * fp.PPM, reference * LEAST_YIELD) + 1


@internal
@pure
def _is_no_worse(
    before: IClearinghouse.Health, after: IClearinghouse.Health
) -> bool:
    """
    @notice Return whether an account has improved as a reduction below initial margin
            must. A debt that unrealised gains outweigh binds no margin, so paying it
            lowers no exposure: then its equity may not have fallen.
    """
    if margin._is_improved(before, after):
        return True
    return after.exposure == before.exposure and after.equity >= before.equity
