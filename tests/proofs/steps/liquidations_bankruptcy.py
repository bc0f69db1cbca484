"""
Layer 3 of how a takeover ends: who pays what an account owes beyond its value.

What a call on the way does to storage may be anything: who pays, how much and in which
order is what is shown.
"""

import z3

from tests.proofs.lifter.terms import ZERO, Term, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import SETTLE_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.steps.venue_steps import step_of
from tests.proofs.transition import Transition

_USDC, _FUND = ZERO, constant(2)
_BANKRUPTCY = "contracts/modules/bankruptcy.vy"
_KEPT = ("account", "discount", "deficit", "ratio", "may_deleverage")


def closes_a_takeover(step: Transition) -> None:
    """Show of `close_takeover` that it ends, and when anything is written off, I39."""
    venues.has_role(step, venues.LIQUIDATES)
    account = venues.transient(SETTLE_CODE, "takeover_account")
    step.holds(step.word(account) != 0, "a takeover is open")
    for name in _KEPT:
        at = constant(venues.transient_slot(SETTLE_CODE, f"takeover_{name}"))
        closed = [word for place, word in step.trace.transient if place is at]
        venues.require(step, bool(closed), "it is closed")
        step.holds(step.word(closed[0]) == 0, "before anything else happens")
    venues.was_called(step, "bankruptcy._use_idle", (account,))
    venues.was_called(step, "bankruptcy._is_bankrupt", (account,))
    (asked,) = venues.calls_of(step, "bankruptcy._is_bankrupt")
    is_bankrupt = step.lifted.truth(asked.results[0])
    written = venues.calls_of(step, "bankruptcy._write_off")
    step.holds(is_bankrupt == z3.BoolVal(bool(written)), "only who is bankrupt")
    for cutting in written:
        step.holds(venues.same(step, cutting.arguments[0], account), "the account")
        is_told = venues.same(step, step.trace.words[0], cutting.results[0])
        step.holds(is_told, "whether anything was paid")
    step.writes_within(*venues.forgets(step))


def writes_off(step: Transition, account: Term) -> None:
    """Show of `_write_off` that the fund pays first, and deficits alone, I39, I40."""
    (found,) = venues.calls_of(step, "bankruptcy._deficit")
    step.holds(venues.same(step, found.arguments[0], account), "the account's deficit")
    (held,) = venues.calls_of(step, "bankruptcy._held")
    for given, word in zip(held.arguments, (_FUND, _USDC), strict=True):
        step.holds(venues.same(step, given, word), "what the fund has")
    (debit,) = venues.calls_of(step, "money_market._debit")
    (paid,) = venues.calls_of(step, "money_market._pay_debt")
    for cutting, payer in ((debit, _FUND), (paid, account)):
        step.holds(venues.same(step, cutting.arguments[0], payer), "by the fund")
        step.holds(venues.same(step, cutting.arguments[1], _USDC), "in USDC")
    deficit, has = step.word(found.results[0]), step.word(held.results[0])
    given, got = step.word(debit.arguments[-1]), step.word(paid.arguments[-1])
    step.holds(given == got, "what the fund gives the account's debt gets")
    step.holds(given == z3.If(deficit < has, deficit, has), "no more than the deficit")
    others = venues.calls_of(step, "money_market._write_off")
    if others:
        step.holds(given == has, "reserve and lenders pay when the fund has nothing")
        step.holds(given < deficit, "for what is left of the deficit")
        venues.was_called(step, "money_market._write_off", (account,))
    else:
        step.holds(given == deficit, "else all of it is paid")
    saved = (_USDC, *(others or [paid])[0].results[: len(POOL)])
    venues.was_called(step, "money_market._save", saved)
    step.writes_within(*venues.forgets(step))


PROOFS = (
    Family(
        "step.settle_code.close_takeover",
        "A takeover that is closed is closed for all that follows; only a bankrupt "
        "account is written off: the fund pays its deficit as far as it reaches, the "
        "same amount leaves it as comes to the debt, and others pay only once the fund "
        "has nothing left.",
        (
            step_of(
                "bankruptcy",
                SETTLE_CODE,
                "close_takeover",
                "",
                closes_a_takeover,
                anything("bankruptcy._use_idle"),
                view("bankruptcy._is_bankrupt", 1, 1),
                anything("bankruptcy._write_off", 1),
                mutants=(
                    Mutant(SETTLE_CODE, "    state.takeover_discount = 0\n", ""),
                    Mutant(
                        SETTLE_CODE,
                        "    if not bankruptcy._is_bankrupt(account):\n",
                        "    if bankruptcy._is_bankrupt(account):\n",
                    ),
                ),
            ),
            step_of(
                "bankruptcy",
                SETTLE_CODE,
                "bankruptcy._write_off",
                "account",
                writes_off,
                view("bankruptcy._claims", 2),
                view("bankruptcy._deficit", 1),
                view("bankruptcy._held", 1),
                view("money_market._is_halted", 1, 1),
                view("money_market._load", len(POOL)),
                anything("money_market._debit", len(POOL)),
                anything("money_market._pay_debt", len(POOL)),
                anything("money_market._write_off", len(POOL) + 2),
                anything("money_market._save"),
                mutants=(
                    Mutant(
                        _BANKRUPTCY,
                        "deficit, self._held(accounts.BACKSTOP_FUND, accounts.USDC)",
                        "deficit, self._held(account, accounts.USDC)",
                    ),
                    Mutant(
                        _BANKRUPTCY,
                        "_pay_debt(account, accounts.USDC, pool, fund_paid)",
                        "_pay_debt(account, accounts.USDC, pool, deficit)",
                    ),
                ),
            ),
        ),
        serves=("I14", "I35", "I39", "I40"),
    ),
)
