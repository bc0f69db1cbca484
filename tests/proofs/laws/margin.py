"""Laws of margin."""

from specs.fixed_point import WAD
from specs.margin import (
    Collateral,
    Haircut,
    Health,
    Quote,
    compute_collateral_value,
    is_improved,
)
from tests.proofs.proof import Mutant


def health_of(exposure: int, equity: int, margin: int) -> Health:
    """Return a health of which only what a reduction is judged by matters."""
    return Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


def improvements_add_up(
    exposure: int,
    equity: int,
    margin: int,
    next_exposure: int,
    next_equity: int,
    next_margin: int,
    last_exposure: int,
    last_equity: int,
    last_margin: int,
) -> bool:
    """
    Two reductions that are allowed one by one are allowed together.

    Serves: I11, I34.

    pre: 0 < margin and 0 < next_margin and 0 <= last_margin
    post: __return__
    """
    first = health_of(exposure, equity, margin)
    second = health_of(next_exposure, next_equity, next_margin)
    last = health_of(last_exposure, last_equity, last_margin)
    if is_improved(first, second) and is_improved(second, last):
        return is_improved(first, last)
    return True


def a_higher_price_never_lowers_collateral(
    held: int, weight: int, price: int, higher: int
) -> bool:
    """
    Collateral counts for no less at a higher price, and never for more than it is.

    Serves: I10, I15.

    pre: 0 <= held and 0 <= weight <= 10**6 and 0 <= price <= higher
    post: __return__
    """
    collateral = Collateral(held, Quote(0, 0, 0), Haircut(weight, 0))
    value = compute_collateral_value(collateral, price)
    return (
        value <= compute_collateral_value(collateral, higher)
        and value * WAD <= held * price
    )


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/margin.py", old, new),)


MUTANTS = {
    "improvements_add_up": _mutant(
        ">= before.equity * after.maintenance_margin",
        ">= before.equity * after.maintenance_margin - 1",
    ),
    "a_higher_price_never_lowers_collateral": (
        Mutant(
            "specs/open_orders.py",
            "return Wad(mul_div_down(value, compute_weight(haircut, held), WAD))",
            "return Wad(mul_div_up(value, compute_weight(haircut, held), WAD) + 1)",
        ),
    ),
}
