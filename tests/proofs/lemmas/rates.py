"""Lemmas of rates: no index falls by an accrual, and no curve is lower unannounced."""

import random
from types import ModuleType
from typing import Any

from specs.fixed_point import PPM, RAY, WAD
from specs.interest_rate import Curve, compute_rate
from specs.money_market import MAX_INDEX
from specs.requirements import SCALE_ONE
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant

YEAR = 365 * 86_400


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


def _amount(source: random.Random, bits: int) -> int:
    return source.choice([0, 1, source.getrandbits(source.randint(1, bits))])


# The borrow index

_INDEX = ("index", "base", "low", "high", "optimal", "used", "elapsed")


def _grow(module: ModuleType, *numbers: Any) -> Any:
    """Return the borrow index that an accrual after some time writes."""
    index, base, low, high, optimal, used, elapsed = numbers
    curve = Curve(base, low, high, optimal, 0)
    pool = module.Pool(RAY, index, 0, 0, 0, 0, 0, 0, False, curve)
    module.get_utilisation = lambda *_: used
    return module.compute_borrow_index(pool, 0, elapsed)


def a_borrow_index_never_falls(argument: Argument, grown: Any, *numbers: Any) -> None:
    """Show that neither the slope, nor the rate, nor the growth is below nothing."""
    index, base, low, high, optimal, used, elapsed = numbers
    if used <= optimal:
        argument.show(0, low * used, Times(Fact(0, low), used))
        rate = base + low * used // optimal
    else:
        excess = used - optimal
        argument.show(0, high * excess, Times(Fact(0, high), excess))
        rate = base + low + high * excess // (WAD - optimal)
    positive = argument.show(0, rate)
    counted = min(elapsed - 0, YEAR)  # as the specification puts it
    charged = argument.show(0, rate * counted, Times(positive, counted))
    argument.show(0, index * (rate * counted), Times(charged, index))
    argument.show(index, grown, claim="the index does not fall")
    argument.show(grown, MAX_INDEX, claim="it fits its word")
    argument.show(
        (grown - index) * RAY, index * (rate * counted), claim="no more than its rate"
    )


def _is_index(*numbers: Any) -> list[Fact]:
    index, base, low, high, optimal, used, elapsed = numbers
    return [
        Fact(RAY, index),
        Fact(index, MAX_INDEX),
        *(Fact(0, number) for number in (base, low, high, used)),
        Fact(1, optimal),
        Fact(optimal, WAD - 1),
        Fact(used, WAD),
        Fact(1, elapsed),
    ]


def _sample_index(source: random.Random) -> tuple[int, ...]:
    index = source.choice([RAY, MAX_INDEX, RAY + _amount(source, 100)])
    rates = (_amount(source, 65) for _ in range(3))
    optimal = source.randint(1, WAD - 1)
    used = source.choice([0, WAD, optimal, source.randrange(WAD)])
    return (index, *rates, optimal, used, 1 + _amount(source, 40))


# Loosening a curve

_CURVES = ("base", "low", "high", "optimal", "new_base", "new_low", "new_high")
_CURVES += ("new_optimal", "used")


def _curves(module: ModuleType, *numbers: Any) -> Any:
    """Return the rates of two curves, and whether the second may be lower."""
    base, low, high, optimal, *others, used = numbers
    old, new = Curve(base, low, high, optimal, 0), Curve(*others, 0)
    rates = [compute_rate(curve, used) for curve in (old, new)]
    return module.is_lower_curve(old, new), *rates


def a_curve_that_is_no_lower_asks_for_no_less(
    argument: Argument, found: Any, *numbers: Any
) -> None:
    """Show it left of both bends, between them, and right of both."""
    base, low, high, optimal, new_base, new_low, new_high, bend, used = numbers
    is_lower, old, new = found
    if is_lower:
        return
    if used <= bend:
        # Left of both: old <= base + low*used/optimal, and used/optimal <= used/bend.
        part = argument.show(
            (old - base) * bend,
            low * used,
            Times(Fact(bend, optimal), old - base)
            if argument.show(0, old - base, Times(Fact(0, low), used))
            else Times(Fact(0, 0), 0),
        )
        argument.show(
            old * bend,
            (new_base + (base + low - new_base)) * used + base * (bend - used),
            Times(part, 1),
        )
        argument.show(
            old * bend,
            new_base * bend + new_low * used,
            Times(Fact(base, new_base), bend - used),
            Times(Fact(base + low, new_base + new_low), used),
        )
        argument.show(old, new, over=bend, claim="left of the bend")
    elif used <= optimal:
        argument.show(low * used, low * optimal, Times(Fact(used, optimal), low))
        argument.show(old, base + low, over=optimal)
        argument.show(
            0,
            new_high * (used - bend),
            Times(Fact(0, new_high), used - bend),
        )
        argument.show(old, new, claim="between the bends")
    else:
        rest, room, wide = WAD - used, WAD - optimal, WAD - bend
        argument.show(0, high * (used - optimal), Times(Fact(0, high), used - optimal))
        top = argument.show(base + low + high, new_base + new_low + new_high)
        least = argument.show(base + low, new_base + new_low)
        grown = argument.show(0, old - base - low)
        # old is at most the line from (bend, base + low) to the top.
        exact = argument.show((old - base - low) * room, high * (used - optimal))
        argument.show(
            high * (used - optimal) * wide,
            high * (used - bend) * room,
            Times(Fact(bend, optimal), high, rest),
        )
        line = argument.show(
            (old - base - low) * wide,
            high * (used - bend),
            Times(exact, wide),
            over=room,
        )
        argument.show(0, rest)
        argument.show(
            old * wide,
            (new_base + new_low) * wide + new_high * (used - bend),
            Times(line, 1),
            Times(top, used - bend),
            Times(least, rest),
            Times(grown, 1),
        )
        argument.show(old, new, over=wide, claim="right of the bends")


def _are_curves(*numbers: Any) -> list[Fact]:
    *_, used = numbers
    return [
        *(Fact(0, number) for number in numbers),
        Fact(used, WAD),
        *(Fact(1, numbers[at]) for at in (3, 7)),
        *(Fact(numbers[at], WAD - 1) for at in (3, 7)),
    ]


def _sample_curves(source: random.Random) -> tuple[int, ...]:
    """Return two curves that are mostly alike, and a utilisation near their bends."""
    base, low, high = (_amount(source, 60) for _ in range(3))
    optimal = source.randint(1, WAD - 1)
    changes = [source.choice([0, _amount(source, 50)]) for _ in range(3)]
    bend = source.choice([optimal, source.randint(1, WAD - 1)])
    used = source.choice([0, WAD, optimal, bend, source.randrange(WAD)])
    new_low = max(0, low + source.choice([-1, 1]) * changes[1])
    new_high = max(0, high + source.choice([-1, 1]) * changes[2])
    return (base, low, high, optimal, base + changes[0], new_low, new_high, bend, used)


# Conversion


def _bound(module: ModuleType, excess: Any, reference: Any, price: Any) -> Any:
    return module.compute_most(excess, price), module.compute_bound(excess, reference)


def no_sale_exceeds_its_announcement(
    argument: Argument, found: Any, excess: Any, reference: Any, price: Any
) -> None:
    """Show it by what one less of either pays at the least yield."""
    most, bound = found
    unit = reference * 950_000
    argument.show(1, most, over=price)
    paid = argument.show((most - 1) * price + 1, excess * WAD)
    covered = argument.show(excess * WAD * PPM, (bound - 1) * unit)
    argument.show(
        (most - 1) * unit,
        (bound - 1) * unit,
        Times(paid, PPM),
        Times(covered, 1),
        Times(Fact(unit, price * PPM), most - 1),
    )
    argument.show(most, bound, over=unit, claim="it is within the bound")


def _sample_bound(source: random.Random) -> tuple[int, ...]:
    reference = 1 + _amount(source, 90)
    least = -(-reference * 950_000 // PPM)
    return (1 + _amount(source, 100), reference, max(1, least + _amount(source, 30)))


# Scales


def _scales(module: ModuleType, *numbers: Any) -> Any:
    """Return the scales of a variance and of a larger one, of which roots are told."""
    small, large, reference, most = numbers
    found = []
    for root in (small, large):
        module.sqrt_up = lambda _, root=root: root
        found.append(module.compute_scale(0, reference, most))
    return tuple(found)


def a_scale_grows_with_volatility(
    argument: Argument, scales: Any, *numbers: Any
) -> None:
    """Show it of the quotients, which are then limited alike."""
    small, large, reference, most = numbers
    if reference == 0:
        argument.show(scales[0], scales[1], claim="nothing is scaled")
        return
    low, high = (
        (root * SCALE_ONE + reference - 1) // reference for root in (small, large)
    )
    argument.show(low, high, over=reference)
    argument.show(SCALE_ONE, scales[0], claim="no scale is below one")
    argument.show(scales[1], most, claim="nor above the largest")
    argument.show(scales[0], scales[1], claim="it grows")


def _fractions(module: ModuleType, *numbers: Any) -> Any:
    """Return what an open interest asks for, of whose notional a root is told."""
    factor, interest, price, small, large = numbers
    found = []
    for root in (small, large):
        module.sqrt_up = lambda _, root=root: root
        fraction = module.compute_open_interest_fraction(factor, interest, 1, price)
        found.append(fraction)
    return tuple(found)


def an_open_interest_asks_for_its_root(
    argument: Argument, fractions: Any, *numbers: Any
) -> None:
    """Show it of the products, which are then limited alike."""
    factor, _, _, small, large = numbers
    argument.show(factor * small, factor * large, Times(Fact(small, large), factor))
    argument.show(0, factor * small, Times(Fact(0, factor), small))
    argument.show(0, fractions[0], claim="it is not below nothing")
    argument.show(fractions[1], PPM, claim="it is at most all")
    argument.show(fractions[0], fractions[1], claim="it grows")
    if argument.supposes(fractions[0], PPM - 1):
        argument.show(factor * small, fractions[0] * 10**15, claim="it is the root's")


PROOFS = (
    Lemma(
        "specs.money_market",
        "a_borrow_index_never_falls",
        "Whatever curve, utilisation and time, an accrual leaves a borrow index no "
        "lower, within its word, and grown by no more than its rate.",
        _INDEX,
        _is_index,
        _grow,
        a_borrow_index_never_falls,
        _sample_index,
        _mutants(
            "money_market",
            (
                "return Ray(grown) if grown <= MAX_INDEX else pool.borrow_index",
                "return Ray(min(grown, MAX_INDEX + 1))",
            ),
            ("elapsed = min(now - pool.accrued_at, MAX_ACCRUAL)", "elapsed = -1"),
        ),
        serves=("I5", "I6"),
    ),
    Lemma(
        "specs.loosening",
        "a_curve_that_is_no_lower_asks_for_no_less",
        "A curve that need not be announced asks for no lower rate at any utilisation.",
        _CURVES,
        _are_curves,
        _curves,
        a_curve_that_is_no_lower_asks_for_no_less,
        _sample_curves,
        _mutants(
            "loosening",
            ("or new.optimal > old.optimal", "or new.optimal < old.optimal"),
            (
                "or new.base + new.slope_low < old.base + old.slope_low\n",
                "or new.base + new.slope_low < old.base\n",
            ),
        ),
        serves=("I43",),
    ),
    Lemma(
        "specs.conversion",
        "no_sale_exceeds_its_announcement",
        "At any price down to the least yield no more is sold than was announced.",
        ("excess", "reference", "price"),
        lambda excess, reference, price: [
            Fact(1, excess),
            Fact(1, reference),
            Fact(1, price),
            Fact(reference * 950_000, price * PPM),
        ],
        _bound,
        no_sale_exceeds_its_announcement,
        _sample_bound,
        _mutants("conversion", ("reference * LEAST_YIELD) + 1)", "reference * PPM))")),
        serves=("I26",),
    ),
    Lemma(
        "specs.dynamic_margin",
        "a_scale_grows_with_volatility",
        "A scale is between one and the largest, and grows with a variance's root.",
        ("small", "large", "reference", "most"),
        lambda small, large, reference, most: [
            *(Fact(0, number) for number in (small, large, reference, most)),
            Fact(small, large),
            Fact(SCALE_ONE, most),
        ],
        _scales,
        a_scale_grows_with_volatility,
        lambda source: (
            *sorted(_amount(source, 30) for _ in range(2)),
            _amount(source, 30),
            source.randint(SCALE_ONE, 60_000),
        ),
        _mutants(
            "dynamic_margin",
            ("max(SCALE_ONE, min(scale, kappa_max))", "min(scale, kappa_max)"),
        ),
        serves=("I12",),
    ),
    Lemma(
        "specs.dynamic_margin",
        "an_open_interest_asks_for_its_root",
        "The fraction that open interest asks for is at most all, no less than its "
        "factor for the root, and grows with it.",
        ("factor", "interest", "price", "small", "large"),
        lambda *numbers: [*(Fact(0, n) for n in numbers), Fact(*numbers[-2:])],
        _fractions,
        an_open_interest_asks_for_its_root,
        lambda source: (
            *(_amount(source, 40) for _ in range(3)),
            *sorted(_amount(source, 50) for _ in range(2)),
        ),
        _mutants(
            "dynamic_margin",
            (
                "mul_div_up(oi_factor, sqrt_up(notional), FACTOR_UNIT)",
                "oi_factor * sqrt_up(notional) // FACTOR_UNIT",
            ),
        ),
        serves=("I12",),
    ),
)
