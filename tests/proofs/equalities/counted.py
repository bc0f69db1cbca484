"""
Layer 2 of what margin counts in: one asset, and USDC with all positions' values.

A health is the words of the contract's struct, in order. Margin of a size, the share
that counts and quotients are the same unknown functions on both sides.
"""

from dataclasses import replace

import z3

from specs import margin, money_market, packing, requirements
from specs.fixed_point import PPM
from specs.margin import Collateral, Debt, Exposure, Health, Portfolio, Quote
from specs.packing import get_field
from specs.requirements import Haircut, Requirement
from tests.proofs.equalities.closing import unpack_requirement
from tests.proofs.equalities.pools import INDICES, unpack_balance
from tests.proofs.equalities.unrealised import answered
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.reference import within
from tests.proofs.lifter.terms import answer, build, constant
from tests.proofs.lifter.words import MODULUS, SIGN
from tests.proofs.shared import (
    DOWN,
    INITIAL,
    MAINTENANCE,
    UP,
    Shared,
    call,
    facts_of,
)

WORTH = 2**127
VALUES = 2**120
NOTHING = Requirement(0, 0, 0, 0)

HAIRCUT = Shared(
    "requirements._compute_weight",
    requirements.compute_weight,
    "bytecode.requirements.compute_weight",
    # Not said: for proofs that leave refusals alone.
    lambda weight, factor, held: z3.BoolVal(False),
    lambda weight, factor, held: (0, 2**24 * 10**12),
    flatten=lambda haircut, held: (haircut.weight, haircut.factor, held),
    unknown="haircut",
)


def _margins(asked: Asked) -> Answer:
    """Answer with margins of the two notionals, by the specification's functions."""
    risk, opened, kept, least = asked.arguments
    initial, maintenance = (
        answer(f"cut margin._margins {index}", -SIGN, SIGN - 1, *asked.arguments)
        for index in range(2)
    )

    def read(lifted: Integers, name: str) -> z3.ArithRef:
        field = packing.RISK[name]
        shifted = build("shr", constant(field.offset), risk)
        return lifted.value(build("and", constant(2**field.width - 1), shifted))

    def are_margins(lifted: Integers) -> z3.BoolRef:
        base, floor = read(lifted, "base_imf"), lifted.value(least)
        bound = z3.If(floor > base, floor, base), read(lifted, "imf_factor")
        keeps = read(lifted, "base_mmf"), read(lifted, "mmf_factor")
        calls = (
            (initial, call(INITIAL, [*bound, lifted.value(opened)])),
            (maintenance, call(MAINTENANCE, [*keeps, lifted.value(kept)])),
        )
        equal = [lifted.value(word, is_signed=True) == c.result for word, c in calls]
        return z3.And(*equal, *(fact for _, c in calls for fact in facts_of(c, [])))

    return Answer([initial, maintenance], facts=[are_margins])


MARGINS = Cut("margin._margins", _margins, ("bytecode.margin.margins",), is_pure=True)
GROWN, get_grown = answered("money_market._borrow_index", (0, MODULUS - 1))


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


def add_asset(*words: int) -> tuple[int, ...]:
    """
    Return a health with an asset counted in, as that of an account which has no other.

    The borrow index now is any; which asset it is matters to resting orders alone.
    """
    *found, _, asset, least, word, index, quoted, risk, now = words
    names = ("slow", "fast", "time", "weight", "factor")
    fields = [get_field(quoted, packing.QUOTE[name]) for name in names]
    quote, haircut = Quote(*fields[:3]), Haircut(*fields[3:])
    balance = unpack_balance(word)
    collaterals: tuple[Collateral, ...] = ()
    debts: tuple[Debt, ...] = ()
    if balance.scaled < 0:
        bound = unpack_requirement(risk)
        bound = replace(bound, base_imf=max(bound.base_imf, least))
        (grown,) = get_grown(asset)
        owed = money_market.compute_debt(balance, grown)
        debts = (Debt(1, owed, quote, bound),)
    else:
        lend_index = get_field(index, packing.POOL_INDEX["lend_index"])
        held = money_market.compute_held(balance, lend_index)
        collaterals = (Collateral(held, quote, haircut),)
    alone = margin.assess(Portfolio(0, NOTHING, collaterals, debts, ()), now)
    before, more = vars(Health(*found)), vars(alone)
    return (
        *(before[name] + more[name] for name in list(before)[:8]),
        max(before["priced_at"], more["priced_at"]),
        more["is_stale"] or before["is_stale"],
        more["is_diverging"] or before["is_diverging"],
    )


def can_add_asset(*words: int) -> bool:
    """Tell whether what was counted before can be held, and a price is past."""
    *found, _, _, least, _, _, quoted, _, now = words
    amounts = ((amount, -WORTH, WORTH) for amount in found[:8])
    time = get_field(quoted, packing.QUOTE["time"])
    return within(*amounts, (least, 0, PPM)) and time <= now


COUNTED = (
    same(
        "margin._add_asset",
        add_asset,
        (
            "        if quote.fast < quote.slow:\n",
            "        if quote.fast > quote.slow:\n",
        ),
        fits=can_add_asset,
        reads={
            "word": ("state.balances", "words[11]", "words[12]"),
            "index": ("state.pool_index", "words[12]"),
            "quoted": ("state.quote", "words[12]"),
            "risk": ("state.risk", "words[12]"),
            "now": (TIME,),
        },
        cuts=(GROWN, MARGINS),
        shares=(DOWN, UP, INITIAL, MAINTENANCE, HAIRCUT),
        is_bounded=True,
        is_one_sided=True,
    ),
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
        cuts=(MARGINS,),
        shares=(DOWN, UP, INITIAL, MAINTENANCE),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = COUNTED
