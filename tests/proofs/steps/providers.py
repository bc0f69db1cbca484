"""Layer 3 of who stands behind a pledge: when it is bound, and when released."""

import z3

from tests.proofs.lifter.bits import Bits
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.steps.bodies import ACCOUNT_CODE
from tests.proofs.steps.claims import CALLER
from tests.proofs.steps.fields import NOW, bits, keeps
from tests.proofs.transition import Step, Transition

_NOTICE, _NEVER = 3_600, 2**32 - 1


def _release(word: z3.BitVecRef) -> z3.BitVecRef:
    return z3.LShR(word, 32) & (2**32 - 1)


def _is_his_own(step: Transition, account: Term) -> None:
    owner = z3.LShR(step.word(account), 96)
    step.holds(step.word(CALLER) == owner, "only the owner calls")
    place = step.at("headers", account)
    step.writes_within(place)
    keeps(step, place, bits(32, 32))


def binds(step: Transition, account: Term) -> None:
    """Show of `bind` that the owner alone binds, until notice is given, I36."""
    if not step.succeeds:
        return
    _is_his_own(step, account)
    step.holds(_release(step.after("headers", account)) == _NEVER, "until notice")


def gives_notice(step: Transition, account: Term) -> None:
    """Show of `give_notice` that a bound account stays bound for an hour, I36."""
    if not step.succeeds:
        return
    _is_his_own(step, account)
    was_bound = _release(step.before("headers", account)) == _NEVER
    step.holds(was_bound, "only once, or notice would be put off or brought forward")
    until = _release(step.after("headers", account))
    step.holds(until == step.word(NOW) + _NOTICE, "for an hour from now")


PROOFS = (
    Step(
        "step.account_code.bind",
        "An account's owner, and nobody else, binds it until notice is given; no other "
        "bit of any word changes.",
        ACCOUNT_CODE,
        "bind",
        ("account",),
        binds,
        (
            Mutant(
                "contracts/modules/accounts.vy",
                "packing._set(state.headers[account], 32, 32, time)",
                "packing._set(state.headers[account], 32, 33, time)",
            ),
        ),
        (1).to_bytes(32, "big"),
        theories=(Bits,),
        keeps_refusals=False,
        serves=("I13", "I14", "I36"),
    ),
    Step(
        "step.account_code.give_notice",
        "An account's owner, and nobody else, releases it an hour from now, once; no "
        "other bit of any word changes.",
        ACCOUNT_CODE,
        "give_notice",
        ("account",),
        gives_notice,
        (
            Mutant(
                ACCOUNT_CODE,
                "accounts._release_at(state.headers[account]) == accounts.UNTIL_NOTICE",
                "accounts._release_at(state.headers[account]) > 0",
            ),
        ),
        (1).to_bytes(32, "big"),
        theories=(Bits,),
        keeps_refusals=False,
        serves=("I13", "I14", "I36"),
    ),
)
