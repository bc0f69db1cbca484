"""
Layer 3 of the money market: what each internal function does to pool and balance.

From any storage and any pool in memory. What is shown here of ``_add`` or ``_debit`` is
taken for granted where a longer function calls it, and nothing else is.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import z3

from specs.fixed_point import RAY
from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps.bodies import (
    ACCOUNT_CODE,
    DEBTORS,
    FORCED_CODE,
    LIQUIDATION_CODE,
    MAKER_CODE,
    ORDER_CODE,
    SETTLE_CODE,
    SLICE_CODE,
    SPOT_CODE,
    TRADE_CODE,
    VAULTS,
    proved,
    without,
)
from tests.proofs.summary import Call, Facts, Summary

_MARKET = "contracts/modules/money_market.vy"
_ACCOUNTS = "contracts/modules/accounts.vy"
_LINEAR = (Linear, Integers)


class Pool(NamedTuple):
    """The numbers of a pool in memory, ``money_market.Pool``."""

    lend_index: Any
    borrow_index: Any
    accrued_at: Any
    lends: Any
    borrows: Any
    cash: Any
    reserve: Any


POOL = Pool._fields
_LENDS = POOL.index("lends")


def pool_given(call: Call) -> Pool:
    """Return the pool that a function was given."""
    return Pool(*(call.argument(name, name == "lends") for name in POOL))


def pool_returned(call: Call, first: int = 0) -> Pool:
    """Return the pool that a function returned, from its ``first`` word on."""
    return Pool(*(call.result(first + i, i == _LENDS) for i in range(len(POOL))))


def pool_stored(call: Call, asset: Term, is_after: bool = False) -> Pool:
    """Return the pool that is stored."""
    word = call.word_after if is_after else call.word_before
    index, total, cash = (
        word(name, asset) for name in ("pool_index", "pool_total", "pool_cash")
    )
    return Pool(
        call.number(build("shr", constant(144), index)),
        call.number(low(112, build("shr", constant(32), index))),
        call.number(low(32, index)),
        call.number(build("sar", constant(128), total), is_signed=True),
        call.number(low(128, total)),
        call.number(build("shr", constant(128), cash)),
        call.number(low(128, cash)),
    )


def low(bits: int, word: Term) -> Term:
    """Return the lowest bits of a word."""
    return build("and", constant(2**bits - 1), word)


def scaled_part(word: Term) -> Term:
    """Return the scaled part of a balance word, to be read signed."""
    return build("sar", constant(128), word)


class Balance(NamedTuple):
    """The numbers of a balance word."""

    scaled: Any
    idle: Any


def balance(call: Call, word: Term) -> Balance:
    """Return the numbers of a balance word."""
    scaled = call.number(scaled_part(word), is_signed=True)
    return Balance(scaled, call.number(low(128, word)))


def positive(number: Any) -> Any:
    """Return a number, or 0 if it is below."""
    return z3.If(number > 0, number, 0)


# What a balance does, its pool does


def totals_follow(before: Pool, after: Pool, old: Balance, new: Balance) -> Facts:
    """
    Return that totals have moved by what a balance has, I3.

    Borrows may run out before the last debt does, and then stay at nothing.
    """
    lent = positive(new.scaled) - positive(old.scaled)
    owed = positive(-new.scaled) - positive(-old.scaled)
    return [
        ("lends move by what the balance lends", after.lends == before.lends + lent),
        (
            "borrows move by what it owes, and stop at nothing",
            after.borrows == positive(before.borrows + owed),
        ),
    ]


def indices_stay(before: Pool, after: Pool) -> Facts:
    """Return that neither indices nor their time have changed, nor the reserve."""
    return [
        ("the lend index stays", after.lend_index == before.lend_index),
        ("the borrow index stays", after.borrow_index == before.borrow_index),
        ("its time stays", after.accrued_at == before.accrued_at),
        ("the reserve stays", after.reserve == before.reserve),
    ]


def gained(before: Pool, after: Pool) -> Any:
    """Return by how much the slack grows beside cash, in RAYs of a wei."""
    return (after.borrows - before.borrows) * before.borrow_index - (
        after.lends - before.lends
    ) * before.lend_index


def _balances_after(call: Call) -> tuple[Balance, Balance, Any]:
    account, asset = call.term("account"), call.term("asset")
    old = balance(call, call.word_before("balances", account, asset))
    new = balance(call, call.word_after("balances", account, asset))
    laid = call.after("pool_idle", asset) - call.before("pool_idle", asset)
    return old, new, laid


def _writes_balance(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    account, asset = words["account"], words["asset"]
    return [at("balances", account, asset), at("headers", account)]


def _writes_idle(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    return [*_writes_balance(at, words), at("pool_idle", words["asset"])]


def _keeps_settings(call: Call) -> Facts:
    account = call.term("account")
    before, after = (
        call.number(low(192, word("headers", account)))
        for word in (call.word_before, call.word_after)
    )
    return [("of the header only the list of assets changes", before == after)]


def _writes_header(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    return [at("headers", words["account"])]


def _stores_its_word(
    at: Callable[..., Term], words: dict[str, Term]
) -> list[tuple[Term, Term]]:
    return [(at("balances", words["account"], words["asset"]), words["new"])]


WRITE_BALANCE = Summary(
    "accounts._write_balance",
    ("account", "asset", "old", "new"),
    "It stores the word, and of the account's header changes the list of assets alone.",
    _keeps_settings,
    (
        Mutant(
            _ACCOUNTS,
            "(entries << 192) | (header & (2**192 - 1))",
            "(entries << 192) | (header & (2**191 - 1))",
        ),
    ),
    _writes_header,
    _stores_its_word,
    theories=(Bits,),
    serves=("I3", "I13", "I18"),
)


def _given_is_stored(call: Call) -> Facts:
    word = call.before("balances", call.term("account"), call.term("asset"))
    return [("the word given is the one stored", word == call.argument("word"))]


def _adds(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = _balances_after(call)
    moved = call.argument("idle", is_signed=True)
    return [
        *totals_follow(before, after, old, new),
        *indices_stay(before, after),
        ("what is laid idle was cash", after.cash == before.cash - moved),
        ("it is the account's", new.idle - old.idle == moved),
        ("and in the sum of idle tokens", laid == moved),
        ("a balance never shrinks", new.scaled >= old.scaled),
        (
            "what is added is worth no more than what came",
            gained(before, after) + call.argument("amount") * RAY >= 0,
        ),
        *_keeps_settings(call),
    ]


ADD = Summary(
    "money_market._add",
    ("account", "asset", "word", *POOL, "amount", "idle"),
    "What is added to a balance moves the totals by what it moves of the balance, cash "
    "and the sum of idle tokens by what is laid idle; and it is worth no more than "
    "what "
    "came in, so that the slack of its pool does not fall.",
    _adds,
    (
        Mutant(_MARKET, "        pool.lends += minted\n", ""),
        Mutant(
            _MARKET,
            "burned = fp._mul_div_down(left, fp.RAY, pool.borrow_index)",
            "burned = fp._mul_div_up(left, fp.RAY, pool.borrow_index)",
        ),
    ),
    _writes_idle,
    needs=_given_is_stored,
    results=len(POOL),
    cuts=(WRITE_BALANCE,),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I4", "I7", "I8", "I13"),
)


def _debits(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = _balances_after(call)
    used = after.cash - before.cash
    return [
        *totals_follow(before, after, old, new),
        *indices_stay(before, after),
        ("idle tokens become cash", old.idle - new.idle == used),
        ("and leave their sum", laid == -used),
        ("no more of them than is taken", used <= call.argument("amount")),
        ("they are never taken from the pool", used >= 0),
        ("a balance never grows", new.scaled <= old.scaled),
        (
            "what is taken is worth no less than what leaves",
            gained(before, after) + used * RAY >= call.argument("amount") * RAY,
        ),
        *_keeps_settings(call),
    ]


DEBIT = Summary(
    "money_market._debit",
    ("account", "asset", *POOL, "amount"),
    "What is taken from a balance moves the totals by what it moves of the balance; "
    "idle tokens that are used become cash; and it is worth no less than what leaves.",
    _debits,
    (
        Mutant(_MARKET, "        state.pool_idle[asset] -= used\n", ""),
        Mutant(
            _MARKET,
            "minted: uint256 = fp._mul_div_up(left, fp.RAY, pool.borrow_index)",
            "minted: uint256 = fp._mul_div_down(left, fp.RAY, pool.borrow_index)",
        ),
    ),
    _writes_idle,
    results=len(POOL),
    cuts=(WRITE_BALANCE,),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I4", "I7", "I8", "I13"),
)


def _credits(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = _balances_after(call)
    moved, amount = before.cash - after.cash, call.argument("amount")
    return [
        *totals_follow(before, after, old, new),
        *indices_stay(before, after),
        ("what is laid idle was cash", new.idle - old.idle == moved),
        ("and is in the sum of idle tokens", laid == moved),
        ("no more is laid idle than came in", z3.And(moved >= 0, moved <= amount)),
        ("a balance never shrinks", new.scaled >= old.scaled),
        (
            "what is credited is worth no more than what came",
            gained(before, after) + (amount - moved) * RAY >= 0,
        ),
        *_keeps_settings(call),
    ]


CREDIT = Summary(
    "money_market._credit",
    DEBIT.arguments,
    "What comes in is credited to the balance as settings say, and moves the totals by "
    "what it moves of the balance; what is laid idle was cash; and it is worth no more "
    "than what came in.",
    _credits,
    (
        Mutant(
            _MARKET,
            "amount - idle, convert(idle, int256)",
            "amount, convert(idle, int256)",
        ),
    ),
    _writes_idle,
    results=len(POOL),
    cuts=(ADD,),
    theories=(Integers,),
    serves=ADD.serves,
)


def _pays_debt(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = _balances_after(call)
    return [
        *totals_follow(before, after, old, new),
        *indices_stay(before, after),
        ("cash stays", after.cash == before.cash),
        ("idle tokens stay", z3.And(new.idle == old.idle, laid == 0)),
        ("a balance never shrinks", new.scaled >= old.scaled),
        (
            "what is paid is worth no more than what came",
            gained(before, after) + call.argument("amount") * RAY >= 0,
        ),
        *_keeps_settings(call),
    ]


PAY_DEBT = Summary(
    "money_market._pay_debt",
    DEBIT.arguments,
    "What comes in for a debt moves the totals by what it moves of the balance, lays "
    "nothing idle and is worth no more than what came in.",
    _pays_debt,
    (Mutant(_MARKET, "word, pool, amount, 0)", "word, pool, amount + 1, 0)"),),
    _writes_idle,
    results=len(POOL),
    cuts=(ADD,),
    theories=(Integers,),
    serves=ADD.serves,
)


def _moves_idle(call: Call) -> Facts:
    """Say of `_lend_idle` and `_unlend` that tokens move within the pool."""
    before, after = pool_given(call), pool_returned(call)
    old, new, laid = _balances_after(call)
    amount = call.argument("amount")
    moved = before.cash - after.cash
    sign = 1 if call.function.endswith("_unlend") else -1
    return [
        *totals_follow(before, after, old, new),
        *indices_stay(before, after),
        ("the amount is cash, or was", moved == sign * amount),
        ("it is of the account's idle tokens", new.idle - old.idle == moved),
        ("and of their sum", laid == moved),
        (
            "nothing is gained",
            gained(before, after) - moved * RAY >= 0,
        ),
        *_keeps_settings(call),
    ]


def _credits_reserve(call: Call) -> Facts:
    before, after = pool_given(call), pool_returned(call)
    lent, kept = after.lends - before.lends, after.reserve - before.reserve
    return [
        ("the reserve's lend is in the total", lent == kept),
        ("it never pays", kept >= 0),
        ("the lend index stays", after.lend_index == before.lend_index),
        ("the borrow index stays", after.borrow_index == before.borrow_index),
        ("its time stays", after.accrued_at == before.accrued_at),
        ("borrows stay", after.borrows == before.borrows),
        ("cash stays", after.cash == before.cash),
        (
            "what is credited is worth no more than what came",
            gained(before, after) + call.argument("amount") * RAY >= 0,
        ),
    ]


CREDIT_RESERVE = Summary(
    "money_market._credit_reserve",
    (*POOL, "amount"),
    "What the reserve is credited is in the total of lends, and worth no more than "
    "what "
    "came in.",
    _credits_reserve,
    (
        Mutant(
            _MARKET,
            "    pool.lends += convert(minted, int256)\n    pool.reserve += minted\n"
            "    return pool\n\n\n@internal\ndef _debit",
            "    pool.reserve += minted\n    return pool\n\n\n@internal\ndef _debit",
        ),
    ),
    results=len(POOL),
    is_pure=True,
    theories=(Integers,),
    serves=("I2", "I3", "I7"),
)
LEND_IDLE = Summary(
    "money_market._lend_idle",
    DEBIT.arguments,
    "Idle tokens that are lent leave the account's idle balance and their sum, become "
    "cash, and are worth no less than what is lent for them.",
    _moves_idle,
    (
        Mutant(
            _MARKET,
            "word, pool, amount, -convert(amount, int256)",
            "word, pool, amount + 1, -convert(amount, int256)",
        ),
    ),
    _writes_idle,
    results=len(POOL),
    cuts=(ADD,),
    theories=(Integers,),
    serves=ADD.serves,
)
UNLEND = Summary(
    "money_market._unlend",
    DEBIT.arguments,
    "Lent tokens that are taken back leave the pool's cash, join the account's idle "
    "balance and their sum, and are worth no more than what is burned for them.",
    _moves_idle,
    (
        Mutant(
            _MARKET,
            "burned: uint256 = fp._mul_div_up(amount, fp.RAY, pool.lend_index)",
            "burned: uint256 = fp._mul_div_down(amount, fp.RAY, pool.lend_index)",
        ),
        Mutant(
            _MARKET,
            "self._move_idle(asset, convert(amount, int256))\n    self._store",
            "self._store",
        ),
    ),
    _writes_idle,
    results=len(POOL),
    cuts=(WRITE_BALANCE,),
    theories=(Integers,),
    serves=ADD.serves,
)

PROOFS = (
    proved(WRITE_BALANCE, DEBTORS),
    proved(ADD, DEBTORS),
    proved(DEBIT, DEBTORS),
    proved(CREDIT, without(DEBTORS, SETTLE_CODE, FORCED_CODE)),
    proved(CREDIT_RESERVE, (TRADE_CODE, SPOT_CODE, ORDER_CODE, MAKER_CODE)),
    proved(
        PAY_DEBT,
        (*VAULTS, SETTLE_CODE, SPOT_CODE, LIQUIDATION_CODE, MAKER_CODE, FORCED_CODE),
    ),
    proved(LEND_IDLE, (ACCOUNT_CODE, SETTLE_CODE, LIQUIDATION_CODE, SLICE_CODE)),
    proved(UNLEND, (ACCOUNT_CODE,)),
)
