"""
What is said of calls that users make: who may, what is judged, and which tokens move.

Margin is judged after the last word was written, and tokens move last, those that were
booked and no others. Said of calls that return (``custody.py``).
"""

from dataclasses import fields

import z3

from specs.accounts import TRADE
from specs.accounts import WITHDRAW as MAY_WITHDRAW
from specs.fixed_point import RAY
from specs.margin import Health
from tests.proofs.lifter.machine import Asking
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.steps.accruals import LOAD_ACCRUED, NOW
from tests.proofs.steps.exposure import OWES_NOTHING
from tests.proofs.steps.ledgers import (
    DEPOSIT,
    REPAY,
    WITHDRAW,
    is_authorised,
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
from tests.proofs.summary import Call, Summary
from tests.proofs.transition import Transition

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


def _can_have_no_exposure(step: Transition, account: Term) -> bool:
    """
    Tell whether no health is asked for, and show that the account owes nothing then,
    after the last write.
    """
    if any(asked.call.is_delegated for asked in step.trace.asked):
        return False
    (cut,) = (c for c in step.trace.cuttings if c.function == OWES_NOTHING.function)
    step.holds(step.word(cut.arguments[0]) == step.word(account), "of this account")
    is_late = cut.writes >= step.last_write(*_JUDGED)
    step.holds(z3.BoolVal(is_late), "after the last word that it is read from")
    step.holds(step.word(cut.results[0]) != 0, "it is in no market and owes nothing")
    return True


def leaves_by_right(step: Transition, account: Term) -> None:
    """Show what has to be so whenever assets leave an account."""
    only_who_may(step, account, MAY_WITHDRAW)
    nothing_is_bound(step, account)
    margin_is_judged(step, account)


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


def withdraws(step: Transition, *words: Term) -> None:
    """Show of `withdraw` who may, what is judged and which tokens leave."""
    account, asset, _, receiver = words
    only_who_may(step, account, MAY_WITHDRAW)
    nothing_is_bound(step, account)
    if not _can_have_no_exposure(step, account):
        margin_is_judged(step, account)
    sent = cut_results(step, WITHDRAW)[0]
    tokens_move_last(step, TRANSFER, receiver, sent)
    token_is_listed(step, asset)
    step.holds(step.result() == step.word(sent), "what is sent is returned")
    step.writes_within(*_pool_words(step, account, asset))


def borrows(step: Transition, *words: Term) -> None:
    """Show of `borrow` the same."""
    account, asset, tokens, receiver = words
    leaves_by_right(step, account)
    tokens_move_last(step, TRANSFER, receiver, tokens)
    token_is_listed(step, asset)
    step.writes_within(*_pool_words(step, account, asset))


def deposits(step: Transition, *words: Term) -> None:
    """Show of `deposit` which tokens come, and to whose account a stranger adds."""
    account, asset, tokens, *_ = words
    _collects(step, account, asset, tokens, cut_results(step, DEPOSIT)[0])


def repays(step: Transition, *words: Term) -> None:
    """Show of `repay` which tokens come."""
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


def transfers(step: Transition, *words: Term) -> None:
    """Show of `transfer` who may, between whom, and that neither side gains."""
    giver, taker, asset, amount = words
    leaves_by_right(step, giver)
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


def lends(step: Transition, *words: Term) -> None:
    """Show of `lend` and `unlend` who may, and that no token moves."""
    account, asset, _ = words
    only_who_may(step, account, TRADE)
    margin_is_judged(step, account)
    step.holds(z3.BoolVal(not _moves(step)), "no token moves")
    step.writes_within(*_pool_words(step, account, asset))


def permits(step: Transition, *words: Term) -> None:
    """Show of `deposit_with_permit` what `deposit` has, and when it asks the token."""
    account, asset, tokens, *_ = words
    _collects(step, account, asset, tokens, cut_results(step, DEPOSIT)[0])
    *before, _ = _moves(step)
    step.holds(z3.BoolVal(len(before) == 1), "nothing but the approval is asked for")
    step.holds(z3.BoolVal(before[0].writes == 0), "and before every write")


KINDS = range(6)
"""Deposit, withdrawal, borrow, repayment, lend, unlend, as a batch numbers them."""
DEPOSIT_KIND, WITHDRAW_KIND, BORROW_KIND, REPAY_KIND, *_ = KINDS


def batches(step: Transition, *words: Term) -> None:
    """Show of a batch of one step what its own call has, by the step's kind."""
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
