"""
Lemmas of the book: what its orders bind, where it says that a market is, and bands.

What CrossHair can't follow: quotients of quotients, exact fractions, and the square
root in a weight, in whose place any weight stands that does not rise with size.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

from specs.fixed_point import PPM, WAD, mul_div_down, mul_div_up
from specs.price_index import UNIT
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.proof import Mutant

# Open orders: bids


def _lose(module: ModuleType, *numbers: Any) -> tuple[Any, Any]:
    """Return what fewer and what more bids lose, under weights that fall with size."""
    bids, more, held, owed, low, high, weight, first, second = numbers
    losses = []
    for size, least in ((bids, first), (bids + more, second)):

        def weigh(_: Any, counted: Any, least: Any = least) -> Any:
            return weight if counted <= held else least

        module.compute_weight = weigh
        losses.append(module.compute_bid_loss(size, held, owed, low, high, None))
    return losses[0], losses[1]


def _are_bids(*numbers: Any) -> list[Fact]:
    *_, low, high, weight, first, second = numbers
    return [
        *(Fact(0, number) for number in numbers),
        Fact(low, high),
        Fact(weight, WAD),
        Fact(first, weight),
        Fact(second, first),
    ]


def more_bids_lose_no_less(
    argument: Argument, losses: tuple[Any, Any], *numbers: Any
) -> None:
    """Show it by what each rounding may be off, of the cost and of what is left."""
    bids, more, held, owed, low, high, weight, first, second = numbers
    before, after = losses
    leaves = []
    for size, least in ((bids, first), (bids + more, second)):
        repaid = min(size, owed)
        total = held + size - repaid
        value = mul_div_down(total, low, WAD)
        share = weight if total <= held else least
        leaves.append((repaid, total, value, share))
    (paid, less, worth, heavy), (pays, most, worths, light) = leaves
    argument.show(paid, pays)
    argument.show(less, most)
    risen = argument.show(0, worths, Times(Fact(0, most), low))
    counted = mul_div_down(worth, heavy, WAD)
    counts = mul_div_down(worths, light, WAD)
    lighter = argument.show(light, heavy)
    full = argument.show(heavy, WAD)
    held_back = argument.show(
        counts * WAD, worths * heavy, Times(lighter, worths), Times(risen, 1)
    )
    gap = argument.show(less, most)
    rise = argument.show((worths - worth) * WAD, (most - less) * low + WAD - 1)
    room = argument.show(0, (most - less) * low + WAD - 1, Times(gap, low))
    weighed = argument.show(
        (worths - worth) * heavy * WAD,
        ((most - less) * low + WAD - 1) * WAD,
        Times(rise, heavy),
        Times(full, (most - less) * low + WAD - 1),
        Times(room, 1),
    )
    argument.show(
        (counts - counted) * WAD,
        (most - less) * low + 2 * WAD - 2,
        Times(held_back, WAD),
        Times(weighed, 1),
        over=WAD,
    )
    argument.show(
        before,
        after + 2,
        Times(Fact(low, high), most - less),
        over=WAD,
        claim="more bids lose no less, but for two units",
    )


def _sample_bids(source: random.Random) -> tuple[int, ...]:
    def amount() -> int:
        return source.choice([0, 1, WAD, source.getrandbits(source.randint(1, 90))])

    low = source.getrandbits(source.randint(50, 80))
    high = low + source.choice([0, amount()])
    weights = sorted((source.randrange(WAD + 1) for _ in range(3)), reverse=True)
    return (amount(), amount(), amount(), amount(), low, high, *weights)


def _lose_and_cost(module: ModuleType, *numbers: Any) -> tuple[Any, Any]:
    """Return what bids lose and cost, under a weight that is the same for any size."""
    bids, held, owed, low, high, weight = numbers
    haircut = module.Haircut(weight, 0)
    loss = module.compute_bid_loss(bids, held, owed, low, high, haircut)
    return loss, module.compute_bid_cost(bids, high)


def bids_lose_no_more_than_they_cost(
    argument: Argument, result: tuple[Any, Any], *numbers: Any
) -> None:
    """Show it: what they leave counts for no less than what was held before."""
    bids, held, owed, low, high, weight = numbers
    loss, cost = result
    repaid, share = min(bids, owed), weight * (WAD // PPM)
    total = held + bids - repaid
    before, after = (mul_div_down(size, low, WAD) for size in (held, total))
    more = argument.show(repaid, bids)
    worth = argument.show(0, held * low, Times(Fact(0, held), low))
    argument.show(held * low, total * low, Times(more, low), Times(worth, 1))
    rises = argument.show(before, after, over=WAD)
    counted, counts = (mul_div_down(value, share, WAD) for value in (before, after))
    argument.show(counted, counts, Times(rises, share), over=WAD)
    argument.show(0, repaid * high, Times(Fact(0, repaid), high))
    argument.show(0, bids * high, Times(Fact(0, bids), high))
    argument.show(loss, cost, claim="no more is lost than is paid")
    if argument.supposes(weight, 0) and argument.supposes(owed, 0):
        value = argument.show(0, after)
        nothing = Times(Fact(weight, 0), after)
        argument.show(counts * WAD, 0, nothing, Times(value, 1))
        argument.show(counts, 0, over=WAD)
        argument.show(repaid * high, 0, Times(argument.show(repaid, 0), high))
        argument.show(mul_div_down(repaid, high, WAD), 0, over=WAD)
        argument.show(0, counted, Times(Fact(0, before), share))
        argument.show(cost, loss, claim="what counts nothing is lost")


# Impact

_LEVELS = ("size", "price", "next_size", "next_price", "last_size", "last_price")


def _levels(module: ModuleType, numbers: Sequence[Any]) -> list[Any]:
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return [module.Level(price, size) for size, price in pairs]


def _impact_bid(module: ModuleType, impact: Any, *numbers: Any) -> Any:
    return module.compute_impact_bid(_levels(module, numbers), impact)


def _impact_ask(module: ModuleType, impact: Any, *numbers: Any) -> Any:
    return module.compute_impact_ask(_levels(module, _priced(numbers)), impact)


def _priced(numbers: Sequence[Any]) -> list[Any]:
    """Return sizes in WAD for the least lots, and prices in WAD for stored ones."""
    units = (10**12, UNIT)
    return [number * units[at % 2] for at, number in enumerate(numbers)]


def _are_bid_levels(impact: Any, *numbers: Any) -> list[Fact]:
    prices = numbers[1::2]
    falls = pairwise(prices[::-1])
    return [Fact(1, n) for n in (impact, *numbers)] + [Fact(*pair) for pair in falls]


def _are_ask_levels(impact: Any, *numbers: Any) -> list[Fact]:
    prices = numbers[1::2]
    rises = pairwise(prices)
    return [
        *(Fact(1, n) for n in (impact, *numbers)),
        *(Fact(*pair) for pair in rises),
        Fact(prices[-1] * UNIT, impact * WAD),
    ]


def an_impact_bid_is_not_above_the_best(
    argument: Argument, bid: Any, impact: Any, *numbers: Any
) -> None:
    """Show it: what is sold would bring no less at the best price."""
    base, left, best = 0, impact, numbers[1]
    for size, price in zip(numbers[::2], numbers[1::2], strict=True):
        worth = mul_div_down(size, price, WAD)
        if worth >= left:
            rest = mul_div_up(left, WAD, price)
            least = argument.show(left * WAD, rest * price)
            argument.show(
                left * WAD,
                rest * best,
                Times(least, 1),
                Times(Fact(price, best), rest),
            )
            argument.show(impact * WAD, (base + rest) * best)
            argument.show(
                bid,
                best,
                over=base + rest,
                claim="the impact bid is not above the best",
            )
            return
        argument.show(worth * WAD, size * best, Times(Fact(price, best), size))
        base, left = base + size, left - worth
    argument.show(bid, 0, claim="a thin book has no impact bid")


def an_impact_ask_is_not_below_the_best(
    argument: Argument, ask: Any, impact: Any, *numbers: Any
) -> None:
    """Show it: what is bought would cost no more at the best price."""
    given, base, left = _priced(numbers), 0, impact
    best = given[1]
    for at, (size, price) in enumerate(zip(given[::2], given[1::2], strict=True)):
        worth = mul_div_down(size, price, WAD)
        dearer = argument.show(best, price)
        if worth >= left:
            rest = mul_div_down(left, WAD, price)
            argument.show(rest * best, left * WAD, Times(dearer, rest))
            argument.show((base + rest) * best, impact * WAD)
            argument.show(
                best,
                ask,
                over=base + rest,
                claim="the impact ask is not below the best",
            )
            return
        argument.show(numbers[2 * at] * numbers[2 * at + 1], worth, over=WAD)
        argument.show(size * best, worth * WAD, Times(dearer, size))
        base, left = base + size, left - worth
    argument.show(ask, 0, claim="a thin book has no impact ask")


def _sample_levels(source: random.Random, units: Sequence[int]) -> tuple[int, ...]:
    """Return a notional and three levels, in so small units, at rising prices."""
    size, price = units
    start = source.getrandbits(source.randint(40, 80)) // price + 1
    numbers = []
    for _ in range(3):
        numbers += [source.getrandbits(source.randint(40, 70)) // size + 1, start]
        start += source.choice([0, 1, start // 1000])
    worth = sum(s * p for s, p in zip(numbers[::2], numbers[1::2], strict=True))
    impact = worth * size * price // WAD * source.randint(1, 120) // 100
    return (impact, *numbers)


def _sample_bid_levels(source: random.Random) -> tuple[int, ...]:
    impact, *numbers = _sample_levels(source, (1, 1))
    numbers[1], numbers[5] = numbers[5], numbers[1]
    return (impact, *numbers)


def _take_mid(module: ModuleType, bid: Any, ask: Any, max_spread: Any) -> Any:
    module.compute_impact_bid = lambda *_: bid
    module.compute_impact_ask = lambda *_: ask
    return module.compute_mid((), (), 0, max_spread)


def a_mid_is_between_bid_and_ask(
    argument: Argument, mid: Any, bid: Any, ask: Any, max_spread: Any
) -> None:
    """Show it, for what is neither thin nor wide; else that there is none."""
    if bid == 0 or ask == 0:
        argument.show(mid, 0, claim="without a side there is no mid")
    elif (ask - bid) * PPM > max_spread * ((bid + ask) // 2):
        argument.show(mid, 0, claim="a wide book has no mid")
    else:
        argument.show(2 * mid, bid + ask, claim="no mid is above the middle")
        argument.show(
            bid + ask - 2 * UNIT + 1, 2 * mid, claim="nor by a stored unit below it"
        )


# Bands


def _band(module: ModuleType, price: Any, tolerance: Any) -> Any:
    module.Fraction = Ratio
    return module.compute_band(Ratio(price), tolerance)


def _perp_band(module: ModuleType, mark: Any, mean_mark: Any, tolerance: Any) -> Any:
    module.Fraction = Ratio
    return module.compute_perp_band(Ratio(mark), Ratio(mean_mark), tolerance)


def a_band_ends_at_its_tolerance(
    argument: Argument, band: Any, price: Any, tolerance: Any
) -> None:
    """Show that the next price outwards is too far off, at either end."""
    low, high = band
    least, most = price * (PPM - tolerance), price * (PPM + tolerance)
    argument.show(least, low * PPM, claim="the low is near enough")
    argument.show(low * PPM - PPM + 1, least, claim="what is below it is not")
    argument.show(high * PPM, most, claim="the high is near enough")
    argument.show(most, high * PPM + PPM - 1, claim="what is above it is not")


def a_perp_band_is_within_both(
    argument: Argument, band: Any, mark: Any, mean_mark: Any, tolerance: Any
) -> None:
    """Show that its ends are near enough to the mark and to the mean mark."""
    low, high = band
    argument.show(mark * (PPM - tolerance), low * PPM, claim="low, of the mark")
    argument.show(mean_mark * 9, low * 10, claim="low, of the mean mark")
    argument.show(high * PPM, mark * (PPM + tolerance), claim="high, of the mark")
    argument.show(high * 10, mean_mark * 11, claim="high, of the mean mark")


def _sample_band(source: random.Random, prices: int) -> tuple[int, ...]:
    price = source.getrandbits(source.randint(1, 90))
    others = (price + price * source.randint(-20, 20) // 100 for _ in range(prices - 1))
    return (price, *others, source.choice([0, 30_000, source.randrange(PPM)]))


_Sampler = Callable[[random.Random], tuple[int, ...]]


def _is_band(*numbers: Any) -> list[Fact]:
    return [*(Fact(0, number) for number in numbers), Fact(numbers[-1], PPM)]


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


PROOFS = (
    Lemma(
        "specs.open_orders",
        "more_bids_lose_no_less",
        "Bids that are added do not lower what all of them lose by more than two "
        "units of rounding, whatever weights are, as long as they fall with size.",
        (
            "bids",
            "more",
            "held",
            "owed",
            "low",
            "high",
            "weight",
            "first",
            "second",
        ),
        _are_bids,
        _lose,
        more_bids_lose_no_less,
        _sample_bids,
        _mutants(
            "open_orders",
            (
                "gained += compute_counted(Wad(held + bids - repaid), low, haircut)",
                "gained += compute_counted(Wad(held + bids), low, haircut)",
            ),
        ),
        serves=("I11", "I17"),
    ),
    Lemma(
        "specs.open_orders",
        "bids_lose_no_more_than_they_cost",
        "What bids leave and repay lowers their loss; they lose all that they cost if "
        "they leave what counts nothing.",
        ("bids", "held", "owed", "low", "high", "weight"),
        lambda bids, held, owed, low, high, weight: [
            *(Fact(0, number) for number in (bids, held, owed, low, weight)),
            Fact(low, high),
            Fact(weight, PPM),
        ],
        _lose_and_cost,
        bids_lose_no_more_than_they_cost,
        lambda source: (
            *_sample_bids(source)[1:6],
            source.choice([0, source.randrange(PPM + 1)]),
        ),
        _mutants(
            "open_orders",
            (
                "gained -= compute_counted(held, low",
                "gained -= compute_counted(held, high",
            ),
            ("repaid = min(bids, owed)", "repaid = max(bids, owed)"),
        ),
        serves=("I11", "I17"),
    ),
    Lemma(
        "specs.impact",
        "an_impact_bid_is_not_above_the_best",
        "A notional is sold at no more than the best price, out of three levels.",
        ("impact", *_LEVELS),
        _are_bid_levels,
        _impact_bid,
        an_impact_bid_is_not_above_the_best,
        _sample_bid_levels,
        _mutants(
            "impact",
            (
                "base += mul_div_up(left, WAD, level.price)",
                "base += mul_div_down(left, WAD, level.price) - 1",
            ),
        ),
        serves=("I29",),
    ),
    Lemma(
        "specs.impact",
        "an_impact_ask_is_not_below_the_best",
        "A notional is bought at no less than the best price, out of three levels of "
        "whole lots at stored prices.",
        ("impact", *_LEVELS),
        _are_ask_levels,
        _impact_ask,
        an_impact_ask_is_not_below_the_best,
        lambda source: _sample_levels(source, (10**12, UNIT)),
        _mutants(
            "impact",
            (
                "base += mul_div_down(left, WAD, level.price)",
                "base += mul_div_up(left, WAD, level.price)",
            ),
        ),
        serves=("I29",),
    ),
    Lemma(
        "specs.impact",
        "a_mid_is_between_bid_and_ask",
        "A mid is the middle between what could be bought and sold at, rounded down by "
        "less than a stored unit; a book that is thin or wide has none.",
        ("bid", "ask", "max_spread"),
        lambda *numbers: [Fact(0, number) for number in numbers],
        _take_mid,
        a_mid_is_between_bid_and_ask,
        lambda source: (
            source.choice([0, 10**18 + source.getrandbits(50)]),
            source.choice([0, 10**18 + source.getrandbits(50)]),
            source.choice([0, 100, 10_000]),
        ),
        _mutants(
            "impact",
            ("if bid == 0 or ask == 0:", "if bid == 0:"),
            ("> max_spread * mid", "> 2 * max_spread * mid"),
            ("Wad(mid - mid % UNIT)", "Wad(mid + UNIT - mid % UNIT)"),
        ),
        serves=("I29",),
    ),
    Lemma(
        "specs.bands",
        "a_band_ends_at_its_tolerance",
        "A band's ends are within the tolerance of its price, the next ones outwards "
        "are not.",
        ("price", "tolerance"),
        _is_band,
        _band,
        a_band_ends_at_its_tolerance,
        lambda source: _sample_band(source, 1),
        _mutants(
            "bands",
            ("ceil(price * (1 - part))", "floor(price * (1 - part))"),
            ("floor(price * (1 + part))", "ceil(price * (1 + part))"),
        ),
        serves=("I28", "I46"),
    ),
    Lemma(
        "specs.bands",
        "a_perp_band_is_within_both",
        "A perpetual's band is within the tolerance of the mark and within a tenth of "
        "the mean mark.",
        ("mark", "mean_mark", "tolerance"),
        _is_band,
        _perp_band,
        a_perp_band_is_within_both,
        lambda source: _sample_band(source, 2),
        _mutants(
            "bands",
            ("max(low for low, _ in bands)", "min(low for low, _ in bands)"),
            ("min(high for _, high in bands)", "max(high for _, high in bands)"),
        ),
        serves=("I28", "I46"),
    ),
)
