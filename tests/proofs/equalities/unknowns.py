"""
Layer 2 of what is composed of functions that are proved equal: these are the same
unknown functions in the contract and in the specification.
"""

from specs import money_market, perpetual
from specs.fixed_point import WAD
from specs.perpetual import Position
from tests.proofs.equalities.pools import (
    CURVE,
    NOW,
    STORED,
    get_surplus,
    is_pool,
    load,
    make_pool,
)
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within
from tests.proofs.shared import (
    COST,
    DIVISIONS,
    RATE,
    SIGNED_DOWN,
    SIGNED_UP,
    UTILISATION,
)


def grow(asset: int, *words: int) -> int:
    """Return the borrow index of a pool now."""
    *pool, funds, curve, now = words
    found = make_pool(tuple(pool), curve)
    return money_market.compute_borrow_index(found, get_surplus(funds), now)


def is_curve(curve: int) -> bool:
    """Tell whether a curve's lines meet between nothing and all."""
    optimal = make_pool((0,) * 7, curve).curve.optimal
    return within((optimal, 1, WAD - 1))


def can_grow(asset: int, *words: int) -> bool:
    """Tell whether a pool can be stored, and time does not go back."""
    return is_pool(*words) and is_curve(words[-2]) and words[2] <= words[-1]


def get_index(
    asset: int, index: int, total: int, cash: int, curve: int, funds: int, now: int
) -> int:
    """Return the borrow index of a stored pool now."""
    held = funds if asset == 0 else 0
    return grow(asset, *load(asset, index, total, cash), held, curve, now)


def can_be_read(
    asset: int, index: int, total: int, cash: int, curve: int, funds: int, now: int
) -> bool:
    """Tell whether the stored pool can grow."""
    return can_grow(asset, *load(asset, index, total, cash), funds, curve, now)


INDEX = (
    same(
        "money_market._compute_borrow_index",
        grow,
        ("rate * elapsed, fp.RAY", "rate * elapsed, fp.WAD"),
        fits=can_grow,
        reads={**CURVE, **NOW},
        shares=(*DIVISIONS, RATE, UTILISATION),
        is_bounded=True,
        is_one_sided=True,
    ),
    same(
        "money_market._borrow_index",
        get_index,
        (
            "return self._compute_borrow_index(asset, pool, self._funds(asset))",
            "return self._compute_borrow_index(asset, pool, state.funds)",
        ),
        fits=can_be_read,
        reads={**STORED, **CURVE, "funds": ("funds",), **NOW},
        shares=(*DIVISIONS, RATE, UTILISATION),
        is_bounded=True,
        is_one_sided=True,
    ),
)


def trade(
    held: int, basis: int, lots: int, lot: int, price: int, funding_index: int
) -> tuple[int, int, int]:
    """Return a position's lots and basis after a trade, and the gain."""
    found = perpetual.trade(Position(held, basis), lots, lot, price, funding_index)
    return found.position.lots, found.position.basis, found.gain


def compute_value(
    lots: int, basis: int, lot: int, price: int, funding_index: int
) -> int:
    """Return the value of the position with those fields."""
    return perpetual.compute_value(Position(lots, basis), lot, price, funding_index)


def is_market(lots: int, lot: int, price: int, funding_index: int) -> bool:
    """Tell whether a size, a lot, a price and a funding index can be stored."""
    return within(
        (lots, -(2**57), 2**57),
        (lot, 0, 2**64),
        (price, 0, 2**100),
        (funding_index, -(2**127), 2**127),
    )


POSITIONS = (
    same(
        "perpetual._compute_value",
        compute_value,
        ("    return worth - basis", "    return worth + basis"),
        ("    return worth - basis", "    return unsafe_sub(worth, basis)"),
        ("        size = -size\n    worth", "        size = size\n    worth"),
        fits=lambda lots, basis, lot, price, funding_index: (
            within((basis, -(2**127), 2**127))
            and is_market(lots, lot, price, funding_index)
        ),
        shares=(SIGNED_DOWN,),
    ),
    same(
        "perpetual._compute_cost",
        perpetual.compute_cost,
        (
            "return fp._signed_mul_div_up(size, ",
            "return fp._signed_mul_div_down(size, ",
        ),
        fits=is_market,
        shares=(SIGNED_UP,),
    ),
)

TRADES = (
    same(
        "perpetual._trade",
        trade,
        (
            "gain -= fp._signed_mul_div_up(basis, closing",
            "gain -= fp._signed_mul_div_down(basis, closing",
        ),
        fits=lambda held, basis, lots, lot, price, funding_index: within(
            (held, -perpetual.MAX_LOTS, perpetual.MAX_LOTS),
            (basis, -(2**127), 2**127 - 1),
            (lots, -perpetual.MAX_LOTS, perpetual.MAX_LOTS),
            (lot, 1, 10**18),
            (price, 0, 2**100),
            (funding_index, -(2**127), 2**127 - 1),
        ),
        shares=(*DIVISIONS, COST),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = (*INDEX, *POSITIONS, *TRADES)
