"""Lemma of a write-off: who bears a bad debt."""

import random
from types import ModuleType
from typing import Any

from specs.fixed_point import RAY, mul_div_down, mul_div_up
from specs.money_market import MIN_INDEX
from specs.weights import WEIGHT_ONE, compute_weight
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.lemmas.accruals import fall_of, make_pool
from tests.proofs.proof import Mutant

_MARKET = "specs/money_market.py"
_WRITE_OFF = (
    "lend_index",
    "borrow_index",
    "lends",
    "borrows",
    "reserve",
    "owed",
    "winners",
)


def _write_off(module: ModuleType, *numbers: Any) -> Any:
    """
    Return the pool after a debt of ``owed`` scaled units was written off, and whether
    there are winners.
    """
    lend, borrow, lends, borrows, reserve, owed, winners = numbers
    are_winners = winners > 0
    pool = make_pool(module, lend, borrow, lends, borrows, reserve)
    return module.write_off(pool, module.Balance(-owed), winners)[0], are_winners


def _is_write_off(*numbers: Any) -> list[Fact]:
    lend, borrow, _, borrows, reserve, owed, winners = numbers
    return [
        Fact(MIN_INDEX, lend),
        Fact(RAY, borrow),
        *(Fact(0, n) for n in (borrows, reserve, winners)),
        Fact(1, owed),
    ]


def _sample_write_off(source: random.Random) -> tuple[int, ...]:
    """Return a write-off, of what may have been borrowed or of more."""
    lend = RAY + source.randrange(RAY)
    lends = source.choice([0, source.getrandbits(100)])
    borrows = source.getrandbits(source.randint(60, 100))
    reserve = source.choice([0, source.getrandbits(20), source.getrandbits(80)])
    owed = 1 + borrows // source.choice([1, 2, 1000, 10**9])
    winners = source.choice([0, source.getrandbits(110)])
    borrow = lend + source.randrange(RAY)
    return (lend, borrow, lends, borrows, reserve, owed, winners)


def a_write_off_keeps_the_slack(
    argument: Argument, result: tuple[Any, bool], *numbers: Any
) -> None:
    """
    Show that what lends lose covers the debt: ``b*L + l*g + lost*L' >= debt*RAY``.

    ``b`` is what the reserve burns, ``g`` the fall of the index. Winners' weight rises
    by at least ``ONE*RAY*g/(L*L') - 1``; the part of a unit for each of their scaled
    units, which that may be short of, is kept back beside the rest.
    """
    lend, borrow, lends, borrows, _, owed, winners = numbers
    after, are_winners = result
    index, fall = after.lend_index, lend - after.lend_index
    debt = mul_div_up(owed, borrow, RAY)
    unit = mul_div_up(borrow, 1, RAY)
    if not argument.supposes(lend, unit * RAY):
        return
    argument.show(0, fall, Times(Fact(0, winners // WEIGHT_ONE), unit))
    owes = argument.show(owed * borrow, debt * RAY)
    sharing = mul_div_down(winners, RAY, lend)
    first, last = compute_weight(lend), compute_weight(index)
    one = WEIGHT_ONE * RAY
    before = argument.show(one, last * index + index)
    behind = argument.show(first * lend, one)
    risen = argument.show(
        one * fall - lend * index,
        (last - first) * lend * index,
        Times(before, lend),
        Times(behind, index),
    )
    lost = mul_div_down(winners, last - first, WEIGHT_ONE)
    weighed = argument.show(
        winners * (last - first) - WEIGHT_ONE + 1, lost * WEIGHT_ONE
    )
    whole = winners // WEIGHT_ONE
    part = argument.show(winners + WEIGHT_ONE - 1, (whole + 2) * WEIGHT_ONE)
    small = argument.show(index, unit * RAY)
    repaid = argument.show(borrows - after.borrows, owed)
    rises = fall_of(argument, index, lend)
    loses = argument.show(0, lost, Times(rises, winners))
    held = argument.show(sharing * lend, winners * RAY)
    if are_winners:
        covers = argument.show(
            sharing * fall * WEIGHT_ONE,
            (lost * index + (whole + 2) * unit * RAY) * WEIGHT_ONE,
            Times(held, fall, WEIGHT_ONE),
            Times(risen, winners),
            Times(weighed, lend, index),
            Times(part, lend, index),
            Times(small, (whole + 2) * WEIGHT_ONE, lend),
            over=lend,
        )
    else:
        nothing = argument.show(sharing, 0, over=lend)
        covers = argument.show(sharing * fall, 0, Times(nothing, fall))
    argument.show(
        after.lends * index - lends * lend,
        after.borrows * borrow - borrows * borrow,
        Times(covers, 1),
        Times(owes, 1),
        Times(loses, index),
        Times(repaid, borrow),
        claim="lends lose at least what borrows do",
    )


PROOFS = (
    Lemma(
        "specs.money_market",
        "a_write_off_keeps_the_slack",
        "What reserve, lenders and winners lose by a bad debt is at least what is "
        "written off, or nothing changes.",
        _WRITE_OFF,
        _is_write_off,
        _write_off,
        a_write_off_keeps_the_slack,
        _sample_write_off,
        (
            Mutant(
                _MARKET,
                "paid = min(debt, mul_div_down(burned, pool.lend_index, RAY))",
                "paid = min(debt, burned * 2)",
            ),
            Mutant(
                _MARKET,
                "lost = mul_div_down(winners, risen, WEIGHT_ONE)",
                "lost = mul_div_down(winners, risen, 2 * WEIGHT_ONE)",
            ),
            Mutant(
                _MARKET, "fall = mul_div_up(rest + more,", "fall = mul_div_up(rest,"
            ),
        ),
        serves=("I2", "I9"),
    ),
)
