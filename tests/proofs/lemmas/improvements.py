"""
Lemmas of liquidation: whatever is closed, an account is worth no less for its margin.

What a leg binds has the name of an integer: it does not matter why.
"""

import random
from types import ModuleType
from typing import Any

from specs.fixed_point import WAD
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant


def _mutants(module: str, *pairs: tuple[str, str]) -> tuple[Mutant, ...]:
    return tuple(Mutant(f"specs/{module}.py", old, new) for old, new in pairs)


_CLOSING = ("equity", "margin", "leg_margin", "notional", "closed", "cost", "freed")


def _health(module: ModuleType, equity: Any, margin: Any, exposure: Any) -> Any:
    return module.Health(0, 0, equity, margin, exposure, 0, 0, 0, 0, False, False)


def _slice(module: ModuleType, *numbers: Any) -> Any:
    """Return the ratio of a leg, and whether closing a part of it improves."""
    equity, margin, leg_margin, notional, _, cost, freed = numbers
    module.compute_maintenance_margin = lambda *_: leg_margin
    before = _health(module, equity, margin, notional)
    ratio = module.compute_ratio(before, (None, notional))
    after = _health(module, equity - cost, margin - freed, notional)
    return ratio, module.is_improved(before, after)


def a_slice_improves(argument: Argument, found: Any, *numbers: Any) -> None:
    """
    Show that ``cost * MM <= equity * freed``, for a slice that costs three quarters of
    its ratio at most and frees its share of margin at least.
    """
    equity, margin, leg_margin, notional, closed, cost, freed = numbers
    ratio, is_improved = found
    if not argument.supposes(4 * cost * WAD, 3 * ratio * closed):
        return
    if not argument.supposes(leg_margin * closed, freed * notional):
        return
    argument.show(0, equity * leg_margin, Times(Fact(0, leg_margin), equity))
    share = argument.show(
        ratio * margin * notional, equity * leg_margin * WAD, claim="the leg's share"
    )
    costs = Fact(4 * cost * WAD, 3 * ratio * closed)
    worth = argument.show(
        4 * cost * notional * margin * WAD,
        3 * equity * leg_margin * WAD * closed,
        Times(costs, margin, notional),
        Times(share, 3, closed),
    )
    frees = Fact(leg_margin * closed, freed * notional)
    argument.show(
        4 * cost * margin,
        3 * equity * freed,
        Times(worth, 1),
        Times(frees, equity, 3 * WAD),
        over=notional * WAD,
    )
    argument.show(0, freed * equity, Times(Fact(0, freed), equity))
    if not is_improved:
        argument.show(1, 0, claim="equity over margin does not fall")


def _is_closing(*numbers: Any) -> list[Fact]:
    equity, margin, leg_margin, notional, closed, cost, freed = numbers
    return [
        *(Fact(1, number) for number in (equity, margin, notional)),
        *(Fact(0, number) for number in (leg_margin, closed, cost, freed)),
        Fact(leg_margin, margin),
        Fact(closed, notional),
        Fact(freed, margin),
    ]


def _sample_closing(source: random.Random) -> tuple[int, ...]:
    """Return a leg and a part of it, which frees its share and costs what it may."""
    margin = 2 + source.getrandbits(60)
    leg_margin = source.randint(1, margin)
    notional = leg_margin * source.randint(10, 50)
    equity = 1 + source.randrange(margin)
    closed = source.randint(1, notional)
    ratio = equity * leg_margin * WAD // (margin * notional)
    cost = 3 * ratio * closed // (4 * WAD)
    freed = -(-leg_margin * closed // notional)
    return (equity, margin, leg_margin, notional, closed, cost, freed)


def _take_over(module: ModuleType, *numbers: Any) -> Any:
    """Return the discount on an account, and the ratio that it has to keep."""
    equity, margin, _, notional, *_ = numbers
    return module.compute_discount(_health(module, equity, margin, notional))


def a_takeover_improves(argument: Argument, discount: Any, *numbers: Any) -> None:
    """
    Show it for a part that costs the discount and frees its share of all margin: what
    is left is worth no less for its margin.
    """
    equity, margin, _, notional, closed, cost, freed = numbers
    if not argument.supposes(cost * WAD, discount * closed):
        return
    if not argument.supposes(margin * closed, freed * notional):
        return
    worth = equity * WAD // notional
    paid = argument.show(
        discount * notional,
        equity * WAD,
        Times(argument.show(discount, worth), notional),
        claim="equity pays",
    )
    costs = argument.show(
        cost * notional * WAD,
        equity * WAD * closed,
        Times(Fact(cost * WAD, discount * closed), notional),
        Times(paid, closed),
    )
    argument.show(
        cost * margin,
        equity * freed,
        Times(costs, margin),
        Times(Fact(margin * closed, freed * notional), equity, WAD),
        over=notional * WAD,
    )
    argument.show(
        equity * (margin - freed),
        (equity - cost) * margin,
        claim="equity over margin does not fall",
    )


def _sample_takeover(source: random.Random) -> tuple[int, ...]:
    numbers = list(_sample_closing(source))
    equity, margin, _, notional, closed, *_ = numbers
    discount = min(equity * WAD // notional, margin * WAD // (4 * notional))
    numbers[5] = discount * closed // WAD
    numbers[6] = -(-margin * closed // notional)
    return tuple(numbers)


PROOFS = (
    Lemma(
        "specs.slices",
        "a_slice_improves",
        "Equity over maintenance margin does not fall by a slice that costs at most "
        "three quarters of its ratio and frees its share of its leg's margin.",
        _CLOSING,
        _is_closing,
        _slice,
        a_slice_improves,
        _sample_closing,
        _mutants(
            "slices",
            (
                "mul_div_down(health.equity * margin, WAD, whole)",
                "mul_div_down(health.equity * margin, 2 * WAD, whole)",
            ),
            (
                "        >= before.equity * after.maintenance_margin\n",
                "        > before.equity * before.maintenance_margin\n",
            ),
        ),
        serves=("I34",),
    ),
    Lemma(
        "specs.backstop",
        "a_takeover_improves",
        "Equity over maintenance margin does not fall by a takeover that costs its "
        "discount and frees its share of the margin, whatever the part is.",
        _CLOSING,
        _is_closing,
        _take_over,
        a_takeover_improves,
        _sample_takeover,
        _mutants(
            "backstop",
            (
                "worth = mul_div_down(health.equity, WAD, health.exposure)",
                "worth = mul_div_down(health.equity, 2 * WAD, health.exposure)",
            ),
        ),
        serves=("I34",),
    ),
)
