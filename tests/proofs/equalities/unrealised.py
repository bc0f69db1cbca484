"""
Layer 2 of unrealised PnL: funding, entry ticks, and what interest and gains are worth.

Quotients, ticks and rates are the same unknown functions on both sides.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import z3

from specs import fixed_point, funding, grid, packing, state, virtual_pnl
from specs.funding import Funding
from specs.packing import get_field
from specs.perpetual import Position
from specs.state import Cull
from tests.proofs.equalities.pools import AMOUNTS, INDICES
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.leaves import symbol
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.lifter.terms import answer
from tests.proofs.lifter.words import MODULUS, SIGN
from tests.proofs.shared import (
    DOWN,
    FUNDING_RATE,
    SIGNED_DOWN,
    SIGNED_UP,
    TICK_DOWN,
    TICK_UP,
    Shared,
)

PRICES = 2**100
WORTH = 2**127
LEAST = 12
"""The exponent of the smallest lot."""
LAST_PRICE = grid.get_price(grid.MAX_TICK)


def by_sign(*numbers: int) -> bool:
    """Look at what is below, at and above zero apart; what is negated has a size."""
    return all(number < 0 or number == 0 or number > 0 for number in numbers)


# Funding


class Product(Symbolic):
    """Numbers to be multiplied, of which the quotient is the shared function."""

    __slots__ = ("factors",)

    def __init__(self, x: Any, y: Any = 1):
        super().__init__(formula_of(x) * formula_of(y))
        self.factors = x, y

    def __mul__(self, other: Any) -> "Product":
        x, y = self.factors
        return Product(x, y * other)

    def __add__(self, other: Any) -> "Product":
        return Product(super().__add__(other))

    def __floordiv__(self, divisor: Any) -> Any:
        return fixed_point.signed_mul_div_down(*self.factors, divisor)


def advance(*words: int) -> tuple[int, ...]:
    """Return the words of a market's funding, brought to now."""
    index, rate, held, premium_time, *times = words[:6]
    before = Funding(index, Product(rate), held, Product(premium_time), *times)
    interval, mark, premium, now = words[6:]
    after = funding.advance(before, interval, mark, premium, now)
    return tuple(vars(after).values())


def can_advance(*words: int) -> bool:
    """Tell whether the funding can be stored, and its times are past."""
    index, rate, premium, premium_time, started, updated, interval, mark, new, now = (
        words
    )
    return (
        within(
            (index, -WORTH, WORTH - 1),
            (rate, -funding.RATE_CAP, funding.RATE_CAP),
            (premium, -(2**63), 2**63),
            (premium_time, -WORTH, WORTH),
            (started, 0, 2**32),
            (updated, 0, 2**32),
            (interval, 1, 2**32),
            (mark, 0, PRICES),
            (new, -(2**63), 2**63),
            (now, 0, 2**32),
        )
        and started <= now
        and updated <= now
        and by_sign(rate, premium, premium_time)
    )


FUNDING = (
    same(
        "funding._advance",
        advance,
        ("min(elapsed, interval)", "elapsed"),
        ("premium_time, 1, span", "premium_time, 1, interval"),
        fits=can_advance,
        shares=(SIGNED_DOWN, FUNDING_RATE),
    ),
)

# Interest and entries


def is_at_mark(market: int, cursor: int, quote: int) -> bool:
    """Return whether the price for interest is the mark, within the grid's range."""
    mark = virtual_pnl.clamp(get_field(quote, packing.MARK["slow"]))
    return get_field(cursor, packing.CURSOR["price"]) == mark


def answered(
    function: str, *ranges: tuple[int, int], rests_on: tuple[str, ...] = ()
) -> tuple[Cut, Callable[..., tuple[Any, ...]]]:
    """
    Return the cut of a function that reads, and what the reference calls instead.

    Either gets the same unknown words for the same arguments; of what the function says
    of them, or refuses, nothing is known but what the proofs that it rests on show.
    """
    names = [f"{function} {i}" for i in range(len(ranges))]

    def answer_it(asked: Asked) -> Answer:
        pairs = zip(names, ranges, strict=True)
        return Answer([answer(name, *each, *asked.arguments) for name, each in pairs])

    def ask(*arguments: Any) -> tuple[Any, ...]:
        keys = [formula_of(argument) for argument in arguments]
        return tuple(Symbolic(symbol(name, keys, z3.IntSort())) for name in names)

    return Cut(function, answer_it, rests_on), ask


PENDING, get_pending = answered(
    "virtual_pnl._pending", (-SIGN, SIGN - 1), (0, MODULUS - 1)
)


def compute_interest(*words: int) -> int:
    """Return what is pending is worth, whatever is pending."""
    lend, borrow = get_pending(*words)
    assume(within((lend, -WORTH, WORTH), (borrow, 0, AMOUNTS)))
    return virtual_pnl.compute_worth(lend, borrow, *words[4:])


def compute_entry(lots: int, basis: int, exponent: int, funding_index: int) -> int:
    """Do as the specification for a lot that is a power of ten."""
    position = Position(lots, basis)
    return virtual_pnl.compute_entry(position, 10**exponent, funding_index)


def can_enter(lots: int, basis: int, exponent: int, funding_index: int) -> bool:
    """Tell whether a position has a size and can be stored."""
    return (
        within(
            (lots, -(2**57), 2**57),
            (basis, -WORTH, WORTH - 1),
            (exponent, 0, 18),
            (funding_index, -WORTH, WORTH - 1),
        )
        and lots != 0
        and by_sign(lots, basis, funding_index)
    )


GAINS, get_gains = answered("tick_set._gains", (0, MODULUS - 1), (0, MODULUS - 1))

GRID_PRICE = Shared(
    "grid._price",
    grid.get_price,
    "bytecode.grid.price",
    lambda tick: z3.And(tick >= 0, tick <= grid.MAX_TICK),
    lambda tick: (0, LAST_PRICE),
    lambda price, tick: [
        price == grid.get_price(tick.as_long())
        if z3.is_int_value(tick)
        else z3.And(price >= 0, price <= LAST_PRICE)
    ],
)
"""The price of a tick of the grid."""


def get_credit(*words: int) -> int:
    """
    Return what a gain counts for, whatever all winners of its market have gained; at a
    price that can be stored.
    """
    market, word, exponent, mark, price, worst_value, cursor, fund, cull = words
    assume(price % virtual_pnl.PRICE_UNIT == 0)
    lots, entry = (get_field(word, packing.POSITION[n]) for n in ("lots", "entry"))
    position = Position(lots, 0, entry - 1)
    slow = get_field(mark, packing.MARK["slow"])
    listed = SimpleNamespace(
        cursor=get_field(cursor, packing.CURSOR["price"]),
        quote=SimpleNamespace(slow=slow),
        lot=10 ** (exponent - LEAST) * 10**LEAST,
        cull=Cull(get_field(cull, packing.CULL["credit_cap"])),
        fund=SimpleNamespace(balance=get_field(fund, packing.FUND["balance"])),
    )
    with (
        patch.object(state, "get_worse_price", lambda *_: price),
        patch.object(state, "get_winners", lambda *_: get_gains(market, exponent)[0]),
    ):
        markets = SimpleNamespace(markets={0: listed})
        return state.get_credit(markets, 0, position, worst_value)


def has_credit(*words: int) -> bool:
    """Tell whether it is of a position inside the tick set, at a stored price."""
    entry = get_field(words[1], packing.POSITION["entry"])
    return within(
        (entry, 1, grid.MAX_TICK + 1),
        (words[2], LEAST, 18),
        (words[4], 0, PRICES),
        (words[5], 0, WORTH),
    )


VIRTUAL = (
    same(
        "virtual_pnl._worth",
        virtual_pnl.compute_worth,
        (
            "_signed_mul_div_down(lend, lend_index",
            "_signed_mul_div_up(lend, lend_index",
        ),
        fits=lambda lend, borrow, lend_index, borrow_index: within(
            (lend, -WORTH, WORTH),
            (borrow, 0, AMOUNTS),
            (lend_index, 0, INDICES),
            (borrow_index, 0, INDICES),
        ),
    ),
    same(
        "virtual_pnl._clamp",
        lambda mark: virtual_pnl.clamp(get_field(mark, packing.MARK["slow"])) // 10**6,
        ("mark >> 176, grid", "mark >> 175, grid"),
    ),
    same(
        "virtual_pnl._interest",
        compute_interest,
        (
            "self._worth(lend, borrow, lend_index, borrow_index)",
            "self._worth(lend, borrow, borrow_index, lend_index)",
        ),
        fits=lambda *words: within((words[4], 0, INDICES), (words[5], 0, INDICES)),
        cuts=(PENDING,),
    ),
    same(
        "virtual_pnl._is_at_mark",
        is_at_mark,
        ("== self._clamp(state.market_quote", ">= self._clamp(state.market_quote"),
        reads={
            "cursor": ("state.market_cursor", "market"),
            "quote": ("state.market_quote", "market"),
        },
    ),
    same(
        "virtual_pnl._compute_entry",
        compute_entry,
        ("fp._signed_mul_div_up(price, 1", "fp._signed_mul_div_down(price, 1"),
        ("fp._signed_mul_div_down(-basis,", "fp._signed_mul_div_up(-basis,"),
        fits=can_enter,
        shares=(SIGNED_DOWN, SIGNED_UP, TICK_UP, TICK_DOWN),
    ),
    same(
        "virtual_pnl._credit",
        get_credit,
        (
            "if tick_set._cursor(market) != self._clamp(mark):",
            "if tick_set._cursor(market) < self._clamp(mark):",
        ),
        ("uint256), backing, winners", "uint256), winners, backing"),
        fits=has_credit,
        reads={
            "words[6]": ("state.market_cursor", "words[0]"),
            "words[7]": ("state.market_fund", "words[0]"),
            "words[8]": ("state.market_cull", "words[0]"),
        },
        cuts=(GAINS,),
        shares=(DOWN, GRID_PRICE),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = (*FUNDING, *VIRTUAL)
