"""
Layer 3 of settlement: what each internal function does to fund, sums and position.
"""

import z3

from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.steps import cuts
from tests.proofs.steps.perp_cuts import Fund, Funds, words
from tests.proofs.transition import Step, Transition

_SETTLEMENT = "contracts/modules/settlement.vy"
_FUND = "contracts/modules/liquidity_fund.vy"
_TRADE = "contracts/TradeCode.vy"
_CONSTRUCTOR = b"".join(i.to_bytes(32, "big") for i in range(1, 9))


def sums_move_as_told(step: Transition, more: Term, old: Term, new: Term) -> None:
    """Show I20 and I24 of `_add_to_funds`."""
    lifted = step.lifted
    before, after = (Funds.read(lifted, w) for w in words(step, "funds"))
    added, was, will = (lifted.value(w, is_signed=True) for w in (more, old, new))
    step.holds(after.total == before.total + added, "the sum of funds")
    moved = cuts.positive(will) - cuts.positive(was)
    step.holds(after.rest == before.rest + moved, "Z moves as the surplus does")
    step.writes_within(step.at("funds"))


def what_is_paid_leaves_the_fund(step: Transition, market: Term, gain: Term) -> None:
    """Show I20, I24, I25 and I26 of `_pay`."""
    lifted = step.lifted
    paid = lifted.value(step.trace.words[0], is_signed=True)
    due = lifted.value(gain, is_signed=True)
    old, new = (Fund.read(lifted, w) for w in words(step, "market_fund", market))
    before, after = (Funds.read(lifted, w) for w in words(step, "funds"))
    step.holds(z3.Implies(due <= 0, paid == due), "a loss is paid in full")
    step.holds(z3.Implies(due > 0, z3.And(paid >= 0, paid <= due)), "a gain at most")
    step.holds(new.balance == old.balance - paid, "the fund pays it")
    step.holds(z3.And(new.spread == old.spread, new.cap == old.cap), "the rest stays")
    step.holds(
        z3.Implies(paid > 0, new.balance >= -new.cap), "the fund pays down to its cap"
    )
    step.holds(
        z3.Or(paid >= due, new.balance <= -new.cap), "what is left unpaid it has not"
    )
    step.holds(after.total == before.total - paid, "the sum of funds pays it")
    step.holds(after.rest == before.rest + new.rest - old.rest, "Z moves as the fund")
    step.writes_within(step.at("funds"), step.at("market_fund", market))


PROOFS = (
    Step(
        "step.settlement.add_to_funds",
        "The sum of all funds moves by what is added, and Z by what the positive part "
        "of what one fund has beyond W - V does.",
        _TRADE,
        "settlement._add_to_funds",
        ("more", "before", "after"),
        sums_move_as_told,
        (
            Mutant(
                _SETTLEMENT,
                "- liquidity_fund._compute_surplus(before)",
                "- liquidity_fund._compute_surplus(before + more)",
            ),
        ),
        _CONSTRUCTOR,
        theories=(Linear, Integers),
        keeps_refusals=False,
        serves=("I20", "I24"),
    ),
    Step(
        "step.settlement.pay",
        "What a market's fund pays leaves it and the sum of funds, down to minus its "
        "cap; a loss is paid in full; Z moves as the fund.",
        _TRADE,
        "settlement._pay",
        ("market", "gain"),
        what_is_paid_leaves_the_fund,
        (
            Mutant(
                _SETTLEMENT,
                "self._add_to_funds(-paid, fund + spread, left + spread)",
                "self._add_to_funds(-paid, fund, left)",
            ),
            Mutant(
                _FUND,
                "fund_balance + convert(cap, int256)",
                "fund_balance + 2 * convert(cap, int256)",
            ),
        ),
        _CONSTRUCTOR,
        theories=(Linear, Integers),
        keeps_refusals=False,
        serves=("I20", "I24", "I25", "I26"),
    ),
)
