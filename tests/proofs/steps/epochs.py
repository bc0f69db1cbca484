"""Layer 3 of auto-deleveraging: closing with the inventory, and epochs that apply."""

from dataclasses import replace

import z3

from tests.proofs.lifter.entries import Answer, Asked, unknown
from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    DELEVERAGE_CODE,
    FIT_SIGNED,
    INVENTORY,
    USDC,
    At,
    Choosing,
    Words,
    fund,
    larger,
    open_interest,
    position,
    unsigned,
    view,
)
from tests.proofs.steps.trades import COST, TRADE, writes_position
from tests.proofs.summary import Call, Facts, Summary

_LINEAR = (Fields, Integers)


def _closes_with_the_inventory(call: Call) -> Facts:
    market, account = call.term("market"), call.term("account")
    words = call.word_before, call.word_after
    (old, new), (held, holds) = (
        [position(call, word("positions", owner, market)) for word in words]
        for owner in (account, INVENTORY)
    )
    backing, left = (fund(call, word("market_fund", market)) for word in words)
    was, is_now = (open_interest(call, word("market_size", market)) for word in words)
    lots = call.argument("lots", True)
    longs = [larger(p.lots, 0) for p in (old, new, held, holds)]
    grown = longs[1] - longs[0] + longs[3] - longs[2]
    stored = build("sar", constant(128), call.word_before("market_funding", market))
    is_index = call.argument("index") == call.number(stored)
    before, after = (
        p.basis + q.basis + f.balance
        for p, q, f in ((old, held, backing), (new, holds, left))
    )
    claims = (
        ("its lots move by what is closed", new.lots == old.lots + lots),
        ("the inventory's by the opposite", holds.lots == held.lots - lots),
        ("open interest follows both", is_now - was == grown),
        ("bases move by what the fund pays", z3.Implies(is_index, before == after)),
    )
    is_other = call.argument("account") != 3
    return [(claim, z3.Implies(is_other, fact)) for claim, fact in claims]


def _writes_both(at: At, words: Words) -> list[Term]:
    market = words["market"]
    return [
        *writes_position(at, words),
        at("positions", INVENTORY, market),
        *(at(name, USDC) for name in ("pool_index", "pool_total", "pool_cash")),
    ]


TRADE_WITH_INVENTORY = Choosing(
    "DeleverageCode._trade",
    ("market", "account", "lots", "risk", "price", "index"),
    "What is closed of a position the inventory takes, to the lot and to the wei: lots "
    "of both add up to what they were, open interest follows them, and their bases and "
    "the fund together stay.",
    _closes_with_the_inventory,
    (
        Mutant(
            DELEVERAGE_CODE,
            "held - lots, perpetual._basis",
            "held + lots, perpetual._basis",
        ),
        Mutant(
            DELEVERAGE_CODE,
            "max(held - lots, 0) - max(held, 0)",
            "max(held - lots, 0) - max(lots, 0)",
        ),
    ),
    _writes_both,
    cuts=(TRADE, COST, FIT_SIGNED),
    theories=_LINEAR,
    serves=("I13", "I19", "I20", "I24", "I37"),
)


def _shares(call: Call) -> Facts:
    market, epoch = call.term("market"), call.term("epoch")
    terms = call.word_before("epoch_terms", market, epoch)
    state = call.word_before("epoch_state", market, epoch)
    lots = call.argument("lots", True)
    size = z3.If(lots < 0, -lots, lots)
    parts = size * call.number(build("shr", constant(192), terms))
    carried = unsigned(call, state, 64, 64)
    interest = unsigned(call, terms, 128, 64)
    closed, carry = call.result(0), call.result(1)
    return [
        ("nothing is lost of a division", closed * interest + carry == parts + carried),
        ("what is carried on is below a lot", carry < interest),
    ]


SHARE = Summary(
    "deleveraging._share",
    ("market", "epoch", "lots"),
    "What an epoch closes of a position and what it carries on are its share, exactly; "
    "what is carried is below a lot.",
    _shares,
    (
        Mutant(
            "contracts/modules/deleveraging.vy",
            "convert(abs(lots), uint256) * (terms >> 192) + carry",
            "convert(abs(lots), uint256) * (terms >> 192)",
        ),
    ),
    results=2,
    theories=(Integers,),
    serves=("I37",),
)


class _AnyShare(Summary):
    """`SHARE` as callers need it: what is carried fits its field."""

    def _answer(self, asked: Asked) -> Answer:
        return Answer([unknown(asked, 0), unknown(asked, 1, 64)])


_SHARE = _AnyShare(SHARE.function, SHARE.arguments, "", lambda call: [], ())


def _applies(call: Call) -> Facts:
    market, account, epoch = (call.term(n) for n in ("market", "account", "epoch"))
    words = call.word_before, call.word_after
    old, new = (position(call, word("positions", account, market)) for word in words)
    held, holds = (
        position(call, word("positions", INVENTORY, market)) for word in words
    )
    states = [word("epoch_state", market, epoch) for word in words]
    left, now_left = (unsigned(call, state, 0, 64) for state in states)
    waiting, waits = (call.number(word("market_pending", market)) for word in words)
    closed = left - now_left
    is_long = call.argument("lots", True) > 0
    claims = (
        (
            "what the epoch closes the position loses",
            new.lots - old.lots == z3.If(is_long, -closed, closed),
        ),
        ("the inventory has it", holds.lots - held.lots == old.lots - new.lots),
        (
            "it is no longer pending",
            waiting - waits == z3.If(is_long, closed * 2**64, closed),
        ),
        ("an epoch never closes more than it has", z3.And(closed >= 0, now_left >= 0)),
        (
            "its funding index stays",
            unsigned(call, states[0], 128, 128) == unsigned(call, states[1], 128, 128),
        ),
    )
    is_other = call.argument("account") != 3
    return [(claim, z3.Implies(is_other, fact)) for claim, fact in claims]


APPLY = Choosing(
    "DeleverageCode._apply",
    ("market", "account", "epoch", "lots", "risk"),
    "What an epoch closes of a position leaves what the epoch has left and what is "
    "pending of its side, and the inventory takes it; nothing else is written.",
    _applies,
    (
        Mutant(
            DELEVERAGE_CODE,
            "state.market_pending[market] -= closed << offset",
            "state.market_pending[market] -= closed",
        ),
        Mutant(
            DELEVERAGE_CODE,
            "| ((word & _LOW_64) - closed)",
            "| ((word & _LOW_64) - carry)",
        ),
    ),
    lambda at, words: [
        *_writes_both(at, words),
        at("epoch_state", words["market"], words["epoch"]),
        at("market_pending", words["market"]),
    ],
    cuts=(TRADE_WITH_INVENTORY, _SHARE, view("deleveraging._closing_price", 3, 1)),
    theories=_LINEAR,
    serves=("I13", "I19", "I37"),
)

_SUMMARIES = (TRADE_WITH_INVENTORY, SHARE, APPLY)
PROOFS = tuple(
    replace(
        summary.proved_in(DELEVERAGE_CODE, CONSTRUCTORS[DELEVERAGE_CODE]), joins=True
    )
    for summary in _SUMMARIES
)
