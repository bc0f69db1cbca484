"""
Layer 3 of short sequences: whoever goes there and back has no more than before.

From any state, on the bytecode: what comes in and is taken out again and what is
borrowed and paid back, and a debt that is taken over and repaid, in one second and by
one account. Lending idle tokens and taking
them back is a law of the specification (``laws/ledger.py``).
"""

from collections.abc import Callable
from typing import Any

from specs.fixed_point import RAY
from specs.money_market import MIN_INDEX
from tests.proofs.bytecode import argument
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.sequence import Chain, Done, Stage
from tests.proofs.steps.bodies import ACCOUNT_CODE, LIQUIDATION_CODE
from tests.proofs.steps.pools import PAY_DEBT, POOL, WRITE_BALANCE, low, scaled_part
from tests.proofs.transition import Transition

_MARKET = "contracts/modules/money_market.vy"
Name = Callable[[str], Term]


def _first(name: Name, _: list[Done]) -> list[Term]:
    return [name("account"), name("asset"), *map(name, POOL), name("amount")]


def _later(amount: str) -> Callable[[Name, list[Done]], list[Term]]:
    def words(name: Name, done: list[Done]) -> list[Term]:
        return [name("account"), name("asset"), *done[-1].returned, name(amount)]

    return words


def _parts(step: Transition, first: Done) -> tuple[Any, Any, Any, Any]:
    """Return the scaled and idle parts of the balance, before and after."""
    account, asset = first.given[:2]
    place = step.at("balances", account, asset)
    old, new = initial(place), step.trace.finally_at(place)
    lifted = step.lifted
    return (
        lifted.value(scaled_part(old), is_signed=True),
        lifted.value(scaled_part(new), is_signed=True),
        lifted.value(low(128, old)),
        lifted.value(low(128, new)),
    )


def _indices(step: Transition) -> list[Any]:
    """Return what is true of indices: a debt of one unit is at least worth one."""
    borrow, lend = (
        argument("borrow_index", "uint256"),
        argument("lend_index", "uint256"),
    )
    return [step.word(borrow) >= RAY, step.word(lend) >= MIN_INDEX]


def _nothing_is_gained(step: Transition, first: Done, second: Done) -> None:
    """Show that the same amount there and back leaves no more than there was."""
    old, new, old_idle, new_idle = _parts(step, first)
    step.assume(step.word(first.given[-1]) == step.word(second.given[-1]))
    step.assume(old_idle == 0, *_indices(step))
    step.holds(new <= old, "no more is lent, no less is owed")
    step.holds(new_idle == 0, "nothing is left idle")


def _takes_over(name: Name, _: list[Done]) -> list[Term]:
    return [name("liquidated"), name("asset"), *map(name, POOL), name("amount")]


def _repaid_debts_are_no_gift(
    step: Transition, taken: Done, first: Done, second: Done
) -> None:
    """Show that who takes over a debt and repays it has no more than before."""
    owner, provider = taken.given[0], first.given[0]
    step.assume(step.word(owner) != step.word(provider))
    step.assume(step.word(taken.given[-1]) == step.word(first.given[-1]))
    _nothing_is_gained(step, first, second)


def _chain(
    name: str,
    statement: str,
    functions: tuple[str, str],
    holds: Callable[..., None],
    *mutants: Mutant,
) -> Chain:
    first, second = functions
    return Chain(
        f"step.round_trip.{name}",
        statement,
        ACCOUNT_CODE,
        (
            Stage(f"money_market.{first}", _first),
            Stage(f"money_market.{second}", _later("back")),
        ),
        holds,
        mutants,
        (Integers,),
        (WRITE_BALANCE.cut,),
        ("I8",),
    )


PROOFS = (
    _chain(
        "deposit_and_withdraw",
        "What is credited and taken again, of a balance without idle tokens, at "
        "indices of one or more, leaves it no better.",
        ("_pay_debt", "_debit"),
        _nothing_is_gained,
        Mutant(
            _MARKET,
            "        scaled += minted\n    if idle",
            "        scaled += minted + 1\n    if idle",
        ),
    ),
    _chain(
        "borrow_and_repay",
        "What is taken and paid back, of a balance without idle tokens, at indices of "
        "one or more, leaves it no better.",
        ("_debit", "_pay_debt"),
        _nothing_is_gained,
        Mutant(
            _MARKET,
            "minted: uint256 = fp._mul_div_up(left, fp.RAY, pool.borrow_index)",
            "minted: uint256 = left // 2",
        ),
    ),
    Chain(
        "step.round_trip.take_over_and_repay",
        "Who takes over another account's debt and repays it at once, with a balance "
        "without idle tokens, at indices of one or more, is left no better.",
        LIQUIDATION_CODE,
        (
            Stage("money_market._pay_debt", _takes_over, is_answered=True),
            Stage("money_market._debit", _later("taken")),
            Stage("money_market._pay_debt", _later("back")),
        ),
        _repaid_debts_are_no_gift,
        (
            Mutant(
                _MARKET,
                "minted: uint256 = fp._mul_div_up(left, fp.RAY, pool.borrow_index)",
                "minted: uint256 = left // 2",
            ),
        ),
        (Integers,),
        (PAY_DEBT.cut, WRITE_BALANCE.cut),
        ("I8",),
    ),
)
