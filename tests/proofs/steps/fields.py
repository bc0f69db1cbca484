"""Formulas about packed words, made of terms, so that any theory can read them."""

from typing import Any

import z3

from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.transition import Transition

NOW = variable("timestamp", 0, 2**32 - 1)
ALL = 2**256 - 1


def bits(offset: int, width: int) -> int:
    """Return the mask of a field."""
    return ((1 << width) - 1) << offset


def field(word: Term, offset: int, width: int) -> Term:
    """Return a field of a word."""
    return build(
        "and", constant((1 << width) - 1), build("shr", constant(offset), word)
    )


def less(step: Transition, one: Term, other: Term) -> z3.BoolRef:
    """Return whether a word is below another one."""
    return step.lifted.truth(build("lt", one, other))


def equal(step: Transition, one: Term, other: Term) -> z3.BoolRef:
    """Return whether two words are the same."""
    return step.lifted.truth(build("eq", one, other))


def is_zero(step: Transition, word: Term) -> z3.BoolRef:
    """Return whether a word is 0."""
    return step.lifted.truth(build("iszero", word))


def words(step: Transition, location: Term) -> tuple[Term, Term]:
    """Return a word before and after."""
    return initial(location), step.trace.finally_at(location)


def keeps(step: Transition, location: Term, changing: int) -> None:
    """Raise unless only some bits of a word change."""
    old, new = words(step, location)
    if changing == ALL:
        return
    staying = constant(ALL - changing)
    same: Any = equal(step, build("and", staying, old), build("and", staying, new))
    step.holds(same, f"of {location!r} only the bits {changing:#x} change")
