"""
Layer 3 of a position: what one side's trade and a realisation do to position and books.

What they call is in ``settlements.py`` and ``settlements_usdc.py``. The cost of a trade
and the worth of a size are functions that are not spelled out here: layer 2 has them.
"""

from dataclasses import replace
from typing import Any

import z3

from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.entries import Answer, Asked, unknown
from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, answer, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    FIT_SIGNED,
    TRADE_CODE,
    At,
    Choosing,
    Storing,
    Words,
    also_in,
    fund,
    larger,
    leaves,
    open_interest,
    position,
    unsigned,
    view,
)
from tests.proofs.steps.pools import POOL, pool_given, pool_returned
from tests.proofs.steps.settlements import (
    MOVE,
    PAY,
    keeps_the_books,
    writes_sums,
)
from tests.proofs.steps.settlements_usdc import (
    CHANGE_USDC,
    SETTLE_INTEREST,
    keeps_settings,
    pending,
    tokens_stay,
    usdc,
    writes_usdc,
)
from tests.proofs.steps.ticks import NEW_ENTRY, entry_tick, tick_words
from tests.proofs.summary import Call, Facts, Summary, nothing
from tests.proofs.transition import Transition

_SETTLEMENT = "contracts/modules/settlement.vy"
_PERPETUAL = "contracts/modules/perpetual.vy"
_ACCOUNTS = "contracts/modules/accounts.vy"
_LINEAR = (Fields, Integers)


def _stores_its_word(call: Call) -> Facts:
    account, market = call.term("account"), call.term("market")
    words = call.word_before("headers", account), call.word_after("headers", account)
    (high, low), (new_high, new_low) = (
        (
            call.number(build("shr", constant(192), word)),
            call.number(build("and", constant(2**128 - 1), word)),
        )
        for word in words
    )
    return [
        (
            "of the header the list of assets stays",
            z3.Implies(z3.ULT(call.number(market), 255), new_high == high)
            if z3.is_bv(high)
            else z3.Implies(call.number(market) < 255, new_high == high),
        ),
        ("of the header settings and orders stay", new_low == low),
    ]


WRITE_POSITION = Storing(
    "accounts._write_position",
    ("account", "market", "old", "new"),
    "It stores the word, and of the account's header changes only the list of markets.",
    _stores_its_word,
    (
        Mutant(
            _ACCOUNTS,
            "(header & ~(_LIST << 128)) | (entries << 128)",
            "(header & ~(_LIST << 129)) | (entries << 128)",
        ),
    ),
    lambda at, words: [
        at("positions", words["account"], words["market"]),
        at("headers", words["account"]),
    ],
    theories=(Bits,),
    serves=("I13", "I18"),
)


def _cost(call: Call, *words: Term) -> Any:
    """Return what a trade costs, as `perpetual._compute_cost` says it."""
    name = "perpetual._compute_cost.0"
    return call.number(answer(name, 0, 2**256 - 1, *words), True)


COST = Summary(
    "perpetual._compute_cost",
    ("lots", "lot", "price", "funding_index"),
    "",
    nothing,
    (),
    results=1,
    is_pure=True,
)


def _trades(call: Call) -> Facts:
    names = ("lots", "lot", "price", "funding_index")
    cost = _cost(call, *(call.term(name) for name in names))
    size, basis, _ = (call.result(i, True) for i in range(3))
    return [
        (
            "lots move by what is traded",
            size == call.argument("held", True) + call.argument("lots", True),
        ),
        ("the basis by what that costs", basis == call.argument("basis", True) + cost),
    ]


PURE_TRADE = Summary(
    "perpetual._trade",
    ("held", "basis", "lots", "lot", "price", "funding_index"),
    "A trade moves the size by its lots and the basis by the whole trade's cost.",
    _trades,
    (
        Mutant(
            _PERPETUAL,
            "return held + lots, basis + cost, gain",
            "return held + lots, basis + cost - gain, gain",
        ),
    ),
    results=3,
    is_pure=True,
    cuts=(
        COST,
        view("perpetual._compute_opening", 2, 1),
        view("fixed_point._signed_mul_div_up", 3, 1),
    ),
    theories=_LINEAR,
    serves=("I19", "I20"),
)


def writes_position(at: At, words: Words) -> list[Term]:
    """Return what a position writes that comes to rest at "tick"."""
    account, market = words["account"], words["market"]
    held = entry_tick(initial(at("positions", account, market)))
    ticks = [tick_words(at, market, tick) for tick in (held, words["tick"])]
    return [
        at("positions", account, market),
        at("snapshots", account, market),
        *dict.fromkeys(place for tick in ticks for place in tick),
        *writes_sums(at, words),
        *writes_usdc(at, words),
    ]


def _lends_follow(call: Call) -> Facts:
    """Say I3 of lends: what was pending goes, what the balance lends comes."""
    before, after = pool_given(call), pool_returned(call)
    old, new, _ = usdc(call)
    earned, owed = pending(call)
    lent = larger(new.scaled, 0) - larger(old.scaled, 0)
    debt = larger(-new.scaled, 0) - larger(-old.scaled, 0)
    return [
        (
            "lends lose what was pending, and follow the balance",
            after.lends == before.lends - earned + lent,
        ),
        (
            "borrows too, unless they run out",
            after.borrows >= before.borrows - owed + debt,
        ),
    ]


def _changes_position(call: Call) -> tuple[Any, ...]:
    account, market = call.term("account"), call.term("market")
    words = call.word_before, call.word_after
    old, new = (position(call, word("positions", account, market)) for word in words)
    funds = [fund(call, word("market_fund", market)) for word in words]
    sizes = [open_interest(call, word("market_size", market)) for word in words]
    return old, new, *funds, *sizes


def _lot(call: Call) -> Term:
    exponent = build(
        "and", constant(255), build("shr", constant(184), call.term("risk"))
    )
    return build("exp", constant(10), exponent)


def _index(call: Call) -> Term:
    word = call.word_before("market_funding", call.term("market"))
    return build("sar", constant(128), word)


def _trades_one_side(call: Call) -> Facts:
    old, new, backing, left, was, is_now = _changes_position(call)
    cost = _cost(call, call.term("lots"), _lot(call), call.term("price"), _index(call))
    met = unsigned(call, build("shr", constant(233), call.term("risk")), 0, 24)
    return [
        (
            "lots move by what is traded",
            new.lots == old.lots + call.argument("lots", True),
        ),
        (
            "open interest moves by its long part",
            is_now - was == larger(new.lots, 0) - larger(old.lots, 0),
        ),
        (
            "basis and fund together move by the cost",
            new.basis + left.balance == old.basis + backing.balance + cost,
        ),
        ("it has met all epochs", new.epochs == z3.If(new.lots == 0, 0, met)),
        (
            "the fund pays down to its cap",
            z3.Or(left.balance >= backing.balance, left.balance >= -left.cap),
        ),
        *keeps_the_books(call),
        *tokens_stay(call),
        *_lends_follow(call),
        *keeps_settings(call),
    ]


TRADE = Choosing(
    "settlement._trade",
    ("market", "account", "lots", "risk", "price", *POOL),
    "One side's trade moves its lots by what is traded, open interest by their long "
    "part, and basis and fund together by the cost; W, V, spread and Z follow; the "
    "pool's totals lose what was pending and follow the balance; tokens stay in it.",
    _trades_one_side,
    (
        Mutant(
            _SETTLEMENT,
            "grown: int256 = max(size, 0) - max(held, 0)",
            "grown: int256 = max(size, 0) - abs(held)",
        ),
    ),
    writes_position,
    results=len(POOL),
    cuts=(
        SETTLE_INTEREST,
        PURE_TRADE,
        PAY,
        NEW_ENTRY,
        MOVE,
        WRITE_POSITION,
        CHANGE_USDC,
        FIT_SIGNED,
        view("settlement._fits", 3, 1),
        view("perpetual._is_reduction", 2, 1),
    ),
    theories=_LINEAR,
    serves=("I3", "I4", "I13", "I19", "I20", "I24", "I25"),
)


class _Value(Summary):
    """
    The worth of a position is that of its size, less its basis.

    What its size is worth depends on all but the basis: it is not spelled out.
    """

    def _answer(self, asked: Asked) -> Answer:
        lots, basis, *rest = asked.arguments
        result, worth = unknown(asked), _worth(lots, *rest)

        def is_less(lifted: Any) -> Any:
            value, size, cost = (lifted.value(w, True) for w in (result, worth, basis))
            return value == size - cost

        return Answer([result], facts=[is_less])

    def _holds(self, step: Transition, *words: Term) -> None:
        result, basis = step.trace.words[0], words[1]
        is_less = result.operation == "sub" and result.arguments[1] is basis
        step.holds(z3.BoolVal(is_less), "it is something less the basis")
        worth = result.arguments[0]
        before = step.trace.conditions[:-1]
        known = leaves([worth, *(term for term, _ in before)])
        step.holds(z3.BoolVal(basis not in known), "which does not depend on it")
        value = step.lifted.value(worth, True) - step.lifted.value(basis, True)
        step.holds(step.lifted.value(result, True) == value, "exactly")


def _worth(*words: Term) -> Term:
    return answer("what_a_size_is_worth", 0, 2**256 - 1, *words)


VALUE = _Value(
    "perpetual._compute_value",
    ("lots", "basis", "lot", "price", "funding_index"),
    "What a position is worth is what its size is worth, less its basis.",
    lambda call: [],
    (Mutant(_PERPETUAL, "return worth - basis", "return worth - basis // 2"),),
    results=1,
    cuts=(view("fixed_point._signed_mul_div_down", 3, 1),),
    theories=_LINEAR,
    serves=("I22", "I23"),
)


def _realises(call: Call) -> Facts:
    old, new, backing, left, was, is_now = _changes_position(call)
    size = build(
        "sar",
        constant(192),
        call.word_before("positions", call.term("account"), call.term("market")),
    )
    worth = call.number(_worth(size, _lot(call), call.term("mark"), _index(call)), True)
    gain, paid = worth - old.basis, backing.balance - left.balance
    is_held = call.before("positions", call.term("account"), call.term("market")) != 0
    return [
        ("the size stays", new.lots == old.lots),
        ("the basis moves by what is paid", new.basis == old.basis + paid),
        (
            "a loss is paid in full",
            z3.Implies(z3.And(is_held, gain <= 0), paid == gain),
        ),
        ("a gain at most", z3.Implies(gain > 0, z3.And(paid >= 0, paid <= gain))),
        ("the fund pays down to its cap", z3.Or(paid <= 0, left.balance >= -left.cap)),
        (
            "what is unpaid it has not",
            z3.Or(z3.Not(is_held), paid >= gain, left.balance <= -left.cap),
        ),
        ("epochs that it has met stay met", new.epochs == old.epochs),
        ("open interest stays", is_now == was),
        *keeps_the_books(call),
        *tokens_stay(call),
        *keeps_settings(call),
    ]


REALISE = Choosing(
    "settlement._realise",
    ("market", "account", "risk", "mark", *POOL),
    "A realisation leaves the size and moves the basis by what is paid: a loss in "
    "full, a gain as far as the fund reaches, down to minus its cap; W, V, "
    "spread and Z "
    "follow, open interest and tokens stay.",
    _realises,
    (
        Mutant(
            _SETTLEMENT,
            """        lots, basis, perpetual._lot(risk), mark, index
    )
    paid: int256 = self._pay(market, gain)
    basis += paid
""",
            """        lots, basis, perpetual._lot(risk), mark, index
    )
    paid: int256 = self._pay(market, gain)
    basis += gain
""",
        ),
    ),
    writes_position,
    results=len(POOL),
    cuts=(
        SETTLE_INTEREST,
        VALUE,
        PAY,
        NEW_ENTRY,
        MOVE,
        WRITE_POSITION,
        CHANGE_USDC,
        FIT_SIGNED,
        FIT_SIGNED,
        view("settlement._fits", 3, 1),
    ),
    theories=_LINEAR,
    serves=("I4", "I13", "I19", "I20", "I22", "I23", "I24", "I25", "I26"),
)

_FIT_SIGNED = replace(
    FIT_SIGNED.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE], *also_in(FIT_SIGNED)),
    cases=tuple({"width": width} for width in (64, 112, 128)),
)
_SUMMARIES = (WRITE_POSITION, PURE_TRADE, TRADE, VALUE, REALISE)

PROOFS = (
    _FIT_SIGNED,
    *(
        replace(
            s.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE], *also_in(s)), joins=True
        )
        for s in _SUMMARIES
    ),
)
