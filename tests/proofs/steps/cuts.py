"""
Calls that are cut out of long proofs, each with the proofs that its answer rests on.

An answer leaves open all that nobody has shown: what is returned is any word, what is
written any word, but for the facts that are given, and these are claims proved of the
same function from its own entry, in each body that has it (``pools.py``).
"""

from typing import Any, NamedTuple

import z3

from tests.proofs.lifter.entries import Answer, Asked, Cut, unknown
from tests.proofs.lifter.terms import Term, build, constant

LOW_192 = 2**192


class Pool(NamedTuple):
    """The words of a pool in memory, ``money_market.Pool``."""

    lend_index: Any
    borrow_index: Any
    accrued_at: Any
    lends: Any
    borrows: Any
    cash: Any
    reserve: Any

    @classmethod
    def read(cls, lifted: Any, words: list[Term]) -> "Pool":
        """Return the numbers of a pool's words."""
        return cls(*(lifted.value(w, is_signed=i == 3) for i, w in enumerate(words)))


def scaled(lifted: Any, word: Term) -> Any:
    """Return the scaled part of a balance word, signed."""
    return lifted.value(build("sar", constant(128), word), is_signed=True)


def idle(lifted: Any, word: Term) -> Any:
    """Return the idle part of a balance word."""
    return lifted.value(build("and", constant(2**128 - 1), word))


def positive(number: Any) -> Any:
    """Return a number, or 0 if it is below."""
    return z3.If(number > 0, number, 0)


def keeps_totals(before: Pool, after: Pool, old: Any, new: Any) -> list[Any]:
    """
    Return that a pool's totals have moved by what one balance has, I3.

    Borrows may run out before the last debt does, and stay at nothing (DECISIONS 4).
    """
    lent, owed = positive(new) - positive(old), positive(-new) - positive(-old)
    rest = before.borrows + owed
    return [
        after.lends == before.lends + lent,
        after.borrows == positive(rest),
    ]


def keeps_the_rest(before: Pool, after: Pool) -> list[Any]:
    """Return that neither indices nor time nor the reserve have changed."""
    return [
        after.lend_index == before.lend_index,
        after.borrow_index == before.borrow_index,
        after.accrued_at == before.accrued_at,
        after.reserve == before.reserve,
    ]


def _write_balance(asked: Asked) -> Answer:
    account, asset, _, new = asked.arguments
    header = asked.at("headers", account)
    before, after = asked.read(header), unknown(asked)

    def keeps_settings(lifted: Any) -> Any:
        return lifted.value(after) % LOW_192 == lifted.value(before) % LOW_192

    return Answer(
        writes=[(asked.at("balances", account, asset), new), (header, after)],
        facts=[keeps_settings],
    )


WRITE_BALANCE = Cut(
    "accounts._write_balance", _write_balance, ("step.accounts.write_balance",)
)
"""The balance is the word given; of the header only the list of assets may change."""
