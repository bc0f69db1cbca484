"""
Open orders.

What an account has resting on the book, and how much margin it binds: that of the worst
of no order, all bids and all asks filled, of each instrument by itself (I17). Kept as
two sizes for an instrument, so that nobody loops over orders.

A perpetual's orders are filled at mark. A spot order is filled at the higher of slow
and fast price: a bid costs so much USDC and leaves collateral at the lower price, an
ask beyond what is held leaves a debt at the higher one.

Counterpart of ``contracts/modules/open_orders.vy``.
"""

from dataclasses import dataclass
from typing import Final

from specs.fixed_point import WAD, Lots, Wad, mul_div_down, mul_div_up
from specs.requirements import Haircut, compute_weight


@dataclass(frozen=True)
class OpenOrders:
    """Sizes of resting orders: lots of a market, or WAD of a spot asset."""

    bids: int = 0
    asks: int = 0


NONE: Final = OpenOrders()


def compute_worst_lots(held: Lots, orders: OpenOrders) -> Lots:
    """Return the largest position, without its sign, that one side could leave."""
    return Lots(max(abs(held), abs(held + orders.bids), abs(held - orders.asks)))


def compute_bid_cost(bids: int, high: Wad) -> Wad:
    """Return the USDC that spot bids cost at the price ``high``, rounded up."""
    return Wad(mul_div_up(bids, high, WAD))


def compute_bid_loss(
    bids: int, held: Wad, owed: Wad, low: Wad, high: Wad, haircut: Haircut
) -> Wad:
    """
    Return by how much equity falls if all bids are filled at ``high``, rounded up: what
    they cost less the debt that they repay and the collateral that they leave, which
    counts at ``low``.
    """
    repaid = min(bids, owed)
    gained = mul_div_down(repaid, high, WAD)
    gained += compute_counted(Wad(held + bids - repaid), low, haircut)
    gained -= compute_counted(held, low, haircut)
    return Wad(max(0, compute_bid_cost(bids, high) - gained))


def compute_ask_debt(asks: int, held: Wad, owed: Wad, high: Wad) -> Wad:
    """Return the worth at ``high`` of the debt that all asks leave, rounded up."""
    return Wad(mul_div_up(owed + max(0, asks - held), high, WAD))


def compute_counted(held: Wad, price: Wad, haircut: Haircut) -> Wad:
    """Return what a collateral counts for at ``price``, rounded down twice."""
    value = mul_div_down(held, price, WAD)
    return Wad(mul_div_down(value, compute_weight(haircut, held), WAD))
