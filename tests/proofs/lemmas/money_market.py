"""
Lemmas of the money market: who pays the interest, and who bears a bad debt.

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
_ACCRUAL = (
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


def _pool(
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


def _accrue(module: ModuleType, *numbers: Any) -> Any:
    """Return the pool after an accrual that takes the borrow index to any later one."""
    lend, borrow, later, lends, borrows, winners, losers, rest, share, reserve = numbers
    pool = _pool(module, lend, borrow, lends, borrows, reserve, share)
    module.compute_borrow_index = lambda *_: later
    return module.accrue(pool, module.Virtuals(0, winners, losers, rest), 1)


def _is_accrual(*numbers: Any) -> list[Fact]:
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


def _sample(source: random.Random) -> tuple[int, ...]:
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


def _interest(numbers: Sequence[Any]) -> Any:
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
    _books_interest(argument, numbers)
    argument.show(0, kept, claim="the reserve never falls")
    argument.show(kept + earned, grown, claim="reserve and winners have no more")
    argument.show(grown, kept + earned, claim="reserve and winners have no less")


def _booked(argument: Argument, numbers: Sequence[Any]) -> Fact:
    """
    Show that ``ONE*B*I*RAY <= ONE*(B' - B)*(b*B + V*RAY) + V*B*B'``.

    What borrowers owe more, and losers by the fall of a weight, which is off by one.
    """
    _, borrow, later, _, borrows, _, losers, *_ = numbers
    grown, owed, interest = later - borrow, _owed(numbers), _interest(numbers)
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


def _falls(argument: Argument, index: Any, later: Any) -> Fact:
    """Show that a weight does not grow with its index; return it as a fall."""
    first, last = compute_weight(index), compute_weight(later)
    argument.show(last, first, Times(Fact(index, later), first + 1), over=later)
    return Fact(0, first - last)


def _books_interest(argument: Argument, numbers: Sequence[Any]) -> None:
    """Show that interest is not negative, nor what is kept back of it."""
    _, borrow, later, _, borrows, winners, losers, _, share, _ = numbers
    fall = _falls(argument, borrow, later)
    owed = argument.show(0, _owed(numbers), Times(fall, losers))
    interest = argument.show(
        0,
        _interest(numbers),
        Times(Fact(0, borrows), later - borrow),
        Times(owed, later),
    )
    argument.show(0, mul_div_up(_interest(numbers), share, WAD), Times(interest, share))
    unit = argument.show(1, mul_div_up(later, 1, RAY))
    argument.show(
        1,
        _cushion(winners, later),
        Times(unit, winners // WEIGHT_ONE),
    )


def _shared(numbers: Sequence[Any]) -> Any:
    """Return what an accrual shares with lenders, winners and rest."""
    _, _, later, _, _, winners, _, _, share, _ = numbers
    kept = mul_div_up(_interest(numbers), share, WAD)
    if winners > 0:
        kept += _cushion(winners, later)
    return max(0, _interest(numbers) - kept)


def _growth(numbers: Sequence[Any]) -> Any:
    """Return by how much the lend index grows if all that is shared is paid."""
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    sharing = lends + mul_div_up(winners + rest, RAY, lend)
    growth = mul_div_down(_shared(numbers), RAY, sharing) if sharing > 0 else 0
    return min(growth, MAX_INDEX - lend)


def _shares(argument: Argument, growth: Any, numbers: Sequence[Any]) -> Fact:
    """Show that what ``growth`` is worth to all that share it is shared."""
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    sharing = lends + mul_div_up(winners + rest, RAY, lend)
    shared = _shared(numbers)
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
    interest = _interest(given)
    _books_interest(argument, given)
    argument.show(0, growth)
    worth = argument.show(lending, sharing * lend)
    shared = _shares(argument, growth, given)
    split = argument.show(
        growth * lending,
        interest * RAY * lend,
        Times(worth, growth),
        Times(shared, lend),
        Times(argument.show(_shared(given), interest), RAY, lend),
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


def what_is_shared_is_paid(argument: Argument, after: Any, *numbers: Any) -> None:
    """
    Show that lenders and winners are due no more than was booked.

    What lenders get is ``S*g - v*g``, winners ``W*g/L`` and for roundings
    ``(W/ONE + 1)*L'/RAY``; all is shared or kept back for it, as long as the lend index
    is worth no more than the borrow index, rounded up to a whole.
    """
    lend, _, later, lends, _, winners, _, rest, *_, reserve = numbers
    growth, shared = _growth(numbers), _shared(numbers)
    index, unit = lend + growth, mul_div_up(later, 1, RAY)
    _books_interest(argument, numbers)
    argument.show(reserve, after.reserve, claim="the reserve does not shrink")
    argument.show(lend, after.lend_index, claim="the lend index does not fall")
    if not argument.supposes(index, unit * RAY):
        return
    argument.show(0, growth)
    share = _shares(argument, growth, numbers)
    virtual = mul_div_up(winners + rest, RAY, lend)
    gains = argument.show(winners * RAY, virtual * lend)
    first, last = compute_weight(lend), compute_weight(index)
    one = WEIGHT_ONE * RAY
    before = argument.show(first * lend, one)
    behind = argument.show(one, last * index + index)
    fall = argument.show(
        (first - last) * lend * index,
        one * growth + lend * index,
        Times(before, index),
        Times(behind, lend),
    )
    earned = mul_div_up(winners, first - last, WEIGHT_ONE)
    weighed = argument.show(
        earned * WEIGHT_ONE, winners * (first - last) + WEIGHT_ONE - 1
    )
    lent, won = mul_div_up(lends, growth, RAY), mul_div_up(earned, index, RAY)
    lent_most = argument.show(lent * RAY, lends * growth + RAY - 1)
    won_most = argument.show(won * RAY, earned * index + RAY - 1)
    argument.show(
        lent,
        shared,
        Times(argument.show(0, virtual), growth),
        Times(share, 1),
        over=RAY,
    )
    if winners > 0 and shared > 0:
        whole = winners // WEIGHT_ONE
        part = argument.show(winners + WEIGHT_ONE - 1, (whole + 2) * WEIGHT_ONE - 2)
        argument.show(
            (lent + won) * RAY * WEIGHT_ONE,
            shared * RAY * WEIGHT_ONE
            + ((whole + 2) * WEIGHT_ONE - 2) * unit * RAY
            + 2 * (RAY - 1) * WEIGHT_ONE,
            Times(won_most, WEIGHT_ONE, lend),
            Times(weighed, index, lend),
            Times(fall, winners),
            Times(lent_most, WEIGHT_ONE, lend),
            Times(share, WEIGHT_ONE, lend),
            Times(gains, growth, WEIGHT_ONE),
            Times(part, index, lend),
            Times(Fact(index, unit * RAY), (whole + 2) * WEIGHT_ONE - 2, lend),
            over=lend,
        )
        argument.show(
            lent + won, shared + (whole + 2) * unit + 1, over=RAY * WEIGHT_ONE
        )
    else:
        if winners > 0:
            sharing = lends + virtual
            stays = (
                argument.show(growth, 0, Times(share, 1), over=sharing)
                if sharing > 0
                else argument.show(growth, 0)
            )
            same = argument.show(first, last, Times(stays, last + 1), over=lend)
            nothing = Times(same, winners)
        else:
            nothing = Times(Fact(winners, 0), _falls(argument, lend, index).most)
        earned_none = argument.show(earned, 0, nothing, over=WEIGHT_ONE)
        argument.show(won, 0, Times(earned_none, index), over=RAY)
    argument.show(lent + won, _interest(numbers))
    argument.show(index, after.lend_index, claim="the index rises by what is shared")


def _lending(numbers: Sequence[Any]) -> Any:
    lend, _, _, lends, _, winners, _, rest, *_ = numbers
    return lends * lend + (winners + rest) * RAY


def _owing(numbers: Sequence[Any]) -> Any:
    _, borrow, _, _, borrows, _, losers, *_ = numbers
    return borrows * borrow + losers * RAY


def _with_most(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return (*numbers, max(_lending(numbers), _owing(numbers)))


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
    pool = _pool(module, lend, borrow, lends, borrows, reserve)
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
    rises = _falls(argument, index, lend)
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


def a_step_admits_no_more_than_the_maximum(
    argument: Argument, admissible: Any, *numbers: Any
) -> None:
    """Show it: a share of the room is between nothing and all of it."""
    threshold, highest, share, utilisation = numbers
    unit, part = WAD // 10_000, WAD // 10**6
    limit, least = highest * WAD // 10_000, threshold * WAD // 10_000
    for exact, rounded in ((highest, limit), (threshold, least)):
        argument.show(exact * unit, rounded, over=10_000)
    start = max(least, utilisation)
    room = mul_div_down(limit - start, share, 10_000)
    rest = Times(Fact(share, 10_000), limit - start)
    argument.show(room, limit - start, rest, over=10_000)
    argument.show(0, room, Times(Fact(start, limit), share))
    argument.show(
        admissible * part, highest * unit, claim="at most the maximum is admitted"
    )
    argument.show(
        utilisation + 1, (admissible + 1) * part, claim="at least what there is"
    )


def _admit(module: ModuleType, *numbers: Any) -> Any:
    threshold, highest, share, utilisation = numbers
    guards = module.Guards(0, 0, 0, 0, highest, threshold, share, 0, 0)
    return module.compute_admissible(guards, utilisation)


PROOFS = (
    Lemma(
        "specs.guards",
        "a_step_admits_no_more_than_the_maximum",
        "What a step of the throttle admits is between where it begins and the "
        "maximum, but for rounding.",
        ("threshold", "highest", "share", "utilisation"),
        lambda threshold, highest, share, utilisation: [
            Fact(0, threshold),
            Fact(threshold, highest),
            Fact(highest, 10_000),
            Fact(0, share),
            Fact(share, 10_000),
            Fact(0, utilisation),
            Fact(utilisation, highest * (WAD // 10_000)),
        ],
        _admit,
        a_step_admits_no_more_than_the_maximum,
        lambda source: (
            source.randrange(5_000),
            source.randrange(5_000, 10_001),
            source.randrange(10_001),
            source.randrange(WAD // 2),
        ),
        (
            Mutant(
                "specs/guards.py",
                "highest - start, guards.throttle_share",
                "highest, guards.throttle_share",
            ),
        ),
        serves=("I4",),
    ),
    Lemma(
        "specs.money_market",
        "an_accrual_keeps_the_slack",
        "Whatever gains and losses there are, lends, winners' interest and reserve "
        "together grow by no more than borrows and losers' interest; lends by what the "
        "reserve does, which never falls, and winners' interest, to the unit.",
        _ACCRUAL,
        _is_accrual,
        _accrue,
        an_accrual_keeps_the_slack,
        _sample,
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
        (*_ACCRUAL, "most"),
        lambda *numbers: [
            *_is_accrual(*numbers[:-1]),
            Fact(_lending(numbers), numbers[-1]),
            Fact(_owing(numbers), numbers[-1]),
        ],
        lambda module, *numbers: _accrue(module, *numbers[:-1]),
        lends_grow_no_faster_than_borrows,
        lambda source: _with_most(_sample(source)),
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
    Lemma(
        "specs.money_market",
        "what_is_shared_is_paid",
        "The reserve never pays for an accrual. Lenders and winners get all that is "
        "shared, and it is no more than what was booked, as long as the lend index is "
        "at most the borrow index, rounded up to a whole.",
        _ACCRUAL,
        _is_accrual,
        _accrue,
        what_is_shared_is_paid,
        _sample,
        (
            Mutant(
                _MARKET,
                "kept += compute_cushion(virtuals.winners, borrow_index)",
                "kept += 0",
            ),
            Mutant(
                _MARKET,
                "sharing = pool.lends + virtual",
                "sharing = pool.lends",
            ),
        ),
        serves=("I5", "I6", "I9"),
    ),
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
