"""
Layer 3 of what the order book clears: lists of no, one and two resting orders.

A longer list multiplies the paths by three for each order; what is done for each is a
function of its own, which is shown from its own entry (``conversions.py``,
``slices.py``). What a call on the way does to storage may be anything.
"""

from collections.abc import Callable

import z3

from specs.margin import MAX_PRICE_AGE
from tests.proofs.lifter.entries import Cut, Cutting
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import FORCED_CODE, ORDER_CODE
from tests.proofs.steps.conversions import fills_check
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.slices import SLICE
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.transition import Step, Transition

_LENGTHS = (0, 1, 2)
_MAKING = ("maker", "size", "price", "is_firm")
_FILL, _TAKE = "makers._fill", "ForcedCode._take"

Making = tuple[Term, ...]


def _makings(words: tuple[Term, ...]) -> list[Making]:
    """Return the orders in calldata, behind where they begin and how many they are."""
    orders = words[2:]
    return [orders[i : i + 4] for i in range(0, len(orders), 4)]


def _other_owners(step: Transition, account: Term, makings: list[Making]) -> None:
    for making in makings:
        owners = (build("shr", constant(96), a) for a in (account, making[0]))
        step.holds(z3.Not(venues.same(step, *owners)), "no maker is its owner")


def _which(
    step: Transition, cutting: Cutting, makings: list[Making], at: int
) -> Making:
    """Return the order that a call was about, whose words it was given."""
    given = cutting.arguments[at : at + 4]
    for making in makings:
        if all(one is other for one, other in zip(given, making, strict=True)):
            return making
    venues.require(step, False, "an order of the list")
    raise AssertionError


def _is_filled(step: Transition, cutting: Cutting) -> z3.BoolRef:
    return step.lifted.truth(cutting.results[0])


def clears_a_slice(step: Transition, *words: Term) -> None:
    """Show of `clear_slice` whose slice it is, within which limit and how much."""
    instrument, account, *rest = words
    makings = _makings(tuple(rest))
    venues.has_role(step, venues.BOOKS)
    first = venues.transient_slot(FORCED_CODE, "opened_slice")
    before = venues.transients(FORCED_CODE, "opened_slice", len(SLICE))
    opened = dict(zip(SLICE, before, strict=True))
    step.holds(step.word(account) != 0, "a slice is open")
    step.holds(venues.same(step, opened["account"], account), "of this account")
    step.holds(
        venues.same(step, opened["instrument"], instrument), "in this instrument"
    )
    _other_owners(step, account, makings)
    asked = sum((step.word(m[1]) for m in makings), z3.IntVal(0))
    step.holds(asked <= step.word(opened["left"]), "no more than may be closed")
    buys = step.word(opened["is_buy"]) != 0
    fills = venues.calls_of(step, _FILL)
    takes = venues.calls_of(step, _TAKE)
    done = [c for c in fills if c.writes in [t.writes - 1 for t in takes]]
    venues.require(step, len(done) == len(takes), "each is taken that was filled")
    for fill in fills:
        side = step.word(fill.arguments[5]) != 0
        step.holds(side == z3.Not(buys), "of the other side")
        price = step.word(_which(step, fill, makings, 1)[2])
        limit = step.word(opened["limit"])
        within = z3.If(buys, price <= limit, price >= limit)
        step.holds(within, "at the slice's limit or better")
        is_taken = z3.BoolVal(fill in done)
        step.holds(_is_filled(step, fill) == is_taken, "if it was filled")
    for fill, take in zip(done, takes, strict=True):
        step.holds(venues.same(step, take.arguments[0], account), "for the account")
        same = venues.same(step, take.arguments[-1], fill.arguments[-1])
        step.holds(same, "as much as was filled")
        making = _which(step, take, makings, 3)
        step.holds(z3.BoolVal(making == _which(step, fill, makings, 1)), "at its price")
    taken = sum((step.word(t.arguments[-1]) for t in takes), z3.IntVal(0))
    for name, moved in (("left", -taken), ("filled", taken)):
        place = constant(first + SLICE.index(name))
        *_, stored = (w for at, w in step.trace.transient if at is place)
        step.holds(
            step.word(stored) == step.word(opened[name]) + moved,
            f"{name} moves by what was filled",
        )
    step.writes_within(*venues.forgets(step))


def clears_a_conversion(step: Transition, *words: Term) -> None:
    """Show of `clear_conversion` who is sold from, how much, and that he is judged."""
    asset, account, *rest = words
    makings = _makings(tuple(rest))
    venues.has_role(step, venues.BOOKS)
    venues.is_users(step, account)
    _other_owners(step, account, makings)
    (apart,) = venues.calls_of(step, "margin._is_diverging")
    step.holds(step.word(apart.results[0]) == 0, "at prices that do not diverge")
    (best,) = venues.calls_of(step, "conversion._best_collateral")
    step.holds(venues.same(step, best.results[0], asset), "the best collateral")
    (held,) = venues.calls_of(step, "tradables._held")
    asked = sum((step.word(m[1]) for m in makings), z3.IntVal(0))
    step.holds(asked <= step.word(held.results[0]), "no more than is held")
    before, *after = (h for h in venues.healths(step) if h.account is account)
    healthy = z3.Not(venues.is_liquidatable(before))
    step.holds(healthy, "it is not to be liquidated")
    sales = venues.calls_of(step, "makers._make")
    (least,) = venues.calls_of(step, "conversion._compute_least_price")
    sold = z3.IntVal(0)
    for sale in sales:
        price = step.word(_which(step, sale, makings, 2)[2])
        step.holds(price >= step.word(least.results[0]), "at the least price or better")
        step.holds(venues.same(step, sale.arguments[1], asset), "of the asset")
        step.holds(venues.same(step, sale.arguments[6], account), "by the account")
        amount = step.word(sale.arguments[7])
        sold += z3.If(_is_filled(step, sale), amount, 0)
    if not after:
        step.holds(sold == 0, "nothing was sold")
        return
    venues.judged_last(step, account)
    (kept,) = venues.calls_of(step, "conversion._is_no_worse")
    health = (*before.words.values(), *after[-1].words.values())
    for given, word in zip(kept.arguments, health, strict=True):
        step.holds(venues.same(step, given, word), "its health before and after")
    step.holds(step.lifted.truth(kept.results[0]), "it is no worse")
    (most,) = venues.calls_of(step, "conversion._compute_most")
    step.holds(sold <= step.word(most.results[0]), "no more than is due")


def clears_a_market(step: Transition, *words: Term) -> None:
    """Show of `clear` that a taker trades what makers did, I11, I19, I28."""
    market, taker, is_buy, *rest = words
    makings = _makings(tuple(rest))
    venues.has_role(step, venues.BOOKS)
    venues.is_users(step, taker)
    (quote,) = venues.calls_of(step, "tradables._quote_word")
    age = step.word(NOW) - step.word(field(quote.results[0], 64, 32))
    step.holds(age <= MAX_PRICE_AGE, "at a fresh mark")
    buys = step.word(is_buy) != 0
    fills = venues.calls_of(step, _FILL)
    takes = venues.calls_of(step, "makers._take")
    given = z3.IntVal(0)
    for fill in fills:
        making = _which(step, fill, makings, 1)
        step.holds(venues.same(step, fill.arguments[0], market), "of the market")
        step.holds((step.word(fill.arguments[5]) != 0) == z3.Not(buys), "other side")
        given += z3.If(_is_filled(step, fill), step.word(fill.arguments[6]), 0)
        later = [t for t in takes if t.writes > fill.writes]
        prices = [step.word(t.arguments[4]) == step.word(making[2]) for t in later[:1]]
        fair = z3.Or(z3.Not(_is_filled(step, fill)), *prices)
        step.holds(fair, "the taker trades at the maker's price")
    for take in takes:
        for at, word in ((0, market), (1, taker)):
            step.holds(venues.same(step, take.arguments[at], word), "the taker's")
        step.holds((step.word(take.arguments[2]) != 0) == buys, "on his side")
    taken = sum((step.word(t.arguments[3]) for t in takes), z3.IntVal(0))
    step.holds(given == taken, "as many lots as makers gave")
    if not takes:
        step.holds(given == 0, "nobody was filled")
        return
    limited = venues.calls_of(step, "OrderCode._require_limits")
    step.holds(z3.BoolVal(len(limited) == 1), "limits are asked for")
    fills_check(step, taker)


def _for_each_length(
    contract: str,
    function: str,
    leading: str,
    claim: Callable[..., None],
    known: dict[str, int],
    *cuts: Cut,
    mutants: tuple[tuple[Mutant, ...], ...],
) -> tuple[Step, ...]:
    """Return the claim for each number of orders, and mutants of each."""
    names = leading.split()
    found = []
    for count in _LENGTHS:
        orders = [f"{name}_{i}" for i in range(count) for name in _MAKING]
        arguments = (*names, "begin", "count", *orders)
        found.append(
            Step(
                f"step.clearing.{function}.{count}",
                "",
                contract,
                function,
                arguments,
                venues.if_it_succeeds(claim),
                mutants[count],
                cases=({**known, "begin": 32 * (len(names) + 1), "count": count},),
                theories=(Linear, Integers),
                kinds=("uint256",) * len(arguments),
                cuts=cuts,
                keeps_refusals=False,
                is_within=True,
            )
        )
    return tuple(found)


_COMMON = (
    view("makers._require_size", 0),
    view("makers._wanted", 1),
    view("margin._is_diverging", 1, 1),
)

PROOFS = (
    Family(
        "step.forced_code.clear_slice",
        "For lists of up to two orders: a book clears the slice that is open, of "
        "other owners' orders within its limit, no more than may be closed; the "
        "account takes what was filled, and what is left of the slice moves by that.",
        _for_each_length(
            FORCED_CODE,
            "clear_slice",
            "instrument account",
            clears_a_slice,
            {},
            *_COMMON,
            view("margin._is_restricted", 1, 1),
            view("tradables._quote_word", 1),
            view("tradables._reducible", 1),
            view("tradables._unit", 1),
            view("fixed_point._mul_div_down", 1),
            anything(_FILL, 1),
            anything(_TAKE),
            mutants=(
                (Mutant(FORCED_CODE, "        and opened.account == account\n", ""),),
                (
                    Mutant(FORCED_CODE, "            opened.left -= size\n", ""),
                    Mutant(
                        FORCED_CODE,
                        "return price > limit if is_buy else price < limit",
                        "return price > limit",
                    ),
                ),
                (
                    Mutant(
                        FORCED_CODE,
                        "+= making.size\n    assert asked <= opened",
                        "= making.size\n    assert asked <= opened",
                    ),
                ),
            ),
        ),
        serves=("I14", "I28", "I33", "I34", "I38"),
    ),
    Family(
        "step.forced_code.clear_conversion",
        "For lists of up to two orders: a book sells the best collateral of an account "
        "that is not to be liquidated to other owners, at the least price or better, "
        "no more than is due, and the account is no worse, judged after that.",
        _for_each_length(
            FORCED_CODE,
            "clear_conversion",
            "asset account",
            clears_a_conversion,
            {},
            *_COMMON,
            view("tradables._held", 1),
            view("money_market._load", len(POOL)),
            view("money_market._borrowed", 1),
            view("conversion._best_collateral", 1),
            view("conversion._compute_net_debt", 1),
            view("conversion._compute_reference", 1),
            view("conversion._compute_least_price", 1),
            view("conversion._compute_cap_excess", 1),
            view("conversion._compute_most", 1),
            view("conversion._is_no_worse", 1, 1),
            view("ForcedCode._excess", 1),
            anything("money_market._accrue"),
            anything("makers._make", 1),
            mutants=(
                (
                    Mutant(
                        FORCED_CODE,
                        "    assert not margin._is_liquidatable(before), errors",
                        "    assert not margin._is_due_now(before), errors",
                    ),
                ),
                (
                    Mutant(
                        FORCED_CODE,
                        "        assert conversion._is_no_worse(before, after)",
                        "        assert conversion._is_no_worse(before, before)",
                    ),
                ),
                (
                    Mutant(
                        FORCED_CODE,
                        "+= making.size\n\n    money_market",
                        "= making.size\n\n    money_market",
                    ),
                ),
            ),
        ),
        serves=("I11", "I14", "I28", "I38"),
    ),
    Family(
        "step.order_code.clear",
        "For lists of up to two orders for a perpetual: the taker trades as many lots "
        "as the makers did, at their prices, within the limits, and is judged last.",
        _for_each_length(
            ORDER_CODE,
            "clear",
            "instrument taker is_buy",
            clears_a_market,
            {"instrument": 5},
            *_COMMON,
            view("margin._is_restricted", 1, 1),
            view("tradables._require_listed", 0),
            view("tradables._quote_word", 1),
            view("tradables._reducible", 1),
            view("OrderCode._require_limits", 0),
            anything("money_market._accrue"),
            anything("positions._touch"),
            anything(_FILL, 1),
            anything("makers._take"),
            mutants=(
                (
                    Mutant(
                        ORDER_CODE,
                        "    accounts._require_user(taker)\n    tradables",
                        "    tradables",
                    ),
                ),
                (
                    Mutant(
                        ORDER_CODE,
                        "(market, taker, is_buy, taken, making.price)",
                        "(market, taker, not is_buy, taken, making.price)",
                    ),
                ),
                (
                    Mutant(
                        ORDER_CODE, "        taken += lots\n", "        taken = lots\n"
                    ),
                ),
            ),
        ),
        serves=("I11", "I14", "I19", "I28"),
    ),
)
