"""
Lemmas of margin: it grows with size, and closing frees its share of it.

A square root has the name of an integer, of which only is told what it is a root of, or
that it grows with size.
"""

import random
from types import ModuleType
from typing import Any

from specs.fixed_point import PPM, WAD
from specs.requirements import Requirement
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


def _amount(source: random.Random, bits: int) -> int:
    return source.choice([0, 1, source.getrandbits(source.randint(1, bits))])


# Roots


def _root(module: ModuleType, less: Any, more: Any, small: Any, large: Any) -> Any:
    """Return the roots of two numbers, of which those of one less are given."""
    roots = {0: small, 1: large}
    found = []
    for at, number in enumerate((less, more)):
        module.sqrt_down = lambda _, at=at: roots[at]
        found.append(module.sqrt_up(number))
    return tuple(found)


def a_root_is_rounded_up(
    argument: Argument, found: Any, less: Any, more: Any, small: Any, large: Any
) -> None:
    """Show what it is a root of, and by ``(s - t - 1)*(s + t + 1)`` that it grows."""
    first, second = found
    argument.show(less, first * first, claim="no less than the root")
    argument.show((first - 1) * (first - 1) + 1, less, claim="and no more")
    argument.show(small, large, over=small + large + 1)
    argument.show(first, second, claim="it grows")


def _is_root(less: Any, more: Any, small: Any, large: Any) -> list[Fact]:
    facts = [Fact(1, less), Fact(less, more), Fact(0, small), Fact(0, large)]
    for number, root in ((less, small), (more, large)):
        facts += [Fact(root * root, number - 1), Fact(number, (root + 1) * (root + 1))]
    return facts


def _sample_root(source: random.Random) -> tuple[int, ...]:
    less = 1 + _amount(source, 90)
    more = less + _amount(source, 90)
    return (less, more, _isqrt(less - 1), _isqrt(more - 1))


def _isqrt(number: int) -> int:
    root = int(number**0.5)
    while root * root > number:
        root -= 1
    while (root + 1) * (root + 1) <= number:
        root += 1
    return root


# Margins

_SIZES = ("base", "more", "factor", "steeper", "less", "larger", "small", "large")


def _margins(module: ModuleType, *numbers: Any) -> Any:
    """Return initial and maintenance margin of a size and of a larger one."""
    base, more, factor, steeper, less, larger, small, large = numbers
    requirement = Requirement(base + more, base, factor + steeper, factor)
    found = []
    for size, root in ((less, small), (larger, large)):
        module.sqrt_up = lambda _, root=root: root
        found.append(module.compute_initial_margin(requirement, size))
        found.append(module.compute_maintenance_margin(requirement, size))
    return tuple(found)


def _are_sizes(*numbers: Any) -> list[Fact]:
    *_, less, larger, small, large = numbers
    return [*(Fact(0, n) for n in numbers), Fact(less, larger), Fact(small, large)]


def _fraction(base: Any, factor: Any, root: Any) -> Any:
    return max(base * 10**12, (factor * root + 999) // 1000)


def margins_are_ordered_and_grow(
    argument: Argument, margins: Any, *numbers: Any
) -> None:
    """Show it of the fractions, then of their products with the sizes."""
    base, more, factor, steeper, less, larger, small, large = numbers
    initial, maintenance, next_initial, next_maintenance = margins
    fractions = {}
    for at, root in enumerate((small, large)):
        rooted = argument.show(0, factor * root, Times(Fact(0, factor), root))
        argument.show(0, steeper * root, Times(Fact(0, steeper), root))
        low = _fraction(base, factor, root)
        high = _fraction(base + more, factor + steeper, root)
        argument.show(0, low, Times(rooted, 1))
        fractions[at] = low, high, argument.show(low, high)
    argument.show(factor * small, factor * large, Times(Fact(small, large), factor))
    argument.show(steeper * small, steeper * large, Times(Fact(small, large), steeper))
    for at, size, least, most in (
        (0, less, maintenance, initial),
        (1, larger, next_maintenance, next_initial),
    ):
        argument.show(
            least,
            most,
            Times(fractions[at][2], size),
            over=WAD,
            claim="initial margin is at least maintenance margin",
        )
    for at, first, second in (
        (0, maintenance, next_maintenance),
        (1, initial, next_initial),
    ):
        grows = argument.show(fractions[0][at], fractions[1][at])
        argument.show(0, fractions[0][at])
        argument.show(
            first,
            second,
            Times(grows, larger),
            Times(Fact(less, larger), fractions[0][at]),
            over=WAD,
            claim="margin grows with size",
        )


def closing_frees_its_share_of_margin(
    argument: Argument, margins: Any, *numbers: Any
) -> None:
    """Show that what is left binds no more than its share, but for a rounding."""
    base, _, factor, _, less, larger, small, large = numbers
    _, maintenance, _, whole = margins
    argument.show(factor * small, factor * large, Times(Fact(small, large), factor))
    argument.show(0, factor * small, Times(Fact(0, factor), small))
    low, high = (_fraction(base, factor, root) for root in (small, large))
    argument.show(0, low)
    falls = argument.show(low, high)
    part = argument.show(maintenance * WAD, high * less + WAD - 1, Times(falls, less))
    covered = argument.show(high * larger, whole * WAD)
    argument.show(
        maintenance * larger * WAD,
        whole * less * WAD + larger * (WAD - 1),
        Times(part, larger),
        Times(covered, less),
    )
    argument.show(
        maintenance * larger,
        whole * less + larger,
        over=WAD,
        claim="what is left binds its share",
    )


def _sample_sizes(source: random.Random) -> tuple[int, ...]:
    less = _amount(source, 90)
    larger = less + _amount(source, 90)
    return (
        *(source.randrange(PPM) for _ in range(2)),
        *(source.choice([0, source.randrange(10**9)]) for _ in range(2)),
        *(less, larger, _isqrt(less), _isqrt(larger)),
    )


# Weights

_HELD = ("weight", "rise", "factor", "flatter", "less", "larger", "small", "large")


def _weights(module: ModuleType, *numbers: Any) -> Any:
    """Return weights of two sizes, and the first under a haircut no looser."""
    weight, rise, factor, flatter, less, larger, small, large = numbers
    old, new = module.Haircut(weight + rise, factor), module.Haircut(weight, factor)
    found = []
    for haircut, size, root in ((old, less, small), (old, larger, large)):
        module.sqrt_up = lambda _, root=root: root
        found.append(module.compute_weight(haircut, size))
    module.sqrt_up = lambda _: small
    new = module.Haircut(weight, factor + flatter)
    return (*found, module.compute_weight(new, less))


def a_weight_falls_with_size(argument: Argument, weights: Any, *numbers: Any) -> None:
    """Show it of the slopes, and of what is divided by them."""
    weight, rise, factor, flatter, *_, small, large = numbers
    first, second, tighter = weights
    if factor == 0:
        argument.show(first, (weight + rise) * 10**12, claim="no more than is set")
        argument.show(second, first, claim="more of an asset weighs no more")
        argument.show(tighter, first, claim="nor under one that is no looser")
        return
    argument.show(factor * small, factor * large, Times(Fact(small, large), factor))
    argument.show(0, factor * small, Times(Fact(0, factor), small))
    argument.show(0, flatter * small, Times(Fact(0, flatter), small))
    slopes = [
        (rate * root + 999) // 1000
        for rate, root in ((factor, small), (factor, large), (factor + flatter, small))
    ]
    caps = [11 * WAD // 10 * WAD // (WAD + slope) for slope in slopes]
    for at in (1, 2):
        steeper = argument.show(slopes[0], slopes[at])
        argument.show(0, caps[at])
        argument.show(caps[at], caps[0], Times(steeper, caps[at]), over=WAD + slopes[0])
    argument.show(first, (weight + rise) * 10**12, claim="no more than is set")
    argument.show(second, first, claim="more of an asset weighs no more")
    argument.show(tighter, first, claim="nor under a haircut that is no looser")


def _sample_held(source: random.Random) -> tuple[int, ...]:
    less = _amount(source, 100)
    larger = less + _amount(source, 100)
    weight = source.randrange(PPM)
    return (
        *(weight, source.randrange(PPM - weight)),
        source.choice([0, source.randrange(10**9)]),
        source.choice([0, source.randrange(10**9)]),
        *(less, larger, _isqrt(less), _isqrt(larger)),
    )


PROOFS = (
    Lemma(
        "specs.requirements",
        "a_root_is_rounded_up",
        "The least integer whose square is no less than a number, which grows with it.",
        ("less", "more", "small", "large"),
        _is_root,
        _root,
        a_root_is_rounded_up,
        _sample_root,
        _mutants(
            "requirements",
            ("sqrt_down(x - 1) + 1 if x > 0", "sqrt_down(x - 1) if x > 0"),
        ),
        serves=("I7", "I12"),
    ),
    Lemma(
        "specs.requirements",
        "margins_are_ordered_and_grow",
        "Initial margin of any size is at least its maintenance margin, and both grow "
        "with it, whatever roots are, as long as they do.",
        _SIZES,
        _are_sizes,
        _margins,
        margins_are_ordered_and_grow,
        _sample_sizes,
        _mutants(
            "requirements",
            (
                "(requirement.base_imf, requirement.imf_factor, notional)",
                "(requirement.base_mmf, requirement.mmf_factor, notional) // 2",
            ),
            (
                "(requirement.base_mmf, requirement.mmf_factor, notional)",
                "(requirement.base_imf, requirement.imf_factor, notional) + 1",
            ),
            (
                "max(base * 10**12, mul_div_up(factor",
                "max(base * 10**12, 10**18 - mul_div_up(factor",
            ),
        ),
        serves=("I10", "I12"),
    ),
    Lemma(
        "specs.requirements",
        "closing_frees_its_share_of_margin",
        "What is left of a leg binds no more than its share of the margin, but for a "
        "unit: margin fractions fall with size.",
        _SIZES,
        _are_sizes,
        _margins,
        closing_frees_its_share_of_margin,
        _sample_sizes,
        _mutants(
            "requirements",
            (
                "max(base * 10**12, mul_div_up(factor",
                "max(base * 10**12, 10**18 - mul_div_up(factor",
            ),
        ),
        serves=("I34",),
    ),
    Lemma(
        "specs.requirements",
        "a_weight_falls_with_size",
        "More of an asset weighs no more, nor what is weighed by a haircut that is no "
        "looser; and no weight is above what is set.",
        _HELD,
        lambda *numbers: [
            *_are_sizes(*numbers),
            Fact(numbers[0] + numbers[1], PPM),
        ],
        _weights,
        a_weight_falls_with_size,
        _sample_held,
        _mutants(
            "requirements",
            ("mul_div_down(WEIGHT_CAP, WAD, WAD + slope)", "slope"),
            ("return Wad(weight)", "return Wad(weight + 1)"),
        ),
        serves=("I15", "I43"),
    ),
)
