"""
Layer 3 of settlement: what each internal function does to fund and sums.

From any storage, and any pool in memory. What is shown of one is what the longer ones
take for granted where they call it.
"""

from typing import Any

import z3

from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import ticks
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    TRADE_CODE,
    At,
    Fund,
    Pair,
    Words,
    also_in,
    fund,
    funds,
    gains,
    larger,
    open_interest,
    virtuals,
)
from tests.proofs.steps.pools import (
    POOL,
)
from tests.proofs.steps.ticks import GAINS_OF_WORDS, moved_words, sizes_follow
from tests.proofs.summary import Call, Facts, Summary

_SETTLEMENT = "contracts/modules/settlement.vy"
_FUND = "contracts/modules/liquidity_fund.vy"
_LINEAR = (Fields, Integers)


def _adds_to_funds(call: Call) -> Facts:
    before, after = (
        funds(call, word("funds")) for word in (call.word_before, call.word_after)
    )
    more, old, new = (call.argument(n, True) for n in ("more", "before", "after"))
    moved = larger(new, 0) - larger(old, 0)
    return [
        ("the sum of funds moves by what is added", after.high == before.high + more),
        ("Z moves as the surplus does", after.low == before.low + moved),
    ]


ADD_TO_FUNDS = Summary(
    "settlement._add_to_funds",
    ("more", "before", "after"),
    "The sum of all funds moves by what is added, and Z by what the positive part of "
    "what one fund has beyond W - V does.",
    _adds_to_funds,
    (
        Mutant(
            _SETTLEMENT,
            "- liquidity_fund._compute_surplus(before)",
            "- liquidity_fund._compute_surplus(before + more)",
        ),
    ),
    lambda at, words: [at("funds")],
    theories=_LINEAR,
    serves=("I20", "I24"),
)


def _pays(call: Call) -> Facts:
    market = call.term("market")
    words = call.word_before, call.word_after
    old, new = (fund(call, word("market_fund", market)) for word in words)
    before, after = (funds(call, word("funds")) for word in words)
    due, paid = call.argument("gain", True), call.result(0, True)
    return [
        ("a loss is paid in full", z3.Or(due > 0, paid == due)),
        ("a gain at most", z3.Or(due <= 0, z3.And(paid >= 0, paid <= due))),
        ("the fund pays it", new.balance == old.balance - paid),
        ("its spread stays", new.spread == old.spread),
        ("its cap stays", new.cap == old.cap),
        ("it pays down to its cap", z3.Or(paid <= 0, new.balance >= -new.cap)),
        ("what is unpaid it has not", z3.Or(paid >= due, new.balance <= -new.cap)),
        ("the sum of funds pays it", after.high == before.high - paid),
        ("Z moves as the fund does", after.low == before.low + new.rest - old.rest),
    ]


def _writes_funds(at: At, words: Words) -> list[Term]:
    return [at("funds"), at("market_fund", words["market"])]


PAY = Summary(
    "settlement._pay",
    ("market", "gain"),
    "What a market's fund pays leaves it and the sum of funds, down to minus its cap; "
    "a loss is paid in full, a gain as far as the fund reaches; Z moves as the fund.",
    _pays,
    (
        Mutant(
            _SETTLEMENT,
            "self._add_to_funds(-paid, fund + spread, left + spread)",
            "self._add_to_funds(-paid, fund, left)",
        ),
        Mutant(
            _FUND,
            "fund_balance + convert(cap, int256)",
            "fund_balance + 2 * convert(cap, int256)",
        ),
    ),
    _writes_funds,
    results=1,
    cuts=(ADD_TO_FUNDS,),
    theories=_LINEAR,
    serves=("I20", "I24", "I25", "I26"),
)


def _rebooks(call: Call) -> Facts:
    market, exponent = call.term("market"), call.term("exponent")
    words = call.word_before, call.word_after
    old, new = (fund(call, word("market_fund", market)) for word in words)
    before, after = (funds(call, word("funds")) for word in words)
    sums, later = (virtuals(call, word("virtuals")) for word in words)
    won, lost = gains(call, exponent)
    winners, losers = call.argument("winners"), call.argument("losers")
    stays = z3.And(won == winners, lost == losers, new.spread == old.spread)
    return [
        ("W moves by what is won", later.high == sums.high + won - winners),
        ("V moves by what is lost", later.low == sums.low + lost - losers),
        ("the spread is V - W", z3.Or(new.spread == lost - won, stays)),
        *_pays_nothing(old, new, before, after),
    ]


def _pays_nothing(old: Fund, new: Fund, before: Pair, after: Pair) -> Facts:
    return [
        ("the fund stays", new.balance == old.balance),
        ("its cap stays", new.cap == old.cap),
        ("the sum of funds stays", after.high == before.high),
        ("Z moves as the fund does", after.low == before.low + new.rest - old.rest),
    ]


def writes_sums(at: At, words: Words) -> list[Term]:
    return [*_writes_funds(at, words), at("virtuals")]


REBOOK = Summary(
    "settlement._rebook",
    ("market", "exponent", "winners", "losers"),
    "W and V of all markets move by what this one's do, the spread of its fund is its "
    "V - W, and Z moves as that; no fund pays anything.",
    _rebooks,
    (
        Mutant(
            _SETTLEMENT,
            "    if new_spread == spread:\n",
            "    if new_spread <= spread:\n",
        ),
        Mutant(
            _SETTLEMENT,
            "packing._fit((virtuals & _LOW_128) + new_losers - losers, 128)",
            "packing._fit((virtuals & _LOW_128) + new_losers, 128)",
        ),
    ),
    writes_sums,
    cuts=(ADD_TO_FUNDS, GAINS_OF_WORDS),
    theories=_LINEAR,
    serves=("I20", "I24"),
)


def exponent_of(call: Call) -> Term:
    """Return the lot's exponent, as it is read from a risk word."""
    return build("and", constant(255), build("shr", constant(184), call.term("risk")))


def keeps_the_books(call: Call, paid: Any = 0) -> Facts:
    """Say that what the books say of a market stays true, and what the fund pays."""
    market, exponent = call.term("market"), exponent_of(call)
    words = call.word_before, call.word_after
    old, new = (fund(call, word("market_fund", market)) for word in words)
    before, after = (funds(call, word("funds")) for word in words)
    sums, later = (virtuals(call, word("virtuals")) for word in words)
    (won, lost), (wins, loses) = gains(call, exponent), gains(call, exponent, True)
    return [
        ("W moves by what is won", later.high - wins == sums.high - won),
        ("V moves by what is lost", later.low - loses == sums.low - lost),
        (
            "the spread stays V - W",
            z3.Implies(old.spread == lost - won, new.spread == loses - wins),
        ),
        ("its cap stays", new.cap == old.cap),
        (
            "the sum of funds moves as the fund",
            after.high - before.high == new.balance - old.balance,
        ),
        ("Z moves as the fund does", after.low == before.low + new.rest - old.rest),
    ]


def _moves(call: Call) -> Facts:
    market = call.term("market")
    words = call.word_before, call.word_after
    old, new = (fund(call, word("market_fund", market)) for word in words)
    was, is_now = (open_interest(call, word("market_size", market)) for word in words)
    return [
        *keeps_the_books(call),
        *sizes_follow(call),
        ("the fund stays", new.balance == old.balance),
        ("open interest stays", is_now == was),
    ]


def _writes_moved(at: At, words: Words) -> list[Term]:
    return [*writes_sums(at, words), *moved_words(at, words)]


MOVE = Summary(
    "settlement._move",
    ("market", "account", "risk", "held", "entry", "lots", "new_entry", *POOL),
    "When a position moves between ticks, W and V of all markets move by what its "
    "market's do, and so do the fund's spread and Z; open interest stays.",
    _moves,
    (
        Mutant(
            _SETTLEMENT,
            "    if entry == 0 and new_entry == 0:\n",
            "    if new_entry == 0:\n",
        ),
        Mutant(
            _SETTLEMENT,
            "self._rebook(market, exponent, winners, losers)",
            "self._rebook(market, exponent, losers, winners)",
        ),
    ),
    _writes_moved,
    cuts=(ticks.MOVE, GAINS_OF_WORDS, REBOOK),
    theories=_LINEAR,
    serves=("I13", "I19", "I20", "I24"),
)

_SUMMARIES = (ADD_TO_FUNDS, PAY, REBOOK, MOVE)

PROOFS = tuple(
    summary.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE], *also_in(summary))
    for summary in _SUMMARIES
)
