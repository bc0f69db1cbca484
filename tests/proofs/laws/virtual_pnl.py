"""Laws of virtual PnL: what interest winners earn, losers owe."""

from specs import grid
from specs.fixed_point import RAY, WAD  # noqa: F401, a condition needs it
from specs.perpetual import Position
from specs.virtual_pnl import (
    clamp,
    compute_gain,
    compute_interest,
    compute_reached,
    compute_share,
    compute_worth,
    earn,
    get_entry_price,
)
from specs.weights import WEIGHT_ONE
from tests.proofs.proof import Mutant

LOT = 10**12


def a_long_gains_what_a_short_loses(lots: int, price: int) -> bool:
    """
    A long and a short of one size and entry tick gain nothing together.

    Serves: I3, I24.

    pre: 0 <= price
    post: __return__
    """
    unit = 10**6
    long = compute_gain(Position(lots, 0, 700), LOT, price * unit)
    short = compute_gain(Position(-lots, 0, 700), LOT, price * unit)
    return long + short == 0


def interest_is_never_negative(
    lots: int, price: int, lend_fall: int, borrow_fall: int
) -> bool:
    """
    While indices grow, what is pending of either kind does not fall.

    Serves: I5.

    pre: 0 <= price and 0 <= lend_fall and 0 <= borrow_fall
    post: __return__
    """
    position = Position(lots, 0, 700, 5, 7)
    after = earn(position, LOT, price * 10**6, lend_fall, borrow_fall)
    return after.pending_lend >= 5 and after.pending_borrow >= 7


def two_accruals_earn_what_one_does(
    lots: int, price: int, first: int, second: int
) -> bool:
    """
    At one cursor the falls of two accruals add up, to the last part of a unit.

    Serves: I23.

    pre: 0 <= price
    post: __return__
    """
    position, cursor = Position(lots, 0, 700), price * 10**6
    both = earn(earn(position, LOT, cursor, first, first), LOT, cursor, second, second)
    return both == earn(position, LOT, cursor, first + second, first + second)


def interest_rounds_against_the_account(pending_lend: int, pending_borrow: int) -> bool:
    """
    Scaled units earned are no more, and those owed no less, than is pending.

    Serves: I3, I23.

    post: __return__
    """
    lend, borrow = compute_interest(pending_lend, pending_borrow)
    return (
        lend * WEIGHT_ONE <= pending_lend < (lend + 1) * WEIGHT_ONE
        and (borrow - 1) * WEIGHT_ONE < pending_borrow <= borrow * WEIGHT_ONE
    )


def interest_is_worth_no_more_than_it_is(
    lend: int, borrow: int, lend_index: int, borrow_index: int
) -> bool:
    """
    The worth of scaled interest, earned or lost by bad debt, is rounded down.

    Serves: I15.

    pre: 0 <= borrow and 0 < lend_index and 0 < borrow_index
    post: __return__
    """
    worth = compute_worth(lend, borrow, lend_index, borrow_index)
    return worth * RAY <= lend * lend_index - borrow * borrow_index


def a_share_is_within_gain_and_backing(gain: int, backing: int, gains: int) -> bool:
    """
    A gain counts for no more than itself, nor than all that backs the market's gains.

    Serves: I16.

    pre: 0 <= gain <= gains and 0 <= backing
    post: __return__
    """
    share = compute_share(gain, backing, gains)
    return 0 <= share <= gain and share <= backing


def a_share_is_its_part_of_the_backing(gain: int, backing: int, gains: int) -> bool:
    """
    Where gains exceed the backing, a share is its gain's part of it, rounded down.

    Summed over all winners, whose gains are ``gains``: their credits are no more than
    the backing, and less than it by less than a unit for each of them.

    Serves: I16.

    pre: 0 <= gain <= gains and 0 <= backing < gains
    post: __return__
    """
    share = compute_share(gain, backing, gains)
    return share * gains <= gain * backing < (share + 1) * gains


def a_price_is_within_the_grid(price: int, other: int) -> bool:
    """
    A cursor is at the mark, or at the grid's last price above it, and follows it.

    Serves: I3.

    pre: 0 <= price <= other
    post: __return__
    """
    last = grid.get_price(grid.MAX_TICK) * 10**6
    clamped = clamp(price)
    is_kept = clamped == price if price <= last else clamped == last
    return is_kept and clamped <= clamp(other) <= last


def a_gain_is_measured_from_the_entry(lots: int, price: int) -> bool:
    """
    At its entry tick a position has gained nothing, outside the set never anything.

    Serves: I3, I23.

    pre: 0 <= price
    post: __return__
    """
    inside = Position(lots, 0, 900)
    is_none = compute_gain(Position(lots), LOT, price * 10**6) == 0
    at_entry = compute_gain(inside, LOT, get_entry_price(inside))
    exact = lots * (price - grid.get_price(900))
    return (
        is_none and at_entry == 0 and compute_gain(inside, LOT, price * 10**6) == exact
    )


def a_cursor_crosses_no_more_than_it_may(
    cursor: int, target: int, first: int, second: int, limit: int
) -> bool:
    """
    It stops between where it is and its target, crosses no more entry ticks than it
    may, and comes to the target if that is enough.

    Serves: I42.

    pre: 0 < cursor and 0 < target and 0 < first < second and 1 <= limit <= 2
    post: __return__
    """
    entries = (first, second)
    reached = compute_reached(cursor, target, entries, limit)
    if target > cursor:
        crossed = sum(cursor <= each < reached for each in entries)
        ahead = sum(cursor <= each < target for each in entries)
    else:
        crossed = sum(reached <= each < cursor for each in entries)
        ahead = sum(target <= each < cursor for each in entries)
    is_there = reached == target or ahead > limit
    is_between = min(cursor, target) <= reached <= max(cursor, target)
    return is_between and crossed <= limit and is_there


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/virtual_pnl.py", old, new),)


_LEND = "pending_lend=position.pending_lend + max(0, gain) * lend_fall"
_SHARE = "mul_div_down(gain, backing, gains)"

MUTANTS = {
    "a_long_gains_what_a_short_loses": _mutant(
        "return position.lots * lot * (price",
        "return abs(position.lots) * lot * (price",
    ),
    "interest_is_never_negative": _mutant(_LEND, _LEND.replace("max(0, gain)", "gain")),
    "two_accruals_earn_what_one_does": _mutant(
        _LEND, "pending_lend=max(0, gain) * lend_fall"
    ),
    "interest_rounds_against_the_account": _mutant(
        "-(-pending_borrow // WEIGHT_ONE)", "pending_borrow // WEIGHT_ONE"
    ),
    "interest_is_worth_no_more_than_it_is": _mutant(
        "mul_div_up(borrow, borrow_index, RAY)", "borrow * borrow_index // RAY"
    ),
    "a_share_is_within_gain_and_backing": _mutant(
        _SHARE, "mul_div_up(gain, backing, gains) + 1"
    ),
    "a_share_is_its_part_of_the_backing": _mutant(
        _SHARE, "mul_div_up(gain, backing, gains)"
    ),
    "a_price_is_within_the_grid": _mutant(
        "return Wad(min(price,", "return Wad(max(price,"
    ),
    "a_gain_is_measured_from_the_entry": (
        *_mutant(
            "return Wad(grid.get_price(position.entry) * PRICE_UNIT)",
            "return Wad(grid.get_price(position.entry + 1) * PRICE_UNIT)",
        ),
        *_mutant(
            "entry is None:\n        return 0\n",
            "entry is None:\n        return position.lots\n",
        ),
    ),
    "a_cursor_crosses_no_more_than_it_may": _mutant("ahead[limit - 1]", "ahead[limit]"),
}
