"""
Layer 3 of the money market: what each internal function does to pool and balance.

From any storage and any pool in memory: what is shown here of ``_add`` or ``_debit``
is taken for granted where a longer function calls them (`cuts`).
"""

from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.steps import cuts
from tests.proofs.steps.cuts import Pool
from tests.proofs.transition import Step, Transition

_MARKET = "contracts/modules/money_market.vy"
_POOL = Pool._fields


def a_balance_and_its_totals_move_together(
    step: Transition, account: Term, asset: Term, word: Term, *rest: Term
) -> None:
    """Show I3 of `_add`: totals move by what the balance does, cash by what is idle."""
    if not step.succeeds:
        return
    lifted = step.lifted
    *words, _amount, idle = rest
    before, after = Pool.read(lifted, words), Pool.read(lifted, step.trace.words)
    moved = lifted.value(idle, is_signed=True)
    new = step.trace.finally_at(step.at("balances", account, asset))
    old_scaled, new_scaled = cuts.scaled(lifted, word), cuts.scaled(lifted, new)
    for fact in cuts.keeps_totals(before, after, old_scaled, new_scaled):
        step.holds(fact, "totals move by what the balance does")
    for fact in cuts.keeps_the_rest(before, after):
        step.holds(fact, "nothing else of the pool changes")
    step.holds(after.cash == before.cash - moved, "what is laid idle was cash")
    gained = cuts.idle(lifted, new) - cuts.idle(lifted, word)
    step.holds(gained == moved, "idle tokens are the account's")
    place = step.at("pool_idle", asset)
    laid = step.word(step.trace.finally_at(place)) - step.before("pool_idle", asset)
    step.holds(laid == moved, "the sum of idle tokens moves as much")
    step.writes_within(
        step.at("balances", account, asset), step.at("headers", account), place
    )


PROOFS = (
    Step(
        "step.money_market.add",
        "What is added to a balance moves the totals by as much as the balance.",
        "contracts/Clearinghouse.vy",
        "money_market._add",
        ("account", "asset", "word", *_POOL, "amount", "idle"),
        a_balance_and_its_totals_move_together,
        (
            Mutant(_MARKET, "        pool.lends += minted\n", ""),
            Mutant(
                _MARKET,
                "pool.borrows -= min(pool.borrows, burned)",
                "pool.borrows -= min(pool.borrows, owed)",
            ),
        ),
        b"".join(i.to_bytes(32, "big") for i in range(1, 13)),
        theories=(Linear, Integers),
        cuts=(cuts.WRITE_BALANCE,),
        keeps_refusals=False,
        serves=("I3", "I4", "I13"),
    ),
)
