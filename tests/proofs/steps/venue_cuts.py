"""
Calls that are cut out of the long functions of venues and governance.

A view, which writes nothing since the compiler has it as one (`test_reach.py` looks),
may answer anything. What writes is answered as proofs have shown it.
"""

from collections.abc import Callable

from tests.proofs.lifter.entries import Answer, Asked, Cut, unknown
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import Term
from tests.proofs.proof import Mutant
from tests.proofs.steps.pools import POOL, pool_given, pool_stored
from tests.proofs.summary import Call, Facts, Summary

_MARKET = "contracts/modules/money_market.vy"


def view(function: str, results: int, bits: int = 256) -> Cut:
    """Return a cut of a view or pure function whose every word may be anything."""

    def answer(asked: Asked) -> Answer:
        return Answer([unknown(asked, i, bits) for i in range(results)])

    return Cut(function, answer, ())


LOAD_ACCRUED = view("money_market._load_accrued", len(POOL))
TO_WAD = view("custody._to_wad", 1)


def _writes_pool(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    return [at(n, words["asset"]) for n in ("pool_index", "pool_total", "pool_cash")]


def _saves(call: Call) -> Facts:
    given = pool_given(call)
    stored = pool_stored(call, call.term("asset"), is_after=True)
    names = "lends", "borrows", "cash", "reserve"
    return [
        (f"{name} is what was given", getattr(stored, name) == getattr(given, name))
        for name in names
    ]


SAVE = Summary(
    "money_market._save",
    ("asset", *POOL),
    "A pool's totals, cash and reserve are stored as they were given, or refused.",
    _saves,
    (
        Mutant(_MARKET, "packing._fit(pool.cash, 128) << 128", "pool.cash << 128"),
        Mutant(
            _MARKET,
            "    ) | packing._fit(pool.reserve, 128)",
            "    ) | packing._fit(pool.borrows, 128)",
        ),
    ),
    _writes_pool,
    theories=(Integers,),
    serves=("I3",),
)


def _set(asked: Asked) -> Answer:
    return Answer([unknown(asked)])


SET = Cut("packing._set", _set, ("step.governance.set_field",))
"""A word: the one given, but for the field, which is the amount."""


def anything(function: str, results: int = 0) -> Cut:
    """Return a cut of a function that may answer and write anything at all."""

    def answer(asked: Asked) -> Answer:
        return Answer([unknown(asked, i) for i in range(results)], forgets=True)

    return Cut(function, answer, ())
