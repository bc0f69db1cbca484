"""
Where an internal function begins, and calls that are answered instead of run.

The compiler puts the arguments of an internal function into its own memory, at a place
that is known, pushes where to return to and, if it returns anything, where to put that,
and jumps. So the machine can begin at an internal function as well as at an external
one, in the very code that is deployed (`Machine.enter`). And a call of one may be
*cut*: not run but answered by what was shown of it, once, from its own entry. A proof
of a long function then has the paths of its own code alone.

What a cut leaves open may be anything: the words returned, the locations that it
``writes``; the callee's memory is lost, and reading it is refused. That nothing else is
written, and the ``facts``, have to be shown by a proof of the callee.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.proofs.lifter.storage import entry
from tests.proofs.lifter.terms import Term, constant, variable

RETURN = 1 << 20
"""Where a function that the machine began at returns to: no place in any code."""
BUFFER = 1 << 24
"""Where it puts what it returns: in nobody's memory."""

Fact = Callable[[Any], Any]
"""A formula, given a reading of words as numbers or bits."""


class Entry(NamedTuple):
    """Where an internal function begins, and where its arguments are."""

    counter: int
    memory: int
    """The first byte of its arguments; what it calls has the memory below."""
    end: int
    arguments: tuple[str, ...]
    """The types of the words of its arguments, structs word by word."""
    results: tuple[str, ...]
    is_view: bool = False
    """Whether the compiler lets it write nothing."""
    is_pure: bool = False
    """Whether the compiler lets it read nothing but its arguments."""


class Answer(NamedTuple):
    """What a cut call returns and does."""

    results: Sequence[Term] = ()
    writes: Sequence[tuple[Term, Term]] = ()
    facts: Sequence[Fact] = ()
    needs: Sequence[Fact] = ()
    """What the caller has to make sure of, for the answer to be one."""
    forgets: bool = False
    """Whether it may write anything, transient storage too; nothing is taken for it."""


class Asked(NamedTuple):
    """A call that was cut."""

    name: str
    """Unique on a path: for naming what is unknown."""
    arguments: list[Term]
    read: Callable[[Term], Term]
    """What storage holds at a location when the call is made."""
    slots: Mapping[str, int]
    """Where each variable is."""

    def at(self, name: str, *keys: Term) -> Term:
        """Return where a variable, or an entry of a mapping, is."""
        return entry(constant(self.slots[name]), *keys)


class Duty(NamedTuple):
    """What has to be true when a call is cut."""

    function: str
    needs: Sequence[Fact]
    conditions: int
    """How many conditions of the path, and facts, are known by then."""
    facts: int


class Cutting(NamedTuple):
    """A call that was cut, and its answer."""

    function: str
    arguments: list[Term]
    results: list[Term]
    writes: int
    """How many writes to storage were made before."""


class Cut(NamedTuple):
    """An internal function that is answered instead of run, as proofs have shown it."""

    function: str
    answer: Callable[[Asked], Answer]
    rests_on: tuple[str, ...]
    """Proofs of what the answer takes for granted; none if it takes nothing."""
    is_pure: bool = False
    """Whether the answer is the same wherever the arguments are."""


def unknown(asked: Asked, index: int = 0, bits: int = 256) -> Term:
    """Return a word that a cut call may return: any of so many bits."""
    return variable(f"{asked.name}.{index}", 0, 2**bits - 1)
