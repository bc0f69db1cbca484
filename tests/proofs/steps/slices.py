"""
Layer 3 of liquidation on the book: flags, the end of a slice, and what it fills.

What a call on the way does to storage may be anything: who is asked for what, in which
order, is what is shown.
"""

import z3

from specs.distress import FLAG_LIFE
from specs.fixed_point import WAD
from specs.instruments import SPOT
from tests.proofs.lifter.storage import is_forgotten
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import FORCED_CODE, SLICE_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.steps.venue_steps import step_of
from tests.proofs.transition import Transition

_USDC, _FUND = constant(0), constant(2)
SLICE = (
    "account",
    "instrument",
    "is_buy",
    "held",
    "left",
    "limit",
    "fee",
    "filled",
    "notional",
    "equity",
    "maintenance_margin",
    "exposure",
)


def flags(step: Transition, account: Term) -> None:
    """Show of `flag` who is flagged, and that a flag that counts stays, I33."""
    venues.is_users(step, account)
    health = venues.judged_last(step, account, ("distress",))
    step.holds(venues.is_due_now(health), "the account is due")
    place = step.at("distress", account)
    step.writes_within(place, *venues.forgets(step))
    old, new = step.trace.writes[-1][1], step.trace.finally_at(place)
    (cutting,) = venues.calls_of(step, "distress._flag")
    old = cutting.arguments[0]
    step.holds(venues.same(step, new, cutting.results[0]), "the flag is stored")
    step.holds(venues.same(step, cutting.arguments[1], NOW), "it is of now")
    before = step.trace.writes[:-1]
    step.holds(z3.BoolVal(all(is_forgotten(w) for w, _ in before)), "and nothing else")
    step.holds(z3.BoolVal(old.operation == "initial"), "of the word that there was")


def a_flag_that_counts_stays(step: Transition, word: Term, now: Term) -> None:
    """Show of `distress._flag` what it keeps and what it renews."""
    left = step.trace.words[0]
    step.assume(step.word(now) < 2**32, step.word(now) > 0)
    step.assume(step.word(field(word, 64, 192)) == 0)
    old, new = step.word(field(word, 32, 32)), step.word(field(left, 32, 32))
    counts = z3.And(old != 0, step.word(now) <= old + FLAG_LIFE)
    step.holds(new == z3.If(counts, old, step.word(now)), "a flag that counts stays")
    sliced, kept = step.word(field(word, 0, 32)), step.word(field(left, 0, 32))
    step.holds(sliced == kept, "when it was sliced stays")


def closes(step: Transition, reward: Term) -> None:
    """Show of `close_slice` who pays, and that the account is no worse, I34, I38."""
    venues.has_role(step, venues.LIQUIDATES)
    words = venues.transients(SLICE_CODE, "opened_slice", len(SLICE))
    opened = dict(zip(SLICE, words, strict=True))
    account = opened["account"]
    step.holds(step.word(account) != 0, "a slice is open")
    first = venues.transient_slot(SLICE_CODE, "opened_slice")
    for index in range(len(SLICE)):
        at = constant(first + index)
        closed = [word for place, word in step.trace.transient if place is at]
        venues.require(step, bool(closed), "it is closed")
        step.holds(step.word(closed[0]) == 0, "before anything else happens")
    is_rewarded = step.word(reward) != 0
    owners = [build("shr", constant(96), a) for a in (reward, account)]
    for claim, wanted in (
        ("of another owner", z3.Not(venues.same(step, *owners))),
        ("who is a user", step.lifted.truth(owners[0])),
    ):
        step.holds(z3.Implies(is_rewarded, wanted), claim)
    fee = step.result()
    charges = venues.calls_of(step, "SliceCode._charge")
    if not charges:
        step.holds(step.word(opened["filled"]) == 0, "nothing was filled")
        step.holds(fee == 0, "so there is no fee")
        step.writes_within()
        return
    venues.was_called(step, "SliceCode._charge", (account, None, reward, None))
    (charge,) = charges
    step.holds(step.word(charge.arguments[1]) == fee, "the fee is charged once")
    (computed,) = venues.calls_of(step, "fixed_point._mul_div_down")
    asked = opened["notional"], opened["fee"], constant(WAD)
    for given, word in zip(computed.arguments, asked, strict=True):
        step.holds(venues.same(step, given, word), "its rate of what was filled")
    step.holds(fee == step.word(computed.results[0]), "rounded down")
    rewarded = step.word(charge.arguments[3])
    half = z3.And(2 * rewarded <= fee, fee <= 2 * rewarded + 1)
    step.holds(z3.If(is_rewarded, half, rewarded == 0), "half of it rewards")
    health = venues.judged_last(step, account, ("distress",))
    step.holds(
        health.numbers["maintenance_margin"]
        <= venues.signed(step, opened["maintenance_margin"]),
        "its maintenance margin did not rise",
    )
    new, old = (
        venues.signed(step, build("mul", *pair))
        for pair in (
            (health.words["equity"], opened["maintenance_margin"]),
            (opened["equity"], health.words["maintenance_margin"]),
        )
    )
    step.holds(new >= old, "nor did its equity over it fall")
    step.writes_within(step.at("distress", account), *venues.forgets(step))


def charges_a_fee(step: Transition, *words: Term) -> None:
    """Show of `_charge` that what is paid is what is received, I28."""
    account, fee, reward, rewarded = words
    debit, *credits = (
        c
        for c in step.trace.cuttings
        if c.function.startswith("money_market._")
        and c.function not in ("money_market._load", "money_market._save")
    )
    venues.was_called(step, "money_market._debit", (account, _USDC))
    step.holds(venues.same(step, debit.arguments[-1], fee), "the fee is paid")
    received = sum((step.word(c.arguments[-1]) for c in credits), z3.IntVal(0))
    step.holds(received == step.word(fee), "all of it is received")
    *others, last = credits
    step.holds(venues.same(step, last.arguments[0], _FUND), "the rest by the fund")
    for other in others:
        step.holds(venues.same(step, other.arguments[0], reward), "by who is rewarded")
        step.holds(venues.same(step, other.arguments[-1], rewarded), "half of it")
    for cutting in credits:
        step.holds(venues.same(step, cutting.arguments[1], _USDC), "in USDC")


def fills_a_slice(step: Transition, *words: Term) -> None:
    """Show of `_take` what an account gives and gets for one resting order."""
    account, instrument, is_buy, *_, price, _, size = words
    trades = venues.calls_of(step, "positions._trade")
    if trades:
        (trade,) = trades
        lots = venues.signed(step, trade.arguments[2])
        signed = z3.If(step.word(is_buy) != 0, step.word(size), -step.word(size))
        step.holds(lots == signed, "as many lots as were filled")
        expected = (instrument, account, None, price)
        venues.was_called(step, "positions._trade", expected)
        return
    asset = build("sub", instrument, constant(SPOT))
    (paid,) = venues.calls_of(step, "money_market._pay_debt")
    (taken,) = venues.calls_of(step, "money_market._debit")
    for cutting in (paid, taken):
        step.holds(venues.same(step, cutting.arguments[0], account), "of the account")
    got, given = paid.arguments[-1], taken.arguments[-1]
    buys = step.word(is_buy) != 0
    up = venues.calls_of(step, "fixed_point._mul_div_up")
    down = venues.calls_of(step, "fixed_point._mul_div_down")
    is_up = z3.BoolVal(len(up) == 1 and not down)
    step.holds(buys == is_up, "the account pays rounded up and gets rounded down")
    (cost,) = up + down
    for word, asked in zip(cost.arguments, (size, price, constant(WAD)), strict=True):
        step.holds(venues.same(step, word, asked), "at the order's price")
    bought, sold = (paid, taken) if up else (taken, paid)
    step.holds(venues.same(step, bought.arguments[1], asset), "of the asset")
    step.holds(venues.same(step, sold.arguments[1], _USDC), "for USDC")
    amounts = (got, given) if up else (given, got)
    step.holds(venues.same(step, amounts[0], size), "as much as was filled")
    step.holds(venues.same(step, amounts[1], cost.results[0]), "for what it costs")


_LOAD = view("money_market._load", len(POOL))
_DEBIT = anything("money_market._debit", len(POOL))
_CREDIT = anything("money_market._credit", len(POOL))
_SAVE = anything("money_market._save")


PROOFS = (
    Family(
        "step.slice_code.flag_and_close",
        "Only a user's account that is due is flagged, and a flag that counts stays. A "
        "slice that is closed leaves the account no worse for its fee, a rate of what "
        "was filled: half of it to who asked, unless it was the owner, the rest to the "
        "fund.",
        (
            step_of(
                "slices",
                SLICE_CODE,
                "flag",
                "account",
                flags,
                anything("legs._accrue"),
                view("distress._flag", 1),
                mutants=(
                    Mutant(
                        SLICE_CODE,
                        "margin._is_due_now(health._assess(account))",
                        "margin._is_liquidatable(health._assess(account))",
                    ),
                ),
            ),
            step_of(
                "slices",
                SLICE_CODE,
                "distress._flag",
                "word now",
                a_flag_that_counts_stays,
                mutants=(
                    Mutant(
                        "contracts/modules/distress.vy",
                        "now <= flagged_at + FLAG_LIFE:\n        return word",
                        "now < flagged_at + FLAG_LIFE:\n        return word",
                    ),
                ),
            ),
            step_of(
                "slices",
                SLICE_CODE,
                "close_slice",
                "reward",
                closes,
                view("fixed_point._mul_div_down", 1),
                anything("SliceCode._charge"),
                mutants=(
                    Mutant(
                        SLICE_CODE,
                        "    state.opened_slice = empty(IClearinghouse.Slice)\n",
                        "    state.opened_slice.filled = 0\n",
                    ),
                    Mutant(SLICE_CODE, "rewarded = fee // 2", "rewarded = fee // 3"),
                    Mutant(
                        SLICE_CODE,
                        "accounts._owner(reward) != accounts._owner(",
                        "accounts._owner(account) == accounts._owner(",
                    ),
                ),
            ),
            step_of(
                "slices",
                SLICE_CODE,
                "SliceCode._charge",
                "account fee reward rewarded",
                charges_a_fee,
                _LOAD,
                _DEBIT,
                _CREDIT,
                _SAVE,
                mutants=(Mutant(SLICE_CODE, "usdc, fee - rewarded\n", "usdc, fee\n"),),
            ),
        ),
        serves=("I28", "I33", "I34", "I38"),
    ),
    Family(
        "step.forced_code.take",
        "What a slice's account gets and gives for an order is its size at its price, "
        "rounded against it.",
        (
            step_of(
                "slices",
                FORCED_CODE,
                "ForcedCode._take",
                "account instrument is_buy maker making_size price is_firm size",
                fills_a_slice,
                _LOAD,
                _DEBIT,
                anything("money_market._pay_debt", len(POOL)),
                _SAVE,
                view("fixed_point._mul_div_up", 1),
                view("fixed_point._mul_div_down", 1),
                anything("positions._trade"),
                mutants=(
                    Mutant(
                        FORCED_CODE,
                        "        if not is_buy:\n            lots = -lots\n",
                        "",
                    ),
                    Mutant(
                        FORCED_CODE,
                        "money_market._pay_debt(account, asset, pool, size)",
                        "money_market._pay_debt(account, asset, pool, size + 1)",
                    ),
                ),
            ),
        ),
        serves=("I28", "I34"),
    ),
)
