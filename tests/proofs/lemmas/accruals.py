"""
Lemmas of an accrual: who pays the interest, and who gets it.

With the totals ``l`` and ``b`` of a pool, its indices ``L`` and ``B``, and gains W,
losses V and funds' rest Z beside them, an accrual is split in what borrowers and losers
are booked, ``I``, and what lenders, winners and reserve get of it. The arguments are
those of the derivation in the docstrings, one inequality a line.
"""

import random
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from specs.fixed_point import RAY, WAD, mul_div_down, mul_div_up
from specs.interest_rate import Curve
from specs.money_market import MAX_INDEX, MIN_INDEX
from specs.weights import WEIGHT_ONE, compute_weight
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant

_MARKET = "specs/money_market.py"
ACCRUAL = (
    "lend_index",
    "borrow_index",
    "later_index",
    "lends",
    "borrows",
    "winners",
    "losers",
    "rest",
    "share",
    "reserve",
)


def make_pool(
    module: ModuleType,
    lend_index: Any,
    borrow_index: Any,
    lends: Any,
    borrows: Any,
    reserve: Any,
    share: Any = 0,
) -> Any:
    curve = Curve(0, 0, 0, WAD // 2, share)
    return module.Pool(
        lend_index, borrow_index, 0, lends, borrows, 0, reserve, 0, False, curve
    )


def accrue(module: ModuleType, *numbers: Any) -> Any:
    """Return the pool after an accrual that takes the borrow index to any later one."""
    lend, borrow, later, lends, borrows, winners, losers, rest, share, reserve = numbers
    pool = make_pool(module, lend, borrow, lends, borrows, reserve, share)
    module.compute_borrow_index = lambda *_: later
    return module.accrue(pool, module.Virtuals(0, winners, losers, rest), 1)


def is_accrual(*numbers: Any) -> list[Fact]:
    lend, borrow, later, _, borrows, winners, losers, rest, share, _ = numbers
    return [
        Fact(MIN_INDEX, lend),
        Fact(lend, MAX_INDEX),
        Fact(RAY, borrow),
        Fact(borrow, later),
        Fact(later, MAX_INDEX),
        *(Fact(0, n) for n in (borrows, winners, losers, rest, share)),
        Fact(share, WAD),
    ]


def sample(source: random.Random) -> tuple[int, ...]:
    """Return an accrual: of any sizes, or one as there may be in a day."""

    def amount(bits: int) -> int:
        return source.choice([0, 1, source.getrandbits(source.randint(1, bits))])

    share = source.choice([0, WAD // 10, WAD])
    if source.random() < 0.5:
        lend = MIN_INDEX + amount(92)
        borrow = RAY + amount(92)
        lends = source.choice([1, 1, -1]) * amount(100)
        numbers = (lends, amount(100), amount(110), amount(110), amount(110))
        return (lend, borrow, borrow + amount(90), *numbers, share, amount(90))
    lend = RAY + source.randrange(RAY)
    borrow = lend + source.randrange(RAY)
    winners = source.getrandbits(100)
    lends, borrows = amount(100), source.getrandbits(90)
    numbers = (lends, borrows, winners, winners // 2, amount(90))
    return (lend, borrow, borrow + RAY // 1000, *numbers, share, amount(90))


def interest_of(numbers: Sequence[Any]) -> Any:
    """Return what an accrual books for borrowers and losers."""
    _, borrow, later, _, borrows, *_ = numbers
    owed = _owed(numbers)
    booked = mul_div_down(borrows, later - borrow, RAY)
    return booked + mul_div_down(owed, later, RAY)


def _owed(numbers: Sequence[Any]) -> Any:
    _, borrow, later, _, _, _, losers, *_ = numbers
    fall = compute_weight(borrow) - compute_weight(later)
    return mul_div_down(losers, fall, WEIGHT_ONE)


def an_accrual_keeps_the_slack(argument: Argument, after: Any, *numbers: Any) -> None:
    """
    Show it: each of the roundings by itself is to the slack's good.

    Lends are the reserve's as well and, from then on, the winners': what they grow by
    is those two's, to the unit, so nobody's part is counted twice or not at all.
    """
    lend, borrow, _, lends, borrows, winners, *_, reserve = numbers
    owing = after.borrows * after.borrow_index - borrows * borrow
    owned = after.lends * after.lend_index - lends * lend
    argument.show(owned, owing, claim="lends grow by no more than borrows")
    fall = compute_weight(lend) - compute_weight(after.lend_index)
    earned = mul_div_up(winners, fall, WEIGHT_ONE)
    grown = after.lends - lends
    kept = after.reserve - reserve
    books_interest(argument, numbers)
    argument.show(0, kept, claim="the reserve never falls")
    argument.show(kept + earned, grown, claim="reserve and winners have no more")
    argument.show(grown, kept + earned, claim="reserve and winners have no less")


def _booked(argument: Argument, numbers: Sequence[Any]) -> Fact:
    """
    Show that ``ONE*B*I*RAY <= ONE*(B' - B)*(b*B + V*RAY) + V*B*B'``.

    What borrowers owe more, and losers by the fall of a weight, which is off by one.
    """
    _, borrow, later, _, borrows, _, losers, *_ = numbers
    grown, owed, interest = later - borrow, _owed(numbers), interest_of(numbers)
    first, last = compute_weight(borrow), compute_weight(later)
    one = WEIGHT_ONE * RAY
    before = argument.show(first * borrow, one)
    behind = argument.show(one, last * later + later)
    fall = argument.show(
        (first - last) * borrow * later,
        one * grown + borrow * later,
        Times(before, later),
        Times(behind, borrow),
    )
    weighed = argument.show(owed * WEIGHT_ONE, losers * (first - last))
    lost = argument.show(
        owed * WEIGHT_ONE * borrow * later,
        losers * (one * grown + borrow * later),
        Times(weighed, borrow, later),
        Times(fall, losers),
    )
    total = argument.show(interest * RAY, borrows * grown + owed * later)
    return argument.show(
        interest * RAY * borrow * WEIGHT_ONE,
        WEIGHT_ONE * grown * (borrows * borrow + losers * RAY)
        + losers * borrow * later,
        Times(total, borrow, WEIGHT_ONE),
        Times(lost, 1),
    )


def _cushion(winners: Any, borrow_index: Any) -> Any:
    unit = mul_div_up(borrow_index, 1, RAY)
    return (winners // WEIGHT_ONE + 2) * unit + 1


def fall_of(argument: Argument, index: Any, later: Any) -> Fact:
    """Show that a weight does not grow with its index; return it as a fall."""
    first, last = compute_weight(index), compute_weight(later)
    argument.show(last, first, Times(Fact(index, later), first + 1), over=later)
    return Fact(0, first - last)


def books_interest(argument: Argument, numbers: Sequence[Any]) -> None:
    """Show that interest is not negative, nor what is kept back of it."""
    _, borrow, later, _, borrows, winners, losers, _, share, _ = numbers
    fall = fall_of(argument, borrow, later)
    owed = argument.show(0, _owed(numbers), Times(fall, losers))
    interest = argument.show(
        0,
        interest_of(numbers),
        Times(Fact(0, borrows), later - borrow),
        Times(owed, later),
    )
    argument.show(
        0, mul_div_up(interest_of(numbers), share, WAD), Times(interest, share)
    )
    unit = argument.show(1, mul_div_up(later, 1, RAY))
    argument.show(
        1,
        _cushion(winners, later),
        Times(unit, winners // WEIGHT_ONE),
    )


def shared_of(numbers: Sequence[Any]) -> Any:
    """Return what an accrual shares with lenders, winners and rest."""
    _, _, later, _, _, winners, _, _, share, _ = numbers
    kept = mul_div_up(interest_of(numbers), share, WAD)
    if winners > 0:
        kept += _cushion(winners, later)
    return max(0, interest_of(numbers) - kept)


def growth_of(numbers: Sequence[Any]) -> Any:
    """Return by how much the lend index grows if all that is shared is paid."""
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    sharing = lends + mul_div_up(winners + rest, RAY, lend)
    growth = mul_div_down(shared_of(numbers), RAY, sharing) if sharing > 0 else 0
    return min(growth, MAX_INDEX - lend)


def shows_shares(argument: Argument, growth: Any, numbers: Sequence[Any]) -> Fact:
    """Show that what ``growth`` is worth to all that share it is shared."""
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    sharing = lends + mul_div_up(winners + rest, RAY, lend)
    shared = shared_of(numbers)
    if sharing > 0:
        least = argument.show(growth, mul_div_down(shared, RAY, sharing))
        return argument.show(growth * sharing, shared * RAY, Times(least, sharing))
    return argument.show(growth * sharing, shared * RAY)


def lends_grow_no_faster_than_borrows(
    argument: Argument, after: Any, *numbers: Any
) -> None:
    """
    Show it by ``g*l' <= g*S*L <= I*RAY*L`` and what ``I`` is at most.

    ``S`` is what shares, ``l'`` its worth with gains and rest, no more than ``most``.
    """
    *given, most = numbers
    lend, borrow, later, lends, borrows, winners, losers, rest, *_ = given
    grown, growth = later - borrow, after.lend_index - lend
    lending = lends * lend + (winners + rest) * RAY
    owing = borrows * borrow + losers * RAY
    sharing = lends + mul_div_up(winners + rest, RAY, lend)
    interest = interest_of(given)
    books_interest(argument, given)
    argument.show(0, growth)
    worth = argument.show(lending, sharing * lend)
    shared = shows_shares(argument, growth, given)
    split = argument.show(
        growth * lending,
        interest * RAY * lend,
        Times(worth, growth),
        Times(shared, lend),
        Times(argument.show(shared_of(given), interest), RAY, lend),
    )
    booked = _booked(argument, given)
    argument.show(
        growth * borrow * lending * WEIGHT_ONE,
        grown * lend * most * WEIGHT_ONE + losers * borrow * later * lend,
        Times(split, borrow, WEIGHT_ONE),
        Times(booked, lend),
        Times(Fact(owing, most), grown, lend, WEIGHT_ONE),
        claim="lends grow by no larger part than borrows",
    )


def _lending(numbers: Sequence[Any]) -> Any:
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    return lends * lend + (winners + rest) * RAY


def _owing(numbers: Sequence[Any]) -> Any:
    _, borrow, _, _, borrows, _, losers, *_ = numbers
    return borrows * borrow + losers * RAY


def _with_most(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return (*numbers, max(_lending(numbers), _owing(numbers)))


PROOFS = (
    Lemma(
        "specs.money_market",
        "an_accrual_keeps_the_slack",
        "Whatever gains and losses there are, lends, winners' interest and reserve "
        "together grow by no more than borrows and losers' interest; lends by what the "
        "reserve does, which never falls, and winners' interest, to the unit.",
        ACCRUAL,
        is_accrual,
        accrue,
        an_accrual_keeps_the_slack,
        sample,
        (
            Mutant(
                _MARKET,
                "paid = mul_div_up(pool.lends, growth, RAY)",
                "paid = mul_div_down(pool.lends, growth, RAY)",
            ),
            Mutant(
                _MARKET,
                "minted = mul_div_down(interest - paid, RAY",
                "minted = mul_div_up(interest - paid, RAY",
            ),
            Mutant(
                _MARKET,
                "borrows=pool.borrows + owed",
                "borrows=pool.borrows + owed - 1",
            ),
            Mutant(
                _MARKET,
                "reserve=pool.reserve + minted,\n    )\n\n\ndef credit(",
                "reserve=pool.reserve + minted + 1,\n    )\n\n\ndef credit(",
            ),
            Mutant(
                _MARKET,
                "lends=pool.lends + earned + minted,",
                "lends=pool.lends + minted,",
            ),
        ),
        serves=("I2", "I5"),
    ),
    Lemma(
        "specs.money_market",
        "lends_grow_no_faster_than_borrows",
        "Lends, gains and the funds' rest grow by no larger part than borrows and "
        "losses, as far as these are worth as much, but for what weights are off by.",
        (*ACCRUAL, "most"),
        lambda *numbers: [
            *is_accrual(*numbers[:-1]),
            Fact(_lending(numbers), numbers[-1]),
            Fact(_owing(numbers), numbers[-1]),
        ],
        lambda module, *numbers: accrue(module, *numbers[:-1]),
        lends_grow_no_faster_than_borrows,
        lambda source: _with_most(sample(source)),
        (
            Mutant(
                _MARKET,
                "shared = max(0, interest - kept)",
                "shared = max(0, interest + kept)",
            ),
            Mutant(
                _MARKET,
                "sharing = pool.lends + virtual",
                "sharing = pool.lends",
            ),
        ),
        serves=("I5",),
    ),
)
