"""
Lemmas of a portfolio: more of anything, or less of a debt, leaves nobody less healthy.

Of an account with USDC, a collateral, a debt and a position. Margin fractions are those
of the requirements' bases: that they grow with size has a lemma of its own.
"""

import random
from types import ModuleType
from typing import Any

from specs.fixed_point import PPM, WAD, mul_div_down, mul_div_up
from specs.requirements import Haircut, Requirement
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant

_ACCOUNT = ("usdc", "held", "owed", "value", "notional", "price", "cost", "weight")
_ACCOUNT += ("imf", "mmf")
_CHANGE = ("brought", "lent", "repaid", "rise")


def _assess(module: ModuleType, *numbers: Any) -> Any:
    """Return the healths of an account before and after a change for the better."""
    usdc, held, owed, value, notional, price, cost, weight, imf, mmf, *change = numbers
    brought, lent, repaid, rise = change
    rule = Requirement(imf, mmf, 0, 0)
    module.compute_initial_margin = lambda rule, size: _bind(rule.base_imf, size)
    module.compute_maintenance_margin = lambda rule, size: _bind(rule.base_mmf, size)
    exposure = module.Exposure(
        value, value, 0, 0, notional, notional, module.Quote(WAD, WAD, 0), rule
    )
    healths = []
    for more in (0, 1):
        quote = module.Quote(price + more * rise, price + more * rise, 0)
        collateral = module.Collateral(held + more * lent, quote, Haircut(weight, 0))
        cheap = module.Quote(cost, cost, 0)
        debt = module.Debt(2, owed - more * repaid, cheap, rule)
        portfolio = module.Portfolio(
            usdc + more * brought, rule, (collateral,), (debt,), (exposure,)
        )
        healths.append(_measure(module, portfolio))
    return tuple(healths)


def _bind(base: Any, size: Any) -> Any:
    return mul_div_up(base * 10**12, size, WAD)


def _measure(module: ModuleType, portfolio: Any) -> Any:
    """Return equities and margins, what all is worth, and what USDC is owed."""
    return (
        module.compute_equity(portfolio),
        module.compute_total_maintenance_margin(portfolio),
        module.compute_initial_equity(portfolio, 0),
        module.compute_total_initial_margin(portfolio),
        module.compute_value(portfolio),
        module.compute_usdc_debt(portfolio),
        0,
        max(0, -module.compute_conservative_usdc(portfolio)),
    )


def nobody_is_worse_off_with_more(
    argument: Argument, healths: Any, *numbers: Any
) -> None:
    """Show it of the collateral, of the debt, and of the USDC that is owed."""
    _, held, owed, _, _, price, cost, weight, imf, mmf, *change = numbers
    _, lent, repaid, rise = change
    before, after = healths
    argument.show(0, held * price, Times(Fact(0, held), price))
    argument.show(0, lent * price, Times(Fact(0, lent), price))
    argument.show(0, held * rise, Times(Fact(0, held), rise))
    argument.show(0, lent * rise, Times(Fact(0, lent), rise))
    worth, worths = (
        mul_div_down(size, each, WAD)
        for size, each in (
            (held + 0 * lent, price + 0 * rise),
            (held + 1 * lent, price + 1 * rise),
        )
    )
    grows = argument.show(worth, worths, over=WAD)
    argument.show(worth * weight, worths * weight, Times(grows, weight))
    argument.show(repaid * cost, owed * cost, Times(Fact(repaid, owed), cost))
    argument.show(0, repaid * cost, Times(Fact(0, repaid), cost))
    debt, rest = (mul_div_up(owed - more * repaid, cost, WAD) for more in (0, 1))
    argument.show(rest, debt, over=WAD)
    argument.show(before[0], after[0], claim="equity does not fall")
    argument.show(before[2], after[2], claim="nor initial equity")
    argument.show(before[4], after[4], claim="nor what all is worth")
    for rate, at in ((mmf, 1), (imf, 3)):
        argument.show(after[at + 4], before[at + 4])
        for fewer, more in ((after[at + 4], before[at + 4]), (rest, debt)):
            argument.show(fewer * rate, more * rate, Times(Fact(fewer, more), rate))
            argument.show(_bind(rate, fewer), _bind(rate, more), over=WAD)
        argument.show(after[at], before[at], claim="margin does not rise")


def _is_account(*numbers: Any) -> list[Fact]:
    _, held, owed, _, notional, price, cost, weight, imf, mmf, *change = numbers
    *_, repaid, _ = change
    return [
        *(Fact(0, n) for n in (held, price, cost, weight, mmf, *change)),
        Fact(1, notional),
        Fact(mmf, imf),
        Fact(imf, PPM),
        Fact(weight, PPM),
        Fact(repaid, owed),
    ]


def _sample(source: random.Random) -> tuple[int, ...]:
    def amount() -> int:
        return source.choice([0, 1, source.getrandbits(source.randint(1, 80))])

    owed = amount()
    mmf = source.randrange(PPM // 2)
    return (
        *(source.choice([1, -1]) * amount(), amount(), owed),
        *(source.choice([1, -1]) * amount(), 1 + amount(), amount(), amount()),
        *(source.randrange(PPM), mmf * 2, mmf),
        *(amount(), amount(), source.randint(0, owed), amount()),
    )


_AGED = ("owed", "price", "loss", "notional", "time", "now")


def _assess_aged(module: ModuleType, *numbers: Any) -> Any:
    """Return the health of an account with a debt and a loss at prices of some age."""
    owed, price, loss, notional, time, now = numbers
    rule, quote = Requirement(0, 0, 0, 0), module.Quote(price, price, time)
    for name in ("compute_initial_margin", "compute_maintenance_margin"):
        setattr(module, name, lambda _, size: size)
    exposure = module.Exposure(-loss, -loss, 0, 0, notional, notional, quote, rule)
    fresh = module.Collateral(0, module.Quote(WAD, WAD, now), Haircut(0, 0))
    debt = module.Debt(2, owed, quote, rule)
    return module.assess(module.Portfolio(0, rule, (fresh,), (debt,), (exposure,)), now)


def what_is_stale_is_let_go(argument: Argument, health: Any, *numbers: Any) -> None:
    """Show what stale prices make of a shortfall, and when they are."""
    owed, price, loss, notional, time, now = numbers
    worth = mul_div_up(owed, price, WAD)
    positive = argument.show(1, owed * price, Times(Fact(1, owed), price))
    argument.show(1, worth, Times(positive, 1))
    if health.is_stale:
        argument.show(time + 61, now, claim="stale is older than a minute")
        lost, bound = loss + worth, notional + worth
    else:
        argument.show(now, time + 60, claim="and nothing else is")
        lost = bound = 0
    for value, expected in (
        (health.stale_loss, lost),
        (health.stale_margin, bound),
        (health.exposure, loss + notional + worth),
        (health.priced_at, now),
        (health.equity, -loss - worth),
    ):
        argument.show(value, expected, claim="no more than it is")
        argument.show(expected, value, claim="nor less")


PROOFS = (
    Lemma(
        "specs.margin",
        "what_is_stale_is_let_go",
        "What stale prices make of a shortfall is the debts and losses at them; an "
        "account's prices are the latest that are not stale.",
        _AGED,
        lambda owed, price, loss, notional, time, now: [
            *(Fact(1, number) for number in (owed, price, notional)),
            Fact(0, loss),
            Fact(61, time),
            Fact(time, now),
        ],
        _assess_aged,
        what_is_stale_is_let_go,
        lambda source: (
            *(1 + source.getrandbits(source.randint(1, 80)) for _ in range(2)),
            *(source.choice([0, 10**20]), 1 + source.getrandbits(60)),
            *(time := 61 + source.getrandbits(20), time + source.randrange(150)),
        ),
        (
            Mutant(
                "specs/margin.py",
                "if e.notional > 0 and is_stale(e.quote, now)",
                "if e.notional > 0 and is_stale(e.quote, now - 1)",
            ),
            Mutant(
                "specs/margin.py",
                "fresh = [quote for quote in quotes if not is_stale(quote, now)]",
                "fresh = [quote for quote in quotes if is_stale(quote, now)]",
            ),
        ),
        serves=("I30", "I33"),
    ),
    Lemma(
        "specs.margin",
        "nobody_is_worse_off_with_more",
        "Whoever brings USDC or an asset or repays, or whose collateral rises, has no "
        "less equity and binds no more margin, initial or maintenance.",
        (*_ACCOUNT, *_CHANGE),
        _is_account,
        _assess,
        nobody_is_worse_off_with_more,
        _sample,
        tuple(
            Mutant("specs/margin.py", old, new)
            for old, new in (
                (
                    "return portfolio.usdc + sum([e.value + e.interest",
                    "return -portfolio.usdc + sum([e.value + e.interest",
                ),
                (
                    "[min(0, e.worst_value) + e.credit + e.interest for e in",
                    "[max(0, e.worst_value) - portfolio.usdc * 2 for e in",
                ),
                (
                    "    return equity - sum(mul_div_up(d.owed, d.quote.slow, WAD) for",
                    "    return equity + sum(mul_div_up(d.owed, d.quote.slow, WAD) for",
                ),
                (
                    "return value - sum(mul_div_up(d.owed, d.quote.slow, WAD)",
                    "return value + sum(mul_div_up(d.owed, d.quote.slow, WAD)",
                ),
                (
                    "return Wad(max(0, -compute_net_usdc(portfolio)))",
                    "return Wad(max(0, compute_net_usdc(portfolio)))",
                ),
                (
                    "        compute_collateral_value(c, get_low(c.quote))\n",
                    "        -compute_collateral_value(c, get_low(c.quote))\n",
                ),
                (
                    "debt = Wad(max(0, bids - compute_conservative_usdc(portfolio)))",
                    "debt = Wad(max(0, bids + compute_conservative_usdc(portfolio)))",
                ),
                (
                    "        notional = mul_div_up(debt.owed, debt.quote.slow, WAD)\n",
                    "        notional = 10**60 - mul_div_up(debt.owed, 1, WAD)\n",
                ),
                (
                    "(portfolio.usdc_requirement, compute_usdc_debt(portfolio))",
                    "(portfolio.usdc_requirement, max(0, portfolio.usdc))",
                ),
            )
        ),
        serves=("I10", "I11"),
    ),
)
