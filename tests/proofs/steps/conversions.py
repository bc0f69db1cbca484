"""
Layer 3 of spot fills and conversions: what the one gives the other gets, I28.

One side of a fill, then both, in SpotCode and for resting orders in MakerCode. What a
call on the way does to storage may be anything: who pays what to whom, in which order,
and that margin is judged last, is what is shown.
"""

from collections.abc import Sequence
from functools import partial

import z3

from specs.fixed_point import WAD
from specs.margin import MAX_PRICE_AGE
from tests.proofs.lifter.entries import Cutting
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import ONE, ZERO, Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venue_steps, venues
from tests.proofs.steps.bodies import SPOT_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.transition import Step, Transition

USDC = ZERO
_UP, DOWN = "fixed_point._mul_div_up", "fixed_point._mul_div_down"
EXCHANGE, CHARGE = "spot_side._exchange", "settlement._charge"
_CREDIT, DEBIT = "money_market._credit", "money_market._debit"
PAY_DEBT, FEE = "money_market._pay_debt", "settlement._fee"


def asks(
    step: Transition, cutting: Cutting, words: Sequence[Term | None], claim: str
) -> None:
    for given, word in zip(cutting.arguments, words, strict=False):
        if word is not None:
            step.holds(venues.same(step, given, word), claim)


def exchanges(step: Transition, *words: Term) -> None:
    """Show of `_exchange` what one side gives, gets and pays as a fee."""
    account, asset, is_buy, amount, price, fee, *_ = words
    (credit,), (debit,) = venues.calls_of(step, _CREDIT), venues.calls_of(step, DEBIT)
    up, down = venues.calls_of(step, _UP), venues.calls_of(step, DOWN)
    buys = step.word(is_buy) != 0
    step.holds(z3.BoolVal(len(up) + len(down) == 1), "one price is reckoned with")
    step.holds(buys == z3.BoolVal(bool(up)), "a buyer pays up, a seller gets down")
    (cost,) = up + down
    asks(step, cost, (amount, price, constant(WAD)), "the amount at the price")
    base, quote = (credit, debit) if up else (debit, credit)
    asks(step, base, (account, asset), "the asset")
    asks(step, quote, (account, USDC), "for USDC")
    step.holds(venues.same(step, base.arguments[-1], amount), "as much as is traded")
    step.holds(venues.same(step, quote.arguments[-1], cost.results[0]), "at its cost")
    (charge,) = venues.calls_of(step, CHARGE)
    asks(step, charge, (account,), "the fee is the account's")
    step.holds(venues.same(step, charge.arguments[-1], fee), "the one that was named")
    after = [*base.results, *charge.results]
    for one, other in zip(step.trace.words, after, strict=True):
        step.holds(venues.same(step, one, other), "what is left is returned")
    for one, other in zip(charge.arguments[1:-1], quote.results, strict=True):
        step.holds(venues.same(step, one, other), "of the USDC pool after that")


def charges(step: Transition, account: Term, *rest: Term) -> None:
    """Show of `_charge` that the reserve is credited what the account pays, I28."""
    fee = rest[-1]
    paid = venues.calls_of(step, DEBIT)
    if not paid:
        step.holds(step.word(fee) == 0, "without a fee nobody pays")
        return
    (debit,), (credit,) = paid, venues.calls_of(step, "money_market._credit_reserve")
    asks(step, debit, (account, USDC), "the account pays USDC")
    step.holds(venues.same(step, debit.arguments[-1], fee), "the fee")
    step.holds(venues.same(step, credit.arguments[-1], fee), "which the reserve gets")


def fills_check(step: Transition, account: Term) -> None:
    """Show that an account has margin or was improved, judged after every write."""
    health = venues.judged_last(step, account)
    earlier = [h for h in venues.healths(step) if h.account is account][:-1]
    allowed = [venues.has_margin(health)]
    for before in earlier:
        products = (
            venues.signed(step, build("mul", one, other))
            for one, other in (
                (health.words["equity"], before.words["maintenance_margin"]),
                (before.words["equity"], health.words["maintenance_margin"]),
            )
        )
        new, old = products
        fell = health.numbers["exposure"] < before.numbers["exposure"]
        allowed.append(z3.And(fell, new >= old))
    step.holds(z3.Or(*allowed), "with margin, or reduced and improved")


def _is_fresh(step: Transition, asset: Term) -> None:
    quote = initial(step.at("quote", asset))
    age = step.word(NOW) - step.word(field(quote, 64, 32))
    step.holds(age <= MAX_PRICE_AGE, "at a fresh price")


def _is_open(step: Transition, *assets: Term) -> None:
    for asset in assets:
        halted = step.word(field(initial(step.at("curve", asset)), 168, 1))
        step.holds(halted == 0, "of no pool that is halted")


def fills_spot(step: Transition, *words: Term) -> None:
    """Show of `fill_spot` that one amount goes one way at one price, I11, I28."""
    asset, buyer, seller, amount, price, is_maker = words
    venues.has_role(step, venues.FILLS)
    venues.is_users(step, buyer)
    venues.is_users(step, seller)
    step.holds(z3.Not(venues.same(step, buyer, seller)), "nobody fills himself")
    _is_fresh(step, asset)
    _is_open(step, asset, USDC)
    fees = venues.calls_of(step, FEE)
    expected = (
        (buyer, asset, ONE, amount, price, fees[0].results[0]),
        (seller, asset, ZERO, amount, price, fees[1].results[0]),
    )
    venues.was_called(step, EXCHANGE, *expected)
    step.holds(venues.same(step, fees[0].arguments[2], is_maker), "a maker's fee")
    taker = build("iszero", is_maker)
    step.holds(venues.same(step, fees[1].arguments[2], taker), "and a taker's")
    fills_check(step, seller)
    # The buyer is judged before the seller, whom nobody writes to in between.
    fills_check(step, buyer)


def converts(step: Transition, *words: Term) -> None:
    """Show of `convert` who sells what, at which price, and who is judged."""
    asset, account, buyer, amount, price = words
    venues.has_role(step, venues.FILLS)
    sale = asset, account, buyer, amount, price
    venues.was_called(step, "SpotCode._require_sale", sale)
    (best,) = venues.calls_of(step, "conversion._best_collateral")
    step.holds(venues.same(step, best.results[0], asset), "the best collateral")
    (debit,), (credit,) = venues.calls_of(step, DEBIT), venues.calls_of(step, _CREDIT)
    (paid,) = venues.calls_of(step, PAY_DEBT)
    (given,) = venues.calls_of(step, "SpotCode._pay")
    asks(step, debit, (account, asset), "the account's")
    asks(step, credit, (buyer, asset), "comes to the buyer")
    for cutting in (debit, credit):
        step.holds(venues.same(step, cutting.arguments[-1], amount), "as much")
    asks(step, paid, (account, USDC), "for its debt")
    asks(step, given, (buyer,), "by the buyer")
    (up,), down = venues.calls_of(step, _UP), venues.calls_of(step, DOWN)
    asks(step, up, (amount, price, constant(WAD)), "at the price")
    asks(step, down[0], (amount, price, constant(WAD)), "at the price")
    step.holds(venues.same(step, given.arguments[-1], up.results[0]), "rounded up")
    step.holds(venues.same(step, paid.arguments[-1], down[0].results[0]), "and down")
    before, *_ = (h for h in venues.healths(step) if h.account is account)
    healthy = z3.Not(venues.is_liquidatable(before))
    step.holds(healthy, "it is not to be liquidated")
    (kept,) = venues.calls_of(step, "conversion._is_no_worse")
    after = [h for h in venues.healths(step) if h.account is account][-1]
    health = (*before.words.values(), *after.words.values())
    asks(step, kept, health, "its health before and after")
    step.holds(step.lifted.truth(kept.results[0]), "it is no worse")
    venues.judged_last(step, account)
    (most,) = venues.calls_of(step, "conversion._compute_most")
    step.holds(step.word(amount) <= step.word(most.results[0]), "no more than is due")
    fills_check(step, buyer)


def sells(step: Transition, *words: Term) -> None:
    """Show of `_require_sale` what it refuses, I28, I31, I38."""
    asset, account, buyer, amount, price = words
    venues.is_users(step, account)
    venues.is_users(step, buyer)
    owners = (build("shr", constant(96), a) for a in (account, buyer))
    step.holds(z3.Not(venues.same(step, *owners)), "nobody sells to himself")
    step.holds(step.word(asset) != 0, "no USDC")
    listed = step.lifted.truth(initial(step.at("token", asset)))
    step.holds(listed, "of a listed asset")
    step.holds(step.word(amount) != 0, "something is sold")
    _is_fresh(step, asset)
    _is_open(step, asset, USDC)
    (apart,) = venues.calls_of(step, "margin._is_diverging")
    step.holds(step.word(apart.results[0]) == 0, "at prices that do not diverge")
    (least,) = venues.calls_of(step, "conversion._compute_least_price")
    step.holds(step.word(price) >= step.word(least.results[0]), "at the least price")
    (reference,) = venues.calls_of(step, "conversion._compute_reference")
    asks(step, least, reference.results, "by the reference")
    below = step.word(price) < step.word(reference.results[0])
    step.holds((step.result() == 1) == below, "whether it is at a discount")
    step.writes_within()


def a_buyer_pays(step: Transition, buyer: Term, *rest: Term) -> None:
    """Show of `_pay` that the buyer's debit is saved, and its debt looked at."""
    *pool, cost = rest
    (debit,) = venues.calls_of(step, DEBIT)
    asks(step, debit, (buyer, USDC, *pool, cost), "the buyer pays the cost in USDC")
    venues.was_called(step, "money_market._save", (USDC, *debit.results))
    scaled = build("sar", constant(128), initial(step.at("balances", buyer, USDC)))
    asked = (buyer, USDC, scaled, None, *debit.results)
    venues.was_called(step, "SpotCode._require_borrowing", asked)
    step.writes_within(*venues.forgets(step))


def no_debt_grows(step: Transition, *words: Term) -> None:
    """Show of `_require_borrowing` which debts may have grown, I43."""
    account, asset, scaled, *_ = words
    left = build("sar", constant(128), initial(step.at("balances", account, asset)))
    before, after = venues.signed(step, scaled), venues.signed(step, left)
    grown = after < z3.If(before < 0, before, 0)
    paused = step.word(field(initial(step.at("curve", asset)), 169, 1))
    step.holds(z3.Implies(grown, paused == 0), "none of a paused asset")
    capped = venues.calls_of(step, "guards._require_borrow_cap")
    step.holds(grown == z3.BoolVal(bool(capped)), "within the pool's cap")
    step.writes_within()


step_of = partial(venue_steps.step_of, "conversions", is_within=False)

SAVE = anything("money_market._save")
LOAD = view("money_market._load", len(POOL))
_ACCRUED = view("money_market._load_accrued", len(POOL))
ROUNDED = view(_UP, 1), view(DOWN, 1)
DEBITS, _CREDITS = anything(DEBIT, len(POOL)), anything(_CREDIT, len(POOL))
FEES, CHARGES = view(FEE, 1), anything(CHARGE, len(POOL))
FUND, BOTH = anything("spot_side._fund"), anything(EXCHANGE, 2 * len(POOL))
_SIDE = "account asset is_buy amount price fee " + " ".join(
    f"{pool}_{name}" for pool in ("pool", "usdc") for name in POOL
)


def sides(contract: str) -> tuple[Step, ...]:
    """Return the claims about one side of a spot trade."""
    return (
        step_of(
            contract,
            "spot_side._exchange",
            _SIDE,
            exchanges,
            *ROUNDED,
            DEBITS,
            _CREDITS,
            CHARGES,
            mutants=(
                Mutant(
                    "contracts/modules/spot_side.vy",
                    "_after = money_market._credit(account, asset, pool, amount)",
                    "_after = money_market._credit(account, asset, pool, amount + 1)",
                ),
            ),
        ),
        step_of(
            contract,
            "settlement._charge",
            f"account {' '.join(POOL)} fee",
            charges,
            DEBITS,
            view("money_market._credit_reserve", len(POOL)),
            mutants=(
                Mutant(
                    "contracts/modules/settlement.vy",
                    "money_market._debit(account, accounts.USDC, pool, fee), fee",
                    "money_market._debit(account, accounts.USDC, pool, fee), fee + 1",
                ),
            ),
        ),
    )


PROOFS = (
    Family(
        "step.spot_code.fill_spot",
        "Of a spot fill between two users the seller gives what the buyer gets, at one "
        "price; the buyer pays rounded up, the seller gets rounded down, each pays its "
        "fee to the reserve, and both are judged after that.",
        (
            *sides(SPOT_CODE),
            step_of(
                SPOT_CODE,
                "fill_spot",
                "asset buyer seller amount price maker_is_buyer",
                fills_spot,
                *ROUNDED,
                _ACCRUED,
                SAVE,
                FEES,
                FUND,
                BOTH,
                mutants=(
                    Mutant(
                        SPOT_CODE,
                        "errors.NOT_VENUE\n    fills._require_parties(buyer, seller)\n",
                        "errors.NOT_VENUE\n",
                    ),
                    Mutant(
                        SPOT_CODE,
                        "seller, asset, False, amount, price, seller_fee",
                        "seller, asset, False, amount, price, buyer_fee",
                    ),
                    Mutant(SPOT_CODE, "    fills._check(seller, seller_before)\n", ""),
                ),
            ),
        ),
        serves=("I7", "I11", "I14", "I28"),
    ),
    Family(
        "step.spot_code.convert",
        "A conversion sells the best collateral of an account that is not to be "
        "liquidated to another owner, at the least price or better, no more than due; "
        "what is sold comes to the buyer, what it pays to the debt; the account is no "
        "worse, and both are judged after that.",
        (
            step_of(
                SPOT_CODE,
                "SpotCode._require_sale",
                "asset account buyer amount price",
                sells,
                view("margin._is_diverging", 1, 1),
                view("conversion._compute_reference", 1),
                view("conversion._compute_least_price", 1),
                mutants=(
                    Mutant(
                        SPOT_CODE,
                        "        price >= conversion._compute_least_price(reference)\n",
                        "        price >= conversion._compute_least_price(price)\n",
                    ),
                ),
            ),
            step_of(
                SPOT_CODE,
                "SpotCode._pay",
                f"buyer {' '.join(POOL)} cost",
                a_buyer_pays,
                DEBITS,
                SAVE,
                view("money_market._borrowed", 1),
                view("SpotCode._require_borrowing", 0),
                mutants=(
                    Mutant(
                        SPOT_CODE,
                        "money_market._debit(buyer, accounts.USDC, usdc, cost)",
                        "money_market._debit(buyer, accounts.USDC, usdc, cost - 1)",
                    ),
                ),
            ),
            step_of(
                SPOT_CODE,
                "SpotCode._require_borrowing",
                f"account asset scaled borrowed {' '.join(POOL)}",
                no_debt_grows,
                view("money_market._borrowed", 1),
                view("guards._require_borrow_cap", 0),
                mutants=(Mutant(SPOT_CODE, ">= min(scaled, 0):", ">= scaled:"),),
            ),
            step_of(
                SPOT_CODE,
                "convert",
                "asset account buyer amount price",
                converts,
                *ROUNDED,
                _ACCRUED,
                SAVE,
                DEBITS,
                _CREDITS,
                anything(PAY_DEBT, len(POOL)),
                anything("SpotCode._pay"),
                view("SpotCode._require_sale", 1, 1),
                view("SpotCode._excess", 1),
                view("money_market._held", 1),
                view("money_market._borrowed", 1),
                view("conversion._best_collateral", 1),
                view("conversion._compute_net_debt", 1),
                view("conversion._compute_cap_excess", 1),
                view("conversion._compute_most", 1),
                view("conversion._is_no_worse", 1, 1),
                mutants=(
                    Mutant(
                        SPOT_CODE,
                        "money_market._credit(buyer, asset, pool, amount)",
                        "money_market._credit(buyer, asset, pool, amount + 1)",
                    ),
                    Mutant(
                        SPOT_CODE,
                        "conversion._is_no_worse(before, after)",
                        "conversion._is_no_worse(before, before)",
                    ),
                ),
            ),
        ),
        serves=("I11", "I14", "I28", "I38", "I43"),
    ),
)
