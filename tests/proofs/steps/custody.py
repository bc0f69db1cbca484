"""
Layer 3 of what users call: tokens come in, go out, change accounts and are lent.

The books are the ledger's (``ledgers.py``), cut out here; what is left is who may call,
that margin is judged after the last word was written, and that tokens move last, those
that were booked and no others.
"""

from collections.abc import Callable
from dataclasses import fields

import z3

from specs.accounts import TRADE
from specs.accounts import WITHDRAW as MAY_WITHDRAW
from specs.fixed_point import RAY
from specs.margin import Health
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.machine import Asking
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.steps.accruals import LOAD_ACCRUED, NOW
from tests.proofs.steps.bodies import (
    ACCOUNT_CODE,
    CLEARINGHOUSE,
    MAKER_CODE,
    SPOT_CODE,
    VAULTS,
    proved,
)
from tests.proofs.steps.ledgers import (
    BORROW,
    DEPOSIT,
    LEND,
    REPAY,
    UNLEND_CALL,
    WITHDRAW,
    is_authorised,
    writes_guards,
)
from tests.proofs.steps.pools import (
    CREDIT,
    DEBIT,
    POOL,
    Pool,
    gained,
    low,
    pool_stored,
)
from tests.proofs.summary import Call, Summary, nothing
from tests.proofs.transition import Step, Transition

_LIMITS = "contracts/modules/pool_limits.vy"
_MARGIN = "contracts/modules/margin.vy"
_ACCOUNTS = "contracts/modules/accounts.vy"
_CUSTODY = "contracts/modules/custody.vy"
_CODE = "contracts/AccountCode.vy"

TRANSFER, TRANSFER_FROM = 0xA9059CBB, 0x23B872DD
"""Selectors of the calls that move tokens."""
_CALLER, _THIS = variable("caller", 0, 2**160 - 1), variable("this", 0, 2**160 - 1)
_JUDGED = (
    "headers",
    "balances",
    "positions",
    "orders",
    "snapshots",
    "pool_index",
    "pool_total",
    "pool_cash",
)
"""What an account's health is read from, of all that these calls write."""
_HEALTH = tuple(field.name for field in fields(Health))

CHECK_UTILISATION = Summary(
    "pool_limits._check_utilisation",
    ("asset", "before", "after"),
    "It may remember the throttle's step in the pool's guards, and writes nothing "
    "else.",
    nothing,
    (
        Mutant(
            "contracts/modules/guards.vy",
            "    changed: uint256 = self._check_utilisation(word, before, after, "
            "block.timestamp)\n    if changed != word:\n        state.guards[asset]",
            "    changed: uint256 = self._check_utilisation(word, before, after, "
            "block.timestamp)\n    if changed != word:\n        state.guards[before]",
        ),
    ),
    writes_guards,
    theories=(Integers,),
    serves=("I4", "I13"),
)


def _call(step: Transition, function: str, *words: Term) -> Call:
    """Return the state of a call in the form in which summaries speak of it."""
    names = dict(enumerate(words))
    return Call(
        function,
        step.lifted,
        step.slots,
        {str(name): word for name, word in names.items()},
        step.trace.words,
        initial,
        step.trace.finally_at,
    )


def _moves(step: Transition) -> list[Asking]:
    """Return the calls that may move tokens."""
    return [
        a for a in step.trace.asked if not (a.call.is_static or a.call.is_delegated)
    ]


def only_who_may(step: Transition, account: Term, right: int) -> None:
    """Show that the caller had the right over the account."""
    call = _call(step, "")
    step.holds(is_authorised(call, account, _CALLER, right), "only who may does it")


def nothing_is_bound(step: Transition, account: Term) -> None:
    """Show that the account was not bound."""
    release = low(32, build("shr", constant(32), initial(step.at("headers", account))))
    step.holds(step.word(release) <= step.word(NOW), "a bound account is left alone")


def margin_is_judged(step: Transition, account: Term) -> None:
    """Show that the account has initial margin, judged after the last write."""
    asked = [a for a in step.trace.asked if a.call.is_delegated]
    step.holds(z3.BoolVal(bool(asked)), "health is asked for")
    health = _health(step, account, asked[-1])
    equity, margin = (
        step.lifted.value(health[name], is_signed=True)
        for name in ("initial_equity", "initial_margin")
    )
    exposure, is_stale, is_diverging = (
        step.word(health[name]) for name in ("exposure", "is_stale", "is_diverging")
    )
    is_free = z3.And(exposure == 0, margin == 0, is_stale == 0)
    has_margin = z3.And(equity >= margin, is_stale == 0, is_diverging == 0)
    step.holds(z3.Or(is_free, has_margin), "initial margin is there")


def _health(step: Transition, account: Term, asked: Asking) -> dict[str, Term]:
    """Show that an account's health was asked for after the last write; return it."""
    (named,) = asked.call.arguments
    step.holds(step.word(named) == step.word(account), "of this account")
    is_late = asked.writes >= step.last_write(*_JUDGED)
    step.holds(z3.BoolVal(is_late), "after the last word that it is read from")
    return dict(zip(_HEALTH, asked.answers, strict=True))


def tokens_move_last(step: Transition, selector: int, *words: Term) -> None:
    """Show which tokens move, once, after every write; nothing else is called then."""
    moves = _moves(step)
    step.holds(z3.BoolVal(len(moves) == 1), "one call moves tokens")
    (move,) = moves
    step.holds(z3.BoolVal(move.call.selector == selector), "of the right kind")
    step.holds(z3.BoolVal(move.writes == len(step.trace.writes)), "after every write")
    for given, wanted in zip(move.call.arguments, words, strict=True):
        step.holds(step.word(given) == step.word(wanted), "what was booked, no more")


def token_is_listed(step: Transition, asset: Term) -> None:
    """Show that what is called is the token of the asset."""
    moves = _moves(step)
    address = low(160, initial(step.at("token", asset)))
    for move in moves:
        step.holds(step.word(move.call.target) == step.word(address), "its token")


def cut_results(step: Transition, summary: Summary) -> list[Term]:
    """Return what a call on the way has returned."""
    (found,) = (c for c in step.trace.cuttings if c.function == summary.function)
    return found.results


def _withdraws(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, _, receiver = words
    only_who_may(step, account, MAY_WITHDRAW)
    nothing_is_bound(step, account)
    margin_is_judged(step, account)
    sent = cut_results(step, WITHDRAW)[0]
    tokens_move_last(step, TRANSFER, receiver, sent)
    token_is_listed(step, asset)
    step.holds(step.result() == step.word(sent), "what is sent is returned")
    step.writes_within(*_pool_words(step, account, asset))


def _borrows(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, tokens, receiver = words
    only_who_may(step, account, MAY_WITHDRAW)
    nothing_is_bound(step, account)
    margin_is_judged(step, account)
    tokens_move_last(step, TRANSFER, receiver, tokens)
    token_is_listed(step, asset)
    step.writes_within(*_pool_words(step, account, asset))


def _deposits(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, tokens, *_ = words
    _collects(step, account, asset, tokens, cut_results(step, DEPOSIT)[0])


def _repays(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, _ = words
    taken = cut_results(step, REPAY)[0]
    tokens_move_last(step, TRANSFER_FROM, _CALLER, _THIS, taken)
    token_is_listed(step, asset)
    _came_in(step, taken)
    step.holds(step.result() == step.word(taken), "what is taken is returned")
    step.writes_within(*_pool_words(step, account, asset))


def _collects(
    step: Transition, account: Term, asset: Term, tokens: Term, is_own: Term
) -> None:
    *_, last = _moves(step)
    step.holds(z3.BoolVal(last.call.selector == TRANSFER_FROM), "of the right kind")
    step.holds(z3.BoolVal(last.writes == len(step.trace.writes)), "after every write")
    for given, wanted in zip(
        last.call.arguments, (_CALLER, _THIS, tokens), strict=True
    ):
        step.holds(step.word(given) == step.word(wanted), "what was booked, no less")
    token_is_listed(step, asset)
    _came_in(step, tokens)
    step.writes_within(*_pool_words(step, account, asset))
    asked = [a for a in step.trace.asked if a.call.is_delegated]
    if not asked:
        step.holds(step.word(is_own) != 0, "of a stranger's health is asked")
        return
    health = _health(step, account, asked[-1])
    equity, margin = (
        step.lifted.value(health[name], is_signed=True)
        for name in ("equity", "maintenance_margin")
    )
    exposure = step.word(health["exposure"])
    is_safe = z3.Or(equity >= margin, exposure == 0)
    step.holds(is_safe, "no stranger adds to what may be liquidated")


def _came_in(step: Transition, tokens: Term) -> None:
    """Show that the vault has exactly the tokens more that were booked."""
    before, after = [a for a in step.trace.asked if a.call.is_static][-2:]
    had, has = (step.word(question.answers[0]) for question in (before, after))
    step.holds(has == had + step.word(tokens), "all of it came in")


def _pool_words(step: Transition, account: Term, asset: Term) -> list[Term]:
    names = ("pool_index", "pool_total", "pool_cash", "pool_idle", "guards")
    places = [step.at(name, asset) for name in names]
    return [step.at("balances", account, asset), step.at("headers", account), *places]


# AccountCode


def _transfers(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    giver, taker, asset, amount = words
    only_who_may(step, giver, MAY_WITHDRAW)
    nothing_is_bound(step, giver)
    margin_is_judged(step, giver)
    owners = [step.word(build("shr", constant(96), a)) for a in (giver, taker)]
    step.holds(owners[0] == owners[1], "to the same owner")
    step.holds(step.word(giver) != step.word(taker), "to another account")
    step.holds(step.word(amount) != 0, "something")
    step.writes_within(
        *_pool_words(step, giver, asset)[:-1],
        step.at("balances", taker, asset),
        step.at("headers", taker),
    )
    call = _call(step, "")
    before, debited, after = (
        Pool(
            *(
                call.number(word, is_signed=name == "lends")
                for name, word in zip(POOL, cut_results(step, summary), strict=True)
            )
        )
        for summary in (LOAD_ACCRUED, DEBIT, CREDIT)
    )
    stored = pool_stored(call, asset, is_after=True)
    for one, other in zip(stored, after, strict=True):
        step.equal(one, other, "what is stored is what both sides leave")
    laid = call.after("pool_idle", asset) - call.before("pool_idle", asset)
    step.holds(after.cash + laid == before.cash, "cash and idle tokens stay")
    taken = gained(before, debited) + (debited.cash - before.cash) * RAY
    step.holds(taken >= step.word(amount) * RAY, "what is taken covers it")
    given = gained(debited, after) + (after.cash - debited.cash) * RAY
    step.holds(given + step.word(amount) * RAY >= 0, "what is given is no more")


def _lends(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, _ = words
    only_who_may(step, account, TRADE)
    margin_is_judged(step, account)
    step.holds(z3.BoolVal(not _moves(step)), "no token moves")
    step.writes_within(*_pool_words(step, account, asset))


def _permits(step: Transition, *words: Term) -> None:
    if not step.succeeds:
        return
    account, asset, tokens, *_ = words
    _collects(step, account, asset, tokens, cut_results(step, DEPOSIT)[0])
    *before, _ = _moves(step)
    step.holds(z3.BoolVal(len(before) == 1), "nothing but the approval is asked for")
    step.holds(z3.BoolVal(before[0].writes == 0), "and before every write")


KINDS = range(6)
"""Deposit, withdrawal, borrow, repayment, lend, unlend, as a batch numbers them."""
DEPOSIT_KIND, WITHDRAW_KIND, BORROW_KIND, REPAY_KIND, *_ = KINDS


def _batches(step: Transition, *words: Term) -> None:
    """Show of a batch of one step what its own call has, by the step's kind."""
    if not step.succeeds:
        return
    account, _, _, kind, asset, tokens, receiver = words
    number = int(kind.arguments[0])
    leaves = number in (WITHDRAW_KIND, BORROW_KIND)
    only_who_may(step, account, MAY_WITHDRAW if leaves else TRADE)
    if leaves:
        nothing_is_bound(step, account)
    if number not in (DEPOSIT_KIND, REPAY_KIND):
        margin_is_judged(step, account)
    if leaves:
        sent = tokens if number == BORROW_KIND else cut_results(step, WITHDRAW)[0]
        tokens_move_last(step, TRANSFER, receiver, sent)
    elif number in (DEPOSIT_KIND, REPAY_KIND):
        taken = tokens if number == DEPOSIT_KIND else cut_results(step, REPAY)[0]
        tokens_move_last(step, TRANSFER_FROM, _CALLER, _THIS, taken)
        _came_in(step, taken)
    else:
        step.holds(z3.BoolVal(not _moves(step)), "no token moves")
    token_is_listed(step, asset)
    step.writes_within(*_pool_words(step, account, asset))


def _step(
    name: str,
    contract: str,
    statement: str,
    arguments: tuple[str, ...],
    claim: Callable[..., None],
    cuts: tuple[Summary, ...],
    serves: tuple[str, ...],
    *mutants: Mutant,
    kinds: tuple[str, ...] = (),
    cases: tuple[dict[str, int], ...] = ({},),
    identity: str = "",
) -> Step:
    stem = "account_code" if contract == ACCOUNT_CODE else "clearinghouse"
    return Step(
        f"step.{stem}.{identity or name}",
        statement,
        contract,
        name,
        arguments,
        claim,
        mutants,
        b"",
        theories=(Integers,),
        cuts=tuple(summary.cut for summary in cuts),
        keeps_refusals=False,
        serves=serves,
        kinds=kinds,
        cases=cases,
    )


_BODY = "contracts/Clearinghouse.vy"
PROOFS = (
    proved(CHECK_UTILISATION, (*VAULTS, SPOT_CODE, MAKER_CODE)),
    _step(
        "withdraw",
        CLEARINGHOUSE,
        "Only who may withdraw does it, of no bound account; margin is judged after "
        "the "
        "last write; the tokens booked leave, last of all; no other account changes.",
        ("account", "asset", "tokens", "receiver"),
        _withdraws,
        (WITHDRAW, CHECK_UTILISATION),
        ("I1", "I11", "I13", "I14", "I36"),
        Mutant(
            _BODY,
            "    custody._send(token, receiver, sent)",
            "    custody._send(token, receiver, tokens)",
        ),
        Mutant(
            _BODY,
            "    accounts._require_free(account)\n"
            "    token: uint256 = state.token[asset]\n    sent",
            "    token: uint256 = state.token[asset]\n    sent",
        ),
        Mutant(
            _BODY,
            "    found: IClearinghouse.Health = health._assess(account)\n"
            "    margin._check_initial_margin(found)\n",
            "    found: IClearinghouse.Health = health._assess(asset)\n"
            "    margin._check_initial_margin(found)\n",
        ),
    ),
    _step(
        "borrow",
        CLEARINGHOUSE,
        "Only who may withdraw does it, of no bound account; margin is judged after "
        "the "
        "last write; the tokens booked leave, last of all; no other account changes.",
        ("account", "asset", "tokens", "receiver"),
        _borrows,
        (BORROW, CHECK_UTILISATION),
        ("I1", "I11", "I13", "I14", "I36"),
        Mutant(
            _MARGIN,
            "health.initial_equity >= health.initial_margin\n    ), errors.BELOW",
            "health.equity >= health.initial_margin\n    ), errors.BELOW",
        ),
    ),
    _step(
        "deposit",
        CLEARINGHOUSE,
        "The tokens booked come in, last of all, to the unit; no stranger adds to what "
        "may be liquidated; no other account changes.",
        ("account", "asset", "tokens"),
        _deposits,
        (DEPOSIT,),
        ("I1", "I13", "I14", "I38"),
        Mutant(
            _CUSTODY,
            "== before + tokens, errors.TRANSFER_SHORT",
            "<= before + tokens, errors.TRANSFER_SHORT",
        ),
        Mutant(
            _BODY,
            "        assert not margin._is_liquidatable(",
            "        assert margin._is_liquidatable(",
        ),
        Mutant(
            _BODY,
            "            health._assess(account)\n"
            "        ), errors.BELOW_INITIAL_MARGIN",
            "            health._assess(asset)\n        ), errors.BELOW_INITIAL_MARGIN",
        ),
    ),
    _step(
        "repay",
        CLEARINGHOUSE,
        "The tokens booked come in, last of all, to the unit, and no more than "
        "offered; "
        "no other account changes.",
        ("account", "asset", "tokens"),
        _repays,
        (REPAY,),
        ("I1", "I13", "I14"),
        Mutant(
            _BODY,
            "    custody._collect(token, msg.sender, taken)",
            "    custody._collect(token, msg.sender, tokens)",
        ),
    ),
    _step(
        "transfer",
        ACCOUNT_CODE,
        "Only who may withdraw moves assets, of no bound account, to another one of "
        "the "
        "same owner; cash and idle tokens stay, each side's slack does not fall, "
        "margin "
        "is judged last.",
        ("giver", "taker", "asset", "amount"),
        _transfers,
        (LOAD_ACCRUED, DEBIT, CREDIT),
        ("I1", "I2", "I11", "I13", "I14"),
        Mutant(_CODE, "    accounts._require_free(giver)\n", ""),
        Mutant(
            _CODE,
            "pool = money_market._credit(taker, asset, pool, amount)",
            "pool = money_market._credit(taker, asset, pool, amount + 1)",
        ),
        Mutant(
            _CODE,
            "    health._require_initial_margin(giver)\n",
            "    health._require_initial_margin(taker)\n",
        ),
    ),
    _step(
        "lend",
        ACCOUNT_CODE,
        "Only who may trade lends what is idle; margin is judged after the last "
        "write; no "
        "token moves and no other account changes.",
        ("account", "asset", "amount"),
        _lends,
        (LEND,),
        ("I11", "I13", "I14"),
        Mutant(
            _CODE,
            "    accounts._require_authorised(account, msg.sender, accounts.TRADE)\n"
            "    ledger._lend",
            "    ledger._lend",
        ),
    ),
    _step(
        "unlend",
        ACCOUNT_CODE,
        "Only who may trade takes a lend back; margin is judged after the last write; "
        "no "
        "token moves and no other account changes.",
        ("account", "asset", "amount"),
        _lends,
        (UNLEND_CALL, CHECK_UTILISATION),
        ("I11", "I13", "I14"),
        Mutant(
            _CODE,
            "    found: IClearinghouse.Health = health._assess(account)\n"
            "    margin._check_initial_margin(found)\n    if found.exposure != 0:\n"
            "        pool_limits._check_utilisation(\n            asset,\n"
            "            money_market._utilisation(asset, before),\n"
            "            money_market._utilisation(asset, "
            "money_market._load(asset)),\n        )\n\n\n@external\ndef set_operator",
            "    found: IClearinghouse.Health = health._assess(account)\n\n\n"
            "@external\ndef set_operator",
        ),
    ),
    _step(
        "deposit_with_permit",
        ACCOUNT_CODE,
        "The token is shown an approval before every write; then as a deposit.",
        ("account", "asset", "tokens", "deadline", "v", "r", "s"),
        _permits,
        (DEPOSIT,),
        ("I1", "I13", "I14", "I38"),
        Mutant(
            _CODE,
            "    custody._permit(token, msg.sender, tokens, deadline, v, r, s)\n"
            "    if not ledger._deposit(token, account, asset, tokens, msg.sender):",
            "    is_own: bool = ledger._deposit(token, account, asset, tokens, "
            "msg.sender)\n"
            "    custody._permit(token, msg.sender, tokens, deadline, v, r, s)\n"
            "    if not is_own:",
        ),
    ),
    _step(
        "batch",
        ACCOUNT_CODE,
        "A batch of one step, whatever its kind, asks for the right, the margin and "
        "the "
        "tokens that the step's own call asks for, in the same order.",
        ("account", "offset", "length", "kind", "asset", "tokens", "receiver"),
        _batches,
        (DEPOSIT, REPAY, WITHDRAW, BORROW, LEND, UNLEND_CALL, CHECK_UTILISATION),
        ("I1", "I11", "I13", "I14"),
        Mutant(
            _CODE,
            "        if step.kind == WITHDRAW or step.kind == BORROW:\n"
            "            right",
            "        if step.kind == WITHDRAW:\n            right",
        ),
        Mutant(
            _CODE,
            "        if step.kind != DEPOSIT and step.kind != REPAY:\n"
            "            is_risky = True",
            "        if step.kind == BORROW:\n            is_risky = True",
        ),
        kinds=("uint256",) * 6 + ("address",),
        cases=tuple({"offset": 64, "length": 1, "kind": kind} for kind in KINDS),
    ),
)
