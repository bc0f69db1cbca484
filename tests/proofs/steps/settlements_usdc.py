"""
Layer 3 of what a settlement pays: USDC, the interest that was pending, and fees.

From any storage, and any pool in memory, as in ``settlements.py``.
"""

from typing import Any

import z3

from specs.fixed_point import RAY
from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.steps import ticks
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    TRADE_CODE,
    USDC,
    At,
    Words,
    also_in,
    larger,
    position,
    unsigned,
    view,
)
from tests.proofs.steps.pools import (
    CREDIT,
    DEBIT,
    POOL,
    Balance,
    balance,
    gained,
    indices_stay,
    pool_given,
    pool_returned,
    totals_follow,
)
from tests.proofs.steps.settlements import exponent_of
from tests.proofs.summary import Call, Facts, Summary

_SETTLEMENT = "contracts/modules/settlement.vy"
_LINEAR = (Fields, Integers)


def usdc(call: Call) -> tuple[Balance, Balance, Any]:
    """Return the account's USDC before and after, and by how much all idle moves."""
    account = call.term("account")
    old = balance(call, call.word_before("balances", account, USDC))
    new = balance(call, call.word_after("balances", account, USDC))
    laid = call.after("pool_idle", USDC) - call.before("pool_idle", USDC)
    return old, new, laid


def tokens_stay(call: Call) -> Facts:
    """Say that tokens move between the pool's cash and the account's idle ones only."""
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = usdc(call)
    moved = before.cash - after.cash
    return [
        *indices_stay(before, after),
        ("what is laid idle was cash", new.idle - old.idle == moved),
        ("and is in the sum of idle tokens", laid == moved),
    ]


def writes_usdc(at: At, words: Words) -> list[Term]:
    account = words["account"]
    return [
        at("balances", account, USDC),
        at("headers", account),
        at("pool_idle", USDC),
    ]


def keeps_settings(call: Call) -> Facts:
    """Say that of the account's header nothing but its lists may change."""
    before, after = (
        unsigned(call, word("headers", call.term("account")), 0, 128)
        for word in (call.word_before, call.word_after)
    )
    return [("of the header settings and orders stay", before == after)]


def _changes(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, _ = usdc(call)
    amount = call.argument("amount", True)
    return [
        *totals_follow(before, after, old, new),
        *tokens_stay(call),
        *keeps_settings(call),
        (
            "what is booked is worth no more than the amount",
            gained(before, after) + (before.cash - after.cash) * -RAY + amount * RAY
            >= 0,
        ),
    ]


CHANGE_USDC = Summary(
    "settlement._change_usdc",
    ("account", *POOL, "amount"),
    "USDC that is credited or debited moves the pool's totals by what the balance "
    "moves, and tokens from its cash to the account's idle ones or back; it is never "
    "worth more than the amount.",
    _changes,
    (
        Mutant(
            _SETTLEMENT,
            "account, accounts.USDC, pool, convert(-amount, uint256)",
            "account, accounts.USDC, pool, convert(-amount, uint256) // 2",
        ),
        Mutant(
            _SETTLEMENT,
            "return money_market._debit(\n        account,",
            "return money_market._debit(\n        account + 1,",
        ),
    ),
    writes_usdc,
    results=len(POOL),
    cuts=(CREDIT, DEBIT),
    theories=_LINEAR,
    serves=("I2", "I3", "I4", "I13", "I26"),
)


def pending(call: Call) -> tuple[Any, Any]:
    """Return what the account's position has earned and owes, scaled; 0 outside."""
    words = {
        "account": call.term("account"),
        "market": call.term("market"),
        "word": call.term("word")
        if "word" in call.arguments
        else call.word_before("positions", call.term("account"), call.term("market")),
        "exponent": exponent_of(call),
        "lend_index": call.term("lend_index"),
        "borrow_index": call.term("borrow_index"),
    }
    earned, owed = ticks.PENDING.words(call.at, call.read_before, words)
    is_inside = position(call, words["word"]).entry != 0
    return (
        z3.If(is_inside, call.number(earned, True), 0),
        z3.If(is_inside, call.number(owed), 0),
    )


def _settles(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, _ = usdc(call)
    earned, owed = pending(call)
    left = larger(before.borrows - owed, 0)
    booked = before._replace(lends=before.lends - earned, borrows=left)
    return [
        *totals_follow(booked, after, old, new),
        *tokens_stay(call),
        *keeps_settings(call),
    ]


SETTLE_INTEREST = Summary(
    "settlement._settle_interest",
    ("market", "account", "word", "risk", *POOL),
    "The totals lose what the position had pending and follow the account's balance, "
    "I3 with what is pending; tokens stay where they are, or in its idle balance.",
    _settles,
    (
        Mutant(_SETTLEMENT, "    changed.lends -= earned\n", ""),
        Mutant(
            _SETTLEMENT,
            "changed.borrows -= min(owed, pool.borrows)",
            "changed.borrows -= min(owed, pool.cash)",
        ),
    ),
    writes_usdc,
    results=len(POOL),
    cuts=(
        ticks.PENDING,
        CHANGE_USDC,
        view("virtual_pnl._worth", 4, 1),
        view("fixed_point._signed_mul_div_down", 3, 1),
        view("fixed_point._mul_div_up", 3, 1),
    ),
    theories=_LINEAR,
    serves=("I3", "I4", "I13"),
)


def _charges(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = usdc(call)
    minted = after.reserve - before.reserve
    lent, owed = (
        larger(s * new.scaled, 0) - larger(s * old.scaled, 0) for s in (1, -1)
    )
    used, fee = after.cash - before.cash, call.argument("fee")
    return [
        ("the lend index stays", after.lend_index == before.lend_index),
        ("the borrow index stays", after.borrow_index == before.borrow_index),
        ("its time stays", after.accrued_at == before.accrued_at),
        (
            "lends move by what the account and the reserve lend",
            after.lends == before.lends + lent + minted,
        ),
        (
            "borrows move by what the account owes",
            after.borrows == larger(before.borrows + owed, 0),
        ),
        ("the reserve never pays", minted >= 0),
        ("nor gets more than the fee", minted * before.lend_index <= fee * RAY),
        ("idle tokens become cash", old.idle - new.idle == used),
        ("and leave their sum", laid == -used),
        ("the account's balance never grows", new.scaled <= old.scaled),
        ("its idle tokens neither", used >= 0),
        (
            "both sides of the fee cancel, but for rounding to the pool",
            gained(before, after) + used * RAY >= 0,
        ),
        *keeps_settings(call),
    ]


CHARGE = Summary(
    "settlement._charge",
    ("account", *POOL, "fee"),
    "What an account pays as a fee the reserve lends, no more than that: the totals "
    "move by both, and what rounding leaves stays with the pool.",
    _charges,
    (
        Mutant(
            _SETTLEMENT,
            "money_market._debit(account, accounts.USDC, pool, fee), fee\n",
            "money_market._debit(account, accounts.USDC, pool, fee), fee + 1\n",
        ),
    ),
    writes_usdc,
    results=len(POOL),
    cuts=(DEBIT,),
    theories=(Integers,),
    serves=("I2", "I3", "I13", "I28"),
)

_SUMMARIES = (CHANGE_USDC, SETTLE_INTEREST, CHARGE)

PROOFS = tuple(
    summary.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE], *also_in(summary))
    for summary in _SUMMARIES
)
