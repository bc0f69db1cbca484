"""
Lemmas of prices: no step is too long, no mean leaves its sides, no entry is too good.

The specification's exact fractions are run with `Part` in their place.
"""

import random
from types import ModuleType, SimpleNamespace
from typing import Any

from specs.fixed_point import PPM, WAD
from specs.perpetual import Position
from specs.price_index import UNIT
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import Symbolic
from tests.proofs.proof import Mutant


class Part(Ratio):
    """A fraction with the operations that prices need."""

    __slots__ = ()

    def __mul__(self, other: Any) -> "Part":
        if isinstance(other, Ratio):
            return Part(
                self.numerator * other.numerator, self.denominator * other.denominator
            )
        return Part(self.numerator * other, self.denominator)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Part":
        if isinstance(other, Ratio):
            return Part(
                self.numerator * other.denominator, self.denominator * other.numerator
            )
        return Part(self.numerator, self.denominator * other)

    def __rtruediv__(self, other: Any) -> "Part":
        return Part(other * self.denominator, self.numerator)

    def __rsub__(self, other: Any) -> "Part":
        return Part(other * self.denominator - self.numerator, self.denominator)

    def __trunc__(self) -> Any:
        if self.numerator >= 0:
            return self.numerator // self.denominator
        return -(-self.numerator // self.denominator)


class Price(Symbolic):
    """A symbolic integer that can be multiplied by a fraction."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Ratio):
            return Part(self * other.numerator, other.denominator)
        return Symbolic(self.formula) * other

    def __sub__(self, other: Any) -> Any:
        return _price(Symbolic(self.formula) - other)


def _price(number: Any) -> Any:
    return Price(number.formula) if isinstance(number, Symbolic) else number


def _with_parts(module: ModuleType) -> ModuleType:
    """Return a module whose fractions, and those that it rounds, are parts."""
    module.Fraction = Part
    quantise = getattr(module, "quantise_down", None)
    if quantise:
        quantise.__globals__["Fraction"] = Part
    return module


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


def _amount(source: random.Random, bits: int) -> int:
    return source.choice([0, 1, source.getrandbits(source.randint(1, bits))])


# The slow price


def _slow(module: ModuleType, slow: Any, fast: Any, step: Any, elapsed: Any) -> Any:
    return _with_parts(module).compute_slow(_price(slow), fast, step, elapsed)


def a_slow_price_keeps_its_speed(
    argument: Argument, found: Any, slow: Any, fast: Any, step: Any, elapsed: Any
) -> None:
    """Show it by what a step, rounded down, is at most."""
    argument.show(0, step * elapsed, Times(Fact(0, step), elapsed))
    room = argument.show(0, slow * step * elapsed, Times(Fact(0, step), elapsed, slow))
    argument.show(0, room.most)
    longest = slow * step * elapsed
    argument.show((found - slow) * PPM, longest, claim="no faster up")
    argument.show((slow - found) * PPM, longest, claim="no faster down")
    if argument.supposes(slow, fast):
        argument.show(slow, found, claim="towards a higher price")
        argument.show(found, fast, claim="and not beyond it")


# The median and the mean of prices

_QUOTED = ("first", "second", "third", "weight", "heavier", "heaviest")


def _index(module: ModuleType, *numbers: Any) -> Any:
    """Return index, limits and count of three prices, ascending."""
    prices, weights = numbers[:3], numbers[3:]
    _with_parts(module)
    module.CLAMP = Part(1, 100)
    median = module.compute_median_down
    module.compute_median_down = lambda given: _price(median(given))
    low, high = module.compute_clamp(module.compute_median_down(prices))
    index = module.compute_index_down(prices, weights)
    count = module.count_agreeing(prices)
    even = median(prices[:2])
    return index, low, high, count, even


def nobody_short_of_half_moves_the_index(
    argument: Argument, found: Any, *numbers: Any
) -> None:
    """Show that each price counts within the limits, and so does their mean."""
    first, second, third, *weights = numbers
    index, low, high, count, even = found
    argument.show(second * 99, low * 100, claim="the low rounds inwards")
    argument.show(low * 100 - 99, second * 99, claim="by less than a wei")
    argument.show(high * 100, second * 101, claim="so does the high")
    argument.show(second * 101, high * 100 + 99, claim="by less than one, too")
    total = sum(weights)
    tops, bottoms = [], []
    for price, weight in zip((first, second, third), weights, strict=True):
        counted = min(max(price, low), high)
        tops.append(Times(argument.show(counted, high), weight))
        bottoms.append(Times(argument.show(low, counted), weight))
    scale = total * UNIT
    argument.show(index * total, high * total, *tops)
    argument.show(low * total, index * total + scale, *bottoms)
    argument.show(index, high, over=total, claim="the index is not above")
    argument.show(low, index + UNIT, over=total, claim="nor below by a unit")
    argument.show(2 * even, first + second, claim="a mean rounds down")
    argument.show(first + second, 2 * even + 1, claim="by half a wei at most")
    argument.show(1, count, claim="the median agrees with itself")
    if count == 3:
        argument.show(third * 100, second * 101, claim="all that agree are near above")
        argument.show(second * 99, first * 100, claim="and below")


# The basis


def _limit(module: ModuleType, mid: Any, slow: Any, bound: Any) -> Any:
    return _with_parts(module).compute_basis(mid, _price(slow), bound)


def a_basis_is_within_its_bound(
    argument: Argument, basis: Any, mid: Any, slow: Any, bound: Any
) -> None:
    """Show it by the bound, which rounds inwards."""
    positive = argument.show(0, slow * bound, Times(Fact(0, bound), slow))
    argument.show(0, positive.most)
    argument.show(basis * PPM, slow * bound, claim="no further above")
    argument.show(-basis * PPM, slow * bound, claim="nor below")
    if argument.supposes(mid, slow):
        argument.show(basis, 0, claim="below the slow price, or none")
        if argument.supposes(mid, 0):
            argument.show(0, basis, claim="an empty book has none")


def _observe(module: ModuleType, mid: Any, until: Any, now: Any) -> Any:
    (hold,) = _with_parts(module).observe((), now, mid, until)
    return hold


def a_mid_is_stored_rounded_down(
    argument: Argument, hold: Any, mid: Any, until: Any, now: Any
) -> None:
    """Show it, and until when it counts at most."""
    argument.show(hold.mid, mid, claim="no mid is raised")
    argument.show(mid - UNIT + 1, hold.mid, claim="nor lowered by a unit")
    argument.show(hold.until, until, claim="it counts no longer than it was told")
    argument.show(hold.until, now + 300, claim="nor than five minutes")


# Means


def _approach(module: ModuleType, mean: Any, sample: Any, kept: Any) -> Any:
    module.Fraction = module.truncate.__globals__["Fraction"] = Part
    module.compute_decay_down = lambda *_: kept
    return module.approach(mean, _price(sample), 1, 60)


def a_mean_moves_towards_its_sample(
    argument: Argument, found: Any, mean: Any, sample: Any, kept: Any
) -> None:
    """Show that it comes no further, and no way back."""
    if argument.supposes(mean, sample):
        argument.show(
            0, (sample - mean) * (WAD - kept), Times(Fact(mean, sample), WAD - kept)
        )
        argument.show(0, (sample - mean) * kept, Times(Fact(mean, sample), kept))
        argument.show(mean, found, claim="it does not fall")
        argument.show(found, sample, claim="it comes no further")


def _premium(module: ModuleType, mark: Any, slow: Any) -> Any:
    module.Fraction = Part
    return module.compute_premium(mark, slow)


def a_premium_is_rounded_towards_nothing(
    argument: Argument, premium: Any, mark: Any, slow: Any
) -> None:
    """Show it on either side of the slow price."""
    away = (mark - slow) * WAD
    if argument.supposes(slow, mark):
        argument.show(premium * slow, away, claim="no more above")
        argument.show(away, premium * slow + slow - 1, claim="nor less by a part")


# Entries


def _enter(module: ModuleType, *numbers: Any) -> Any:
    """Return the price of an entry in units, on a grid as coarse as is told."""
    lots, basis, index, apart, is_short = numbers
    module.grid = SimpleNamespace(
        tick_up=lambda price: price + apart, tick_down=lambda price: price - apart
    )
    held = -lots if is_short >= 1 else lots
    return module.compute_entry(Position(held, basis), 10**12, index)


def an_entry_rounds_against_the_position(
    argument: Argument, entry: Any, *numbers: Any
) -> None:
    """Show that at its entry's price a position is worth nothing or more."""
    lots, basis, index, apart, is_short = numbers
    if is_short >= 1:
        if not argument.supposes(1, entry + apart):
            return
        price = index + (-basis * WAD) // -((-lots) * 10**12)
        argument.show((entry + apart) * UNIT, price)
        held = argument.show(
            (price - index) * lots * 10**12, -basis * WAD, claim="a short's cost"
        )
        gap = argument.show(entry * UNIT, price)
    else:
        price = index - (-basis * WAD) // (lots * 10**12)
        held = argument.show(basis * WAD, (price - index) * lots * 10**12)
        gap = argument.show(price, entry * UNIT)
    worth = (entry * UNIT - index) * lots * 10**12
    if is_short >= 1:
        argument.show(
            worth, -basis * WAD, Times(gap, lots), Times(held, 1), claim="a short's"
        )
    else:
        argument.show(
            basis * WAD, worth, Times(gap, lots), Times(held, 1), claim="a long's"
        )


PROOFS = (
    Lemma(
        "specs.slow_price",
        "a_slow_price_keeps_its_speed",
        "A slow price moves towards the fast one by no more than its step for each "
        "second, and not beyond it.",
        ("slow", "fast", "step", "elapsed"),
        lambda *numbers: [Fact(0, number) for number in numbers],
        _slow,
        a_slow_price_keeps_its_speed,
        lambda source: (
            *(_amount(source, 80), _amount(source, 80)),
            *(source.randrange(10_001), source.randrange(100)),
        ),
        _mutants("slow_price", ("sorted((slow - step, fast,", "sorted((fast, fast,")),
        serves=("I29", "I31"),
    ),
    Lemma(
        "specs.price_index",
        "nobody_short_of_half_moves_the_index",
        "The index of three prices is within 1 % of their median, whatever their "
        "weights; those that all agree are.",
        _QUOTED,
        lambda *numbers: [
            *(Fact(1, number) for number in numbers),
            Fact(numbers[0], numbers[1]),
            Fact(numbers[1], numbers[2]),
        ],
        _index,
        nobody_short_of_half_moves_the_index,
        lambda source: (
            price := 1 + _amount(source, 80),
            middle := price + source.choice([0, price // 150, _amount(source, 80)]),
            middle + source.choice([0, middle // 150, _amount(source, 80)]),
            *(source.randint(1, 10_000) for _ in range(3)),
        ),
        _mutants(
            "price_index",
            ("weight * min(max(price, low), high)", "weight * max(price, low)"),
            ("Wad(floor(median * (1 + CLAMP)))", "Wad(ceil(median * (1 + CLAMP)))"),
            ("sum(low <= price <= high for", "sum(low <= price for"),
            ("return ascending[half]", "return ascending[half - 1]"),
            (
                "return Wad(floor(price / Fraction(UNIT)) * UNIT)",
                "return Wad(ceil(price / Fraction(UNIT)) * UNIT)",
            ),
        ),
        serves=("I31",),
    ),
    Lemma(
        "specs.book_basis",
        "a_basis_is_within_its_bound",
        "A mid's basis is no further from nothing than the bound, rounded inwards.",
        ("mid", "slow", "bound"),
        lambda *numbers: [Fact(0, number) for number in numbers],
        _limit,
        a_basis_is_within_its_bound,
        lambda source: (
            *(_amount(source, 80), _amount(source, 80), source.randrange(50_001)),
        ),
        _mutants(
            "book_basis",
            ("sorted((-most, distance, most))[1]", "sorted((-most, distance))[1]"),
            ("if mid else 0", "if bound else 0"),
        ),
        serves=("I29",),
    ),
    Lemma(
        "specs.book_basis",
        "a_mid_is_stored_rounded_down",
        "A mid is stored in whole units, rounded down, for five minutes at most.",
        ("mid", "until", "now"),
        lambda mid, until, now: [
            Fact(0, mid),
            Fact(mid, 2**80),
            Fact(0, now),
            Fact(now, until),
        ],
        _observe,
        a_mid_is_stored_rounded_down,
        lambda source: (
            _amount(source, 79),
            *sorted((source.randrange(10**6), source.randrange(10**6)), reverse=True),
        ),
        _mutants("book_basis", ("min(until, now + MAX_HOLD)", "max(until, now)")),
        serves=("I29",),
    ),
    Lemma(
        "specs.mark_price",
        "a_mean_moves_towards_its_sample",
        "A mean comes no further than its sample, and no way back, whatever is kept.",
        ("mean", "sample", "kept"),
        lambda mean, sample, kept: [Fact(0, kept), Fact(kept, WAD)],
        _approach,
        a_mean_moves_towards_its_sample,
        lambda source: (
            *(source.choice([1, -1]) * _amount(source, 80) for _ in range(2)),
            source.randrange(WAD + 1),
        ),
        (
            *_mutants("mark_price", ("mean + truncate(", "mean - truncate(")),
            *_mutants("book_basis", ("trunc(amount / UNIT) *", "trunc(amount) *")),
        ),
        serves=("I29",),
    ),
    Lemma(
        "specs.mark_price",
        "a_premium_is_rounded_towards_nothing",
        "A premium is what mark is above the slow price, rounded down.",
        ("mark", "slow"),
        lambda mark, slow: [Fact(0, mark), Fact(1, slow)],
        _premium,
        a_premium_is_rounded_towards_nothing,
        lambda source: (_amount(source, 80), 1 + _amount(source, 80)),
        _mutants("mark_price", ("(mark - slow) * WAD, slow", "mark * WAD, slow")),
        serves=("I21",),
    ),
    Lemma(
        "specs.virtual_pnl",
        "an_entry_rounds_against_the_position",
        "At the price of its entry tick a position has gained nothing that it is not "
        "worth, however coarse the grid is, as long as the tick is on its side.",
        ("lots", "basis", "index", "apart", "is_short"),
        lambda lots, basis, index, apart, is_short: [
            Fact(1, lots),
            Fact(0, apart),
            Fact(0, is_short),
            Fact(is_short, 1),
        ],
        _enter,
        an_entry_rounds_against_the_position,
        lambda source: (
            1 + _amount(source, 40),
            source.choice([1, -1]) * _amount(source, 90),
            source.choice([1, -1]) * _amount(source, 60),
            _amount(source, 20),
            source.randrange(2),
        ),
        _mutants(
            "virtual_pnl",
            (
                "funding_index + signed_mul_div_up(position.basis, WAD, size)",
                "funding_index - signed_mul_div_up(position.basis, WAD, size)",
            ),
            (
                "grid.tick_down(max(0, signed_mul_div_down(price, 1, PRICE_UNIT)))",
                "grid.tick_up(max(0, signed_mul_div_down(price, 1, PRICE_UNIT)))",
            ),
        ),
        serves=("I23",),
    ),
)
