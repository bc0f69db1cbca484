"""
Layer 2 of the impact mid, of which the levels of a book are unknown.

Which price is best, which one is next and what rests there are functions of which
nothing is known: what is equal for any of them is equal for those that there are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import tee
from typing import Any
from unittest.mock import patch

import z3

from specs import fixed_point, impact
from specs.fixed_point import WAD
from specs.impact import MAX_LEVELS, Level
from specs.packing import get_field, unpack
from tests.proofs.equalities.books import LISTING
from tests.proofs.equalities.levels import LEVEL
from tests.proofs.equalities.prices import units
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.leaves import symbol
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.lifter.solver import prove
from tests.proofs.lifter.terms import answer
from tests.proofs.lifter.words import MODULUS


class Unknown:
    """A function that reads the book, the same one on both sides of a claim."""

    def __init__(self, function: str, results: int = 1):
        """Take its name, and how many words it returns."""
        self.names = [f"{function} {index}" for index in range(results)]
        self.cut = Cut(function, self._answer, ())

    def _answer(self, asked: Asked) -> Answer:
        return Answer([answer(n, 0, MODULUS - 1, *asked.arguments) for n in self.names])

    def __call__(self, *arguments: Any) -> Any:
        """Return what the contract is answered."""
        found = []
        for name in self.names:
            word = symbol(name, [*map(formula_of, arguments)], z3.IntSort())
            found.append(Symbolic(word))
        return found if len(found) > 1 else found[0]


BEST = Unknown("price_levels._best")
NEXT = Unknown("price_levels._next")
READ = Unknown("price_levels._read")
DOWN = Unknown("fixed_point._mul_div_down")
UP = Unknown("fixed_point._mul_div_up")
BASE = Unknown("impact._base", 2)


def walk(code: int, listing: int, is_buy: int) -> Iterator[Level]:
    """Yield the best levels of a side; what is found at no price is nothing's."""
    found = unpack(listing, LISTING)
    lot, left = 10 ** found["lot_exponent"], found["impact"]
    number = BEST(code, is_buy)
    for _ in range(MAX_LEVELS):
        if number == 0:
            return
        price = number * found["tick"]
        size = get_field(READ(code, number), LEVEL["firm"]) * lot
        needed, worth = UP(left, WAD, price), DOWN(size, price, WAD)
        note_order(size, needed, worth, left)
        left -= worth
        yield Level(price, size)
        number = NEXT(code, number, not is_buy)


def is_as_much(size: Any, needed: Any, worth: Any, left: Any) -> z3.BoolRef:
    """Return that a size is what is needed or more exactly if it is worth as much."""
    return (size >= needed) == (worth >= left)


@cache
def show_order() -> None:
    """Prove it of quotients by WAD and by a price, rounded down and up."""
    size, needed, worth, left, price = z3.Ints("size needed worth left price")
    given = [
        *(price > 0, worth * WAD <= size * price, size * price < (worth + 1) * WAD),
        *((needed - 1) * price < left * WAD, left * WAD <= needed * price),
        # More costs more.
        z3.Implies(size >= needed, size * price >= needed * price),
        z3.Implies(size < needed, size * price <= (needed - 1) * price),
    ]
    prove(given, is_as_much(size, needed, worth, left), "a level that is enough")


def note_order(size: Any, needed: Any, worth: Any, left: Any) -> None:
    """Let it be known of a level, once it is decided whether it is enough."""
    show_order()
    is_enough = size >= needed
    is_worth = formula_of(worth) >= formula_of(left)
    Symbolic.run.conditions.append(is_worth if is_enough else z3.Not(is_worth))


def get_base(code: int, listing: int, is_buy: int) -> tuple[int, int]:
    """Return what the specification divides the notional by, to buy it and to sell."""
    notional = unpack(listing, LISTING)["impact"]

    def only_base(x: int, y: int, d: int) -> int:
        return d

    def base_or_worth(x: int, y: int, d: int) -> int:
        return d if y is WAD else DOWN(x, y, d)

    levels, again = tee(walk(code, listing, is_buy))
    with divided(DOWN, only_base):
        bought = impact.compute_impact_ask(levels, notional)
    with divided(base_or_worth, UP):
        sold = impact.compute_impact_bid(again, notional)
    return bought, sold


@contextmanager
def divided(down: Callable[..., int], up: Callable[..., int]) -> Iterator[None]:
    """Let the specification divide so."""
    with (
        patch.object(impact, "mul_div_down", down),
        patch.object(impact, "mul_div_up", up),
    ):
        yield


def is_listing(code: int, listing: int, *_: int) -> bool:
    """Tell whether a listing is within its bounds."""
    found = unpack(listing, LISTING)
    return within(
        (found["tick"], 1, 2**60),
        (found["impact"], WAD, 2**92),
        (found["lot_exponent"], 12, 18),
    )


def get_mid(code: int, listing: int) -> int:
    """Return the impact mid of what is quoted for the bases of both sides, in units."""
    found = unpack(listing, LISTING)
    notional = found["impact"]
    (_, sold), (bought, _) = BASE(code, listing, True), BASE(code, listing, False)
    assume(within((sold, 0, 2**200), (bought, 0, 2**200)))

    def quote(base: int, round_it: Callable[..., int]) -> int:
        return 0 if base == 0 else round_it(notional, WAD, base)

    bid = quote(sold, fixed_point.mul_div_down)
    ask = quote(bought, fixed_point.mul_div_up)
    assume(bid <= ask or ask == 0)
    with (
        patch.object(impact, "compute_impact_bid", lambda *_: bid),
        patch.object(impact, "compute_impact_ask", lambda *_: ask),
    ):
        return units(impact.compute_mid((), (), notional, found["max_spread"]))


PROOFS = (
    same(
        "impact._mid_down",
        get_mid,
        ("code, listing, True)[1]", "code, listing, True)[0]"),
        (
            "> listings._max_spread(listing) * mid",
            "> 2 * listings._max_spread(listing) * mid",
        ),
        fits=is_listing,
        cuts=(BASE.cut,),
    ),
    same(
        "impact._base",
        get_base,
        ("        if size >= needed:\n", "        if size > needed:\n"),
        ("        base += size\n", "        base = size\n"),
        fits=is_listing,
        cuts=(BEST.cut, NEXT.cut, READ.cut, DOWN.cut, UP.cut),
        is_one_sided=True,
        cases=({"is_buy": 0}, {"is_buy": 1}),
        is_bounded=True,
    ),
)
