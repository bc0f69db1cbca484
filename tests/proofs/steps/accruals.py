"""
Layer 3 of an accrual: what booking a pool's interest may change, and which way.

That it never pays more than it books is shown of the specification, which the bytecode
equals (``lemmas/accruals.py``, ``equalities/``); here is what callers need.
"""

import z3

from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import build, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.steps.bodies import ACCRUERS, proved
from tests.proofs.steps.pools import (
    POOL,
    Pool,
    low,
    pool_given,
    pool_returned,
    pool_stored,
)
from tests.proofs.summary import Call, Facts, Summary

MAX_INDEX = 2**112 - 1
NOW = variable("timestamp", 0, 2**32 - 1)

_MARKET = "contracts/modules/money_market.vy"


def _interest_is_booked(before: Pool, after: Pool) -> Facts:
    lent, kept = after.lends - before.lends, after.reserve - before.reserve
    return [
        ("cash stays", after.cash == before.cash),
        ("the lend index never falls", after.lend_index >= before.lend_index),
        ("the borrow index never falls", after.borrow_index >= before.borrow_index),
        ("the reserve never pays", kept >= 0),
        ("what the reserve earns is in the total", lent >= kept),
        ("borrows never fall", after.borrows >= before.borrows),
    ]


def _books(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    later, virtuals = call.argument("later"), call.term("virtuals")
    winners = call.number(build("shr", constant(128), virtuals))
    losers = call.number(low(128, virtuals))
    lent, kept = after.lends - before.lends, after.reserve - before.reserve
    fits = before.lend_index <= MAX_INDEX
    return [
        *_interest_is_booked(before, after),
        ("its time stays", after.accrued_at == before.accrued_at),
        ("the borrow index is the one given", after.borrow_index == later),
        ("without winners the reserve alone", z3.Or(winners != 0, lent == kept)),
        (
            "without losers nobody borrows more",
            z3.Or(losers != 0, after.borrows == before.borrows),
        ),
        (
            "the lend index keeps to its field",
            z3.Or(z3.Not(fits), after.lend_index <= MAX_INDEX),
        ),
    ]


BOOK = Summary(
    "money_market._book",
    (*POOL, "later", "curve", "virtuals", "rest"),
    "Interest is booked by indices that never fall; the reserve and the totals only "
    "grow, by the same where nobody has unrealised gains; cash stays.",
    _books,
    (
        Mutant(
            _MARKET,
            "    pool.reserve += minted\n    return pool\n\n\n@internal\n@pure\n"
            "def _cushion",
            "    return pool\n\n\n@internal\n@pure\ndef _cushion",
        ),
    ),
    needs=lambda call: [
        (
            "the borrow index grows",
            call.argument("later") >= call.argument("borrow_index"),
        )
    ],
    results=len(POOL),
    is_pure=True,
    theories=(Linear, Integers),
    serves=("I5", "I6"),
)


def _grows(call: Call) -> Facts:
    before, after = call.argument("borrow_index"), call.result()
    return [
        ("the index never falls", after >= before),
        (
            "and keeps to its field",
            z3.Or(before > MAX_INDEX, after <= MAX_INDEX),
        ),
    ]


BORROW_INDEX = Summary(
    "money_market._compute_borrow_index",
    ("asset", *POOL, "funds"),
    "A borrow index never falls and never leaves its field.",
    _grows,
    (
        Mutant(
            _MARKET,
            "return grown if grown <= MAX_INDEX else pool.borrow_index",
            "return grown",
        ),
    ),
    results=1,
    theories=(Linear, Integers),
    serves=("I5", "I6"),
)


def _loads(call: Call) -> Facts:
    asset = call.term("asset")
    before, after = pool_stored(call, asset), pool_returned(call)
    return [
        *_interest_is_booked(before, after),
        ("until now", after.accrued_at == call.number(NOW)),
        ("the lend index keeps to its field", after.lend_index <= MAX_INDEX),
        ("the borrow index keeps to its field", after.borrow_index <= MAX_INDEX),
    ]


LOAD_ACCRUED = Summary(
    "money_market._load_accrued",
    ("asset",),
    "A pool is returned with its interest booked until now: indices, totals and the "
    "reserve are no lower than stored, cash is what is stored.",
    _loads,
    (
        Mutant(_MARKET, "    pool.accrued_at = block.timestamp\n", ""),
        Mutant(_MARKET, "cash=cash >> 128,", "cash=cash & _LOW_128,"),
    ),
    results=len(POOL),
    cuts=(BORROW_INDEX, BOOK),
    theories=(Linear, Integers),
    serves=("I5", "I6"),
)

PROOFS = tuple(
    proved(summary, ACCRUERS) for summary in (BOOK, BORROW_INDEX, LOAD_ACCRUED)
)
