"""
Layer 3 of governance: who may change a parameter, when, and that nothing else does.

Shown of each function of GovernanceCode, from any state: it writes the words in its
line of the table and none else, so no word of any account; of a packed word the named
bits only. What loosens under a delay was queued as the hash of this very calldata, for
as long as the delay and no longer than the window, and is used up.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import z3
from eth_utils.crypto import keccak

from specs.delays import MAX_DELAY, WINDOW
from tests.proofs.bytecode import compiled, signature_of
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.loose import Loose, Words
from tests.proofs.lifter.storage import same
from tests.proofs.lifter.terms import ZERO, Term, answer, build, constant
from tests.proofs.proof import PROJECT
from tests.proofs.steps.claims import CALLER
from tests.proofs.steps.fields import (
    ALL,
    NOW,
    equal,
    is_zero,
    keeps,
    less,
    words,
)
from tests.proofs.steps.loosened import Found
from tests.proofs.transition import Theory, Transition

CODE = "contracts/GovernanceCode.vy"

GOVERNOR = "the governor"
GUARDIAN = "the guardian or the governor"
ANYONE = "anyone"
DISMISSAL = int.from_bytes(
    keccak(keccak(b"set_guardian(address)")[:4] + bytes(32)), "big"
)
"""Hash of the call that dismisses the guardian."""

Looser = Callable[[Transition, Found], z3.BoolRef]
More = Callable[[Transition, Found, tuple[Term, ...]], None]


class Setter(NamedTuple):
    """What is claimed of a function."""

    function: str
    arguments: str
    writes: dict[str, int]
    """Words that it may write, and their bits; of a mapping, at its first argument."""
    looser: Looser | None = None
    """Whether what happened loosens; without it, nothing is ever queued for it."""
    more: More | None = None
    who: str = GOVERNOR
    cuts: tuple[Cut, ...] = ()
    theories: tuple[Theory, ...] = (Loose, Words)


_SCALARS = ("governor", "guardian", "delay")


@cache
def _selector(function: str) -> int:
    return signature_of(compiled(PROJECT / CODE, PROJECT), function).selector


def governs(setter: Setter) -> Callable[..., None]:
    """Return the claim about a function."""

    def holds(step: Transition, *arguments: Term) -> None:
        if not step.succeeds:
            return
        is_allowed(step, setter.who)
        keys = () if setter.writes.keys() <= set(_SCALARS) else arguments[:1]
        places = {name: step.at(name, *keys) for name in setter.writes}
        found = {name: words(step, place) for name, place in places.items()}
        queued = []
        if setter.looser:
            looser = setter.looser(step, found)
            queued = [was_announced(step, arguments, setter.function, looser)]
        step.writes_within(*places.values(), *queued)
        for name, place in places.items():
            keeps(step, place, setter.writes[name])
        if setter.more:
            setter.more(step, found, arguments)

    return holds


def is_allowed(step: Transition, who: str) -> None:
    """Show that nobody else calls."""
    if who == ANYONE:
        return
    is_governor = equal(step, CALLER, words(step, step.at("governor"))[0])
    is_guardian = equal(step, CALLER, words(step, step.at("guardian"))[0])
    allowed = z3.Or(is_governor, is_guardian) if who == GUARDIAN else is_governor
    step.holds(allowed, f"only {who} calls")


def was_announced(
    step: Transition, arguments: tuple[Term, ...], function: str, looser: z3.BoolRef
) -> Term:
    """
    Show that a change which loosens was settled as one, by the hash of its calldata,
    and before the delay or the announcement could change; return where that was.
    """
    size, selector = 4 + 32 * len(arguments), constant(_selector(function))
    change = answer(f"keccak_{size}", 0, ALL, selector, *arguments)
    (cutting,) = (c for c in step.trace.cuttings if c.function == SETTLE.function)
    settled, is_loosening = cutting.arguments
    step.holds(equal(step, settled, change), "it is this calldata that was announced")
    is_settled = step.lifted.truth(is_loosening)
    step.holds(z3.Implies(looser, is_settled), "what loosens has to wait")
    place = step.at("queued", change)
    for location, _ in step.trace.writes[: cutting.writes]:
        is_early = z3.Or(
            *(step.lifted.truth(same(location, at)) for at in (place, step.at("delay")))
        )
        step.holds(z3.Not(is_early), "it is settled as it was queued")
    return place


def settles(step: Transition, change: Term, is_loosening: Term) -> None:
    """Show of `_settle` that what loosens has waited, and is used up, I43."""
    if not step.succeeds:
        return
    queued_at, left = words(step, step.at("queued", change))
    delay = words(step, step.at("delay"))[0]
    # The longest delay is an invariant, which `set_delay` keeps.
    step.assume(z3.Not(less(step, constant(MAX_DELAY), delay)))
    waited = build("sub", NOW, queued_at)
    is_ready = z3.And(
        z3.Not(is_zero(step, queued_at)),
        z3.Not(less(step, NOW, queued_at)),
        z3.Not(less(step, waited, delay)),
        z3.Not(less(step, build("add", constant(WINDOW), delay), waited)),
    )
    has_to_wait = z3.And(z3.Not(is_zero(step, delay)), step.lifted.truth(is_loosening))
    step.holds(z3.Implies(has_to_wait, is_ready), "what loosens was announced")
    step.holds(is_zero(step, left), "an announcement is used up")
    step.writes_within(step.at("queued", change))


def _settle(asked: Asked) -> Answer:
    return Answer(writes=[(asked.at("queued", asked.arguments[0]), ZERO)])


SETTLE = Cut("GovernanceCode._settle", _settle, ("step.governance.settle",))
"""An announcement is used up; whether it had to be one is the first argument's."""
