"""Laws of positions: what one side gains the other loses, but for dust."""

from specs.liquidity_fund import Fund, pay
from specs.perpetual import Position, compute_cost, compute_value, settle, trade
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
}
