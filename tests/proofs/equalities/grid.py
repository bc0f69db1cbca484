"""
Layer 2 of bitmaps and of the grid of entry ticks: shifts by unknown distances.

Of the bits of a word the specification says nothing, since it keeps sets. What is meant
by a place of a bit is said here, with `Symbolic.bit_length` and `lowest_bit`.
"""

from collections.abc import Callable
from typing import Any

import z3

from specs import grid
from tests.proofs.exposed import same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.powers import lowest_bit as find_lowest
from tests.proofs.lifter.reference import Symbolic, formula_of, outcomes
from tests.proofs.lifter.terms import answer
from tests.proofs.lifter.words import BITS


def top_bit(word: int) -> int:
    """Return the place of the highest bit of a word, 0 if it has none."""
    return 0 if word == 0 else word.bit_length() - 1


def low_bit(word: int) -> int:
    """Return the place of the lowest bit of a word, 0 if it has none."""
    if word == 0:
        return 0
    if not isinstance(word, Symbolic):
        return (word & -word).bit_length() - 1
    place, _, known = find_lowest(formula_of(word))
    Symbolic.run.conditions.append(known)
    return Symbolic(place)


def answered(
    function: str, reference: Callable[..., int], highest: int = 2**BITS - 1
) -> Cut:
    """Return the cut of a function that is answered with what it was proved to say."""

    def answer_it(asked: Asked) -> Answer:
        found = answer(f"said_{function}", 0, highest, *asked.arguments)

        def fact(read: Any) -> z3.BoolRef:
            given = [Symbolic(read.value(word)) for word in asked.arguments]
            value = read.value(found)
            return z3.Or(
                *(
                    z3.And(*outcome.conditions, value == formula_of(outcome.value))
                    for outcome in outcomes(reference, *given, known=[])
                )
            )

        return Answer([found], facts=[fact])

    return Cut(function, answer_it, (f"bytecode.{function.replace('._', '.')}",))


TOP_BIT = answered("grid._top_bit", top_bit, BITS - 1)
LOW_BIT = answered("grid._low_bit", low_bit, BITS - 1)
DOWN = answered("grid._down", grid.tick_down, grid.MAX_TICK)


def get_price(tick: int) -> int:
    """Return a tick's price; beyond the grid, where nobody asks, what a word keeps."""
    if tick <= grid.MAX_TICK:
        return grid.get_price(tick)
    octave, step = divmod(tick, grid.STEPS)
    return 0 if octave >= 256 else ((grid.STEPS + step) << octave) % 2**256


GRID = (
    same(
        "grid._price",
        get_price,
        ("(512 | (tick & 511)) << (tick >> 9)", "(511 + (tick & 511)) << (tick >> 9)"),
        ("<< (tick >> 9)", "<< (tick >> 8)"),
    ),
    same(
        "grid._top_bit",
        top_bit,
        ("        place = place | 8\n", "        place = place | 4\n"),
    ),
    same(
        "grid._down",
        grid.tick_down,
        ("unsafe_sub(octave, 1) << 9", "octave << 9"),
        ("    if price < 512:\n        return 0\n", ""),
        cuts=(TOP_BIT,),
    ),
    same(
        "grid._up",
        grid.tick_up,
        ("self._price(tick) >= price", "self._price(tick) > price"),
        ("tick == MAX_TICK or", "tick != 0 and"),
        cuts=(DOWN,),
    ),
    same(
        "grid._low_bit",
        low_bit,
        ("self._top_bit(word & unsafe_sub(0, word))", "self._top_bit(word)"),
        cuts=(TOP_BIT,),
    ),
)

PROOFS = GRID
