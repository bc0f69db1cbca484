"""
Layer 2 of what margin counts in: the balance of USDC, with all positions' values.

A health is the words of the contract's struct, in order. Margin of a size and quotients
are the same unknown functions on both sides.
"""

from dataclasses import replace

from specs import margin, money_market, packing, requirements
from specs.fixed_point import PPM
from specs.margin import Exposure, Health, Portfolio, Quote
from specs.packing import get_field
from specs.requirements import Requirement
from tests.proofs.equalities.closing import unpack_requirement
from tests.proofs.equalities.pools import INDICES, unpack_balance
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within
from tests.proofs.shared import DOWN, INITIAL, MAINTENANCE, UP

WORTH = 2**127
VALUES = 2**120
NOTHING = Requirement(0, 0, 0, 0)


def get_usdc(word: int, lend_index: int, borrow_index: int) -> int:
    """Return what is held, or owed if negative, of a balance in a word."""
    balance = unpack_balance(word)
    held = money_market.compute_held(balance, lend_index)
    return held - money_market.compute_debt(balance, borrow_index)


def add_usdc(*words: int) -> tuple[int, ...]:
    """
    Return a health with USDC counted in, as that of an account which has nothing else
    but positions without a size, worth ``net`` at mark and ``worst`` otherwise.
    """
    *found, _, net, worst, least, borrow_index, bids, word, index, risk = words
    lend_index = get_field(index, packing.POOL_INDEX["lend_index"])
    bound = unpack_requirement(risk)
    bound = replace(bound, base_imf=max(bound.base_imf, least))
    positions = Exposure(net, 0, worst, 0, 0, 0, Quote(0, 0, 0), NOTHING)
    usdc = get_usdc(word, lend_index, borrow_index)
    portfolio = Portfolio(usdc, bound, (), (), (positions,))
    equity = margin.compute_conservative_usdc(portfolio)
    binding = requirements.compute_initial_margin(bound, max(0, bids - equity))
    health = Health(*found)
    after = replace(
        health,
        initial_equity=health.initial_equity + equity,
        initial_margin=health.initial_margin + binding,
        equity=health.equity + margin.compute_equity(portfolio),
        value=health.value + margin.compute_value(portfolio),
        exposure=health.exposure + margin.compute_usdc_debt(portfolio),
        maintenance_margin=health.maintenance_margin
        + margin.compute_total_maintenance_margin(portfolio),
    )
    return tuple(vars(after).values())


def can_add_usdc(*words: int) -> bool:
    """Tell whether what was counted before can be held, and the values too."""
    *found, _, net, worst, least, borrow_index, bids, _, _, _ = words
    return within(
        *((amount, -WORTH, WORTH) for amount in found[:6]),
        (net, -VALUES, VALUES),
        (worst, -VALUES, VALUES),
        (least, 0, PPM),
        (borrow_index, 0, INDICES),
        (bids, 0, VALUES),
    )


COUNTED = (
    same(
        "margin._add_usdc",
        add_usdc,
        ("int256) - usdc - worst, 0)", "int256) - usdc, 0)"),
        ("health.equity += usdc + net", "health.equity += usdc + worst"),
        fits=can_add_usdc,
        reads={
            "word": ("state.balances", "words[11]", "0"),
            "index": ("state.pool_index", "0"),
            "risk": ("state.risk", "0"),
        },
        shares=(DOWN, UP, INITIAL, MAINTENANCE),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = COUNTED
