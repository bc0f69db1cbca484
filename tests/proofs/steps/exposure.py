"""
Layer 3 of who can have no exposure, by the lists of a header and the balances of it.

That nothing refuses such an account is a law, ``who_owes_nothing_has_no_exposure``.
"""

from collections.abc import Iterator
from typing import Any

import z3

from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.summary import Call, Facts, Summary

_MARKET = "contracts/modules/money_market.vy"
_ENTRIES = 8
_LOOP = (
    "    for i: uint256 in range({count}):\n"
    "        if entries == 0:\n            break\n"
    "        if self._scaled(state.balances[account][(entries & 255) - 1]) < 0:"
)


def _listed(header: Term) -> Iterator[tuple[Term, Term]]:
    """Yield what is left of the list of assets, and the first asset of that."""
    entries = build("shr", constant(192), header)
    for _ in range(_ENTRIES):
        first = build("and", entries, constant(255))
        yield entries, build("sub", first, constant(1))
        entries = build("shr", constant(8), entries)


def _owes_nothing(call: Call) -> Facts:
    account = call.term("account")
    header = call.word_before("headers", account)

    def owes(asset: Term) -> Any:
        word = call.word_before("balances", account, asset)
        return call.number(word) >= 2**255

    lists = call.number(header) / 2**64 % 2**128
    can_owe = [
        z3.And(call.number(rest) != 0, owes(asset)) for rest, asset in _listed(header)
    ]
    is_free = z3.And(lists == 0, z3.Not(z3.Or(owes(constant(0)), *can_owe)))
    return [
        ("true or false", z3.Or(call.result() == 0, call.result() == 1)),
        ("no market, no order, no debt", (call.result() == 1) == is_free),
    ]


OWES_NOTHING = Summary(
    "money_market._owes_nothing",
    ("account",),
    "It is true exactly of an account that is in no market, has no resting order, and "
    "owes neither USDC nor any asset of its list.",
    _owes_nothing,
    (
        Mutant(
            _MARKET, "if (header << 64) >> 128 != 0", "if (header << 64) >> 192 != 0"
        ),
        Mutant(
            _MARKET, "if (header << 64) >> 128 != 0", "if (header << 128) >> 192 != 0"
        ),
        Mutant(
            _MARKET,
            "    if self._scaled(state.balances[account][accounts.USDC]) < 0:\n"
            "        return False\n    entries",
            "    entries",
        ),
        Mutant(
            _MARKET,
            _LOOP.format(count="packing.MAX_ENTRIES"),
            _LOOP.format(count="packing.MAX_ENTRIES - 1"),
        ),
    ),
    results=1,
    theories=(Integers,),
    serves=("I11",),
)
