"""
Layer 2 of resting spot orders: what bids may lose, and what an asset's orders change in
a health.

The words of an asset are under its number, its orders under its code. What is held and
owed is the same unknown on both sides.
"""

from dataclasses import replace

import z3

from specs import instruments, margin, open_orders, packing
from specs.fixed_point import PPM, WAD
from specs.margin import Debt, Portfolio, Quote, SpotOrders
from specs.open_orders import OpenOrders
from specs.packing import get_field
from specs.requirements import Haircut
from tests.proofs.equalities.closing import unpack_requirement
from tests.proofs.equalities.counted import GROWN, HAIRCUT, NOTHING, WORTH, get_grown
from tests.proofs.equalities.orders import entry
from tests.proofs.equalities.pools import AMOUNTS
from tests.proofs.equalities.unrealised import answered
from tests.proofs.equality import assume
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.ranges import Interval
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.lifter.words import MODULUS, SIGN
from tests.proofs.shared import DOWN, INITIAL, UP, Shared, call

PRICES = 2**100
WEIGHTS, FACTORS = 2**24 - 1, 2**40 - 1

# What bids may lose


def counted(held: int, price: int, weight: int, factor: int) -> int:
    """Return what counts at the weight of those fields."""
    return open_orders.compute_counted(held, price, Haircut(weight, factor))


def bid_loss(
    bids: int, held: int, owed: int, low: int, high: int, weight: int, factor: int
) -> int:
    """Return what bids lose at the weight of those fields."""
    haircut = Haircut(weight, factor)
    return open_orders.compute_bid_loss(bids, held, owed, low, high, haircut)


def is_counted(held: int, price: int, weight: int, factor: int) -> bool:
    """Tell whether an amount, a price and a haircut are some that can be stored."""
    return within(
        (held, 0, 2 * AMOUNTS),
        (price, 0, PRICES),
        (weight, 0, WEIGHTS),
        (factor, 0, FACTORS),
    )


def is_bid(
    bids: int, held: int, owed: int, low: int, high: int, weight: int, factor: int
) -> bool:
    """Tell whether the amounts, the prices and the haircut are."""
    amounts = ((amount, 0, AMOUNTS) for amount in (bids, held, owed))
    fields = (weight, 0, WEIGHTS), (factor, 0, FACTORS)
    return within(*amounts, (low, 0, PRICES), (high, 0, PRICES), *fields)


def _in_words(*ranges: tuple[z3.ArithRef, int]) -> z3.BoolRef:
    return z3.And(*(z3.And(part >= 0, part <= most) for part, most in ranges))


def _most_counted(
    held: Interval, price: Interval, weight: Interval, factor: Interval
) -> Interval:
    worth = max(held[1], 0) * max(price[1], 0)
    return 0, worth * max(weight[1], 0) * 10**12 // 10**36


WEIGHT = replace(
    HAIRCUT,
    needs=lambda weight, factor, held: _in_words(
        (weight, WEIGHTS), (factor, FACTORS), (held, 2**200)
    ),
    size=lambda weight, factor, held: (0, max(weight[1], 0) * 10**12),
)
"""The share that counts, of which nothing is left out."""

COUNTED = Shared(
    "open_orders._counted",
    open_orders.compute_counted,
    "bytecode.open_orders.counted",
    lambda held, price, weight, factor: _in_words(
        (held, 2 * AMOUNTS), (price, PRICES), (weight, WEIGHTS), (factor, FACTORS)
    ),
    _most_counted,
    lambda result, *arguments: [result >= 0],
    flatten=lambda held, price, haircut: (held, price, haircut.weight, haircut.factor),
)

BID_LOSS = Shared(
    "open_orders._bid_loss",
    open_orders.compute_bid_loss,
    "bytecode.open_orders.bid_loss",
    # Not said: for proofs that leave refusals alone.
    lambda *arguments: z3.BoolVal(False),
    lambda *arguments: (0, MODULUS - 1),
    lambda result, bids, *rest: [result >= 0, z3.Implies(bids == 0, result == 0)],
    flatten=lambda *arguments: (
        *arguments[:5],
        arguments[5].weight,
        arguments[5].factor,
    ),
)


def _is_debt(result: z3.ArithRef, *arguments: z3.ArithRef) -> list[z3.BoolRef]:
    """Return that what is sold of what there is leaves the debt that there is."""
    asks, held, owed, high = arguments
    before = call(UP, [owed, high, z3.IntVal(WAD)]).result
    return [result >= 0, z3.Implies(asks <= held, result == before)]


ASK_DEBT = Shared(
    "open_orders._ask_debt",
    open_orders.compute_ask_debt,
    "bytecode.open_orders.ask_debt",
    lambda *arguments: z3.BoolVal(False),
    lambda *arguments: (0, MODULUS - 1),
    _is_debt,
)

BIDS = (
    same(
        "open_orders._counted",
        counted,
        (
            "weight, factor, held),\n        fp.WAD,",
            "weight, factor, held),\n        fp.RAY,",
        ),
        (
            "requirements._compute_weight(weight, factor, held)",
            "requirements._compute_weight(weight, factor, price)",
        ),
        fits=is_counted,
        shares=(DOWN, WEIGHT),
    ),
    same(
        "open_orders._bid_loss",
        bid_loss,
        ("self._counted(held + bids - repaid, low", "self._counted(held + bids, low"),
        ("    if lost <= gained:\n        return 0\n", ""),
        fits=is_bid,
        shares=(DOWN, UP, COUNTED),
    ),
)

# What orders change in a health

HELD, get_held = answered("money_market._held", (0, MODULUS - 1))
DEBT, get_debt = answered("money_market._debt", (0, MODULUS - 1))
NOTE, note = answered(
    "margin._note",
    *[(-SIGN, SIGN - 1)] * 4,
    (0, MODULUS - 1),
    *[(-SIGN, SIGN - 1)] * 3,
    (0, MODULUS - 1),
    *[(0, 1)] * 2,
)

READS = {
    "balances": ("state.balances", "words[11]", "words[12]"),
    "indices": ("state.pool_index", "words[12]"),
    "quotes": ("state.quote", "words[12]"),
    "risks": ("state.risk", "words[12]"),
    "orders": ("state.orders", "words[11]", "words[12]"),
    "now": (TIME,),
}
"""What mappings have under the code; of all but orders the asset's entry is taken."""


SHARES = ("weight", "factor")
"""The fields of a haircut."""


def as_word(number: int) -> int:
    """Return the word that a number is passed in, signed or not."""
    formula = formula_of(number)
    return Symbolic(z3.If(formula < 0, formula + MODULUS, formula))


def get_asset(code: int) -> int:
    """Return the asset of a spot instrument's code."""
    return code - instruments.MAX_LISTED


def get_prices(word: int) -> tuple[int, ...]:
    """Return the prices in an asset's word, and their time."""
    names = ("slow", "fast", "time")
    return tuple(get_field(word, packing.QUOTE[name]) for name in names)


def add_orders(*words: int) -> tuple[int, ...]:
    """
    Return a health with an asset's orders counted in, and what its bids cost.

    That is by what they change the health of an account which has nothing but the
    asset, or owes it, and as much USDC as its bids cost, which then leave no debt.
    """
    *found, account, code, least, balances, indices, quotes, risks, orders, now = words
    asset = get_asset(code)
    word, quoted = entry(balances, account, asset), entry(quotes, asset)
    prices = get_prices(quoted)
    quote = Quote(*prices)
    haircut = Haircut(*(get_field(quoted, packing.QUOTE[n]) for n in SHARES))
    index = get_field(entry(indices, asset), packing.POOL_INDEX["lend_index"])
    bound = unpack_requirement(entry(risks, asset))
    bound = replace(bound, base_imf=max(bound.base_imf, least))
    (held,) = get_held(word, index)
    owed, debts = 0, ()
    if get_field(word, packing.BALANCE["scaled"]) < 0:
        (owed,) = get_debt(word, *get_grown(asset))
        debts = (Debt(1, owed, quote, bound),)
    assume(within((held, 0, AMOUNTS), (owed, 0, AMOUNTS)))
    resting = OpenOrders(orders // 2**128, orders % 2**128)
    cost = open_orders.compute_bid_cost(resting.bids, margin.get_high(quote))
    alone = Portfolio(cost, NOTHING, (), debts, ())
    each = SpotOrders(1, held, owed, resting, quote, haircut, bound)
    ordered = replace(alone, orders=(each,))
    found[0] += margin.compute_initial_equity(ordered, now)
    found[0] -= margin.compute_initial_equity(alone, now)
    found[1] += margin.compute_total_initial_margin(ordered)
    found[1] -= margin.compute_total_initial_margin(alone)
    if list(margin.get_added_quotes(ordered)):
        found = [*note(*map(as_word, [*found, *prices]))]
    return (*found, cost)


def can_add_orders(*words: int) -> bool:
    """Tell whether what was counted before can be held, and a price is past."""
    *found, _, code, least, _, _, quotes, _, _, now = words
    *_, time = get_prices(entry(quotes, get_asset(code)))
    amounts = ((amount, -WORTH, WORTH) for amount in found[:8])
    codes = (code, instruments.MAX_LISTED, 2 * instruments.MAX_LISTED - 1)
    return within(*amounts, codes, (least, 0, PPM)) and time <= now


RESTING = (
    same(
        "margin._add_spot_orders",
        add_orders,
        ("if bids == 0 and asks <= held:", "if bids == 0:"),
        (
            "        low = 0\n    owed: uint256 = 0\n",
            "        high = 0\n    owed: uint256 = 0\n",
        ),
        (
            "        health.initial_margin -= self._initial_margin(\n"
            "            risk, fp._mul_div_up(owed, high",
            "        health.initial_margin -= self._initial_margin(\n"
            "            risk, fp._mul_div_up(owed, low",
        ),
        ("self._note(health, quote), open_orders", "health, open_orders"),
        fits=can_add_orders,
        reads=READS,
        cuts=(GROWN, HELD, DEBT, NOTE),
        shares=(UP, INITIAL, BID_LOSS, ASK_DEBT),
        is_bounded=True,
        is_one_sided=True,
    ),
)

PROOFS = (*BIDS, *RESTING)
