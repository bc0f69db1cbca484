"""
Layer 3 of spot fills and conversions: what the one gives the other gets, I28.

One side of a fill, then both, in SpotCode and for resting orders in MakerCode. What a
call on the way does to storage may be anything: who pays what to whom, in which order,
and that margin is judged last, is what is shown.
"""

from collections.abc import Sequence

import z3

from specs.fixed_point import WAD
from specs.instruments import SPOT
from specs.margin import MAX_PRICE_AGE
from tests.proofs.lifter.entries import Cut, Cutting
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import ONE, ZERO, Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import MAKER_CODE, ORDER_CODE, SPOT_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.transition import Step, Transition

_USDC = ZERO
_UP, _DOWN = "fixed_point._mul_div_up", "fixed_point._mul_div_down"
_EXCHANGE, _CHARGE = "spot_side._exchange", "settlement._charge"
_CREDIT, _DEBIT = "money_market._credit", "money_market._debit"
_PAY_DEBT, _FEE = "money_market._pay_debt", "settlement._fee"
_REMOVE, _TRADE = "open_orders._remove", "positions._trade"


def _asks(
    step: Transition, cutting: Cutting, words: Sequence[Term | None], claim: str
) -> None:
    for given, word in zip(cutting.arguments, words, strict=False):
        if word is not None:
            step.holds(venues.same(step, given, word), claim)


def exchanges(step: Transition, *words: Term) -> None:
    """Show of `_exchange` what one side gives, gets and pays as a fee."""
    account, asset, is_buy, amount, price, fee, *_ = words
    (credit,), (debit,) = venues.calls_of(step, _CREDIT), venues.calls_of(step, _DEBIT)
    up, down = venues.calls_of(step, _UP), venues.calls_of(step, _DOWN)
    buys = step.word(is_buy) != 0
    step.holds(z3.BoolVal(len(up) + len(down) == 1), "one price is reckoned with")
    step.holds(buys == z3.BoolVal(bool(up)), "a buyer pays up, a seller gets down")
    (cost,) = up + down
    _asks(step, cost, (amount, price, constant(WAD)), "the amount at the price")
    base, quote = (credit, debit) if up else (debit, credit)
    _asks(step, base, (account, asset), "the asset")
    _asks(step, quote, (account, _USDC), "for USDC")
    step.holds(venues.same(step, base.arguments[-1], amount), "as much as is traded")
    step.holds(venues.same(step, quote.arguments[-1], cost.results[0]), "at its cost")
    (charge,) = venues.calls_of(step, _CHARGE)
    _asks(step, charge, (account,), "the fee is the account's")
    step.holds(venues.same(step, charge.arguments[-1], fee), "the one that was named")
    after = [*base.results, *charge.results]
    for one, other in zip(step.trace.words, after, strict=True):
        step.holds(venues.same(step, one, other), "what is left is returned")
    for one, other in zip(charge.arguments[1:-1], quote.results, strict=True):
        step.holds(venues.same(step, one, other), "of the USDC pool after that")


def charges(step: Transition, account: Term, *rest: Term) -> None:
    """Show of `_charge` that the reserve is credited what the account pays, I28."""
    fee = rest[-1]
    paid = venues.calls_of(step, _DEBIT)
    if not paid:
        step.holds(step.word(fee) == 0, "without a fee nobody pays")
        return
    (debit,), (credit,) = paid, venues.calls_of(step, "money_market._credit_reserve")
    _asks(step, debit, (account, _USDC), "the account pays USDC")
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
    _is_open(step, asset, _USDC)
    fees = venues.calls_of(step, _FEE)
    expected = (
        (buyer, asset, ONE, amount, price, fees[0].results[0]),
        (seller, asset, ZERO, amount, price, fees[1].results[0]),
    )
    venues.was_called(step, _EXCHANGE, *expected)
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
    (debit,), (credit,) = venues.calls_of(step, _DEBIT), venues.calls_of(step, _CREDIT)
    (paid,) = venues.calls_of(step, _PAY_DEBT)
    (given,) = venues.calls_of(step, "SpotCode._pay")
    _asks(step, debit, (account, asset), "the account's")
    _asks(step, credit, (buyer, asset), "comes to the buyer")
    for cutting in (debit, credit):
        step.holds(venues.same(step, cutting.arguments[-1], amount), "as much")
    _asks(step, paid, (account, _USDC), "for its debt")
    _asks(step, given, (buyer,), "by the buyer")
    (up,), down = venues.calls_of(step, _UP), venues.calls_of(step, _DOWN)
    _asks(step, up, (amount, price, constant(WAD)), "at the price")
    _asks(step, down[0], (amount, price, constant(WAD)), "at the price")
    step.holds(venues.same(step, given.arguments[-1], up.results[0]), "rounded up")
    step.holds(venues.same(step, paid.arguments[-1], down[0].results[0]), "and down")
    before, *_ = (h for h in venues.healths(step) if h.account is account)
    healthy = z3.Not(venues.is_liquidatable(before))
    step.holds(healthy, "it is not to be liquidated")
    (kept,) = venues.calls_of(step, "conversion._is_no_worse")
    after = [h for h in venues.healths(step) if h.account is account][-1]
    health = (*before.words.values(), *after.words.values())
    _asks(step, kept, health, "its health before and after")
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
    _is_open(step, asset, _USDC)
    (apart,) = venues.calls_of(step, "margin._is_diverging")
    step.holds(step.word(apart.results[0]) == 0, "at prices that do not diverge")
    (least,) = venues.calls_of(step, "conversion._compute_least_price")
    step.holds(step.word(price) >= step.word(least.results[0]), "at the least price")
    (reference,) = venues.calls_of(step, "conversion._compute_reference")
    _asks(step, least, reference.results, "by the reference")
    below = step.word(price) < step.word(reference.results[0])
    step.holds((step.result() == 1) == below, "whether it is at a discount")
    step.writes_within()


def makes_spot(step: Transition, *words: Term) -> None:
    """Show of a resting spot order's fill what goes, I11, I17, I28."""
    asset, account, is_buy, amount, price = words
    (fee,) = venues.calls_of(step, _FEE)
    step.holds(step.word(fee.arguments[2]) != 0, "a maker's fee")
    expected = (account, asset, is_buy, amount, price, fee.results[0])
    venues.was_called(step, _EXCHANGE, expected)
    (code,) = venues.calls_of(step, "instruments._code")
    named = build("add", constant(SPOT), asset)
    step.holds(venues.same(step, code.arguments[0], named), "of the instrument")
    gone = (account, code.results[0], is_buy, amount)
    venues.was_called(step, _REMOVE, gone)
    fills_check(step, account)


def makes_perp(step: Transition, *words: Term) -> None:
    """Show of a resting perpetual order's fill what goes, I11, I17, I28."""
    market, account, is_buy, lots, price = words
    (trade,) = venues.calls_of(step, _TRADE)
    _asks(step, trade, (market, account, None, price), "at the order's price")
    size = venues.signed(step, trade.arguments[2])
    signed = z3.If(step.word(is_buy) != 0, step.word(lots), -step.word(lots))
    step.holds(size == signed, "as many lots as were filled")
    (fee,) = venues.calls_of(step, _FEE)
    step.holds(step.word(fee.arguments[2]) != 0, "a maker's fee")
    (charge,) = venues.calls_of(step, _CHARGE)
    _asks(step, charge, (account,), "of the account")
    step.holds(venues.same(step, charge.arguments[-1], fee.results[0]), "once")
    venues.was_called(step, _REMOVE, (account, market, is_buy, lots))
    fills_check(step, account)


def sells_to_an_order(step: Transition, *words: Term) -> None:
    """Show of a conversion on the book what the seller gives, and what it gets."""
    asset, account, seller, amount, price = words
    bid = (asset, account, ONE, amount, price)
    venues.was_called(step, "MakerCode._make_spot", bid)
    (debit,), (paid,) = venues.calls_of(step, _DEBIT), venues.calls_of(step, _PAY_DEBT)
    _asks(step, debit, (seller, asset), "the seller's")
    step.holds(venues.same(step, debit.arguments[-1], amount), "what is bought")
    (cost,) = venues.calls_of(step, _DOWN)
    _asks(step, cost, (amount, price, constant(WAD)), "at the order's price")
    _asks(step, paid, (seller, _USDC), "for its debt")
    step.holds(venues.same(step, paid.arguments[-1], cost.results[0]), "rounded down")


def funds(step: Transition, asset: Term, account: Term, amount: Term) -> None:
    """Show of `fund_unlocked` that it asks the pool for the account's amount alone."""
    (asked,) = venues.calls_of(step, "spot_side._fund")
    _asks(step, asked, (account, asset), "of the account and the asset")
    step.holds(venues.same(step, asked.arguments[-1], amount), "for the amount")
    step.writes_within(*venues.forgets(step))


def takes_perp(step: Transition, *words: Term) -> None:
    """Show of `_take_perp` what a taker trades and pays, I28."""
    market, taker, is_buy, lots, price = words
    (trade,) = venues.calls_of(step, _TRADE)
    _asks(step, trade, (market, taker, None, price), "at the makers' price")
    size = venues.signed(step, trade.arguments[2])
    signed = z3.If(step.word(is_buy) != 0, step.word(lots), -step.word(lots))
    step.holds(size == signed, "as many lots as makers gave")
    (fee,), (charge,) = venues.calls_of(step, _FEE), venues.calls_of(step, _CHARGE)
    step.holds(step.word(fee.arguments[2]) == 0, "a taker's fee")
    _asks(step, charge, (taker,), "of the taker")
    step.holds(venues.same(step, charge.arguments[-1], fee.results[0]), "once")


def limits_hold(step: Transition, *words: Term) -> None:
    """Show of `_require_limits` what may have grown, I28."""
    market, taker, held, open_interest = words
    lots = [
        venues.signed(step, word)
        for word in (
            build("sar", constant(192), initial(step.at("positions", taker, market))),
            held,
        )
    ]
    left, had = (z3.If(number < 0, -number, number) for number in lots)
    limits = initial(step.at("market_limits", market))
    within = left <= step.word(field(limits, 128, 64))
    step.holds(z3.Or(left <= had, within), "no position grows above its limit")
    after = step.word(field(initial(step.at("market_size", market)), 0, 64))
    most = step.word(field(limits, 192, 64))
    grown = after > step.word(open_interest)
    step.holds(z3.Implies(grown, after <= most), "nor open interest above its")
    step.writes_within()


def _step(
    contract: str, function: str, arguments: str, claim: venues.Claim, *cuts: Cut
) -> Step:
    return Step(
        f"step.conversions.{function}",
        "",
        contract,
        function,
        tuple(arguments.split()),
        venues.if_it_succeeds(claim),
        (),
        theories=(Linear, Integers),
        cuts=cuts,
        keeps_refusals=False,
    )


_SAVE = anything("money_market._save")
_LOAD = view("money_market._load", len(POOL))
_ACCRUED = view("money_market._load_accrued", len(POOL))
_ROUNDED = view(_UP, 1), view(_DOWN, 1)
_DEBITS, _CREDITS = anything(_DEBIT, len(POOL)), anything(_CREDIT, len(POOL))
_FEES, _CHARGES = view(_FEE, 1), anything(_CHARGE, len(POOL))
_FUND, _BOTH = anything("spot_side._fund"), anything(_EXCHANGE, 2 * len(POOL))
_SIDE = "account asset is_buy amount price fee " + " ".join(
    f"{pool}_{name}" for pool in ("pool", "usdc") for name in POOL
)


def _sides(contract: str) -> tuple[Step, ...]:
    """Return the claims about one side of a spot trade."""
    return (
        _step(
            contract,
            "spot_side._exchange",
            _SIDE,
            exchanges,
            *_ROUNDED,
            _DEBITS,
            _CREDITS,
            _CHARGES,
        ),
        _step(
            contract,
            "settlement._charge",
            f"account {' '.join(POOL)} fee",
            charges,
            _DEBITS,
            view("money_market._credit_reserve", len(POOL)),
        ),
    )


_MAKING = "account is_buy amount price"

PROOFS = (
    Family(
        "step.spot_code.fill_spot",
        "Of a spot fill between two users the seller gives what the buyer gets, at one "
        "price; the buyer pays rounded up, the seller gets rounded down, each pays its "
        "fee to the reserve, and both are judged after that.",
        (
            *_sides(SPOT_CODE),
            _step(
                SPOT_CODE,
                "fill_spot",
                "asset buyer seller amount price maker_is_buyer",
                fills_spot,
                *_ROUNDED,
                _ACCRUED,
                _SAVE,
                _FEES,
                _FUND,
                _BOTH,
            ),
        ),
        (
            Mutant(
                SPOT_CODE,
                "seller, asset, False, amount, price, seller_fee",
                "seller, asset, False, amount, price, buyer_fee",
            ),
            Mutant(SPOT_CODE, "    fills._check(seller, seller_before)\n", ""),
            Mutant(
                "contracts/modules/settlement.vy",
                "money_market._debit(account, USDC, pool, fee), fee",
                "money_market._debit(account, USDC, pool, fee), fee + 1",
            ),
        ),
        ("I7", "I11", "I14", "I28"),
    ),
    Family(
        "step.spot_code.convert",
        "A conversion sells the best collateral of an account that is not to be "
        "liquidated to another owner, at the least price or better, no more than due; "
        "what is sold comes to the buyer, what it pays to the debt; the account is no "
        "worse, and both are judged after that.",
        (
            _step(
                SPOT_CODE,
                "SpotCode._require_sale",
                "asset account buyer amount price",
                sells,
                view("margin._is_diverging", 1, 1),
                view("conversion._compute_reference", 1),
                view("conversion._compute_least_price", 1),
            ),
            _step(
                SPOT_CODE,
                "convert",
                "asset account buyer amount price",
                converts,
                *_ROUNDED,
                _ACCRUED,
                _SAVE,
                _DEBITS,
                _CREDITS,
                anything(_PAY_DEBT, len(POOL)),
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
            ),
        ),
        (
            Mutant(
                SPOT_CODE,
                "money_market._credit(buyer, asset, pool, amount)",
                "money_market._credit(buyer, asset, pool, amount + 1)",
            ),
            Mutant(
                SPOT_CODE,
                "        price >= conversion._compute_least_price(reference)\n",
                "        price >= conversion._compute_least_price(price)\n",
            ),
        ),
        ("I11", "I14", "I28", "I38"),
    ),
    Family(
        "step.maker_code.makes",
        "A resting order that is filled is counted as gone by what is filled; the "
        "maker trades as much at its price, pays a maker's fee and is judged last.",
        (
            *_sides(MAKER_CODE),
            _step(
                MAKER_CODE,
                "make_spot_unlocked",
                f"asset {_MAKING}",
                makes_spot,
                *_ROUNDED,
                _LOAD,
                _SAVE,
                _FEES,
                _FUND,
                _BOTH,
                view("instruments._code", 1),
                anything(_REMOVE),
            ),
            _step(
                MAKER_CODE,
                "sell_unlocked",
                "asset account seller amount price",
                sells_to_an_order,
                *_ROUNDED,
                _LOAD,
                _SAVE,
                _DEBITS,
                anything(_PAY_DEBT, len(POOL)),
                anything("MakerCode._make_spot"),
            ),
            _step(
                MAKER_CODE,
                "fund_unlocked",
                "asset account amount",
                funds,
                _LOAD,
                _FUND,
            ),
            _step(
                MAKER_CODE,
                "make_perp_unlocked",
                f"market {_MAKING}",
                makes_perp,
                _LOAD,
                _SAVE,
                _FEES,
                _CHARGES,
                view("perpetual._compute_notional", 1),
                view("perpetual._lot", 1),
                anything("positions._touch"),
                anything(_TRADE),
                anything(_REMOVE),
            ),
        ),
        (
            Mutant(
                MAKER_CODE,
                "    open_orders._remove(account, market, is_buy, lots)\n",
                "    open_orders._remove(account, market, not is_buy, lots)\n",
            ),
        ),
        ("I11", "I17", "I28"),
    ),
    Family(
        "step.order_code.takes",
        "A taker trades as many lots as makers gave at each price, pays a taker's fee, "
        "and neither his position nor open interest grows above its limit.",
        (
            _step(
                ORDER_CODE,
                "OrderCode._take_perp",
                "market taker is_buy lots price",
                takes_perp,
                _LOAD,
                _SAVE,
                _FEES,
                _CHARGES,
                view("perpetual._compute_notional", 1),
                view("perpetual._lot", 1),
                anything(_TRADE),
            ),
            _step(
                ORDER_CODE,
                "OrderCode._require_limits",
                "market taker held open_interest",
                limits_hold,
            ),
        ),
        (
            Mutant(
                ORDER_CODE,
                "uint256) or left <= (limits >> 128) & _LOW_64",
                "uint256) or left <= limits >> 128",
            ),
            Mutant(
                ORDER_CODE,
                "perpetual._lot(risk), price), risk, False",
                "perpetual._lot(risk), price), risk, True",
            ),
        ),
        ("I28",),
    ),
)
