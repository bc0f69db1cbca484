"""What is said of the calls of venues: who calls, what is judged, and when."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

import z3

from specs.margin import Health
from tests.proofs.bytecode import compiled
from tests.proofs.lifter.entries import Cutting
from tests.proofs.lifter.storage import initial, is_forgotten
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.proof import PROJECT
from tests.proofs.steps.claims import CALLER
from tests.proofs.transition import Transition, slots_of

FILLS, LIQUIDATES, BOOKS, RELEASES = 1, 2, 4, 8
"""Roles of venues."""

_HEALTH = tuple(field.name for field in fields(Health))
_SIGNED = (
    "initial_equity",
    "initial_margin",
    "equity",
    "maintenance_margin",
    "value",
    "stale_loss",
    "stale_margin",
)


class Judged(NamedTuple):
    """An account's health, as a call has asked for it."""

    account: Term
    words: dict[str, Term]
    numbers: dict[str, Any]
    writes: int
    """How many writes were made before."""


def has_role(step: Transition, roles: int) -> None:
    """Show that the caller is a venue with one of these roles."""
    held = initial(step.at("venues", CALLER))
    is_venue = step.lifted.truth(build("and", constant(roles), held))
    step.holds(is_venue, "only a venue with the role calls")


def is_users(step: Transition, account: Term) -> None:
    """Show that an account is not one of the protocol's."""
    owner = step.lifted.truth(build("shr", constant(96), account))
    step.holds(owner, "the account is a user's")


def signed(step: Transition, word: Term) -> Any:
    """Return a word as a number in two's complement."""
    lifted: Any = step.lifted
    return lifted.value(word, is_signed=True)


def same(step: Transition, one: Term, other: Term) -> z3.BoolRef:
    """Return whether two words are the same."""
    return step.lifted.truth(build("eq", one, other))


def calls_of(step: Transition, function: str) -> list[Cutting]:
    """Return the calls of a function that was cut, in their order."""
    return [c for c in step.trace.cuttings if c.function == function]


def was_called(
    step: Transition, function: str, *expected: tuple[Term | None, ...]
) -> None:
    """Show how often a function was called and with which words; None for any."""
    found = calls_of(step, function)
    is_counted = len(found) == len(expected)
    require(step, is_counted, f"{function} is called {len(expected)} times")
    for cutting, words in zip(found, expected, strict=True):
        for index, word in enumerate(words):
            if word is not None:
                given = same(step, cutting.arguments[index], word)
                step.holds(given, f"{function}: argument {index}")


def healths(step: Transition) -> list[Judged]:
    """Return what was asked of accounts' health, in order."""
    found = []
    for asking in step.trace.asked:
        if not asking.call.is_delegated:
            continue
        account = asking.call.arguments[0]
        found.append(judged(step, account, asking.answers, asking.writes))
    return found


def judged(
    step: Transition, account: Term, health: Sequence[Term], writes: int = 0
) -> Judged:
    """Return an account's health, of its words."""
    words = dict(zip(_HEALTH, health, strict=True))
    numbers = {
        name: signed(step, word) if name in _SIGNED else step.lifted.value(word)
        for name, word in words.items()
    }
    return Judged(account, words, numbers, writes)


def has_margin(health: Judged, is_conservative: bool = False) -> z3.BoolRef:
    """Return whether an account may take the risk that it has."""
    n = health.numbers
    is_free = z3.And(n["exposure"] == 0, n["initial_margin"] == 0, n["is_stale"] == 0)
    known = [n["is_stale"] == 0, n["initial_equity"] >= n["initial_margin"]]
    if not is_conservative:
        known.append(n["is_diverging"] == 0)
    return z3.Or(is_free, z3.And(*known))


def is_liquidatable(health: Judged) -> z3.BoolRef:
    """Return whether an account is below its maintenance margin."""
    n = health.numbers
    return z3.And(n["exposure"] > 0, n["equity"] < n["maintenance_margin"])


def is_due_now(health: Judged) -> z3.BoolRef:
    """Return whether it is, and would be without its stale exposures."""
    n = health.numbers
    fresh = n["equity"] + n["stale_loss"] < n["maintenance_margin"] - n["stale_margin"]
    return z3.And(is_liquidatable(health), fresh)


def judged_last(step: Transition, account: Term, later: tuple[str, ...] = ()) -> Judged:
    """
    Return the last health asked of an account, and show that nothing that it is read
    from was written after.
    """
    found = [h for h in healths(step) if h.account is account]
    require(step, bool(found), "its health is asked for")
    harmless = {step.at(name) for name in later}
    rest = [place for place, _ in step.trace.writes[found[-1].writes :]]
    is_last = all(_root(place) in harmless for place in rest)
    step.holds(z3.BoolVal(is_last), "health is asked for after the last write")
    return found[-1]


def transient(contract: str, name: str) -> Term:
    """Return what a transient variable holds when a call of a transaction begins."""
    return transients(contract, name)[0]


def transients(contract: str, name: str, words: int = 1) -> list[Term]:
    """Return the words of a transient variable, a struct."""
    first = transient_slot(contract, name)
    return [variable(f"transient.{first + i}") for i in range(words)]


@cache
def transient_slot(contract: str, name: str) -> int:
    """Return where a transient variable is."""
    layout = compiled(PROJECT / contract, PROJECT)["layout"]
    return slots_of(layout["transient_storage_layout"])[name]


def forgets(step: Transition) -> list[Term]:
    """Return the writes that stand for any: those of calls that may write anything."""
    return [place for place, _ in step.trace.writes if is_forgotten(place)]


def _root(place: Term) -> Term:
    while place.operation == "keccak":
        place = place.arguments[0]
    return place


Claim = Callable[..., None]


class NeverTaken(Exception):
    """A path's conditions exclude each other: whatever is said of it is true."""


def require(step: Transition, is_so: bool, claim: str) -> None:
    """Show what the path itself tells; go on with no path that nothing takes."""
    if not is_so:
        step.holds(z3.BoolVal(False), claim)
        raise NeverTaken


def if_it_succeeds(claim: Claim) -> Claim:
    """Return a claim about calls that return."""

    def holds(step: Transition, *arguments: Term) -> None:
        if step.succeeds:
            with suppress(NeverTaken):
                claim(step, *arguments)

    return holds
