"""
Layer 3 of the ledger: deposit, withdrawal, borrow, repayment, lend and its return.

Of each the books, in every body that has it: by what cash and idle tokens change, that
the totals move by what the balance does, that the slack does not fall, and that nothing
else is written. What is said of a pool is said of it with its interest booked, which
``accruals.py`` has. Who may call, what margin asks for and which tokens move is the
outer function's, ``custody.py``.
"""

from collections.abc import Callable
from typing import Any

import z3

from specs.accounts import BACKSTOP_FUND, TRADE, USDC
from specs.fixed_point import RAY
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term, answer, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps.accruals import LOAD_ACCRUED, MAX_INDEX
from tests.proofs.steps.bodies import ACCOUNT_CODE, GOVERNANCE_CODE, VAULTS, proved
from tests.proofs.steps.pools import (
    CREDIT,
    DEBIT,
    LEND_IDLE,
    PAY_DEBT,
    POOL,
    UNLEND,
    Pool,
    balance,
    gained,
    pool_given,
    pool_stored,
    totals_follow,
)
from tests.proofs.summary import Call, Facts, Summary, nothing
from tests.proofs.transition import Transition

_LEDGER = "contracts/modules/ledger.vy"
_LIMITS = "contracts/modules/pool_limits.vy"
_PAUSED, _HALTED = 1 << 169, 1 << 168


def writes_guards(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    return [at("guards", words["asset"])]


NOTE_INFLOW = Summary(
    "pool_limits._note_inflow",
    ("asset", "cash", "amount"),
    "Before tokens come in it may move the average of the pool's window, and no other "
    "word.",
    nothing,
    (
        Mutant(
            _LIMITS,
            "        state.guards[asset] = changed",
            "        state.guards[cash] = changed",
        ),
    ),
    writes_guards,
    theories=(Integers,),
    serves=("I13", "I44"),
)
CHECK_OUTFLOW = Summary(
    "pool_limits._check_outflow",
    ("asset", "cash", "amount"),
    "Before tokens leave it may move the average of the pool's window, and no other "
    "word.",
    nothing,
    (
        Mutant(
            _LIMITS,
            "guards._guard_outflow(asset, held",
            "guards._guard_outflow(cash, held",
        ),
    ),
    writes_guards,
    theories=(Integers,),
    serves=("I13", "I44"),
)


def _writes_pool(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    account, asset = words["account"], words["asset"]
    names = ("pool_index", "pool_total", "pool_cash", "pool_idle", "guards")
    return [
        at("balances", account, asset),
        at("headers", account),
        *(at(name, asset) for name in names),
    ]


def vault_change(call: Call) -> Any:
    """Return by how much the vault's tokens of an asset change: cash and idle."""
    asset = call.term("asset")
    before, after = pool_stored(call, asset), pool_stored(call, asset, is_after=True)
    idle = call.after("pool_idle", asset) - call.before("pool_idle", asset)
    return after.cash - before.cash + idle


def _indices_grow(call: Call) -> Facts:
    asset = call.term("asset")
    before, after = pool_stored(call, asset), pool_stored(call, asset, is_after=True)
    return [
        ("the lend index never falls", after.lend_index >= before.lend_index),
        ("the borrow index never falls", after.borrow_index >= before.borrow_index),
        ("the reserve never pays", after.reserve >= before.reserve),
    ]


def _books_close(before: Pool, call: Call) -> Facts:
    """Return I2 and I3 of a pool that is stored, from how it was with its interest."""
    account, asset = call.term("account"), call.term("asset")
    after = pool_stored(call, asset, is_after=True)
    old = balance(call, call.word_before("balances", account, asset))
    new = balance(call, call.word_after("balances", account, asset))
    laid = call.after("pool_idle", asset) - call.before("pool_idle", asset)
    return [
        *totals_follow(before, after, old, new),
        ("idle tokens are in their sum", new.idle - old.idle == laid),
        ("the lend index is that of now", after.lend_index == before.lend_index),
        ("the borrow index too", after.borrow_index == before.borrow_index),
        ("the reserve stays", after.reserve == before.reserve),
    ]


def _slack_grows(before: Pool, call: Call) -> Facts:
    after = pool_stored(call, call.term("asset"), is_after=True)
    cash = (after.cash - before.cash) * RAY
    return [("the slack does not fall", cash + gained(before, after) >= 0)]


def _returned_by(summary: Summary, step: Transition, call: Call) -> Pool:
    """Return the pool that a call on the way has returned."""
    (found,) = (c for c in step.trace.cuttings if c.function == summary.function)
    return Pool(
        *(
            call.number(word, is_signed=name == "lends")
            for name, word in zip(POOL, found.results, strict=True)
        )
    )


def _accrued(step: Transition, call: Call) -> Pool:
    """Return the pool that the call has loaded, its interest booked."""
    return _returned_by(LOAD_ACCRUED, step, call)


def _saves(summary: Summary) -> Callable[[Transition, Call], list[tuple[Any, Any]]]:
    """Return that what is stored in the end is what a call on the way has returned."""

    def pairs(step: Transition, call: Call) -> list[tuple[Any, Any]]:
        stored = pool_stored(call, call.term("asset"), is_after=True)
        return list(zip(stored, _returned_by(summary, step, call), strict=True))

    return pairs


def _saves_paid_out(step: Transition, call: Call) -> list[tuple[Any, Any]]:
    stored = pool_stored(call, call.term("asset"), is_after=True)
    left = _returned_by(DEBIT, step, call)
    left = left._replace(cash=left.cash - call.argument("amount"))
    return list(zip(stored, left, strict=True))


def _from_accrued(step: Transition, call: Call) -> Facts:
    before = _accrued(step, call)
    return [*_books_close(before, call), *_slack_grows(before, call)]


def _takes_out(call: Call) -> Facts:
    account, asset = call.term("account"), call.term("asset")
    before, after = pool_given(call), pool_stored(call, asset, is_after=True)
    amount = call.argument("amount")
    laid = call.after("pool_idle", asset) - call.before("pool_idle", asset)
    old = balance(call, call.word_before("balances", account, asset))
    new = balance(call, call.word_after("balances", account, asset))
    is_owing_more = new.scaled < z3.If(old.scaled < 0, old.scaled, 0)
    is_paused = (call.before("curve", asset) / _PAUSED) % 2 == 1
    return [
        *_books_close(before, call),
        *_slack_grows(before, call),
        (
            "cash and idle tokens fall by the amount",
            after.cash + laid == before.cash - amount,
        ),
        ("no cash is left that is not there", after.cash >= 0),
        ("a balance never grows", new.scaled <= old.scaled),
        ("no debt of a paused asset grows", z3.Not(z3.And(is_owing_more, is_paused))),
    ]


def indices_fit(call: Call) -> Facts:
    """Return that the pool given keeps to the fields of its word."""
    pool = pool_given(call)
    return [
        ("the lend index fits", pool.lend_index <= MAX_INDEX),
        ("the borrow index fits", pool.borrow_index <= MAX_INDEX),
    ]


TAKE_OUT = Summary(
    "ledger._take_out",
    ("account", "asset", *POOL, "amount"),
    "The amount leaves cash and idle tokens, the totals move with the balance, the "
    "slack does not fall, and no debt of a paused asset grows.",
    _takes_out,
    (
        Mutant(_LEDGER, "< min(held, 0):", "< min(held, -1):"),
        Mutant(
            _LEDGER,
            "        money_market._debit(account, asset, pool, amount), amount\n",
            "        money_market._debit(account, asset, pool, amount), amount - 1\n",
        ),
    ),
    _writes_pool,
    needs=indices_fit,
    cuts=(DEBIT, CHECK_OUTFLOW),
    same=_saves_paid_out,
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I4", "I13", "I43"),
)


TO_WAD = Summary(
    "custody._to_wad",
    ("word", "tokens"),
    "An amount is not zero, and grows by the same for each token unit.",
    lambda call: [
        ("nothing is refused", call.argument("tokens") >= 1),
        (
            "an amount is not less than its units",
            call.result() >= call.argument("tokens"),
        ),
    ],
    (
        Mutant(
            "contracts/modules/custody.vy",
            "    assert tokens != 0, errors.ZERO_AMOUNT\n    assert tokens <= MAX",
            "    assert tokens <= MAX",
        ),
    ),
    results=1,
    is_pure=True,
    theories=(Integers,),
    serves=("I1",),
)


def _deposits(call: Call) -> Facts:
    account, asset = call.term("account"), call.term("asset")
    old = balance(call, call.word_before("balances", account, asset))
    new = balance(call, call.word_after("balances", account, asset))
    return [
        *_indices_grow(call),
        ("a balance never shrinks", new.scaled >= old.scaled),
        ("nor what is idle of it", new.idle >= old.idle),
    ]


def _deposits_for_whom(call: Call) -> Facts:
    account, asset = call.term("account"), call.term("asset")
    had = call.before("balances", account, asset)
    is_own = call.result() != 0
    is_fund = z3.And(call.number(account) == BACKSTOP_FUND, call.number(asset) == USDC)
    may = is_authorised(call, account, call.term("payer"), TRADE)
    return [
        *_deposits(call),
        ("whoever may trade for it, and nobody else, is no stranger", is_own == may),
        (
            "a stranger adds to what is there, or to the backstop fund",
            z3.Or(is_own, had != 0, is_fund),
        ),
    ]


def is_authorised(call: Call, account: Term, actor: Term, right: int) -> Any:
    """Return that an actor owns the account, or was given a right over it."""
    owner = call.number(build("shr", constant(96), account))
    given = call.word_before("operators", account, actor)
    is_given = call.number(build("and", constant(right), given)) == right
    return z3.And(owner != 0, z3.Or(owner == call.number(actor), is_given))


def amount_of(call: Call) -> Any:
    """Return the WAD amount of the tokens that a call names."""
    words = [call.term("token"), call.term("tokens")]
    return call.number(answer("custody._to_wad.0", 0, 2**256 - 1, *words))


def _deposits_what_comes(step: Transition, call: Call) -> Facts:
    return [
        (
            "cash and idle tokens grow by what comes",
            vault_change(call) == amount_of(call),
        ),
        (
            "no halted pool",
            (call.before("curve", call.term("asset")) / _HALTED) % 2 == 0,
        ),
        *_from_accrued(step, call),
    ]


DEPOSIT = Summary(
    "ledger._deposit",
    ("token", "account", "asset", "tokens", "payer"),
    "Cash and idle tokens grow by what comes in, the totals with the balance, and the "
    "slack does not fall.",
    _deposits_for_whom,
    (
        Mutant(
            _LEDGER,
            "    pool.cash += amount\n    pool = money_market._credit",
            "    pool = money_market._credit",
        ),
        Mutant(
            _LEDGER,
            "pool = money_market._credit(account, asset, pool, amount)",
            "pool = money_market._credit(account, asset, pool, amount + 1)",
        ),
    ),
    _writes_pool,
    also=_deposits_what_comes,
    results=1,
    cuts=(TO_WAD, LOAD_ACCRUED, NOTE_INFLOW, CREDIT),
    same=_saves(CREDIT),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I9", "I13"),
)


def _repays(step: Transition, call: Call) -> Facts:
    return [*_from_accrued(step, call)]


REPAY = Summary(
    "ledger._repay",
    ("token", "account", "asset", "tokens", "payer"),
    "No more is taken than was offered; the totals move with the balance, and the "
    "slack "
    "does not fall.",
    lambda call: [
        *_deposits(call),
        ("no more than offered", call.result() <= call.argument("tokens")),
    ],
    (
        Mutant(
            _LEDGER, "pool.cash += taken * scale", "pool.cash += (taken - 1) * scale"
        ),
    ),
    _writes_pool,
    also=_repays,
    results=1,
    cuts=(LOAD_ACCRUED, NOTE_INFLOW, PAY_DEBT),
    same=_saves(PAY_DEBT),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I9", "I13"),
)


def _withdraws(call: Call) -> Facts:
    account, asset = call.term("account"), call.term("asset")
    old = balance(call, call.word_before("balances", account, asset))
    new = balance(call, call.word_after("balances", account, asset))
    return [
        *_indices_grow(call),
        ("a balance never grows", new.scaled <= old.scaled),
    ]


def _withdraws_what_leaves(step: Transition, call: Call) -> Facts:
    (found,) = (c for c in step.trace.cuttings if c.function == TO_WAD.function)
    (amount,) = map(call.number, found.results)
    return [
        ("cash and idle tokens fall by what leaves", vault_change(call) == -amount),
        *_from_accrued(step, call),
        (
            "no halted pool",
            (call.before("curve", call.term("asset")) / _HALTED) % 2 == 0,
        ),
        (
            "what leaves is what is returned",
            call.number(found.arguments[1]) == call.result(),
        ),
        (
            "all of it, or what was asked for",
            z3.Or(
                call.result() == call.argument("tokens"),
                call.argument("tokens") == 2**256 - 1,
            ),
        ),
    ]


WITHDRAW = Summary(
    "ledger._withdraw",
    ("token", "account", "asset", "tokens", "receiver"),
    "Cash and idle tokens fall by what leaves, the totals move with the balance, and "
    "the slack does not fall.",
    _withdraws,
    (
        Mutant(
            _LEDGER,
            "    self._take_out(account, asset, pool, amount)\n"
            "    log IClearinghouse.Withdraw",
            "    self._take_out(account, asset, pool, amount - 1)\n"
            "    log IClearinghouse.Withdraw",
        ),
    ),
    _writes_pool,
    also=_withdraws_what_leaves,
    results=1 + len(POOL),
    cuts=(TO_WAD, LOAD_ACCRUED, TAKE_OUT),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I13"),
)


def _borrows(step: Transition, call: Call) -> Facts:
    return [
        (
            "cash and idle tokens fall by what leaves",
            vault_change(call) == -amount_of(call),
        ),
        (
            "no halted pool",
            (call.before("curve", call.term("asset")) / _HALTED) % 2 == 0,
        ),
        *_from_accrued(step, call),
    ]


BORROW = Summary(
    "ledger._borrow",
    ("token", "account", "asset", "tokens", "receiver"),
    "Cash and idle tokens fall by what leaves, the totals move with the balance, and "
    "the slack does not fall.",
    _withdraws,
    (
        Mutant(
            _LEDGER,
            "    money_market._require_open(asset)\n"
            "    pool: money_market.Pool = money_market._load_accrued(asset)\n"
            "    self._take_out(account, asset, pool, amount)\n"
            "    log IClearinghouse.Borrow",
            "    pool: money_market.Pool = money_market._load_accrued(asset)\n"
            "    self._take_out(account, asset, pool, amount)\n"
            "    log IClearinghouse.Borrow",
        ),
    ),
    _writes_pool,
    also=_borrows,
    results=len(POOL),
    cuts=(TO_WAD, LOAD_ACCRUED, TAKE_OUT),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I13"),
)


def _within_the_vault(step: Transition, call: Call) -> Facts:
    return [
        ("cash and idle tokens stay", vault_change(call) == 0),
        *_from_accrued(step, call),
    ]


LEND = Summary(
    "ledger._lend",
    ("account", "asset", "amount"),
    "Cash and idle tokens together stay, the totals move with the balance, and the "
    "slack "
    "does not fall.",
    lambda call: _indices_grow(call),
    (
        Mutant(
            _LEDGER,
            "    pool = money_market._lend_idle(account, asset, pool, amount)\n"
            "    money_market._save(asset, pool)\n",
            "    pool = money_market._lend_idle(account, asset, pool, amount)\n",
        ),
    ),
    _writes_pool,
    also=_within_the_vault,
    cuts=(LOAD_ACCRUED, LEND_IDLE),
    same=_saves(LEND_IDLE),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I13"),
)
UNLEND_CALL = Summary(
    "ledger._unlend",
    ("account", "asset", "amount"),
    "Cash and idle tokens together stay, the totals move with the balance, and the "
    "slack "
    "does not fall.",
    lambda call: _indices_grow(call),
    (
        Mutant(
            _LEDGER,
            "    money_market._save(asset, money_market._unlend(account, asset, pool, "
            "amount))",
            "    changed: money_market.Pool = money_market._unlend(\n"
            "        account, asset, pool, amount\n"
            "    )",
        ),
    ),
    _writes_pool,
    also=_within_the_vault,
    results=len(POOL),
    cuts=(LOAD_ACCRUED, UNLEND),
    same=_saves(UNLEND),
    theories=(Integers,),
    serves=("I1", "I2", "I3", "I5", "I13"),
)

PROOFS = (
    proved(TO_WAD, (*VAULTS, GOVERNANCE_CODE)),
    proved(NOTE_INFLOW, VAULTS),
    proved(CHECK_OUTFLOW, (*VAULTS, GOVERNANCE_CODE)),
    *(
        proved(summary, VAULTS)
        for summary in (TAKE_OUT, DEPOSIT, REPAY, WITHDRAW, BORROW)
    ),
    proved(LEND, (ACCOUNT_CODE,)),
    proved(UNLEND_CALL, (ACCOUNT_CODE,)),
)
