"""
Words of a market and its fund, and the calls that are cut out of trades.

What an answer takes for granted is claimed of the same function, from its own entry, in
each body in which it is cut (``settlements.py``, ``ticks.py``). A view writes nothing:
the compiler sees to that. Of what a view says that is cut here without facts, nothing
is assumed.
"""

from typing import Any, NamedTuple

from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.steps.cuts import positive
from tests.proofs.transition import Transition

LOW_64, LOW_32 = 2**64 - 1, 2**32 - 1
TICK = variable("any_tick")


def signed(lifted: Any, word: Term, offset: int, width: int) -> Any:
    """Return a signed field of a word."""
    raised = build("shl", constant(256 - width - offset), word)
    return lifted.value(build("sar", constant(256 - width), raised), is_signed=True)


def unsigned(lifted: Any, word: Term, offset: int, width: int) -> Any:
    """Return an unsigned field of a word."""
    lowered = build("shr", constant(offset), word)
    return lifted.value(build("and", constant(2**width - 1), lowered))


class Fund(NamedTuple):
    """The fields of a market's fund: WAD USDC, the cap too."""

    balance: Any
    spread: Any
    cap: Any

    @classmethod
    def read(cls, lifted: Any, word: Term) -> "Fund":
        """Return the numbers of a word."""
        return cls(
            signed(lifted, word, 144, 112),
            signed(lifted, word, 32, 112),
            lifted.value(build("and", word, constant(LOW_32))) * 10**18,
        )

    @property
    def rest(self) -> Any:
        """Return what the fund has beyond W - V of its market, at least 0: part of Z."""
        return positive(self.balance + self.spread)


class Funds(NamedTuple):
    """The sums over all markets: of funds, and Z."""

    total: Any
    rest: Any

    @classmethod
    def read(cls, lifted: Any, word: Term) -> "Funds":
        """Return the numbers of a word."""
        low = build("and", word, constant(2**128 - 1))
        return cls(signed(lifted, word, 128, 128), lifted.value(low))


def words(step: Transition, name: str, *keys: Term) -> tuple[Term, Term]:
    """Return the words before a call and after it."""
    location = step.at(name, *keys)
    return initial(location), step.trace.finally_at(location)
