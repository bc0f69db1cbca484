"""Laws of open orders: margin covers whatever part of them is filled."""

from specs.fixed_point import WAD
from specs.open_orders import (
    NONE,
    OpenOrders,
    compute_ask_debt,
    compute_bid_cost,
    compute_bid_loss,
    compute_worst_lots,
)
from specs.requirements import Haircut
from tests.proofs.proof import Mutant


def no_fill_leaves_more_than_the_worst(
    held: int, bids: int, asks: int, bought: int, sold: int
) -> bool:
    """
    Whatever of both sides is filled, no larger position comes of it; of none, all bids
    or all asks exactly that one does.

    Serves: I17.

    pre: 0 <= bought <= bids and 0 <= sold <= asks
    post: __return__
    """
    worst = compute_worst_lots(held, OpenOrders(bids, asks))
    ends = (held, held + bids, held - asks)
    is_reached = any(worst in (end, -end) for end in ends)
    return -worst <= held + bought - sold <= worst and is_reached


def an_order_never_lowers_the_worst(
    held: int, bids: int, asks: int, more_bids: int, more_asks: int
) -> bool:
    """
    Orders that are added release nothing, and none bind what is held alone.

    Serves: I17.

    pre: 0 <= bids and 0 <= asks and 0 <= more_bids and 0 <= more_asks
    post: __return__
    """
    before = compute_worst_lots(held, OpenOrders(bids, asks))
    after = compute_worst_lots(held, OpenOrders(bids + more_bids, asks + more_asks))
    return compute_worst_lots(held, NONE) == abs(held) <= before <= after


def bids_cost_no_less_at_more(bids: int, more: int, high: int, higher: int) -> bool:
    """
    Bids cost what they are worth, rounded up, and more bids or a higher price no less.

    Serves: I17.

    pre: 0 <= bids <= more and 0 <= high <= higher
    post: __return__
    """
    cost = compute_bid_cost(bids, high)
    return (
        bids * high <= cost * WAD < bids * high + WAD
        and cost <= compute_bid_cost(more, high)
        and cost <= compute_bid_cost(bids, higher)
    )


def no_bid_loses_nothing(
    held: int, owed: int, low: int, high: int, weight: int
) -> bool:
    """
    Without bids nothing is lost.

    Serves: I17.

    pre: 0 <= held and 0 <= owed and 0 <= low <= high and 0 <= weight <= 10**6
    post: __return__
    """
    return compute_bid_loss(0, held, owed, low, high, Haircut(weight, 0)) == 0


def bids_that_repay_lose_a_unit_at_most(
    bids: int, held: int, owed: int, low: int, high: int, weight: int
) -> bool:
    """
    Whoever buys back what is owed loses nothing but a rounding.

    Serves: I17.

    pre: 0 <= bids <= owed and 0 <= held and 0 <= low <= high and 0 <= weight <= 10**6
    post: __return__
    """
    return 0 <= compute_bid_loss(bids, held, owed, low, high, Haircut(weight, 0)) <= 1


def asks_of_what_is_held_owe_nothing_more(
    asks: int, held: int, owed: int, high: int
) -> bool:
    """
    To sell what is there leaves no debt but the one before, which is rounded up.

    Serves: I17.

    pre: 0 <= asks <= held and 0 <= owed and 0 <= high
    post: __return__
    """
    debt = compute_ask_debt(asks, held, owed, high)
    return owed * high <= debt * WAD < owed * high + WAD


def asks_beyond_what_is_held_are_owed(
    asks: int, held: int, owed: int, high: int
) -> bool:
    """
    What is sold and not there is owed besides, all of it worth its price, rounded up.

    Serves: I17.

    pre: 0 <= held <= asks and 0 <= owed and 0 <= high
    post: __return__
    """
    debt = compute_ask_debt(asks, held, owed, high)
    worth = (owed + asks - held) * high
    return worth <= debt * WAD < worth + WAD


def asks_owe_no_less_at_more(
    asks: int, more: int, held: int, less: int, owed: int, high: int, higher: int
) -> bool:
    """
    More asks, less to cover them and a higher price leave no smaller debt.

    Serves: I17.

    pre: 0 <= asks <= more and 0 <= less <= held and 0 <= owed and 0 <= high <= higher
    post: __return__
    """
    debt = compute_ask_debt(asks, held, owed, high)
    return (
        debt <= compute_ask_debt(more, held, owed, high)
        and debt <= compute_ask_debt(asks, less, owed, high)
        and debt <= compute_ask_debt(asks, held, owed, higher)
    )


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/open_orders.py", old, new),)


_SIDES = "abs(held + orders.bids), abs(held - orders.asks)"
_COST = "    return Wad(mul_div_up(bids, high, WAD))"
_DEBT = "mul_div_up(owed + max(0, asks - held), high, WAD)"

MUTANTS = {
    "no_fill_leaves_more_than_the_worst": (
        *_mutant(_SIDES, "abs(held + orders.bids)"),
        *_mutant(_SIDES, "abs(held) + orders.bids + orders.asks"),
    ),
    "an_order_never_lowers_the_worst": _mutant(
        _SIDES, "abs(held + orders.bids - orders.asks)"
    ),
    "bids_cost_no_less_at_more": _mutant(_COST, _COST.replace("_up", "_down")),
    "no_bid_loses_nothing": _mutant(
        "gained -= compute_counted(held, low, haircut)",
        "gained -= compute_counted(held, high, haircut)",
    ),
    "bids_that_repay_lose_a_unit_at_most": _mutant(
        "gained = mul_div_down(repaid, high, WAD)",
        "gained = mul_div_down(repaid, low, WAD)",
    ),
    "asks_of_what_is_held_owe_nothing_more": _mutant(
        _DEBT, _DEBT.replace("max(0, asks - held)", "asks - held")
    ),
    "asks_beyond_what_is_held_are_owed": _mutant(
        _DEBT, _DEBT.replace("max(0, asks - held)", "0")
    ),
    "asks_owe_no_less_at_more": _mutant(
        _DEBT, _DEBT.replace("max(0, asks - held)", "abs(asks - held)")
    ),
}
