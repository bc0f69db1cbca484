"""Laws of listings: which orders there can be."""

from specs.errors import (
    AmountTooLarge,
    NotOnTick,
    OrderExpired,
    OutOfBounds,
    PriceOutOfRange,
    SizeTooSmall,
    UnknownAsset,
    ZeroAmount,
)
from specs.instruments import SPOT
from specs.listings import (
    MAX_EXPIRY,
    MAX_NUMBER,
    Listing,
    Placement,
    get_scale,
    require_listing,
    require_placement,
    require_size,
)
from specs.perpetual import MAX_LOTS
from tests.proofs.proof import Mutant

REFUSALS = (
    AmountTooLarge,
    NotOnTick,
    OrderExpired,
    OutOfBounds,
    PriceOutOfRange,
    SizeTooSmall,
    ZeroAmount,
)


def an_order_is_of_a_size_that_fits(lots: int, visits: int) -> bool:
    """
    Exactly the sizes from one lot to the largest position, at no more visits than a
    call may make.

    Serves: I27, I28.

    pre: 0 <= lots and 0 <= visits
    post: __return__
    """
    try:
        require_size(lots, visits)
    except (ZeroAmount, AmountTooLarge, OutOfBounds):
        return lots == 0 or lots > MAX_LOTS or visits > 32
    return 1 <= lots <= MAX_LOTS and visits <= 32


def an_order_rests_at_a_whole_number_of_ticks(
    tick: int, least: int, lots: int, price: int, is_reduce_only: bool
) -> bool:
    """
    An order that is let through is large enough to rest, or to reduce, and its price is
    a number of ticks that is stored.

    Serves: I27.

    pre: 0 < tick and 0 < least and 0 <= lots and 0 <= price
    post: __return__
    """
    listing = Listing(tick, 1, least, 1, 1)
    placement = Placement(1, 0, True, lots, price, is_reduce_only=is_reduce_only)
    try:
        number = require_placement(listing, placement, 1, 0)
    except REFUSALS:
        is_small = lots < least and not is_reduce_only
        is_odd = price % tick > 0 or not 0 < price // tick <= MAX_NUMBER
        return lots == 0 or lots > MAX_LOTS or is_small or is_odd
    return (
        number * tick == price
        and 0 < number <= MAX_NUMBER
        and (lots >= least or is_reduce_only)
    )


def an_order_that_is_over_is_not_placed(
    kind: int, self_trade: int, expiry: int, now: int
) -> bool:
    """
    An order is of a known kind, and good at this second at least.

    Serves: I28.

    pre: 0 <= kind and 0 <= self_trade and 0 <= expiry and 0 < now <= MAX_EXPIRY
    post: __return__
    """
    placement = Placement(1, 0, True, 1, 1, kind, False, self_trade, expiry)
    is_good = expiry == 0 or now <= expiry <= MAX_EXPIRY
    try:
        require_placement(Listing(1, 1, 1, 1, 1), placement, 1, now)
    except (OutOfBounds, OrderExpired):
        return kind > 3 or self_trade > 1 or not is_good
    return kind <= 3 and self_trade <= 1 and is_good


def a_book_counts_what_is_stored(
    units: int, least: int, impact: int, spread: int
) -> bool:
    """
    A listing's tick is a stored price, and each of its fields fits.

    Serves: I27.

    pre: 0 <= units and 0 <= least and 0 <= impact and 0 <= spread
    post: __return__
    """
    listing = Listing(units, 10**15, least, impact, spread)
    is_tick = units % 10**6 == 0 and 0 < units < 2**40 * 10**6
    is_notional = impact % 10**18 == 0 and 0 < impact < 2**32 * 10**18
    fits = 0 < least < 2**32 and 0 < spread < 2**20
    try:
        require_listing(3, listing)
    except OutOfBounds:
        return not (is_tick and is_notional and fits)
    return is_tick and is_notional and fits


def usdc_is_not_traded_for_itself(lot: int, instrument: int) -> bool:
    """
    A lot is the WAD of a spot asset or one of a market; USDC has no book.

    Serves: I27.

    pre: 0 < lot and 0 <= instrument < 3
    post: __return__
    """
    listing = Listing(10**6, lot, 1, 10**18, 1)
    try:
        require_listing(SPOT, listing)
    except UnknownAsset:
        scales = get_scale(instrument, listing), get_scale(SPOT + instrument, listing)
        return scales == (1, lot)
    return False


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/listings.py", old, new),)


MUTANTS = {
    "an_order_is_of_a_size_that_fits": _mutant(
        "if max_fills > MAX_VISITS:", "if max_fills > MAX_VISITS + 1:"
    ),
    "an_order_rests_at_a_whole_number_of_ticks": _mutant(
        "if not 0 < number <= MAX_NUMBER:", "if not 0 <= number <= MAX_NUMBER:"
    ),
    "an_order_that_is_over_is_not_placed": _mutant(
        "placement.expiry != NEVER and placement.expiry < now",
        "placement.expiry != NEVER and placement.expiry + 1 < now",
    ),
    "a_book_counts_what_is_stored": _mutant(
        "if not 0 < listing.max_spread < 2**20:",
        "if not 0 <= listing.max_spread < 2**20:",
    ),
    "usdc_is_not_traded_for_itself": _mutant(
        "return listing.lot if is_spot(instrument) else 1",
        "return 1 if is_spot(instrument) else listing.lot",
    ),
}
