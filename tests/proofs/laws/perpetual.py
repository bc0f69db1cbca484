"""Laws of positions: what one side gains the other loses, but for dust."""

from specs.liquidity_fund import Fund, pay
from specs.perpetual import (
    Position,
    compute_cost,
    compute_notional,
    compute_opening,
    compute_value,
    is_reduction,
    settle,
    trade,
)
from tests.proofs.proof import Mutant


def a_fill_leaves_at_most_one_unit(
    lots: int, lot: int, price: int, funding_index: int
) -> bool:
    """
    What buyer and seller are booked for a fill adds up to 0, or to 1 for the fund.

    Serves: I20, I24.

    pre: 0 < lots and 0 < lot and 0 < price
    post: __return__
    """
    bought = compute_cost(lots, lot, price, funding_index)
    sold = compute_cost(-lots, lot, price, funding_index)
    return 0 <= bought + sold <= 1


def a_trade_books_its_cost(
    held: int, basis: int, lots: int, price: int, funding_index: int
) -> bool:
    """
    A trade moves size and basis by its own lots and cost, whatever it closes.

    Serves: I19, I20, I24.

    pre: 0 < price
    post: __return__
    """
    traded = trade(Position(held, basis), lots, 10**12, price, funding_index).position
    cost = compute_cost(lots, 10**12, price, funding_index)
    return traded.lots == held + lots and traded.basis == basis + cost


def two_sides_are_worth_no_more_than_nothing(
    lots: int, lot: int, price: int, funding_index: int
) -> bool:
    """
    A long and a short of one size are worth 0 together, or lose 1 to rounding.

    Serves: I20, I24.

    pre: 0 < lots and 0 < lot and 0 < price
    post: __return__
    """
    long = compute_value(Position(lots), lot, price, funding_index)
    short = compute_value(Position(-lots), lot, price, funding_index)
    return -1 <= long + short <= 0


def funding_is_paid_by_the_other_side(
    lots: int, lot: int, price: int, funding_index: int, later_index: int
) -> bool:
    """
    When the funding index moves, what a long pays and a short gets differ by dust.

    Serves: I20, I21.

    pre: 0 < lots and 0 < lot and 0 < price
    post: __return__
    """
    change = 0
    for size in (lots, -lots):
        before = compute_value(Position(size), lot, price, funding_index)
        change += compute_value(Position(size), lot, price, later_index) - before
    return -1 <= change <= 1


def a_realisation_keeps_the_fund_identity(
    lots: int, basis: int, price: int, balance: int, cap: int, gain: int
) -> bool:
    """
    A position's value and its market's fund fall by the same amount.

    Serves: I22, I24.

    pre: 0 < price and 0 <= cap
    post: __return__
    """
    position = Position(lots, basis)
    fund, paid = pay(Fund(balance, cap), gain)
    before = balance - compute_value(position, 10**12, price, 0)
    after = fund.balance - compute_value(settle(position, paid), 10**12, price, 0)
    return after == before


def a_fill_in_two_parts_costs_no_less(
    one: int, other: int, lot: int, price: int, funding_index: int
) -> bool:
    """
    Whoever fills a size in two parts instead of one is not better off by it.

    Serves: I8, I24.

    pre: 0 < lot and 0 < price
    post: __return__
    """
    apart = compute_cost(one, lot, price, funding_index) + compute_cost(
        other, lot, price, funding_index
    )
    whole = compute_cost(one + other, lot, price, funding_index)
    return whole <= apart <= whole + 1


def a_round_trip_at_one_price_earns_nothing(
    lots: int, held: int, basis: int, price: int, funding_index: int
) -> bool:
    """
    To buy and sell again at one price leaves a position worth no more than it was, and
    less by no more than a unit.

    Serves: I8, I24.

    pre: 0 < price
    post: __return__
    """
    old = Position(held, basis)
    between = trade(old, lots, 10**12, price, funding_index).position
    after = trade(between, -lots, 10**12, price, funding_index).position
    return after.lots == held and basis <= after.basis <= basis + 1


def a_fill_leaves_the_fund_what_its_sides_lose(
    held: int, basis: int, lots: int, price: int, mark: int
) -> bool:
    """
    At mark a fill at another price moves value from one side to the other, and leaves
    at most a unit, and the rounding of each value.

    Serves: I20, I24.

    pre: 0 < lots and 0 < price and 0 < mark
    post: __return__
    """
    buyer, seller = Position(held, basis), Position(-held, -basis)
    before = compute_value(buyer, 10**12, mark, 0)
    before += compute_value(seller, 10**12, mark, 0)
    bought = trade(buyer, lots, 10**12, price, 0).position
    sold = trade(seller, -lots, 10**12, price, 0).position
    after = compute_value(bought, 10**12, mark, 0)
    after += compute_value(sold, 10**12, mark, 0)
    return before - 2 <= after <= before + 1


def what_is_closed_realises_its_share_and_no_more(
    held: int, basis: int, price: int, part: int
) -> bool:
    """
    A gain closed in part is no more than that share of the position's value, and all of
    it, rounded down, if all is closed.

    Serves: I22, I24, I25.

    pre: 0 < held and 0 < price and 0 < part <= held
    post: __return__
    """
    position = Position(held, basis)
    gain = trade(position, -part, 10**12, price, 0).gain
    exact = held * price - basis * 10**6
    is_share = gain * held * 10**6 <= exact * part
    if part == held:
        return is_share and gain == compute_value(position, 10**12, price, 0)
    return is_share and exact * part < (gain + 2) * held * 10**6


def an_opening_is_what_no_position_covers(held: int, lots: int) -> bool:
    """
    A trade closes as much as it can; what opens is of its own side.

    Serves: I19, I28.

    post: __return__
    """
    opening = compute_opening(held, lots)
    closing = lots - opening
    return (
        opening * lots >= 0
        and closing * held <= 0
        and abs(closing) <= abs(held)
        and (opening == 0 or closing in (0, -held))
        and (closing != 0 or held * lots >= 0)
        and is_reduction(held, lots) == (lots != 0 and held != 0 and opening == 0)
    )


def a_notional_counts_either_side_alike(lots: int, more: int, price: int) -> bool:
    """
    A long's notional is a short's; it rounds up and grows with size.

    Serves: I12.

    pre: 0 <= lots <= more and 0 <= price
    post: __return__
    """
    notional = compute_notional(lots, 10**12, price)
    is_exact = (notional - 1) * 10**6 < lots * price <= notional * 10**6
    is_alike = compute_notional(-lots, 10**12, price) == notional
    return is_exact and is_alike and notional <= compute_notional(more, 10**12, price)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/perpetual.py", old, new),)


_ROUND_UP = "return signed_mul_div_up(size * sign, abs(price), WAD)"
_ROUND_DOWN = "return signed_mul_div_down(size * sign, abs(price), WAD)"

MUTANTS = {
    "a_fill_leaves_at_most_one_unit": _mutant(
        _ROUND_UP, _ROUND_UP.replace("_up(", "_down(")
    ),
    "a_trade_books_its_cost": _mutant(
        "basis=position.basis + cost),", "basis=position.basis + cost - share),"
    ),
    "two_sides_are_worth_no_more_than_nothing": _mutant(
        _ROUND_DOWN, _ROUND_DOWN.replace("_down(", "_up(")
    ),
    "funding_is_paid_by_the_other_side": _mutant(
        "_times(size, price - funding_index, rounds_up=False)",
        "_times(size, price - min(size, lot) * funding_index, rounds_up=False)",
    ),
    "a_realisation_keeps_the_fund_identity": _mutant(
        "basis=position.basis + paid", "basis=position.basis - paid"
    ),
    "a_fill_in_two_parts_costs_no_less": _mutant(
        "return _times(lots * lot, price - funding_index, rounds_up=True)",
        "return _times(lots * lot, price - funding_index, rounds_up=False)",
    ),
    "a_round_trip_at_one_price_earns_nothing": _mutant(
        "basis=position.basis + cost),", "basis=position.basis + abs(cost)),"
    ),
    "a_fill_leaves_the_fund_what_its_sides_lose": _mutant(
        "basis=position.basis + cost),", "basis=position.basis + cost - 2),"
    ),
    "what_is_closed_realises_its_share_and_no_more": _mutant(
        "signed_mul_div_up(position.basis, closing, abs(position.lots)) if",
        "signed_mul_div_down(position.basis, closing, abs(position.lots)) if",
    ),
    "an_opening_is_what_no_position_covers": (
        *_mutant("    return Lots(held + lots)\n", "    return lots\n"),
        *_mutant(
            "return held * lots < 0 and abs(lots) <= abs(held)",
            "return held * lots < 0",
        ),
    ),
    "a_notional_counts_either_side_alike": _mutant(
        "mul_div_up(abs(lots) * lot, price, WAD)",
        "signed_mul_div_up(lots * lot, price, WAD)",
    ),
}
