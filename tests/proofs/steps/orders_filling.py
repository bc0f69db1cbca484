"""
Layer 3 of resting orders that are filled: the maker's side and the taker's, I28.

Both sides are MakerCode's: a maker's is tried for each order, a taker's is done once at
each price. What a call on the way does to storage may be anything: who trades and pays
what, in which order, and that margin is judged last, is what is shown.
"""

import z3

from specs.fixed_point import WAD
from specs.instruments import SPOT
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import ONE, Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import MAKER_CODE, ORDER_CODE
from tests.proofs.steps.conversions import (
    BOTH,
    CHARGE,
    CHARGES,
    DEBIT,
    DEBITS,
    DOWN,
    EXCHANGE,
    FEE,
    FEES,
    FUND,
    LOAD,
    PAY_DEBT,
    ROUNDED,
    SAVE,
    USDC,
    asks,
    fills_check,
    sides,
    step_of,
)
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.transition import Transition

_REMOVE, _TRADE = "open_orders._remove", "MakerCode._trade"
_SETTLED = "settlement._trade"
_MAKING = "account is_buy amount price"


def makes_spot(step: Transition, *words: Term) -> None:
    """Show of a resting spot order's fill what goes, I11, I17, I28."""
    asset, account, is_buy, amount, price = words
    (fee,) = venues.calls_of(step, FEE)
    step.holds(step.word(fee.arguments[2]) != 0, "a maker's fee")
    expected = (account, asset, is_buy, amount, price, fee.results[0])
    venues.was_called(step, EXCHANGE, expected)
    (code,) = venues.calls_of(step, "instruments._code")
    named = build("add", constant(SPOT), asset)
    step.holds(venues.same(step, code.arguments[0], named), "of the instrument")
    gone = (account, code.results[0], is_buy, amount)
    venues.was_called(step, _REMOVE, gone)
    fills_check(step, account)


def makes_perp(step: Transition, *words: Term) -> None:
    """Show of a resting perpetual order's fill what goes, I11, I17, I28."""
    market, account, is_buy, lots, price = words
    _trades(step, "at the order's price", market, account, is_buy, lots, price, True)
    venues.was_called(step, _REMOVE, (account, market, is_buy, lots))
    fills_check(step, account)


def sells_to_an_order(step: Transition, *words: Term) -> None:
    """Show of a conversion on the book what the seller gives, and what it gets."""
    asset, account, seller, amount, price = words
    bid = (asset, account, ONE, amount, price)
    venues.was_called(step, "MakerCode._make_spot", bid)
    (debit,), (paid,) = venues.calls_of(step, DEBIT), venues.calls_of(step, PAY_DEBT)
    asks(step, debit, (seller, asset), "the seller's")
    step.holds(venues.same(step, debit.arguments[-1], amount), "what is bought")
    (cost,) = venues.calls_of(step, DOWN)
    asks(step, cost, (amount, price, constant(WAD)), "at the order's price")
    asks(step, paid, (seller, USDC), "for its debt")
    step.holds(venues.same(step, paid.arguments[-1], cost.results[0]), "rounded down")


def funds(step: Transition, asset: Term, account: Term, amount: Term) -> None:
    """Show of `fund_unlocked` that it asks the pool for the account's amount alone."""
    (asked,) = venues.calls_of(step, "spot_side._fund")
    asks(step, asked, (account, asset), "of the account and the asset")
    step.holds(venues.same(step, asked.arguments[-1], amount), "for the amount")
    step.writes_within(*venues.forgets(step))


def takes_perp(step: Transition, *words: Term) -> None:
    """Show of `take_perp_unlocked` what a taker trades, I28."""
    _trades(step, "at the makers' price", *words, False)


def _trades(
    step: Transition,
    claim: str,
    market: Term,
    account: Term,
    is_buy: Term,
    lots: Term,
    price: Term,
    is_maker: bool,
) -> None:
    """Show that one side trades, signed, and with whose fee."""
    (trade,) = venues.calls_of(step, _TRADE)
    kind = constant(int(is_maker))
    asks(step, trade, (market, account, None, None, price, kind), claim)
    size = venues.signed(step, trade.arguments[2])
    signed = z3.If(step.word(is_buy) != 0, step.word(lots), -step.word(lots))
    step.holds(size == signed, "as many lots as are filled")


def trades_and_pays(step: Transition, *words: Term) -> None:
    """Show of a side's `_trade` what it is asked to trade, and that it pays its fee."""
    market, account, size, risk, price, is_maker = words
    (trade,) = venues.calls_of(step, _SETTLED)
    asks(step, trade, (market, account, size, risk, price), "what is asked for")
    (fee,), (charge,) = venues.calls_of(step, FEE), venues.calls_of(step, CHARGE)
    step.holds(venues.same(step, fee.arguments[2], is_maker), "its own fee")
    asks(step, charge, (account,), "of the account")
    step.holds(venues.same(step, charge.arguments[-1], fee.results[0]), "once")
    step.holds(venues.same(step, step.trace.words[0], fee.results[0]), "is returned")


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


PROOFS = (
    Family(
        "step.maker_code.makes",
        "A resting order that is filled is counted as gone by what is filled; the "
        "maker trades as much at its price, pays a maker's fee and is judged last.",
        (
            *sides(MAKER_CODE),
            step_of(
                MAKER_CODE,
                "make_spot_unlocked",
                f"asset {_MAKING}",
                makes_spot,
                *ROUNDED,
                LOAD,
                SAVE,
                FEES,
                FUND,
                BOTH,
                view("instruments._code", 1),
                anything(_REMOVE),
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "instruments._code(instrument), is_buy, amount)",
                        "instruments._code(instrument), not is_buy, amount)",
                    ),
                ),
            ),
            step_of(
                MAKER_CODE,
                "sell_unlocked",
                "asset account seller amount price",
                sells_to_an_order,
                *ROUNDED,
                LOAD,
                SAVE,
                DEBITS,
                anything(PAY_DEBT, len(POOL)),
                anything("MakerCode._make_spot"),
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "money_market._debit(seller, asset,",
                        "money_market._debit(account, asset,",
                    ),
                ),
            ),
            step_of(
                MAKER_CODE,
                "fund_unlocked",
                "asset account amount",
                funds,
                LOAD,
                FUND,
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "asset, money_market._load(asset), amount)\n\n",
                        "asset, money_market._load(asset), amount // 2)\n\n",
                    ),
                ),
            ),
            step_of(
                MAKER_CODE,
                "make_perp_unlocked",
                f"market {_MAKING}",
                makes_perp,
                anything("positions._touch"),
                anything(_TRADE, 1),
                anything(_REMOVE),
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "    open_orders._remove(account, market, is_buy, lots)\n",
                        "    open_orders._remove(account, market, not is_buy, lots)\n",
                    ),
                    Mutant(
                        MAKER_CODE,
                        "account, size, risk, price, True)",
                        "account, size, risk, price, False)",
                    ),
                ),
            ),
            step_of(
                MAKER_CODE,
                "MakerCode._trade",
                "market account size risk price is_maker",
                trades_and_pays,
                LOAD,
                SAVE,
                FEES,
                CHARGES,
                view("perpetual._compute_notional", 1),
                view("perpetual._lot", 1),
                anything(_SETTLED, len(POOL)),
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "perpetual._lot(risk), price), risk, is_maker",
                        "perpetual._lot(risk), price), risk, not is_maker",
                    ),
                    Mutant(
                        MAKER_CODE,
                        "settlement._charge(account, pool, fee))\n    return fee",
                        "settlement._charge(account, pool, 0))\n    return fee",
                    ),
                ),
            ),
        ),
        serves=("I11", "I17", "I28"),
    ),
    Family(
        "step.order_code.takes",
        "A taker trades as many lots as makers gave at each price, pays a taker's fee, "
        "and neither his position nor open interest grows above its limit.",
        (
            step_of(
                MAKER_CODE,
                "take_perp_unlocked",
                "market taker is_buy lots price",
                takes_perp,
                anything(_TRADE, 1),
                mutants=(
                    Mutant(
                        MAKER_CODE,
                        "        price,\n        False,\n",
                        "        price,\n        True,\n",
                    ),
                    Mutant(
                        MAKER_CODE,
                        "        self._signed(is_buy, lots),\n",
                        "        self._signed(not is_buy, lots),\n",
                    ),
                ),
            ),
            step_of(
                ORDER_CODE,
                "OrderCode._require_limits",
                "market taker held open_interest",
                limits_hold,
                mutants=(
                    Mutant(
                        ORDER_CODE,
                        "uint256) or left <= (limits >> 128) & _LOW_64",
                        "uint256) or left <= limits >> 128",
                    ),
                    Mutant(
                        ORDER_CODE,
                        "after <= open_interest or after <= limits >> 192",
                        "after <= open_interest or after <= limits >> 191",
                    ),
                ),
            ),
        ),
        serves=("I28",),
    ),
)
